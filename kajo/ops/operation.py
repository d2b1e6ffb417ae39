"""An entry of the table of element-wise operations, and the decorator that makes one."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .expression import Expr, Number, const, diff, eq, is_const, node, rewrite, var, where

Formula = Callable[..., Expr]
Partials = Callable[..., Sequence["Number | None"]]
RULES = ("same", "float", "bool", "real", "complex")
CLASSES = ("float", "int", "bool", "complex")
RARE = ("unsigned", "complex_half", "float8")  # computed in one of the classes above
_IN_WORDS = {
    "float": "floating-point", "int": "integer", "bool": "bool", "complex": "complex",
    "unsigned": "uint16 to uint64", "complex_half": "complex32", "float8": "float8",
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """Everything known about one element-wise operation.

    Formulas are over the variables named in `inputs` and `scalars`; gradients also over `g` (the
    gradient of the result) and `y` (the result). `by_class` holds the formula for each class of
    computing type that has one; `gradients` and `complex_gradients` one formula an input, None for
    an input that has no gradient, and are empty where there is no gradient at all.
    """

    identifier: str  # in the enumeration; the name of the function unless PyTorch overloads it
    name: str  # PyTorch's function name
    node_name: str | None
    inputs: tuple[str, ...]
    masks: frozenset[str]
    scalars: dict[str, float]
    rule: str
    allowed: frozenset[str]
    by_class: dict[str, Expr]
    gradients: tuple[Expr | None, ...]
    complex_gradients: tuple[Expr | None, ...]
    domain: tuple[float, float]
    checks_zero_divisor: bool
    underivable: frozenset[str]
    doc: str
    kernels_of: str  # the operation whose kernels serve this one: itself unless it is an alias

    @property
    def differentiable(self) -> tuple[int, ...]:
        """The positions of the inputs that have a gradient."""
        either = self.gradients or self.complex_gradients
        return tuple(i for i, g in enumerate(either) if g is not None)

    @property
    def documentation(self) -> str:
        """The docstring of the public function: the entry's, and what the entry says of types."""
        text, mark, example = self.doc.partition("\n\n>>>")
        shapes = "Shapes: broadcast. " if len(self.inputs) > 1 else ""
        types = ", ".join(_IN_WORDS[c] for c in (*CLASSES, *RARE) if c in self.allowed)
        if self.rule == "float" and self.allowed & {"int", "bool"}:
            types += "; integers and bool are converted to the default floating-point type"
        result = {"bool": " The result is bool.", "complex": " The result is complex."}
        if self.rule == "real" and "complex" in self.allowed:
            result["real"] = " Of complex elements the result is real."
        names = ", ".join(self.inputs[i] for i in self.differentiable)
        gradient = f" Gradient: by {names}." if names and self.node_name else " No gradient."
        facts = f"{shapes}Types: {types}.{result.get(self.rule, '')}{gradient}"
        return f"{text}\n\n{textwrap.fill(facts, 96)}{mark}{example}"


OPERATIONS: dict[str, Operation] = {}
G, Y = var("g"), var("y")


def conj(x: Number) -> Expr:
    """The complex conjugate."""
    return node("conj", x)


def scaled(g: Expr, partial: Number) -> Expr:
    """g * partial, without 0 * inf where the partial derivative is a selected 0 or 1."""
    p = const(partial)
    if is_const(p, 0):
        return const(0)
    if p.op == "where" and any(b.op in ("const", "where") for b in p.args[1:]):
        return where(p.args[0], scaled(g, p.args[1]), scaled(g, p.args[2]))
    return g * p


