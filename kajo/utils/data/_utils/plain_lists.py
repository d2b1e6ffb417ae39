"""Reading lists in forked workers without copying their memory.

A forked worker shares its parent's memory until one of them writes to it. Python counts references
inside of objects, so reading a list of dictionaries writes to all of it, and every worker ends up
with a copy. Where a data set holds a long list of plain data, workers read it through a
:class:`PlainList` instead, which copies the item that is asked for and counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from typing import Any

from kajo import _core
from kajo.utils.data.dataset import Dataset

_LONG = 1000
_MAX_DEPTH = 4
_PLAIN_TYPES = (dict, list, tuple, str, bytes, int, float)

_kept: list[Any] = []


class PlainList(MutableSequence[Any]):
    """A list whose items are copied when they are read; once changed, it is an ordinary list.

    Args:
        items: the list.
    """

    def __init__(self, items: list[Any]) -> None:
        self._items = items
        self._is_own = False

    def _own(self) -> list[Any]:
        if not self._is_own:
            self._items = list(self._items)
            self._is_own = True
        return self._items

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self._items)))]
        return self._items[index] if self._is_own else _core._copy_item(self._items, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._own()[index] = value

    def __delitem__(self, index: Any) -> None:
        del self._own()[index]

    def insert(self, index: int, value: Any) -> None:
        """Insert an item."""
        self._own().insert(index, value)

    def sort(self, **options: Any) -> None:
        """Sort in place."""
        self._own().sort(**options)

    def copy(self) -> list[Any]:
        """An ordinary list of the items."""
        return list(self)

    def __len__(self) -> int:
        return len(self._items)

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Iterable[Any]) -> list[Any]:
        return [*other, *self]

    def __mul__(self, times: int) -> list[Any]:
        return list(self) * times

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (list, PlainList)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce__(self) -> Any:
        return list, (list(self),)


def _is_long_and_plain(value: Any) -> bool:
    return type(value) is list and len(value) >= _LONG and type(value[0]) in _PLAIN_TYPES


def _look_into(value: Any) -> bool:
    module = type(value).__module__.partition(".")[0]
    return isinstance(value, Dataset) or (
        hasattr(value, "__dict__") and module not in ("builtins", "kajo", "numpy", "torch")
    )


def _replace_inside(value: Any, depth: int, seen: set[int]) -> None:
    if depth > _MAX_DEPTH or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict) and type(value) is dict and len(value) < _LONG:
        holder = value
    elif type(value) in (list, tuple) and len(value) < _LONG:
        for item in value:
            _replace_inside(item, depth + 1, seen)
        return
    elif _look_into(value) and not isinstance(value, type):
        holder = value.__dict__
    else:
        return
    for name, item in list(holder.items()):
        if _is_long_and_plain(item):
            holder[name] = PlainList(item)
        else:
            _replace_inside(item, depth + 1, seen)


def without_counting(dataset: Any) -> Any:
    """Make long lists inside a data set, or the data set itself, be read without being written to.

    Only for a forked process: the data set is changed in place.

    Args:
        dataset: this process's copy of a data set.

    Returns:
        The data set to read from.
    """
    # Freeing the originals would write to all of them as well.
    _kept.append(dataset)
    if _is_long_and_plain(dataset):
        return PlainList(dataset)
    _replace_inside(dataset, 0, set())
    return dataset
