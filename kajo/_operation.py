"""Operations written in Python, declared once by their signature.

The core reads the signature as it reads the schemas of its own operations, so that arguments are
matched, converted and refused alike, and the method, the in-place and the `out=` form come from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from kajo import _core

__all__ = ["Dims", "Number", "operation"]

Number: TypeAlias = "int | float | bool | complex"
# One dimension or several; a call may also give them without brackets where they come last.
Dims: TypeAlias = "int | Sequence[int]"

_Function = TypeVar("_Function", bound=Callable[..., Any])

# The words of a schema for the words of an annotation.
_TYPES = {
    "Tensor": "Tensor",
    "Sequence[Tensor]": "Tensor[]",
    "Sequence[Tensor | None]": "Tensor?[]",
    "Number": "Scalar",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "Dims": "int[1]",
    "Sequence[int]": "int[]",
    "Sequence[float]": "float[]",
    "_core._dtype": "ScalarType",
    "_core._layout": "Layout",
    "_core._Device": "Device",
    "_core.Generator": "Generator",
    "Any": "object",
}


def operation(
    *,
    namespace: str = "",
    results: str = "",
    function: bool = True,
    method: bool = False,
    inplace: bool = False,
    out: str | None = None,
) -> Callable[[_Function], _Function]:
    """Makes a Python function an operation of the core, under the function's name.

    Every parameter and the result are annotated with the types that `_TYPES` lists, or one of them and
    None, in a module with postponed evaluation of annotations. A further function of the same name is
    an overload, tried after the first.

    Args:
        namespace: the part of the package that it belongs to, such as "linalg"; empty for kajo itself.
        results: names of a tuple's elements, which make it a named tuple: "values indices".
        function: whether it is a function of the namespace.
        method: whether it is also a method of tensors; its first parameter is the tensor.
        inplace: whether there is also a form with an underscore, which writes to its first argument.
        out: which dtypes the tensor given as `out=` may have: "cast" for all that the result can be
            cast to, "same" for the result's, "any" for all; None where there is no such form.
            "type_error" is "cast" with another exception.

    Raises:
        KeyError: if an annotation is none of `_TYPES`.
    """
    words = [
        *(["function"] if function else []),
        *(["method"] if method else []),
        *(["inplace"] if inplace else []),
        *([{"cast": "out"}.get(out, f"out_{out}")] if out else []),
    ]
    flags = 0
    for word in words:
        flags |= _core._FORMS[word]

    def register(body: _Function) -> _Function:
        name = f"{namespace}.{body.__name__}" if namespace else body.__name__
        return cast("_Function", _core._define(_schema(name, body, results), body, flags))

    return register


def _schema(name: str, body: Callable[..., Any], results: str) -> str:
    parameters = []
    for parameter, default, keyword_only in _parameters(body):
        if keyword_only and "*" not in parameters:
            parameters.append("*")
        kind = _type(body.__annotations__[parameter])
        parameters.append(f"{kind} {parameter}{default}")
    kind = body.__annotations__["return"]
    if results:
        kind = "(" + ", ".join(f"Tensor {result}" for result in results.split()) + ")"
    elif kind.startswith("tuple[") and "..." not in kind:
        kind = "(" + ", ".join("Tensor" for _ in kind.split(",")) + ")"
    elif kind.startswith(("tuple[", "list[")):
        kind = "Tensor[]"
    else:
        kind = _type(kind)
    return f"{name}({', '.join(parameters)}) -> {kind}"


def _parameters(body: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, default as schemas write it, and whether it is keyword-only; `inspect` takes long to import."""
    code = body.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = body.__defaults__ or ()
    given = dict(zip(positional[len(positional) - len(defaults) :], defaults))
    for parameter in positional:
        yield parameter, f"={given[parameter]!r}" if parameter in given else "", False
    named = body.__kwdefaults__ or {}
    for parameter in code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]:
        yield parameter, f"={named[parameter]!r}" if parameter in named else "", True


def _type(annotation: str) -> str:
    base = annotation.removesuffix(" | None")
    return _TYPES[base] + ("?" if base != annotation else "")
