"""The accelerator, whichever this machine has: none that this build knows.

>>> import kajo
>>> kajo.accelerator.is_available(), kajo.accelerator.current_accelerator()
(False, None)
"""

from __future__ import annotations

from typing import Any, NoReturn

from kajo import _core
from kajo._streams import Stream

__all__ = [
    "Graph", "current_accelerator", "current_device_idx", "current_device_index", "current_stream",
    "device_count", "device_index", "empty_cache", "empty_host_cache", "get_device_capability",
    "get_memory_info", "is_available", "max_memory_allocated", "max_memory_reserved",
    "memory_allocated", "memory_reserved", "memory_stats", "reset_accumulated_memory_stats",
    "reset_peak_memory_stats", "set_device_idx", "set_device_index", "set_stream", "synchronize",
]  # fmt: skip


def _absent() -> NoReturn:
    raise RuntimeError("Cannot access accelerator device when none is available.")


def is_available() -> bool:
    """Whether there is an accelerator."""
    return False


def device_count() -> int:
    """How many there are."""
    return 0


def current_accelerator(check_available: bool = False) -> _core.device | None:
    """The kind of accelerator, or None.

    Args:
        check_available: None also if the build knows one that the machine has not.
    """
    return None


# ---- what needs one: all of these raise RuntimeError without -----------------------------------------


def current_device_index() -> int:
    """The number of the accelerator in use; raises without one."""
    _absent()


current_device_idx = current_device_index


def set_device_index(device: Any, /) -> None:
    """Choose the accelerator; raises without one."""
    _absent()


set_device_idx = set_device_index


class device_index:
    """A block in which another accelerator is in use; None leaves it as it is.

    Args:
        device: its number.

    Raises:
        RuntimeError: on entry, without one.

    >>> import kajo
    >>> with kajo.accelerator.device_index(None):
    ...     pass
    """

    def __init__(self, device: int | None, /) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            _absent()

    def __exit__(self, *_: object) -> None:
        return None


def get_device_capability(device: Any = None, /) -> dict[str, Any]:
    """What an accelerator can do, such as its dtypes; raises without one."""
    _absent()


def current_stream(device: Any = None, /) -> Stream:
    """The stream that work goes to; raises without one."""
    _absent()


def set_stream(stream: Stream) -> None:
    """Send work to a stream from here on; raises without an accelerator.

    Raises:
        TypeError: if it is no stream.
    """
    if not isinstance(stream, Stream):
        raise TypeError(
            f"set_stream(): argument 'stream' must be a Stream, not {type(stream).__name__}"
        )
    _absent()


def synchronize(device: Any = None, /) -> None:
    """Wait for an accelerator; raises without one."""
    _absent()


def empty_cache() -> None:
    """Give cached memory of the accelerator back; raises without one."""
    _absent()


def empty_host_cache() -> None:
    """Give cached page-locked memory back; raises without an accelerator."""
    _absent()


def get_memory_info(device_index: Any = None, /) -> tuple[int, int]:
    """The bytes that are free, and all of them; raises without an accelerator."""
    _absent()


def memory_allocated(device_index: Any = None, /) -> int:
    """The bytes that tensors take; raises without an accelerator."""
    _absent()


def max_memory_allocated(device_index: Any = None, /) -> int:
    """The most bytes that tensors took; raises without an accelerator."""
    _absent()


def memory_reserved(device_index: Any = None, /) -> int:
    """The bytes that the allocator holds; raises without an accelerator."""
    _absent()


def max_memory_reserved(device_index: Any = None, /) -> int:
    """The most bytes that the allocator held; raises without an accelerator."""
    _absent()


def memory_stats(device_index: Any = None, /) -> dict[str, Any]:
    """The allocator's counts by name; raises without an accelerator."""
    _absent()


def reset_accumulated_memory_stats(device_index: Any = None, /) -> None:
    """Start the counts of allocations again; raises without an accelerator."""
    _absent()


def reset_peak_memory_stats(device_index: Any = None, /) -> None:
    """Start the peaks again; raises without an accelerator."""
    _absent()


class Graph:
    """Work noted once and done often; needs an accelerator.

    Args:
        keep_graph: keep the driver's graph, to change it.
        pool: the memory that graphs share.
        capture_error_mode: which calls are refused while work is noted.

    Raises:
        RuntimeError: without one.
    """

    def __init__(
        self, keep_graph: bool = False, *, pool: Any = None, capture_error_mode: str = "default"
    ) -> None:
        _absent()
