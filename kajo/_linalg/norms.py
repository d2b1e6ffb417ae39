"""Norms of vectors and matrices by one name."""

from __future__ import annotations

from collections.abc import Sequence

from kajo import _core
from kajo._operation import Dims, Number, operation
from kajo._tensor import Tensor


@operation(namespace="linalg", out="same")
def norm(
    A: Tensor,
    ord: Number | None = None,
    dim: Dims | None = None,
    keepdim: bool = False,
    *,
    dtype: _core._dtype | None = None,
) -> Tensor:
    """A norm of vectors or matrices.

    ============  ==============================  =====================================
    ord           of a matrix                     of a vector
    ============  ==============================  =====================================
    None          as "fro"                        2
    "fro"         sqrt(sum |a|^2)                 -
    "nuc"         the sum of singular values      -
    inf, -inf     the largest, smallest row sum   the largest, smallest |x_i|
    1, -1         the same of columns             (sum |x_i|^ord)^(1/ord)
    2, -2         extreme singular values         (sum |x_i|^ord)^(1/ord)
    0             -                               how many are not 0
    other         -                               (sum |x_i|^ord)^(1/ord)
    ============  ==============================  =====================================

    Args:
        A: of a floating or complex dtype; without `dim` and with `ord` a vector or a matrix.
        ord: which norm. Without it, and without `dim`, all elements count as one vector.
        dim: one dimension for vectors, two for matrices.
        keepdim: keep these dimensions with size 1.
        dtype: convert first.

    Returns:
        The norms, of a real dtype.

    Raises:
        RuntimeError: if the norm does not exist for such dimensions.

    >>> import kajo
    >>> A = kajo.tensor([[3.0, 0.0], [4.0, 1.0]])
    >>> kajo.linalg.norm(A, 1), kajo.linalg.norm(A, dim=0)
    (tensor(7.), tensor([5., 1.]))
    """
    axes = _axes(dim)
    if ord is None or (axes is not None and len(axes) == 1):
        return _core.linalg.vector_norm(A, 2 if ord is None else ord, axes, keepdim, dtype=dtype)
    if axes is None:
        if A.dim() not in (1, 2):
            raise RuntimeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                f"{A.dim()}D."
            )
        if A.dim() == 1:
            return _core.linalg.vector_norm(A, ord, None, keepdim, dtype=dtype)
        axes = [-2, -1]
    return _core.linalg.matrix_norm(A, ord, axes, keepdim, dtype=dtype)


@operation(namespace="linalg", out="same")  # type: ignore[no-redef]
def norm(  # noqa: F811
    A: Tensor,
    ord: str,
    dim: Dims | None = None,
    keepdim: bool = False,
    *,
    dtype: _core._dtype | None = None,
) -> Tensor:
    """The overload for norms that have a name."""
    axes = _axes(dim)
    if (A.dim() if axes is None else len(axes)) != 2:
        raise RuntimeError(
            f"linalg.norm: the norm {ord!r} is one of matrices: the input must be 2D, or dim name two "
            f"dimensions. Got {A.dim()}D and dim={dim}"
        )
    return _core.linalg.matrix_norm(A, ord, axes or [-2, -1], keepdim, dtype=dtype)


def _axes(dim: Dims | None) -> Sequence[int] | None:
    axes = [dim] if isinstance(dim, int) else dim
    if axes is not None and len(axes) not in (0, 1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}"
        )
    return axes
