"""Affine and bilinear maps."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.lazy import LazyModuleMixin
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter, UninitializedParameter

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Gives its input back, whatever it was made with.

    Args:
        args, kwargs: not used.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Identity()(kajo.ones(2))
        tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Give `input` back."""
        return input


class Linear(Module):
    """x W^T + b.

    Args:
        in_features: size of the last dimension of the input.
        out_features: size of that of the output.
        bias: whether there is a b.
        device, dtype: of the parameters.

    Shape:
        (*, in_features) to (*, out_features). ``weight``: (out_features, in_features) and
        ``bias``: (out_features,), drawn from U(-k, k) with k = 1 / sqrt(in_features).

    Example:
        >>> import kajo
        >>> kajo.nn.Linear(4, 2)(kajo.ones(3, 4)).shape
        kajo.Size([3, 2])
    """

    in_features: int
    out_features: int
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        shape = (out_features, in_features)
        self.weight = Parameter(kajo.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(kajo.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        # With this a the bound is 1 / sqrt(in_features).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """A linear map that a quantiser leaves alone: the output projection of attention."""


class Bilinear(Module):
    """x1^T A_k x2 + b_k, for each output k.

    Args:
        in1_features, in2_features: sizes of the last dimensions of the inputs.
        out_features: size of that of the output.
        bias: whether there is a b.
        device, dtype: of the parameters.

    Shape:
        (*, in1_features) and (*, in2_features) to (*, out_features). ``weight``:
        (out_features, in1_features, in2_features), drawn from U(-k, k) with
        k = 1 / sqrt(in1_features), and ``bias``: (out_features,).

    Example:
        >>> import kajo
        >>> kajo.nn.Bilinear(4, 3, 2)(kajo.ones(5, 4), kajo.ones(5, 3)).shape
        kajo.Size([5, 2])
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(kajo.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(kajo.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Apply it to the inputs; see the class."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class LazyLinear(LazyModuleMixin, Linear):
    """A :class:`Linear` that learns ``in_features`` from its first input.

    Args:
        out_features, bias, device, dtype: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyLinear(2)
        >>> layer(kajo.ones(3, 4)).shape
        kajo.Size([3, 2])
        >>> layer
        Linear(in_features=4, out_features=2, bias=True)
    """

    cls_to_become = Linear
    weight: UninitializedParameter
    bias: Any

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        # The parent draws nothing for a size of 0 and no bias.
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once their shapes are known."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters their shapes for `input`."""
        if self.has_uninitialized_params():
            with kajo.no_grad():
                self.in_features = input.shape[-1]
                self.weight.materialize((self.out_features, self.in_features))
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))
                self.reset_parameters()
        elif self.in_features == 0:
            self.in_features = input.shape[-1]
