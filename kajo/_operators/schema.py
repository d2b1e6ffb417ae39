"""Schemas of operations: read from text, inferred from annotations, and matched with calls."""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["Argument", "Schema", "inferred", "parse"]

_REQUIRED = object()


@dataclass(frozen=True)
class Argument:
    """A parameter: its type, such as `Tensor` or `int[]?`, and what it may do."""

    name: str
    type: str
    default: Any = _REQUIRED
    mutable: bool = False
    keyword_only: bool = False

    @property
    def required(self) -> bool:
        return self.default is _REQUIRED

    def text(self, number: int) -> str:
        kind = self.type.replace("Tensor", f"Tensor(a{number}!)", 1) if self.mutable else self.type
        return f"{kind} {self.name}" + ("" if self.required else f"={_default_text(self.default)}")


def _default_text(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_default_text, value)) + "]"
    return str(value).removeprefix("kajo.")


@dataclass(frozen=True)
class Schema:
    """The signature of an operation, by which its calls are matched."""

    name: str  # "namespace::operation"
    overload_name: str
    arguments: tuple[Argument, ...]
    returns: tuple[str, ...]

    @property
    def is_mutable(self) -> bool:
        return any(a.mutable for a in self.arguments)

    def __str__(self) -> str:
        name = f"{self.name}.{self.overload_name}" if self.overload_name else self.name
        return name + self.signature()

    def signature(self) -> str:
        """The schema without the name."""
        parts: list[str] = []
        starred = False
        for number, argument in enumerate(self.arguments):
            if argument.keyword_only and not starred:
                parts.append("*")
                starred = True
            parts.append(argument.text(number))
        kind = self.returns[0] if len(self.returns) == 1 else "(" + ", ".join(self.returns) + ")"
        return f"({', '.join(parts)}) -> {kind}"

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """One value for each argument, checked.

        Raises:
            RuntimeError: if the call does not fit.
        """
        places = [a for a in self.arguments if not a.keyword_only]
        if len(args) > len(places):
            raise RuntimeError(
                f"{self.name}() expected at most {len(places)} argument(s) but received "
                f"{len(args)} argument(s). Declaration: {self}"
            )
        given = {a.name: value for a, value in zip(places, args)}
        for name, value in kwargs.items():
            if name in given:
                raise RuntimeError(
                    f"{self.name}() got argument '{name}' twice. Declaration: {self}"
                )
            if not any(a.name == name for a in self.arguments):
                raise RuntimeError(
                    f"Unknown keyword argument '{name}' for operator '{self.name}'. Schema: {self}"
                )
            given[name] = value
        return [self._value(i, a, given) for i, a in enumerate(self.arguments)]

    def _value(self, position: int, argument: Argument, given: dict[str, Any]) -> Any:
        if argument.name not in given:
            if argument.required:
                raise RuntimeError(
                    f"{self.name}() is missing value for argument '{argument.name}'. "
                    f"Declaration: {self}"
                )
            return argument.default
        value = given[argument.name]
        if not _fits(value, argument.type):
            raise RuntimeError(
                f"{self.name}() Expected a value of type '{argument.type.replace('SymInt', 'int')}'"
                f" for argument '{argument.name}' but instead found type '{type(value).__name__}'.\n"
                f"Position: {position}\nValue: {value!r}\nDeclaration: {self}"
            )
        return value


_PLAIN: dict[str, Any] = {
    "Tensor": Tensor,
    "int": int,
    "SymInt": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "Scalar": (int, float, bool, complex),
    "ScalarType": _core.dtype,
    "Device": (_core.device, str),
    "Layout": _core.layout,
    "MemoryFormat": _core.memory_format,
    "Generator": _core.Generator,
}


def _fits(value: Any, kind: str) -> bool:
    if kind.endswith("?"):
        return value is None or _fits(value, kind[:-1])
    if kind.endswith("]"):
        element = kind[: kind.rindex("[")]
        return isinstance(value, (list, tuple)) and all(_fits(v, element) for v in value)
    return kind not in _PLAIN or isinstance(value, _PLAIN[kind])


# ---- from text ------------------------------------------------------------------------------------

_ARGUMENT = re.compile(
    r"(?P<type>\w+(?:\([^)]*\))?(?:\?|\[\d*\])*)\s+(?P<name>\w+)\s*(?:=\s*(?P<default>.+))?$"
)


