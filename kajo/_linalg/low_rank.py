"""Approximations by matrices of low rank, and a few eigenvalues of large matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kajo import _core
from kajo._overriding import make_overridable
from kajo._tensor import Tensor
from kajo._type_info import finfo
from kajo.autograd.grad_mode import no_grad

__all__ = ["lobpcg", "pca_lowrank", "svd_lowrank"]


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """An orthonormal basis of about what A maps to: of A (A' A)^niter R, with R drawn at random."""
    R = _core.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = _core.linalg.qr(A @ R).Q
    for _ in range(niter):
        Q = _core.linalg.qr(A.mH @ Q).Q
        Q = _core.linalg.qr(A @ Q).Q
    return Q


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The largest singular values of A - M and their vectors, roughly: A - M = U diag(S) V'.

    The columns of the matrix are projected onto a random subspace that a few power iterations turn
    towards the leading singular vectors, and the small matrix that remains is factored.

    Args:
        A: (..., m, n).
        q: how many singular values; somewhat more than the rank that is looked for.
        niter: power iterations.
        M: (..., m, n), subtracted first; such as the mean of the rows.

    Returns:
        U (..., m, q), S (..., q) and V (..., n, q).

    >>> import kajo
    >>> A = kajo.arange(20.0).reshape(5, 4)
    >>> U, S, V = kajo.svd_lowrank(A, q=2)
    >>> kajo.testing.assert_close(U @ S.diag() @ V.mT, A, rtol=1e-4, atol=1e-4)
    """
    count = 6 if q is None else q
    rounds = 2 if niter is None else niter
    if M is not None:
        A = A - M
    rows, columns = A.shape[-2:]
    if rows < columns or columns > count:
        Q = _basis(A.mH, count, rounds)
        U, S, Vh = _core.linalg.svd(A @ Q, full_matrices=False)
        return U, S, Q @ Vh.mH
    Q = _basis(A, count, rounds)
    U, S, Vh = _core.linalg.svd(Q.mH @ A, full_matrices=False)
    return Q @ U, S, Vh.mH


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """The principal components of rows of data, roughly, by :func:`svd_lowrank`.

    Args:
        A: (..., m, n): m samples of n features.
        q: how many components; min(6, m, n) by default.
        center: subtract the mean of each feature.
        niter: power iterations.

    Returns:
        U (..., m, q), S (..., q) and V (..., n, q). The columns of V are the directions,
        S ** 2 / (m - 1) are the variances along them.

    Raises:
        ValueError: if `q` or `niter` is out of range.

    >>> import kajo
    >>> data = kajo.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> _, S, V = kajo.pca_lowrank(data, q=1)
    >>> V.abs()
    tensor([[0.7071],
            [0.7071]])
    """
    rows, columns = A.shape[-2:]
    count = min(6, rows, columns) if q is None else q
    if not 0 <= count <= min(rows, columns):
        raise ValueError(
            f"q(={count}) must be non-negative integer and not greater than "
            f"min(m, n)={min(rows, columns)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, count, niter)


def lobpcg(
    A: Tensor,
    k: int | None = None,
    B: Tensor | None = None,
    X: Tensor | None = None,
    n: int | None = None,
    iK: Tensor | None = None,
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Callable[..., Any] | None = None,
    ortho_iparams: dict[str, int] | None = None,
    ortho_fparams: dict[str, float] | None = None,
    ortho_bparams: dict[str, bool] | None = None,
) -> tuple[Tensor, Tensor]:
    """The k extreme eigenvalues of A x = w B x and their vectors, by iteration.

    Each step looks for the best vectors in the space of those it has, their residuals
    A x - w B x times `iK`, and the directions of the step before (locally optimal block
    preconditioned conjugate gradients). The results have no history.

    Args:
        A: (..., m, m), symmetric or Hermitian.
        k: how many eigenvalues; as many as `X` has columns, else 1.
        B: (..., m, m), positive definite; the identity by default.
        X: (..., m, n), where to begin; drawn at random by default.
        n: how many columns to draw.
        iK: (..., m, m), the preconditioner: about the inverse of A.
        niter: how many steps at most; -1 for no bound, 1000 by default.
        tol: how small ||A x - w B x|| / (||x|| (||A|| + w ||B||)) has to become.
        largest: look for the largest eigenvalues rather than the smallest.
        method: "basic" or "ortho"; both stand for the same iteration here.
        tracker: refused.
        ortho_iparams, ortho_fparams, ortho_bparams: taken, without effect.

    Returns:
        The eigenvalues (..., k), from the extreme inwards, and the vectors (..., m, k).

    Raises:
        ValueError: if the matrix has fewer than 3 k rows, or `method` is unknown.
        NotImplementedError: if a tracker is given.

    >>> import kajo
    >>> w, V = kajo.lobpcg(kajo.diag(kajo.arange(1.0, 10.0)), k=1)
    >>> kajo.testing.assert_close(w, kajo.tensor([9.0]), rtol=1e-4, atol=1e-4)
    """
    if tracker is not None:
        raise NotImplementedError("lobpcg: trackers are not called; leave tracker out")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg: method must be 'basic' or 'ortho', got {method!r}")
    rows = A.shape[-1]
    count = k if k is not None else X.shape[-1] if X is not None else 1
    width = n if n is not None else X.shape[-1] if X is not None else count
    if rows < 3 * width:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={rows}) is smaller than 3 x "
            f"the number of requested eigenpairs (={width})"
        )
    bound = 1000 if niter is None else niter
    small = finfo(A.dtype).eps ** 0.5 if tol is None else tol
    with no_grad():
        if X is None:
            X = _core.randn(*A.shape[:-1], width, dtype=A.dtype, device=A.device)
        w, vectors = _iterated(A, B, X, iK, bound, small, largest is not False)
    return w[..., :count], vectors[..., :count]


def _iterated(
    A: Tensor,
    B: Tensor | None,
    X: Tensor,
    iK: Tensor | None,
    bound: int,
    tol: float,
    largest: bool,
) -> tuple[Tensor, Tensor]:
    size_a = A.norm(dim=(-2, -1)).unsqueeze(-1)
    size_b = 1.0 if B is None else B.norm(dim=(-2, -1)).unsqueeze(-1)
    width = X.shape[-1]
    w, X = _best(A, B, X, width, largest)
    before = None
    step = 0
    while bound < 0 or step < bound:
        BX = X if B is None else B @ X
        R = A @ X - BX * w.unsqueeze(-2)
        off = R.norm(dim=-2) / (X.norm(dim=-2) * (size_a + w.abs() * size_b))
        if bool((off < tol).all()):
            break
        if iK is not None:
            R = iK @ R
        space = [X, R] if before is None else [X, R, before]
        w, found = _best(A, B, _core.cat(space, -1), width, largest)
        # The new direction is what the step added to the old vectors.
        before = found - X @ (BX.mH @ found)
        X = found
        step += 1
    return w, X


def _best(
    A: Tensor, B: Tensor | None, space: Tensor, width: int, largest: bool
) -> tuple[Tensor, Tensor]:
    """The extreme eigenpairs of A x = w B x among the vectors of a space."""
    Q = _core.linalg.qr(space).Q
    if B is not None:
        factor = _core.linalg.cholesky(Q.mH @ (B @ Q))
        Q = _core.linalg.solve_triangular(factor.mH, Q, upper=True, left=False)
    w, vectors = _core.linalg.eigh(Q.mH @ (A @ Q))
    if largest:
        w, vectors = w.flip(-1), vectors.flip(-1)
    return w[..., :width], Q @ vectors[..., :width]


make_overridable(globals(), __all__)
