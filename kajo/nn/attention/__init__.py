"""Choosing how attention is computed."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from kajo import _core

__all__ = [
    "WARN_FOR_UNFUSED_KERNELS",
    "SDPBackend",
    "activate_flash_attention_impl",
    "current_flash_attention_impl",
    "list_flash_attention_impls",
    "register_flash_attention_impl",
    "restore_flash_attention_impl",
    "sdpa_kernel",
]

# Programs set it; there is nothing to warn of, as one kernel serves all.
WARN_FOR_UNFUSED_KERNELS = False

_PARTS = ("bias", "flex_attention", "varlen")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"kajo.nn.attention.{name}")
    if name in __all__:
        return getattr(importlib.import_module("kajo.nn.attention._registry"), name)
    raise AttributeError(f"module 'kajo.nn.attention' has no attribute '{name}'")


class SDPBackend(IntEnum):
    """The ways to compute attention that a program may ask for.

    Example:
        >>> from kajo.nn.attention import SDPBackend
        >>> SDPBackend.MATH.name
        'MATH'
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


_allowed: list[SDPBackend] = [
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
    SDPBackend.CUDNN_ATTENTION,
]


def _cur_sdpa_kernel_backends(with_priority: bool = False) -> list[SDPBackend]:
    return list(_allowed)


@contextlib.contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[dict[Any, Any]]:
    """Within this context attention may be computed in the named ways only.

    All ways give the same numbers up to rounding; on the CPU there is one kernel, for MATH and
    FLASH_ATTENTION. Attention that none of the named ways can compute is a RuntimeError.

    Args:
        backends: one :class:`SDPBackend` or a list of them.
        set_priority: whether their order says which is preferred.

    Raises:
        AssertionError: if `backends` is neither.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention import SDPBackend, sdpa_kernel
        >>> q = kajo.ones(1, 1, 2, 4)
        >>> with sdpa_kernel(SDPBackend.MATH):
        ...     kajo.nn.functional.scaled_dot_product_attention(q, q, q).shape
        kajo.Size([1, 1, 2, 4])
    """
    if not isinstance(backends, (SDPBackend, list)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances"
        )
    before = _allowed
    wanted = [backends] if isinstance(backends, SDPBackend) else backends
    try:
        _allow(list(dict.fromkeys(wanted)))
        yield {}
    finally:
        _allow(before)


def _allow(backends: list[SDPBackend]) -> None:
    global _allowed
    _allowed = backends
    _core._set_attention_ways(SDPBackend.FLASH_ATTENTION in backends, SDPBackend.MATH in backends)
