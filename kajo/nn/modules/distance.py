"""Distances and similarities."""

from __future__ import annotations

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """||x1 - x2 + eps||_p over the last dimension.

    Args:
        p: of the norm.
        eps: added to each difference.
        keepdim: keep the last dimension, with size 1.

    Shape:
        (N, D) or (D,) twice, to (N,) or ().

    Example:
        >>> import kajo
        >>> kajo.nn.PairwiseDistance()(kajo.zeros(1, 2), kajo.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distances between `x1` and `x2`; see the class."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along a dimension.

    Args:
        dim: the dimension.
        eps: keeps the divisor above zero.

    Shape:
        (*, D, *) twice, to (*, *).

    Example:
        >>> import kajo
        >>> kajo.nn.CosineSimilarity()(kajo.ones(1, 2), kajo.ones(1, 2))
        tensor([1.0000])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The similarities of `x1` and `x2`; see the class."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
