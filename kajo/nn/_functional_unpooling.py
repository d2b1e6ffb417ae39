"""Pooling by norms and by random windows, and the inverse of max pooling."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.nn._tuples import _ntuple


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) over each window.

    Args:
        input: (N, C, L) or (C, L).
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Returns:
        One value a window.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.lp_pool1d(kajo.ones(1, 1, 4), 2, 2).shape
        kajo.Size([1, 1, 2])
    """
    size = _ntuple(1)(kernel_size)
    steps = kernel_size if stride is None else stride
    mean = _core.avg_pool1d(input.pow(norm_type), size, steps, 0, ceil_mode)
    # The root of a negative sum of odd powers is not taken.
    total = (mean.sign() * mean.abs().relu()).mul(math.prod(size))
    return total.pow(1.0 / norm_type)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put pooled maxima back where they were; all else is 0.

    Args:
        input: (N, C, L) or (C, L): what `max_pool1d` gave.
        indices: the places that it gave.
        kernel_size, stride, padding: its arguments.
        output_size: the size of its input, where several are possible.

    Returns:
        A tensor of that size.

    Raises:
        ValueError: if `output_size` does not fit.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> pooled, places = F.max_pool1d(kajo.ones(1, 1, 4), 2, return_indices=True)
        >>> F.max_unpool1d(pooled, places, 2).shape
        kajo.Size([1, 1, 4])
    """
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) over each window.

    Args:
        input: (N, C, H, W) or (C, H, W).
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Returns:
        One value a window.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.lp_pool2d(kajo.ones(1, 1, 4, 4), 2, 2).shape
        kajo.Size([1, 1, 2, 2])
    """
    size = _ntuple(2)(kernel_size)
    steps = kernel_size if stride is None else stride
    mean = _core.avg_pool2d(input.pow(norm_type), size, steps, 0, ceil_mode)
    # The root of a negative sum of odd powers is not taken.
    total = (mean.sign() * mean.abs().relu()).mul(math.prod(size))
    return total.pow(1.0 / norm_type)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put pooled maxima back where they were; all else is 0.

    Args:
        input: (N, C, H, W) or (C, H, W): what `max_pool2d` gave.
        indices: the places that it gave.
        kernel_size, stride, padding: its arguments.
        output_size: the size of its input, where several are possible.

    Returns:
        A tensor of that size.

    Raises:
        ValueError: if `output_size` does not fit.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> pooled, places = F.max_pool2d(kajo.ones(1, 1, 4, 4), 2, return_indices=True)
        >>> F.max_unpool2d(pooled, places, 2).shape
        kajo.Size([1, 1, 4, 4])
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) over each window.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Returns:
        One value a window.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.lp_pool3d(kajo.ones(1, 1, 4, 4, 4), 2, 2).shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    size = _ntuple(3)(kernel_size)
    steps = kernel_size if stride is None else stride
    mean = _core.avg_pool3d(input.pow(norm_type), size, steps, 0, ceil_mode)
    # The root of a negative sum of odd powers is not taken.
    total = (mean.sign() * mean.abs().relu()).mul(math.prod(size))
    return total.pow(1.0 / norm_type)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put pooled maxima back where they were; all else is 0.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W): what `max_pool3d` gave.
        indices: the places that it gave.
        kernel_size, stride, padding: its arguments.
        output_size: the size of its input, where several are possible.

    Returns:
        A tensor of that size.

    Raises:
        ValueError: if `output_size` does not fit.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> pooled, places = F.max_pool3d(kajo.ones(1, 1, 4, 4, 4), 2, return_indices=True)
        >>> F.max_unpool3d(pooled, places, 2).shape
        kajo.Size([1, 1, 4, 4, 4])
    """
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _unpool(
    dimensions: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Tensor:
    name = f"max_unpool{dimensions}d"
    _core._alert_not_deterministic(f"max_unpooling{max(dimensions, 2)}d_forward_out")
    spread = _ntuple(dimensions)
    size, margin = spread(kernel_size), spread(padding)
    steps = size if stride is None else spread(stride)
    if input.dim() not in (dimensions + 1, dimensions + 2):
        raise RuntimeError(
            f"{name}: Input to {name} should be a {dimensions + 1}D or {dimensions + 2}D tensor, "
            f"but got a {input.dim()}D tensor"
        )
    if indices.dtype != kajo.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    sizes = _unpooled_sizes(input.shape[-dimensions:], size, steps, margin, output_size)
    lead = input.shape[:-dimensions]
    flat = indices.flatten(-dimensions)
    places = math.prod(sizes)
    if flat.numel() and (int(flat.min()) < 0 or int(flat.max()) >= places):
        raise RuntimeError(
            f"{name}: Found an invalid max index: an index is out of range for an output of size "
            f"{list(sizes)}"
        )
    result = input.new_zeros((*lead, places)).scatter(-1, flat, input.flatten(-dimensions))
    return result.reshape(*lead, *sizes)


def _unpooled_sizes(input_size: Any, size: Any, steps: Any, margin: Any, wanted: Any) -> list[int]:
    """The output's spatial sizes: the smallest possible, or `wanted` if it can be."""
    count = len(size)
    default = [
        (n - 1) * step + k - 2 * p
        for n, step, k, p in zip(input_size, steps, size, margin, strict=True)
    ]
    if wanted is None:
        return default
    if len(wanted) == count + 2:
        wanted = wanted[2:]
    elif len(wanted) == count + 1:
        wanted = wanted[1:]
    if len(wanted) != count:
        raise ValueError(
            f"output_size should be a sequence containing {count} or {count + 2} elements, but "
            f"it has a length of '{len(wanted)}'"
        )
    least = [n - step for n, step in zip(default, steps, strict=True)]
    most = [n + step for n, step in zip(default, steps, strict=True)]
    if not all(low < n < high for low, n, high in zip(least, wanted, most, strict=True)):
        raise ValueError(
            f'invalid output_size "{list(wanted)}" (dim 0 must be between {least[0]} and {most[0]})'
        )
    return list(wanted)


