"""Switches for what operations record."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from kajo import _core

__all__ = [
    "enable_grad",
    "enforce_grad_layout_policy",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
    "set_multithreading_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


class _Switch:
    """A context manager that is also a decorator, for functions and generators."""

    def _fresh(self) -> _Switch:
        return type(self)()

    def __enter__(self) -> None:
        raise TypeError(f"{type(self).__name__} is not a context manager")

    def __exit__(self, *_: object) -> None:
        raise TypeError(f"{type(self).__name__} is not a context manager")

    def __call__(self, function: F) -> F:
        import inspect  # not at the top: it is slow to load

        fresh = self._fresh
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                inner = function(*args, **kwargs)
                try:
                    with fresh():
                        item = next(inner)
                    while True:
                        try:
                            sent = yield item
                        except GeneratorExit:
                            with fresh():
                                inner.close()
                            raise
                        except BaseException as error:
                            with fresh():
                                item = inner.throw(error)
                        else:
                            with fresh():
                                item = inner.send(sent)
                except StopIteration as stop:
                    return stop.value

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with fresh():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_core.GradBlock, _Switch):
    """Operations inside record no history.

    >>> import kajo
    >>> x = kajo.ones(1, requires_grad=True)
    >>> with kajo.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _on = False


class enable_grad(no_grad):
    """Operations inside record their history, also within `no_grad`."""

    _on = True


class set_grad_enabled(_Switch):
    """Switch recording on or off at once; as a context manager, until the end of the block.

    >>> import kajo
    >>> with kajo.set_grad_enabled(False):
    ...     kajo.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._before = _core._set_grad_enabled(self.mode)

    def _fresh(self) -> set_grad_enabled:
        return type(self)(self.mode)

    def __call__(self, function: F) -> F:
        _core._set_grad_enabled(self._before)
        return super().__call__(function)

    def __enter__(self) -> None:
        _core._set_grad_enabled(self.mode)

    def __exit__(self, *_: object) -> None:
        _core._set_grad_enabled(self._before)


class inference_mode(_Switch):
    """Like `no_grad`, and tensors made inside can never take part in a graph, which saves work."""

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        return self

    def __init__(self, mode: bool = True) -> None:
        self.mode = bool(mode)

    def _fresh(self) -> inference_mode:
        return type(self)(self.mode)

    def __enter__(self) -> None:
        self._inference = _core._set_inference_mode(self.mode)
        self._grad = _core._set_grad_enabled(not self.mode)

    def __exit__(self, *_: object) -> None:
        _core._set_inference_mode(self._inference)
        _core._set_grad_enabled(self._grad)


class enforce_grad_layout_policy(_Switch):
    """Whether gradients of leaves have the leaves' strides: here they always do.

    As a context manager, a decorator or a call it keeps the switch that programs ask for; another layout
    would save no copy, for a gradient is adopted only where its strides fit.

    >>> import kajo
    >>> p = kajo.ones(2, 3).t().requires_grad_()
    >>> with kajo.autograd.enforce_grad_layout_policy(False):
    ...     (p * 2).sum().backward()
    >>> p.grad.stride() == p.stride()
    True
    """

    def __init__(self, enable: bool = True) -> None:
        self.enable = bool(enable)

    def _fresh(self) -> enforce_grad_layout_policy:
        return type(self)(self.enable)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


class set_multithreading_enabled(_Switch):
    """Backward runs in the thread that calls it, so this switch has nothing to do."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)

    def _fresh(self) -> set_multithreading_enabled:
        return type(self)(self.mode)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
