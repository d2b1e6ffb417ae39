"""The former names of mixed precision on GPUs: use `kajo.amp`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kajo import _core
from kajo.amp import GradScaler as _GradScaler
from kajo.amp import autocast as _autocast
from kajo.amp import custom_bwd as _custom_bwd
from kajo.amp import custom_fwd as _custom_fwd

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(_autocast):
    """`kajo.autocast("cuda", ...)`, which without a GPU warns and has no effect."""

    def __init__(
        self,
        enabled: bool = True,
        dtype: _core._dtype = _core.float16,
        cache_enabled: bool = True,
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(_GradScaler):
    """`kajo.amp.GradScaler("cuda", ...)`, which without a GPU warns and has no effect."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, cast_inputs: _core._dtype | None = None
) -> Any:
    """`kajo.amp.custom_fwd` for GPUs."""
    return functools.partial(_custom_fwd, device_type="cuda")(fwd, cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable[..., Any]) -> Any:
    """`kajo.amp.custom_bwd` for GPUs."""
    return _custom_bwd(bwd, device_type="cuda")
