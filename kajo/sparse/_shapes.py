"""Operations on sparse tensors that change shapes or choose parts."""

from __future__ import annotations

import builtins
import operator
from typing import Any

import kajo
from kajo import Tensor
from kajo.sparse._layouts import converted
from kajo.sparse._table import TABLE, axis_of, handles, of_coo
from kajo.sparse._tensor import SparseTensor, block_of, make, stack_rank

__all__ = ["unsqueeze"]


@handles("transpose", "swapaxes", "swapdims")
def _transpose(x: SparseTensor, dim0: int, dim1: int) -> SparseTensor:
    order = list(range(len(x._size)))
    a, b = axis_of(x, dim0), axis_of(x, dim1)
    order[a], order[b] = order[b], order[a]
    return _permute(x, order)


_MIRRORED = {
    kajo.sparse_csr: kajo.sparse_csc,
    kajo.sparse_csc: kajo.sparse_csr,
    kajo.sparse_bsr: kajo.sparse_bsc,
    kajo.sparse_bsc: kajo.sparse_bsr,
}


@handles("permute")
def _permute(x: SparseTensor, *dims: Any) -> SparseTensor:
    given = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    order = [axis_of(x, d) for d in given]
    if sorted(order) != list(range(len(x._size))):
        raise RuntimeError(
            f"permute(): {list(given)} is no order of the dimensions of shape {x._size}"
        )
    size = [x._size[d] for d in order]
    if order == sorted(order):
        return x
    if x._kind is not kajo.sparse_coo:
        first = stack_rank(x)
        mirrored = list(range(len(order)))
        mirrored[first : first + 2] = [first + 1, first]
        if order != mirrored:
            raise RuntimeError(
                f"permute(): of layout {x._kind} only the dimensions {first} and {first + 1} change places"
            )
        values = x._parts[-1]
        if block_of(x) is not None:
            values = values.transpose(first + 1, first + 2)
        return make(_MIRRORED[x._kind], (*x._parts[:-1], values), size)
    indices, values = x._parts
    count = indices.shape[0]
    if sorted(order[:count]) != list(range(count)):
        raise RuntimeError("permute(): sparse and dense dimensions cannot change places")
    rows = kajo.stack([indices[d] for d in order[:count]])
    dense = [d - count + 1 for d in order[count:]]
    return make(kajo.sparse_coo, (rows, values.permute(0, *dense)), size)


@handles("t")
def _t(x: SparseTensor) -> SparseTensor:
    if len(x._size) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, got shape {x._size}")
    return _permute(x, list(range(len(x._size)))[::-1])


@handles("select")
def _select(x: SparseTensor, dim: int, index: int) -> Any:
    axis, n = axis_of(x, dim), x._size[axis_of(x, dim)]
    if not -n <= index < n:
        raise IndexError(f"select(): index {index} out of range for tensor of size {x._size}")
    if x._kind is not kajo.sparse_coo:
        if axis < stack_rank(x):
            rest_size = [m for d, m in enumerate(x._size) if d != axis]
            return make(x._kind, [part.select(axis, index) for part in x._parts], rest_size)
        x = converted(x, kajo.sparse_coo)
    indices, values = x._parts
    count = indices.shape[0]
    size = [m for d, m in enumerate(x._size) if d != axis]
    if axis >= count:
        return make(x._kind, (indices, values.select(axis - count + 1, index)), size, x._unique)
    kept = indices[axis] == index % n
    if count == 1:
        return values[kept].sum(0)
    rest = kajo.cat([indices[:axis], indices[axis + 1 :]])[:, kept]
    return make(x._kind, (rest, values[kept]), size, x._unique)


@handles("__getitem__")
def _getitem(x: SparseTensor, index: Any) -> Any:
    items = index if isinstance(index, tuple) else (index,)
    result: Any = x
    for item in items:
        if isinstance(item, Tensor) or not hasattr(item, "__index__"):
            raise NotImplementedError(
                "indexing a sparse tensor takes integers only: use index_select() or to_dense()"
            )
        result = result.select(0, operator.index(item))
    return result


@handles("unbind")
def _unbind(x: SparseTensor, dim: int = 0) -> tuple[Any, ...]:
    return tuple(_select(x, dim, i) for i in range(x._size[axis_of(x, dim)]))


@handles("__iter__")
def _iter(x: SparseTensor) -> Any:
    return iter(_unbind(x))


@handles("narrow_copy")
def _narrow_copy(x: SparseTensor, dim: int, start: int, length: int) -> SparseTensor:
    axis, n = axis_of(x, dim), x._size[axis_of(x, dim)]
    if not 0 <= start <= start + length <= n:
        raise RuntimeError(
            f"narrow_copy(): start ({start}) + length ({length}) exceeds dimension size ({n})."
        )
    indices, values = of_coo(x, "narrow_copy")._parts
    size = [length if d == axis else m for d, m in enumerate(x._size)]
    if axis >= indices.shape[0]:
        part = values.narrow(axis - indices.shape[0] + 1, start, length).clone()
        return make(x._kind, (indices, part), size, x._unique)
    kept = (indices[axis] >= start) & (indices[axis] < start + length)
    rows = indices[:, kept].clone()
    rows[axis] -= start
    return make(x._kind, (rows, values[kept]), size, x._unique)


