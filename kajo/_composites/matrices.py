"""Norms and small operations on vectors and matrices."""

from __future__ import annotations

from typing import Any

from kajo import _core
from kajo._composites.shapes import broadcast_tensors
from kajo._operation import Dims, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


@operation(method=True, out="same")
def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Dims | None = None,
    keepdim: bool = False,
    dtype: _core._dtype | None = None,
) -> Tensor:
    """The p-norm of the elements, over all or some dimensions.

    Args:
        p: a number, inf, -inf, "fro" for 2, or "nuc" for the sum of singular values.
        dim: the dimensions; None for all.
        keepdim: keep them with size 1.
        dtype: convert first.

    Returns:
        The norm or norms.

    Raises:
        RuntimeError: for integer elements.

    >>> import kajo
    >>> kajo.norm(kajo.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"norm(): the input tensor must be of floating point or complex dtype, got {input.dtype}: "
            "convert it with .to(...) first"
        )
    source = input if dtype is None else input.to(dtype)
    axes = list(_every(input)) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    if p == "nuc":
        return _core.linalg.matrix_norm(source, "nuc", axes, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm(): p must be a number, 'fro' or 'nuc', got {p!r}")
    order = 2.0 if p is None or p == "fro" else p
    return _core._norm(source, order, axes, keepdim)


def _every(tensor: Tensor) -> range:
    return range(tensor.dim())


@operation(method=True, inplace=True, out="cast")
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice along `dim` scaled down to a p-norm of at most `maxnorm`.

    >>> import kajo
    >>> kajo.renorm(kajo.tensor([[3.0, 4.0], [0.0, 1.0]]), 2, 0, 2.5)
    tensor([[1.5000, 2.0000],
            [0.0000, 1.0000]])
    """
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.dim() < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.dim()} dimensions"
        )
    axis = dim % input.dim()
    others = [i for i in _every(input) if i != axis]
    norms = _core._norm(input, p, others, True)
    factor = _core.where(norms > maxnorm, maxnorm / (norms + 1e-7), _core.ones_like(norms))
    return input * factor


@operation(method=True, out="cast")
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product along a dimension of size 3.

    Args:
        dim: the dimension; by default the first of size 3.

    >>> import kajo
    >>> kajo.cross(kajo.tensor([1.0, 0, 0]), kajo.tensor([0.0, 1, 0]), dim=0)
    tensor([0., 0., 1.])
    """
    if input.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if dim is None:
        dim = next((i for i, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    a, b = broadcast_tensors(input, other)
    return crossed(a, b, dim)


def crossed(a: Tensor, b: Tensor, dim: int) -> Tensor:
    """The vector product of tensors of one shape."""
    if a.dtype == b.dtype and a.dtype in (_core.float32, _core.float64):
        return _core.vector_product(a, b, dim)
    return a.roll(-1, dim) * b.roll(1, dim) - a.roll(1, dim) * b.roll(-1, dim)


@operation(method=True, out="cast")
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix.

    >>> import kajo
    >>> kajo.trace(kajo.eye(3))
    tensor(3.)
    """
    if input.dim() != 2:
        raise RuntimeError("trace: expected a matrix")
    return input.diagonal().sum()


@operation(out="same")
def frobenius_norm(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The root of the sum of squared magnitudes, over some dimensions or all.

    >>> import kajo
    >>> kajo.frobenius_norm(kajo.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    return _core.norm(input, "fro", dim or None, keepdim)


@operation(out="same")
def nuclear_norm(input: Tensor, dim: Dims = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of the singular values of matrices.

    >>> import kajo
    >>> kajo.nuclear_norm(kajo.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(7.)
    """
    return _core.norm(input, "nuc", dim, keepdim)


@operation()
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The p-norm over all dimensions but one, which stay with size 1.

    >>> import kajo
    >>> kajo.norm_except_dim(kajo.tensor([[3.0, 4.0], [0.0, 2.0]]))
    tensor([[5.],
            [2.]])
    """
    axis = dim % max(v.dim(), 1)
    others = [i for i in _every(v) if i != axis]
    return _core._norm(v, pow, others if dim != -1 else list(_every(v)), dim != -1)
