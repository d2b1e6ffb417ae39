"""Subscripts and operations with tensors of positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch, DataDependent, Unsupported, unbatched_write
from kajo.func._batching.register import bound, dim_of, rank_of, register, rule

__all__: list[str] = []


def _items(index: Any) -> list[Any]:
    """An index as one item for each subscript."""
    if isinstance(index, tuple):
        return list(index)
    if isinstance(index, list) and any(
        isinstance(i, (slice, Tensor, list, tuple)) or i is None or i is Ellipsis for i in index
    ):
        return list(index)
    return [index]


def _is_gathered(item: Any) -> bool:
    return isinstance(item, (Tensor, bool, Sequence)) or hasattr(item, "__array__")


def _split(x: Tensor, items: list[Any]) -> tuple[Any, list[Any]]:
    """A view by slices and single positions, and for its dimensions the tensors of positions."""
    resolved: list[Any] = []
    for item in items:
        if not _is_gathered(item):
            resolved.append(item)
            continue
        t = item if isinstance(item, Tensor) else kajo.tensor(item)
        if t.dtype in (kajo.bool, kajo.uint8):
            if rank_of(t) == 0:
                raise Unsupported
            if not isinstance(t, Tensor) or _is_batched(t):
                raise DataDependent(
                    "vmap: We do not support batching operators that can output dynamic shape: an "
                    "index of truth values differs between samples. kajo.where() may do instead."
                )
            resolved += list(t.nonzero(as_tuple=True))
        else:
            resolved.append(t)
    used = sum(1 for item in resolved if item is not None and item is not Ellipsis)
    if Ellipsis in [i for i in resolved if not isinstance(i, Tensor)]:
        at = next(i for i, item in enumerate(resolved) if item is Ellipsis)
        resolved[at : at + 1] = [slice(None)] * (rank_of(x) - used)
    view = x[tuple(slice(None) if isinstance(i, Tensor) else i for i in resolved)]
    by_dim = [i if isinstance(i, Tensor) else None for i in resolved if not isinstance(i, int)]
    return view, by_dim


def _is_batched(x: Any) -> bool:
    return hasattr(x, "_batch")


def _getitem(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self, index = args
    items = _items(index)
    if not any(map(_is_gathered, items)):
        subscripts = (slice(None), *items)
        return batch.wrap(batch.value(self)[subscripts])
    view, by_dim = _split(self, items)
    return _core.index(view, by_dim)


RULES[Tensor.__getitem__] = _getitem


def _layout(by_dim: Sequence[Any]) -> tuple[int, bool, int]:
    """The first gathered dimension, whether all stand side by side, and the positions' rank."""
    places = [i for i, t in enumerate(by_dim) if t is not None]
    rank = max(rank_of(by_dim[i]) for i in places)
    return places[0], places[-1] - places[0] == len(places) - 1, rank


def _positions(batch: Batch, by_dim: Sequence[Any], rank: int) -> list[Any]:
    """Values of the positions: those that differ between samples have the batch before all."""
    out: list[Any] = []
    for t in by_dim:
        value = t
        if t is not None and batch.has(t):
            value = batch.value(t)
            for _ in range(rank - rank_of(t)):
                value = value.unsqueeze(1)
        out.append(value)
    return out


def _samples(batch: Batch, rank: int) -> Tensor:
    return _core.arange(batch.size).view(batch.size, *(1 for _ in range(rank)))


