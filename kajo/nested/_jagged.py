"""Operations on nested tensors of layout `kajo.jagged`."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor
from kajo.nested._tensor import NestedInt, NestedTensor, components, jagged, with_values

__all__ = ["TABLE", "contiguous", "fits", "sliced", "spread", "to_padded"]


# ---- the values, a row for each component -----------------------------------------------------------


def _greatest(x: NestedTensor) -> int:
    if x._bounds[1] is None:
        x._bounds = (x._bounds[0], x._max_seqlen)
    return x._bounds[1]  # type: ignore[return-value]


def _grid(x: NestedTensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each place along the ragged dimension of the values: component, place in it, whether used."""
    offsets, lengths = x._places
    places = kajo.arange(x._held.shape[x._ragged_idx - 1])
    counts = offsets.diff() if lengths is None else lengths
    rows = kajo.searchsorted(offsets[1:].contiguous(), places.to(offsets.dtype), right=True)
    rows = rows.clamp(max=max(counts.shape[0] - 1, 0))
    within = places - offsets[rows]
    return rows, within, (within >= 0) & (within < counts[rows])


def padded(x: NestedTensor, fill: Any, width: int | None = None) -> Tensor:
    """The components as one strided tensor, each filled up to `width` along the ragged dimension."""
    wide = _greatest(x) if width is None else width
    values = x._held.movedim(x._ragged_idx - 1, 0)
    rows, within, used = _grid(x)
    if width is not None:
        used = used & (within < width)
    room = kajo.full((int(x._size[0]), wide, *values.shape[1:]), fill, dtype=values.dtype)
    filled = room.index_put((rows[used], within[used]), values[used])
    return filled.movedim(1, x._ragged_idx)


def from_padded(dense: Tensor, x: NestedTensor) -> Tensor:
    """The values of the structure of `x` from a strided tensor with a row for each component."""
    rows, within, _ = _grid(x)
    columns = dense.movedim(x._ragged_idx, 1)
    within = within.clamp(0, max(columns.shape[1] - 1, 0))
    return columns[rows, within].movedim(0, x._ragged_idx - 1)


def to_padded(x: NestedTensor, padding: float, output_size: Any) -> Tensor:
    """What `kajo.nested.to_padded_tensor` does."""
    if output_size is None:
        return padded(x, padding)
    if len(output_size) != len(x._size):
        raise RuntimeError(
            f"to_padded_tensor(): output_size {tuple(output_size)} should have {len(x._size)} dimensions"
        )
    return padded(x, padding, int(output_size[x._ragged_idx]))


def contiguous(x: NestedTensor) -> NestedTensor:
    """The same components one after the other, without gaps."""
    offsets, lengths = x._places
    if lengths is None:
        return with_values(x, x._held.contiguous())
    values = kajo.cat(components(x), x._ragged_idx - 1).contiguous()
    ends = kajo.cat([lengths.new_zeros(1), lengths.cumsum(0)]).to(offsets.dtype)
    return jagged(values, ends, None, x._ragged_idx, *x._bounds)


# ---- element by element ------------------------------------------------------------------------------


def fits(x: NestedTensor, other: NestedTensor) -> bool:
    """Whether the values of both correspond to each other, perhaps after broadcasting."""
    return (
        other._kind is kajo.jagged
        and len(x._size) == len(other._size)
        and x._ragged_idx == other._ragged_idx
        and x._size[x._ragged_idx] == other._size[x._ragged_idx]
    )


def spread(x: NestedTensor, other: Tensor, name: str) -> Tensor:
    """A strided tensor as one that broadcasts with the values of `x`."""
    rank, ragged = len(x._size), x._ragged_idx
    if other.dim() < rank - ragged:
        return other
    if other.dim() > rank:
        raise _unlike(x, other, name)
    whole = other.reshape((1,) * (rank - other.dim()) + tuple(other.shape))
    batch, width = whole.shape[0], whole.shape[ragged]
    if batch not in (1, x._size[0]) or (width != 1 and width != _greatest(x)):
        raise _unlike(x, other, name)
    if batch == 1 and width == 1:
        return whole.squeeze(0)
    return from_padded(whole.expand(int(x._size[0]), *whole.shape[1:]), x)


