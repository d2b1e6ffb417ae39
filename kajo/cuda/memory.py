"""The memory of GPUs: without a GPU none is in use.

>>> import kajo
>>> kajo.cuda.memory_allocated(), dict(kajo.cuda.memory_stats())
(0, {})
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from kajo.cuda._needs import needs_gpu

__all__ = [
    "CUDAPluggableAllocator", "MemPool", "caching_allocator_alloc", "caching_allocator_delete",
    "caching_allocator_disabled", "caching_allocator_enable", "change_current_allocator",
    "empty_cache", "get_allocator_backend", "get_per_process_memory_fraction", "host_memory_stats",
    "host_memory_stats_as_nested_dict", "list_gpu_processes", "max_memory_allocated",
    "max_memory_cached", "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_cached",
    "memory_reserved", "memory_snapshot", "memory_stats", "memory_stats_as_nested_dict",
    "memory_summary", "reset_accumulated_host_memory_stats", "reset_accumulated_memory_stats",
    "reset_max_memory_allocated", "reset_max_memory_cached", "reset_peak_host_memory_stats",
    "reset_peak_memory_stats", "set_per_process_memory_fraction", "use_mem_pool",
]  # fmt: skip


# ---- what is counted, which is nothing -------------------------------------------------------------


def memory_allocated(device: Any = None) -> int:
    """The bytes of a GPU that tensors take: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes of a GPU that tensors took: 0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """The bytes of a GPU that the allocator holds: 0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes of a GPU that the allocator held: 0."""
    return 0


memory_cached, max_memory_cached = memory_reserved, max_memory_reserved


def memory_stats(device: Any = None) -> dict[str, Any]:
    """The allocator's counts by name: empty."""
    return OrderedDict()


def memory_stats_as_nested_dict(device: Any = None) -> dict[str, Any]:
    """The allocator's counts by part: empty."""
    return {}


def host_memory_stats() -> dict[str, Any]:
    """The counts of the allocator of page-locked memory by name: empty."""
    return OrderedDict()


def host_memory_stats_as_nested_dict() -> dict[str, Any]:
    """The counts of the allocator of page-locked memory by part: empty."""
    return {}


def list_gpu_processes(device: Any = None) -> str:
    """The processes that use a GPU, as text."""
    return "no processes are running: there is no GPU"


def empty_cache() -> None:
    """Give cached GPU memory back; without a GPU nothing happens."""


# ---- what needs a GPU ------------------------------------------------------------------------------


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """The bytes of a GPU that are free, and all of them; raises without a GPU."""
    needs_gpu("mem_get_info")


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The allocator's counts as a table; raises without a GPU."""
    needs_gpu("memory_summary")


def memory_snapshot(mempool_id: Any = None, include_traces: bool = True) -> Any:
    """What the allocator holds, block by block; raises without a GPU."""
    needs_gpu("memory_snapshot")


def reset_accumulated_memory_stats(device: Any = None) -> None:
    """Start the counts of allocations again; raises without a GPU."""
    needs_gpu("reset_accumulated_memory_stats")


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start the peaks again; raises without a GPU."""
    needs_gpu("reset_peak_memory_stats")


def reset_max_memory_allocated(device: Any = None) -> None:
    """The former name of :func:`reset_peak_memory_stats`."""
    needs_gpu("reset_max_memory_allocated")


def reset_max_memory_cached(device: Any = None) -> None:
    """The former name of :func:`reset_peak_memory_stats`."""
    needs_gpu("reset_max_memory_cached")


def reset_accumulated_host_memory_stats() -> None:
    """Start the counts for page-locked memory again; raises without a GPU."""
    needs_gpu("reset_accumulated_host_memory_stats")


def reset_peak_host_memory_stats() -> None:
    """Start the peaks for page-locked memory again; raises without a GPU."""
    needs_gpu("reset_peak_host_memory_stats")


def get_per_process_memory_fraction(device: Any = None) -> float:
    """The share of a GPU's memory that this process may take; raises without a GPU."""
    needs_gpu("get_per_process_memory_fraction")


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Set the share of a GPU's memory that this process may take; raises without a GPU."""
    needs_gpu("set_per_process_memory_fraction")


def caching_allocator_alloc(size: int, device: Any = None, stream: Any = None) -> int:
    """The address of new memory of a GPU; raises without a GPU."""
    needs_gpu("caching_allocator_alloc")


def caching_allocator_delete(mem_ptr: int) -> None:
    """Give such memory back; raises without a GPU."""
    needs_gpu("caching_allocator_delete")


def caching_allocator_enable(value: bool = True) -> None:
    """Whether memory is kept for reuse; without a GPU nothing happens."""


@contextlib.contextmanager
def caching_allocator_disabled() -> Iterator[None]:
    """A block in which memory is not kept for reuse; raises without a GPU."""
    needs_gpu("caching_allocator_disabled")
    yield


def get_allocator_backend() -> str:
    """The name of the allocator; raises without a GPU."""
    needs_gpu("get_allocator_backend")


def change_current_allocator(allocator: Any) -> None:
    """Take memory from another allocator; raises without a GPU."""
    needs_gpu("change_current_allocator")


class CUDAPluggableAllocator:
    """An allocator from a shared library; needs a GPU.

    Args:
        path_to_so_file: the library.
        alloc_fn_name, free_fn_name: its functions.

    Raises:
        AssertionError: without a GPU.
    """

    def __init__(self, path_to_so_file: str, alloc_fn_name: str, free_fn_name: str) -> None:
        needs_gpu("CUDAPluggableAllocator")


class MemPool:
    """Memory of a GPU kept apart; needs a GPU.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(
        self, allocator: Any = None, use_on_oom: bool = False, no_split: bool = False
    ) -> None:
        raise RuntimeError("MemPool: kajo not compiled with CUDA enabled")


@contextlib.contextmanager
def use_mem_pool(pool: MemPool, device: Any = None) -> Iterator[None]:
    """A block that takes memory from a pool; raises without a GPU."""
    needs_gpu("use_mem_pool")
    yield
