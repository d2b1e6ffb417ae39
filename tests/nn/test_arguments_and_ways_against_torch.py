"""Checks of recurrent networks, bags and attention, and how conversions treat parameters."""

from __future__ import annotations

import importlib

import pytest

import kajo

torch = pytest.importorskip("torch")

SIDES = [kajo, torch]


def outcome(function):
    """The result as lists, or the type of the exception."""
    try:
        result = function()
    except Exception as error:
        return type(error).__name__
    return [round(x, 4) for x in result.flatten().tolist()]


def bags(side):
    def run(input, offsets, mode="sum", **options):
        weight = side.arange(15.0).reshape(5, 3)
        return side.nn.functional.embedding_bag(
            side.tensor(input), weight, None if offsets is None else side.tensor(offsets),
            mode=mode, **options,
        )  # fmt: skip

    return run


BAGS = {
    "too large": ([0, 7], [0]),
    "negative": ([0, -1], [0]),
    "first offset": ([0, 1, 2], [1, 2]),
    "last offset": ([0, 1, 2], [0, 5]),
    "decreasing": ([0, 1, 2], [0, 2, 1]),
    "float offsets": ([0, 1], [0.0]),
    "two dimensions": ([[0, 1], [2, 3]], [0]),
    "none": ([0, 1], None),
    "plain": ([0, 1, 4], [0, 2]),
}


@pytest.mark.parametrize("mode", ["sum", "mean"])
@pytest.mark.parametrize("name", BAGS)
def test_bags(name, mode):
    results = [outcome(lambda side=side: bags(side)(*BAGS[name], mode)) for side in SIDES]
    assert results[0] == results[1]


@pytest.mark.parametrize("offsets", [[0, 2], [0, 3], [0], [0, 1, 2]])
def test_bags_with_their_end(offsets):
    run = [lambda s=side: bags(s)([0, 1, 2], offsets, include_last_offset=True) for side in SIDES]
    assert outcome(run[0]) == outcome(run[1])


@pytest.mark.parametrize("options", [{"padding_idx": 9}, {"padding_idx": -1}, {"mode": "median"}])
def test_options_of_bags(options):
    results = [outcome(lambda side=side: bags(side)([0, 4], [0], **options)) for side in SIDES]
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", [{}, {"batch_first": True, "bidirectional": True}])
def test_checks_of_recurrent_networks(name, options):
    found = []
    for side in SIDES:
        network = getattr(side.nn, name)(3, 4, 2, **options)
        x, sizes = side.zeros(5, 2, 3), side.tensor([2, 2, 1])
        shape = network.get_expected_hidden_size(x, None)
        parts = [tuple(shape), tuple(network.get_expected_hidden_size(x[0], sizes))]
        hidden = side.arange(float(side.zeros(shape).numel())).reshape(shape)
        state = (hidden, hidden) if name == "LSTM" else hidden
        order = side.arange(shape[1] - 1, -1, -1)
        permuted = network.permute_hidden(state, order)
        parts.append((permuted[0] if name == "LSTM" else permuted).tolist())
        assert network.permute_hidden(state, None) is state
        network.check_forward_args(x, state, None)
        wrong = (hidden, hidden[:1]) if name == "LSTM" else hidden[:1]
        for call in (
            lambda network=network, x=x: network.check_input(x[0], None),
            lambda network=network, x=x, sizes=sizes: network.check_input(x, sizes),
            lambda network=network, x=x: network.check_input(x[..., :2], None),
            lambda network=network, x=x: network.check_input(x.double(), None),
            lambda network=network, x=x, wrong=wrong: network.check_forward_args(x, wrong, None),
            lambda network=network, x=x, wrong=wrong: network(x, wrong),
        ):
            with pytest.raises((RuntimeError, ValueError)) as error:
                call()
            first = str(error.value).replace("torch", "kajo").splitlines()[0]
            parts.append((error.type.__name__, first))
        if name == "LSTM":
            parts.append(tuple(network.get_expected_cell_size(x, None)))
        found.append(parts)
    assert found[0] == found[1]