def _unlike(x: NestedTensor, other: Tensor, name: str) -> RuntimeError:
    return RuntimeError(
        f"{name}(): a nested operand of shape {tuple(x._size)} and a strided one of shape "
        f"{tuple(other.shape)} cannot be broadcast"
    )


# ---- dimensions ----------------------------------------------------------------------------------------


def _axis(x: NestedTensor, dim: int, extra: int = 0) -> int:
    rank = len(x._size) + extra
    if not -rank <= dim < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})"
        )
    return dim % rank


def _inner(x: NestedTensor, dim: int, name: str) -> int:
    """The dimension of the values; neither the batch's nor the ragged one."""
    axis = _axis(x, dim)
    if axis == 0:
        raise RuntimeError(f"{name}(): not supported for NestedTensor on dim=0")
    if axis == x._ragged_idx:
        raise RuntimeError(f"{name}(): not supported for NestedTensor on ragged dim")
    return axis - 1


def _rebuilt(x: NestedTensor, values: Tensor, ragged: int) -> NestedTensor:
    return jagged(values, *x._places, ragged, *x._bounds)


def _transpose(self: NestedTensor, dim0: int, dim1: int) -> NestedTensor:
    a, b = _axis(self, dim0), _axis(self, dim1)
    if a == b:
        return self
    if 0 in (a, b):
        raise ValueError("transpose(): the batch dimension of a jagged tensor cannot be transposed")
    moved = {a: b, b: a}.get(self._ragged_idx, self._ragged_idx)
    return _rebuilt(self, self._held.transpose(a - 1, b - 1), moved)


def _permute(self: NestedTensor, dims: Any) -> NestedTensor:
    if len(dims) != len(self._size):
        raise ValueError(
            f"permute(): the tensor has {len(self._size)} dimensions, and {len(dims)} are named"
        )
    order = [_axis(self, d) for d in dims]
    if sorted(order) != list(range(len(self._size))):
        raise RuntimeError(f"permute(): {list(dims)} is no order of the dimensions of {self._size}")
    if order[0] != 0:
        raise ValueError("permute(): the batch dimension of a jagged tensor has to stay first")
    values = self._held.permute([d - 1 for d in order[1:]])
    return _rebuilt(self, values, order.index(self._ragged_idx))


def _unsqueeze(self: NestedTensor, dim: int) -> NestedTensor:
    axis = _axis(self, dim, 1)
    if axis == 0:
        raise RuntimeError("unsqueeze(): not supported for NestedTensor on dim=0")
    ragged = self._ragged_idx + (axis <= self._ragged_idx)
    return _rebuilt(self, self._held.unsqueeze(axis - 1), ragged)


def _squeeze(self: NestedTensor, dim: Any = None) -> NestedTensor:
    if dim is None:
        raise NotImplementedError("squeeze(): of a nested tensor needs a dimension")
    axes = [_inner(self, d, "squeeze") for d in ([dim] if isinstance(dim, int) else dim)]
    gone = [a for a in axes if self._held.shape[a] == 1]
    ragged = self._ragged_idx - sum(1 for a in gone if a < self._ragged_idx - 1)
    return _rebuilt(self, self._held.squeeze(gone), ragged)


def _select(self: NestedTensor, dim: int, index: int) -> Any:
    if _axis(self, dim) == 0:
        from kajo.nested._operations import component

        return component(self, index)
    axis = _inner(self, dim, "select")
    ragged = self._ragged_idx - (axis < self._ragged_idx - 1)
    return _rebuilt(self, self._held.select(axis, index), ragged)


def sliced(x: NestedTensor, dim: int, item: slice) -> NestedTensor:
    """A slice along one dimension."""
    if x._kind is not kajo.jagged:
        raise NotImplementedError("slices of nested tensors need the layout kajo.jagged")
    axis = _inner(x, dim, "slice")
    index = [slice(None)] * axis + [item]
    return with_values(x, x._held[tuple(index)])


def _narrow(self: NestedTensor, dim: int, start: int, length: int) -> NestedTensor:
    return with_values(self, self._held.narrow(_inner(self, dim, "narrow"), start, length))


