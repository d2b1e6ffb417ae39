"""Images as columns of patches and back, and the shuffling of pixels and channels."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.nn._tuples import _pair

pixel_shuffle = _core.pixel_shuffle
pixel_unshuffle = _core.pixel_unshuffle
channel_shuffle = _core.channel_shuffle
native_channel_shuffle = _core.channel_shuffle


def _check_positive(name: str, **arguments: Any) -> None:
    for argument, values in arguments.items():
        least = 0 if argument == "padding" else 1
        if any(value < least for value in values):
            what = "non negative" if least == 0 else "greater than zero"
            raise RuntimeError(f"{name}: {argument} should be {what}, but got {values}")


def _patch_places(height: int, width: int, kernel: Any, dilation: Any, stride: Any) -> Tensor:
    """Flat places in a (height, width) image: (elements of the patch, patches)."""
    places = kajo.zeros((1, 1, 1, 1), dtype=kajo.int64)
    for i, size in enumerate((height, width)):
        count = (size - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1
        inside = kajo.arange(kernel[i]) * dilation[i]
        starts = kajo.arange(count) * stride[i]
        shape = [1, 1, 1, 1]
        shape[i], shape[2 + i] = kernel[i], count
        places = places * size + (inside.unsqueeze(1) + starts).reshape(shape)
    return places.reshape(kernel[0] * kernel[1], -1)


def unfold(
    input: Tensor,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Every patch of an image as a column.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, dilation, padding, stride: which patches there are.

    Returns:
        (N, C prod(kernel_size), L), L the number of patches.

    Raises:
        RuntimeError: if the shape does not fit.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.unfold(kajo.ones(1, 3, 4, 4), 2).shape
        kajo.Size([1, 12, 9])
    """
    kernel, step = _pair(kernel_size), _pair(dilation)
    margin, stride = _pair(padding), _pair(stride)
    _check_positive("unfold", kernel_size=kernel, dilation=step, stride=stride, padding=margin)
    valid = (input.dim() == 3 and 0 not in input.shape) or (
        input.dim() == 4 and 0 not in input.shape[1:]
    )
    if not valid:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    batched = input.dim() == 4
    image = input if batched else input.unsqueeze(0)
    if any(margin):
        image = _core.pad(image, (margin[1], margin[1], margin[0], margin[0]))
    height, width = image.shape[2:]
    counts = [
        (size - d * (k - 1) - 1) // s + 1
        for size, d, k, s in zip((height, width), step, kernel, stride, strict=True)
    ]
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(input.shape[-2:])}, kernel_size={kernel}, "
            f"dilation={step}, padding={margin}, stride={stride}, calculated shape of the array "
            f"of sliding blocks as {tuple(counts)}, but its components must be at least one."
        )
    places = _patch_places(height, width, kernel, step, stride).to(input.device)
    columns = image.flatten(2).index_select(2, places.reshape(-1))
    rows = image.size(1) * places.size(0)
    columns = columns.reshape(image.size(0), rows, places.size(1))
    return columns if batched else columns.squeeze(0)


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """The sum of patches put back to their places: the transpose of :func:`unfold`.

    Args:
        input: (N, C prod(kernel_size), L) or without N.
        output_size: (H, W).
        kernel_size, dilation, padding, stride: as for `unfold`.

    Returns:
        (N, C, H, W) or without N.

    Raises:
        RuntimeError: if the shape does not fit.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.fold(kajo.ones(1, 4, 9), (4, 4), 2)[0, 0, 0]
        tensor([1., 2., 2., 1.])
    """
    size, kernel, step = _pair(output_size), _pair(kernel_size), _pair(dilation)
    margin, stride = _pair(padding), _pair(stride)
    _check_positive("fold", kernel_size=kernel, dilation=step, stride=stride, padding=margin)
    if input.dim() not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    batched = input.dim() == 3
    columns = input if batched else input.unsqueeze(0)
    elements = math.prod(kernel)
    if columns.size(1) % elements != 0:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={columns.size(1)} and kernel_size={kernel}."
        )
    height, width = size[0] + 2 * margin[0], size[1] + 2 * margin[1]
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip((height, width), step, kernel, stride, strict=True)
    ]
    if min(counts) < 1 or columns.size(2) != math.prod(counts):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={step}, padding={margin}, "
            f"stride={stride}, expected size of input's dimension 2 to match the calculated "
            f"number of sliding blocks {counts[0]} * {counts[1]} = {math.prod(counts)}, but got "
            f"input.size(2)={columns.size(2)}."
        )
    places = _patch_places(height, width, kernel, step, stride).to(input.device).reshape(-1)
    samples, channels = columns.size(0), columns.size(1) // elements
    image = columns.new_zeros((samples, channels, height * width))
    image = image.index_add(2, places, columns.reshape(samples, channels, places.numel()))
    image = image.view(samples, channels, height, width)
    image = image[:, :, margin[0] : margin[0] + size[0], margin[1] : margin[1] + size[1]]
    return image.contiguous() if batched else image.squeeze(0).contiguous()
