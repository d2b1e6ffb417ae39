"""Trading channels for resolution."""

from __future__ import annotations

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Makes an image r times as high and wide out of r^2 times as many channels.

    Args:
        upscale_factor: r.

    Shape:
        (*, C r^2, H, W) to (*, C, H r, W r).

    Example:
        >>> import kajo
        >>> kajo.nn.PixelShuffle(2)(kajo.ones(1, 4, 3, 3)).shape
        kajo.Size([1, 1, 6, 6])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The inverse of :class:`PixelShuffle`.

    Args:
        downscale_factor: r.

    Shape:
        (*, C, H r, W r) to (*, C r^2, H, W).

    Example:
        >>> import kajo
        >>> kajo.nn.PixelUnshuffle(2)(kajo.ones(1, 1, 6, 6)).shape
        kajo.Size([1, 4, 3, 3])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"downscale_factor={self.downscale_factor}"