@rule("index")
def _index(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self, by_dim = args
    if all(t is None for t in by_dim):
        return self
    first, adjacent, rank = _layout(by_dim)
    positions = _positions(batch, by_dim, rank)
    if not batch.has(self):
        result = func(self, positions)
        return batch.wrap(result.movedim(first, 0) if adjacent and first else result)
    result = func(batch.value(self), [_samples(batch, rank), *positions])
    if adjacent and first:  # the gathered dimensions came out right behind the batch
        here = list(range(1, rank + 1))
        result = result.movedim(here, [first + d for d in here])
    return batch.wrap(result)


def _put(batch: Batch, self: Tensor, by_dim: Sequence[Any], values: Tensor, add: bool) -> Tensor:
    """The value of `self` with `values` written at the positions."""
    first, adjacent, rank = _layout(by_dim)
    positions = [_samples(batch, rank), *_positions(batch, by_dim, rank)]
    target = batch.lift(self)
    inner = [None if t is None else t for t in by_dim]
    shape = list(_core.index(self, inner).shape)
    while values.dim() > len(shape) and values.shape[0] == 1:
        values = values.squeeze(0)
    source = batch.lift(values.expand(shape))
    if adjacent and first:
        here = list(range(1, rank + 1))
        source = source.movedim([first + d for d in here], here)
    return _core.index_put(target, positions, source.to(target.dtype), add)


@rule("index_put")
def _index_put(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, by_dim = found["self"], found["indices"]
    if any(t is not None and t.dtype in (kajo.bool, kajo.uint8) for t in by_dim):
        if any(map(batch.has, by_dim)):
            raise Unsupported
        by_dim = [
            places
            for t in by_dim
            for places in (
                t.nonzero(as_tuple=True)
                if t is not None and t.dtype in (kajo.bool, kajo.uint8)
                else [t]
            )
        ]
    return batch.wrap(_put(batch, self, by_dim, found["values"], found["accumulate"]))


def _setitem(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self, index, value = args
    if not batch.has(self):
        raise unbatched_write("copy_", batch.level)
    items = _items(index)
    source = value if isinstance(value, Tensor) else self.new_full((), value)
    if not any(map(_is_gathered, items)):
        view = self[tuple(items)]
        while source.dim() > view.dim() and source.shape[0] == 1:
            source = source.squeeze(0)
        view.copy_(source)
        return
    masks = [i for i in items if isinstance(i, Tensor) and i.dtype in (kajo.bool, kajo.uint8)]
    if len(items) == 1 and masks and batch.has(masks[0]) and source.numel() == 1:
        mask = masks[0]
        for _ in range(rank_of(self) - rank_of(mask)):
            mask = mask.unsqueeze(-1)
        self.copy_(_core.where(mask, source.reshape(()).to(self.dtype), self))
        return
    view, by_dim = _split(self, items)
    batch.value(view).copy_(_put(batch, view, by_dim, source, False))


RULES[Tensor.__setitem__] = _setitem


@rule("masked_fill")
def _masked_fill(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, mask, value = found["self"], found["mask"], found["value"]
    if not isinstance(value, Tensor):
        value = _core.full((), value, dtype=self.dtype)
    return _core.where(mask, value.to(self.dtype), self)


# ---- along one dimension ---------------------------------------------------------------------------

_ALONG = "index_add index_copy index_fill index_reduce index_select"


def _along(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One vector of positions along a dimension: the samples' slices form one long dimension."""
    found = bound(func, args, kwargs)
    self, index = found["self"], found["index"]
    if isinstance(found.get("value"), Tensor):
        return _filled(self, found["dim"], index, found["value"])
    vectors = {k: x for k, x in found.items() if isinstance(x, Tensor) and rank_of(x) == 0}
    if vectors:
        result = func(**found | {k: x.reshape(1) for k, x in vectors.items()})
        return result.reshape(()) if "self" in vectors else result
    if not batch.has(index):
        parts = {k: batch.lift(found[k]) for k in ("self", "source") if k in found}
        return batch.wrap(func(**found | parts | {"dim": dim_of(found["dim"], rank_of(self))}))
    dim = dim_of(found["dim"], rank_of(self))
    size = self.shape[dim - 1]
    place = [d for d in range(rank_of(self) + 1) if d not in (0, dim)]
    order = [0, dim, *place]

    def joined(x: Tensor) -> Any:
        return batch.lift(x).permute(order).flatten(0, 1)

    offsets = _core.arange(batch.size).unsqueeze(1) * size
    found |= {"self": joined(self), "dim": 0, "index": (batch.lift(index) + offsets).flatten()}
    if "source" in found:
        found["source"] = joined(found["source"])
    result = func(**found)
    back = [order.index(d) for d in range(len(order))]
    return batch.wrap(result.unflatten(0, (batch.size, -1)).permute(back))


register(_ALONG, _along)


def _filled(self: Tensor, dim: int, index: Tensor, value: Tensor) -> Any:
    """`index_fill` with what may differ between samples."""
    size = self.shape[dim] if rank_of(self) else 1
    chosen = _core.zeros(size, dtype=kajo.bool).index_fill(0, index.reshape(-1), True)
    shape = [1] * rank_of(self)
    if shape:
        shape[dim] = size
    return _core.where(chosen.reshape(shape), value.to(self.dtype), self)


@rule("masked_select")
def _masked_select(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, mask = found["self"], found["mask"]
    if batch.has(mask):
        raise DataDependent(
            "vmap: We do not support batching operators that can output dynamic shape: the result of "
            "masked_select() differs in size from sample to sample."
        )
    shape = kajo.broadcast_shapes(self.shape, mask.shape)
    places = mask.expand(shape).reshape(-1).nonzero().squeeze(1)
    return self.expand(shape).reshape(-1).index_select(0, places)


@rule("take_along_dim")
def _take_along_dim(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, indices, dim = found["self"], found["indices"], found["dim"]
    if dim is None:
        return self.reshape(-1).gather(0, indices.reshape(-1))
    if rank_of(self) != rank_of(indices):
        raise Unsupported
    place = dim_of(dim, rank_of(self))
    return batch.wrap(func(batch.lift(self), batch.lift(indices), place))


@rule("embedding")
def _embedding(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    weight, indices = found["weight"], found["indices"]
    if not batch.has(weight):
        return batch.wrap(func(**found | {"indices": batch.value(indices)}))
    if found["padding_idx"] >= 0 or found["scale_grad_by_freq"] or found["sparse"]:
        raise Unsupported
    offsets = _samples(batch, rank_of(indices)) * weight.shape[0]
    return batch.wrap(func(batch.value(weight).flatten(0, 1), batch.lift(indices) + offsets))


@rule("searchsorted")
def _searchsorted(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    ordered, self = found["sorted_sequence"], found["self"]
    if not isinstance(self, Tensor):
        self = _core.full((), self, dtype=ordered.dtype)
    if found["sorter"] is not None:
        found["sorter"] = batch.lift(found["sorter"]).contiguous()
    found["sorted_sequence"] = batch.lift(ordered).contiguous()
    if rank_of(ordered) != 1:
        return batch.wrap(func(**found | {"self": batch.lift(self)}))
    found["self"] = batch.lift(self).reshape(batch.size, self.numel())
    return batch.wrap(func(**found).reshape(batch.size, *self.shape))


@rule("bucketize")
def _bucketize(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    if batch.has(found["boundaries"]):
        boundaries, self = found.pop("boundaries"), found.pop("self")
        return _core.searchsorted(boundaries, self, **found)
    return batch.wrap(func(**found | {"self": batch.value(found["self"])}))
