"""Forward-mode differentiation: derivatives along a direction, computed together with the values.

A dual tensor is a value with a tangent, the derivative of the value along some direction. What is
computed from dual tensors is dual again.

>>> import kajo
>>> import kajo.autograd.forward_ad as fwAD
>>> with fwAD.dual_level():
...     x = fwAD.make_dual(kajo.tensor(3.0), kajo.tensor(1.0))
...     fwAD.unpack_dual(x ** 2)
UnpackedDualTensor(primal=tensor(9.), tangent=tensor(6.))
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kajo import _core
from kajo._tensor import Tensor

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]

_NO_LEVEL = -1
_current_level = _NO_LEVEL


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent; the tangent is None where there is none."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Open a level: from now on tensors may carry tangents.

    Returns:
        Its number.

    Raises:
        RuntimeError: if a level is open already.
    """
    global _current_level
    if _current_level != _NO_LEVEL:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment: exit_dual_level() first"
        )
    _current_level = _core._enter_forward_level()
    return _current_level


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: all tangents of it are gone.

    Args:
        level: its number; may be left out.

    Raises:
        RuntimeError: if it is not the one that was opened last.
    """
    global _current_level
    given = _current_level if level is None else level
    if given < 0:
        raise RuntimeError("Dual level must be a positive number.")
    if given != _current_level or given + 1 != _core._open_forward_levels():
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is "
            "not supported."
        )
    _core._exit_forward_level(given)
    _current_level = _NO_LEVEL


class dual_level:
    """Within the block a level is open.

    >>> import kajo
    >>> import kajo.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(kajo.ones(2), kajo.tensor([1.0, 2.0]))
    ...     fwAD.unpack_dual(x.exp().sum()).tangent
    tensor(8.1548)
    >>> fwAD.unpack_dual(x).tangent is None
    True
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: object) -> None:
        exit_dual_level()


def _checked(level: int | None, refused: str) -> int:
    number = _current_level if level is None else level
    if number < 0:
        raise RuntimeError(refused)
    return number


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The value of `tensor` with a tangent: the direction along which derivatives are taken.

    Args:
        tensor: of a floating or complex type.
        tangent: of the same shape.
        level: the number of the level; may be left out.

    Returns:
        A view of `tensor` that carries the tangent; differentiable with respect to both.

    Raises:
        RuntimeError: if no level is open, the shapes differ, or one of them is dual already.
        ValueError: for tensors of integers.

    >>> import kajo
    >>> import kajo.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     fwAD.make_dual(kajo.ones(2), kajo.zeros(2)).sin()
    tensor([0.8415, 0.8415], tangent=tensor([0., 0.]))
    """
    number = _checked(
        level,
        "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
        "enter_dual_level() first.",
    )
    for name, t in (("primal", tensor), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    if _core._tangent(tensor, number) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the "
            f"same level {number} is not supported."
        )
    if _core._tangent(tangent, number) is not None:
        raise RuntimeError(
            "Setting a forward grad that itself has a forward gradient at the same level "
            f"{number} is not supported."
        )
    _check_shape(tensor, tangent)
    dual: Tensor = _core._with_tangent(tensor, number, tangent.to(tensor.dtype))
    return dual


def _check_shape(tensor: Tensor, tangent: Tensor) -> None:
    if tangent.shape != tensor.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a dual tensor.

    Args:
        tensor: dual or not.
        level: the number of the level; may be left out.

    Returns:
        The named tuple `(primal, tangent)`; the tangent is None where there is none.

    >>> import kajo
    >>> kajo.autograd.forward_ad.unpack_dual(kajo.tensor(1.0))
    UnpackedDualTensor(primal=tensor(1.), tangent=None)
    """
    number = _current_level if level is None else level
    if number < 0:
        return UnpackedDualTensor(tensor, None)
    primal = _core._with_tangent(tensor, number, None)
    tangent = _core._tangent(tensor, number) if number < _core._forward_levels() else None
    return UnpackedDualTensor(primal, tangent)


def _is_fwd_grad_enabled() -> bool:
    return bool(_core._forward_limit() > 0)


class _set_fwd_grad_enabled:
    """Forward mode on or off: at once, and until the end of the `with` block."""

    def __init__(self, mode: bool) -> None:
        self.before = _core._set_forward_limit(_core._ALL_FORWARD_LEVELS if mode else 0)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        _core._set_forward_limit(self.before)


def _tangent_of_result(result: Any, tangent: Any, level: int) -> None:
    """Give a result of a user's function the tangent that its `jvp` returned."""
    if not isinstance(result, Tensor) or not (result.is_floating_point() or result.is_complex()):
        return
    if tangent is None:
        tangent = _core.zeros_like(result)
    _check_shape(result, tangent)
    _core._set_tangent(result, level, tangent.to(result.dtype))
