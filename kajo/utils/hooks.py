"""Handles that remove a registered hook again."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import MutableMapping
from typing import Any

__all__ = ["RemovableHandle"]


class RemovableHandle:
    """What registering a hook returns: its :meth:`remove` takes the hook out again.

    Args:
        hooks_dict: the ordered mapping from handle id to hook that the hook is put into.
        extra_dict: further mapping (or list of mappings) with entries under the same id, removed
            together with the hook.

    Example:
        >>> from collections import OrderedDict
        >>> from kajo.utils.hooks import RemovableHandle
        >>> hooks = OrderedDict()
        >>> handle = RemovableHandle(hooks)
        >>> hooks[handle.id] = print
        >>> handle.remove()
        >>> len(hooks)
        0
    """

    _ids = itertools.count()

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = next(RemovableHandle._ids)
        extras = extra_dict if isinstance(extra_dict, list) else [extra_dict]
        mappings = [hooks_dict, *(extra for extra in extras if extra is not None)]
        self._mappings: list[Any] = [weakref.ref(mapping) for mapping in mappings]

    def remove(self) -> None:
        """Remove the hook; does nothing when it is gone already."""
        for reference in self._mappings:
            mapping: MutableMapping[int, Any] | None = reference()
            if mapping is not None:
                mapping.pop(self.id, None)

    def __getstate__(self) -> tuple[list[Any], int]:
        return [reference() for reference in self._mappings], self.id

    def __setstate__(self, state: tuple[list[Any], int]) -> None:
        mappings, self.id = state
        self._mappings = [weakref.ref(mapping) for mapping in mappings if mapping is not None]
        # A later handle must not get an id that an unpickled one already uses.
        RemovableHandle._ids = itertools.count(max(next(RemovableHandle._ids), self.id + 1))

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
