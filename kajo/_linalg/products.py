"""Products of vectors, matrices of powers, products of reflections."""

from __future__ import annotations

from kajo import _core
from kajo._composites.factorisations import orgqr
from kajo._composites.matrices import crossed
from kajo._composites.shapes import broadcast_tensors
from kajo._operation import operation
from kajo._tensor import Tensor


@operation(namespace="linalg", out="same")
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product c = a x b: c1 = a2 b3 - a3 b2, and so on in turn.

    Args:
        input, other: of equally many dimensions and size 3 along `dim`; the others are broadcast.
        dim: the dimension of the vectors.

    Returns:
        The products, of the broadcast shape.

    Raises:
        RuntimeError: if the shapes do not fit.

    >>> import kajo
    >>> kajo.linalg.cross(kajo.tensor([1.0, 0, 0]), kajo.tensor([0.0, 1, 0]))
    tensor([0., 0., 1.])
    """
    if input.dim() != other.dim():
        raise RuntimeError(
            "linalg.cross: inputs must have the same number of dimensions, got "
            f"{input.dim()} and {other.dim()}"
        )
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and "
            f"{other.shape[dim]}"
        )
    a, b = broadcast_tensors(input, other)
    return crossed(a, b, dim)


@operation(namespace="linalg")
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals A[i, i + offset] of matrices, as a view; see :func:`kajo.diagonal`.

    Args:
        A: (..., m, n).
        offset: how far above the main diagonal.
        dim1, dim2: the dimensions of the matrices.

    Returns:
        (..., k), where k is the length of the diagonal.

    >>> import kajo
    >>> kajo.linalg.diagonal(kajo.arange(4).reshape(2, 2))
    tensor([0, 3])
    """
    return A.diagonal(offset, dim1, dim2)


@operation(namespace="linalg", out="same")
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products sum_i conj(x_i) y_i along a dimension.

    Args:
        x, y: of shapes that can be broadcast.
        dim: the dimension that is summed over.

    Returns:
        The broadcast shape without `dim`.

    >>> import kajo
    >>> kajo.linalg.vecdot(kajo.tensor([1 + 1j, 2.0]), kajo.tensor([1.0 + 0j, 1.0]))
    tensor(3.-1.j)
    """
    return (x.conj() * y).sum(dim)


@operation(namespace="linalg")
def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The Vandermonde matrices V[i, j] = x_i ** j.

    Args:
        x: (..., n), of any dtype but bool; one number counts as a vector of it.
        N: how many powers; n by default.

    Returns:
        (..., n, N); integers become int64.

    Raises:
        RuntimeError: if N is not greater than 1, or `x` holds truth values.

    >>> import kajo
    >>> kajo.linalg.vander(kajo.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [1, 2, 4],
            [1, 3, 9]])
    """
    if x.dtype == _core.bool:
        raise RuntimeError(
            "linalg.vander: supports floating point, complex and integer tensors, but got bool"
        )
    if x.dim() == 0:
        x = x.unsqueeze(0)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("linalg.vander: N must be greater than 1.")
    powers = x.unsqueeze(-1).expand([*x.shape, count - 1]).cumprod(-1)
    return _core.cat([_core.ones_like(powers[..., :1]), powers], -1)


@operation(namespace="linalg", out="cast")
def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of H1 H2 ... Hk, where Hi = 1 - tau_i v_i v_i'.

    v_i has zeros above place i, 1 there, and below it what column i of `A` has; the rest of `A` is
    not read. This is the Q of a QR factorisation as :func:`kajo.geqrf` gives it.

    Args:
        A: (..., m, n) with m >= n.
        tau: (..., k) with k <= n.

    Returns:
        (..., m, n).

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    >>> import kajo
    >>> A = kajo.tensor([[3.0, 1.0], [4.0, 1.0]])
    >>> Q = kajo.linalg.householder_product(*kajo.geqrf(A))
    >>> kajo.testing.assert_close(Q, kajo.linalg.qr(A).Q)
    """
    return orgqr(A, tau)
