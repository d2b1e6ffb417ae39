"""Operations that name dimensions, which stand one place further in the values."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch, BatchedTensor, Unsupported, loop
from kajo.func._batching.pointwise import pointwise
from kajo.func._batching.register import bound, dim_of, dims_of, rank_of, register, rule

__all__ = ["reduced", "shifted"]

_SHIFTED = """
argsort chunk cummax cummin cumprod cumsum diagonal diagonal_copy diagonal_scatter diff flatten flip gather
kthvalue linear_scan log_softmax logcumsumexp mode moveaxis movedim scatter scatter_add
scatter_reduce select select_copy select_scatter slice_scatter softmax sort special.log_softmax
special.softmax split split_copy split_with_sizes split_with_sizes_copy swapaxes swapdims topk
transpose transpose_copy trapezoid trapz cumulative_trapezoid unbind unbind_copy unflatten unfold unfold_copy
unsafe_chunk unsafe_split unsafe_split_with_sizes special.logsumexp
"""
_TRANSFORMS = "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft"
_PARAMETERS = (
    "dim", "dims", "dim0", "dim1", "dim2", "axis0", "axis1", "dimension", "start_dim", "end_dim", "source",
    "destination",
)  # fmt: skip
_REDUCTIONS = """
all amax amin aminmax any argmax argmin count_nonzero linalg.vector_norm logsumexp max mean median min
nanmean nanmedian nansum norm _norm prod std std_mean sum var var_mean
"""


def _prepared(
    batch: Batch, found: dict[str, Any], alike: bool = False
) -> tuple[dict[str, Any], int]:
    """Bound arguments with values for tensors, and the rank of the first one.

    With `alike` all tensors have the same rank, that of a vector without dimensions included.
    """
    tensors = {k: x for k, x in found.items() if isinstance(x, Tensor)}
    rank = rank_of(next(iter(tensors.values())))
    values = {k: batch.lift(x) for k, x in tensors.items()}
    # A sample without dimensions is treated as one of a single element.
    if rank == 0 or alike:
        values = {k: v if rank_of(tensors[k]) else v.unsqueeze(-1) for k, v in values.items()}
    return found | values, rank


def _finished(batch: Batch, result: Any, rank: int) -> Any:
    if rank == 0:
        results = result if isinstance(result, tuple) else (result,)
        squeezed = [r.squeeze(-1) if r.dim() > 1 else r for r in results]
        if not isinstance(result, tuple):
            return batch.wrap(squeezed[0])
        named = type(result)
        return batch.wrap(tuple(squeezed) if named is tuple else named(tuple(squeezed)))
    return batch.wrap(result)


def shifted(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation along dimensions of its first tensor; further tensors have the same dimensions."""
    given = bound(func, args, kwargs)
    found, rank = _prepared(batch, given, func.__name__.startswith(("gather", "scatter")))
    if rank == 0 and func.__name__ in ("flatten", "unflatten"):
        value = found["self"]
        return batch.wrap(value if func.__name__ == "flatten" else func(value, 1, found["sizes"]))
    for name in _PARAMETERS:
        dims = found.get(name)
        if dims is not None and not isinstance(dims, Tensor):
            found[name] = dims_of(dims, rank)
    if func.__name__ == "gather":
        rank = rank_of(given["index"])
    return _finished(batch, func(**found), rank)


register(_SHIFTED, shifted)
register(_TRANSFORMS, shifted, composites=True)


@rule(
    "fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2 fft.hfft2 fft.ihfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn "
    "fft.hfftn fft.ihfftn fft.fftshift fft.ifftshift",
    composites=True,
)
def _transform(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    value, rank = batch.value(found.pop("input")), rank_of(args[0] if args else kwargs["input"])
    sizes, dims = found.get("s"), found["dim"]
    if dims is None:
        dims = range(rank) if sizes is None else range(rank - len(sizes), rank)
    found["dim"] = [dim_of(d, rank) for d in ([dims] if isinstance(dims, int) else dims)]
    return batch.wrap(func(value, **found))


@rule("repeat_interleave")
def _repeat_each(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    if "self" not in found or batch.has(found["repeats"]):
        raise Unsupported
    self, dim = found.pop("self"), found.pop("dim")
    if dim is None or rank_of(self) == 0:
        self, dim = self.reshape(-1), 0
    return batch.wrap(func(batch.value(self), dim=dim_of(dim, rank_of(self)), **found))


@rule("narrow narrow_copy")
def _narrow(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, start = found["self"], found["start"]
    if rank_of(self) == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if batch.has(start):
        places = start + _core.arange(found["length"])
        return _core.index_select(self, found["dim"], places)
    dim = dim_of(found["dim"], rank_of(self))
    return batch.wrap(func(batch.value(self), dim, start, found["length"]))


@rule("tensor_split")
def _tensor_split(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, *where = found.values()
    if batch.has(where[0]) or rank_of(self) == 0:
        raise Unsupported
    return batch.wrap(func(batch.value(self), where[0], dim_of(found["dim"], rank_of(self))))


@rule("as_strided as_strided_copy")
def _as_strided(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    value = batch.value(found["self"])
    # A sample's memory must be one piece, and the strides given here those that the levels outside see.
    is_scattered = value.dim() > 1 and value.stride(0) < max(value.stride()[1:])
    if is_scattered or type(value) is BatchedTensor:
        value = value.contiguous()
    size, stride = (batch.size, *found["size"]), (value.stride(0), *found["stride"])
    return batch.wrap(func(value, size, stride, found["storage_offset"]))


@rule("as_strided_scatter")
def _scattered(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    def on_copies(*samples: Any, **options: Any) -> Any:  # each with memory of its own
        return func(*[x.clone() if isinstance(x, Tensor) else x for x in samples], **options)

    on_copies.__name__ = func.__name__
    return loop(batch, on_copies, args, kwargs)


# ---- reductions --------------------------------------------------------------------------------------

_OVER_ALL = {"max": _core.amax, "min": _core.amin}


def reduced(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A reduction over some dimensions, or over all where none is named."""
    given = bound(func, args, kwargs)
    if "other" in given:
        return pointwise(batch, func, args, kwargs)
    dims = given.get("dim")
    if dims is not None and not (isinstance(dims, (tuple, list)) and not dims):
        found, rank = _prepared(batch, given)
        if rank == 0 and given.get("keepdim"):
            found["keepdim"] = False
        found["dim"] = dims_of(dims, rank)
        return _finished(batch, func(**found), rank)
    self = given.pop("self")
    value = batch.lift(self).reshape(batch.size, math.prod(self.shape))
    result = _OVER_ALL.get(func.__name__, func)
    if "dim" in given or func.__name__ not in _OVER_ALL:
        result = func
        given["dim"] = 1
    reduction = result(value, **given) if result is func else result(value, 1)
    if func.__name__ in ("median", "nanmedian"):
        reduction = reduction[0]
    if given.get("keepdim"):
        shape = (batch.size, *(1 for _ in range(rank_of(self))))
        reduction = _each(lambda r: r.reshape(shape), reduction)
    return batch.wrap(reduction)


def _each(function: Any, result: Any) -> Any:
    if not isinstance(result, tuple):
        return function(result)
    items = tuple(map(function, result))
    return items if type(result) is tuple else type(result)(items)


register(_REDUCTIONS, reduced)


# ---- shapes ------------------------------------------------------------------------------------------


@rule("permute permute_copy")
def _permute(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self = found["self"]
    if len(found["dims"]) != rank_of(self):
        raise RuntimeError(
            f"permute(): the tensor has {rank_of(self)} dimensions but {len(found['dims'])} are named"
        )
    dims = [dim_of(d, rank_of(self)) for d in found["dims"]]
    return batch.wrap(func(batch.value(self), (0, *dims)))


@rule("unsqueeze unsqueeze_copy")
def _unsqueeze(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    return batch.wrap(
        func(batch.value(found["self"]), dim_of(found["dim"], rank_of(found["self"]) + 1))
    )


@rule("squeeze squeeze_copy")
def _squeeze(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self = found["self"]
    value, rank = batch.value(self), rank_of(self)
    dims = found.get("dim", range(rank))
    places = [dim_of(d, rank) for d in (dims if not isinstance(dims, int) else [dims])]
    return batch.wrap(func(value, [p for p in places if rank and value.shape[p] == 1]))


@rule("diag_embed")
def _diag_embed(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    rank = rank_of(found["self"]) + 1
    dims = [dim_of(found[name], rank) for name in ("dim1", "dim2")]
    return batch.wrap(func(batch.value(found["self"]), found["offset"], *dims))


@rule("expand expand_copy broadcast_to")
def _expand(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    value, size = batch.value(found["self"]), found["size"]
    gap = len(size) - rank_of(found["self"])
    if gap < 0:
        raise RuntimeError(
            f"expand(): the number of sizes provided ({len(size)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({rank_of(found['self'])})"
        )
    for _ in range(gap):
        value = value.unsqueeze(1)
    return batch.wrap(func(value, (batch.size, *size)))


@rule("reshape view view_copy")
def _reshape(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self = found["self"]
    value = batch.value(self)
    if "dtype" in found:
        if rank_of(self) == 0:
            raise Unsupported
        return batch.wrap(func(value, found["dtype"]))
    shape = list(found["shape"] if "shape" in found else found["size"])
    # Inferred here: with the batch before them the sizes might be ambiguous.
    if shape.count(-1) == 1:
        known = -math.prod(shape)
        count = self.numel()
        if known > 0 and count % known == 0:
            shape[shape.index(-1)] = count // known
    if -1 not in shape and math.prod(shape) != self.numel():
        raise RuntimeError(f"shape '{shape}' is invalid for input of size {self.numel()}")
    try:
        return batch.wrap(func(value, (batch.size, *shape)))
    except RuntimeError:
        # The batch may have come first from elsewhere, so that memory does not allow a view.
        return batch.wrap(value.reshape(batch.size, *shape))


@rule("repeat tile")
def _repeat(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, counts = found["self"], list(found["repeats"] if "repeats" in found else found["dims"])
    value, gap = batch.value(self), len(counts) - rank_of(self)
    if gap < 0 and func.__name__ == "repeat":
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    for _ in range(gap):
        value = value.unsqueeze(1)
    return batch.wrap(value.repeat(1, *[1] * -gap, *counts))


@rule("roll")
def _roll(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, dims = found["self"], found["dims"]
    value = batch.value(self)
    if isinstance(dims, (tuple, list)) and not dims:
        flat = value.reshape(batch.size, self.numel())
        return batch.wrap(func(flat, found["shifts"], 1).reshape(value.shape))
    if rank_of(self) == 0:
        return batch.wrap(func(value.unsqueeze(-1), found["shifts"], 1).squeeze(-1))
    return batch.wrap(func(value, found["shifts"], dims_of(dims, rank_of(self))))


@rule("cat concat concatenate")
def _cat(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    tensors = found["tensors"]
    # An empty vector may be joined to anything.
    parts = [t for t in tensors if rank_of(t) != 1 or t.numel()] or list(tensors)
    dim = dim_of(found["dim"], rank_of(parts[0]))
    return batch.wrap(func([batch.lift(t) for t in parts], dim))


@rule("stack")
def _stack(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    tensors = found["tensors"]
    dim = dim_of(found["dim"], rank_of(tensors[0]) + 1)
    return batch.wrap(func([batch.lift(t) for t in tensors], dim))


# ---- views that also change the tensor that they are called on ------------------------------------------


def _view_in_place(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self = args[0]
    self._value = batch.value(getattr(kajo.Tensor, func.__name__[:-1])(*args, **kwargs))
    _core._disabled_torch_function_impl(func, (), args, kwargs)  # the face
    self._rank = self._value.dim() - 1
    return self


register("squeeze_ unsqueeze_ t_ transpose_ swapaxes_ swapdims_", _view_in_place)


def _property(meaning: Any) -> Any:
    return lambda batch, func, args, kwargs: meaning(*args)


for _name, _meaning in {
    "T": lambda x: x.permute(list(range(rank_of(x)))[::-1]),
    "mT": lambda x: x.transpose(-2, -1),
    "H": lambda x: x.transpose(0, 1).conj() if rank_of(x) else x.conj(),
    "mH": lambda x: x.transpose(-2, -1).conj(),
}.items():
    RULES[getattr(Tensor, _name).__get__] = _property(_meaning)
