"""Modules with random shapes, options and dtypes: results, gradients and state are PyTorch's."""

import random

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

SIDES = (torch, kajo)
TOLERANCE = {"float32": 2e-4, "float64": 1e-8, "bfloat16": 6e-2}


def leaves(value):
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def numbers(tensor):
    return None if tensor is None else tensor.detach().double().numpy()


def run(m, make, state, inputs, dtype, train):
    module = make(m)
    module.load_state_dict({name: m.tensor(value) for name, value in state.items()})
    module = module.to(getattr(m, dtype)).train(train)
    given = []
    for value in inputs:
        parts = [m.tensor(part) for part in leaves(value)]
        parts = [
            p.to(getattr(m, dtype)).requires_grad_() if p.is_floating_point() else p for p in parts
        ]
        given.append(tuple(parts) if isinstance(value, tuple) else parts[0])
    m.manual_seed(3)
    results = [r for r in leaves(module(*given)) if r is not None]
    weights = np.random.default_rng(5)
    loss = sum(
        (r * m.tensor(weights.standard_normal(tuple(r.shape))).to(r.dtype)).sum()
        for r in results
        if r.requires_grad
    )
    loss.backward()
    gradients = [x.grad for x in leaves(tuple(given)) if x.is_floating_point()]
    gradients += [p.grad for p in module.parameters()]
    return repr(module), results, gradients, list(module.buffers())


def compare(make, inputs, dtype="float32", train=True):
    rng = np.random.default_rng(0)
    modules = [make(m) for m in SIDES]
    states = [module.state_dict() for module in modules]
    assert list(states[0]) == list(states[1])
    state = {}
    for name, value in states[0].items():
        assert tuple(value.shape) == tuple(states[1][name].shape)
        drawn = rng.standard_normal(tuple(value.shape)).astype("float32") * 0.5
        drawn = np.abs(drawn) + 0.5 if "running_var" in name else drawn
        state[name] = drawn if value.dtype.is_floating_point else value.numpy()
    expected, got = (run(m, make, state, inputs, dtype, train) for m in SIDES)
    assert got[0] == expected[0]
    for theirs, ours in zip(expected[1:], got[1:], strict=True):
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            if a is None or b is None:
                assert a is b or not np.any(numbers(a if b is None else b))
                continue
            assert str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1]
            a, b = numbers(a), numbers(b)
            scale = max(1.0, float(np.abs(a).max(initial=0)))
            np.testing.assert_allclose(b, a, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


def drawn(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


SEEDS = range(8)


def several(r, dims, low, high):
    return tuple(r.randint(low, high) for _ in range(dims))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_convolutions(dims, seed):
    r = random.Random(100 * dims + seed)
    groups = r.choice([1, 1, 2, 3])
    channels, results = groups * r.randint(1, 20), groups * r.randint(1, 12)
    options = {
        "stride": several(r, dims, 1, 3),
        "dilation": several(r, dims, 1, 2),
        "padding": several(r, dims, 0, 2),
        "groups": groups,
        "bias": r.random() < 0.7,
    }
    kernel, dtype = several(r, dims, 1, 4), r.choice(["float32", "float64", "bfloat16", "bfloat16"])
    x = drawn(seed, r.randint(1, 3), channels, *several(r, dims, 7, 12))
    compare(
        lambda m: getattr(m.nn, f"ConvTranspose{dims}d")(channels, results, kernel, **options),
        [x],
        dtype,
    )
    options["padding_mode"] = r.choice(["zeros", "reflect", "replicate", "circular"])
    compare(
        lambda m: getattr(m.nn, f"Conv{dims}d")(channels, results, kernel, **options), [x], dtype
    )


def test_bfloat16_convolution_of_more_images_than_are_done_at_once():
    x = kajo.tensor(drawn(0, 9, 64, 64, 64)).bfloat16()
    weight = kajo.tensor(drawn(1, 8, 64, 3, 3)).bfloat16()
    results = []
    for dtype in (kajo.bfloat16, kajo.float32):
        w = weight.clone().to(dtype).requires_grad_()
        out = kajo.nn.functional.conv2d(x.to(dtype), w, padding=1)
        out.sum().backward()
        results.append([out.detach().float(), w.grad.float()])
    for got, expected in zip(*results, strict=True):
        assert (got - expected).abs().max() < 0.01 * expected.abs().max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 7), (3, 5, 6, 6), (2, 5, 3, 4, 2), (40, 5, 3, 3)])
