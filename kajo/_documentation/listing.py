"""Which operations are public, and under which names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kajo import _core

# The part of the package that an operation's functions are in, by the namespace of its full name.
NAMESPACES = ("kajo", "kajo.fft", "kajo.linalg", "kajo.special", "kajo.nn.functional")


@dataclass(frozen=True)
class Listed:
    """An operation and where programs find it: as functions, and as a method of tensors or not."""

    operation: Any
    places: tuple[str, ...]
    method: bool

    @property
    def name(self) -> str:
        """Its first public name."""
        return self.places[0] if self.places else f"Tensor.{self.operation.__name__}"


def operations() -> list[Listed]:
    """All public operations by name; one that has several names is listed under each."""
    places: dict[int, tuple[Any, list[str]]] = {}
    for namespace in NAMESPACES:
        for name, value in _operations_of(_namespace(namespace)):
            places.setdefault(id(value), (value, []))[1].append(f"{namespace}.{name}")
    methods = {id(value): value for _, value in _operations_of(_core.TensorBase)}
    for key, value in methods.items():
        places.setdefault(key, (value, []))
    found = [Listed(value, tuple(names), key in methods) for key, (value, names) in places.items()]
    return sorted(found, key=lambda listed: listed.name)


def _namespace(name: str) -> Any:
    import importlib

    return importlib.import_module(name)


def _operations_of(holder: Any) -> Iterator[tuple[str, Any]]:
    for name in dir(holder):
        value = getattr(holder, name, None)
        if not name.startswith("_") and isinstance(value, type(_core.add)):
            yield name, value
