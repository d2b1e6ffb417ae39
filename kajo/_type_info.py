"""The numerical limits of dtypes."""

from __future__ import annotations

from typing import Any

from kajo import _core


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("kajo.")


class finfo:
    """Limits of a floating-point dtype: bits, eps, max, min, tiny, smallest_normal, resolution.

    Raises:
        TypeError: if the dtype is not floating-point.

    >>> import kajo
    >>> kajo.finfo(kajo.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        dtype = type or _core.get_default_dtype()
        limits = _core._float_limits(dtype.to_real())
        if limits is None:
            raise TypeError(
                f"kajo.finfo() requires a floating point input type. Use kajo.iinfo to handle '{dtype}'"
            )
        self.dtype = _name(dtype.to_real())
        self.bits = 8 * dtype.to_real().itemsize
        self.max, self.tiny, self.eps, self.resolution = limits
        # float8_e8m0fnu has no sign.
        self.min = -self.max if dtype.to_real().is_signed else self.tiny
        self.smallest_normal = self.tiny

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: bits, max, min.

    Raises:
        TypeError: if the dtype is not an integer.

    >>> import kajo
    >>> kajo.iinfo(kajo.int8).max
    127
    """

    def __init__(self, type: Any) -> None:
        if type is _core.bool or not _core._is_whole(type):
            raise TypeError(
                f"kajo.iinfo() requires an integer input type. Use kajo.finfo to handle '{type}'"
            )
        self.dtype = _name(type)
        self.bits = 8 * type.itemsize
        self.max = 2 ** (self.bits - type.is_signed) - 1
        self.min = -(2 ** (self.bits - 1)) if type.is_signed else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
