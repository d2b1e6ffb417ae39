"""The layers that have kernels of their own equal the plain steps."""

from typing import Any

import pytest

import kajo
from kajo import Tensor, nn
from kajo.nn.modules import _recurrence
from kajo.nn.utils.rnn import pack_padded_sequence

MODES = ["LSTM", "GRU", "RNN_TANH", "RNN_RELU"]


def layer_of(mode: str, *sizes: int, **options: Any) -> nn.Module:
    if mode.startswith("RNN"):
        options["nonlinearity"] = mode[4:].lower()
    return getattr(nn, mode.split("_")[0])(*sizes, **options)


def parts(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def results(layer: nn.Module, x: Any, leaf: Tensor, state: tuple[Tensor, ...]) -> list[Tensor]:
    """Outputs and all gradients."""
    layer.zero_grad()
    for t in (leaf, *state):
        t.grad = None
    output, last = layer(x, state if len(state) > 1 else state[0])
    output = output if isinstance(output, Tensor) else output.data
    loss = (output.sin() * kajo.arange(output.size(-1))).sum()
    for part in parts(last):
        loss = loss + (part.cos() * kajo.arange(part.size(-1))).sum()
    loss.backward()
    grads = [t.grad.clone() for t in (leaf, *state, *layer.parameters())]
    return [output.detach(), *(p.detach() for p in parts(last)), *grads]


def setting(mode: str, batch: int, hidden: int, **options: Any) -> tuple[Any, ...]:
    kajo.manual_seed(0)
    layer = layer_of(mode, 5, hidden, num_layers=2, bidirectional=True, **options).double()
    x = kajo.randn(6, batch, 5, dtype=kajo.float64, requires_grad=True)
    count = 2 if mode == "LSTM" else 1
    state = tuple(
        kajo.randn(4, batch, hidden, dtype=kajo.float64, requires_grad=True) for _ in range(count)
    )
    return layer, x, state


def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go step by step from here on."""
    plain = _recurrence._STEP

    def steps(
        mode: str,
        from_input: Tensor,
        sizes: list[int],
        first: Any,
        weights: Any,
        reverse: bool,
    ) -> Any:
        return _recurrence._stepwise(plain[mode](weights), from_input, sizes, first, reverse)

    monkeypatch.setattr(_recurrence, "_fused", steps)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batch,hidden", [(1, 7), (3, 7), (40, 7), (3, 200), (20, 270)])
@pytest.mark.parametrize("packed", [False, True])
def test_equal_their_steps(
    mode: str, batch: int, hidden: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, leaf, state = setting(mode, batch, hidden)
    x = leaf
    if packed:
        x = pack_padded_sequence(leaf, [max(1, 6 - i // 2) for i in range(batch)])
    got = results(layer, x, leaf, state)
    plainly(monkeypatch)
    if packed:
        x = pack_padded_sequence(leaf, [max(1, 6 - i // 2) for i in range(batch)])
    for a, b in zip(got, results(layer, x, leaf, state), strict=True):
        kajo.testing.assert_close(a, b, atol=1e-10, rtol=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_the_kernels_are_taken(mode: str) -> None:
    layer = layer_of(mode, 3, 4)
    x = kajo.randn(5, 2, 3)
    packed = pack_padded_sequence(x, [5, 2])
    for given in (x, packed):
        output = layer(given)[0]
        output = output if isinstance(output, Tensor) else output.data
        nodes = [output.grad_fn]
        names = set()
        while nodes:
            node = nodes.pop()
            names.add(node.name())
            nodes += [n for n, _ in node.next_functions if n is not None]
        assert "RecurrentLayerBackward0" in names
        assert not names & {"SigmoidBackward0", "TanhBackward0", "ReluBackward0"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("packed", [False, True])
def test_gradients_in_both_ways(mode: str, packed: bool) -> None:
    kajo.manual_seed(0)
    layer = layer_of(mode, 3, 4, bidirectional=True).double()
    x = kajo.randn(3, 2, 3, dtype=kajo.float64, requires_grad=True)
    count = 2 if mode == "LSTM" else 1
    state = [kajo.randn(2, 2, 4, dtype=kajo.float64, requires_grad=True) for _ in range(count)]

    def outputs(*inputs: Tensor) -> tuple[Tensor, ...]:
        given = pack_padded_sequence(inputs[0], [3, 2]) if packed else inputs[0]
        output, last = layer(given, inputs[1:] if count > 1 else inputs[1])
        return (output.data if packed else output, *parts(last))

    assert kajo.autograd.gradcheck(outputs, (x, *state), check_forward_ad=True)
    assert kajo.autograd.gradgradcheck(outputs, (x, *state))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batch,hidden", [(5, 300), (50, 24), (20, 300)])
def test_do_not_depend_on_threads(mode: str, batch: int, hidden: int) -> None:
    layer, x, state = setting(mode, batch, hidden)
    threads = kajo.get_num_threads()
    try:
        kajo.set_num_threads(1)
        one = results(layer, x, x, state)
        kajo.set_num_threads(3)
        for a, b in zip(one, results(layer, x, x, state), strict=True):
            assert kajo.equal(a, b)
    finally:
        kajo.set_num_threads(threads)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batch", [1, 30])
def test_nothing_is_kept_without_gradients(mode: str, batch: int) -> None:
    layer, x, state = setting(mode, batch, 40)
    with_history = layer(x, state if len(state) > 1 else state[0])
    with kajo.no_grad():
        without = layer(x, state if len(state) > 1 else state[0])
    assert kajo.equal(with_history[0], without[0])
    for a, b in zip(parts(with_history[1]), parts(without[1]), strict=True):
        assert kajo.equal(a, b)


def test_steps_that_grow_are_refused() -> None:
    x, state, weight = kajo.ones(3, 4), kajo.ones(1, 4), kajo.ones(4, 4)
    for sizes in ([1, 2], [3], [1, 1], [-1, 4]):
        with pytest.raises(RuntimeError, match=r"recurrent_layer\(\)"):
            kajo._core.recurrent_layer(2, x, state, None, weight, None, kajo.tensor(sizes), False)


@pytest.mark.parametrize("mode", ["GRU", "RNN_TANH", "LSTM"])
def test_cells_equal_a_layer_of_one_step(mode: str) -> None:
    kajo.manual_seed(0)
    layer = layer_of(mode, 6, 9)
    cell = getattr(nn, mode.split("_")[0] + "Cell")(6, 9)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).data.copy_(getattr(layer, name + "_l0").data)
    x = kajo.randn(4, 6)
    kajo.testing.assert_close(parts(cell(x))[0], layer(x.unsqueeze(0))[0][0])
