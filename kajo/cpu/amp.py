"""The former names of mixed precision on the CPU: use `kajo.amp`."""

from __future__ import annotations

from kajo import _core
from kajo.amp import autocast as _autocast

__all__ = ["autocast"]


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
