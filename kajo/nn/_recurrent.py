"""Recurrent networks and cells as functions of their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.modules._recurrence import run_layer

_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _cell(
    mode: str, input: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor | None]
) -> tuple[Tensor, ...]:
    """One step from weights in the order of `_NAMES`."""
    rows = input if input.dim() == 2 else input.unsqueeze(0)
    state = state if input.dim() == 2 else tuple(part.unsqueeze(0) for part in state)
    _, end = run_layer(
        mode, rows, [rows.size(0)], state, dict(zip(_NAMES, weights, strict=True)), False
    )
    return end if input.dim() == 2 else tuple(part.squeeze(0) for part in end)


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The hidden and the cell state after one step of an LSTM.

    >>> import kajo
    >>> state = (kajo.zeros(1, 2), kajo.ones(1, 2))
    >>> kajo.lstm_cell(kajo.ones(1, 3), state, kajo.zeros(8, 3), kajo.zeros(8, 2))[1]
    tensor([[0.5000, 0.5000]])
    """
    hidden, cell = _cell("LSTM", input, tuple(hx), (w_ih, w_hh, b_ih, b_hh))
    return hidden, cell


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """The state after one step of a GRU.

    >>> import kajo
    >>> kajo.gru_cell(kajo.zeros(1, 3), kajo.ones(1, 2), kajo.ones(6, 3), kajo.ones(6, 2))
    tensor([[0.9932, 0.9932]])
    """
    return _cell("GRU", input, (hx,), (w_ih, w_hh, b_ih, b_hh))[0]


def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """The state after one step of a recurrent network with the hyperbolic tangent.

    >>> import kajo
    >>> kajo.rnn_tanh_cell(kajo.zeros(1, 3), kajo.ones(1, 2), kajo.ones(2, 3), kajo.ones(2, 2))
    tensor([[0.9640, 0.9640]])
    """
    return _cell("RNN_TANH", input, (hx,), (w_ih, w_hh, b_ih, b_hh))[0]


def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """The state after one step of a recurrent network with the positive part.

    >>> import kajo
    >>> kajo.rnn_relu_cell(kajo.zeros(1, 3), kajo.ones(1, 2), kajo.ones(2, 3), kajo.ones(2, 2))
    tensor([[2., 2.]])
    """
    return _cell("RNN_RELU", input, (hx,), (w_ih, w_hh, b_ih, b_hh))[0]


def _network(mode: str, arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """All layers; with a tensor of batch sizes in the second place the steps are packed."""
    packed = isinstance(arguments[1], Tensor) and isinstance(arguments[3], (list, tuple))
    if packed:
        data, sizes, hx, params, biases, layers, dropout, train, both = arguments
        steps = [int(n) for n in sizes]
        first = False
    else:
        data, hx, params, biases, layers, dropout, train, both, first = arguments
        if first:
            data = data.transpose(0, 1)
        steps = [data.size(1)] * data.size(0)
        data = data.flatten(0, 1)
    state = tuple(hx) if isinstance(hx, (list, tuple)) else (hx,)
    directions = 2 if both else 1
    each = len(params) // (layers * directions)
    names = _NAMES[: 4 if biases else 2] + (("weight_hr",) if each % 2 else ())
    last: list[tuple[Tensor, ...]] = []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            place = layer * directions + direction
            weights = dict(zip(names, params[place * each : (place + 1) * each], strict=True))
            begin = tuple(part[place] for part in state)
            result, end = run_layer(
                mode, data, steps, begin, weights, direction == 1, whole=not packed
            )
            outputs.append(result)
            last.append(end)
        data = kajo.cat(outputs, -1)
        if dropout > 0 and train and layer < layers - 1:
            data = kajo.dropout(data, dropout, True)
    if not packed:
        data = data.reshape(len(steps), -1, data.size(-1))
        data = data.transpose(0, 1) if first else data
    return data, *(kajo.stack(parts) for parts in zip(*last, strict=True))


def lstm(*args: Any) -> tuple[Tensor, ...]:
    """An LSTM of several layers as a function of its weights.

    Args:
        *args: (input, hx, params, has_biases, num_layers, dropout, train, bidirectional,
            batch_first), or for packed sequences (data, batch_sizes, hx, params, has_biases,
            num_layers, dropout, train, bidirectional). `params` has the weights of each direction
            of each layer.

    Returns:
        The outputs, the last hidden state, and the last cell state.

    >>> import kajo
    >>> state, weights = (kajo.zeros(1, 1, 2),) * 2, [kajo.zeros(8, 3), kajo.zeros(8, 2)]
    >>> out, h, c = kajo.lstm(
    ...     kajo.ones(4, 1, 3), state, weights, False, 1, 0.0, False, False, False)
    >>> out.shape
    kajo.Size([4, 1, 2])
    """
    return _network("LSTM", args)


def gru(*args: Any) -> tuple[Tensor, ...]:
    """A GRU of several layers; the arguments are those of :func:`kajo.lstm`, with one state.

    >>> import kajo
    >>> weights = [kajo.ones(6, 3), kajo.ones(6, 2)]
    >>> outputs, state = kajo.gru(kajo.zeros(5, 1, 3), kajo.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)
    >>> outputs.shape, state.shape
    (kajo.Size([5, 1, 2]), kajo.Size([1, 1, 2]))
    """
    return _network("GRU", args)


def rnn_tanh(*args: Any) -> tuple[Tensor, ...]:
    """A recurrent network with the hyperbolic tangent; arguments as of :func:`kajo.gru`.

    >>> import kajo
    >>> weights = [kajo.ones(2, 3), kajo.ones(2, 2)]
    >>> outputs, state = kajo.rnn_tanh(kajo.zeros(5, 1, 3), kajo.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)
    >>> outputs.shape, state.shape
    (kajo.Size([5, 1, 2]), kajo.Size([1, 1, 2]))
    """
    return _network("RNN_TANH", args)


def rnn_relu(*args: Any) -> tuple[Tensor, ...]:
    """A recurrent network with the positive part; arguments as of :func:`kajo.gru`.

    >>> import kajo
    >>> weights = [kajo.ones(2, 3), kajo.ones(2, 2)]
    >>> outputs, state = kajo.rnn_relu(kajo.zeros(5, 1, 3), kajo.zeros(1, 1, 2), weights, False, 1, 0.0, False, False, False)
    >>> outputs.shape, state.shape
    (kajo.Size([5, 1, 2]), kajo.Size([1, 1, 2]))
    """
    return _network("RNN_RELU", args)
