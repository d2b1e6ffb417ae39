"""Images as columns of patches, and back, as modules."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]


class Fold(Module):
    """The sum of patches put back to their places; see :func:`kajo.nn.functional.fold`.

    Args:
        output_size: (H, W).
        kernel_size, dilation, padding, stride: which patches there are.

    Shape:
        (N, C prod(kernel_size), L) to (N, C, H, W), or without N.

    Example:
        >>> import kajo
        >>> kajo.nn.Fold((4, 4), 2)(kajo.ones(1, 12, 9)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Unfold(Module):
    """Every patch of an image as a column; see :func:`kajo.nn.functional.unfold`.

    Args:
        kernel_size, dilation, padding, stride: which patches there are.

    Shape:
        (N, C, H, W) to (N, C prod(kernel_size), L), or without N.

    Example:
        >>> import kajo
        >>> kajo.nn.Unfold(2)(kajo.ones(1, 3, 4, 4)).shape
        kajo.Size([1, 12, 9])
    """

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
