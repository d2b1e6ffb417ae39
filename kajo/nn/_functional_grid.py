"""Sampling images at any places."""

from __future__ import annotations

import warnings
from typing import Any

import kajo
from kajo import Tensor, _core


def _warn_about_corners(name: str) -> None:
    warnings.warn(
        f"Default {name} and affine_grid behavior has changed to align_corners=False since 1.3.0. "
        "Please specify align_corners=True if the old behavior is desired. See the documentation "
        f"of {name} for details.",
        stacklevel=3,
    )


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """Where each pixel of the output is to be taken from, for an affine map.

    Args:
        theta: (N, 2, 3) for images, (N, 3, 4) for volumes.
        size: the output's, (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether -1 and 1 are the centres of the corner pixels or the outer edges.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3), for :func:`grid_sample`.

    Raises:
        ValueError: if the shapes or the dtype do not fit.

    Example:
        >>> import kajo
        >>> theta = kajo.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        >>> kajo.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=True)[0, 0]
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """
    if align_corners is None:
        _warn_about_corners("grid_sample")
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    dimensions = len(size) - 2
    if dimensions not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (dimensions, dimensions + 1):
        raise ValueError(
            f"Expected a batch of {dimensions}D affine matrices of shape "
            f"Nx{dimensions}x{dimensions + 1} for size {size}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    spatial = list(size[2:])
    axes = []
    for i in reversed(range(dimensions)):
        n = spatial[i]
        line = kajo.linspace(-1, 1, n, dtype=theta.dtype, device=theta.device)
        if n == 1:
            line = kajo.zeros_like(line)
        elif not align_corners:
            line = line * ((n - 1) / n)
        shape = [1] * dimensions
        shape[i] = n
        axes.append(line.view(shape).expand(spatial))
    axes.append(kajo.ones(spatial, dtype=theta.dtype, device=theta.device))
    base = kajo.stack(axes, -1).view(1, -1, dimensions + 1).expand(size[0], -1, -1)
    return base.bmm(theta.transpose(1, 2)).view(size[0], *spatial, dimensions)


def _reflected(x: Tensor, twice_low: int, twice_high: int) -> Tensor:
    """`x` thrown back at twice_low / 2 and twice_high / 2 until it is between them."""
    if twice_low == twice_high:
        return kajo.zeros_like(x)
    low, span = twice_low / 2, (twice_high - twice_low) / 2
    x = (x - low).abs()
    extra = x.fmod(span)
    flips = (x / span).floor()
    return kajo.where(flips.remainder(2) == 0, extra + low, span - extra + low)


def _to_pixels(x: Tensor, size: int, align_corners: bool, dimensions: int) -> Tensor:
    if dimensions == 2:  # the factor first, which shows in 16-bit types
        return (x + 1) * ((size - 1) / 2) if align_corners else (x + 1) * (size / 2) - 0.5
    return (x + 1) / 2 * (size - 1) if align_corners else ((x + 1) * size - 1) / 2


def _inside(x: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    if padding_mode == "border":
        return x.clamp(0, size - 1)
    if padding_mode == "reflection":
        ends = (0, 2 * (size - 1)) if align_corners else (-1, 2 * size - 1)
        return _reflected(x, *ends).clamp(0, size - 1)
    return x


def _taken(flat: Tensor, index: list[Tensor], sizes: list[int]) -> Tensor:
    """The pixels at `index`, one tensor (N, places) a dimension; 0 outside the image."""
    place: Any = 0
    valid: Any = True
    for i, size in zip(index, sizes, strict=True):
        valid = (i >= 0) & (i < size) & valid
        place = place * size + i.clamp(0, size - 1).long()
    place = place.unsqueeze(1).expand(-1, flat.size(1), -1)
    return flat.gather(2, place) * valid.unsqueeze(1).to(flat.dtype)


def _check_grid(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or "
            f"'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if input.dim() not in (4, 5) or input.dim() != grid.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if input.size(0) != grid.size(0):
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.size(-1) != input.dim() - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.dim() - 2} in last dimension, "
            f"but got grid with sizes {list(grid.shape)}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {list(input.shape)}"
        )
    if mode == "bicubic" and input.dim() == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype != grid.dtype:
        raise RuntimeError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype} and grid has {grid.dtype}"
        )


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The image at the places that a grid says.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, H', W', 2) of (x, y), or (N, D', H', W', 3) of (x, y, z), each in [-1, 1].
        mode: "bilinear", "nearest" or, for images, "bicubic".
        padding_mode: what is outside: "zeros", "border" or "reflection".
        align_corners: whether -1 and 1 are the centres of the corner pixels or the outer edges.

    Returns:
        (N, C, H', W') or (N, C, D', H', W').

    Raises:
        ValueError, RuntimeError: if the arguments do not go together.

    Example:
        >>> import kajo
        >>> image = kajo.tensor([[[[1.0, 3.0]]]])
        >>> grid = kajo.zeros(1, 1, 1, 2)
        >>> kajo.nn.functional.grid_sample(image, grid, align_corners=True).flatten()
        tensor([2.])
    """
    _check_grid(input, grid, mode, padding_mode)
    if align_corners is None:
        _warn_about_corners("grid_sample")
        align_corners = False
    codes = _MODES.index(mode), _PADDING_MODES.index(padding_mode)
    if not _is_plain(input, grid):
        return _composed(input, grid, mode, padding_mode, align_corners)
    if kajo.is_grad_enabled() and (input.requires_grad or grid.requires_grad):
        result: Tensor = GridSampler.apply(input, grid, *codes, align_corners)
        return result
    return _core.grid_sample(input, grid, *codes, align_corners)


def _is_plain(input: Tensor, grid: Tensor) -> bool:
    """Whether the kernels can take these: tensors in memory, of their types, without tangents."""
    return (
        all(type(t) in (Tensor, kajo.nn.Parameter) for t in (input, grid))
        and input.dtype in (kajo.float32, kajo.float64)
        and input.shape[2:].numel() < 1 << 29
        and not _core._forward_levels()
    )


class GridSampler(kajo.autograd.Function):
    """The kernels, with gradients that the composite gives where they are to have gradients in turn."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        ctx.save_for_backward(*args[:2])
        ctx.how = args[2:]
        return _core.grid_sample(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        input, grid = ctx.saved_tensors
        mode, padding_mode, align_corners = ctx.how
        if not kajo.is_grad_enabled():
            of_image, of_grid = ctx.needs_input_grad[:2]
            found = _core.grid_sample_gradients(
                grads[0], input, grid, mode, padding_mode, align_corners, of_image
            )
            return found[0], found[1] if of_grid else None, None, None, None
        result = _composed(input, grid, _MODES[mode], _PADDING_MODES[padding_mode], align_corners)
        wanted = [t for t, needed in zip((input, grid), ctx.needs_input_grad) if needed]
        gradients = iter(
            kajo.autograd.grad(result, wanted, grads[0], create_graph=True, materialize_grads=True)
        )
        return *(next(gradients) if n else None for n in ctx.needs_input_grad[:2]), None, None, None


def _composed(
    input: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool
) -> Tensor:
    """The same by operations that have gradients of any order."""
    sizes = list(input.shape[2:])
    dimensions = len(sizes)
    flat = input.flatten(2)
    places = grid.reshape(grid.size(0), -1, dimensions)
    # The grid names the last dimension first.
    source = [
        _to_pixels(places[..., dimensions - 1 - i], sizes[i], align_corners, dimensions)
        for i in range(dimensions)
    ]
    shape = (input.size(0), input.size(1), *grid.shape[1:-1])
    if mode == "bicubic":
        return _bicubic(flat, source, sizes, padding_mode, align_corners).view(shape)
    source = [
        _inside(x, size, padding_mode, align_corners) for x, size in zip(source, sizes, strict=True)
    ]
    if mode == "nearest":
        return _taken(flat, [x.detach().round() for x in source], sizes).view(shape)
    low = [x.detach().floor() for x in source]
    total: Any = 0
    for corner in range(2**dimensions):
        index, weight = [], 1
        for i in range(dimensions):
            upper = corner >> (dimensions - 1 - i) & 1
            share = source[i] - low[i]
            weight = weight * (share if upper else 1 - share)  # type: ignore[assignment]
            index.append(low[i] + upper)
        total = total + _taken(flat, index, sizes) * weight.unsqueeze(1)  # type: ignore[attr-defined]
    return total.view(shape)


def _bicubic(
    flat: Tensor, source: list[Tensor], sizes: list[int], padding_mode: str, align_corners: bool
) -> Tensor:
    low = [x.detach().floor() for x in source]
    down, across = (_four_weights(x - floor) for x, floor in zip(source, low, strict=True))
    total: Any = 0
    for row in range(4):
        line: Any = 0
        for column in range(4):
            index = [
                _inside(x, size, padding_mode, align_corners).round()
                for x, size in zip((low[0] + (row - 1), low[1] + (column - 1)), sizes, strict=True)
            ]
            line = line + _taken(flat, index, sizes) * across[column].unsqueeze(1)
        total = total + line * down[row].unsqueeze(1)
    return total


def _four_weights(t: Tensor) -> list[Tensor]:
    """The cubic convolution of four neighbours, `t` behind the second; a 16-bit type rounds each step."""
    a = -0.75

    def far(x: Tensor) -> Tensor:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    def near(x: Tensor) -> Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


_MODES = ("bilinear", "nearest", "bicubic")
_PADDING_MODES = ("zeros", "border", "reflection")


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """:func:`kajo.nn.functional.grid_sample` with its modes as numbers.

    Args:
        interpolation_mode: 0 for bilinear, 1 for nearest, 2 for bicubic.
        padding_mode: 0 for zeros, 1 for border, 2 for reflection.

    >>> import kajo
    >>> image, grid = kajo.tensor([[[[1.0, 3.0]]]]), kajo.zeros(1, 1, 1, 2)
    >>> kajo.grid_sampler(image, grid, 0, 0, True).flatten()
    tensor([2.])
    """
    mode = _MODES[interpolation_mode]
    return grid_sample(input, grid, mode, _PADDING_MODES[padding_mode], align_corners)


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """:func:`kajo.grid_sampler` of images.

    >>> import kajo
    >>> image = kajo.tensor([[[[1.0, 3.0]]]])
    >>> kajo.grid_sampler_2d(image, kajo.zeros(1, 1, 1, 2), 0, 0, False)
    tensor([[[[2.]]]])
    """
    if input.dim() != 4:
        raise RuntimeError(f"grid_sampler_2d(): expected 4D input, but got {tuple(input.shape)}")
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """:func:`kajo.grid_sampler` of volumes.

    >>> import kajo
    >>> volume = kajo.tensor([[[[[1.0, 3.0]]]]])
    >>> kajo.grid_sampler_3d(volume, kajo.zeros(1, 1, 1, 1, 3), 0, 0, False)
    tensor([[[[[2.]]]]])
    """
    if input.dim() != 5:
        raise RuntimeError(f"grid_sampler_3d(): expected 5D input, but got {tuple(input.shape)}")
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)
