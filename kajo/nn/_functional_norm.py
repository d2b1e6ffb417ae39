"""Normalisations."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor, _core


def _check_several_values(size: Any) -> None:
    """A variance over one value is no variance."""
    count = size[0] * math.prod(size[2:])
    if count == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {size}"
        )


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel.

    Args:
        input: (N, C, ...).
        running_mean, running_var: (C,); used outside training, and updated in it.
        weight, bias: (C,).
        training: use the mean and variance of this batch.
        momentum: the share of this batch in the running values.
        eps: keeps the root above zero.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: in training, if there is only one value for each channel.

    Example:
        >>> import kajo
        >>> x = kajo.tensor([[1.0], [3.0]])
        >>> kajo.nn.functional.batch_norm(x, None, None, training=True).flatten()
        tensor([-1.0000,  1.0000])
    """
    if training:
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
        _check_several_values(input.size())
    elif eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return _core.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel and sample.

    Args:
        input: (N, C, ...).
        running_mean, running_var: (C,).
        weight, bias: (C,).
        use_input_stats: False uses the running values.
        momentum: the share of this batch in the running values.
        eps: keeps the root above zero.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if there is only one value for each channel of a sample.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.instance_norm(kajo.tensor([[[1.0, 3.0]]]), eps=0.0).flatten()
        tensor([-1.,  1.])
    """
    if use_input_stats:
        if math.prod(input.shape[2:]) == 1:
            raise ValueError(
                f"Expected more than 1 spatial element when training, got input size {input.size()}"
            )
    elif running_mean is None or running_var is None:
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    samples, channels = input.size(0), input.size(1)
    # Each channel of each sample becomes a channel of one sample.
    joined = input.contiguous().view(1, samples * channels, *input.shape[2:])
    running: list[Any] = [
        None if r is None else r.repeat(samples) for r in (running_mean, running_var)
    ]
    affine: list[Any] = [None if w is None else w.repeat(samples) for w in (weight, bias)]
    result = _core.batch_norm(
        joined, affine[0], affine[1], running[0], running[1], use_input_stats, momentum, eps
    )
    if use_input_stats:
        with kajo.no_grad():
            for kept, new in zip((running_mean, running_var), running, strict=True):
                if kept is not None and new is not None:
                    kept.copy_(new.view(samples, channels).mean(0))
    return result.view(input.size())


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance over the last dimensions.

    Args:
        input: (..., *normalized_shape).
        normalized_shape: the sizes of those dimensions.
        weight, bias: of that shape.
        eps: keeps the root above zero.

    Returns:
        A tensor of the input's shape.

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.layer_norm(kajo.tensor([1.0, 3.0]), (2,), eps=0.0)
        tensor([-1.,  1.])
    """
    return _core.layer_norm(input, normalized_shape, weight, bias, eps)


def _is_plain(tensor: Tensor) -> bool:
    """Whether the core computes with it itself, and in floating point."""
    return type(tensor) in (Tensor, kajo.nn.Parameter) and tensor.is_floating_point()


def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """weight x / sqrt(mean(x^2) + eps), the mean over the last dimensions.

    Args:
        input: (..., *normalized_shape).
        normalized_shape: the sizes of those dimensions.
        weight: of that shape.
        eps: keeps the root above zero; default the input type's smallest step at 1.

    Returns:
        A tensor of the input's shape.

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.rms_norm(kajo.tensor([3.0, 3.0]), (2,))
        tensor([1., 1.])
    """
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            f"one element, but got normalized_shape = {list(shape)}"
        )
    if weight is not None and tuple(weight.shape) != shape:
        raise RuntimeError(
            "Expected weight to be of same shape as normalized_shape, but got weight of shape "
            f"{list(weight.shape)} and normalized_shape = {list(shape)}"
        )
    if tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    small = input.dtype in (kajo.float16, kajo.bfloat16)
    wide = input.float() if small else input
    step = kajo.finfo(wide.dtype).eps if eps is None else eps
    if _is_plain(input) and (
        weight is None or (_is_plain(weight) and (small or weight.dtype == input.dtype))
    ):
        return _core._rms_norm(input, shape, weight, step)
    over = tuple(range(-len(shape), 0))
    result = wide * kajo.rsqrt(wide.pow(2).mean(over, keepdim=True) + step)
    if weight is not None:
        result = result * weight
    return result.to(input.dtype) if small else result


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each group of channels.

    Args:
        input: (N, C, ...).
        num_groups: into how many groups the channels are divided.
        weight, bias: (C,).
        eps: keeps the root above zero.

    Returns:
        A tensor of the input's shape.

    Raises:
        RuntimeError: if the groups do not divide the channels.
        ValueError: if there is only one value for each group.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.group_norm(kajo.tensor([[1.0, 3.0]]), 1, eps=0.0)
        tensor([[-1.,  1.]])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.dim()}"
        )
    _check_several_values(
        [input.size(0) * input.size(1) // num_groups, num_groups, *input.shape[2:]]
    )
    return _core.group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha mean(x^2 over `size` neighbouring channels))^beta.

    Args:
        input: (N, C, ...).
        size: how many channels.
        alpha, beta, k: as in the formula.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if the input has fewer than 3 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.local_response_norm(kajo.ones(1, 2, 1), 2, alpha=0.0).flatten()
        tensor([1., 1.])
    """
    if input.dim() < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.dim()} dimensions)"
        )
    if input.numel() == 0:
        return input
    samples, channels = input.size(0), input.size(1)
    squares = input.mul(input).reshape(samples, 1, channels, -1)
    padded = _core.pad(squares, (0, 0, size // 2, (size - 1) // 2))
    mean = _core.avg_pool2d(padded, (size, 1), stride=1).reshape(input.size())
    return input / mean.mul(alpha).add(k).pow(beta)


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x / max(||x||_p, eps), the norm along a dimension.

    Args:
        input: any shape.
        p: of the norm.
        dim: the dimension, or several.
        eps: keeps the divisor above zero.
        out: where to write the result.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.normalize(kajo.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    length = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / length if out is None else kajo.div(input, length, out=out)