def _pieces(name: str) -> Any:
    def handler(self: NestedTensor, *, dim: int = 0, **how: Any) -> tuple[NestedTensor, ...]:
        if name == "chunk" and _axis(self, dim) == 0:
            return _chunks(self, how["chunks"])
        axis = _inner(self, dim, name)
        return tuple(
            with_values(self, v) for v in getattr(self._held, name)(*how.values(), dim=axis)
        )

    return handler


def _chunks(x: NestedTensor, count: int) -> tuple[NestedTensor, ...]:
    parts = components(x)
    step = max(math.ceil(len(parts) / count), 1)
    place = x._ragged_idx - 1
    found = []
    for start in range(0, len(parts), step):
        chosen = parts[start : start + step]
        lengths = [0, *(part.shape[place] for part in chosen)]
        offsets = kajo.tensor(lengths, dtype=kajo.int64).cumsum(0)
        found.append(jagged(kajo.cat(chosen, place), offsets, None, x._ragged_idx))
    return tuple(found)


def _reshape(name: str) -> Any:
    def handler(self: NestedTensor, **given: Any) -> NestedTensor:
        size = list(given.get("shape") or given.get("size") or ())
        for place in _ragged_places(self, size):
            shape = [*size[1:place], self._held.shape[self._ragged_idx - 1], *size[place + 1 :]]
            return _rebuilt(self, getattr(self._held, name)(shape), place)
        raise RuntimeError(f"{name}(): cannot give the shape {tuple(self._size)} as {size}")

    return handler


def _ragged_places(x: NestedTensor, size: list[Any]) -> list[int]:
    """Where the ragged dimension may stand in a new shape: where as many elements are before it."""
    if not size or isinstance(size[0], NestedInt) or size[0] != x._size[0]:
        return []
    own = x._size[x._ragged_idx]
    named = [i for i, n in enumerate(size) if isinstance(n, NestedInt)]
    if any(size[i] != own for i in named):
        return []
    before = math.prod(x._held.shape[: x._ragged_idx - 1])
    after = math.prod(x._held.shape[x._ragged_idx :])
    return [
        i
        for i in named or [i for i, n in enumerate(size) if n == -1]
        if i > 0
        and (-1 in size[1:i] or math.prod(size[1:i]) == before)
        and (-1 in size[i + 1 :] or math.prod(size[i + 1 :]) == after)
    ]


def _flatten(self: NestedTensor, start_dim: int = 0, end_dim: int = -1) -> NestedTensor:
    first, last = _axis(self, start_dim), _axis(self, end_dim)
    if first == last:
        return self
    if first == 0:
        raise RuntimeError("flatten(): not supported for NestedTensor on dim=0")
    if first <= self._ragged_idx <= last:
        raise RuntimeError("flatten(): not supported for NestedTensor on ragged dim")
    ragged = self._ragged_idx - (last - first if last < self._ragged_idx else 0)
    return _rebuilt(self, self._held.flatten(first - 1, last - 1), ragged)


def _unflatten(self: NestedTensor, dim: int, sizes: Any) -> NestedTensor:
    axis = _inner(self, dim, "unflatten")
    ragged = self._ragged_idx + (len(sizes) - 1 if axis < self._ragged_idx - 1 else 0)
    return _rebuilt(self, self._held.unflatten(axis, sizes), ragged)


def _expand(self: NestedTensor, size: Any, implicit: bool = False) -> NestedTensor:
    ragged = self._ragged_idx
    fit = len(size) == len(self._size) and all(
        n == own or (isinstance(n, int) and n == -1)
        for n, own in ((size[d], self._size[d]) for d in (0, ragged))
    )
    if not fit:
        raise RuntimeError(f"expand(): cannot expand the shape {tuple(self._size)} to {list(size)}")
    inner = [-1 if d == ragged else n for d, n in enumerate(size)][1:]
    return with_values(self, self._held.expand(inner))


def _expand_as(self: Any, other: Any) -> Any:
    if not isinstance(self, NestedTensor):
        return with_values(other, spread(other, self, "expand_as").expand(other._held.shape))
    return _expand(self, other._size)