def test_own_checks_of_a_recurrent_network_are_called():
    class Strict(kajo.nn.LSTM):
        def check_forward_args(self, input, hidden, batch_sizes):
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        Strict(2, 3)(kajo.zeros(1, 1, 2), (kajo.zeros(1, 1, 3), kajo.zeros(1, 1, 3)))


def attend(side, ways, **options):
    part = importlib.import_module(f"{side.__name__}.nn.attention")
    side.manual_seed(0)
    q, k, v = (side.randn(1, 2, 4, 8) for _ in range(3))
    if "attn_mask" in options:
        options["attn_mask"] = side.arange(16.0).reshape(4, 4) - 7
    chosen = [getattr(part.SDPBackend, way) for way in ways]
    with part.sdpa_kernel(chosen):
        return side.nn.functional.scaled_dot_product_attention(q, k, v, **options)


WAYS = [
    (["MATH"], {}),
    (["MATH"], {"dropout_p": 1.0}),
    (["FLASH_ATTENTION"], {"is_causal": True}),
    (["FLASH_ATTENTION"], {"dropout_p": 0.5}),
    (["EFFICIENT_ATTENTION"], {}),
    (["EFFICIENT_ATTENTION", "CUDNN_ATTENTION"], {}),
    (["EFFICIENT_ATTENTION", "MATH"], {}),
    ([], {}),
    (["MATH"], {"attn_mask": None, "is_causal": True}),
    (["FLASH_ATTENTION", "MATH"], {"attn_mask": None, "is_causal": True}),
    (["FLASH_ATTENTION", "MATH"], {"attn_mask": None, "is_causal": True, "dropout_p": 0.1}),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ways, options", WAYS)
def test_ways_of_attention(ways, options):
    results = [outcome(lambda side=side: attend(side, ways, **dict(options))) for side in SIDES]
    assert isinstance(results[0], type(results[1]))
    if isinstance(results[1], str):
        assert results[0] == results[1]
    else:
        assert results[0] == pytest.approx(results[1], abs=2e-4)
    # Afterwards all ways are allowed again.
    assert attend(kajo, ["MATH"]).shape == (1, 2, 4, 8)


def test_a_mask_beside_causality_has_gradients():
    grads = []
    for side in SIDES:
        side.manual_seed(0)
        q = side.randn(1, 2, 4, 8, requires_grad=True)
        mask = side.arange(16.0).reshape(4, 4) > 2
        attended = side.nn.functional.scaled_dot_product_attention(
            q, q, q, attn_mask=mask, is_causal=True
        )
        attended.square().sum().backward()
        grads.append(q.grad.tolist())
    assert kajo.allclose(kajo.tensor(grads[0]), kajo.tensor(grads[1]), atol=1e-4)


@pytest.mark.parametrize("setting", [None, "overwrite", "swap"])
def test_conversions_of_parameters(setting):
    found = []
    for side in SIDES:
        settings = importlib.import_module(f"{side.__name__}.__future__")
        linear = side.nn.Linear(2, 2)
        weight = linear.weight
        if setting is not None:
            choose = getattr(settings, f"set_{setting}_module_params_on_conversion")
            get = getattr(settings, f"get_{setting}_module_params_on_conversion")
            choose(True)
            assert get() is True
        try:
            linear.double()
        finally:
            if setting is not None:
                choose(False)
        found.append((linear.weight is weight, str(linear.weight.dtype)[-7:]))
    assert found[0] == found[1]


def test_notes_at_nodes():
    for side in SIDES:
        x = side.ones(2, requires_grad=True) * 2
        assert x.grad_fn.metadata == {}
        x.grad_fn.metadata["where"] = "here"
        assert x.grad_fn.metadata == {"where": "here"}
        assert x.grad_fn.requires_grad is True


def test_a_tensor_of_ours_is_refused_by_functions_of_pytorch():
    with pytest.raises(TypeError):
        torch.nn.functional.cross_entropy(kajo.ones(1, 2), kajo.tensor([0]))
