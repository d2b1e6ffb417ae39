"""Other implementations of attention that a program may register and switch to."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

__all__ = [
    "activate_flash_attention_impl",
    "current_flash_attention_impl",
    "list_flash_attention_impls",
    "register_flash_attention_impl",
    "restore_flash_attention_impl",
]


def _needs(module: str) -> Callable[[], Any]:
    """An implementation of a package that is for other devices: importing it is all there is."""

    def register() -> None:
        importlib.import_module(module)

    return register


_known: dict[str, Callable[[], Any]] = {
    "FA3": _needs("flash_attn_interface"),
    "FA4": _needs("flash_attn"),
}
_active: list[tuple[str, Any]] = []


def register_flash_attention_impl(impl: str, *, register_fn: Callable[[], Any]) -> None:
    """Make an implementation known by a name.

    Args:
        impl: the name.
        register_fn: called when it is switched to; returns None or an object with ``remove()``.

    Example:
        >>> from kajo.nn.attention import list_flash_attention_impls, register_flash_attention_impl
        >>> register_flash_attention_impl("mine", register_fn=lambda: None)
        >>> "mine" in list_flash_attention_impls()
        True
    """
    _known[impl] = register_fn


def activate_flash_attention_impl(impl: str) -> None:
    """Switch to an implementation; the one before ends.

    Args:
        impl: its name.

    Raises:
        ValueError: if there is none of that name.

    Example:
        >>> from kajo.nn.attention import activate_flash_attention_impl
        >>> activate_flash_attention_impl("none")
        Traceback (most recent call last):
        ...
        ValueError: Unknown flash attention impl 'none'. Available implementations: ['FA3', 'FA4'...
    """
    if impl not in _known:
        raise ValueError(
            f"Unknown flash attention impl '{impl}'. Available implementations: "
            f"{list_flash_attention_impls()}"
        )
    handle = _known[impl]()
    restore_flash_attention_impl(_raise_warn=False)
    _active.append((impl, handle))


def list_flash_attention_impls() -> list[str]:
    """The names of all implementations.

    Example:
        >>> from kajo.nn.attention import list_flash_attention_impls
        >>> list_flash_attention_impls()[:2]
        ['FA3', 'FA4']
    """
    return sorted(_known)


def current_flash_attention_impl() -> str | None:
    """The name of the implementation that was switched to, or None.

    Example:
        >>> from kajo.nn.attention import current_flash_attention_impl
        >>> current_flash_attention_impl()
    """
    return _active[-1][0] if _active else None


def restore_flash_attention_impl(_raise_warn: bool = True) -> None:
    """Go back to the package's own implementation.

    Example:
        >>> from kajo.nn.attention import current_flash_attention_impl, restore_flash_attention_impl
        >>> restore_flash_attention_impl(_raise_warn=False)
        >>> current_flash_attention_impl()
    """
    if not _active:
        if _raise_warn:
            logging.getLogger(__name__).warning(
                "restore_flash_attention_impl(): no other implementation was active"
            )
        return
    _, handle = _active.pop()
    if handle is not None:
        handle.remove()
