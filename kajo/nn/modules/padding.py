"""Padding as modules. Each calls `kajo.nn.functional.pad`."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module
from kajo.nn.modules.utils import _ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """Pads with `_mode` and, for "constant", with `value`."""

    _mode: str
    _dimensions: int
    value: Any = None

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _ntuple(2 * self._dimensions)(padding)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        allowed = (self._dimensions + 1, self._dimensions + 2)
        if self._mode == "circular" and input.dim() not in allowed:
            raise ValueError(
                f"expected {allowed[0]}D or {allowed[1]}D input (got {input.dim()}D input)"
            )
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"{self.padding}"


class CircularPad1d(_Pad):
    """Makes the last dimension longer by the input's other end, as if it went round.

    Args:
        padding: a number, or (left, right).

    Shape:
        (N, C, L) or (C, L).

    Example:
        >>> import kajo
        >>> kajo.nn.CircularPad1d(1)(kajo.ones(1, 1, 3)).shape
        kajo.Size([1, 1, 5])
    """

    _mode = "circular"
    _dimensions = 1


class CircularPad2d(_Pad):
    """Makes the last 2 dimensions longer by the input's other end, as if it went round.

    Args:
        padding: a number, or (left, right, top, bottom).

    Shape:
        (N, C, H, W) or (C, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.CircularPad2d(1)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 5, 5])
    """

    _mode = "circular"
    _dimensions = 2


class CircularPad3d(_Pad):
    """Makes the last 3 dimensions longer by the input's other end, as if it went round.

    Args:
        padding: a number, or (left, right, top, bottom, front, back).

    Shape:
        (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.CircularPad3d(1)(kajo.ones(1, 1, 3, 3, 3)).shape
        kajo.Size([1, 1, 5, 5, 5])
    """

    _mode = "circular"
    _dimensions = 3


class ConstantPad1d(_Pad):
    """Makes the last dimension longer by a value.

    Args:
        padding: a number, or (left, right).
        value: the value.

    Shape:
        (N, C, L) or (C, L).

    Example:
        >>> import kajo
        >>> kajo.nn.ConstantPad1d(1, 0.5)(kajo.ones(1, 1, 3)).shape
        kajo.Size([1, 1, 5])
    """

    _mode = "constant"
    _dimensions = 1

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(_Pad):
    """Makes the last 2 dimensions longer by a value.

    Args:
        padding: a number, or (left, right, top, bottom).
        value: the value.

    Shape:
        (N, C, H, W) or (C, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ConstantPad2d(1, 0.5)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 5, 5])
    """

    _mode = "constant"
    _dimensions = 2

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad3d(_Pad):
    """Makes the last 3 dimensions longer by a value.

    Args:
        padding: a number, or (left, right, top, bottom, front, back).
        value: the value.

    Shape:
        (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ConstantPad3d(1, 0.5)(kajo.ones(1, 1, 3, 3, 3)).shape
        kajo.Size([1, 1, 5, 5, 5])
    """

    _mode = "constant"
    _dimensions = 3

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad1d(_Pad):
    """Makes the last dimension longer by the input mirrored at its edge.

    Args:
        padding: a number, or (left, right).

    Shape:
        (N, C, L) or (C, L).

    Example:
        >>> import kajo
        >>> kajo.nn.ReflectionPad1d(1)(kajo.ones(1, 1, 3)).shape
        kajo.Size([1, 1, 5])
    """

    _mode = "reflect"
    _dimensions = 1


class ReflectionPad2d(_Pad):
    """Makes the last 2 dimensions longer by the input mirrored at its edge.

    Args:
        padding: a number, or (left, right, top, bottom).

    Shape:
        (N, C, H, W) or (C, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ReflectionPad2d(1)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 5, 5])
    """

    _mode = "reflect"
    _dimensions = 2


class ReflectionPad3d(_Pad):
    """Makes the last 3 dimensions longer by the input mirrored at its edge.

    Args:
        padding: a number, or (left, right, top, bottom, front, back).

    Shape:
        (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ReflectionPad3d(1)(kajo.ones(1, 1, 3, 3, 3)).shape
        kajo.Size([1, 1, 5, 5, 5])
    """

    _mode = "reflect"
    _dimensions = 3


class ReplicationPad1d(_Pad):
    """Makes the last dimension longer by the input's edge.

    Args:
        padding: a number, or (left, right).

    Shape:
        (N, C, L) or (C, L).

    Example:
        >>> import kajo
        >>> kajo.nn.ReplicationPad1d(1)(kajo.ones(1, 1, 3)).shape
        kajo.Size([1, 1, 5])
    """

    _mode = "replicate"
    _dimensions = 1


class ReplicationPad2d(_Pad):
    """Makes the last 2 dimensions longer by the input's edge.

    Args:
        padding: a number, or (left, right, top, bottom).

    Shape:
        (N, C, H, W) or (C, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ReplicationPad2d(1)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 5, 5])
    """

    _mode = "replicate"
    _dimensions = 2


class ReplicationPad3d(_Pad):
    """Makes the last 3 dimensions longer by the input's edge.

    Args:
        padding: a number, or (left, right, top, bottom, front, back).

    Shape:
        (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ReplicationPad3d(1)(kajo.ones(1, 1, 3, 3, 3)).shape
        kajo.Size([1, 1, 5, 5, 5])
    """

    _mode = "replicate"
    _dimensions = 3


class ZeroPad1d(_Pad):
    """Makes the last dimension longer by zeros.

    Args:
        padding: a number, or (left, right).

    Shape:
        (N, C, L) or (C, L).

    Example:
        >>> import kajo
        >>> kajo.nn.ZeroPad1d(1)(kajo.ones(1, 1, 3)).shape
        kajo.Size([1, 1, 5])
    """

    _mode = "constant"
    _dimensions = 1
    value = 0.0


class ZeroPad2d(_Pad):
    """Makes the last 2 dimensions longer by zeros.

    Args:
        padding: a number, or (left, right, top, bottom).

    Shape:
        (N, C, H, W) or (C, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ZeroPad2d(1)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 5, 5])
    """

    _mode = "constant"
    _dimensions = 2
    value = 0.0


class ZeroPad3d(_Pad):
    """Makes the last 3 dimensions longer by zeros.

    Args:
        padding: a number, or (left, right, top, bottom, front, back).

    Shape:
        (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.ZeroPad3d(1)(kajo.ones(1, 1, 3, 3, 3)).shape
        kajo.Size([1, 1, 5, 5, 5])
    """

    _mode = "constant"
    _dimensions = 3
    value = 0.0
