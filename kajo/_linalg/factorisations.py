"""Factors of symmetric matrices, and equations with them."""

from __future__ import annotations

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor


@operation(namespace="linalg", out="same", results="LD pivots")
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> tuple[Tensor, Tensor]:
    """P A P' = L D L' for a symmetric matrix that need not be positive definite.

    L is lower triangular with ones on its diagonal, D has blocks of one or two rows, P exchanges
    rows. Only the lower triangle of `A` is read. The results have no gradient.

    Args:
        A: (..., n, n).
        hermitian: whether L' is the conjugate transpose (and A Hermitian) rather than the transpose.

    Returns:
        LD (..., n, n), which holds D and what is below the diagonal of L, and pivots (..., n), for
        :func:`ldl_solve`.

    Raises:
        RuntimeError: if `A` is not square.
        kajo.linalg.LinAlgError: if a block of D is zero.

    >>> import kajo
    >>> A = kajo.tensor([[4.0, 2.0], [2.0, -3.0]])
    >>> kajo.linalg.ldl_factor(A).LD
    tensor([[ 4.0000,  0.0000],
            [ 0.5000, -4.0000]])
    """
    LD, pivots, _ = _core.linalg._ldl_factor(A, hermitian, True)
    return LD, pivots


@operation(namespace="linalg", out="same", results="LD pivots info")
def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`ldl_factor`, with LAPACK's info instead of an exception.

    Args:
        A: (..., n, n).
        hermitian: see :func:`ldl_factor`.
        check_errors: raise an exception all the same.

    Returns:
        LD (..., n, n), pivots (..., n) and info (...): 0, or which element of D is zero, from 1.

    >>> import kajo
    >>> kajo.linalg.ldl_factor_ex(kajo.zeros(2, 2)).info
    tensor(1, dtype=kajo.int32)
    """
    LD, pivots, info = _core.linalg._ldl_factor(A, hermitian, check_errors)
    return LD, pivots, info


@operation(namespace="linalg", out="same")
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """The solution X of A X = B, from the factors of A that :func:`ldl_factor` gives.

    Args:
        LD: (..., n, n).
        pivots: (..., n), of dtype int32.
        B: (..., n, k); batches are broadcast.
        hermitian: as it was given to :func:`ldl_factor`.

    Returns:
        X (..., n, k).

    Raises:
        RuntimeError: if shapes or dtypes do not fit, or the pivots leave the matrix.

    >>> import kajo
    >>> A = kajo.tensor([[4.0, 2.0], [2.0, -3.0]])
    >>> kajo.linalg.ldl_solve(*kajo.linalg.ldl_factor(A), kajo.tensor([[6.0], [-1.0]]))
    tensor([[1.],
            [1.]])
    """
    return _core.linalg._ldl_solve(LD, pivots, B, hermitian)
