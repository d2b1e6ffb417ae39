"""Modules that hold other modules or parameters."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Container as _Container
from itertools import chain
from typing import Any, cast

import kajo
from kajo import Tensor
from kajo.nn.modules.module import Module, _addindent
from kajo.nn.parameter import Parameter

__all__ = [
    "Container",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
]


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
    if isinstance(given, (Mapping, ModuleDict, ParameterDict)):
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


class Container(Module):
    """A module made of the keyword arguments: the oldest form of container.

    Args:
        kwargs: submodules by name.

    Example:
        >>> import kajo
        >>> kajo.nn.Container(act=kajo.nn.ReLU()).act
        ReLU()
    """

    def __init__(self, **kwargs: Module) -> None:
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class _NumberedModules(Module):
    """Submodules named by their positions."""

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]

    def __delitem__(self, index: Any) -> None:
        names = list(self._modules)
        doomed = names[index] if isinstance(index, slice) else [names[_position(index, len(self))]]
        self._renumber([m for name, m in self._modules.items() if name not in doomed])


class Sequential(_NumberedModules):
    """Modules called one after the other, each with the result of the one before.

    Args:
        args: modules; or one ordered mapping from name to module.

    Shape:
        As the first module takes it, to what the last one gives.

    Example:
        >>> import kajo
        >>> model = kajo.nn.Sequential(kajo.nn.Linear(4, 8), kajo.nn.ReLU(), kajo.nn.Linear(8, 2))
        >>> model(kajo.ones(3, 4)).shape
        kajo.Size([3, 2])
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], OrderedDict)
        items = args[0].items() if named else ((str(i), module) for i, module in enumerate(args))
        for name, module in items:
            self.add_module(name, module)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return list(self._modules.values())[_position(index, len(self))]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._modules)[_position(index, len(self))], module)

    def __delitem__(self, index: Any) -> None:
        super().__delitem__(index)

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is "
                "given."
            )
        return Sequential(*self, *other)

    def __iadd__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is "
                "given."
            )
        return self.extend(list(other))

    def _repeated(self, times: Any) -> list[Any]:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return list(self) * times

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*self._repeated(other))

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Sequential:
        return self.extend(self._repeated(other)[len(self) :])

    def forward(self, input: Any) -> Any:
        """Call the modules in order.

        Args:
            input: what the first module takes.

        Returns:
            What the last one gives.

        Example: see :class:`Sequential`.
        """
        for module in self._modules.values():
            input = cast(Callable[..., Any], module)(input)
        return input

    def append(self, module: Module) -> Sequential:
        """Add a module at the end.

        Args:
            module: the module.

        Returns:
            This container.

        Example:
            >>> import kajo
            >>> len(kajo.nn.Sequential().append(kajo.nn.ReLU()))
            1
        """
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before the one at `index`.

        Args:
            index: from ``-len`` to ``len``.
            module: the module.

        Returns:
            This container.

        Raises:
            IndexError: if the index is out of range.

        Example:
            >>> import kajo
            >>> kajo.nn.Sequential(kajo.nn.ReLU()).insert(0, kajo.nn.Tanh())[0]
            Tanh()
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self, sequential: Iterable[Module]) -> Sequential:
        """Add several modules at the end.

        Args:
            sequential: the modules.

        Returns:
            This container.

        Example:
            >>> import kajo
            >>> len(kajo.nn.Sequential().extend([kajo.nn.ReLU(), kajo.nn.Tanh()]))
            2
        """
        for module in list(sequential):
            self.append(module)
        return self

    def pop(self, key: int) -> Module:
        """Take out the module at an index.

        Args:
            key: the index.

        Returns:
            The module.

        Example:
            >>> import kajo
            >>> kajo.nn.Sequential(kajo.nn.ReLU()).pop(0)
            ReLU()
        """
        module = self[key]
        del self[key]
        return cast(Module, module)


