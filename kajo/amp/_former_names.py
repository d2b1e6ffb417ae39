"""The former names of the switches of autocast, one for each kind of device.

>>> import kajo
>>> kajo.get_autocast_cpu_dtype()
kajo.bfloat16
"""

from __future__ import annotations

from kajo import _core
from kajo.amp.autocast_mode import (
    get_autocast_dtype,
    is_autocast_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)

__all__ = [
    "get_autocast_cpu_dtype", "get_autocast_gpu_dtype", "get_autocast_ipu_dtype", "get_autocast_xla_dtype", "is_autocast_cpu_enabled", "is_autocast_ipu_enabled", "is_autocast_xla_enabled", "set_autocast_cpu_dtype", "set_autocast_cpu_enabled", "set_autocast_gpu_dtype", "set_autocast_ipu_dtype", "set_autocast_ipu_enabled", "set_autocast_xla_dtype", "set_autocast_xla_enabled",
]  # fmt: skip


def get_autocast_cpu_dtype() -> _core._dtype:
    """`get_autocast_dtype("cpu")`."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: _core._dtype, /) -> None:
    """`set_autocast_dtype("cpu", dtype)`."""
    set_autocast_dtype("cpu", dtype)


def is_autocast_cpu_enabled() -> bool:
    """`is_autocast_enabled("cpu")`."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool, /) -> None:
    """`set_autocast_enabled("cpu", enabled)`."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_gpu_dtype() -> _core._dtype:
    """`get_autocast_dtype("cuda")`."""
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype: _core._dtype, /) -> None:
    """`set_autocast_dtype("cuda", dtype)`."""
    set_autocast_dtype("cuda", dtype)


def get_autocast_ipu_dtype() -> _core._dtype:
    """`get_autocast_dtype("ipu")`."""
    return get_autocast_dtype("ipu")


def set_autocast_ipu_dtype(dtype: _core._dtype, /) -> None:
    """`set_autocast_dtype("ipu", dtype)`."""
    set_autocast_dtype("ipu", dtype)


def is_autocast_ipu_enabled() -> bool:
    """`is_autocast_enabled("ipu")`."""
    return is_autocast_enabled("ipu")


def set_autocast_ipu_enabled(enabled: bool, /) -> None:
    """`set_autocast_enabled("ipu", enabled)`."""
    set_autocast_enabled("ipu", enabled)


def get_autocast_xla_dtype() -> _core._dtype:
    """`get_autocast_dtype("xla")`."""
    return get_autocast_dtype("xla")


def set_autocast_xla_dtype(dtype: _core._dtype, /) -> None:
    """`set_autocast_dtype("xla", dtype)`."""
    set_autocast_dtype("xla", dtype)


def is_autocast_xla_enabled() -> bool:
    """`is_autocast_enabled("xla")`."""
    return is_autocast_enabled("xla")


def set_autocast_xla_enabled(enabled: bool, /) -> None:
    """`set_autocast_enabled("xla", enabled)`."""
    set_autocast_enabled("xla", enabled)