def _window_starts(samples: Tensor, input_size: int, output_size: int, kernel: int) -> Tensor:
    """First places of `output_size` windows, spread by the random `samples` of (N, C)."""
    if output_size == 1:
        return kajo.full((*samples.shape, 1), input_size - kernel, dtype=kajo.int64)
    alpha = (input_size - kernel) / (output_size - 1)
    steps = kajo.arange(output_size - 1, dtype=samples.dtype)
    drawn = samples.unsqueeze(-1)
    starts = ((steps + drawn) * alpha).long() - (drawn * alpha).long()
    last = kajo.full((*samples.shape, 1), input_size - kernel, dtype=kajo.int64)
    return kajo.cat([starts, last], -1)


def _fractional(
    dimensions: int,
    input: Tensor,
    kernel_size: Any,
    output_size: Any,
    output_ratio: Any,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    name = f"fractional_max_pool{dimensions}d"
    spread = _ntuple(dimensions)
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    spatial = input.shape[-dimensions:]
    if output_size is None:
        ratios = spread(output_ratio)
        output_size = [int(n * r) for n, r in zip(spatial, ratios, strict=True)]
    sizes, kernel = spread(output_size), spread(kernel_size)
    if input.dim() not in (dimensions + 1, dimensions + 2):
        raise RuntimeError(
            f"{name}: Expected {dimensions + 1}D or {dimensions + 2}D tensor, but got: "
            f"{list(input.shape)}"
        )
    for n, out, k in zip(spatial, sizes, kernel, strict=True):
        if out + k - 1 > n:
            raise RuntimeError(
                f"{name}: pool size {k} too large relative to input size {n} for {out} outputs"
            )
    batched = input if input.dim() == dimensions + 2 else input.unsqueeze(0)
    lead = batched.shape[:2]
    if samples is None:
        samples = kajo.rand(*lead, dimensions, dtype=input.dtype, device=input.device)
    samples = samples[: lead[0], : lead[1]]
    # Flat places of every element of every window: (N, C, outputs..., elements of the window).
    place = kajo.zeros((1,) * (2 + 2 * dimensions), dtype=kajo.int64)
    for i in range(dimensions):
        # For images the random numbers are given from the last dimension to the first.
        drawn = samples[..., i if dimensions == 3 else dimensions - 1 - i]
        starts = _window_starts(drawn, spatial[i], sizes[i], kernel[i])
        offsets = starts.unsqueeze(-1) + kajo.arange(kernel[i])
        view = [*lead] + [1] * (2 * dimensions)
        view[2 + i], view[2 + dimensions + i] = sizes[i], kernel[i]
        place = place * spatial[i] + offsets.reshape(view)
    place = place.flatten(2 + dimensions).flatten(2, 1 + dimensions)
    values = batched.flatten(2).gather(2, place.flatten(2)).view(place.shape)
    values, chosen = values.max(-1)
    indices = place.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
    shape = (*lead, *sizes) if input.dim() == dimensions + 2 else (lead[1], *sizes)
    return values.reshape(shape), indices.reshape(shape)


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest element of windows at random places, so many that the output has a given size.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each below 1.
        return_indices: whether the places are asked for too.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Raises:
        ValueError: if neither size nor ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.fractional_max_pool2d_with_indices(kajo.ones(1, 1, 6, 6), 2, 3)[0].shape
        kajo.Size([1, 1, 3, 3])
    """
    return _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of windows at random places, so many that the output has a given size.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each below 1.
        return_indices: whether the places are asked for too.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Raises:
        ValueError: if neither size nor ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.fractional_max_pool2d(kajo.ones(1, 1, 6, 6), 2, 3).shape
        kajo.Size([1, 1, 3, 3])
    """
    result = _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return result if return_indices else result[0]


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest element of windows at random places, so many that the output has a given size.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each below 1.
        return_indices: whether the places are asked for too.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Raises:
        ValueError: if neither size nor ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.fractional_max_pool3d_with_indices(kajo.ones(1, 1, 6, 6, 6), 2, 3)[0].shape
        kajo.Size([1, 1, 3, 3, 3])
    """
    return _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of windows at random places, so many that the output has a given size.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each below 1.
        return_indices: whether the places are asked for too.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Raises:
        ValueError: if neither size nor ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.fractional_max_pool3d(kajo.ones(1, 1, 6, 6, 6), 2, 3).shape
        kajo.Size([1, 1, 3, 3, 3])
    """
    result = _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return result if return_indices else result[0]
