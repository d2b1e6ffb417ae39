"""Derivatives along directions. Here, and only here, stands how they are computed.

The product of a vector with the Jacobian from the left, J^T w, is linear in w: differentiating it by w
in a direction v gives J v.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kajo
from kajo.utils._pytree import tree_flatten, tree_unflatten

__all__ = ["linear_part", "push_forward"]


def linear_part(
    func: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, strict: bool = False
) -> tuple[Any, Callable[..., Any], Any]:
    """A function's value at a point, its derivative as a function of directions, and its aux."""
    from kajo.func import _gradients as g

    call = g._Call(func, primals, {}, tuple(range(len(primals))))
    result, aux = g._split(call.result, has_aux, "jvp")
    outputs, structure = tree_flatten(result)
    if strict and not all(o.requires_grad for o in outputs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This "
            "is not allowed with strict=True."
        )
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

    return g._released(result, closed), along, g._released(aux, closed)


def push_forward(
    func: Callable[..., Any], primals: Any, tangents: Any, strict: bool, has_aux: bool
) -> Any:
    """The value and the derivative along `tangents`, and with `has_aux` what came with the value."""
    value, along, aux = linear_part(func, primals, has_aux, strict)
    derivative = along(*tangents)
    return (value, derivative, aux) if has_aux else (value, derivative)
