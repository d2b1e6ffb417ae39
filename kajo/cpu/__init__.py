"""The CPU as a device.

>>> import kajo
>>> kajo.cpu.is_available(), kajo.cpu.device_count()
(True, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from kajo import _core
from kajo.cpu import amp as amp

__all__ = [
    "Event", "Stream", "StreamContext", "current_device", "current_stream", "device_count",
    "empty_cache", "get_capabilities", "is_available", "is_initialized", "memory_stats", "set_device",
    "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Always True."""
    return True


def is_initialized() -> bool:
    """Always True."""
    return True


def device_count() -> int:
    """Always 1."""
    return 1


def current_device() -> str:
    """Always "cpu"."""
    return "cpu"


def set_device(device: Any) -> None:
    """There is one CPU: nothing to choose, whatever is named."""


def synchronize(device: Any = None) -> None:
    """Operations on the CPU have ended when they return: nothing to wait for."""


def memory_stats() -> dict[str, int]:
    """What the allocator holds: bytes in use, their peak, bytes kept for reuse, and counts."""
    return dict(_core._memory_stats())


def empty_cache() -> None:
    """Give memory that is kept for reuse back to the system."""
    _core._empty_cache()


def get_capabilities() -> Mapping[str, Any]:
    """What the processor is and can do: its instruction sets by name, its caches, its cores.

    >>> import kajo
    >>> kajo.cpu.get_capabilities()["num_logical_cores"] > 0
    True
    """
    from kajo.cpu._capabilities import found

    return found()


class Stream:
    """A queue of work of the CPU, whose work has always been done.

    Args:
        priority: accepted.
    """

    def __init__(self, priority: int = -1) -> None:
        self.priority = priority

    def record_event(self) -> None:
        """Nothing to record."""

    def wait_event(self, event: Event) -> None:
        """Nothing to wait for."""

    def wait_stream(self, stream: Stream) -> None:
        """Nothing to wait for."""


class Event:
    """A point in the CPU's work, which has always been reached."""

    def query(self) -> bool:
        """Whether it has been reached: always."""
        return True

    def record(self, stream: Stream | None = None) -> None:
        """Nothing to record."""

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def wait(self, stream: Stream | None = None) -> None:
        """Nothing to wait for."""


_default_stream = Stream()
_streams = [_default_stream]


def current_stream(device: Any = None) -> Stream:
    """The stream of the innermost block of :func:`stream`."""
    return _streams[-1]


class StreamContext(AbstractContextManager[None]):
    """A block whose current stream is the given one; None leaves it as it is.

    >>> import kajo
    >>> mine = kajo.cpu.Stream()
    >>> with kajo.cpu.StreamContext(mine):
    ...     kajo.cpu.current_stream() is mine
    True
    """

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        _streams.append(self.stream or _streams[-1])

    def __exit__(self, *_: object) -> None:
        _streams.pop()


def stream(stream: Stream | None) -> AbstractContextManager[None]:
    """A block whose current stream is the given one."""
    return StreamContext(stream)