@handles("movedim", "moveaxis")
def _movedim(x: SparseTensor, source: Any, destination: Any) -> SparseTensor:
    before = [source] if isinstance(source, int) else list(source)
    after = [destination] if isinstance(destination, int) else list(destination)
    pairs = {axis_of(x, b): axis_of(x, a) for a, b in zip(before, after, strict=True)}
    rest = iter(d for d in range(len(x._size)) if d not in pairs.values())
    return _permute(x, [pairs[d] if d in pairs else next(rest) for d in range(len(x._size))])


@handles("index_select")
def _index_select(x: SparseTensor, dim: int, index: Tensor) -> SparseTensor:
    if x._kind is not kajo.sparse_coo:
        raise NotImplementedError(f"index_select(): is not implemented for layout {x._kind}")
    base = x
    axis = axis_of(x, dim)
    indices, values = base._parts
    count = indices.shape[0]
    size = list(x._size)
    size[axis] = index.numel()
    if index.numel() and (int(index.min()) < -x._size[axis] or int(index.max()) >= x._size[axis]):
        raise IndexError(
            f"index_select(): index out of range for size {x._size} at dimension {dim}"
        )
    if axis >= count:
        return make(
            x._kind, (indices, values.index_select(axis - count + 1, index)), size, x._unique
        )
    # Every pair of a place and a wanted index that agree.
    wanted = index.to(kajo.int64) % max(x._size[axis], 1)
    order = indices[axis].argsort(stable=True)
    keys = indices[axis][order]
    first, last = kajo.searchsorted(keys, wanted), kajo.searchsorted(keys, wanted, right=True)
    where = kajo.repeat_interleave(kajo.arange(wanted.numel()), last - first)
    offset = kajo.arange(where.numel()) - ((last - first).cumsum(0) - (last - first))[where]
    pick = order[first[where] + offset]
    rows = indices[:, pick].clone()
    rows[axis] = where
    return make(x._kind, (rows, values[pick]), size)


@handles("cat", "concat", "concatenate")
def _cat(tensors: Any, dim: int = 0) -> SparseTensor:
    if any(not isinstance(t, SparseTensor) or t._kind is not kajo.sparse_coo for t in tensors):
        raise RuntimeError("cat(): expected all tensors to have layout kajo.sparse_coo")
    first = tensors[0]
    axis, count = axis_of(first, dim), first._parts[0].shape[0]
    size = list(first._size)
    size[axis] = 0
    for t in tensors:
        if [n for d, n in enumerate(t._size) if d != axis] != [
            n for d, n in enumerate(first._size) if d != axis
        ] or t._parts[0].shape[0] != count:
            raise RuntimeError(f"cat(): shapes {[tuple(t._size) for t in tensors]} do not fit")
    if axis >= count:
        return _joined_dense(tensors, axis, count)
    rows = []
    for t in tensors:
        shift = kajo.zeros((count, 1), dtype=kajo.int64)
        shift[axis] = size[axis]
        rows.append(t._parts[0] + shift)
        size[axis] += t._size[axis]
    return make(
        kajo.sparse_coo, (kajo.cat(rows, 1), kajo.cat([t._parts[-1] for t in tensors])), size
    )


def _joined_dense(tensors: Any, axis: int, count: int) -> SparseTensor:
    """Along a dense dimension: values of one are zero in the others' part."""
    width = builtins.sum(t._size[axis] for t in tensors)
    size = [width if d == axis else n for d, n in enumerate(tensors[0]._size)]
    start, values = 0, []
    for t in tensors:
        room = t._parts[-1].new_zeros((t._parts[-1].shape[0], *size[count:]))
        part = t._parts[-1]
        place = axis - count + 1
        after = kajo.zeros_like(room.narrow(place, 0, width - start - t._size[axis]))
        values.append(kajo.cat([room.narrow(place, 0, start), part, after], place))
        start += t._size[axis]
    indices = kajo.cat([t._parts[0] for t in tensors], 1)
    return make(kajo.sparse_coo, (indices, kajo.cat(values)), size)


@handles("stack")
def _stack(tensors: Any, dim: int = 0) -> SparseTensor:
    return _cat([unsqueeze(of_coo(t, "stack"), dim) for t in tensors], dim)


TABLE["vstack"] = TABLE["row_stack"] = lambda tensors: _cat(tensors, 0)
TABLE["hstack"] = lambda tensors: _cat(tensors, 0 if len(tensors[0]._size) == 1 else 1)


@handles("unsqueeze")
def unsqueeze(x: SparseTensor, dim: int) -> SparseTensor:
    indices, values = of_coo(x, "unsqueeze")._parts
    n = len(x._size) + 1
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    axis = dim % n
    size = [*x._size[:axis], 1, *x._size[axis:]]
    if axis > indices.shape[0]:
        return make(
            x._kind, (indices, values.unsqueeze(axis - indices.shape[0] + 1)), size, x._unique
        )
    row = kajo.zeros((1, indices.shape[1]), dtype=kajo.int64)
    return make(x._kind, (kajo.cat([indices[:axis], row, indices[axis:]]), values), size, x._unique)
