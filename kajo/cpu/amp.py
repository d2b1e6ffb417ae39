"""The former names of mixed precision on the CPU: use `kajo.amp`."""

from __future__ import annotations

from kajo import _core
from kajo.amp import GradScaler as _GradScaler
from kajo.amp import autocast as _autocast

__all__ = ["GradScaler", "autocast"]


class autocast(_autocast):
    """`kajo.autocast("cpu", ...)`.

    >>> import kajo
    >>> with kajo.cpu.amp.autocast():
    ...     kajo.is_autocast_enabled("cpu")
    True
    """

    def __init__(
        self,
        enabled: bool = True,
        dtype: _core._dtype = _core.bfloat16,
        cache_enabled: bool = True,
    ) -> None:
        super().__init__("cpu", dtype, enabled, cache_enabled)


class GradScaler(_GradScaler):
    """`kajo.amp.GradScaler("cpu", ...)`.

    >>> import kajo
    >>> kajo.cpu.amp.GradScaler(init_scale=2.0).get_scale()
    2.0
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