def test_batch_norm(shape, train, dtype):
    kind = {2: "1d", 3: "1d", 4: "2d", 5: "3d"}[len(shape)]
    for options in ({}, {"affine": False}, {"track_running_stats": False}, {"momentum": None}):
        compare(
            lambda m, options=options: getattr(m.nn, f"BatchNorm{kind}")(5, **options),
            [drawn(0, *shape) * 2 + 1],
            dtype,
            train,
        )


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_pooling(dims, seed):
    r = random.Random(1000 * dims + seed)
    kernel = several(r, dims, 1, 4)
    padding = tuple(size // 2 for size in kernel)
    stride, ceil = r.choice([None, several(r, dims, 1, 3)]), r.random() < 0.5
    x = drawn(seed, 2, 3, *several(r, dims, 6, 11))
    dilation, size = several(r, dims, 1, 2), r.randint(1, 5)
    compare(
        lambda m: getattr(m.nn, f"MaxPool{dims}d")(kernel, stride, padding, dilation, False, ceil),
        [x],
    )
    counted = r.random() < 0.5
    compare(
        lambda m: getattr(m.nn, f"AvgPool{dims}d")(kernel, stride, padding, ceil, counted),
        [x],
        "float64",
    )
    compare(lambda m: getattr(m.nn, f"AdaptiveAvgPool{dims}d")(size), [x])
    compare(lambda m: getattr(m.nn, f"AdaptiveMaxPool{dims}d")(size), [x])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("seed", SEEDS)
def test_recurrent(kind, seed):
    r = random.Random(f"{kind}{seed}")
    layers, hidden, size = r.randint(1, 3), r.randint(2, 6), r.randint(1, 5)
    options = {
        "num_layers": layers,
        "bidirectional": r.random() < 0.5,
        "batch_first": r.random() < 0.5,
        "bias": r.random() < 0.7,
    }
    projected = r.randint(1, hidden - 1) if kind == "LSTM" and r.random() < 0.5 else 0
    if projected:
        options["proj_size"] = projected
    time, batch = r.randint(1, 6), r.randint(1, 4)
    inputs = [drawn(seed, *((batch, time) if options["batch_first"] else (time, batch)), size)]
    if r.random() < 0.5:
        states = layers * (2 if options["bidirectional"] else 1)
        start = drawn(1, states, batch, projected or hidden)
        inputs.append((start, drawn(2, states, batch, hidden)) if kind == "LSTM" else start)
    for dtype in ("float32", "float64"):
        compare(lambda m: getattr(m.nn, kind)(size, hidden, **options), inputs, dtype, False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("train", [True, False])
def test_transformers(dtype, norm_first, train):
    options = {"norm_first": norm_first, "dropout": 0.0, "batch_first": True, "activation": "gelu"}
    source, target = drawn(0, 2, 5, 8), drawn(1, 2, 4, 8)
    compare(lambda m: m.nn.Transformer(8, 2, 2, 2, 7, **options), [source, target], dtype, train)
    compare(
        lambda m: m.nn.MultiheadAttention(8, 4, batch_first=True),
        [target, source, source],
        dtype,
        train,
    )


LOSSES = {
    "CrossEntropyLoss": ({"label_smoothing": 0.2, "ignore_index": 2}, "classes"),
    "NLLLoss": ({"ignore_index": 2}, "classes"),
    "MultiMarginLoss": ({"p": 2, "margin": 0.6}, "classes"),
    "L1Loss": ({}, "values"),
    "MSELoss": ({}, "values"),
    "SmoothL1Loss": ({"beta": 0.3}, "values"),
    "HuberLoss": ({"delta": 0.3}, "values"),
    "KLDivLoss": ({"log_target": True}, "values"),
    "BCEWithLogitsLoss": ({}, "probabilities"),
    "PoissonNLLLoss": ({"full": True}, "probabilities"),
    "HingeEmbeddingLoss": ({"margin": 0.7}, "signs"),
    "MultiLabelSoftMarginLoss": ({}, "probabilities"),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, reduction):
    options, kind = LOSSES[name]
    rng = np.random.default_rng(0)
    values = rng.standard_normal((6, 5))
    target = {
        "classes": rng.integers(0, 5, 6),
        "values": rng.standard_normal((6, 5)),
        "probabilities": rng.random((6, 5)),
        "signs": np.sign(rng.standard_normal((6, 5))),
    }[kind]
    for dtype in ("float32", "float64"):
        compare(
            lambda m: getattr(m.nn, name)(reduction=reduction, **options), [values, target], dtype
        )
    if name == "CrossEntropyLoss":
        compare(lambda m: m.nn.CrossEntropyLoss(reduction=reduction), [values, rng.random((6, 5))])
