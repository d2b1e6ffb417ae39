"""Pooling and its inverse."""

from __future__ import annotations

from typing import Any

from kajo import Tensor, _core
from kajo.nn._tuples import _list_with_default

avg_pool1d = _core.avg_pool1d
avg_pool2d = _core.avg_pool2d
avg_pool3d = _core.avg_pool3d
adaptive_avg_pool1d = _core.adaptive_avg_pool1d


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest element in each window, and where in the input it was.

    Args:
        input: (N, C, L) or (C, L).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool1d_with_indices(kajo.arange(4.0).reshape(1, 1, 4), 2)[1].shape
        kajo.Size([1, 1, 2])
    """
    stride = [] if stride is None else stride
    return _core.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element in each window.

    Args:
        input: (N, C, L) or (C, L).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool1d(kajo.arange(4.0).reshape(1, 1, 4), 2).shape
        kajo.Size([1, 1, 2])
    """
    stride = [] if stride is None else stride
    if return_indices:
        return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return _core.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest element of each of `output_size` parts, and where in the input it was.

    Args:
        input: (N, C, L) or (C, L).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool1d_with_indices(kajo.arange(4.0).reshape(1, 1, 4), 2)[1].shape
        kajo.Size([1, 1, 2])
    """
    output_size = _list_with_default(output_size, input.size())
    return _core.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of `output_size` parts.

    Args:
        input: (N, C, L) or (C, L).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool1d(kajo.arange(4.0).reshape(1, 1, 4), 2).shape
        kajo.Size([1, 1, 2])
    """
    result = adaptive_max_pool1d_with_indices(input, output_size)
    return result if return_indices else result[0]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest element in each window, and where in the input it was.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool2d_with_indices(kajo.ones(1, 1, 4, 4), 2)[1].shape
        kajo.Size([1, 1, 2, 2])
    """
    stride = [] if stride is None else stride
    return _core.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element in each window.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool2d(kajo.ones(1, 1, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2])
    """
    stride = [] if stride is None else stride
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return _core.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest element of each of `output_size` parts, and where in the input it was.

    Args:
        input: (N, C, H, W) or (C, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool2d_with_indices(kajo.ones(1, 1, 4, 4), 2)[1].shape
        kajo.Size([1, 1, 2, 2])
    """
    output_size = _list_with_default(output_size, input.size())
    return _core.adaptive_max_pool2d(input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of `output_size` parts.

    Args:
        input: (N, C, H, W) or (C, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool2d(kajo.ones(1, 1, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2])
    """
    result = adaptive_max_pool2d_with_indices(input, output_size)
    return result if return_indices else result[0]


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each of `output_size` parts.

    Args:
        input: (N, C, H, W) or (C, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.

    Returns:
        The means.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_avg_pool2d(kajo.ones(1, 1, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2])
    """
    return _core.adaptive_avg_pool2d(input, _list_with_default(output_size, input.size()))


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest element in each window, and where in the input it was.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool3d_with_indices(kajo.ones(1, 1, 4, 4, 4), 2)[1].shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    stride = [] if stride is None else stride
    return _core.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element in each window.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.max_pool3d(kajo.ones(1, 1, 4, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    stride = [] if stride is None else stride
    if return_indices:
        return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return _core.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest element of each of `output_size` parts, and where in the input it was.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: not looked at.

    Returns:
        The maxima, and their flat places in each channel, int64.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool3d_with_indices(kajo.ones(1, 1, 4, 4, 4), 2)[1].shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    output_size = _list_with_default(output_size, input.size())
    return _core.adaptive_max_pool3d(input, output_size)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of `output_size` parts.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where in the input each maximum was.

    Returns:
        The maxima, or with `return_indices` a pair of them and their places.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_max_pool3d(kajo.ones(1, 1, 4, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    result = adaptive_max_pool3d_with_indices(input, output_size)
    return result if return_indices else result[0]


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each of `output_size` parts.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        output_size: a number, or one (or None, the input's) for each spatial dimension.

    Returns:
        The means.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.adaptive_avg_pool3d(kajo.ones(1, 1, 4, 4, 4), 2).shape
        kajo.Size([1, 1, 2, 2, 2])
    """
    return _core.adaptive_avg_pool3d(input, _list_with_default(output_size, input.size()))