def parse(text: str, namespace: str) -> Schema:
    """The schema of a text such as `scale(Tensor x, float factor=1.0) -> Tensor`.

    Raises:
        RuntimeError: if it is no schema.
    """
    found = re.fullmatch(r"\s*([\w:]+)(?:\.(\w+))?\s*\((.*)\)\s*->\s*(.+?)\s*", text, re.DOTALL)
    if not found:
        raise RuntimeError(f"not a schema of the form 'name(Type argument, ...) -> Type': {text!r}")
    name, overload, arguments, returns = found.groups()
    if "::" not in name:
        name = f"{namespace}::{name}"
    kinds = _split(returns[1:-1]) if returns.startswith("(") else [returns]
    return Schema(
        name,
        overload or "",
        tuple(_arguments(_split(arguments), text)),
        tuple(re.sub(r"\([^)]*\)", "", kind).split()[0] for kind in kinds),
    )


def _arguments(parts: Iterable[str], text: str) -> Iterable[Argument]:
    keyword_only = False
    for part in parts:
        if part == "*":
            keyword_only = True
            continue
        found = _ARGUMENT.fullmatch(part)
        if not found:
            raise RuntimeError(f"cannot read the argument {part!r} of the schema {text!r}")
        kind, default = found["type"], found["default"]
        yield Argument(
            found["name"],
            re.sub(r"\([^)]*\)", "", kind),
            _REQUIRED if default is None else _default(default),
            "!" in kind,
            keyword_only,
        )


def _default(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return getattr(_core, text, text)


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


# ---- from annotations -----------------------------------------------------------------------------

_ANNOTATIONS = {
    Tensor: "Tensor",
    int: "SymInt",
    float: "float",
    bool: "bool",
    str: "str",
    _core.dtype: "ScalarType",
    _core.device: "Device",
}


def inferred(function: Callable[..., Any], name: str, mutates: str | Iterable[str]) -> Schema:
    """The schema that the annotations of a function tell.

    Raises:
        ValueError: if a parameter or the result has no annotation, or one that no schema can say.
    """
    signature = inspect.signature(function, eval_str=True)

    def refuse(what: str) -> ValueError:
        return ValueError(f"infer_schema(func): {what} Got func with signature {signature})")

    unknown = mutates == "unknown"
    if isinstance(mutates, str) and not unknown:
        raise ValueError("mutates_args must be the names of arguments, or the string 'unknown'")
    names = set() if unknown else set(mutates)
    arguments = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise refuse("We do not support *args, **kwargs, or positional-only arguments.")
        if parameter.annotation is parameter.empty:
            raise refuse(f"Parameter {parameter.name} must have a type annotation.")
        kind = _kind(parameter.annotation)
        if kind is None:
            raise refuse(
                f"Parameter {parameter.name} has unsupported type {parameter.annotation}. Tensor, "
                "int, float, bool, str, dtype, device, numbers, and sequences or optionals of them "
                "are supported."
            )
        mutable = parameter.name in names or (unknown and kind.startswith("Tensor"))
        default = _REQUIRED if parameter.default is parameter.empty else parameter.default
        keyword_only = parameter.kind is parameter.KEYWORD_ONLY
        arguments.append(Argument(parameter.name, kind, default, mutable, keyword_only))
    absent = names - {a.name for a in arguments}
    if absent:
        raise refuse(
            f"{absent} in mutates_args were not found in the custom op's signature. mutates_args "
            "should contain the names of all args that the custom op mutates, or just the string "
            "'unknown' if you don't know."
        )
    returned = signature.return_annotation
    if returned is signature.empty:
        raise refuse("No return type annotation was provided. Please add one.")
    returns = _returns(returned)
    if returns is None:
        raise refuse(f"Return has unsupported type {returned}.")
    return Schema(name, "", tuple(arguments), returns)


def _returns(annotation: Any) -> tuple[str, ...] | None:
    if annotation is None or annotation is type(None):
        return ()
    if typing.get_origin(annotation) is tuple:
        kinds = [_kind(a) for a in typing.get_args(annotation)]
    else:
        kinds = [_kind(annotation)]
    return None if None in kinds else tuple(k for k in kinds if k is not None)


def _kind(annotation: Any) -> str | None:
    """The word of a schema for an annotation, or None."""
    if isinstance(annotation, type) and annotation in _ANNOTATIONS:
        return _ANNOTATIONS[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        if set(inner) == {int, float, bool}:
            return "Scalar"
        rest = [a for a in inner if a is not type(None)]
        if len(rest) == len(inner):
            return None
        element = _kind(rest[0] if len(rest) == 1 else typing.Union[tuple(rest)])  # noqa: UP007
        return None if element is None else element + "?"
    if isinstance(origin, type) and issubclass(origin, Sequence) and len(inner) == 1:
        element = _kind(inner[0])
        return None if element is None else element + "[]"
    return None