def _joined(name: str) -> Any:
    def handler(tensors: Any, dim: int = 0) -> NestedTensor:
        first = next(t for t in tensors if isinstance(t, NestedTensor))
        axis = _axis(first, dim, name == "stack")
        if axis == 0:
            raise RuntimeError(f"{name}(): not supported for NestedTensor on dim=0")
        if axis == first._ragged_idx:
            raise RuntimeError(f"{name}(): not supported for NestedTensor on ragged dim")
        if not all(isinstance(t, NestedTensor) and fits(first, t) for t in tensors):
            raise RuntimeError(f"{name}(): expected nested tensors with the same offsets")
        ragged = first._ragged_idx + (name == "stack" and axis < first._ragged_idx)
        return _rebuilt(first, getattr(kajo, name)([t._held for t in tensors], axis - 1), ragged)

    return handler


# ---- reductions ----------------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    if dtype is kajo.bool:
        return False
    return (kajo.finfo if dtype.is_floating_point else kajo.iinfo)(dtype).min


def _highest(dtype: Any) -> Any:
    if dtype is kajo.bool:
        return True
    return (kajo.finfo if dtype.is_floating_point else kajo.iinfo)(dtype).max


# What components are filled up with before they are reduced along the ragged dimension.
_FILLS: dict[str, Any] = {
    "sum": lambda dtype: 0, "prod": lambda dtype: 1, "all": lambda dtype: True, "any": lambda dtype: False,
    "amax": _lowest, "max": _lowest, "argmax": _lowest, "amin": _highest, "min": _highest,
    "argmin": _highest, "softmax": _lowest, "log_softmax": _lowest, "logsumexp": _lowest,
}  # fmt: skip


def _reduction(name: str) -> Any:
    def handler(self: NestedTensor, dim: Any = None, **options: Any) -> Any:
        if "other" in options:
            return getattr(kajo, "maximum" if name == "max" else "minimum")(self, options["other"])
        given = [] if dim is None else [dim] if isinstance(dim, int) else list(dim)
        axes = sorted(_axis(self, d) for d in given)
        ragged, values = self._ragged_idx, self._held
        if not axes or axes == list(range(len(self._size))):
            dense = values if self._places[1] is None else contiguous(self)._held
            kept = {k: v for k, v in options.items() if v is not None and k != "keepdim"}
            return getattr(dense, name)(**kept)
        if 0 in axes and ragged not in axes:
            raise RuntimeError(
                f"{name}(): reducing along the batch dimension but not the ragged dimension is not supported "
                "for nested tensors"
            )
        if ragged in axes and 0 not in axes and len(axes) > 1:
            raise RuntimeError(
                f"{name}(): reducing along a ragged and non-batch dimension is not supported for nested tensors"
            )
        kept = {k: v for k, v in options.items() if v is not None}
        if axes == [ragged]:
            return _along_ragged(self, name, kept)
        inner = [a - 1 for a in axes if a]
        place: Any = inner if isinstance(dim, (tuple, list)) else inner[0]
        if 0 in axes:
            dense = values if self._places[1] is None else contiguous(self)._held
            result = getattr(dense, name)(place, **kept)
            return result.unsqueeze(0) if kept.get("keepdim") else result
        result = getattr(values, name)(place, **kept)
        gone = 0 if kept.get("keepdim") else sum(1 for a in axes if a < ragged)
        if isinstance(result, tuple):
            return type(result)(tuple(_rebuilt(self, r, ragged - gone) for r in result))
        return _rebuilt(self, result, ragged - gone)

    return handler


def _along_ragged(x: NestedTensor, name: str, options: dict[str, Any]) -> Any:
    if name == "mean":
        total = padded(x, 0).sum(x._ragged_idx, **options)
        counts = kajo.tensor([part.shape[x._ragged_idx - 1] for part in components(x)])
        return total / counts.reshape(-1, *[1] * (total.dim() - 1)).to(total.dtype)
    if name not in _FILLS:
        raise NotImplementedError(f"{name}(): along the ragged dimension is not implemented")
    dense = padded(x, _FILLS[name](x._held.dtype))
    return getattr(dense, name)(x._ragged_idx, **options)


