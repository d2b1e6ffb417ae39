"""Normalisation over features, groups and neighbouring channels."""

from __future__ import annotations

import numbers
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LocalResponseNorm(Module):
    """x / (k + alpha mean(x^2 over `size` neighbouring channels))^beta.

    Args:
        size: how many channels.
        alpha, beta, k: as in the formula.

    Shape:
        (N, C, *), to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.LocalResponseNorm(2, alpha=0.0)(kajo.ones(1, 2, 1)).flatten()
        tensor([1., 1.])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """x / (k + alpha / size sum(x^2 over `size` channels around))^beta, for images.

    Args:
        size: how many channels.
        alpha, beta, k: as in the formula.

    Shape:
        (N, C, H, W), to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.CrossMapLRN2d(3, alpha=0.0)(kajo.ones(1, 2, 1, 1)).flatten()
        tensor([1., 1.])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach = (self.size - 1) // 2
        squares = F.pad(input.pow(2).flatten(2), (0, 0, reach, reach))
        total = squares.unfold(1, 2 * reach + 1, 1).sum(-1).view_as(input)
        return input * (total * (self.alpha / self.size) + self.k).pow(-self.beta)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _as_shape(normalized_shape: Any) -> tuple[int, ...]:
    if isinstance(normalized_shape, numbers.Integral):
        return (int(normalized_shape),)
    return tuple(normalized_shape)


class LayerNorm(Module):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance over the last dimensions.

    Args:
        normalized_shape: the sizes of those dimensions; a number stands for one.
        eps: keeps the root above zero.
        elementwise_affine: whether there are weight and bias.
        bias: False leaves out the bias.
        device, dtype: of the parameters.

    Shape:
        (*, *normalized_shape), to the same; ``weight`` and ``bias``: normalized_shape.

    Example:
        >>> import kajo
        >>> kajo.nn.LayerNorm(2, eps=0.0)(kajo.tensor([1.0, 3.0])).detach()
        tensor([-1.,  1.])
    """

    normalized_shape: tuple[int, ...]
    weight: Any
    bias: Any

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, wanted in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            value = kajo.empty(self.normalized_shape, device=device, dtype=dtype)
            self.register_parameter(name, Parameter(value) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each group of channels.

    Args:
        num_groups: into how many groups the channels are divided.
        num_channels: the number of channels C.
        eps: keeps the root above zero.
        affine: whether there are weight and bias.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, *), to the same; ``weight`` and ``bias``: (C,).

    Raises:
        ValueError: if the groups do not divide the channels.

    Example:
        >>> import kajo
        >>> kajo.nn.GroupNorm(2, 4)(kajo.randn(3, 4, 5)).shape
        kajo.Size([3, 4, 5])
    """

    weight: Any
    bias: Any

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            value = kajo.empty(num_channels, device=device, dtype=dtype)
            self.register_parameter(name, Parameter(value) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """weight x / sqrt(mean(x^2) + eps), the mean over the last dimensions.

    Args:
        normalized_shape: the sizes of those dimensions; a number stands for one.
        eps: keeps the root above zero; default the input type's smallest step at 1.
        elementwise_affine: whether there is a weight.
        device, dtype: of the weight.

    Shape:
        (*, *normalized_shape), to the same; ``weight``: normalized_shape.

    Example:
        >>> import kajo
        >>> kajo.nn.RMSNorm(2)(kajo.tensor([3.0, 3.0])).detach()
        tensor([1., 1.])
    """

    normalized_shape: tuple[int, ...]
    weight: Any

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        value = kajo.empty(self.normalized_shape, device=device, dtype=dtype)
        self.register_parameter("weight", Parameter(value) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )
