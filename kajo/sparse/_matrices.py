"""Products of matrices of which one or both are sparse."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.sparse._layouts import converted
from kajo.sparse._tensor import SparseTensor, blocked, coalesced, distinct, make, places, summed

__all__ = ["addmm", "product", "product_by_rows", "reduced_product", "sampled_addmm", "sspaddmm"]


def _entries(x: SparseTensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, columns and values of a matrix."""
    if blocked(x):
        x = converted(x, kajo.sparse_coo)
    rows, columns = places(x).unbind(0)
    return rows, columns, x._parts[-1]


def _in_order_of_rows(x: SparseTensor) -> SparseTensor | None:
    """The matrix in compressed rows, where it is so already or all but."""
    if x._kind is kajo.sparse_csr:
        return x
    if x._kind is kajo.sparse_coo and x.is_coalesced() and x._parts[-1].dim() == 1:
        return converted(x, kajo.sparse_csr)
    return None


def _check(a: Any, b: Any, name: str) -> None:
    if len(a.shape) != 2 or len(b.shape) not in (1, 2) or a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"{name}(): shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied: expected matrices "
            "whose inner sizes agree"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(f"{name}(): expected operands of one dtype, got {a.dtype} and {b.dtype}")


def product(a: Any, b: Any, name: str = "mm") -> Any:
    """The matrix product: dense unless both are sparse."""
    if not isinstance(a, SparseTensor):
        if len(a.shape) == 1 and len(b.shape) == 2:
            return product(b.t(), a, name)
        if len(a.shape) != 2 or len(b.shape) != 2:
            raise RuntimeError(
                f"{name}(): a strided tensor of shape {tuple(a.shape)} times a sparse one of shape "
                f"{tuple(b.shape)}: expected two matrices"
            )
        _check(a, b, name)
        return product(b.t(), a.t()).t()
    _check(a, b, name)
    if isinstance(b, SparseTensor):
        return _sparse_product(a, b)
    by_rows = _in_order_of_rows(a)
    plain = type(b) in (Tensor, kajo.nn.Parameter) and b.dtype in (kajo.float32, kajo.float64)
    if by_rows is not None and plain and b.dim() == 2:
        start, columns, values = by_rows._parts
        return _core.sum_rows(b, columns, start, values)
    rows, columns, values = _entries(a)
    scaled = b[columns] * (values if b.dim() == 1 else values.unsqueeze(1))
    return summed(a.shape[0], rows, scaled)


def stacked_product(a: Any, b: Any) -> Any:
    """The products of corresponding matrices of two stacks, the first sparse: strided."""
    if len(a.shape) != 3 or len(b.shape) != 3 or isinstance(b, SparseTensor):
        raise RuntimeError(
            f"bmm(): expected a sparse and a strided tensor of 3 dimensions, got shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)}"
        )
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"bmm(): shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied"
        )
    if a._kind is not kajo.sparse_coo:
        raise NotImplementedError(f"bmm(): is not implemented for layout {a._kind}")
    number, rows, columns = places(a).unbind(0)
    terms = b[number, columns] * a._parts[-1].unsqueeze(1)
    count, height = a.shape[:2]
    return summed(count * height, number * height + rows, terms).reshape(count, height, -1)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input weight' + bias, where one of the two is a sparse matrix."""
    result = product(input, weight.t(), "linear")
    return result if bias is None else result + bias


