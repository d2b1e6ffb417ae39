"""Scalar expressions: what formulas, derivatives and kernels are made of.

Nodes are hash-consed: equal subexpressions are one object, so shared work is found for free. A node
has an operator, arguments, a kind ("f" a number of the computing type, "b" a truth value, "i" an
integer as wide as the float) and, for leaves and a few operators, a value. ``x < y``, ``&``, ``|``
and ``~`` build truth values; equality is ``eq(x, y)``, because ``==`` compares identity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Union

Number = Union["Expr", float, int, bool]
Value = str | float | int | None


class Expr:
    """One node of an expression; made by `node` and the functions below, never directly.

    Example:
        >>> from kajo.ops.expression import var
        >>> x = var("x")
        >>> x * x + 1
        add(powi[2](x), const[1.0])
    """

    __slots__ = ("args", "kind", "op", "serial", "val")
    pool: ClassVar[dict[tuple[object, ...], Expr]] = {}
    op: str
    args: tuple[Expr, ...]
    kind: str
    val: Value
    serial: int  # order of creation: sorts the arguments of commutative operators reproducibly

    def __add__(self, other: Number) -> Expr:
        return add(self, other)

    def __radd__(self, other: Number) -> Expr:
        return add(other, self)

    def __sub__(self, other: Number) -> Expr:
        return sub(self, other)

    def __rsub__(self, other: Number) -> Expr:
        return sub(other, self)

    def __mul__(self, other: Number) -> Expr:
        return mul(self, other)

    def __rmul__(self, other: Number) -> Expr:
        return mul(other, self)

    def __truediv__(self, other: Number) -> Expr:
        return div(self, other)

    def __rtruediv__(self, other: Number) -> Expr:
        return div(other, self)

    def __neg__(self) -> Expr:
        return neg(self)

    def __lt__(self, other: Number) -> Expr:
        return node("lt", self, other, kind="b")

    def __le__(self, other: Number) -> Expr:
        return node("le", self, other, kind="b")

    def __gt__(self, other: Number) -> Expr:
        return node("lt", other, self, kind="b")

    def __ge__(self, other: Number) -> Expr:
        return node("le", other, self, kind="b")

    def __and__(self, other: Expr) -> Expr:
        return node("and", self, other, kind=self.kind)

    def __or__(self, other: Expr) -> Expr:
        return node("or", self, other, kind=self.kind)

    def __xor__(self, other: Expr) -> Expr:
        return node("xor", self, other, kind=self.kind)

    def __invert__(self) -> Expr:
        return self.args[0] if self.op == "not" else node("not", self, kind=self.kind)

    def __pow__(self, exponent: int) -> Expr:
        if exponent == 0:
            return const(1)
        if exponent == 1:
            return self
        return node("powi", self, val=exponent) if exponent > 0 else 1 / self**-exponent

    def __repr__(self) -> str:
        if self.op == "var":
            return str(self.val)
        value = "" if self.val is None else f"[{self.val}]"
        return f"{self.op}{value}" + (f"({', '.join(map(repr, self.args))})" if self.args else "")


def node(op: str, *args: Number, kind: str = "f", val: Value = None) -> Expr:
    """The one node with this operator, arguments, kind and value."""
    leaf = iconst if kind == "i" else const
    nodes = tuple(a if isinstance(a, Expr) else leaf(a) for a in args)
    key = (op, tuple(map(id, nodes)), kind, repr(val))
    found = Expr.pool.get(key)
    if found is None:
        found = Expr.pool[key] = object.__new__(Expr)
        found.op, found.args, found.kind, found.val = op, nodes, kind, val
        found.serial = len(Expr.pool)
    return found


def var(name: str, kind: str = "f") -> Expr:
    """A named input."""
    return node("var", kind=kind, val=name)


def const(value: Number) -> Expr:
    """A constant of the computing type; an expression stays itself."""
    return value if isinstance(value, Expr) else node("const", val=float(value))


def iconst(value: Number) -> Expr:
    """An integer constant as wide as the computing type."""
    return value if isinstance(value, Expr) else node("const", kind="i", val=int(value))


def is_const(e: Expr, value: float | None = None) -> bool:
    """Whether `e` is a number (this number, if one is given; -0 counts as 0)."""
    return e.op == "const" and e.kind == "f" and (value is None or e.val == value)


def value_of(e: Expr) -> float:
    """The number of a constant."""
    assert e.op == "const" and isinstance(e.val, (int, float))
    return float(e.val)


def _power_of_two(e: Expr) -> bool:
    v = value_of(e)
    return v != 0 and math.isfinite(v) and abs(math.frexp(v)[0]) == 0.5


def _is_negative_zero(e: Expr) -> bool:
    return is_const(e, 0) and math.copysign(1.0, value_of(e)) < 0


# Constructors that simplify. Only what is exact for every number is rewritten, except that x + 0
# may keep the sign of a zero x. x * 0 is not rewritten (inf, nan): a structural zero is None in
# `diff`.


def add(a: Number, b: Number) -> Expr:
    """a + b"""
    a, b = const(a), const(b)
    if is_const(a) and is_const(b):
        return const(value_of(a) + value_of(b))
    if is_const(a, 0):
        return b
    if is_const(b, 0):
        return a
    if b.op == "neg":
        return sub(a, b.args[0])
    if a.op == "neg":
        return sub(b, a.args[0])
    if a is b:
        return mul(2, a)
    return node("add", *_commutative(a, b))


def sub(a: Number, b: Number) -> Expr:
    """a - b"""
    a, b = const(a), const(b)
    if is_const(a) and is_const(b):
        return const(value_of(a) - value_of(b))
    if is_const(b, 0):
        return a
    if is_const(a, 0) and not _is_negative_zero(a):
        return neg(b)
    if b.op == "neg":
        return add(a, b.args[0])
    return node("sub", a, b)


def mul(a: Number, b: Number) -> Expr:
    """a * b; a constant comes to stand first"""
    a, b = const(a), const(b)
    if is_const(b):
        a, b = b, a
    if is_const(a):
        if is_const(b):
            return const(value_of(a) * value_of(b))
        if is_const(a, 1):
            return b
        if is_const(a, -1):
            return neg(b)
        if b.op == "neg":
            return mul(-value_of(a), b.args[0])
        if b.op == "mul" and is_const(b.args[0]) and _power_of_two(a):
            return mul(value_of(a) * value_of(b.args[0]), b.args[1])
        return node("mul", a, b)
    if a.op == "neg" and b.op == "neg":
        return mul(a.args[0], b.args[0])
    if a.op == "neg":
        return neg(mul(a.args[0], b))
    if b.op == "neg":
        return neg(mul(a, b.args[0]))
    return a**2 if a is b else node("mul", *_commutative(a, b))


def div(a: Number, b: Number) -> Expr:
    """a / b"""
    a, b = const(a), const(b)
    if is_const(a) and is_const(b) and value_of(b) != 0:
        return const(value_of(a) / value_of(b))
    if is_const(b, 1):
        return a
    if is_const(b) and _power_of_two(b):
        return mul(1 / value_of(b), a)
    if a.op == "neg":
        return neg(div(a.args[0], b))
    return node("div", a, b)


def neg(a: Number) -> Expr:
    """-a"""
    a = const(a)
    if is_const(a):
        return const(-value_of(a))
    return a.args[0] if a.op == "neg" else node("neg", a)


def where(condition: Expr, a: Number, b: Number) -> Expr:
    """a where the condition holds, else b"""
    a, b = const(a), const(b)
    return a if a is b else node("where", condition, a, b, kind=a.kind)


def eq(a: Number, b: Number) -> Expr:
    """Whether a equals b (`==` on nodes is identity)."""
    return node("eq", a, b, kind="b")


def fma(a: Number, b: Number, c: Number) -> Expr:
    """a * b + c, rounded once"""
    return node("fma", a, b, c)


def isnan(x: Expr) -> Expr:
    """Whether x is not a number."""
    return ~eq(x, x)


def _commutative(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    return (a, b) if a.serial <= b.serial else (b, a)


# ---- walking -------------------------------------------------------------------------------------


def order(*roots: Expr) -> list[Expr]:
    """All nodes below the roots, each once, arguments first."""
    seen: dict[Expr, None] = {}

    def walk(e: Expr) -> None:
        if e not in seen:
            for a in e.args:
                walk(a)
            seen[e] = None

    for r in roots:
        walk(r)
    return list(seen)


def variables(*roots: Expr) -> set[str]:
    """The names of the variables below the roots."""
    return {str(e.val) for e in order(*roots) if e.op == "var"}


def rebuild(e: Expr, args: Sequence[Expr]) -> Expr:
    """The node `e` with other arguments, simplified again."""
    simplify = SIMPLIFYING.get(e.op)
    return simplify(*args) if simplify else node(e.op, *args, kind=e.kind, val=e.val)


SIMPLIFYING: dict[str, Callable[..., Expr]] = {
    "add": add, "sub": sub, "mul": mul, "div": div, "neg": neg, "where": where,
}  # fmt: skip


def rewrite(
    roots: Iterable[Expr], replace: Callable[[Expr, tuple[Expr, ...]], Expr | None]
) -> list[Expr]:
    """The roots rebuilt bottom-up; `replace(node, new_args)` gives a replacement or None."""
    roots = list(roots)
    new: dict[Expr, Expr] = {}
    for e in order(*roots):
        args = tuple(new[a] for a in e.args)
        other = replace(e, args)
        new[e] = other if other is not None else e if args == e.args else rebuild(e, args)
    return [new[r] for r in roots]


def substitute(roots: Iterable[Expr], replacements: dict[Expr, Expr]) -> list[Expr]:
    """The roots with some nodes replaced."""
    return rewrite(roots, lambda e, args: replacements.get(e))


# ---- differentiation -----------------------------------------------------------------------------
# Forward and not reverse: a reverse sweep sends where(c, g, 0) into each branch and multiplies it
# by that branch's derivative (0 * inf = nan); forward picks the derivative of the branch that is
# taken.

# operator -> function(y, *args) giving the partial derivative by each argument; None where it is
# zero
PARTIALS: dict[str, Callable[..., tuple[Number | None, ...]]] = {
    "add": lambda y, a, b: (1, 1),
    "sub": lambda y, a, b: (1, -1),
    "neg": lambda y, a: (-1,),
    "mul": lambda y, a, b: (b, a),
    "div": lambda y, a, b: (1 / b, -(y / b)),
    "powi": lambda y, a: (y.val * a ** (y.val - 1),),
    "fma": lambda y, a, b, c: (b, a, 1),
}


def diff(e: Expr, x: Expr, memo: dict[Expr, Expr | None] | None = None) -> Expr | None:
    """The derivative of `e` by the variable `x`; None where `e` does not depend on `x`.

    Example:
        >>> from kajo.ops.expression import diff, var
        >>> x = var("x")
        >>> diff(x * x, x)
        mul(const[2.0], x)
    """
    memo = {} if memo is None else memo
    if e not in memo:
        memo[e] = _diff(e, x, memo)
    return memo[e]


def _diff(e: Expr, x: Expr, memo: dict[Expr, Expr | None]) -> Expr | None:
    if e is x:
        return const(1)
    if e.kind != "f":
        return None
    inner = [diff(a, x, memo) for a in e.args]
    if all(d is None for d in inner):
        return None
    if e.op == "where":
        return where(e.args[0], *(const(0) if d is None else d for d in inner[1:]))
    if e.op not in PARTIALS:
        raise ValueError(f"no derivative is known for the primitive {e.op!r}")
    total: Expr | None = None
    for partial, d in zip(PARTIALS[e.op](e, *e.args), inner):
        if d is None or partial is None:
            continue
        term = mul(partial, d)
        total = term if total is None else add(total, term)
    return total
