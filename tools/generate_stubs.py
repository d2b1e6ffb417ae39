"""Writes kajo/_core.pyi, the types of the extension module, from the schemas of its operations.

    python tools/generate_stubs.py          # with a built kajo on the path
    python tools/generate_stubs.py --check  # fails if the file is stale

What is no operation (classes, settings) is declared in tools/core_types.pyi.in.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "kajo" / "_core.pyi"
TYPES = ROOT / "tools" / "core_types.pyi.in"

HEADER = """\
# Made by tools/generate_stubs.py; not to be edited.
# Overloads are tried in order, as here; where two take the same arguments the first one wins.
# mypy: disable-error-code="overload-overlap, overload-cannot-match"
"""

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


def generate() -> str:
    """The text of the stub for the kajo that is imported."""
    from kajo import _core

    types = TYPES.read_text()
    kind = type(_core.add)
    results = Results()

    def operations(names: dict[str, Any]) -> list[Any]:
        return [names[name] for name in sorted(names) if isinstance(names[name], kind)]

    methods = "".join(
        definition(operation, "    ", True, False, results)
        for operation in operations(dict(vars(_core.TensorBase)))
    )
    for symbol in (
        "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
    ):
        for prefix in ("", "r") if symbol == "matmul" else ("", "r", "i"):
            methods += f"    def __{prefix}{symbol}__(self, other: Any, /) -> Tensor: ...\n"
    functions = "".join(
        definition(operation, "", False, False, results) for operation in operations(vars(_core))
    )
    spaces = ""
    for name, value in sorted(vars(_core).items()):
        if isinstance(value, type(sys)) and value.__name__ == f"kajo._core.{name}":
            inner = operations(vars(value))
            spaces += f"\nclass {name}:\n" + "".join(
                definition(operation, "    ", False, True, results) for operation in inner
            )
        elif not isinstance(value, kind) and not name.startswith("__"):
            if not re.search(rf"^(def|class) {name}\b|^{name}:", types, re.MULTILINE):
                raise SystemExit(f"{TYPES}: {name} of kajo._core is missing")
    named = "".join(
        f"\nclass {name}(NamedTuple):\n" + "".join(f"    {field}\n" for field in fields)
        for name, fields in sorted(results.named.items())
    )
    public = "".join(f'    "{name}",\n' for name in sorted(_core.__all__))
    before, after = types.split("@METHODS@\n")
    return (
        f"{HEADER}{before}{methods}\n{after}{named}\n{functions}{spaces}\n__all__ = [\n{public}]\n"
    )


def main() -> int:
    """Writes the stub, or with --check compares it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail if stale")
    options = parser.parse_args()
    text = generate()
    if not options.check:
        STUB.write_text(text)
        return 0
    if STUB.read_text() == text:
        return 0
    print(f"{STUB} is stale: run python tools/generate_stubs.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