def _sparse_product(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    rows, inner, values = _entries(a)
    by_rows = converted(b, kajo.sparse_csr)
    start, columns, others = by_rows._parts
    # Each entry of `a` meets the whole row of `b` that its column names.
    counts = start.diff()[inner]
    which = kajo.repeat_interleave(kajo.arange(inner.numel()), counts)
    offset = kajo.arange(which.numel()) - (counts.cumsum(0) - counts)[which]
    there = start[inner[which]] + offset
    joined = kajo.stack([rows[which], columns[there]])
    size = (a.shape[0], b.shape[1])
    result = coalesced(make(kajo.sparse_coo, (joined, values[which] * others[there]), size))
    return result if a._kind is kajo.sparse_coo else converted(result, kajo.sparse_csr)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta input + alpha mat1 mat2."""
    result = product(mat1, mat2, "addmm")
    result = result if alpha == 1 else result * alpha
    if beta == 0:
        return result
    base = input if beta == 1 else input * beta
    return result + base if isinstance(base, SparseTensor) else base + result


def _coordinates(x: Any, name: str) -> SparseTensor:
    if not isinstance(x, SparseTensor) or x._kind is not kajo.sparse_coo:
        raise NotImplementedError(f"{name}(): expected a matrix of layout kajo.sparse_coo")
    return x


def product_by_rows(a: Any, b: Any, name: str = "hspmm") -> SparseTensor:
    """The product with a strided matrix: the rows that are not zero, one sparse dimension."""
    _coordinates(a, name)
    _check(a, b, name)
    rows, columns, values = _entries(a)
    kept, where = distinct(rows, a.shape[0])
    terms = summed(kept.numel(), where, b[columns] * values.unsqueeze(1))
    return make(kajo.sparse_coo, (kept.unsqueeze(0), terms), (a.shape[0], b.shape[1]), True)


def sspaddmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> SparseTensor:
    """beta input + alpha mat1 mat2 in coordinates; `input` may be None."""
    if isinstance(mat2, SparseTensor):
        raise RuntimeError("sspaddmm(): expected a strided mat2")
    for x in (mat1, mat1 if input is None else input):
        if not isinstance(x, SparseTensor) or x._kind is not kajo.sparse_coo:
            raise RuntimeError("sspaddmm(): can only be called on sparse tensors")
    short = product_by_rows(mat1, mat2, "sspaddmm")
    (rows,), values = short._parts
    width = values.shape[1]
    size = short._size
    if input is not None and tuple(input._size) != tuple(size):
        raise RuntimeError(
            f"sspaddmm(): expected an input of shape {tuple(size)}, got {tuple(input._size)}"
        )
    places = kajo.stack([rows.repeat_interleave(width), kajo.arange(width).repeat(rows.numel())])
    values = values.reshape(-1) if alpha == 1 else values.reshape(-1) * alpha
    if input is None:
        return make(kajo.sparse_coo, (places, values), size, True)
    before = input._parts[-1] if beta == 1 else input._parts[-1] * beta
    joined = (kajo.cat([input._parts[0], places], 1), kajo.cat([before, values]))
    return make(kajo.sparse_coo, joined, size)


def sampled_addmm(
    input: SparseTensor, mat1: Tensor, mat2: Tensor, beta: Any, alpha: Any
) -> SparseTensor:
    """beta input + alpha mat1 mat2 at the places of `input`."""
    rows, columns, values = _entries(input)
    if mat1.dim() != 2 or mat2.dim() != 2 or mat1.shape[1] != mat2.shape[0]:
        raise RuntimeError(
            f"sampled_addmm(): mat1 and mat2 of shapes {mat1.shape} and {mat2.shape} cannot be multiplied"
        )
    if (mat1.shape[0], mat2.shape[1]) != tuple(input.shape):
        raise RuntimeError(
            f"sampled_addmm(): expected matrices whose product has the shape {tuple(input.shape)}, got "
            f"{mat1.shape} and {mat2.shape}"
        )
    if not mat1.dtype == mat2.dtype == input.dtype:
        raise RuntimeError(
            f"sampled_addmm(): expected one dtype, got {input.dtype}, {mat1.dtype} and {mat2.dtype}"
        )
    sampled = (mat1[rows] * mat2.t()[columns]).sum(-1)
    return input._with_values(values * beta + sampled * alpha)


def reduced_product(a: SparseTensor, b: Tensor, reduce: str) -> Tensor:
    """The product with another reduction than the sum of what an element is made of; 0 of nothing."""
    _check(a, b, "sparse.mm")
    rows, columns, values = _entries(a)
    terms = values.unsqueeze(1) * b[columns]
    if reduce == "sum":
        return summed(a.shape[0], rows, terms)
    if reduce == "mean":
        counts = summed(a.shape[0], rows, kajo.ones_like(rows)).clamp(min=1)
        return summed(a.shape[0], rows, terms) / counts.unsqueeze(1).to(terms.dtype)
    if reduce not in ("amax", "amin"):
        raise RuntimeError(f"sparse.mm(): reduce must be sum, mean, amax or amin, got {reduce!r}")
    result = kajo.zeros((a.shape[0], b.shape[1]), dtype=terms.dtype)
    index = rows.unsqueeze(1).expand_as(terms)
    return result.scatter_reduce(0, index, terms, reduce, include_self=False)
