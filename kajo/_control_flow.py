"""Decisions as operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kajo._tensor import Tensor

__all__ = ["cond"]


def cond(
    pred: Any,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: tuple[Any, ...] | list[Any] = (),
) -> Any:
    """true_fn(*operands) if pred, else false_fn(*operands).

    Gradients flow through the function that was called.

    Args:
        pred: a truth value, a number, or a tensor with one element.
        true_fn, false_fn: functions of the operands that give the same kind of result.
        operands: what both are given.

    Returns:
        What the function returned.

    Raises:
        RuntimeError: if `pred` is none of these.
        TypeError: if the function cannot be called with the operands.

    >>> import kajo
    >>> x = kajo.tensor([1.0, 2.0], requires_grad=True)
    >>> y = kajo.cond(x.sum() > 2, lambda x: x * 2, lambda x: x * 3, (x,))
    >>> y.sum().backward(); x.grad
    tensor([2., 2.])
    """
    if isinstance(pred, Tensor):
        if pred.numel() != 1:
            raise RuntimeError(
                f"cond(): expected pred to be bool or single-element tensor, but got {pred}."
            )
        chosen = bool(pred.item())
    elif isinstance(pred, (bool, int, float)):
        chosen = bool(pred)
    else:
        raise RuntimeError(f"cond(): expected pred to be bool or tensor, but got {pred!r}.")
    return (true_fn if chosen else false_fn)(*operands)
