"""Types that take part in kajo's operations, and modes that see all of them: `__torch_function__`.

An argument whose type defines ``__torch_function__(func, types, args, kwargs)`` gets the whole call
and says what comes of it; it need not be a tensor. Subclasses of Tensor inherit one that runs the
operation and makes the results instances of the subclass.

>>> import kajo
>>> class Logged:
...     @classmethod
...     def __torch_function__(cls, func, types, args=(), kwargs=None):
...         return func.__name__
>>> kajo.add(Logged(), 1)
'add'
"""

from __future__ import annotations

import contextlib
import functools
import threading
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any

import kajo
from kajo import _core
from kajo._tensor import _results_as_they_are

__all__ = [
    "BaseTorchFunctionMode",
    "TorchFunctionMode",
    "enable_reentrant_dispatch",
    "get_default_nowrap_functions",
    "get_ignored_functions",
    "get_overridable_functions",
    "get_testing_overrides",
    "handle_torch_function",
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "redispatch_function",
    "resolve_name",
    "wrap_torch_function",
]

_here = threading.local()  # `skip`: the next question whether to hand over is answered by no


def has_torch_function_variadic(*args: Any) -> bool:
    """:func:`has_torch_function` for several arguments.

    >>> import kajo
    >>> kajo.overrides.has_torch_function_variadic(kajo.zeros(2), 1)
    False
    """
    if getattr(_here, "skip", False):
        _here.skip = False
        return False
    return _core._has_torch_function(*args)


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether a call with these arguments is to be handed to `__torch_function__`.

    Args:
        relevant_args: the arguments that may have it.

    >>> import kajo
    >>> kajo.overrides.has_torch_function((kajo.zeros(2), 1))
    False
    """
    return has_torch_function_variadic(*relevant_args)


def has_torch_function_unary(obj: Any) -> bool:
    """:func:`has_torch_function` for a single argument.

    >>> import kajo
    >>> kajo.overrides.has_torch_function_unary(kajo.zeros(2))
    False
    """
    return has_torch_function_variadic(obj)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], /, *args: Any, **kwargs: Any
) -> Any:
    """What `__torch_function__` of the arguments makes of a call.

    Args:
        public_api: the function that was called.
        relevant_args: the arguments that may have `__torch_function__`.
        args, kwargs: all arguments of the call.

    Returns:
        The first answer that is not NotImplemented; subclasses are asked before their bases.

    Raises:
        TypeError: if there is no such answer.

    >>> import kajo
    >>> class Weighted:
    ...     @classmethod
    ...     def __torch_function__(cls, func, types, args=(), kwargs=None):
    ...         return 42
    >>> def total(x):
    ...     if kajo.overrides.has_torch_function_unary(x):
    ...         return kajo.overrides.handle_torch_function(total, (x,), x)
    ...     return x.sum()
    >>> total(Weighted())
    42
    """
    return _core._handle_torch_function(public_api, tuple(relevant_args), args, kwargs)


def redispatch_function(
    func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None
) -> Any:
    """What a call gives if `__torch_function__` is not asked about it, but is about what it calls.

    Args:
        func, types, args, kwargs: what `__torch_function__` was given.

    >>> import kajo
    >>> class Noted(kajo.Tensor):
    ...     @classmethod
    ...     def __torch_function__(cls, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return kajo.overrides.redispatch_function(func, types, args, kwargs)
    >>> @kajo.overrides.wrap_torch_function(lambda x: (x,))
    ... def plus_product(x):
    ...     return x * x + 1
    >>> plus_product(kajo.ones(1).as_subclass(Noted))
    plus_product
    mul
    tensor([2.])
    """
    options = kwargs or {}
    inner: Any = func.__wrapped__ if isinstance(func, _core.Overridable) else None
    if inner is None and getattr(func, "body", None) is not None:  # an operation in Python
        inner = func.undispatched  # type: ignore[attr-defined]
    if inner is not None:
        return inner(*args, **options)
    if isinstance(func, FunctionType):
        _here.skip = True
        try:
            return func(*args, **options)
        finally:
            _here.skip = False
    with _core.DisableTorchFunction():  # nothing inside can be handed over
        return func(*args, **options)


def _get_overloaded_args(relevant_args: Iterable[Any], _: Any = None) -> list[Any]:
    """One argument of each type that overrides, in the order in which they are asked."""
    return _core._overriding_arguments(tuple(relevant_args))


def wrap_torch_function(
    dispatcher: Callable[..., Iterable[Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function one that `__torch_function__` may override.

    Args:
        dispatcher: takes the function's arguments and returns those that may override.

    >>> import kajo
    >>> @kajo.overrides.wrap_torch_function(lambda x: (x,))
    ... def double(x):
    ...     return 2 * x
    >>> double(kajo.ones(1))
    tensor([2.])
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            relevant = tuple(dispatcher(*args, **kwargs))
            if has_torch_function(relevant):
                return handle_torch_function(wrapper, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapper

    return decorate


def is_tensor_like(inp: Any) -> bool:
    """Whether `inp` is a tensor or of a type with `__torch_function__`.

    >>> import kajo
    >>> kajo.overrides.is_tensor_like(kajo.zeros(1)), kajo.overrides.is_tensor_like(1.0)
    (True, False)
    """
    return type(inp) is kajo.Tensor or hasattr(inp, "__torch_function__")


# ---- modes ---------------------------------------------------------------------------------------


class TorchFunctionMode:
    """Sees every call in a block: a subclass defines `__torch_function__`.

    What the handler calls itself is seen by the modes outside only.

    >>> import kajo
    >>> class Count(kajo.overrides.TorchFunctionMode):
    ...     calls = 0
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         self.calls += 1
    ...         return func(*args, **(kwargs or {}))
    >>> with Count() as count:
    ...     _ = kajo.zeros(2) + 1
    >>> count.calls
    2
    """

    inner: TorchFunctionMode

    def __init__(self) -> None:
        pass

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        _core._push_mode(self)
        return self

    def __exit__(self, *_: object) -> None:
        _core._pop_mode()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """The former way to make a mode for a `with` block."""
        warnings.warn("`Mode.push()` is no longer necessary; just use `with Mode()`", stacklevel=2)
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def _get_current_function_mode() -> Any:
    modes = _core._modes()
    return modes[-1] if modes else None


def _get_current_function_mode_stack() -> list[Any]:
    return _core._modes()


@contextlib.contextmanager
def enable_reentrant_dispatch() -> Iterator[None]:
    """Overriding is on in the block, though the caller switched it off."""
    before = _core._set_overriding(0)
    try:
        yield
    finally:
        _core._set_overriding(before)


# ---- what can be overridden ----------------------------------------------------------------------

_NAMESPACES = ("", "nn.functional", "linalg", "fft", "special", "signal")


def get_default_nowrap_functions() -> set[Callable[..., Any]]:
    """What subclasses of Tensor return as it is: the getters of `grad` and `_base`."""
    return set(_results_as_they_are())


@functools.cache
def _overridable() -> tuple[tuple[Any, Any, str], ...]:
    """Every place with a function that can be overridden: the place, the function, its full name."""
    found: list[tuple[Any, Any, str]] = []
    kinds = (_core.Overridable, type(_core.add))
    for name in dir(kajo.Tensor):
        value = getattr(kajo.Tensor, name)
        if isinstance(value, types.GetSetDescriptorType) and name != "__dict__":
            found.append((kajo.Tensor, value.__get__, f"kajo.Tensor.{name}.__get__"))
        elif isinstance(value, kinds) or name in _SLOTS:
            found.append((kajo.Tensor, value, f"kajo.Tensor.{name}"))
    for namespace in _NAMESPACES:
        module = kajo
        for part in namespace.split("."):
            module = getattr(module, part, None) if part else module  # type: ignore[assignment]
        for name in dir(module):
            value = getattr(module, name, None)  # a part of the package may not be there
            if isinstance(value, kinds) and not name.startswith("_"):
                found.append((module, value, ".".join(filter(None, ["kajo", namespace, name]))))
    return tuple(found)


@functools.cache
def _names() -> dict[Any, str]:
    """The full name of each function: that in a module rather than that of the method."""
    return {function: name for _, function, name in reversed(_overridable())} | {
        function: name for place, function, name in reversed(_overridable()) if place is kajo
    }


_SLOTS = frozenset(
    f"__{name}__" for name in ("getitem", "setitem", "len", "bool", "int", "float", "index")
)


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """All functions that `__torch_function__` may override, by the class or module that has them.

    >>> import kajo
    >>> kajo.nn.functional.relu in kajo.overrides.get_overridable_functions()[kajo.nn.functional]
    True
    """
    found: dict[Any, list[Callable[..., Any]]] = {}
    for place, function, _ in _overridable():
        found.setdefault(place, []).append(function)
    return found


def get_ignored_functions() -> set[Callable[..., Any]]:
    """Public functions that `__torch_function__` may not override."""
    places = [kajo, kajo.Tensor]
    values = [
        getattr(place, name, None) for place in places for name in dir(place) if name[0] != "_"
    ]
    callables = (v for v in values if callable(v) and not isinstance(v, (type, types.ModuleType)))
    return {value for value in callables if value not in _names()}


def get_testing_overrides() -> dict[Callable[..., Any], Callable[..., Any]]:
    """For each function that can be overridden one that takes the same arguments and returns -1."""

    def answer(*args: Any, **kwargs: Any) -> int:
        return -1

    return dict.fromkeys(_names(), answer)


def resolve_name(f: Callable[..., Any]) -> str | None:
    """The full name of a function as `__torch_function__` gets it; None if it is not known.

    >>> import kajo
    >>> kajo.overrides.resolve_name(kajo.nn.functional.relu)
    'kajo.nn.functional.relu'
    """
    return _names().get(f)


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Whether `func` is a method of tensors or the getter or setter of a property.

    >>> import kajo
    >>> kajo.overrides.is_tensor_method_or_property(kajo.Tensor.shape.__get__)
    True
    """
    name = getattr(func, "__name__", "")
    return name in ("__get__", "__set__") or getattr(kajo.Tensor, name, None) is func
