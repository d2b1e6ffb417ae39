"""The numerical limits of dtypes."""

from __future__ import annotations

from typing import Any

from kajo import _core

# bits, eps, largest, smallest normal, decimal digits
_FLOATS = {
    "float16": (16, 2.0**-10, 65504.0, 2.0**-14, 1e-3),
    "bfloat16": (16, 2.0**-7, float.fromhex("0x1.fep127"), 2.0**-126, 1e-2),
    "float32": (32, 2.0**-23, float.fromhex("0x1.fffffep127"), 2.0**-126, 1e-6),
    "float64": (64, 2.0**-52, float.fromhex("0x1.fffffffffffffp1023"), 2.0**-1022, 1e-15),
}


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
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"kajo.finfo() requires a floating point input type. Use kajo.iinfo to handle '{dtype}'"
            )
        self.dtype = _name(dtype.to_real())
        self.bits, self.eps, self.max, self.tiny, self.resolution = _FLOATS[self.dtype]
        self.min = -self.max
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
        if type.is_floating_point or type.is_complex or type is _core.bool:
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
