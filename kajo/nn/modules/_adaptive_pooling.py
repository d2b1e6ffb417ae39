"""Pooling to a given size, as modules."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module


class _AdaptivePoolNd(Module):
    """Pooling to `output_size`, whatever the number of dimensions."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    """The same, with the places of the maxima where they are asked for."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest element of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where each maximum was.

    Shape:
        (N, C, L) or (C, L), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveMaxPool1d(4)(kajo.ones(1, 3, 8)).shape
        kajo.Size([1, 3, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest element of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where each maximum was.

    Shape:
        (N, C, H, W) or (C, H, W), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveMaxPool2d(4)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest element of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.
        return_indices: give also where each maximum was.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveMaxPool3d(4)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptivePoolNd):
    """The mean of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.

    Shape:
        (N, C, L) or (C, L), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveAvgPool1d(4)(kajo.ones(1, 3, 8)).shape
        kajo.Size([1, 3, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptivePoolNd):
    """The mean of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.

    Shape:
        (N, C, H, W) or (C, H, W), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveAvgPool2d(4)(kajo.ones(1, 3, 8, 8)).shape
        kajo.Size([1, 3, 4, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptivePoolNd):
    """The mean of each of `output_size` parts of the input.

    Args:
        output_size: a number, or one (or None, the input's) for each spatial dimension.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), to the given sizes.

    Example:
        >>> import kajo
        >>> kajo.nn.AdaptiveAvgPool3d(4)(kajo.ones(1, 3, 8, 8, 8)).shape
        kajo.Size([1, 3, 4, 4, 4])
    """

    def forward(self, input: Tensor) -> Any:
        """Apply it to `input`; see the class."""
        return F.adaptive_avg_pool3d(input, self.output_size)


for _class in (
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
):
    _class.__module__ = "kajo.nn.modules.pooling"
