"""What operations of the core are documented with, where it is not beside them.

The docstring of an operation that is written in Python is its own, and that of an element-wise one comes
from its entry in the table. All others are written here, once for the function, the method and the
`out=` form: each module of this package has a family of them in `TEXTS`, by the operations' full names;
names separated by spaces share a text. In-place forms are described by what they do the operation of,
unless they have a text of their own.

Nothing of this is read before somebody asks for a docstring.
"""

from __future__ import annotations

import functools
from typing import Any

from kajo import _core

FAMILIES = (
    "conversions",
    "convolutions",
    "copies",
    "creation",
    "decompositions",
    "indexing",
    "inplace",
    "joining",
    "linear_algebra",
    "networks",
    "pooling",
    "products",
    "questions",
    "random",
    "reductions",
    "shapes",
    "sorting",
    "views",
)


@functools.cache
def texts() -> dict[str, str]:
    """All texts by the names of the operations."""
    import importlib

    found: dict[str, str] = {}
    for family in FAMILIES:
        for names, text in importlib.import_module(f"kajo._documentation.{family}").TEXTS.items():
            found.update(dict.fromkeys(names.split(), text.strip()))
    return found


def docstring(operation: Any) -> str:
    """The docstring of an operation: how it is called and what it does."""
    calls = "\n".join(operation.signatures)
    text = _text(operation)
    return f"{calls}\n\n{text}\n" if text else f"{calls}\n"


def _text(operation: Any) -> str:
    name: str = operation.full_name
    found = texts().get(name) or operation.table_documentation or ""
    if found or not name.endswith("_"):
        return found
    return _in_place_text(name.removesuffix("_"))


def _in_place_text(name: str) -> str:
    """Empty where there is nothing that it would be the in-place form of."""
    operation = getattr(_core, name, None) or getattr(_core.TensorBase, name, None)
    if operation is None or not hasattr(operation, "signatures"):
        return ""
    summary = f"In-place form of :func:`{name}`: the result is written over the tensor, which is returned."
    text = _text(operation) if operation.body is None else operation.body.__doc__ or ""
    example = in_place_example(operation, text)
    return f"{summary}\n\n{example}" if example else summary


def in_place_example(operation: Any, text: str) -> str:
    """The first call of an operation in the examples of a text, turned into one of its in-place form.

    `kajo.square(x)` becomes `x.square_()`, with the same result, and the assignments before it stay.
    """
    import ast

    lines = [line.strip() for line in text.splitlines()]
    before = [">>> import kajo"]
    for at, line in enumerate(lines):
        if not line.startswith(">>>"):
            continue
        source = line.removeprefix(">>> ")
        try:
            statement = ast.parse(source).body[0]
        except SyntaxError:  # it goes on in the next line
            return ""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            made = _as_method(source, statement.value, operation)
            if made:
                return "\n".join([*before, f">>> {made}", *_until_prompt(text.splitlines(), at)])
        elif isinstance(statement, ast.Assign):
            before.append(line)
    return ""


def _as_method(source: str, call: Any, operation: Any) -> str:
    """A call of the operation, perhaps by another of its names, as one of its in-place form; else ""."""
    import ast

    if not isinstance(call.func, ast.Attribute):
        return ""
    called = getattr(_core, call.func.attr, None) or getattr(_core.TensorBase, call.func.attr, None)
    same = getattr(called, "table_documentation", None) == operation.table_documentation is not None
    if called is not operation and not same:
        return ""
    name = f"{operation.__name__}_"
    owner = ast.get_source_segment(source, call.func.value) or ""
    given = [ast.get_source_segment(source, argument) or "" for argument in call.args]
    given += [f"{word.arg}={ast.get_source_segment(source, word.value)}" for word in call.keywords]
    if owner == "kajo" and hasattr(_core.TensorBase, name):
        owner, *given = given
    return f"{owner}.{name}({', '.join(given)})"


def _until_prompt(lines: list[str], at: int) -> list[str]:
    indent = len(lines[at]) - len(lines[at].lstrip())
    shown = []
    for line in lines[at + 1 :]:
        if not line.strip() or line.strip().startswith(">>>"):
            break
        shown.append(line[indent:])
    return shown
