"""The tensor whose components differ in size: one after the other in one strided tensor, the values.

In layout `kajo.jagged` the components differ along one dimension, the ragged one. The values have them
joined along it, `offsets` says where each begins, and the ragged size is a `NestedInt`. In layout
`kajo.strided` the components are of any shapes, in a flat buffer of values.

Operations are written in operations on the values, so gradients flow through these. To the core a
nested tensor is a face without data: what does not know nested tensors can refuse them, not misread
them.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Size, Tensor

__all__ = ["NestedInt", "NestedTensor", "components", "jagged", "packed", "strided", "with_values"]

_numbers = itertools.count(1)
# The symbol of each tensor of offsets that is alive, by its identity.
_symbols: dict[int, tuple[Any, NestedInt]] = {}


class NestedInt(int):
    """The size of a ragged dimension: equal to that of tensors with the same offsets alone."""

    number: int
    factor: int

    def __new__(cls, number: int, factor: int = 1) -> NestedInt:
        """The ragged size with a number. As an integer it is too large for any tensor."""
        made = super().__new__(cls, 2**62 + number)
        made.number, made.factor = number, factor
        return made

    def __repr__(self) -> str:
        return f"j{self.number}" if self.factor == 1 else f"{self.factor}*j{self.number}"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NestedInt):
            return False
        return (self.number, self.factor) == (other.number, other.factor)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.number, self.factor))

    def __mul__(self, other: int) -> NestedInt:
        return NestedInt(self.number, self.factor * int(other))

    __rmul__ = __mul__

    def _refused(self, *_: Any) -> Any:
        raise TypeError(
            f"the ragged size {self} stands for several numbers: it can only be multiplied"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __floordiv__ = __mod__ = __index__ = _refused


class NestedTensor(Tensor):
    """Tensors of different sizes as one; made by `kajo.nested.nested_tensor` and the like."""

    _kind: Any  # the layout
    _held: Tensor  # the values, which carry the history
    # of layout kajo.jagged
    _size: Size
    _ragged_idx: int
    _places: tuple[Tensor, Tensor | None]  # offsets, and lengths where there are gaps
    _bounds: tuple[int | None, int | None]  # the least and greatest length, where known
    # of layout kajo.strided: the shape, the strides and the first element of each component
    _shapes: tuple[tuple[int, ...], ...]
    _steps: tuple[tuple[int, ...], ...]
    _starts: tuple[int, ...]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the operation is for nested tensors.

        Raises:
            NotImplementedError: if it is none.
        """
        from kajo.nested._operations import carry_out

        return carry_out(func, args, kwargs or {})

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._kind is kajo.jagged:
            return jagged, (self._held, *self._places, self._ragged_idx, *self._bounds)
        return strided, (self._held, self._shapes, self._steps, self._starts)

    # ---- what strided tensors do not have ----------------------------------------------------------

    def offsets(self) -> Tensor:
        """Where the components begin among the values, and last where they end."""
        return self._jagged("offsets")._places[0]

    def lengths(self) -> Tensor | None:
        """How long the components are, where the offsets alone do not say it."""
        return self._jagged("lengths")._places[1]

    def to_padded_tensor(self, padding: float, output_size: Any = None) -> Tensor:
        """The components as one strided tensor; see `kajo.nested.to_padded_tensor`."""
        return kajo.nested.to_padded_tensor(self, padding, output_size)

    @property
    def _max_seqlen(self) -> int:
        return max(_lengths(self._jagged("_max_seqlen")), default=0)

    @property
    def _min_seqlen(self) -> int:
        return min(_lengths(self._jagged("_min_seqlen")), default=0)

    def _nested_tensor_size(self) -> Tensor:
        return _table(self._of_strided("_nested_tensor_size")._shapes)

    def _nested_tensor_strides(self) -> Tensor:
        return _table(self._of_strided("_nested_tensor_strides")._steps)

    def _nested_tensor_storage_offsets(self) -> Tensor:
        starts = self._of_strided("_nested_tensor_storage_offsets")._starts
        return kajo.tensor(starts, dtype=kajo.int64)

    def _of_strided(self, name: str) -> NestedTensor:
        if self._kind is not kajo.strided:
            raise NotImplementedError(f"{name}(): of a nested tensor of layout {self._kind}")
        return self

    def _jagged(self, name: str) -> NestedTensor:
        if self._kind is not kajo.jagged:
            raise AttributeError(
                f"a nested tensor of layout {self._kind} has no attribute {name!r}"
            )
        return self

    # ---- what automatic differentiation asks ---------------------------------------------------------

    def _history(self) -> Tensor:
        """The strided tensor that carries this one's history."""
        return self._held

    def _with_values(self, values: Tensor) -> NestedTensor:
        return with_values(self, values)

    def _at_places(self, other: Any) -> Tensor:
        """The values of another nested tensor of this structure."""
        if not isinstance(other, NestedTensor) or not same_structure(self, other):
            raise RuntimeError("expected a gradient that is nested and of the tensor's structure")
        if self._kind is kajo.jagged or self._steps == other._steps:
            return other._held
        return with_values(self, packed(components(other))._held)._held


def _table(rows: Any) -> Tensor:
    return kajo.tensor([list(row) for row in rows], dtype=kajo.int64).reshape(len(rows), -1)


