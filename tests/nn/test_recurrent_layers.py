"""The layers that have kernels of their own equal the plain steps."""

import pytest

import kajo
from kajo import Tensor, nn
from kajo.nn.utils.rnn import pack_padded_sequence


def results(layer: nn.LSTM, x: Tensor) -> list[Tensor]:
    """Outputs and gradients."""
    layer.zero_grad()
    x = x.clone().requires_grad_(True)
    output, (hidden, cell) = layer(x)
    (output.sum() + hidden.sin().sum() + cell.cos().sum()).backward()
    return [output, hidden, cell, x.grad, *(p.grad.clone() for p in layer.parameters())]


@pytest.mark.parametrize("batch", [3, 40])
def test_lstm_equals_its_steps(batch: int) -> None:
    kajo.manual_seed(0)
    layer = nn.LSTM(5, 7, num_layers=2, bidirectional=True).double()
    x = kajo.randn(6, batch, 5, dtype=kajo.float64)
    # Of different lengths, sequences go step by step.
    shorter = [6] * batch + [1]
    longer = kajo.cat([x, kajo.zeros(6, 1, 5, dtype=kajo.float64)], 1)
    with kajo.no_grad():
        _, (hidden, cell) = layer(x)
        _, (stepped, stepped_cell) = layer(pack_padded_sequence(longer, shorter))
    kajo.testing.assert_close(hidden, stepped[:, :-1])
    kajo.testing.assert_close(cell, stepped_cell[:, :-1])


def test_lstm_gradients_in_both_ways() -> None:
    kajo.manual_seed(0)
    layer = nn.LSTM(3, 4, bidirectional=True).double()
    x = kajo.randn(3, 2, 3, dtype=kajo.float64, requires_grad=True)
    state = [kajo.randn(2, 2, 4, dtype=kajo.float64, requires_grad=True) for _ in range(2)]

    def outputs(*inputs: Tensor) -> tuple[Tensor, Tensor]:
        output, (_, cell) = layer(inputs[0], inputs[1:])
        return output, cell

    assert kajo.autograd.gradcheck(outputs, (x, *state))
    assert kajo.autograd.gradgradcheck(outputs, (x, *state))


def test_lstm_does_not_depend_on_threads() -> None:
    kajo.manual_seed(0)
    layer, x = nn.LSTM(16, 24), kajo.randn(9, 50, 16)
    threads = kajo.get_num_threads()
    try:
        kajo.set_num_threads(1)
        one = results(layer, x)
        kajo.set_num_threads(3)
        for a, b in zip(one, results(layer, x), strict=True):
            assert kajo.equal(a, b)
    finally:
        kajo.set_num_threads(threads)
