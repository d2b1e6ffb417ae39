"""Writes the types of what is put together when kajo is imported, from the schemas of operations.

kajo/_core.pyi has the extension module and the methods of tensors; kajo/fft.pyi, kajo/linalg.pyi and
kajo/special.pyi have the modules that are mostly names of the core's operations.

    python tools/generate_stubs.py          # with a built kajo on the path
    python tools/generate_stubs.py --check  # fails if a file is stale

What is no operation (classes, settings) is declared in tools/core_types.pyi.in.
"""

from __future__ import annotations

import argparse
import inspect
import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TYPES = ROOT / "tools" / "core_types.pyi.in"

HEADER = """\
# Made by tools/generate_stubs.py; not to be edited.
# Overloads are tried in order, as here; where two take the same arguments the first one wins.
# mypy: disable-error-code="overload-overlap, overload-cannot-match"
"""

NAMESPACE = """\
import builtins
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

from kajo._core import _Device, _dtype, _Generator, _layout, _memory_format, _Scalar
from kajo._tensor import Size, Tensor
"""
OPERATORS = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift",
    "rshift",
)  # fmt: skip

STARS = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}

# The Python type of an argument or a result, by its type in the schema.
ARGUMENTS = {
    "Tensor": "Tensor",
    "Scalar": "_Scalar",
    "int": "builtins.int",
    "SymInt": "builtins.int",
    "float": "builtins.float",
    "bool": "builtins.bool",
    "str": "builtins.str",
    "ScalarType": "_dtype",
    "Layout": "_layout",
    "Device": "_Device",
    "MemoryFormat": "_memory_format",
    "Generator": "_Generator",
    "object": "Any",
}
RESULTS = {
    **ARGUMENTS,
    "Tensor[]": "tuple[Tensor, ...]",
    "int[]": "tuple[builtins.int, ...]",
    # A complex result is rare and would make every comparison of `x.item()` an error.
    "Scalar": "builtins.int | builtins.float | builtins.bool",
    "()": "None",
    "": "None",
}
# Operations whose result has a closer type than the schema can say.
NAMED_RESULTS = {"size": {"int[]": "Size"}}

PARAMETER = re.compile(
    r"(?P<type>\w+)(?P<list>\??\[\d*\])?(?P<optional>\?)?(?:\(a!?\))? "
    r"(?P<name>\w+)(?:=(?P<default>.+))?"
)


@dataclass(frozen=True)
class Schema:
    """A schema such as ``sum(Tensor self, *, ScalarType? dtype=None) -> Tensor`` taken apart."""

    parameters: tuple[str, ...]
    result: str

    @classmethod
    def parse(cls, text: str) -> Schema:
        """Splits the text of a schema; parameters stay text."""
        parameters, _, result = text[text.index("(") + 1 :].rpartition(") -> ")
        parts = re.split(r",\s*(?![^\[\]]*\])(?![^()]*\))", parameters) if parameters else []
        return cls(tuple(part.strip() for part in parts), result.strip())


def annotation(match: re.Match[str], result: str) -> str:
    """The type of a parameter."""
    base = ARGUMENTS[match["type"]]
    if match["name"] == "out" and match["list"] is None:
        # What a function with several results writes to is given as a tuple.
        text = "Tensor" if result == "Tensor" else "Sequence[Tensor]"
        return f"{text} | None"
    if match["list"]:
        element = f"{base} | None" if match["list"].startswith("?") else base
        text = f"Sequence[{element}]"
        if re.search(r"\d", match["list"]):
            text = f"{base} | {text}"
    else:
        text = base
    return f"{text} | None" if match["optional"] and text != "Any" else text


def default(text: str) -> str:
    """The default of a parameter; an ellipsis where Python has no short text for it."""
    simple = re.fullmatch(r"None|True|False|-?[\d.]+(e-?\d+)?|'\w*'", text)
    return text.replace("'", '"') if simple else "..."


class Results:
    """The types of results; collects the named tuples that they need."""

    def __init__(self) -> None:
        self.named: dict[str, list[str]] = {}

    def type(self, name: str, text: str) -> str:
        """The Python type of a result."""
        if text in NAMED_RESULTS.get(name, {}):
            return NAMED_RESULTS[name][text]
        if text in RESULTS:
            return RESULTS[text]
        items = [item.split() for item in text.strip("()").split(",")]
        kinds = [RESULTS[re.sub(r"\(a!?\)", "", item[0])] for item in items]
        if any(len(item) == 1 for item in items):
            return f"tuple[{', '.join(kinds)}]"
        made = "_" + "_".join(item[1] for item in items)
        self.named[made] = [f"{item[1]}: {kind}" for item, kind in zip(items, kinds)]
        return made


def signatures(name: str, schema: Schema, method: bool, results: Results) -> list[str]:
    """The Python signatures of one schema: two where loose integers stand for a list of them."""
    given = []
    positional = 0
    starred = False
    for at, text in enumerate(schema.parameters):
        if text == "*":
            starred = True
            given.append(text)
            continue
        match = PARAMETER.fullmatch(text)
        if match is None:
            raise ValueError(f"{name}: cannot read the parameter {text!r}")
        positional += not starred
        if method and at == 0:
            given.append("self")
            continue
        word = "input" if match["name"] == "self" else match["name"]
        line = f"{word}_" if keyword.iskeyword(word) else word
        line += f": {annotation(match, schema.result)}"
        given.append(line + (f" = {default(match['default'])}" if match["default"] else ""))
    result = results.type(name, schema.result)
    forms = [f"({', '.join(given)}) -> {result}"]
    first = 1 if schema.parameters and schema.parameters[0].startswith("Tensor ") else 0
    if positional == first + 1:
        match = PARAMETER.fullmatch(schema.parameters[first])
        if match and match["type"] in ("int", "SymInt") and match["list"]:
            rest = [part for part in given[first + 1 :] if part != "*"]
            word = f"*{match['name']}: builtins.int"
            forms.append(f"({', '.join([*given[:first], word, *rest])}) -> {result}")
    return forms


