"""Resizing images."""

from __future__ import annotations

import math
import warnings
from typing import Any

import kajo
from kajo import Tensor
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


def _cubic(distance: Tensor, a: float) -> Tensor:
    """The cubic convolution kernel with parameter `a`."""
    x = distance.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return kajo.where(x <= 1, near, kajo.where(x < 2, far, kajo.zeros_like(x)))


def _step(size: int, out: int, scale: float | None, align_corners: bool) -> float:
    """How far apart in the input two neighbours of the output are."""
    if align_corners:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return 1.0 / scale if scale is not None and scale > 0 else size / out


def _taps(
    mode: str, size: int, out: int, scale: float | None, align_corners: bool, dtype: Any
) -> tuple[Tensor, Tensor]:
    """For each output place the input places it is made of, and their weights: (out, taps)."""
    step = _step(size, out, scale, align_corners)
    place = kajo.arange(out, dtype=dtype)
    source = place * step if align_corners else (place + 0.5) * step - 0.5
    if mode == "cubic":
        first = source.floor()
        offsets = kajo.arange(-1, 3, dtype=dtype)
        index = first.unsqueeze(1) + offsets
        weight = _cubic(source.unsqueeze(1) - index, -0.75)
    else:
        source = source.clamp_min(0)
        first = source.floor().clamp_max(size - 1)
        share = (source - first).clamp(0, 1)
        index = kajo.stack([first, first + 1], 1)
        weight = kajo.stack([1 - share, share], 1)
    return index.clamp(0, size - 1).long(), weight


def _antialiased_taps(
    mode: str, size: int, out: int, scale: float | None, align_corners: bool, dtype: Any
) -> tuple[Tensor, Tensor]:
    """The same with the kernel as wide as the step between outputs."""
    step = _step(size, out, scale, align_corners)
    reach = 2.0 if mode == "cubic" else 1.0
    stretch = max(step, 1.0)
    support = reach * stretch
    center = (kajo.arange(out, dtype=dtype) + 0.5) * step
    first = (center - support + 0.5).long().clamp_min(0)
    last = (center + support + 0.5).long().clamp_max(size)
    taps = int((last - first).max())
    index = first.unsqueeze(1) + kajo.arange(taps)
    distance = (index.to(dtype) - center.unsqueeze(1) + 0.5) / stretch
    weight = _cubic(distance, -0.5) if mode == "cubic" else (1 - distance.abs()).clamp_min(0)
    weight = weight * (index < last.unsqueeze(1))
    return index.clamp_max(size - 1), weight / weight.sum(1, keepdim=True)


def _weighted(input: Tensor, dim: int, index: Tensor, weight: Tensor) -> Tensor:
    """The weighted sum of the slices that `index` names, along one dimension."""
    shape = [1] * input.dim()
    shape[dim] = -1
    total: Any = 0
    for tap in range(index.size(1)):
        part = input.index_select(dim, index[:, tap].to(input.device))
        total = total + part * weight[:, tap].to(input.device).view(shape)
    return total


def _weighted_bytes(input: Tensor, dim: int, index: Tensor, weight: Tensor) -> Tensor:
    """The same for bytes, with weights in whole parts as 16 bits hold them: rounded, within 0 to 255."""
    weight = weight.clone()
    for tap in range(1, index.size(1)):  # beyond the border, weights add up before they are rounded
        carried = weight[:, tap - 1] * (index[:, tap] == index[:, tap - 1])
        weight[:, tap] += carried
        weight[:, tap - 1] -= carried
    largest = float(weight.max())
    precision = 0
    while precision < 22 and int(0.5 + largest * (2 << precision)) < 1 << 15:
        precision += 1
    parts = (weight * (1 << precision)).abs().add(0.5).trunc().copysign(weight).long()
    total = _weighted(input.long(), dim, index, parts)
    return ((total + (1 << precision - 1)) >> precision).clamp(0, 255).to(kajo.uint8)


def _nearest(input: Tensor, dim: int, out: int, scale: float | None, exact: bool) -> Tensor:
    size = input.size(dim)
    step = _step(size, out, scale, False)
    # float32 as the arithmetic of the reference has it; ties must fall the same way.
    place = kajo.arange(out, dtype=kajo.float32)
    source = ((place + 0.5) if exact else place) * kajo.tensor(step, dtype=kajo.float32)
    index = source.floor().long().clamp_max(size - 1)
    return input.index_select(dim, index.to(input.device))


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
    if mode.startswith("nearest"):
        for i in range(dimensions):
            input = _nearest(input, 2 + i, sizes[i], scales[i], mode == "nearest-exact")
        return input
    kind = "cubic" if mode == "bicubic" else "linear"
    make = _antialiased_taps if antialias else _taps
    # float32 as the arithmetic of the reference has it.
    in_bytes = input.dtype == kajo.uint8 and dimensions == 2
    exact = kajo.float64 if input.dtype == kajo.float64 or in_bytes else kajo.float32
    result = input if input.dtype == exact or in_bytes else input.to(exact)
    for i in reversed(range(dimensions)):
        same = result.size(2 + i) == sizes[i] and scales[i] in (None, 1.0)
        if not same:
            taps = make(kind, result.size(2 + i), sizes[i], scales[i], bool(align_corners), exact)
            result = (_weighted_bytes if in_bytes else _weighted)(result, 2 + i, *taps)
    if input.dtype == kajo.uint8 and not in_bytes:
        return result.round().clamp(0, 255).to(kajo.uint8)
    return result.to(input.dtype) if result is not input else input.clone()


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
