"""Making a module without drawing its parameters."""

from __future__ import annotations

import inspect
from typing import Any

from kajo.nn.modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Any:
    """A module with unset parameters: quick to make where they are loaded anyway.

    Args:
        module_cls: a class of modules that takes ``device``.
        args, kwargs: for it.

    Returns:
        The module, on the device asked for.

    Raises:
        RuntimeError: if `module_cls` is not a class of modules or takes no ``device``.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.skip_init(kajo.nn.Linear, 2, 3).weight.shape
        kajo.Size([3, 2])
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    return module_cls(*args, device="meta", **kwargs).to_empty(device=device)
