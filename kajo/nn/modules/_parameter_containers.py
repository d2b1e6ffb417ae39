"""Lists and dictionaries of parameters as modules."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter


def _position(index: Any, length: int) -> int:
    """`index`, counted from the end where negative, checked against `length`."""
    position = operator.index(index)
    if not -length <= position < length:
        raise IndexError(f"index {position} is out of range")
    return position % length


def _pairs(given: Any, name: str, method_name: str) -> Iterator[tuple[Any, Any]]:
    """The pairs of a mapping or of an iterable of pairs, checked."""
    if not isinstance(given, Iterable):
        raise TypeError(
            f"{method_name} should be called with an iterable of key/value pairs, but got "
            f"{type(given).__name__}"
        )
    if isinstance(given, Mapping) or (isinstance(given, Module) and hasattr(given, "items")):
        yield from given.items()
        return
    for number, pair in enumerate(given):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{name} update sequence element #{number} should be Iterable; is"
                f"{type(pair).__name__}"
            )
        pair = list(pair)
        if len(pair) != 2:
            raise ValueError(
                f"{name} update sequence element #{number} has length {len(pair)}; 2 is required"
            )
        yield pair[0], pair[1]


def _registered(value: Any) -> Any:
    """A plain tensor becomes a parameter; all else stays."""
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _described(value: Any, tensor_type: Callable[[Tensor], str]) -> str:
    if not isinstance(value, Tensor):
        return "Object of type: " + type(value).__name__
    size = "x".join(str(n) for n in value.size())
    where = "" if value.device.type == "cpu" else f" ({value.device})"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{tensor_type(value)} of size {size}{where}]"


class ParameterList(Module):
    """A list of parameters that are registered; other values may stand among them.

    Args:
        values: an iterable; plain tensors in it become parameters.

    Example:
        >>> import kajo
        >>> weights = kajo.nn.ParameterList([kajo.zeros(2), kajo.zeros(3)])
        >>> len(list(weights.parameters()))
        2
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self[i] for i in range(*index.indices(self._size)))
        return getattr(self, str(_position(index, self._size)))

    def __setitem__(self, index: int, param: Any) -> None:
        setattr(self, str(_position(index, self._size)), _registered(param))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._size))

    def __iadd__(self, parameters: Iterable[Any]) -> ParameterList:
        return self.extend(parameters)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end.

        Args:
            value: a parameter; a tensor, which becomes one; or anything else.

        Returns:
            This list.

        Example:
            >>> import kajo
            >>> len(kajo.nn.ParameterList().append(kajo.zeros(2)))
            1
        """
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several values at the end.

        Args:
            values: as for :meth:`append`.

        Returns:
            This list.

        Raises:
            TypeError: if `values` is not iterable.

        Example:
            >>> import kajo
            >>> len(kajo.nn.ParameterList().extend([kajo.zeros(2), 3]))
            2
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                + type(values).__name__
            )
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """One line for each value.

        Returns:
            The lines.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterList([3]).extra_repr()
            '  (0): Object of type: int'
        """
        return "\n".join(
            f"  ({i}): " + _described(value, lambda tensor: str(tensor.dtype))
            for i, value in enumerate(self)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dictionary of parameters that are registered; other values may stand among them.

    Args:
        parameters: a mapping from name to value, or pairs; plain tensors become parameters.

    Example:
        >>> import kajo
        >>> weights = kajo.nn.ParameterDict({"left": kajo.zeros(2)})
        >>> weights["left"].requires_grad
        True
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _attribute(self, key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}'). Open an issue on github if you need "
                "non-string keys."
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._attribute(key))

    def __setitem__(self, key: str, value: Any) -> None:
        name = self._attribute(key)
        self._keys[key] = None
        setattr(self, name, _registered(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._attribute(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        result = self.copy()
        result.update(other)
        return result

    def __ror__(self, other: Any) -> ParameterDict:
        result = ParameterDict(other)
        result.update(self)
        return result

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """A new dictionary with the same parameters.

        Returns:
            It.

        Example:
            >>> import kajo
            >>> len(kajo.nn.ParameterDict({"a": kajo.zeros(1)}).copy())
            1
        """
        return ParameterDict(OrderedDict((key, self[key]) for key in self._keys))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name; `default` is put there first if there is none.

        Args:
            key: the name.
            default: the value for it.

        Returns:
            The value.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict().setdefault("a", 3)
            3
        """
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take out all values.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict({"a": kajo.zeros(1)}).clear()
        """
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take out the value of a name.

        Args:
            key: the name.

        Returns:
            The value.

        Raises:
            KeyError: if there is none.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict({"a": 3}).pop("a")
            3
        """
        if key not in self:
            raise KeyError(key)
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the name that was added last.

        Returns:
            The name and its value.

        Raises:
            KeyError: if the dictionary is empty.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict({"a": 3}).popitem()
            ('a', 3)
        """
        if not self._keys:
            raise KeyError("popitem(): dictionary is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or `default`.

        Args:
            key: the name.
            default: given if the name is not there.

        Returns:
            The value.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict().get("a", 3)
            3
        """
        return self[key] if key in self else default  # noqa: SIM401

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dictionary with one value for all names.

        Args:
            keys: the names.
            default: the value.

        Returns:
            It.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ParameterDict().fromkeys(["a", "b"], 3).values())
            [3, 3]
        """
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> Any:
        """The names, in the order in which they were added.

        Returns:
            A view of them.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ParameterDict({"a": 3}).keys())
            ['a']
        """
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with their values.

        Returns:
            An iterable of pairs.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ParameterDict({"a": 3}).items())
            [('a', 3)]
        """
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """The values.

        Returns:
            An iterable of them.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ParameterDict({"a": 3}).values())
            [3]
        """
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add values, in place of those of the same name.

        Args:
            parameters: a mapping from name to value, or pairs of them.

        Raises:
            TypeError, ValueError: if it is neither.

        Example:
            >>> import kajo
            >>> weights = kajo.nn.ParameterDict()
            >>> weights.update({"a": kajo.zeros(1)})
        """
        items = list(_pairs(parameters, "ParameterDict", "ParametersDict.update"))
        unordered = isinstance(parameters, Mapping) and not isinstance(
            parameters, (OrderedDict, ParameterDict)
        )
        for key, value in sorted(items, key=lambda item: item[0]) if unordered else items:
            self[key] = value

    def extra_repr(self) -> str:
        """One line for each value.

        Returns:
            The lines.

        Example:
            >>> import kajo
            >>> kajo.nn.ParameterDict({"a": 3}).extra_repr()
            '  (a): Object of type: int'
        """
        return "\n".join(
            f"  ({key}): " + _described(value, kajo.typename) for key, value in self.items()
        )

    def __call__(self, input: Any) -> Any:
        raise RuntimeError("ParameterDict should not be called.")


for _class in (
    ParameterList,
    ParameterDict,
):
    _class.__module__ = "kajo.nn.modules.container"
