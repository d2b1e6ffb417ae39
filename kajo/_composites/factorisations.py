"""Products of reflections, and the older names of factorisations and of what solves with them."""

from __future__ import annotations

from kajo import _core
from kajo._composites.shapes import broadcast_shapes
from kajo._operation import operation
from kajo._tensor import Tensor

__all__ = ["lu"]
METHODS = ("lu",)


def _reflections(name: str, input: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    """V and T of H1 H2 ... = 1 - V T V', where Hi = 1 - tau_i v_i v_i'.

    The vectors stand below the diagonal of `input`, which is 1. T solves (1 + D S) T = D with
    D = diag(tau) and S the part of V' V above the diagonal.
    """
    count = tau.shape[-1]
    if input.dim() < 2 or tau.dim() != input.dim() - 1 or tau.shape[:-1] != input.shape[:-2]:
        raise RuntimeError(
            f"{name}: tau must have the shape of input but for one dimension at its end, got input "
            f"{tuple(input.shape)} and tau {tuple(tau.shape)}"
        )
    if count > min(input.shape[-2:]):
        raise RuntimeError(
            f"{name}: there are more factors than reflections: input {tuple(input.shape)}, tau "
            f"{tuple(tau.shape)}"
        )
    if tau.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: tau dtype {tau.dtype} does not match input dtype {input.dtype}"
        )
    one = _core.eye(input.shape[-2], count, dtype=input.dtype, device=input.device)
    v = input[..., :count].tril(-1) + one
    scales = tau.diag_embed()
    above = (v.mH @ v).triu(1)
    t = _core.linalg.solve_triangular(scales @ above, scales, upper=True, unitriangular=True)
    return v, t


@operation(method=True, out="cast", results="a tau")
def geqrf(input: Tensor) -> tuple[Tensor, Tensor]:
    """A = Q R with Q as the reflections it is a product of, H1 H2 ..., Hi = 1 - tau_i v_i v_i'.

    :func:`kajo.linalg.householder_product` makes Q of it, :func:`kajo.ormqr` multiplies by Q. It has
    no gradient; :func:`kajo.linalg.qr` has.

    Args:
        input: (..., m, n).

    Returns:
        a (..., m, n): R, and below its diagonal the vectors v_i, whose element i is 1; and tau
        (..., min(m, n)).

    Raises:
        RuntimeError: for less than two dimensions or a dtype that is not floating or complex.

    >>> import kajo
    >>> kajo.geqrf(kajo.tensor([[3.0, 1.0], [4.0, 1.0]])).a.triu()
    tensor([[-5.0000, -1.4000],
            [ 0.0000, -0.2000]])
    """
    if input.is_complex() and input.requires_grad and _core.is_grad_enabled():
        raise RuntimeError(
            "geqrf does not support automatic differentiation for outputs with complex dtype; use "
            "linalg.qr"
        )
    a, tau = _core._geqrf(input)
    return a, tau


