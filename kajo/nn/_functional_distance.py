"""Distances and similarities between vectors."""

from __future__ import annotations

import kajo
from kajo import Tensor


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors: `x1.x2 / (max(|x1|, eps) max(|x2|, eps))`.

    Args:
        x1: vectors along `dim`, of a floating-point dtype.
        x2: vectors that broadcast with `x1`.
        dim: the dimension of the vectors.
        eps: smallest length that is divided by.

    Returns:
        The similarities, of the broadcast shape without `dim`.

    Raises:
        RuntimeError: if a dtype is not floating-point or the shapes do not broadcast.

    Example:
        >>> import kajo
        >>> x = kajo.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> kajo.nn.functional.cosine_similarity(x, kajo.tensor([[0.0, 2.0]]))
        tensor([0.0000, 0.7071])
    """
    dtype = kajo.promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"cosine_similarity(): expected floating-point tensors, got {x1.dtype} and {x2.dtype}"
        )
    a, b = x1.to(dtype), x2.to(dtype)
    a, b = kajo.broadcast_tensors(a, b)

    def unit(x: Tensor) -> Tensor:
        length = kajo.linalg.vector_norm(x, 2, dim, True)
        return x / length.clamp_min(eps)

    return (unit(a) * unit(b)).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of `x1 - x2 + eps` along the last dimension.

    Args:
        x1: vectors of shape (N, D) or (D,).
        x2: vectors that broadcast with `x1`.
        p: the order of the norm.
        eps: added to each difference, so that the gradient exists at 0.
        keepdim: keep the last dimension with size 1.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.pairwise_distance(kajo.zeros(1, 2), kajo.tensor([[3.0, 4.0]]))
        tensor([5.0000])
    """
    return kajo.linalg.vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances between all pairs of rows of a matrix: N (N - 1) / 2 values, row by row.

    Raises:
        RuntimeError: if the input is no matrix of floats, or p is negative.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.pdist(kajo.tensor([[0.0], [1.0], [3.0]]))
        tensor([1., 3., 2.])
    """
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if not input.is_floating_point():
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    rows, columns = kajo.triu_indices(input.size(0), input.size(0), 1).unbind(0)
    return kajo.linalg.vector_norm(input[rows] - input[columns], p, -1)
