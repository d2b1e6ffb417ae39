"""Writes docs/operations.md: every public operation, its forms, and what it works with.

    python tools/generate_operations.py          # with a built kajo on the path
    python tools/generate_operations.py --check  # fails if the file is stale

What an operation works with is found out by calling it: with tensors of each kind of dtype, with gradients,
in forward mode and under vmap.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from operation_calls import (
    KINDS,
    SMALL,
    SPECIAL,
    Arguments,
    arguments_of,
    found_arguments,
    leaves_of,
    plain_functions,
    tensors,
)

import kajo
from kajo._documentation.listing import NAMESPACES, Listed, operations
from kajo.autograd import forward_ad

FILE = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
HEADER = """\
# Operations

Made by `tools/generate_operations.py`; not to be edited.

A function's forms: **f** function, **m** method of tensors, **i** in-place form (name with an underscore), **o**
`out=`. What it works with, found by calling it: **g** gradients, **f** forward mode, **v** `vmap` by a rule or by
its body, (v) sample by sample. Types: **f** float32 and float64, **h** float16 and bfloat16, **i** integers, **b** bool,
**c** complex. Empty where it takes no tensors, or nothing was found to call it with. `help` of the function says
the rest.
"""
DTYPES = {
    "f": (kajo.float32, kajo.float64),
    "h": (kajo.float16, kajo.bfloat16),
    "i": (kajo.int64,),
    "b": (kajo.bool,),
    "c": (kajo.complex64,),
}
# Arguments of all that makes tensors; the signature says that there are such by three dots.
OPTIONS = ("dtype", "layout", "device", "pin_memory", "requires_grad", "memory_format", "generator")

NUMBERS = ("matrix", "vector", "batch", "images", "number")  # whose dtype may be chosen

Run = Callable[..., Any]


# ---- what an operation works with ---------------------------------------------------------------------


def runs_of(operation: Any) -> list[Run]:
    """Functions (dtype, what becomes of each tensor) -> result that call an operation with tensors."""
    for name in (operation.full_name, operation.__name__):
        if name in SPECIAL:
            return [lambda dtype, each, n=name: SPECIAL[n](Arguments(tensors(16, dtype), each))]
    runs = []
    for schema in operation.schemas:
        found = found_arguments(operation, schema)
        if found is not None and any(word in KINDS for word in words_of([*found[1]])):
            runs.append(run_of(operation, *found))
    return runs


def run_of(operation: Any, names: list[str], choices: tuple[Any, ...]) -> Run:
    depends = any(name in NUMBERS for choice in choices for name in words_of(choice))

    def run(dtype: Any, each: Callable[[Any], Any]) -> Any:
        made = tensors(SMALL, dtype)
        if not depends:
            made = {kind: tensor.to(dtype) for kind, tensor in made.items()}
        made = {kind: each(tensor) for kind, tensor in made.items()}
        return operation(**arguments_of(names, choices, made))

    return run


def words_of(choice: Any) -> Iterator[str]:
    if isinstance(choice, str):
        yield choice
    elif isinstance(choice, list):
        for item in choice:
            yield from words_of(item)


def works(run: Run, dtype: Any, each: Callable[[Any], Any] = lambda tensor: tensor) -> bool:
    try:
        run(dtype, each)
    except Exception:  # whatever refuses the dtype
        return False
    return True


def types_of(runs: list[Run]) -> str:
    return "".join(
        kind
        for kind, dtypes in DTYPES.items()
        if any(all(works(run, dtype) for dtype in dtypes) for run in runs)
    )


def if_floating(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda t: change(t) if t.is_floating_point() or t.is_complex() else t


def has_gradient(run: Run) -> bool:
    result = run(kajo.float32, if_floating(lambda t: t.requires_grad_()))
    return any(t.grad_fn is not None for t in leaves_of(result))


def has_tangent(run: Run) -> bool:
    with forward_ad.dual_level():
        result = run(
            kajo.float32, if_floating(lambda t: forward_ad.make_dual(t, kajo.ones_like(t)))
        )
        return any(forward_ad.unpack_dual(t).tangent is not None for t in leaves_of(result))


def under_vmap(run: Run) -> str:
    """ "v" by a rule, "(v)" sample by sample; raises where it is refused."""

    def of_sample(zero: Any) -> Any:
        result = run(
            kajo.float32,
            lambda t: t | zero.bool() if t.dtype is kajo.bool else t + zero.to(t.dtype),
        )
        return list(leaves_of(result))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kajo.func.vmap(of_sample, randomness="different")(kajo.zeros(2))
    return "(v)" if any("sample by sample" in str(w.message) for w in caught) else "v"


def capabilities_of(runs: list[Run]) -> str:
    """The letters of what some of the calls can."""
    found = []
    for letter, ask in (("g", has_gradient), ("f", has_tangent)):
        if any(answer(ask, run) for run in runs):
            found.append(letter)
    found.extend(sorted({str(answer(under_vmap, run)) for run in runs} - {"None", "False"})[-1:])
    return " ".join(found)


def answer(ask: Callable[[Run], Any], run: Run) -> Any:
    try:
        return ask(run)
    except Exception:  # it cannot
        return None


# ---- rows ---------------------------------------------------------------------------------------------


def summary_of(text: str, calls: bool) -> str:
    """The first sentence of a docstring, which stands below the calls of an operation in C++."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    paragraph = " ".join(paragraphs[1 if calls else 0].split())
    return (
        paragraph.replace("|", "\\|")
        .replace("*", "\\*")
        .replace(":func:", "")
        .replace(":meth:", "")
    )


