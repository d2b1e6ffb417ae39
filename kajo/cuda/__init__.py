"""GPUs with CUDA: this build has none.

What asks whether there is a GPU says no, what counts memory counts none, what only matters with a GPU
does nothing, and what needs one raises.

>>> import kajo
>>> kajo.cuda.is_available(), kajo.cuda.device_count(), kajo.cuda.memory_allocated()
(False, 0, 0)
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from kajo import _core
from kajo._streams import AcceleratorError as AcceleratorError
from kajo._streams import OutOfMemoryError as OutOfMemoryError
from kajo.cuda import amp as amp
from kajo.cuda import graphs as graphs
from kajo.cuda import memory as memory
from kajo.cuda import random as random
from kajo.cuda import streams as streams
from kajo.cuda._needs import needs_gpu
from kajo.cuda.graphs import *  # noqa: F403
from kajo.cuda.memory import *  # noqa: F403
from kajo.cuda.random import *  # noqa: F403
from kajo.cuda.streams import *  # noqa: F403

__all__ = [
    "CudaError", "DeferredCudaCallError", "can_device_access_peer", "check_error", "clock_rate",
    "cudaStatus", "cudart", "current_blas_handle", "current_device", "current_solver_handle",
    "default_generators", "device", "device_count", "device_memory_used", "device_of",
    "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_gencode_flags", "get_sync_debug_mode", "has_half", "has_magma", "init", "ipc_collect",
    "is_available", "is_bf16_supported", "is_initialized", "is_tf32_supported", "memory_usage",
    "power_draw", "set_device", "set_sync_debug_mode", "synchronize", "temperature", "utilization",
    *graphs.__all__, *memory.__all__, *random.__all__, *streams.__all__,
]  # fmt: skip

default_generators: tuple[_core.Generator, ...] = ()
has_half = True  # that there is a dtype of 16 bits for GPUs
has_magma = False


class cudaStatus:
    """What calls of the driver return."""

    SUCCESS: int = 0
    ERROR_NOT_READY: int = 34


class CudaError(RuntimeError):
    """A call of the driver failed.

    Args:
        code: what it returned.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"CUDA driver call failed ({code})")


class DeferredCudaCallError(Exception):
    """A call that waited for the driver to be opened failed."""


# ---- whether there is a GPU, and what it can do ------------------------------------------------------


def is_available() -> bool:
    """Whether a GPU can be used."""
    return False


def is_initialized() -> bool:
    """Whether the driver was opened."""
    return False


def device_count() -> int:
    """The number of GPUs."""
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU has bfloat16."""
    return False


def is_tf32_supported() -> bool:
    """Whether the GPU has the 19-bit type for matrix products."""
    return False


def get_arch_list() -> list[str]:
    """The kinds of GPUs that this build is for."""
    return []


def get_gencode_flags() -> str:
    """The compiler's options for those kinds of GPUs."""
    return ""


def init() -> None:
    """Open the driver; raises without a GPU."""
    needs_gpu("init")


def current_device() -> int:
    """The number of the GPU in use; raises without a GPU."""
    needs_gpu("current_device")


def set_device(device: Any) -> None:
    """Choose the GPU; raises without a GPU."""
    needs_gpu("set_device")


def synchronize(device: Any = None) -> None:
    """Wait for a GPU; raises without a GPU."""
    needs_gpu("synchronize")


def get_device_name(device: Any = None) -> str:
    """The name of a GPU; raises without a GPU."""
    needs_gpu("get_device_name")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The version of what a GPU can do; raises without a GPU."""
    needs_gpu("get_device_capability")


def get_device_properties(device: Any = None) -> Any:
    """What the driver tells of a GPU; raises without a GPU."""
    needs_gpu("get_device_properties")


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether a GPU can read another one's memory; raises without a GPU."""
    needs_gpu("can_device_access_peer")


class device(AbstractContextManager[None]):
    """A block in which another GPU is in use.

    Args:
        device: its number, or a device; -1 or None leaves it as it is.

    Raises:
        ValueError: for another kind of device.
        RuntimeError: on entry, without a GPU.

    >>> import kajo
    >>> with kajo.cuda.device(-1):
    ...     pass
    """

    def __init__(self, device: Any) -> None:
        self.idx = -1 if device is None else device
        if not isinstance(device, int) and device is not None:
            found = _core.device(device)
            if found.type != "cuda":
                raise ValueError(f"Expected a cuda device, but got: {found}")
            self.idx = 0 if found.index is None else found.index

    def __enter__(self) -> None:
        if self.idx >= 0:
            raise RuntimeError("cuda.device: kajo was compiled without CUDA support")

    def __exit__(self, *_: object) -> None:
        return None


class device_of(device):
    """A block in which the GPU of a tensor or storage is in use; nothing happens for one on the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


# ---- the driver and its libraries ------------------------------------------------------------------


def cudart() -> Any:
    """The library of the run time; raises without a GPU."""
    needs_gpu("cudart")


def check_error(res: int) -> None:
    """Raise `CudaError` if a call of the driver did not succeed.

    >>> import kajo
    >>> kajo.cuda.check_error(0)
    """
    if res != cudaStatus.SUCCESS:
        raise CudaError(res)


def current_blas_handle() -> int:
    """The address of the state of the library of matrix products; raises without a GPU."""
    needs_gpu("current_blas_handle")


def current_solver_handle() -> int:
    """The address of the state of the library of factorisations; raises without a GPU."""
    needs_gpu("current_solver_handle")


def ipc_collect() -> None:
    """Give back memory that other processes no longer use; raises without a GPU."""
    needs_gpu("ipc_collect")


def get_sync_debug_mode() -> int:
    """Whether waiting for the GPU is pointed out; raises without a GPU."""
    needs_gpu("get_sync_debug_mode")


def set_sync_debug_mode(debug_mode: int | str) -> None:
    """Set whether waiting for the GPU is pointed out; raises without a GPU."""
    needs_gpu("set_sync_debug_mode")


# ---- what a GPU's driver measures --------------------------------------------------------------------


def _measured(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"cuda.{name}(): needs the package nvidia-ml-py and a GPU, and kajo has no support for one"
    )


def utilization(device: Any = None) -> int:
    """Per cent of the time that a GPU worked; raises without one."""
    raise _measured("utilization")


def memory_usage(device: Any = None) -> int:
    """Per cent of the time that a GPU read or wrote memory; raises without one."""
    raise _measured("memory_usage")


def device_memory_used(device: Any = None) -> int:
    """Bytes of a GPU in use by all processes; raises without one."""
    raise _measured("device_memory_used")


def temperature(device: Any = None) -> int:
    """A GPU's temperature in degrees; raises without one."""
    raise _measured("temperature")


def power_draw(device: Any = None) -> int:
    """A GPU's power in milliwatts; raises without one."""
    raise _measured("power_draw")


def clock_rate(device: Any = None) -> int:
    """A GPU's clock in MHz; raises without one."""
    raise _measured("clock_rate")
