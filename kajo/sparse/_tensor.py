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
        from kajo.sparse._layouts import gathered

        return gathered(self, other)


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


def blocked(x: SparseTensor) -> bool:
    """Whether the values are blocks."""
    return x._kind in COMPRESSED and COMPRESSED[x._kind][3]


def stack_rank(x: SparseTensor) -> int:
    """How many dimensions of a compressed tensor count its matrices."""
    return x._parts[0].dim() - 1 if x._kind in COMPRESSED else 0


def block_of(x: SparseTensor) -> tuple[int, ...] | None:
    """The size of the blocks, if there are any."""
    first = stack_rank(x) + 1
    return tuple(x._parts[-1].shape[first : first + 2]) if blocked(x) else None


def dense_rank(x: SparseTensor) -> int:
    """How many dimensions at the end are strided."""
    return x._parts[-1].dim() - 1 - stack_rank(x) - (2 if blocked(x) else 0)


def places(x: SparseTensor) -> Tensor:
    """The coordinates of the values (or of the blocks), one row for each sparse dimension."""
    if x._kind is kajo.sparse_coo:
        return x._parts[0]
    compressed, plain, _ = x._parts
    lines = compressed.shape[-1] - 1
    starts = compressed.reshape(-1, lines + 1)
    lengths = starts.diff().to(kajo.int64).reshape(-1)
    outer = kajo.repeat_interleave(kajo.arange(lines).repeat(starts.shape[0]), lengths)
    inner = plain.reshape(-1).to(kajo.int64)
    rows = [outer, inner] if COMPRESSED[x._kind][2] else [inner, outer]
    if compressed.dim() > 1:
        number = kajo.arange(starts.shape[0]).repeat_interleave(plain.shape[-1])
        rows = [*_unflattened(number, compressed.shape[:-1]).unbind(0), *rows]
    return kajo.stack(rows)


def entries(x: SparseTensor) -> tuple[Tensor, Tensor]:
    """The coordinates, and the values (or blocks) one below the other."""
    return places(x), x._parts[-1].flatten(0, stack_rank(x))


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


def distinct(flat: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The numbers that occur, in order, and for each its place among them; all are below `count`."""
    if count > 16 * flat.numel():
        kept, where = kajo.unique(flat, return_inverse=True)
        return kept, where
    # Marks are faster than sorting where most places are taken.
    taken = kajo.zeros(count, dtype=kajo.bool).index_fill_(0, flat, True)
    return taken.nonzero().squeeze(1), taken.cumsum(0).sub_(1)[flat]


def coalesced(x: SparseTensor) -> SparseTensor:
    """Every place once, in order; values of equal places are added."""
    if x._unique or x._kind is not kajo.sparse_coo:
        return x
    indices, values = x._parts
    sizes = x._size[: indices.shape[0]]
    flat = flat_places(indices, sizes)
    kept, where = distinct(flat, Size(sizes).numel())
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


_core._set_foreign_class(SparseTensor)
