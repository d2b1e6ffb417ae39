"""Gradients of convolutions, as functions."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]


def _gradient(
    convolution: Any, of: str, tensors: dict[str, Tensor], grad_output: Tensor, options: Any
) -> Tensor:
    """The gradient of a convolution, which is linear in each of its arguments."""
    with kajo.enable_grad():
        leaves = {name: tensor.detach() for name, tensor in tensors.items()}
        leaves[of].requires_grad_(True)
        result = convolution(leaves["input"], leaves["weight"], None, *options)
    gradient: Tensor = kajo.autograd.grad(result, leaves[of], grad_output)[0]
    return gradient


def conv1d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` with respect to its input.

    Args:
        input_size: the input's shape.
        weight: (O, C / groups, *).
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv1d_input((1, 1, 4), kajo.ones(1, 1, 3), kajo.ones(1, 1, 2)).shape
        kajo.Size([1, 1, 4])
    """
    input = grad_output.new_zeros(input_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv1d, "input", tensors, grad_output, options)


def conv1d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` with respect to its weight.

    Args:
        input: (N, C, *).
        weight_size: the weight's shape.
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the weight's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv1d_weight(kajo.ones(1, 1, 4), (1, 1, 3), kajo.ones(1, 1, 2)).shape
        kajo.Size([1, 1, 3])
    """
    weight = grad_output.new_zeros(weight_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv1d, "weight", tensors, grad_output, options)


def conv2d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its input.

    Args:
        input_size: the input's shape.
        weight: (O, C / groups, *).
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv2d_input((1, 1, 4, 4), kajo.ones(1, 1, 3, 3), kajo.ones(1, 1, 2, 2)).shape
        kajo.Size([1, 1, 4, 4])
    """
    input = grad_output.new_zeros(input_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv2d, "input", tensors, grad_output, options)


def conv2d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its weight.

    Args:
        input: (N, C, *).
        weight_size: the weight's shape.
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the weight's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv2d_weight(kajo.ones(1, 1, 4, 4), (1, 1, 3, 3), kajo.ones(1, 1, 2, 2)).shape
        kajo.Size([1, 1, 3, 3])
    """
    weight = grad_output.new_zeros(weight_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv2d, "weight", tensors, grad_output, options)


def conv3d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` with respect to its input.

    Args:
        input_size: the input's shape.
        weight: (O, C / groups, *).
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv3d_input((1, 1, 4, 4, 4), kajo.ones(1, 1, 3, 3, 3), kajo.ones(1, 1, 2, 2, 2)).shape
        kajo.Size([1, 1, 4, 4, 4])
    """
    input = grad_output.new_zeros(input_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv3d, "input", tensors, grad_output, options)


def conv3d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` with respect to its weight.

    Args:
        input: (N, C, *).
        weight_size: the weight's shape.
        grad_output: the gradient of the result.
        stride, padding, dilation, groups: of the convolution.

    Returns:
        A tensor of the weight's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.grad.conv3d_weight(kajo.ones(1, 1, 4, 4, 4), (1, 1, 3, 3, 3), kajo.ones(1, 1, 2, 2, 2)).shape
        kajo.Size([1, 1, 3, 3, 3])
    """
    weight = grad_output.new_zeros(weight_size)
    tensors = {"input": input, "weight": weight}
    options = (stride, padding, dilation, groups)
    return _gradient(F.conv3d, "weight", tensors, grad_output, options)
