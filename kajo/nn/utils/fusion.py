"""Batch normalisation folded into the layer before it."""

from __future__ import annotations

import copy
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the convolution that does what a convolution and batch norm do.

    Args:
        conv_w, conv_b: of the convolution.
        bn_rm, bn_rv, bn_eps, bn_w, bn_b: of the normalisation.
        transpose: whether it is a transposed convolution.

    Returns:
        Weight and bias.

    Example: see :func:`fuse_conv_bn_eval`.
    """
    bias = kajo.zeros_like(bn_rm) if conv_b is None else conv_b
    scale = kajo.rsqrt(bn_rv + bn_eps)
    if bn_w is not None:
        scale = scale * bn_w
    shape = [1] * conv_w.dim()
    shape[1 if transpose else 0] = -1
    weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
    shifted = (bias - bn_rm) * scale
    if bn_b is not None:
        shifted = shifted + bn_b
    return (
        Parameter(weight, conv_w.requires_grad),
        Parameter(shifted.to(bias.dtype), bias.requires_grad),
    )


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """One convolution that does what `conv` and then `bn` do in evaluation.

    Args:
        conv: a convolution in evaluation mode.
        bn: the batch normalisation after it, in evaluation mode.
        transpose: whether it is a transposed convolution.

    Returns:
        A new convolution.

    Raises:
        AssertionError: if one of them is in training mode.

    Example:
        >>> import kajo
        >>> conv, bn = kajo.nn.Conv2d(1, 2, 3).eval(), kajo.nn.BatchNorm2d(2).eval()
        >>> x = kajo.randn(1, 1, 4, 4)
        >>> fused = kajo.nn.utils.fuse_conv_bn_eval(conv, bn)
        >>> kajo.allclose(fused(x), bn(conv(x)), atol=1e-5)
        True
    """
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight,
        fused.bias,
        bn.running_mean,
        bn.running_var,
        bn.eps,
        bn.weight,
        bn.bias,
        transpose,
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the linear layer that does what a linear layer and batch norm do.

    Args:
        linear_w, linear_b: of the linear layer.
        bn_rm, bn_rv, bn_eps, bn_w, bn_b: of the normalisation.

    Returns:
        Weight and bias.

    Example: see :func:`fuse_linear_bn_eval`.
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """One linear layer that does what `linear` and then `bn` do in evaluation.

    Args:
        linear: a linear layer in evaluation mode.
        bn: the batch normalisation after it, in evaluation mode.

    Returns:
        A new linear layer.

    Raises:
        AssertionError: if one is in training mode, or the features differ.

    Example:
        >>> import kajo
        >>> linear, bn = kajo.nn.Linear(2, 3).eval(), kajo.nn.BatchNorm1d(3).eval()
        >>> x = kajo.randn(4, 2)
        >>> kajo.allclose(kajo.nn.utils.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)), atol=1e-5)
        True
    """
    if linear.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1"
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused
