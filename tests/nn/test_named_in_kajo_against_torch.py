"""Recurrent networks, losses and norms under their names in kajo itself give PyTorch's results."""

import numpy
import pytest

import kajo

torch = pytest.importorskip("torch")

RANDOM = numpy.random.default_rng(0)
X = RANDOM.standard_normal((5, 2, 3))
STATE = RANDOM.standard_normal((4, 2, 4))
A, B = RANDOM.standard_normal((3, 4)), RANDOM.standard_normal((3, 4))
SIGNS = numpy.array([1.0, -1.0, 1.0])
NETWORKS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def same(function):
    ours = function(kajo, lambda a: kajo.from_numpy(a.copy()))
    theirs = function(torch, lambda a: torch.from_numpy(a.copy()))
    if not isinstance(theirs, tuple):
        ours, theirs = (ours,), (theirs,)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        numpy.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-9)


def weights_of(gates, layers, directions, biases):
    weights = []
    for layer in range(layers):
        for _ in range(directions):
            size = 3 if layer == 0 else 4 * directions
            shapes = [(4 * gates, size), (4 * gates, 4)] + [(4 * gates,)] * (2 * biases)
            weights += [RANDOM.standard_normal(shape) for shape in shapes]
    return weights


def state_of(name, to, values):
    return (to(values), to(values + 1)) if name == "lstm" else to(values)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, biases, batch_first):
    weights = weights_of(NETWORKS[name], 2, 2, biases)
    data = X.swapaxes(0, 1) if batch_first else X
    same(
        lambda m, t: getattr(m, name)(
            t(data), state_of(name, t, STATE), [t(w) for w in weights],
            biases, 2, 0.0, False, True, batch_first,
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_packed_sequences(name):
    weights = weights_of(NETWORKS[name], 1, 1, True)
    steps = numpy.array([2, 2, 1])
    same(
        lambda m, t: getattr(m, name)(
            t(X[:, 0]), t(steps), state_of(name, t, STATE[:1]), [t(w) for w in weights],
            True, 1, 0.0, False, False,
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_cells(name):
    weights = weights_of(NETWORKS[name], 1, 1, True)
    cell = name + "_cell"
    same(
        lambda m, t: getattr(m, cell)(
            t(X[0]), state_of(name, t, STATE[0]), *(t(w) for w in weights)
        )
    )


CASES = {
    "margin_ranking": lambda m, t: m.margin_ranking_loss(t(A), t(B), t(A), 0.1, 2),
    "margin_ranking_default": lambda m, t: m.margin_ranking_loss(t(A), t(B), t(A)),
    "cosine_embedding": lambda m, t: m.cosine_embedding_loss(t(A), t(B), t(SIGNS), 0.1, 1),
    "poisson": lambda m, t: m.poisson_nll_loss(t(A), t(abs(B)), True, True, 1e-8, 1),
    "triplet": lambda m, t: m.triplet_margin_loss(t(A), t(B), t(A + 1), reduction=1),
    "instance": lambda m, t: m.instance_norm(t(X), None, None, None, None, True, 0.1, 1e-5, False),
    "select_copy": lambda m, t: m.select_copy(t(A), 1, 2),
    "slice_copy": lambda m, t: m.slice_copy(t(A), 1, 0, 3, 2),
    "norm_except_dim": lambda m, t: m.norm_except_dim(t(A), 2, 1),
    "norm_except_none": lambda m, t: m.norm_except_dim(t(A), 2, -1),
    "frobenius": lambda m, t: m.frobenius_norm(t(A), (0, 1), True),
    "nuclear": lambda m, t: m.nuclear_norm(t(A)),
}


@pytest.mark.parametrize("name", CASES)
def test_functions(name):
    same(CASES[name])


BAGS = [
    {}, {"mode": 1}, {"mode": 2}, {"padding_idx": 1}, {"padding_idx": -1, "mode": 1},
    {"padding_idx": 2, "mode": 2}, {"include_last_offset": True}, {"scale_grad_by_freq": True},
    {"include_last_offset": True, "mode": 2}, {"weighted": True}, {"weighted": True, "padding_idx": 0},
]  # fmt: skip


@pytest.mark.parametrize("options", BAGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
def test_bags(options, dtype, index_dtype):
    options = dict(options)
    weighted, results = options.pop("weighted", False), []
    values = numpy.random.default_rng(0).standard_normal((4, 3))
    for lib in (kajo, torch):
        kind = getattr(lib, dtype)
        weight = lib.tensor(values, dtype=kind).requires_grad_()
        indices = lib.tensor([0, 3, 3, 1, 2, 3], dtype=getattr(lib, index_dtype))
        offsets = lib.tensor([0, 2, 2, 6], dtype=getattr(lib, index_dtype))
        factors = lib.arange(1.0, 7.0).to(kind).requires_grad_() if weighted else None
        found = lib.embedding_bag(
            weight, indices, offsets, options.get("scale_grad_by_freq", False), options.get("mode", 0),
            False, factors, options.get("include_last_offset", False), options.get("padding_idx"),
        )  # fmt: skip
        found[0].backward(lib.arange(1.0, 1.0 + found[0].numel()).to(kind).view_as(found[0]))
        results.append([*found, weight.grad] + ([factors.grad] if weighted else []))
    for ours, theirs in zip(*results):
        assert str(ours.dtype)[5:] == str(theirs.dtype)[6:]
        numpy.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize(("limit", "norm"), [(1.0, 2.0), (2.0, 1.0), (0.5, float("inf"))])
def test_shortened_rows(limit, norm):
    values = numpy.random.default_rng(0).standard_normal((4, 3))
    ours, theirs = (lib.tensor(values) for lib in (kajo, torch))
    assert kajo.embedding_renorm_(ours, kajo.tensor([[1, 0, 1]]), limit, norm) is ours
    torch.embedding_renorm_(theirs, torch.tensor([[1, 0, 1]]), limit, norm)
    numpy.testing.assert_allclose(ours.numpy(), theirs.numpy())


REFUSED = [
    lambda lib, w, i: lib.embedding_bag(w, i.float(), i),
    lambda lib, w, i: lib.embedding_bag(w, i + 9, i * 0),
    lambda lib, w, i: lib.embedding_bag(w, i, i + 1),
    lambda lib, w, i: lib.embedding_bag(w, i, i * 9),
    lambda lib, w, i: lib.embedding_bag(w, i, i * 0, False, 3),
    lambda lib, w, i: lib.embedding_bag(w, i, i * 0, False, 1, False, lib.ones(2)),
    lambda lib, w, i: lib.embedding_renorm_(w, i.float(), 1.0, 2.0),
    lambda lib, w, i: lib.embedding_renorm_(w, i + 9, 1.0, 2.0),
]


@pytest.mark.parametrize("call", REFUSED)
def test_bags_that_are_refused(call):
    with pytest.raises(Exception) as theirs:
        call(torch, torch.ones(4, 3), torch.tensor([0, 1]))
    with pytest.raises(theirs.type):
        call(kajo, kajo.ones(4, 3), kajo.tensor([0, 1]))