@operation(method=True, out="cast")
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of reflections; see :func:`kajo.linalg.householder_product`.

    >>> import kajo
    >>> a, tau = kajo.geqrf(kajo.tensor([[3.0, 1.0], [4.0, 1.0]]))
    >>> kajo.orgqr(a, tau)
    tensor([[-0.6000, -0.8000],
            [-0.8000,  0.6000]])
    """
    v, t = _reflections("orgqr", input, tau)
    rows, columns = input.shape[-2:]
    if rows < columns:
        raise RuntimeError(
            f"orgqr: input must have at least as many rows as columns, got {tuple(input.shape)}"
        )
    one = _core.eye(rows, columns, dtype=input.dtype, device=input.device)
    return one - v @ (t @ v[..., :columns, :].mH)


@operation(method=True, out="same")
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """The product of a matrix with Q = H1 H2 ..., the reflections that :func:`kajo.geqrf` gives.

    Q itself is never made.

    Args:
        input: (..., n, k), the reflections' vectors below its diagonal.
        tau: (..., k), their factors.
        other: (..., n, columns), or (..., rows, n) where Q stands on the right.
        left: Q @ other, rather than other @ Q.
        transpose: take the conjugate transpose of Q.

    Returns:
        The product, of the shape of `other`.

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    >>> import kajo
    >>> a, tau = kajo.geqrf(kajo.tensor([[3.0, 1.0], [4.0, 1.0]]))
    >>> kajo.ormqr(a, tau, kajo.eye(2), transpose=True)
    tensor([[-0.6000, -0.8000],
            [-0.8000,  0.6000]])
    """
    if other.dim() < 2 or other.dtype != input.dtype:
        raise RuntimeError(
            f"ormqr: other must be a matrix of dtype {input.dtype}, got shape {tuple(other.shape)} of "
            f"dtype {other.dtype}"
        )
    if other.shape[-2 if left else -1] != input.shape[-2]:
        raise RuntimeError(
            f"ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], got "
            f"{tuple(other.shape)} and {tuple(input.shape)}"
        )
    if other.shape[:-2] != input.shape[:-2]:
        raise RuntimeError(
            f"ormqr: batch dimensions of other should be equal to input.shape[:-2], got "
            f"{tuple(other.shape)} and {tuple(input.shape)}"
        )
    v, t = _reflections("ormqr", input, tau)
    turned = t.mH if transpose else t
    if left:
        return other - v @ (turned @ (v.mH @ other))
    return other - ((other @ v) @ turned) @ v.mH


def lu(
    A: Tensor,
    pivot: bool = True,
    get_infos: bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """The packed factors of A = P L U; see :func:`kajo.linalg.lu_factor`.

    Args:
        A: (..., m, n).
        pivot: exchange rows; the CPU knows no other way.
        get_infos: also return where the second factor has a zero on its diagonal, 0 if nowhere.
        out: as many tensors to write to.

    Returns:
        The factors (..., m, n), the row exchanges (..., min(m, n)), and the infos if wanted.

    >>> import kajo
    >>> LU, pivots = kajo.lu(kajo.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> LU, pivots
    (tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]]), tensor([2, 2], dtype=kajo.int32))
    """
    found = _core.linalg.lu_factor_ex(A, pivot=pivot)
    results: tuple[Tensor, ...] = found if get_infos else found[:2]
    if out is None:
        return results
    if not isinstance(out, (tuple, list)):
        raise TypeError(f"lu(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
    if len(out) != len(results):
        raise TypeError(f"lu(): expected tuple of {len(results)} elements but got {len(out)}")
    for target, result in zip(out, results):
        target.resize_(result.shape).copy_(result)
    return tuple(out)


@operation(method=True, out="same")
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """The solution X of A X = b, from the factors of A; see :func:`kajo.linalg.lu_solve`.

    >>> import kajo
    >>> A = kajo.tensor([[1.0, 2.0], [4.0, 4.0]])
    >>> kajo.lu_solve(kajo.tensor([[3.0], [8.0]]), *kajo.lu(A))
    tensor([[1.],
            [1.]])
    """
    return _core.linalg.lu_solve(LU_data, LU_pivots, b)


@operation(method=True, out="same", results="solution cloned_coefficient")
def triangular_solve(
    b: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
) -> tuple[Tensor, Tensor]:
    """The solution X of A X = b for a triangular A; see :func:`kajo.linalg.solve_triangular`.

    Args:
        b: (..., n, k).
        A: (..., n, n); batches are broadcast.
        upper: A is an upper triangle; the other one is not read.
        transpose: solve with the transpose of A, not conjugated.
        unitriangular: take the diagonal of A for ones.

    Returns:
        X (..., n, k), and a copy of A.

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    >>> import kajo
    >>> A = kajo.tensor([[1.0, 2.0], [0.0, 4.0]])
    >>> kajo.triangular_solve(kajo.tensor([[3.0], [4.0]]), A).solution
    tensor([[1.],
            [1.]])
    """
    if b.dim() < 2 or A.dim() < 2:
        raise RuntimeError(
            f"triangular_solve: expected b and A to have at least 2 dimensions, got {b.dim()} and "
            f"{A.dim()}"
        )
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"triangular_solve: A must be batches of square matrices, got {tuple(A.shape)}"
        )
    if b.shape[-2] != A.shape[-1]:
        raise RuntimeError(
            f"triangular_solve: b {tuple(b.shape)} and A {tuple(A.shape)} have different numbers of "
            "rows"
        )
    batch = broadcast_shapes(A.shape[:-2], b.shape[:-2])
    matrix = A.expand([*batch, *A.shape[-2:]])
    solution = _core.linalg.solve_triangular(
        matrix.mT if transpose else matrix,
        b,
        upper=upper != transpose,
        unitriangular=unitriangular,
    )
    return solution, matrix.clone()
