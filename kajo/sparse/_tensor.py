"""The tensor whose elements are kept by their places: coordinates, or compressed rows or columns.

A sparse tensor consists of strided ones: the places and, last, the values. Its operations are written
in operations on these, so gradients flow through the values. To the core it is a face of the right
shape without data: what does not know sparse tensors can refuse them, but not misread them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Size, Tensor, _core

__all__ = ["COMPRESSED", "SparseTensor", "make"]

# For each compressed layout: the names of its places, and whether rows are compressed and in blocks.
COMPRESSED = {
    kajo.sparse_csr: ("crow_indices", "col_indices", True, False),
    kajo.sparse_csc: ("ccol_indices", "row_indices", False, False),
    kajo.sparse_bsr: ("crow_indices", "col_indices", True, True),
    kajo.sparse_bsc: ("ccol_indices", "row_indices", False, True),
}


class SparseTensor(Tensor):
    """A tensor of another layout than strided; made by `kajo.sparse_coo_tensor` and the like."""

    _kind: Any  # the layout
    _parts: tuple[Tensor, ...]  # the places, and last the values
    _size: Size
    _unique: bool  # in coordinate format: places are sorted and occur once

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the operation is for sparse tensors.

        Raises:
            NotImplementedError: if it is none.
        """
        from kajo.sparse._operations import find

        name, handler = find(func)
        if handler is None:
            layout = next((t._kind for t in _leaves(args, kwargs)), "sparse")
            raise NotImplementedError(
                f"{name}(): is not implemented for tensors of layout {layout}: convert them with "
                "to_dense() first"
            )
        return handler(*args, **(kwargs or {}))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuilt, (self._kind, self._parts, tuple(self._size), self._unique)

    # ---- what automatic differentiation asks -----------------------------------------------------

    def _history(self) -> Tensor:
        """The strided tensor that carries this one's history."""
        return self._parts[-1]

    def _with_values(self, values: Tensor, unique: bool | None = None) -> SparseTensor:
        """The same places with other values."""
        keep = self._unique if unique is None else unique
        return make(self._kind, (*self._parts[:-1], values), self._size, keep)

    def _at_places(self, other: Tensor) -> Tensor:
        """The values of another tensor of this shape at this one's places."""
        if isinstance(other, SparseTensor):
            if other._kind is self._kind and all(
                a is b or kajo.equal(a, b) for a, b in zip(self._parts[:-1], other._parts[:-1])
            ):
                return other._parts[-1]
            other = other.to_dense()
        if COMPRESSED.get(self._kind, (0, 0, 0, False))[3]:
            raise NotImplementedError("gradients of blocked layouts: use to_dense() first")
        return other[tuple(places(self).unbind(0))]


def _leaves(args: Any, kwargs: Any) -> list[SparseTensor]:
    found: list[SparseTensor] = []
    for value in [*args, *(kwargs or {}).values()]:
        if isinstance(value, (list, tuple)):
            found += _leaves(value, None)
        elif isinstance(value, SparseTensor):
            found.append(value)
    return found


def make(
    layout: Any, parts: Sequence[Tensor], size: Sequence[int], unique: bool = False
) -> SparseTensor:
    """A sparse tensor of checked parts."""
    values = parts[-1]
    result: SparseTensor = Tensor._make_wrapper_subclass(
        SparseTensor, tuple(size), (0,) * len(size), dtype=values.dtype
    )
    result._kind, result._parts = layout, tuple(parts)
    result._size, result._unique = Size(size), unique
    return result


def _rebuilt(layout: Any, parts: Any, size: Any, unique: bool) -> SparseTensor:
    return make(layout, parts, size, unique)


def places(x: SparseTensor) -> Tensor:
    """The coordinates of the values, one row for each sparse dimension."""
    if x._kind is kajo.sparse_coo:
        return x._parts[0]
    compressed, plain, _ = x._parts
    _, _, by_rows, _ = COMPRESSED[x._kind]
    outer = kajo.repeat_interleave(
        kajo.arange(compressed.numel() - 1), compressed.diff().to(kajo.int64)
    )
    inner = plain.to(kajo.int64)
    return kajo.stack([outer, inner] if by_rows else [inner, outer])


def flat_places(indices: Tensor, size: Sequence[int]) -> Tensor:
    """Coordinates as one number each: the place in the flattened tensor."""
    flat = _core.zeros(indices.shape[1], dtype=kajo.int64)
    for row, n in zip(indices.unbind(0), size):
        flat = flat * n + row
    return flat


def summed(count: int, at: Tensor, values: Tensor) -> Tensor:
    """`count` rows, each the sum of the values with its number."""
    kind = values.dtype
    if kind is kajo.bool:
        return summed(count, at, values.to(kajo.int32)) > 0
    zeros = kajo.zeros((count, *values.shape[1:]), dtype=kind)
    return zeros.index_add(0, at, values)


def coalesced(x: SparseTensor) -> SparseTensor:
    """Every place once, in order; values of equal places are added."""
    if x._unique or x._kind is not kajo.sparse_coo:
        return x
    indices, values = x._parts
    sizes = x._size[: indices.shape[0]]
    flat = flat_places(indices, sizes)
    kept, where = kajo.unique(flat, return_inverse=True)
    if kept.numel() == flat.numel():
        new = values[flat.argsort()]
    else:
        new = summed(kept.numel(), where, values)
    return make(kajo.sparse_coo, (_unflattened(kept, sizes), new), x._size, True)


