"""Moves batches to page-locked memory, from which copies to a GPU are fast."""

from __future__ import annotations

from typing import Any

import kajo
from kajo.utils.data._utils.collate import _apply


def pin_memory(data: Any, device: str | None = None) -> Any:
    """Return the same structure with every tensor in page-locked memory.

    Args:
        data: a batch; objects with a method ``pin_memory`` are asked to do it themselves.
        device: accepted for compatibility.

    Example:
        >>> from kajo.utils.data._utils.pin_memory import pin_memory
        >>> pin_memory(["text"])
        ['text']
    """
    if isinstance(data, kajo.Tensor) or hasattr(data, "pin_memory"):
        return data.pin_memory()
    pinned = _apply(lambda item: pin_memory(item, device), data)
    return tuple(pinned) if type(data) is tuple else pinned