def _softmax(name: str) -> Any:
    def handler(self: NestedTensor, dim: int, dtype: Any = None) -> NestedTensor:
        axis = _axis(self, dim)
        if axis == 0:
            raise RuntimeError(
                f"{name}(): not supported when reducing across the batch dimension for NestedTensor"
            )
        x: Any = self if dtype is None else self.to(dtype)
        if axis == x._ragged_idx:
            dense = getattr(padded(x, -math.inf), name)(axis)
            return with_values(x, from_padded(dense, x))
        return with_values(x, getattr(x._held, name)(axis - 1))

    return handler


# ---- products, networks ----------------------------------------------------------------------------------


def _matmul(self: Any, other: Any = None, mat2: Any = None) -> Any:
    other = mat2 if other is None else other
    both = f"shapes {tuple(self.shape)} and {tuple(other.shape)}"
    failure = RuntimeError(f"matmul(): not supported between inputs of {both}")
    if not isinstance(self, NestedTensor):
        raise failure
    rank, ragged = len(self._size), self._ragged_idx
    if isinstance(other, NestedTensor):
        contracted = (ragged, other._ragged_idx) == (rank - 1, rank - 2)
        if len(other._size) != rank or not contracted or self._size[-1] != other._size[-2]:
            raise failure
        return padded(self, 0) @ padded(other, 0)
    if ragged == rank - 1:
        raise failure
    if other.dim() == 2:
        return with_values(self, self._held @ other)
    if other.dim() == rank and ragged == rank - 2:
        return with_values(self, from_padded(padded(self, 0) @ other, self))
    raise failure


def _linear(input: Any, weight: Any, bias: Any = None) -> NestedTensor:
    if not isinstance(input, NestedTensor) or isinstance(weight, NestedTensor):
        raise RuntimeError("linear(): expected a nested input and a strided weight")
    if input._ragged_idx == len(input._size) - 1:
        raise RuntimeError("linear(): not supported for NestedTensor on ragged dim")
    return with_values(input, kajo.nn.functional.linear(input._held, weight, bias))


def _normalised(function: str) -> Any:
    def handler(input: NestedTensor, normalized_shape: Any, *rest: Any, **options: Any) -> Any:
        if len(normalized_shape) >= len(input._size) - input._ragged_idx:
            raise RuntimeError(f"{function}(): not supported for NestedTensor on ragged dim")
        if function == "layer_norm":
            options.pop("cudnn_enable", None)
        call = getattr(kajo.nn.functional, function)
        return with_values(input, call(input._held, normalized_shape, *rest, **options))

    return handler


def _one_hot(self: NestedTensor, num_classes: int = -1) -> NestedTensor:
    return with_values(self, kajo.nn.functional.one_hot(self._held, num_classes))


def _stride(self: NestedTensor, dim: int | None = None) -> Any:
    strides: list[Any] = [0, *self._held.stride()]
    outer = math.prod(self._held.shape[self._ragged_idx :]) * math.prod(
        self._held.shape[: self._ragged_idx - 1]
    )
    strides[0] = self._size[self._ragged_idx] * outer
    return tuple(strides) if dim is None else strides[dim]


TABLE: dict[str, Any] = {
    "transpose": _transpose,
    "swapaxes": lambda self, axis0, axis1: _transpose(self, axis0, axis1),
    "swapdims": lambda self, dim0, dim1: _transpose(self, dim0, dim1),
    "permute": _permute,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "select": _select,
    "narrow": _narrow,
    "view": _reshape("view"),
    "reshape": _reshape("reshape"),
    "flatten": _flatten,
    "unflatten": _unflatten,
    "expand": _expand,
    "expand_as": _expand_as,
    "cat": _joined("cat"),
    "concat": _joined("cat"),
    "concatenate": _joined("cat"),
    "stack": _joined("stack"),
    "matmul": _matmul,
    "bmm": _matmul,
    "linear": _linear,
    "layer_norm": _normalised("layer_norm"),
    "rms_norm": _normalised("rms_norm"),
    "one_hot": _one_hot,
    "stride": _stride,
}
TABLE |= {name: _pieces(name) for name in ("chunk", "split", "split_with_sizes", "tensor_split")}
TABLE |= {name: _softmax(name) for name in ("softmax", "log_softmax")}
TABLE |= {name: _reduction(name) for name in (*_FILLS, "mean") if "softmax" not in name}