def _unflattened(flat: Tensor, sizes: Sequence[int]) -> Tensor:
    rows = []
    for n in reversed(sizes):
        rows.append(flat % max(n, 1))
        flat = flat // max(n, 1)
    return kajo.stack(rows[::-1]) if rows else flat.new_zeros((0, flat.numel()))


# ---- conversions -----------------------------------------------------------------------------------


def to_dense(x: SparseTensor) -> Tensor:
    """The strided tensor with the same elements."""
    values = x._parts[-1]
    if x._kind in COMPRESSED and COMPRESSED[x._kind][3]:
        _, height, width = values.shape
        rows, columns = x._size[0] // height, x._size[1] // width
        blocks = summed(rows * columns, flat_places(places(x), (rows, columns)), values)
        return blocks.reshape(rows, columns, height, width).transpose(1, 2).reshape(x._size)
    indices = places(x)
    sizes = x._size[: indices.shape[0]]
    rows = summed(Size(sizes).numel(), flat_places(indices, sizes), values)
    return rows.reshape(x._size)


def from_dense(
    x: Tensor, layout: Any, sparse_dim: int | None = None, blocksize: Any = None
) -> SparseTensor:
    """The elements that are not zero, and their places."""
    if layout is kajo.sparse_coo:
        count = x.dim() if sparse_dim is None else sparse_dim
        if not 0 <= count <= x.dim() or (count == 0 and x.dim()):
            raise IndexError(
                f"to_sparse(): sparse_dim must be in [1, {x.dim()}] for a tensor of shape {x.shape}, got {count}"
            )
        kept = x.detach() != 0
        if count < x.dim():
            kept = kept.flatten(count).any(-1)
        if x.dim() == 0:
            values = x.reshape(1)[: int(kept)]
            return make(
                layout, (kajo.zeros((0, values.numel()), dtype=kajo.int64), values), (), True
            )
        indices = kept.nonzero().t().contiguous()
        return make(layout, (indices, x[tuple(indices.unbind(0))]), x.shape, True)
    if x.dim() != 2:
        raise RuntimeError(
            f"to_sparse(): conversion to {layout} needs a matrix, got a tensor of shape {x.shape}"
        )
    _, _, _, blocked = COMPRESSED[layout]
    if blocked:
        if blocksize is None:
            raise RuntimeError(f"to_sparse(): conversion to {layout} needs a blocksize")
        height, width = blocksize
        if min(height, width) < 1 or x.shape[0] % height or x.shape[1] % width:
            raise RuntimeError(
                f"to_sparse(): tensor of shape {x.shape} cannot be cut into blocks of size {tuple(blocksize)}"
            )
        x_blocks = x.reshape(x.shape[0] // height, height, x.shape[1] // width, width)
        x_blocks = x_blocks.transpose(1, 2)
        kept = (x_blocks.detach() != 0).flatten(2).any(-1)
        indices = kept.nonzero().t()
        values = x_blocks[tuple(indices.unbind(0))]
        outer_sizes = tuple(kept.shape)
    else:
        indices = (x.detach() != 0).nonzero().t()
        values, outer_sizes = x[tuple(indices.unbind(0))], tuple(x.shape)
    return compress(indices, values, x.shape, outer_sizes, layout)


def compress(
    indices: Tensor, values: Tensor, size: Sequence[int], outer_sizes: Sequence[int], layout: Any
) -> SparseTensor:
    """A compressed tensor from coordinates in order of rows, each once."""
    rows, columns = indices.unbind(0)
    if not COMPRESSED[layout][2]:
        order = flat_places(kajo.stack([columns, rows]), (outer_sizes[1], outer_sizes[0])).argsort()
        rows, columns, values = columns[order], rows[order], values[order]
        outer_sizes = outer_sizes[::-1]
    counts = summed(outer_sizes[0], rows, kajo.ones_like(rows)).cumsum(0)
    compressed = kajo.cat([counts.new_zeros(1), counts])
    return make(layout, (compressed, columns.contiguous(), values), size)


def converted(x: SparseTensor, layout: Any, blocksize: Any = None) -> SparseTensor:
    """The same elements in another sparse layout."""
    if x._kind is layout and blocksize is None:
        return x
    if layout is not kajo.sparse_coo and layout not in COMPRESSED:
        raise RuntimeError(f"to_sparse(): expected a sparse layout, got {layout}")
    blocked = (
        COMPRESSED.get(layout, (0, 0, 0, False))[3] or COMPRESSED.get(x._kind, (0, 0, 0, False))[3]
    )
    if blocked:
        return from_dense(to_dense(x), layout, blocksize=blocksize)
    if len(x._size) != 2 and layout is not kajo.sparse_coo:
        raise RuntimeError(
            f"to_sparse(): conversion to {layout} needs a matrix, got shape {x._size}"
        )
    if layout is kajo.sparse_coo:
        unique = x._kind is kajo.sparse_csr
        return make(layout, (places(x), x._parts[-1]), x._size, unique)
    base = coalesced(x if x._kind is kajo.sparse_coo else converted(x, kajo.sparse_coo))
    return compress(base._parts[0], base._parts[1], x._size, x._size, layout)


_core._set_foreign_class(SparseTensor)