def pointwise(
    function: Formula | None = None,
    *,
    name: str | None = None,
    node_name: str | None = "",
    rule: str = "same",
    allows: str = "float",
    masks: Sequence[str] = (),
    domain: tuple[float, float] = (-5.0, 5.0),
    partials: Partials | None = None,
    integer: Formula | None = None,
    boolean: Formula | None = None,
    complex_formula: Formula | None = None,
    complex_partials: Partials | None = None,
    complex_gradient: Partials | None = None,
    checks_zero_divisor: bool = False,
    keeps_result: bool = True,
    underivable: Sequence[str] = (),
) -> Callable[..., object]:
    """Enter the decorated formula into the table.

    Args:
        function: positional parameters are tensors, keyword-only ones are scalars with defaults.
        name: PyTorch's name where the function's own (without trailing underscores) is not it.
        node_name: the autograd node; "" gives NameBackward0, None no gradient.
        rule: the result's type, one of `RULES`.
        allows: which of `CLASSES` and `RARE` the promoted inputs may be, separated by spaces.
        masks: inputs that are bool whatever the others are.
        domain: where samples are drawn.
        partials: (y, *inputs, **scalars) -> partial derivatives, where the derived ones are not
            good enough. None for an input: no gradient.
        integer, boolean, complex_formula: the formula for these types where it is another one.
        complex_partials: as `partials`, for complex types.
        complex_gradient: (g, y, *inputs, **scalars) -> gradients, where the operation is not
            holomorphic; all others get g * conj(partial).
        keeps_result: whether gradients may read the result, which then must not be written to; where
            not, they compute again what they need of it.
        underivable: inputs by which the derivative is not known: asking for it is an error.
        checks_zero_divisor: integers must raise ZeroDivisionError for a zero in the last input.
    """
    if function is None:
        options = {k: v for k, v in locals().items() if k != "function"}
        return lambda f: pointwise(f, **options)
    identifier = function.__name__.rstrip("_")
    parameters = inspect.signature(function).parameters.values()
    inputs = tuple(p.name for p in parameters if p.kind != p.KEYWORD_ONLY)
    scalars = {p.name: float(p.default) for p in parameters if p.kind == p.KEYWORD_ONLY}
    variables = Variables(
        [var(n, "b" if n in masks else "f") for n in inputs], {n: var(n) for n in scalars}
    )
    allowed = frozenset(allows.split())
    assert rule in RULES and allowed <= {*CLASSES, *RARE}, identifier
    formulas = {
        "float": function,
        "int": integer or function,
        "bool": boolean or integer or function,
        "complex": complex_formula or function,
    }
    converts = {"int", "bool"} if rule == "float" else set()
    by_class = {c: variables.apply(formulas[c]) for c in CLASSES if c in allowed - converts}
    if node_name == "":
        node_name = "".join(map(str.capitalize, (name or identifier).split("_"))) + "Backward0"
    if rule == "bool":
        node_name = None

    gradients: tuple[Expr | None, ...] = ()
    complex_gradients: tuple[Expr | None, ...] = ()
    if node_name is not None and "float" in by_class and rule != "complex":
        real = by_class["float"]
        slopes = variables.partials(real, partials)
        gradients = _reading_result(
            [None if p is None else scaled(G, p) for p in slopes],
            real if keeps_result else const(0),
        )
    if node_name is not None and (complex_gradient or "complex" in by_class):
        result = by_class.get("complex", by_class.get("float"))
        assert result is not None
        if complex_gradient:
            found = list(complex_gradient(G, Y, *variables.tensors, **variables.scalars))
        else:
            slopes = variables.partials(result, complex_partials or partials)
            found = [None if p is None else _conjugate_product(G, p) for p in slopes]
        complex_gradients = _reading_result(found, result if keeps_result else const(0))

    OPERATIONS[identifier] = Operation(
        identifier, name or identifier, node_name, inputs, frozenset(masks), scalars, rule, allowed,
        by_class, gradients, complex_gradients, domain, checks_zero_divisor, frozenset(underivable),
        inspect.cleandoc(function.__doc__ or ""), identifier,
    )  # fmt: skip
    return function


@dataclass(frozen=True)
class Variables:
    """The arguments that an entry's formulas are called with."""

    tensors: list[Expr]
    scalars: dict[str, Expr]

    def apply(self, formula: Formula) -> Expr:
        """The formula over these variables."""
        return const(formula(*self.tensors, **self.scalars))

    def partials(self, result: Expr, given: Partials | None) -> list[Number | None]:
        """The partial derivatives of the result: the given ones, else the derived ones."""
        if given is not None:
            return list(given(Y, *self.tensors, **self.scalars))
        return [None if v.kind == "b" else (diff(result, v) or const(0)) for v in self.tensors]


def _reading_result(formulas: Sequence[Number | None], result: Expr) -> tuple[Expr | None, ...]:
    """The formulas, reading the saved result where they contain it (exp, tanh)."""
    present = [const(f) for f in formulas if f is not None]
    if result.op not in ("var", "const"):
        present = rewrite(present, lambda e, _: Y if e is result else None)
    done = iter(present)
    return tuple(None if f is None else next(done) for f in formulas)


def _conjugate_product(g: Expr, partial: Number) -> Expr:
    p = const(partial)
    if p.op == "where":
        return where(p.args[0], _conjugate_product(g, p.args[1]), _conjugate_product(g, p.args[2]))
    if is_const(p, 0):
        return const(0)
    return g * p if p.op == "const" else g * conj(p)


def alias(identifier: str, of: str, name: str, node_name: str | None, doc: str = "") -> None:
    """Enter an operation that is another one by formula, under another name or autograd node."""
    OPERATIONS[identifier] = replace(
        OPERATIONS[of],
        identifier=identifier,
        name=name,
        node_name=node_name,
        kernels_of=of,
        doc=doc,
    )


def not_equal(a: Number, b: Number) -> Expr:
    """Whether a differs from b."""
    return ~eq(a, b)
