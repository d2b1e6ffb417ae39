"""Switches of `__torch_function__`, and the functions of the package that it may override."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

from kajo import _core

__all__ = ["DisableTorchFunction", "DisableTorchFunctionSubclass", "make_overridable"]


class _Level:
    """In the block, overriding goes no further than `level`."""

    level = 0

    def __enter__(self) -> None:
        self._before = _core._set_overriding(max(self.level, _core._get_overriding()))

    def __exit__(self, *_: object) -> None:
        _core._set_overriding(self._before)


class DisableTorchFunctionSubclass(_Level):
    """In the block types are not asked; modes are.

    >>> import kajo
    >>> class Length(kajo.Tensor): pass
    >>> x = kajo.ones(2).as_subclass(Length)
    >>> type(x + x).__name__
    'Length'
    >>> with kajo._core.DisableTorchFunctionSubclass():
    ...     type(x + x).__name__
    'Tensor'
    """

    level = 1


class DisableTorchFunction(_Level):
    """In the block neither types nor modes are asked."""

    level = 2


def make_overridable(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """Let `__torch_function__` override functions written in Python, each as a whole.

    Args:
        namespace: the globals of the module that has the functions or names them.
        names: which of its names; what is no plain function is left out.
    """
    import sys

    for name in names:
        function = namespace[name]
        if isinstance(function, FunctionType):
            overridable = _core._overridable(function)
            namespace[name] = overridable
            home = vars(sys.modules[function.__module__])
            if home.get(name) is function:
                home[name] = overridable


for _switch in (DisableTorchFunction, DisableTorchFunctionSubclass):
    setattr(_core, _switch.__name__, _switch)
