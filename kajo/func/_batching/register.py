"""How rules are put into the table, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch, BatchedTensor, Rule, Unsupported

__all__ = ["bound", "dim_of", "every", "padded", "rank_of", "register", "rule"]


def every(names: str) -> Iterator[Any]:
    """The operations of these names: functions, methods, and those of a namespace ("linalg.inv")."""
    for name in names.split():
        *spaces, last = name.split(".")
        places: list[Any] = [_core, Tensor, kajo.nn.functional]
        for space in spaces:
            places = [getattr(place, space, None) for place in (_core, kajo)]
        for place in places:
            found = getattr(place, last, None)
            if hasattr(found, "schemas"):  # what is written in plain Python takes itself apart
                yield found


def register(names: str, handler: Rule, *, composites: bool = False) -> None:
    """Make `handler` the rule of the operations of these names, those that there are.

    Args:
        names: separated by spaces.
        handler: the rule.
        composites: also of operations written in Python, which else take themselves apart.
    """
    for operation in every(names):
        if composites or operation.body is None:
            RULES[operation] = handler


def rule(names: str, *, composites: bool = False) -> Callable[[Rule], Rule]:
    """`register` as a decorator."""

    def decorate(handler: Rule) -> Rule:
        register(names, handler, composites=composites)
        return handler

    return decorate


def rank_of(x: Tensor) -> int:
    """The number of dimensions of one sample."""
    return x._rank if type(x) is BatchedTensor else x.dim()


def bound(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names of the operation's parameters.

    Raises:
        Unsupported: if there is an `out=`.
    """
    found: dict[str, Any] = func.bind(*args, **kwargs)
    if "out" in found:
        raise Unsupported
    return found


def dim_of(dim: int, rank: int) -> int:
    """The place of a sample's dimension in the value.

    Raises:
        IndexError: if there is no such dimension.
    """
    count = max(rank, 1)
    if not -count <= dim < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {dim})"
        )
    return dim % count + 1


def padded(batch: Batch, x: Tensor, rank: int) -> Tensor:
    """The value of `x` with as many dimensions as a sample of `rank` dimensions broadcasts to."""
    value: Tensor = batch.value(x)
    if batch.has(x):
        for _ in range(rank - rank_of(x)):
            value = value.unsqueeze(1)
    return value


def dims_of(dims: Any, rank: int) -> Any:
    """`dim_of` for one dimension or several."""
    if isinstance(dims, Sequence):
        return [dim_of(d, rank) for d in dims]
    return dim_of(int(dims), rank)
