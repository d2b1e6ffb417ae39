"""The keyword arguments by which modules say where and as what their tensors are made."""

from __future__ import annotations

from typing import Any

__all__ = ["factory_kwargs"]

_NAMES = ("device", "dtype", "memory_format")


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The arguments for functions that make tensors, from a module's own.

    Args:
        kwargs: may hold "device", "dtype" and "memory_format", each either itself or in a dictionary
            under "factory_kwargs".

    Returns:
        A flat dictionary of them.

    Raises:
        TypeError: if it holds something else, or one of them twice.

    Example:
        >>> import kajo
        >>> kajo.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": kajo.float64}})
        {'device': 'cpu', 'dtype': kajo.float64}
    """
    if kwargs is None:
        return {}
    others = kwargs.keys() - {*_NAMES, "factory_kwargs"}
    if others:
        raise TypeError(f"unexpected kwargs {others}")
    flat = {name: kwargs[name] for name in _NAMES if name in kwargs}
    for name, value in kwargs.get("factory_kwargs", {}).items():
        if name in flat:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        flat[name] = value
    return flat
