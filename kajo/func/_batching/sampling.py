"""Random operations: refused, drawn anew for each sample, or the same for all."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.func._batched import RANDOM, RULES, Batch, Unsupported, loop
from kajo.func._batching.pointwise import pointwise
from kajo.func._batching.register import bound, every

__all__ = ["sample_by_sample"]

_FROM_NOTHING = "rand randn randint randperm normal"
_LIKE = "rand_like randn_like randint_like"
_OF_TENSORS = """
bernoulli poisson binomial multinomial dropout alpha_dropout feature_dropout feature_alpha_dropout
native_dropout _sample_dirichlet _standard_gamma rrelu
"""
_IN_PLACE = """
bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_ dropout_ alpha_dropout_
feature_dropout_ feature_alpha_dropout_ rrelu_
"""


def _check(batch: Batch, name: str) -> None:
    if batch.randomness == "error":
        raise RuntimeError(
            f"vmap: called random operation {name}() while in randomness error mode. Please either use "
            "the 'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )


# Dropout has a mask, which can be the same for all; the others draw from what their samples say.
_WITH_A_MASK = "dropout alpha_dropout feature_dropout feature_alpha_dropout native_dropout rrelu"


def _check_same(batch: Batch, name: str, tensors: Any) -> None:
    is_masking = name.rstrip("_") in _WITH_A_MASK.split()
    if batch.randomness == "same" and not is_masking and any(map(batch.has, tensors)):
        raise RuntimeError(
            f"vmap: {name}() of tensors that differ between samples cannot draw the same numbers for all: "
            "use randomness='different'"
        )


def sample_by_sample(batch: Batch, func: Any, args: Any, kwargs: Any) -> Any:
    """Each sample by itself; under "same" all from the same state of the generator.

    Raises:
        RuntimeError: if random operations are refused.
    """
    _check(batch, func.__name__)
    if batch.randomness == "different":
        return loop(batch, func, args, kwargs, warn=False)
    start = kajo.get_rng_state()

    def again(*sample: Any, **options: Any) -> Any:
        kajo.set_rng_state(start)
        return func(*sample, **options)

    again.__name__ = func.__name__
    result = loop(batch, again, args, kwargs, warn=False)
    return args[0] if func.__name__.endswith("_") else result


def _from_nothing(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _check(batch, func.__name__)
    found = func.bind(*args, **kwargs)
    is_batched = any(batch.has(x) for x in found.values())
    if is_batched:
        _check_same(batch, func.__name__, found.values())
        return sample_by_sample(batch, func, args, kwargs)
    if batch.randomness == "same":
        return func(*args, **kwargs)
    if "size" not in found:
        return batch.wrap(kajo.stack([func(*args, **kwargs) for _ in range(batch.size)]))
    given = bound(func, args, kwargs)
    size = given["size"] if isinstance(given["size"], (tuple, list)) else (given["size"],)
    return batch.wrap(func(**given | {"size": (batch.size, *size)}))


def _like(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _check(batch, func.__name__)
    found = bound(func, args, kwargs)
    found.pop("memory_format", None)
    value = batch.lift(found["self"])
    if batch.randomness == "same":
        return func(**found | {"self": value[0]})
    return batch.wrap(func(**found | {"self": value}))


def _draws_nothing(found: dict[str, Any]) -> bool:
    """Whether a dropout is off: by its mode, or because it drops nothing."""
    is_off = found.get("train") is False or found.get("training") is False
    return is_off or ("train" in found and found.get("p") == 0)


def _of_tensors(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = func.bind(*args, **kwargs)
    if _draws_nothing(found):
        return pointwise(batch, func, args, kwargs)
    _check(batch, func.__name__)
    _check_same(batch, func.__name__, found.values())
    if batch.randomness == "same" and not any(batch.has(x) for x in found.values()):
        return func(*args, **kwargs)
    elementwise = func.__name__ in (
        "bernoulli",
        "poisson",
        "dropout",
        "alpha_dropout",
        "native_dropout",
    )
    if batch.randomness == "different" and elementwise:
        name = next(iter(found))
        values = bound(func, args, kwargs)
        return batch.wrap(func(**values | {name: batch.lift(values[name])}))
    return sample_by_sample(batch, func, args, kwargs)


def _in_place(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = func.bind(*args, **kwargs)
    self = next(iter(found.values()))
    if _draws_nothing(found):
        raise Unsupported
    _check(batch, func.__name__)
    if not batch.has(self):
        if batch.randomness == "same" and not any(batch.has(x) for x in found.values()):
            return func(*args, **kwargs)
        raise RuntimeError(
            f"vmap: Cannot ask for different inplace randomness on an unbatched tensor: {func.__name__}() "
            "would write what differs between samples. Please use its form without an underscore, or "
            "vmap over the tensor."
        )
    others = [x for x in list(found.values())[1:] if isinstance(x, Tensor)]
    _check_same(batch, func.__name__, others)
    if batch.randomness == "different" and not others and not func.__name__.startswith("feature"):
        func(**found | {next(iter(found)): batch.value(self)})
        return self
    return sample_by_sample(batch, func, args, kwargs)


for _names, _handler in (
    (_FROM_NOTHING, _from_nothing),
    (_LIKE, _like),
    (_OF_TENSORS, _of_tensors),
    (_IN_PLACE, _in_place),
):
    for _operation in every(_names):
        if hasattr(_operation, "schemas"):
            RULES[_operation] = _handler
            RANDOM.add(_operation)
