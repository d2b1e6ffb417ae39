"""Convolutions and transposed convolutions."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules._conv_base import _ConvNd, _ConvTransposeNd, _LazyConvMixin

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
