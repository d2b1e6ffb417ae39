"""Dropout as modules."""

from __future__ import annotations

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class _DropoutNd(Module):
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training each element set to zero with probability p, the others divided by 1 - p.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (*), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.Dropout().eval()(kajo.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (N, C, L) or (C, L), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.Dropout1d().eval()(kajo.ones(1, 1))
        tensor([[1.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (N, C, H, W) or (N, C, L), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.Dropout2d().eval()(kajo.ones(1, 1, 1)).sum()
        tensor(1.)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.Dropout3d().eval()(kajo.ones(1, 1, 1, 1)).sum()
        tensor(1.)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance of normalised input, for networks with SELU.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (*), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.AlphaDropout().eval()(kajo.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """Alpha dropout of whole channels.

    Args:
        p: the probability.
        inplace: write the result into the input.

    Shape:
        (N, C, *), to the same.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.FeatureAlphaDropout().eval()(kajo.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.feature_alpha_dropout(input, self.p, self.training)
