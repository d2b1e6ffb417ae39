"""What all data pipes have in common: names of steps as methods, and checks."""

from __future__ import annotations

import contextlib
import functools
import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from kajo.utils.data.dataset import Dataset, IterableDataset

__all__ = [
    "DFIterDataPipe",
    "DataChunk",
    "IterDataPipe",
    "MapDataPipe",
    "argument_validation",
    "functional_datapipe",
    "guaranteed_datapipes_determinism",
    "non_deterministic",
    "runtime_validation",
    "runtime_validation_disabled",
]

T_co = TypeVar("T_co", covariant=True)
_Class = TypeVar("_Class", bound=type)


class _Steps:
    """Finds the steps that are registered by name."""

    functions: ClassVar[dict[str, Callable[..., Any]]]

    def __getattr__(self, name: str) -> Any:
        step = type(self).functions.get(name)
        if step is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return functools.partial(step, self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *type(self).functions})

    @classmethod
    def register_function(cls, function_name: str, function: Callable[..., Any]) -> None:
        """Make a function, which gets the pipe first, a method of all pipes."""
        cls.functions[function_name] = function

    @classmethod
    def register_datapipe_as_function(
        cls, function_name: str, cls_to_register: Any, enable_df_api_tracing: bool = False
    ) -> None:
        """Make a class, whose first argument is the pipe, a method of all pipes.

        Raises:
            Exception: if there is such a method already.
        """
        if function_name in cls.functions:
            raise Exception(
                f"Unable to add DataPipe function name {function_name} as it is already taken"
            )
        cls.register_function(function_name, cls_to_register)

    def __repr__(self) -> str:
        return type(self).__qualname__


class IterDataPipe(_Steps, IterableDataset[T_co]):
    """A data set that is iterated over, with further steps as methods: ``pipe.map(f)``.

    A subclass gives ``__iter__``; :func:`functional_datapipe` gives its class a name as a step.

    Example:
        >>> from kajo.utils.data import IterDataPipe
        >>> class Count(IterDataPipe):
        ...     def __iter__(self): return iter(range(3))
        >>> list(Count().map(str))
        ['0', '1', '2']
    """

    functions: ClassVar[dict[str, Callable[..., Any]]] = {}

    def reset(self) -> None:
        """Called by steps that begin again; does nothing by itself."""


class DFIterDataPipe(IterDataPipe[Any]):
    """A pipe of data frames."""


class MapDataPipe(_Steps, Dataset[T_co]):
    """A data set that is read by key, with further steps as methods: ``pipe.map(f)``.

    A subclass gives ``__getitem__`` and ``__len__``.
    """

    functions: ClassVar[dict[str, Callable[..., Any]]] = {}

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} has no length")


class DataChunk(list[Any]):
    """The samples of a batch.

    Example:
        >>> from kajo.utils.data import DataChunk
        >>> DataChunk([1, 2]).as_str()
        '[1, 2]'
    """

    def __init__(self, items: Any) -> None:
        items = list(items)
        super().__init__(items)
        self.items = items

    def as_str(self, indent: str = "") -> str:
        """The samples as text."""
        return indent + "[" + ", ".join(str(item) for item in self) + "]"

    def raw_iterator(self) -> Iterator[Any]:
        """The samples."""
        return iter(self.items)


class functional_datapipe:
    """Gives a class of pipes a name, by which it is a step of all pipes.

    Args:
        name: the name.
        enable_df_api_tracing: accepted for compatibility.

    Example:
        >>> from kajo.utils.data import IterDataPipe, functional_datapipe
        >>> @functional_datapipe("twice")
        ... class Twice(IterDataPipe):
        ...     def __init__(self, source): self.source = source
        ...     def __iter__(self):
        ...         for item in self.source: yield item; yield item
        >>> from kajo.utils.data.datapipes.iter import IterableWrapper
        >>> list(IterableWrapper("ab").twice())
        ['a', 'a', 'b', 'b']
    """

    def __init__(self, name: str, enable_df_api_tracing: bool = False) -> None:
        self.name = name

    def __call__(self, cls: _Class) -> _Class:
        for base in (IterDataPipe, MapDataPipe):
            if isinstance(cls, type) and issubclass(cls, base):
                base.register_datapipe_as_function(self.name, cls)
                return cls
        raise TypeError("`functional_datapipe` can only decorate IterDataPipe or MapDataPipe")


