"""Derivatives along directions. Here, and only here, stands how they are computed.

`push_forward` is forward mode: the arguments carry the directions as tangents, at a level of their
own, so that calls nest. Inside of `vmap` the tangents are with the values, which hold all samples.

`linear_part` is for many directions at one point: J^T w is linear in w, and differentiating it by w
in a direction v gives J v, without calling the function again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import BatchedTensor, active
from kajo.utils._pytree import tree_flatten, tree_map, tree_unflatten

__all__ = ["detached", "linear_part", "push_forward", "tangents_of"]


# ---- tangents, also of samples -------------------------------------------------------------------------


def _on_value(x: Tensor, change: Callable[[Tensor], Tensor | None]) -> Tensor | None:
    """What `change` makes of the tensor that holds all samples, as one sample again."""
    if type(x) is not BatchedTensor:
        return change(x)
    made = _on_value(x._value, change)
    return None if made is None else x._batch.wrap(made)


def _tangent(x: Tensor, level: int) -> Tensor | None:
    return _on_value(x, lambda value: _core._tangent(value, level))


def _primal(x: Tensor, level: int) -> Tensor:
    found = _on_value(x, lambda value: _core._with_tangent(value, level, None))
    return x if found is None else found


def _dual(x: Tensor, direction: Tensor, level: int) -> Tensor:
    from kajo.func._vmap import debug_unwrap, everywhere

    batches = active()
    along = debug_unwrap(everywhere(direction.to(x.dtype), batches))
    made = _on_value(everywhere(x, batches), lambda value: _core._with_tangent(value, level, along))
    return x if made is None else made


def detached(x: Tensor, keep_history_of_tangents: bool) -> Tensor:
    """Without history, but with its tangents: these too without history, unless asked to keep it."""
    found = _on_value(x, lambda value: _core._detach_dual(value, keep_history_of_tangents))
    return x if found is None else found


def tangents_of(x: Tensor) -> list[Tensor]:
    """The tangents of a tensor at all levels, and theirs."""
    found = []
    for level in range(_core._forward_levels()):
        tangent = _core._tangent(x, level)
        if tangent is not None:
            found += [tangent, *tangents_of(tangent)]
    return found


@contextmanager
def _level() -> Iterator[int]:
    level = _core._enter_forward_level()
    try:
        yield level
    finally:
        _core._exit_forward_level(level)


# ---- products ------------------------------------------------------------------------------------------


def push_forward(
    func: Callable[..., Any], primals: Any, tangents: Any, strict: bool, has_aux: bool
) -> Any:
    """The value and the derivative along `tangents`, and with `has_aux` what came with the value."""
    from kajo.func import _gradients as g

    flat, structure = tree_flatten(primals)
    with _level() as level:
        duals = [_dual(x, t, level) for x, t in zip(flat, tree_flatten(tangents)[0])]
        result, aux = g._split(func(*tree_unflatten(duals, structure)), has_aux, "jvp")
        outputs, outer = tree_flatten(result)
        values, derivatives = [], []
        for output in outputs:
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    "jvp(f, primals, tangents): Expected f(*primals) to return only tensors, got unsupported "
                    f"type {type(output)}"
                )
            derivative = _tangent(output, level)
            if derivative is None and strict:
                raise RuntimeError(
                    "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
                    "This is not allowed with strict=True."
                )
            values.append(_primal(output, level))
            derivatives.append(kajo.zeros_like(output) if derivative is None else derivative)
        aux = tree_map(lambda x: _primal(x, level) if isinstance(x, Tensor) else x, aux)
    pushed = tree_unflatten(values, outer), tree_unflatten(derivatives, outer)
    return (*pushed, aux) if has_aux else pushed


def linear_part(
    func: Callable[..., Any], primals: tuple[Any, ...]
) -> tuple[Any, Callable[..., Any]]:
    """A function's value at a point, and its derivative as a function of directions."""
    from kajo.func import _gradients as g

    call = g._Call(func, primals, {}, tuple(range(len(primals))))
    outputs, structure = tree_flatten(call.result)
    closed = call.closed(outputs)
    with kajo.enable_grad():
        weights = [kajo.zeros_like(o).requires_grad_() for o in outputs]
        pulled = g._pulled_back(outputs, call.inputs, weights, True, True)

    def along(*directions: Any) -> Any:
        tangents, given = tree_flatten(directions)
        if given != call.structure:
            raise RuntimeError(
                "Expected the directions to have the structure of the primals: "
                f"got {given}, expected {call.structure}"
            )
        record = kajo.is_grad_enabled() and (not closed or any(t.requires_grad for t in tangents))
        pushed = g._pulled_back(pulled, weights, tangents, True, record)
        return tree_unflatten(pushed, structure)

    return g._released(call.result, closed), along
