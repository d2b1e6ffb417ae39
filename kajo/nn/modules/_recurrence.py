"""The recurrences of RNN, LSTM and GRU over one direction of one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kajo
from kajo import Tensor, _core

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]


def _transposed(weight: Tensor) -> Tensor:
    # Laid out as every step's product reads it, once for all steps.
    return weight.t().contiguous()


def _elman(activation: Callable[[Tensor], Tensor], weights: Mapping[str, Any]) -> Step:
    w = _transposed(weights["weight_hh"])

    def step(from_input: Tensor, state: State) -> State:
        return (activation(kajo.addmm(from_input, state[0], w)),)

    return step


def _lstm(weights: Mapping[str, Any]) -> Step:
    w = _transposed(weights["weight_hh"])
    projection = weights.get("weight_hr")

    def step(from_input: Tensor, state: State) -> State:
        hidden, cell = state
        gates = kajo.addmm(from_input, hidden, w)
        enter, keep, new, leave = gates.chunk(4, 1)
        cell = keep.sigmoid() * cell + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * cell.tanh()
        if projection is not None:
            hidden = _core.linear(hidden, projection)
        return hidden, cell

    return step


def _gru(weights: Mapping[str, Any]) -> Step:
    w, b = _transposed(weights["weight_hh"]), weights.get("bias_hh")

    def step(from_input: Tensor, state: State) -> State:
        (hidden,) = state
        input_reset, input_update, input_new = from_input.chunk(3, 1)
        product = hidden @ w if b is None else kajo.addmm(b, hidden, w)
        reset, update, new = product.chunk(3, 1)
        reset = (input_reset + reset).sigmoid()
        update = (input_update + update).sigmoid()
        new = (input_new + reset * new).tanh()
        return (new + update * (hidden - new),)

    return step


_STEP: dict[str, Callable[[Mapping[str, Any]], Step]] = {
    "RNN_TANH": lambda weights: _elman(kajo.tanh, weights),
    "RNN_RELU": lambda weights: _elman(kajo.relu, weights),
    "LSTM": _lstm,
    "GRU": _gru,
}


# The kinds of cells in the order of the kernels' table.
_KINDS = {"LSTM": 0, "GRU": 1, "RNN_TANH": 2, "RNN_RELU": 3}


def _fused(
    mode: str,
    from_input: Tensor,
    sizes: list[int],
    first: State,
    weights: Mapping[str, Any],
    reverse: bool,
) -> tuple[Tensor, State]:
    """All steps in one call; 16 bits are computed in float32 and rounded at the end."""
    dtype = from_input.dtype
    wide = kajo.float64 if dtype == kajo.float64 else kajo.float32
    bias = weights.get("bias_hh") if mode == "GRU" else None
    output, *last = _core.recurrent_layer(
        _KINDS[mode],
        from_input.to(wide),
        first[0].to(wide),
        first[1].to(wide) if len(first) > 1 else None,
        weights["weight_hh"].to(dtype).to(wide),
        None if bias is None else bias.to(dtype).to(wide),
        None if sizes[0] == sizes[-1] else kajo.tensor(sizes),
        reverse,
    )
    return output.to(dtype), tuple(part.to(dtype) for part in last)


def _stepwise(
    step: Step, from_input: Tensor, sizes: list[int], first: State, reverse: bool
) -> tuple[Tensor, State]:
    """Step by step in ordinary operations, for what the kernels do not do."""
    parts = from_input.split(sizes)
    outputs: list[Tensor] = []
    if reverse:
        state = tuple(part[: sizes[-1]] for part in first)
        for part in reversed(parts):
            have, want = state[0].size(0), part.size(0)
            if want > have:
                # Sequences that end here join with the state they begin with.
                state = tuple(
                    kajo.cat([s, f[have:want]]) for s, f in zip(state, first, strict=True)
                )
            state = step(part, state)
            outputs.append(state[0])
        return kajo.cat(outputs[::-1]), state
    state = first
    ended: list[State] = []
    for part in parts:
        want = part.size(0)
        if want < state[0].size(0):
            ended.append(tuple(s[want:] for s in state))
            state = tuple(s[:want] for s in state)
        state = step(part, state)
        outputs.append(state[0])
    if ended:
        groups = zip(state, *reversed(ended), strict=True)
        state = tuple(kajo.cat(group) for group in groups)
    return kajo.cat(outputs), state


def run_layer(
    mode: str,
    data: Tensor,
    sizes: list[int],
    first: State,
    weights: Mapping[str, Any],
    reverse: bool,
    *,
    whole: bool = False,
) -> tuple[Tensor, State]:
    """Run one direction of one layer.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        data: the steps below each other, (sum of sizes, F).
        sizes: rows of each step, never growing.
        first: the state to begin with, each part (sizes[0], H).
        weights: ``weight_ih``, ``weight_hh`` and, where there are, ``bias_ih``, ``bias_hh``,
            ``weight_hr``.
        reverse: begin at the last step.
        whole: under autocast the state of an LSTM is lowered too.

    Returns:
        The outputs, (sum of sizes, H), in the order of the steps, and the last state.

    Example:
        >>> import kajo
        >>> from kajo.nn.modules._recurrence import run_layer
        >>> weights = {"weight_ih": kajo.eye(2), "weight_hh": kajo.zeros(2, 2)}
        >>> run_layer("RNN_RELU", kajo.ones(3, 2), [2, 1], (kajo.zeros(2, 2),), weights, False)[0]
        tensor([[1., 1.],
                [1., 1.],
                [1., 1.]])
    """
    # One product for all steps; only what depends on the state is left to the loop.
    bias, more = weights.get("bias_ih"), weights.get("bias_hh")
    if mode != "GRU" and more is not None:
        bias = more if bias is None else bias + more
    from_input = _core.linear(data, weights["weight_ih"], bias)
    # Autocast lowers products only: what they meet in the state keeps its precision.
    mixed = any(part.dtype != from_input.dtype for part in first)
    fused = "weight_hr" not in weights and from_input.numel() > 0
    if fused and (not mixed or (whole and mode == "LSTM")):
        return _fused(mode, from_input, sizes, first, weights, reverse)
    return _stepwise(_STEP[mode](weights), from_input, sizes, first, reverse)