class _Checks:
    deterministic = False
    of_types = True


class guaranteed_datapipes_determinism(contextlib.AbstractContextManager[None]):
    """Within the block, pipes that are marked :class:`non_deterministic` cannot be made."""

    def __init__(self, enabled: bool = True) -> None:
        self._before, _Checks.deterministic = _Checks.deterministic, enabled

    def __exit__(self, *_: object) -> None:
        _Checks.deterministic = self._before


class non_deterministic:
    """Marks a class of pipes whose order is not always the same.

    Args:
        arg: the class, or a function of its arguments that says whether it is so with them.
    """

    def __init__(self, arg: Any) -> None:
        self._is_class = isinstance(arg, type)
        self._arg = arg

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_class:
            self._check(self._arg)
            return self._arg(*args, **kwargs)
        cls, depends = args[0], self._arg

        @functools.wraps(cls, updated=())
        def make(*given: Any, **named: Any) -> Any:
            if depends(*given, **named):
                self._check(cls)
            return cls(*given, **named)

        return make

    @staticmethod
    def _check(cls: Any) -> None:
        if _Checks.deterministic:
            raise TypeError(
                f"{cls.__name__} is non-deterministic, but you set 'guaranteed_datapipes_determinism'. "
                "You can turn off determinism for this DataPipe if that is acceptable for your "
                "application"
            )


def argument_validation(f: Callable[..., Any]) -> Callable[..., Any]:
    """Check that arguments of a function that are declared as pipes are pipes.

    Raises:
        TypeError: when called with others.
    """
    signature = inspect.signature(f)

    @functools.wraps(f)
    def checked(*args: Any, **kwargs: Any) -> Any:
        hints = typing.get_type_hints(f)
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            kind: Any = typing.get_origin(hints.get(name)) or hints.get(name)
            is_pipe = isinstance(kind, type) and issubclass(kind, (IterDataPipe, MapDataPipe))
            if is_pipe and not isinstance(value, kind):
                raise TypeError(
                    f"Expected argument '{name}' as a {kind.__name__}, but found {type(value)}"
                )
        return f(*args, **kwargs)

    return checked


class runtime_validation_disabled(contextlib.AbstractContextManager[None]):
    """Within the block, :func:`runtime_validation` checks nothing."""

    def __enter__(self) -> None:
        self._before, _Checks.of_types = _Checks.of_types, False

    def __exit__(self, *_: object) -> None:
        _Checks.of_types = self._before


def runtime_validation(f: Callable[..., Any]) -> Callable[..., Any]:
    """Check that what an ``__iter__`` gives has the type that it declares.

    Raises:
        RuntimeError: if it has not.
        TypeError: if the function is not an ``__iter__``.
    """
    if f.__name__ != "__iter__":
        raise TypeError(
            f"Can not decorate function {f.__name__} with 'runtime_validation', only __iter__"
        )

    @functools.wraps(f)
    def checked(self: Any) -> Iterator[Any]:
        arguments = typing.get_args(typing.get_type_hints(f).get("return"))
        kind = arguments[0] if arguments and isinstance(arguments[0], type) else object
        for item in f(self):
            if _Checks.of_types and not isinstance(item, kind):
                raise RuntimeError(
                    f"Expected an instance as subtype of {kind}, but found {item!r}({type(item)})"
                )
            yield item

    return checked


class Following:
    """What pipes after another one share."""

    datapipe: Any

    def __init__(self, datapipe: Any) -> None:
        self.datapipe = datapipe

    def __len__(self) -> int:
        return len(self.datapipe)


class Batching(Following):
    """What pipes of batches share."""

    def __init__(
        self,
        datapipe: Any,
        batch_size: int,
        drop_last: bool = False,
        wrapper_class: Callable[[list[Any]], Any] = DataChunk,
    ) -> None:
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        super().__init__(datapipe)
        self.batch_size, self.drop_last, self.wrapper_class = batch_size, drop_last, wrapper_class

    def __len__(self) -> int:
        full, rest = divmod(len(self.datapipe), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)
