"""Numbers and tuples of numbers as arguments of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

__all__: list[str] = []


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives an iterable as a tuple, and anything else `n` times."""

    def parse(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, Iterable) else tuple(repeat(value, n))

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(values: tuple[Any, ...], times: int) -> tuple[Any, ...]:
    """(a, b) as (b, b, a, a): the order in which `pad` takes its amounts."""
    return tuple(value for value in reversed(values) for _ in range(times))


def _list_with_default(out_size: Any, defaults: Sequence[int]) -> Any:
    """Output sizes with None filled in from the last of `defaults`."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    tail = defaults[len(defaults) - len(out_size) :]
    return [d if v is None else v for v, d in zip(out_size, tail, strict=True)]
