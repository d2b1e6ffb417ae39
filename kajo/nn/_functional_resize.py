"""Resizing images."""

from __future__ import annotations

import math
import warnings
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.nn._functional_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)

# For each mode the spatial dimensions it is for; None: any.
_MODES: dict[str, int | None] = {
    "nearest": None,
    "nearest-exact": None,
    "area": None,
    "linear": 1,
    "bilinear": 2,
    "trilinear": 3,
    "bicubic": 2,
}
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


def _step(size: int, out: int, scale: float | None, align_corners: bool) -> float:
    """How far apart in the input two neighbours of the output are."""
    if align_corners:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return 1.0 / scale if scale is not None and scale > 0 else size / out


def _output_sizes(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[list[int], list[float | None]]:
    """The output's spatial sizes, and the scale that counts in each dimension."""
    dimensions = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        sizes = list(size) if isinstance(size, (list, tuple)) else [size] * dimensions
        if len(sizes) != dimensions:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(input.shape[2:])} and output size of {size}. "
                "Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size in "
                "(o1, o2, ...,oK) format."
            )
        return sizes, [None] * dimensions
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    several = isinstance(scale_factor, (list, tuple))
    scales = list(scale_factor) if several else [scale_factor] * dimensions
    if len(scales) != dimensions:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got "
            f"input with spatial dimensions of {list(input.shape[2:])} and scale_factor of shape "
            f"{scale_factor}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "scale_factor in (s1, s2, ...,sK) format."
        )
    sizes = [math.floor(n * s) for n, s in zip(input.shape[2:], scales, strict=True)]
    return sizes, [None] * dimensions if recompute else [float(s) for s in scales]


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """An image of another size.

    Args:
        input: (N, C, L), (N, C, H, W) or (N, C, D, H, W).
        size: the output's spatial sizes; or
        scale_factor: what they are times the input's.
        mode: "nearest", "nearest-exact", "area", "linear" (3D), "bilinear" or "bicubic" (4D), or
            "trilinear" (5D).
        align_corners: whether the centres of the corner pixels fall together.
        recompute_scale_factor: let the rounded sizes, not `scale_factor`, say where pixels are.
        antialias: for "bilinear" and "bicubic": average over what is made smaller.

    Returns:
        The resized image.

    Raises:
        ValueError, NotImplementedError: if the arguments do not go together.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.interpolate(kajo.tensor([[[0.0, 2.0]]]), 4, mode="linear", align_corners=False)
        tensor([[[0.0000, 0.5000, 1.5000, 2.0000]]])
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | "
                "bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    sizes, scales = _output_sizes(input, size, scale_factor, recompute_scale_factor)
    if antialias and not (mode in ("bilinear", "bicubic") and input.dim() == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )
    dimensions = input.dim() - 2
    if mode not in _MODES or dimensions not in _AREA or _MODES[mode] not in (None, dimensions):
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input.dim()}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | "
            f"area | nearest-exact (got {mode})"
        )
    if min(sizes) <= 0 or 0 in input.shape[2:]:
        raise RuntimeError(
            "Input and output sizes should be greater than 0, but got input (H: "
            f"{list(input.shape[2:])}) output {sizes}"
        )
    if mode == "area":
        return _AREA[dimensions](input, sizes)
    steps = [
        1.0 if n == out and scale in (None, 1.0) else _step(n, out, scale, bool(align_corners))
        for n, out, scale in zip(input.shape[2:], sizes, scales, strict=True)
    ]
    # As the arithmetic of the reference has it; bytes of images are computed in whole numbers.
    exact = mode.startswith("nearest") or input.dtype in (kajo.float32, kajo.float64)
    in_bytes = input.dtype == kajo.uint8 and dimensions == 2
    wide = input if exact or in_bytes else input.float()
    result = _core.resample(wide, sizes, steps, mode, bool(align_corners), antialias)
    if input.dtype == kajo.uint8 and wide is not input:
        result = result.round().clamp(0, 255)
    return result.to(input.dtype)


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The older name of :func:`interpolate`.

    Args:
        input, size, scale_factor, mode, align_corners: as there.

    Returns:
        The resized image.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.upsample(kajo.tensor([[[1.0, 2.0]]]), scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "nearest".

    Args:
        input, size, scale_factor: as there.

    Returns:
        The resized image.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.upsample_nearest(kajo.tensor([[[1.0, 2.0]]]), scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """:func:`interpolate` with mode "bilinear" and `align_corners`.

    Args:
        input, size, scale_factor: as there.

    Returns:
        The resized image.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.upsample_bilinear(kajo.tensor([[[[1.0, 2.0]]]]), size=(1, 3))
        tensor([[[[1.0000, 1.5000, 2.0000]]]])
    """
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
