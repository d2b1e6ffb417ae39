"""Equations and inverses of tensors of more than two dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor


@operation(namespace="linalg", out="cast")
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse X for which tensordot(A, X, ind) is the identity.

    `A` is read as the matrix of its first `ind` dimensions and the others.

    Args:
        A: of a shape where the products of A.shape[:ind] and A.shape[ind:] agree.
        ind: how many dimensions come first.

    Returns:
        A tensor of shape A.shape[ind:] + A.shape[:ind].

    Raises:
        RuntimeError: if `A` is no square matrix in that reading, or `ind` is not positive.
        kajo.linalg.LinAlgError: if it has no inverse.

    >>> import kajo
    >>> A = kajo.eye(6).reshape(2, 3, 6)
    >>> kajo.linalg.tensorinv(A, ind=2).shape
    kajo.Size([6, 2, 3])
    """
    if ind <= 0:
        raise RuntimeError(
            f"linalg.tensorinv: Expected a strictly positive integer for 'ind', got {ind}"
        )
    first, rest = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            f"linalg.tensorinv: Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    inverse = _core.linalg.inv(A.reshape(math.prod(first), math.prod(rest)))
    return inverse.reshape([*rest, *first])


@operation(namespace="linalg", out="cast")
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The solution X of tensordot(A, X, X.dim()) = B.

    Args:
        A: of shape B.shape + X.shape, once `dims` are moved to the end.
        B: the right-hand side.
        dims: dimensions of `A` to move to the end first.

    Returns:
        X, whose elements are as many as those of `B`.

    Raises:
        RuntimeError: if `A` is no square matrix in that reading.
        kajo.linalg.LinAlgError: if it has no inverse.

    >>> import kajo
    >>> A = 2 * kajo.eye(4).reshape(2, 2, 4)
    >>> kajo.linalg.tensorsolve(A, kajo.ones(2, 2))
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    if dims is not None:
        A = A.movedim(list(dims), list(range(A.dim() - len(dims), A.dim())))
    shape = tuple(A.shape[B.dim() :])
    count = math.prod(shape)
    if count != math.prod(A.shape[: B.dim()]):
        raise RuntimeError(
            "linalg.tensorsolve: Expected self to satisfy the requirement "
            "prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            f"{count} != {math.prod(A.shape[: B.dim()])}"
        )
    return _core.linalg.solve(A.reshape(-1, count), B.flatten()).reshape(shape)
