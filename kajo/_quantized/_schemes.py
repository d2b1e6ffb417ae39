"""How numbers become codes and codes numbers: one scale for all, or one for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kajo import Tensor, _core

__all__ = [
    "CODES", "PerChannel", "PerTensor", "Quantizer", "check_dtype", "per_channel_affine",
    "per_channel_affine_float_qparams", "per_channel_symmetric", "per_tensor_affine",
    "per_tensor_symmetric", "qscheme",
]  # fmt: skip


class qscheme:
    """A way to quantise, such as kajo.per_tensor_affine."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"kajo.{self._name}"

    def __reduce__(self) -> Any:
        return self._name


qscheme.__module__ = "kajo"
per_tensor_affine = qscheme("per_tensor_affine")
per_channel_affine = qscheme("per_channel_affine")
per_tensor_symmetric = qscheme("per_tensor_symmetric")
per_channel_symmetric = qscheme("per_channel_symmetric")
per_channel_affine_float_qparams = qscheme("per_channel_affine_float_qparams")

# The least and the largest code of each dtype, and the dtype in which one code is kept.
CODES = {
    _core.quint8: (0, 255, _core.uint8),
    _core.qint8: (-128, 127, _core.int8),
    _core.qint32: (-(2**31), 2**31 - 1, _core.int32),
    _core.quint4x2: (0, 15, _core.uint8),
    _core.quint2x4: (0, 3, _core.uint8),
}


def check_dtype(name: str, dtype: Any) -> None:
    """Refuse what is no quantised dtype.

    Raises:
        RuntimeError: if it is none.
    """
    if dtype not in CODES:
        raise RuntimeError(f"{name}(): {dtype} is no quantised dtype, such as kajo.quint8")


def _check_zero(name: str, zero: int, dtype: Any) -> None:
    low, high, _ = CODES[dtype]
    if not low <= zero <= high:
        side = "above upper" if zero > high else "below lower"
        raise RuntimeError(f"{name}(): zero_point {zero} is {side} bound of {dtype}")


def _codes(input: Tensor, scale: Tensor, zero: Tensor, dtype: Any) -> Tensor:
    """The codes nearest to x / scale + zero."""
    low, high, kept = CODES[dtype]
    found = (input.detach() * scale.reciprocal() + zero).round().to(_core.float64)
    # Not a number takes the end that an overflowing conversion gives.
    unknown = low if dtype is _core.qint32 else high
    return found.nan_to_num(unknown, high, low).clamp(low, high).to(kept)


@dataclass(frozen=True, eq=False)
class PerTensor:
    """One scale and one code of 0 for all elements."""

    scale: float
    zero: int
    scheme = per_tensor_affine

    def check(self, name: str, shape: Any, dtype: Any) -> None:
        """Refuse a code of 0 that the dtype has not."""
        _check_zero(name, self.zero, dtype)

    def codes(self, input: Tensor, dtype: Any) -> Tensor:
        """The codes of numbers."""
        scale = _core.tensor(self.scale, dtype=_core.float32)
        zero = _core.tensor(self.zero, dtype=_core.float32)
        return _codes(input, scale, zero, dtype)

    def values(self, codes: Tensor) -> Tensor:
        """The numbers of codes."""
        scale = _core.tensor(self.scale, dtype=_core.float32)
        return (codes.to(_core.int64) - self.zero).to(_core.float32) * scale

    def same(self, other: Any) -> bool:
        """Whether another one gives the same numbers."""
        return isinstance(other, PerTensor) and (self.scale, self.zero) == (other.scale, other.zero)

    def text(self) -> list[str]:
        """What follows the numbers in print."""
        return [f"scale={self.scale}", f"zero_point={self.zero}"]


@dataclass(frozen=True, eq=False)
class PerChannel:
    """A scale and a code of 0 for each channel, the dimension `axis`."""

    scales: Tensor
    zeros: Tensor
    axis: int

    @property
    def scheme(self) -> qscheme:
        """Whether codes of 0 may lie between codes."""
        between = self.zeros.is_floating_point()
        return per_channel_affine_float_qparams if between else per_channel_affine

    def check(self, name: str, shape: Any, dtype: Any) -> None:
        """Refuse parameters that do not fit the shape or the dtype."""
        if not 0 <= self.axis < len(shape):
            raise RuntimeError(
                f"{name}(): channel axis out of range. Got: {self.axis} Expected: [0, {len(shape)})"
            )
        if self.scales.numel() != shape[self.axis] or self.zeros.numel() != shape[self.axis]:
            raise RuntimeError(
                f"{name}(): length of scales and zero_points must equal that of the channels, "
                f"{shape[self.axis]}, got {self.scales.numel()} and {self.zeros.numel()}"
            )
        if not self.zeros.is_floating_point():
            for zero in self.zeros.tolist():
                _check_zero(name, zero, dtype)

    def _parameters(self, dims: int) -> tuple[Tensor, Tensor]:
        shape = [-1 if d == self.axis else 1 for d in range(dims)]
        return self.scales.to(_core.float32).reshape(shape), self.zeros.reshape(shape)

    def codes(self, input: Tensor, dtype: Any) -> Tensor:
        """The codes of numbers."""
        scale, zero = self._parameters(input.dim())
        return _codes(input, scale, zero, dtype)

    def values(self, codes: Tensor) -> Tensor:
        """The numbers of codes."""
        scale, zero = self._parameters(codes.dim())
        return (codes.to(_core.int64) - zero).to(_core.float32) * scale

    def same(self, other: Any) -> bool:
        """Whether another one gives the same numbers."""
        return (
            isinstance(other, PerChannel)
            and self.axis == other.axis
            and self.scheme is other.scheme
            and _core.equal(self.scales, other.scales)
            and _core.equal(self.zeros, other.zeros)
        )

    def text(self) -> list[str]:
        """What follows the numbers in print."""
        return [f"scale={self.scales!r}", f"zero_point={self.zeros!r}", f"axis={self.axis}"]


Quantizer = PerTensor | PerChannel
