"""What all convolutions have in common."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.lazy import LazyModuleMixin
from kajo.nn.modules.module import Module
from kajo.nn.modules.utils import _ntuple, _reverse_repeat_tuple
from kajo.nn.parameter import Parameter, UninitializedParameter

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What the convolutions have in common: arguments, parameters, printing."""

    _dimensions: int
    _transposed = False
    weight: Any
    bias: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        spread = _ntuple(self._dimensions)
        self.stride = spread(stride)
        self._check(in_channels, out_channels, groups, padding, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = spread(kernel_size)
        self.padding: Any = padding if isinstance(padding, str) else spread(padding)
        self.dilation = spread(dilation)
        self.transposed = self._transposed
        self.output_padding = spread(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._padding_for_pad()
        shape = self._weight_shape()
        self.weight = Parameter(kajo.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(kajo.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check(
        self, in_channels: int, out_channels: int, groups: int, padding: Any, padding_mode: str
    ) -> None:
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
                )
            if padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {set(_PADDING_MODES)}, but got "
                f"padding_mode='{padding_mode}'"
            )
        if self._transposed and padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')

    def _padding_for_pad(self) -> Any:
        """The padding as `F.pad` takes it: last dimension first, both ends."""
        if not isinstance(self.padding, str):
            return _reverse_repeat_tuple(self.padding, 2)
        amounts = [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            for i, (step, size) in enumerate(zip(self.dilation, self.kernel_size, strict=True)):
                total = step * (size - 1)
                place = 2 * (len(self.kernel_size) - 1 - i)
                amounts[place : place + 2] = [total // 2, total - total // 2]
        return amounts

    def _weight_shape(self) -> tuple[int, ...]:
        first, second = self.out_channels, self.in_channels
        if self._transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        # With this a the bound is 1 / sqrt(fan_in).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        ones, zeros = (1,) * len(self.stride), (0,) * len(self.stride)
        shown = (
            (f", padding={self.padding}", self.padding != zeros),
            (f", dilation={self.dilation}", self.dilation != ones),
            (f", output_padding={self.output_padding}", self.output_padding != zeros),
            (f", groups={self.groups}", self.groups != 1),
            (", bias=False", self.bias is None),
            (f", padding_mode={self.padding_mode}", self.padding_mode != "zeros"),
        )
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}" + "".join(text for text, wanted in shown if wanted)
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input and the padding that is left to the convolution."""
        if self.padding_mode == "zeros":
            return input, self.padding
        padded = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
        return padded, (0,) * self._dimensions


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions have in common."""

    _transposed = True

    def _output_padding(self, input: Tensor, output_size: list[int] | None) -> Any:
        """The amounts that make the output exactly `output_size`."""
        if output_size is None:
            return self.output_padding
        count = self._dimensions
        skipped = 2 if input.dim() == count + 2 else 1
        if len(output_size) == skipped + count:
            output_size = output_size[skipped:]
        if len(output_size) != count:
            raise ValueError(
                f"ConvTranspose{count}D: for {input.dim()}D input, output_size must have {count} "
                f"or {skipped + count} elements (got {len(output_size)})"
            )
        least = [
            (input.size(i + skipped) - 1) * self.stride[i]
            - 2 * self.padding[i]
            + self.dilation[i] * (self.kernel_size[i] - 1)
            + 1
            for i in range(count)
        ]
        most = [size + step - 1 for size, step in zip(least, self.stride, strict=True)]
        for wanted, low, high in zip(output_size, least, most, strict=True):
            if not low <= wanted <= high:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range from "
                    f"{least} to {most} (for an input of {input.size()[2:]})"
                )
        return [wanted - low for wanted, low in zip(output_size, least, strict=True)]


class _LazyConvMixin(LazyModuleMixin):
    """Lets a convolution learn ``in_channels`` from its first input."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        device, dtype = kwargs.get("device"), kwargs.get("dtype")
        bias = kwargs.pop("bias", True)
        super().__init__(0, 0, kernel_size, *args, bias=False, **kwargs)
        module: Any = self
        module.weight = UninitializedParameter(device=device, dtype=dtype)
        module.out_channels = out_channels
        if bias:
            module.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once their shapes are known."""
        module: Any = self
        if not self.has_uninitialized_params() and module.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes for `input`."""
        module: Any = self
        if not self.has_uninitialized_params():
            return
        module.in_channels = self._channels_of(input)
        if module.in_channels % module.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        module.weight.materialize(module._weight_shape())
        if module.bias is not None:
            module.bias.materialize((module.out_channels,))
        self.reset_parameters()

    def _channels_of(self, input: Tensor) -> int:
        module: Any = self
        batched = module._dimensions + 2
        if input.dim() not in (batched - 1, batched):
            raise RuntimeError(
                f"Expected {batched - 1}D (unbatched) or {batched}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return int(input.shape[1] if input.dim() == batched else input.shape[0])
