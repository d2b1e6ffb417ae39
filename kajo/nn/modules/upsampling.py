"""Resizing images as modules."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """Resizes images; see :func:`kajo.nn.functional.interpolate`.

    Args:
        size: the output's spatial sizes; or
        scale_factor: what they are times the input's.
        mode: "nearest", "linear", "bilinear", "bicubic" or "trilinear".
        align_corners: whether the centres of the corner pixels fall together.
        recompute_scale_factor: let the rounded sizes say where pixels are.

    Shape:
        (N, C, *), to (N, C, *) of the new size.

    Example:
        >>> import kajo
        >>> kajo.nn.Upsample(scale_factor=2)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 6, 6])
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def __setstate__(self, state: dict[str, Any]) -> None:
        state.setdefault("recompute_scale_factor", True)
        super().__setstate__(state)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resizes images, each pixel the nearest of the input.

    Args:
        size, scale_factor: as for :class:`Upsample`.

    Shape:
        (N, C, H, W), to (N, C, H', W').

    Example:
        >>> import kajo
        >>> kajo.nn.UpsamplingNearest2d(scale_factor=2)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 6, 6])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Resizes images linearly, the centres of the corner pixels falling together.

    Args:
        size, scale_factor: as for :class:`Upsample`.

    Shape:
        (N, C, H, W), to (N, C, H', W').

    Example:
        >>> import kajo
        >>> kajo.nn.UpsamplingBilinear2d(scale_factor=2)(kajo.ones(1, 1, 3, 3)).shape
        kajo.Size([1, 1, 6, 6])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
