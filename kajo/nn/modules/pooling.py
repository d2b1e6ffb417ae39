"""Pooling as modules. Each calls the function of `kajo.nn.functional` of its name."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules._adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from kajo.nn.modules.module import Module
from kajo.nn.modules.utils import _ntuple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class MaxPool1d(Module):
    """The largest element in each window.

    Args:
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        return_indices: give also where each maximum was.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, L) or (C, L), each size becoming floor((size + 2 padding -
        dilation (kernel_size - 1) - 1) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.MaxPool1d(2)(kajo.ones(1, 3, 8)).shape
        kajo.Size([1, 3, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.max_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool2d(Module):
    """The largest element in each window.

    Args:
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        return_indices: give also where each maximum was.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, H, W) or (C, H, W), each size becoming floor((size + 2 padding -
        dilation (kernel_size - 1) - 1) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.MaxPool2d(2)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool3d(Module):
    """The largest element in each window.

    Args:
        kernel_size, padding, dilation: of the window.
        stride: default the kernel size.
        return_indices: give also where each maximum was.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), each size becoming floor((size + 2 padding -
        dilation (kernel_size - 1) - 1) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.MaxPool3d(2)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.max_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxUnpool1d(Module):
    """Puts pooled maxima back where they were; all else is 0.

    Args:
        kernel_size, stride, padding: of the pooling that is undone.

    Shape:
        (N, C, L) or (C, L), with indices of the same shape.

    Example:
        >>> import kajo
        >>> pooled, places = kajo.nn.MaxPool1d(2, return_indices=True)(kajo.ones(1, 1, 4))
        >>> kajo.nn.MaxUnpool1d(2)(pooled, places).shape
        kajo.Size([1, 1, 4])
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        spread = _ntuple(1)
        self.kernel_size = spread(kernel_size)
        self.stride = spread(kernel_size if stride is None else stride)
        self.padding = spread(padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool2d(Module):
    """Puts pooled maxima back where they were; all else is 0.

    Args:
        kernel_size, stride, padding: of the pooling that is undone.

    Shape:
        (N, C, H, W) or (C, H, W), with indices of the same shape.

    Example:
        >>> import kajo
        >>> pooled, places = kajo.nn.MaxPool2d(2, return_indices=True)(kajo.ones(1, 1, 4, 4))
        >>> kajo.nn.MaxUnpool2d(2)(pooled, places).shape
        kajo.Size([1, 1, 4, 4])
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        spread = _ntuple(2)
        self.kernel_size = spread(kernel_size)
        self.stride = spread(kernel_size if stride is None else stride)
        self.padding = spread(padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool3d(Module):
    """Puts pooled maxima back where they were; all else is 0.

    Args:
        kernel_size, stride, padding: of the pooling that is undone.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), with indices of the same shape.

    Example:
        >>> import kajo
        >>> pooled, places = kajo.nn.MaxPool3d(2, return_indices=True)(kajo.ones(1, 1, 4, 4, 4))
        >>> kajo.nn.MaxUnpool3d(2)(pooled, places).shape
        kajo.Size([1, 1, 4, 4, 4])
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        spread = _ntuple(3)
        self.kernel_size = spread(kernel_size)
        self.stride = spread(kernel_size if stride is None else stride)
        self.padding = spread(padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Apply it to `input`; `output_size` picks among the sizes that are possible."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of each window.

    Args:
        kernel_size, padding: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        count_include_pad: count the padding's zeros in the mean.

    Shape:
        (N, C, L) or (C, L), each size becoming
        floor((size + 2 padding - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.AvgPool1d(2)(kajo.ones(1, 3, 8)).shape
        kajo.Size([1, 3, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _ntuple(1)(kernel_size)
        self.stride = _ntuple(1)(kernel_size if stride is None else stride)
        self.padding = _ntuple(1)(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window.

    Args:
        kernel_size, padding: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        count_include_pad: count the padding's zeros in the mean.
        divisor_override: divide the sum by this instead.

    Shape:
        (N, C, H, W) or (C, H, W), each size becoming
        floor((size + 2 padding - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.AvgPool2d(2)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool3d(Module):
    """The mean of each window.

    Args:
        kernel_size, padding: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.
        count_include_pad: count the padding's zeros in the mean.
        divisor_override: divide the sum by this instead.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), each size becoming
        floor((size + 2 padding - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.AvgPool3d(2)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class FractionalMaxPool2d(Module):
    """The largest element of windows at random places.

    Args:
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each in (0, 1).
        return_indices: give also where each maximum was.

    Shape:
        (N, C, H, W) or (C, H, W), to the given sizes.

    Raises:
        ValueError: unless exactly one of size and ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.FractionalMaxPool2d(2, 4)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = _ntuple(2)(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else _ntuple(2)(output_size)
        self.output_ratio = None if output_ratio is None else _ntuple(2)(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                "FractionalMaxPool2d requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool3d(Module):
    """The largest element of windows at random places.

    Args:
        kernel_size: of the window.
        output_size: the output's sizes; or
        output_ratio: what they are of the input's, each in (0, 1).
        return_indices: give also where each maximum was.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), to the given sizes.

    Raises:
        ValueError: unless exactly one of size and ratio is given.

    Example:
        >>> import kajo
        >>> kajo.nn.FractionalMaxPool3d(2, 4)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = _ntuple(3)(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else _ntuple(3)(output_size)
        self.output_ratio = None if output_ratio is None else _ntuple(3)(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                "FractionalMaxPool3d requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class LPPool1d(Module):
    """(sum of x^p)^(1/p) over each window.

    Args:
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, L) or (C, L), each size becoming
        floor((size - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.LPPool1d(2, 2)(kajo.ones(1, 3, 8)).shape
        kajo.Size([1, 3, 4])
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.lp_pool1d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool2d(Module):
    """(sum of x^p)^(1/p) over each window.

    Args:
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, H, W) or (C, H, W), each size becoming
        floor((size - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.LPPool2d(2, 2)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.lp_pool2d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool3d(Module):
    """(sum of x^p)^(1/p) over each window.

    Args:
        norm_type: p.
        kernel_size: of the window.
        stride: default the kernel size.
        ceil_mode: let windows that reach past the end count.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), each size becoming
        floor((size - kernel_size) / stride + 1).

    Example:
        >>> import kajo
        >>> kajo.nn.LPPool3d(2, 2)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.lp_pool3d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )
