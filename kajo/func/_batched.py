"""Tensors that stand for one sample of a batch, and how operations on them are carried out.

A `BatchedTensor` has the shape of one sample. Its value has the batch as a further first dimension;
where `vmap` is nested, the value is a `BatchedTensor` of the level outside. An operation is carried
out at the innermost level among its arguments, in this order of preference:

1. by a rule of `kajo.func._batching`, which works on the values;
2. where it is written in Python, by running its body, whose operations come here one by one;
3. sample by sample, with a warning.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.overrides import TorchFunctionMode
from kajo.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

__all__ = [
    "RULES",
    "Batch",
    "BatchedTensor",
    "DataDependent",
    "Rule",
    "Unsupported",
    "active",
    "entered",
    "loop",
]


class DataDependent(RuntimeError):
    """Python asked for the value of a tensor that stands for a whole batch."""


class UnbatchedWrite(Exception):
    """Samples of a batch were to be written into a tensor that is one for all of them: the cause of
    the error that says so."""


def unbatched_write(name: str, level: int, advice: str = "") -> RuntimeError:
    """That error for an operation in place."""
    error = RuntimeError(
        f"vmap: {name}(self, *extra_args) is not possible because there exists a Tensor `other` in "
        "extra_args that has more elements than `self`. This happened due to `other` being vmapped "
        f"over but `self` not being vmapped over at level {level}.{advice}"
    )
    error.__cause__ = UnbatchedWrite()
    return error


class Unsupported(Exception):
    """A rule does not cover these arguments: the samples are taken one by one."""


class Batch:
    """One `vmap` that is under way.

    Attributes:
        level: 1 for the outermost.
        size: the number of samples.
        randomness: "error", "different" or "same".
    """

    __slots__ = ("level", "randomness", "size")

    def __init__(self, level: int, size: int, randomness: str) -> None:
        self.level = level
        self.size = size
        self.randomness = randomness

    def has(self, x: Any) -> bool:
        """Whether `x` has a sample for each index of this batch."""
        return type(x) is BatchedTensor and x._batch is self

    def value(self, x: Any) -> Any:
        """All samples of `x`, batch first; what is the same for all is returned as it is."""
        return x._value if type(x) is BatchedTensor and x._batch is self else x

    def lift(self, x: Tensor) -> Tensor:
        """All samples of `x`, batch first, repeated without a copy where it is the same for all."""
        if self.has(x):
            return self.value(x)  # type: ignore[no-any-return]
        return x.unsqueeze(0).expand(self.size, *x.shape)

    def wrap(self, value: Any) -> Any:
        """The tensors in a result, which have the batch first, as single samples."""
        if isinstance(value, Tensor):
            return _wrapped(self, value)
        if isinstance(value, (tuple, list)) and type(value) is not kajo.Size:
            items = [self.wrap(item) for item in value]
            return items if type(value) is list else _like_tuple(value, items)
        return value

    def sample(self, tree: Any, index: int) -> Any:
        """A tree of arguments with its tensors replaced by one of their samples."""
        return tree_map(lambda x: x._value[index] if self.has(x) else x, tree)


def _like_tuple(value: Any, items: list[Any]) -> Any:
    if type(value) is tuple:
        return tuple(items)
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(tuple(items))


class BatchedTensor(Tensor):
    """One sample of a batch. It is seen by the function given to `vmap` only."""

    _batch: Batch
    _value: Tensor
    _rank: int

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        batch = innermost(args, kwargs)
        if batch is None:
            return _core._disabled_torch_function_impl(func, types, args, kwargs)
        return carry_out(batch, func, args, kwargs)


def _wrapped(batch: Batch, value: Tensor) -> BatchedTensor:
    # The face has a shape and no elements, so that nothing can be computed with it by mistake.
    before = _core._set_overriding(2)
    try:
        shape = value.shape[1:]
        face = _core.empty_strided(shape, value.stride()[1:], dtype=value.dtype, device="meta")
    finally:
        _core._set_overriding(before)
    made: BatchedTensor = _core._make_subclass(BatchedTensor, face)
    made._batch, made._value, made._rank = batch, value, len(shape)
    return made


def innermost(args: Any, kwargs: Any) -> Batch | None:
    """The innermost level among arguments."""
    best = _innermost(args, None)
    return _innermost(kwargs.values(), best) if kwargs else best


def _innermost(items: Any, best: Batch | None) -> Batch | None:
    for item in items:
        kind = type(item)
        if kind is BatchedTensor:
            if best is None or item._batch.level > best.level:
                best = item._batch
        elif kind is tuple or kind is list:
            best = _innermost(item, best)
    return best


# ---- the levels under way, and random numbers within them ------------------------------------------


class _Entered(threading.local):
    def __init__(self) -> None:
        self.batches: list[Batch] = []
        # Inside of a rule the levels from that of the rule on are dealt with already.
        self.open = 0


_entered = _Entered()


def active() -> list[Batch]:
    """The levels that this thread is in, outermost first."""
    return _entered.batches


class _Watch(TorchFunctionMode):
    """Sees random operations in a `vmap` whose arguments are the same for all samples."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in RANDOM and _entered.open:
            return carry_out(_entered.batches[_entered.open - 1], func, args, kwargs)
        batch = innermost(args, kwargs)
        if batch is not None:
            return carry_out(batch, func, args, kwargs)
        body = _body(func)
        if body is None:
            return func(*args, **kwargs)
        with _watching():
            return body(*args, **kwargs)


_WATCH = _Watch()


@contextmanager
def _watching() -> Iterator[None]:
    if not _entered.open or _WATCH in _core._modes():
        yield
        return
    with _WATCH:
        yield


@contextmanager
def entered(size: int, randomness: str) -> Iterator[Batch]:
    """A further level for a block."""
    batches, before = _entered.batches, _entered.open
    batch = Batch(len(batches) + 1, size, randomness)
    batches.append(batch)
    _entered.open = batch.level
    try:
        with _watching():
            yield batch
    finally:
        batches.pop()
        _entered.open = before


@contextmanager
def _outside(batch: Batch) -> Iterator[None]:
    """What a rule calls belongs to the levels outside of the one that it is for."""
    before = _entered.open
    _entered.open = min(before, batch.level - 1)
    try:
        yield
    finally:
        _entered.open = before


# ---- carrying out ----------------------------------------------------------------------------------

Rule = Callable[[Batch, Any, tuple[Any, ...], dict[str, Any]], Any]

# A rule for each operation that has one; filled by `kajo.func._batching`.
RULES: dict[Any, Rule] = {}
# Operations that draw random numbers.
RANDOM: set[Any] = set()


def carry_out(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an operation on samples of a batch."""
    rule = RULES.get(func)
    if rule is None and _writes_to_first(func):
        rule = _in_place
    try:
        if rule is not None:
            if func not in RANDOM:
                return rule(batch, func, args, kwargs)
            with _outside(batch), _watching():
                return rule(batch, func, args, kwargs)
        body = _body(func)
        if body is not None:
            with _watching():
                return body(*args, **kwargs)
    except (Unsupported, DataDependent) as refusal:
        if isinstance(refusal, DataDependent) and (rule is not None or not _is_of_kajo(func)):
            raise
    return loop(batch, func, args, kwargs)


def _body(func: Any) -> Any:
    """What an operation written in Python runs, without asking its arguments again."""
    if isinstance(func, _core.Overridable):
        return func.__wrapped__
    return func.undispatched if getattr(func, "body", None) and not func.in_place else None


def _is_of_kajo(func: Any) -> bool:
    return str(getattr(func, "__module__", "")).startswith("kajo")


def _writes_to_first(func: Any) -> bool:
    name = getattr(func, "__name__", "")
    return name.endswith("_") and not name.endswith("__") and hasattr(func, "schemas")


def _in_place(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Computes without writing, then writes the result to the values of the first argument."""
    target: Any = args[0] if args else kwargs.get("self", kwargs.get("input"))
    name = func.__name__
    if not batch.has(target):
        raise unbatched_write(
            name, batch.level,
            " Please use the form without an underscore, or pass a copy of `self` to the function and "
            "vmap over it.",
        )  # fmt: skip
    functional = getattr(kajo.Tensor, name[:-1], None) or getattr(_core, name[:-1], None)
    if functional is None or not hasattr(functional, "schemas"):
        raise Unsupported
    result = functional(*args, **kwargs)
    if result.shape != target.shape:
        raise RuntimeError(
            f"{name}(): output with shape {list(target.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )
    if not kajo.can_cast(result.dtype, target.dtype):
        raise RuntimeError(
            f"{name}(): result type {result.dtype} can't be cast to the desired output type {target.dtype}"
        )
    batch.value(target).copy_(batch.lift(result))
    return target


def loop(
    batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, warn: bool = True
) -> Any:
    """The operation on each sample by itself, and the results stacked.

    Raises:
        RuntimeError: if there are no samples, or the results differ in shape.
    """
    name = getattr(func, "__name__", repr(func))
    if batch.size == 0:
        raise RuntimeError(
            f"vmap: {name}() has no batching rule and cannot be carried out for a batch of size 0"
        )
    if warn:
        warnings.warn(
            f"There is a performance drop because there is no batching rule for {name}(): it is "
            "carried out sample by sample.",
            UserWarning,
            stacklevel=4,
        )
    with _outside(batch), _watching():
        results = [
            func(*batch.sample(args, i), **batch.sample(kwargs, i)) for i in range(batch.size)
        ]
    if _writes_to_first(func):
        return args[0]
    structure = tree_flatten(results[0])[1]
    columns = zip(*map(tree_leaves, results))
    return tree_unflatten([_joined(batch, name, list(column)) for column in columns], structure)


def _joined(batch: Batch, name: str, column: list[Any]) -> Any:
    if all(isinstance(x, Tensor) for x in column):
        if any(x.shape != column[0].shape for x in column):
            raise RuntimeError(
                "vmap: We do not support batching operators that can output dynamic shape. "
                f"Attempted to vmap over {name}(), whose results differ in shape from sample to sample."
            )
        return batch.wrap(kajo.stack(column))
    if any(x != column[0] for x in column):
        raise DataDependent(
            f"vmap: the result of {name}() is no tensor and differs between samples"
        )
    return column[0]