# ---- making ----------------------------------------------------------------------------------------


def jagged(
    values: Tensor,
    offsets: Tensor,
    lengths: Tensor | None = None,
    ragged: int = 1,
    least: int | None = None,
    greatest: int | None = None,
) -> NestedTensor:
    """A nested tensor of layout `kajo.jagged` of its parts."""
    size: list[Any] = [offsets.shape[0] - 1, *values.shape]
    size[ragged] = _ragged_size(offsets if lengths is None else lengths)
    face = [n if type(n) is int else 0 for n in size]
    made: NestedTensor = Tensor._make_wrapper_subclass(
        NestedTensor, face, (0,) * len(face), dtype=values.dtype
    )
    made._kind, made._held, made._places = kajo.jagged, values, (offsets, lengths)
    made._size, made._ragged_idx = tuple.__new__(Size, size), ragged
    made._bounds = (least, greatest)
    return made


def _ragged_size(source: Tensor) -> NestedInt:
    """The symbol of a tensor of offsets; the same whenever it is asked for."""
    found = _symbols.get(id(source))
    if found is not None and found[0]() is source:
        return found[1]
    key = id(source)
    symbol = NestedInt(next(_numbers))
    _symbols[key] = (weakref.ref(source, lambda _: _symbols.pop(key, None)), symbol)
    return symbol


def strided(
    values: Tensor,
    shapes: Sequence[tuple[int, ...]],
    steps: Sequence[tuple[int, ...]] | None = None,
    starts: Sequence[int] | None = None,
) -> NestedTensor:
    """A nested tensor of layout `kajo.strided`; by default the components stand one after the other."""
    rank = len(shapes[0]) if shapes else 0
    made: NestedTensor = Tensor._make_wrapper_subclass(
        NestedTensor, (len(shapes),) + (0,) * rank, (0,) * (rank + 1), dtype=values.dtype
    )
    made._kind, made._held, made._shapes = kajo.strided, values, tuple(map(tuple, shapes))
    if steps is None or starts is None:
        ends = list(itertools.accumulate(map(math.prod, made._shapes), initial=0))
        steps, starts = tuple(map(_contiguous_steps, made._shapes)), ends[:-1]
    made._steps, made._starts = tuple(map(tuple, steps)), tuple(starts)
    return made


def _contiguous_steps(shape: Sequence[int]) -> tuple[int, ...]:
    steps, step = [], 1
    for n in reversed(shape):
        steps.append(step)
        step *= max(n, 1)
    return tuple(reversed(steps))


def packed(tensors: Sequence[Tensor]) -> NestedTensor:
    """A nested tensor of layout `kajo.strided` of its components."""
    flat = [t.reshape(-1) for t in tensors]
    values = kajo.cat(flat) if flat else kajo.zeros(0)
    return strided(values, [tuple(t.shape) for t in tensors])


def with_values(x: NestedTensor, values: Tensor) -> NestedTensor:
    """The same structure with other values, which may differ in size beside the ragged dimension."""
    if x._kind is kajo.jagged:
        return jagged(values, *x._places, x._ragged_idx, *x._bounds)
    return strided(values, x._shapes, x._steps, x._starts)


# ---- taking apart ------------------------------------------------------------------------------------


def _lengths(x: NestedTensor) -> list[int]:
    offsets, lengths = x._places
    return (offsets.diff() if lengths is None else lengths).tolist()  # type: ignore[no-any-return]


def components(x: NestedTensor) -> list[Tensor]:
    """The tensors that it consists of, as views of the values."""
    if x._kind is kajo.strided:
        if is_contiguous(x):
            counts = [math.prod(shape) for shape in x._shapes]
            pieces = x._held[: sum(counts)].split(counts)
            return [piece.view(shape) for piece, shape in zip(pieces, x._shapes)]
        return [
            x._held.as_strided(shape, steps, start)
            for shape, steps, start in zip(x._shapes, x._steps, x._starts)
        ]
    starts = x._places[0].tolist()[:-1]
    counts, total = _lengths(x), x._held.shape[x._ragged_idx - 1]
    for start, count in zip(starts, counts):
        if start < 0 or count < 0 or start + count > total:
            raise RuntimeError(
                f"unbind(): a component from {start:.0f} on of length {count:.0f} does not fit into values of "
                f"{total} along the ragged dimension"
            )
    return [
        x._held.narrow(x._ragged_idx - 1, int(start), int(count))
        for start, count in zip(starts, counts)
    ]


def is_contiguous(x: NestedTensor) -> bool:
    """Whether the components stand one after the other without gaps, their elements in order."""
    if x._kind is kajo.jagged:
        return x._places[1] is None and x._held.is_contiguous()
    begin = 0
    for shape, steps, start in zip(x._shapes, x._steps, x._starts):
        if start != begin or steps != _contiguous_steps(shape):
            return False
        begin += math.prod(shape)
    return True


def same_structure(a: NestedTensor, b: NestedTensor) -> bool:
    """Whether corresponding components have the same shape."""
    if a._kind is not b._kind:
        return False
    if a._kind is kajo.strided:
        return a._shapes == b._shapes
    return a._size == b._size
