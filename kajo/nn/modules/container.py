"""Modules that hold other modules or parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Container as _Container
from itertools import chain
from typing import Any, cast

from kajo.nn.modules._parameter_containers import ParameterDict, ParameterList, _pairs, _position
from kajo.nn.modules.module import Module, _addindent

__all__ = [
    "Container",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
]


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