def definition(operation: Any, indent: str, method: bool, static: bool, results: Results) -> str:
    """The declaration of an operation with all its overloads."""
    name = operation.__name__
    forms = [
        form
        for text in operation.schemas
        for form in signatures(name, Schema.parse(text), method, results)
    ]
    forms = list(dict.fromkeys(forms))
    decorators = (["@overload"] if len(forms) > 1 else []) + (["@staticmethod"] if static else [])
    lines = []
    for form in forms:
        lines += [f"{indent}{decorator}\n" for decorator in decorators]
        lines.append(f"{indent}def {name}{form}: ...\n")
    return "".join(lines)


def annotated(text: Any) -> str:
    """An annotation of a Python function for a scope where `int` and the like mean something else."""
    if text is inspect.Parameter.empty:
        return "Any"
    return re.sub(r"(?<![\w.])(int|float|bool|str|type|complex)(?!\w)", r"builtins.\1", str(text))


def python_definition(name: str, function: FunctionType, indent: str, method: bool) -> str:
    """The declaration of a function that is written in Python."""
    given = []
    marked = False
    for at, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind is parameter.KEYWORD_ONLY and not marked:
            given.append("*")
        marked |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        if method and at == 0:
            given.append("self")
            continue
        stars = STARS.get(parameter.kind.name, "")
        text = f"{stars}{parameter.name}: {annotated(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += " = ..."
        given.append(text)
    result = annotated(inspect.signature(function).return_annotation)
    return f"{indent}def {name}({', '.join(given)}) -> {result}: ...\n"


def operators() -> str:
    """The arithmetic operators of tensors."""
    text = ""
    for prefix in ("", "r", "i"):
        for symbol in OPERATORS:
            if (prefix, symbol) != ("i", "matmul"):
                text += f"    def __{prefix}{symbol}__(self, other: Any, /) -> Tensor: ...\n"
    return text


def named_tuples(results: Results) -> str:
    """The classes of the results with names."""
    return "".join(
        f"\nclass {name}(NamedTuple):\n" + "".join(f"    {field}\n" for field in fields)
        for name, fields in sorted(results.named.items())
    )


def all_of(names: list[str]) -> str:
    """The list of a module's public names."""
    return "\n__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"


def core_stub() -> str:
    """The text of kajo/_core.pyi."""
    from kajo import _composites, _core

    kind = type(_core.add)
    types = TYPES.read_text()
    results = Results()
    methods: dict[str, str] = {}
    functions: dict[str, str] = {}
    for name, value in vars(_core.TensorBase).items():
        if isinstance(value, kind):
            methods[name] = definition(value, "    ", True, False, results)
    for family in _composites._FAMILIES:
        for name in family.METHODS:
            methods[name] = python_definition(name, getattr(family, name), "    ", True)
    spaces = ""
    for name, value in sorted(vars(_core).items()):
        if isinstance(value, kind):
            functions[name] = definition(value, "", False, False, results)
        elif isinstance(value, ModuleType) and value.__name__ == f"kajo._core.{name}":
            spaces += f"\nclass {name}:\n" + "".join(
                definition(operation, "    ", False, True, results)
                for _, operation in sorted(vars(value).items())
                if isinstance(operation, kind)
            )
        elif not name.startswith("__") and not re.search(
            rf"^(def|class) {name}\b|^{name}:", types, re.MULTILINE
        ):  # has to be declared by hand
            raise SystemExit(f"{TYPES}: {name} of kajo._core is missing")
    before, after = types.split("@METHODS@\n")
    body = "".join(methods[name] for name in sorted(methods))
    rest = "".join(functions[name] for name in sorted(functions))
    head = HEADER + before + operators() + body
    return (
        head + "\n" + after + named_tuples(results) + "\n" + rest + spaces + all_of(_core.__all__)
    )


def namespace_stub(module: ModuleType) -> str:
    """The text of the stub of a module that has operations of the core and Python functions."""
    from kajo import _core

    kind = type(_core.add)
    results = Results()
    functions, classes = "", ""
    for name in sorted(module.__all__):
        value = getattr(module, name)
        if isinstance(value, kind):
            text = definition(value, "", False, False, results)
            functions += re.sub(rf"\bdef {value.__name__}\(", f"def {name}(", text)
        elif isinstance(value, FunctionType):
            functions += python_definition(name, value, "", False)
        else:
            classes += f"from kajo._core import _{name} as {name}\n"
    return HEADER + NAMESPACE + classes + named_tuples(results) + "\n" + functions


def generate() -> dict[Path, str]:
    """The texts of all stubs for the kajo that is imported."""
    import kajo

    return {
        ROOT / "kajo" / "_core.pyi": core_stub(),
        ROOT / "kajo" / "fft.pyi": namespace_stub(kajo.fft),
        ROOT / "kajo" / "linalg.pyi": namespace_stub(kajo.linalg),
        ROOT / "kajo" / "special.pyi": namespace_stub(kajo.special),
    }


def main() -> int:
    """Writes the stubs, or with --check compares them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Writes the stubs of kajo.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail if stale")
    options = parser.parse_args()
    stale = False
    for path, text in generate().items():
        if not options.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/generate_stubs.py")
            stale = True
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
