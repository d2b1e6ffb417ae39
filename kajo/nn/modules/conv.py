"""Convolutions and transposed convolutions."""

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

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

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


class Conv1d(_ConvNd):
    """Cross-correlation of each channel group with learned kernels, summed, plus a bias.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, dilation: a number, or one for each spatial dimension.
        padding: the same, or "valid" (0) or "same" (the output as large as the input).
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, L) or without N, to (N, out_channels, ...), each size becoming
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1). ``weight``:
        (out_channels, in_channels / groups, *kernel_size) and ``bias``: (out_channels,), drawn
        from U(-k, k) with k = 1 / sqrt(in_channels / groups * prod(kernel_size)).

    Raises:
        ValueError: if groups do not divide the channels, or the padding is unknown.

    Example:
        >>> import kajo
        >>> kajo.nn.Conv1d(3, 5, 3)(kajo.ones(2, 3, 8)).shape
        kajo.Size([2, 5, 6])
    """

    _dimensions = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._padded(input)
        return F.conv1d(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_ConvNd):
    """Cross-correlation of each channel group with learned kernels, summed, plus a bias.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, dilation: a number, or one for each spatial dimension.
        padding: the same, or "valid" (0) or "same" (the output as large as the input).
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, H, W) or without N, to (N, out_channels, ...), each size becoming
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1). ``weight``:
        (out_channels, in_channels / groups, *kernel_size) and ``bias``: (out_channels,), drawn
        from U(-k, k) with k = 1 / sqrt(in_channels / groups * prod(kernel_size)).

    Raises:
        ValueError: if groups do not divide the channels, or the padding is unknown.

    Example:
        >>> import kajo
        >>> kajo.nn.Conv2d(3, 5, 3)(kajo.ones(2, 3, 8, 8)).shape
        kajo.Size([2, 5, 6, 6])
    """

    _dimensions = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._padded(input)
        return F.conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv3d(_ConvNd):
    """Cross-correlation of each channel group with learned kernels, summed, plus a bias.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, dilation: a number, or one for each spatial dimension.
        padding: the same, or "valid" (0) or "same" (the output as large as the input).
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, D, H, W) or without N, to (N, out_channels, ...), each size becoming
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1). ``weight``:
        (out_channels, in_channels / groups, *kernel_size) and ``bias``: (out_channels,), drawn
        from U(-k, k) with k = 1 / sqrt(in_channels / groups * prod(kernel_size)).

    Raises:
        ValueError: if groups do not divide the channels, or the padding is unknown.

    Example:
        >>> import kajo
        >>> kajo.nn.Conv3d(3, 5, 3)(kajo.ones(2, 3, 8, 8, 8)).shape
        kajo.Size([2, 5, 6, 6, 6])
    """

    _dimensions = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._padded(input)
        return F.conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return self._conv_forward(input, self.weight, self.bias)


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of :class:`Conv1d` as a linear map: it makes images larger.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, padding, dilation: of that convolution.
        output_padding: how much one side of the output is longer.
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, L) or without N, to (N, out_channels, ...), each size becoming
        (size - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.
        ``weight``: (in_channels, out_channels / groups, *kernel_size); ``bias``: (out_channels,).

    Raises:
        ValueError: if groups do not divide the channels, or the padding mode is not "zeros".

    Example:
        >>> import kajo
        >>> kajo.nn.ConvTranspose1d(3, 5, 3)(kajo.ones(2, 3, 6)).shape
        kajo.Size([2, 5, 8])
    """

    _dimensions = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.conv_transpose1d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of :class:`Conv2d` as a linear map: it makes images larger.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, padding, dilation: of that convolution.
        output_padding: how much one side of the output is longer.
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, H, W) or without N, to (N, out_channels, ...), each size becoming
        (size - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.
        ``weight``: (in_channels, out_channels / groups, *kernel_size); ``bias``: (out_channels,).

    Raises:
        ValueError: if groups do not divide the channels, or the padding mode is not "zeros".

    Example:
        >>> import kajo
        >>> kajo.nn.ConvTranspose2d(3, 5, 3)(kajo.ones(2, 3, 6, 6)).shape
        kajo.Size([2, 5, 8, 8])
    """

    _dimensions = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of :class:`Conv3d` as a linear map: it makes images larger.

    Args:
        in_channels, out_channels: channels of the input and of the output.
        kernel_size, stride, padding, dilation: of that convolution.
        output_padding: how much one side of the output is longer.
        groups: into how many groups the channels are divided that do not see each other.
        bias: whether there is a bias.
        padding_mode: "zeros".
        device, dtype: of the parameters.

    Shape:
        (N, in_channels, D, H, W) or without N, to (N, out_channels, ...), each size becoming
        (size - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.
        ``weight``: (in_channels, out_channels / groups, *kernel_size); ``bias``: (out_channels,).

    Raises:
        ValueError: if groups do not divide the channels, or the padding mode is not "zeros".

    Example:
        >>> import kajo
        >>> kajo.nn.ConvTranspose3d(3, 5, 3)(kajo.ones(2, 3, 6, 6, 6)).shape
        kajo.Size([2, 5, 8, 8, 8])
    """

    _dimensions = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.conv_transpose3d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class LazyConv1d(_LazyConvMixin, Conv1d):
    """A :class:`Conv1d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConv1d(5, 3)(kajo.ones(2, 3, 6)).shape
        kajo.Size([2, 5, 4])
    """

    cls_to_become = Conv1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )


class LazyConv2d(_LazyConvMixin, Conv2d):
    """A :class:`Conv2d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConv2d(5, 3)(kajo.ones(2, 3, 6, 6)).shape
        kajo.Size([2, 5, 4, 4])
    """

    cls_to_become = Conv2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )


class LazyConv3d(_LazyConvMixin, Conv3d):
    """A :class:`Conv3d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConv3d(5, 3)(kajo.ones(2, 3, 6, 6, 6)).shape
        kajo.Size([2, 5, 4, 4, 4])
    """

    cls_to_become = Conv3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )


class LazyConvTranspose1d(_LazyConvMixin, ConvTranspose1d):
    """A :class:`ConvTranspose1d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConvTranspose1d(5, 3)(kajo.ones(2, 3, 6)).shape
        kajo.Size([2, 5, 8])
    """

    cls_to_become = ConvTranspose1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )


class LazyConvTranspose2d(_LazyConvMixin, ConvTranspose2d):
    """A :class:`ConvTranspose2d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConvTranspose2d(5, 3)(kajo.ones(2, 3, 6, 6)).shape
        kajo.Size([2, 5, 8, 8])
    """

    cls_to_become = ConvTranspose2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )


class LazyConvTranspose3d(_LazyConvMixin, ConvTranspose3d):
    """A :class:`ConvTranspose3d` that learns ``in_channels`` from its first input.

    Args:
        out_channels, kernel_size, stride and so on: as there.

    Example:
        >>> import kajo
        >>> kajo.nn.LazyConvTranspose3d(5, 3)(kajo.ones(2, 3, 6, 6, 6)).shape
        kajo.Size([2, 5, 8, 8, 8])
    """

    cls_to_become = ConvTranspose3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )
