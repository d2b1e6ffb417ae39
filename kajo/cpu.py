"""The CPU as a device.

>>> import kajo
>>> kajo.cpu.is_available(), kajo.cpu.device_count()
(True, 1)
"""

from __future__ import annotations

from typing import Any

from kajo import _core

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "is_available",
    "memory_stats",
    "synchronize",
]


def is_available() -> bool:
    """Always True."""
    return True


def device_count() -> int:
    """Always 1."""
    return 1


def current_device() -> str:
    """Always "cpu"."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Operations on the CPU have ended when they return: nothing to wait for."""


def memory_stats() -> dict[str, int]:
    """What the allocator holds: bytes in use, their peak, bytes kept for reuse, and counts."""
    return dict(_core._memory_stats())


def empty_cache() -> None:
    """Give memory that is kept for reuse back to the system."""
    _core._empty_cache()