class ModuleList(_NumberedModules):
    """A list of modules that are registered; it has no ``forward``.

    Args:
        modules: an iterable of modules.

    Example:
        >>> import kajo
        >>> layers = kajo.nn.ModuleList(kajo.nn.Linear(2, 2) for _ in range(3))
        >>> len(layers), layers[-1]
        (3, Linear(in_features=2, out_features=2, bias=True))
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            chosen: list[Any] = list(self._modules.values())[index]
            return type(self)(chosen)
        return self._modules[str(_position(index, len(self)))]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, str(_position(index, len(self))), module)

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def __repr__(self) -> str:
        """Runs of modules that print alike are printed once, with their number."""
        runs: list[tuple[int, int, str]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], i, text)
            else:
                runs.append((i, i, text))
        if not runs:
            return f"{self._get_name()}()"
        lines = [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]
        body = "".join("\n  " + _addindent(line, 2) for line in lines)
        return f"{self._get_name()}({body}\n)"

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`.

        Args:
            index: the position, as for a list.
            module: the module.

        Example:
            >>> import kajo
            >>> layers = kajo.nn.ModuleList([kajo.nn.ReLU()])
            >>> layers.insert(0, kajo.nn.Tanh())
            >>> layers[0]
            Tanh()
        """
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def append(self, module: Module | None) -> ModuleList:
        """Add a module at the end.

        Args:
            module: the module.

        Returns:
            This list.

        Example:
            >>> import kajo
            >>> len(kajo.nn.ModuleList().append(kajo.nn.ReLU()))
            1
        """
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: Any) -> Any:
        """Take out the module at an index.

        Args:
            key: the index.

        Returns:
            The module.

        Example:
            >>> import kajo
            >>> kajo.nn.ModuleList([kajo.nn.ReLU()]).pop(0)
            ReLU()
        """
        module = self[key]
        del self[key]
        return module

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add several modules at the end.

        Args:
            modules: the modules.

        Returns:
            This list.

        Raises:
            TypeError: if `modules` is not iterable.

        Example:
            >>> import kajo
            >>> len(kajo.nn.ModuleList().extend([kajo.nn.ReLU(), kajo.nn.Tanh()]))
            2
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        for module in list(modules):
            self.append(module)
        return self


class ModuleDict(Module):
    """A dictionary of modules that are registered; it keeps their order and has no ``forward``.

    Args:
        modules: a mapping from name to module, or pairs of them.

    Example:
        >>> import kajo
        >>> layers = kajo.nn.ModuleDict({"act": kajo.nn.ReLU()})
        >>> layers["act"], "other" in layers
        (ReLU(), False)
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return cast(Module, self._modules[key])

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def __or__(self, other: Any) -> ModuleDict:
        result = ModuleDict(self)
        result.update(other)
        return result

    def __ior__(self, other: Any) -> ModuleDict:
        self.update(other)
        return self

    def clear(self) -> None:
        """Take out all modules.

        Example:
            >>> import kajo
            >>> kajo.nn.ModuleDict({"act": kajo.nn.ReLU()}).clear()
        """
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Take out the module of a name.

        Args:
            key: the name.

        Returns:
            The module.

        Raises:
            KeyError: if there is none.

        Example:
            >>> import kajo
            >>> kajo.nn.ModuleDict({"act": kajo.nn.ReLU()}).pop("act")
            ReLU()
        """
        module = self[key]
        del self[key]
        return module

    def keys(self) -> _Container[str]:
        """The names.

        Returns:
            A view of them.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ModuleDict({"act": kajo.nn.ReLU()}).keys())
            ['act']
        """
        return self._modules.keys()

    def items(self) -> Any:
        """The names with their modules.

        Returns:
            A view of the pairs.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ModuleDict({"act": kajo.nn.ReLU()}).items())
            [('act', ReLU())]
        """
        return self._modules.items()

    def values(self) -> Any:
        """The modules.

        Returns:
            A view of them.

        Example:
            >>> import kajo
            >>> list(kajo.nn.ModuleDict({"act": kajo.nn.ReLU()}).values())
            [ReLU()]
        """
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules, in place of those of the same name.

        Args:
            modules: a mapping from name to module, or pairs of them.

        Raises:
            TypeError, ValueError: if it is neither.

        Example:
            >>> import kajo
            >>> layers = kajo.nn.ModuleDict()
            >>> layers.update([("act", kajo.nn.ReLU())])
        """
        for name, module in _pairs(modules, "ModuleDict", "ModuleDict.update"):
            self[name] = module


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