def signature_of(schema: str) -> str:
    """Names and defaults of the parameters of a schema."""
    inside = schema[schema.index("(") + 1 : schema.rindex(") -> ")]
    names = []
    for part in re.split(r", (?![^\[]*\])", inside):
        name = part.split(" ", 1)[-1]
        if name.split("=")[0] in OPTIONS:
            name = "..."
        if name.split("=")[0] != "out" and name not in names:
            names.append("input" if name == "self" else name)
    while names and names[-1] == "*":
        names.pop()
    return "(" + ", ".join(names) + ")"


def forms_of(listed: Listed, in_place: set[str]) -> str:
    forms = "f" * bool(listed.places) + "m" * listed.method
    forms += "i" * (
        f"{listed.operation.__name__}_" in in_place and "." not in listed.operation.full_name
    )
    return forms + "o" * any("Tensor? out" in schema for schema in listed.operation.schemas)


def row_of(listed: Listed, in_place: set[str]) -> tuple[str, str]:
    """The part that it belongs to, and its line."""
    operation = listed.operation
    part, _, name = listed.name.rpartition(".")
    runs = runs_of(operation)
    calls = operation.body is None or operation.in_place
    return part, line(
        name,
        signature_of(operation.schemas[0]),
        summary_of(operation.__doc__, calls),
        forms_of(listed, in_place),
        capabilities_of(runs),
        types_of(runs),
    )


def line(
    name: str, signature: str, summary: str, forms: str = "f", can: str = "", kinds: str = ""
) -> str:
    return f"| `{name}{signature}` | {summary} | {forms} | {can} | {kinds} |"


def plain_row_of(function: Any, schema: str) -> str:
    found = found_arguments(function, schema)
    runs = [run_of(function, *found)] if found else []
    return line(
        function.__name__,
        signature_of(schema),
        summary_of(function.__doc__ or "", False),
        can=capabilities_of(runs),
        kinds=types_of(runs),
    )


def document() -> str:
    listed = operations()
    in_place = {one.operation.__name__ for one in listed if one.operation.__name__.endswith("_")}
    parts: dict[str, list[str]] = {part: [] for part in (*NAMESPACES, "Tensor")}
    names = {one.operation.__name__ for one in listed}
    for one in listed:
        own_name = one.operation.__name__
        if not (own_name.endswith("_") and own_name[:-1] in names):
            part, row = row_of(one, in_place)
            parts[part].append(row)
    for part, function, schema in plain_functions():
        parts[part].append(plain_row_of(function, schema))
    text = HEADER
    for part, rows in parts.items():
        title = "Methods of tensors only" if part == "Tensor" else part
        text += f"\n## {title}\n\n| call | what it gives | forms | works with | types |\n|---|---|---|---|---|\n"
        text += "\n".join(sorted(rows)) + "\n"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the file is stale")
    check = parser.parse_args().check
    warnings.simplefilter("ignore")
    text = document()
    if not check:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        print("docs/operations.md is stale: run `python tools/generate_operations.py`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
