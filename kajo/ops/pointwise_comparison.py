"""Element-wise operations whose result is bool."""

from __future__ import annotations

from .expression import Expr, eq, isnan
from .operation import not_equal, pointwise
from .primitives import INF, abs_

ALL = "float int bool complex"
REAL = "float int bool"


def _never(input: Expr) -> Expr:
    return not_equal(input, input)


def _always(input: Expr) -> Expr:
    return eq(input, input)


@pointwise(rule="bool", allows=ALL)
def eq_(input: Expr, other: Expr) -> Expr:
    return eq(input, other)


@pointwise(rule="bool", allows=ALL)
def ne(input: Expr, other: Expr) -> Expr:
    return not_equal(input, other)


@pointwise(rule="bool", allows=REAL)
def lt(input: Expr, other: Expr) -> Expr:
    return input < other


@pointwise(rule="bool", allows=REAL)
def le(input: Expr, other: Expr) -> Expr:
    return input <= other


@pointwise(rule="bool", allows=REAL)
def gt(input: Expr, other: Expr) -> Expr:
    return input > other


@pointwise(rule="bool", allows=REAL)
def ge(input: Expr, other: Expr) -> Expr:
    return input >= other


@pointwise(rule="bool", allows=ALL)
def logical_and(input: Expr, other: Expr) -> Expr:
    return not_equal(input, 0) & not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_or(input: Expr, other: Expr) -> Expr:
    return not_equal(input, 0) | not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_xor(input: Expr, other: Expr) -> Expr:
    return not_equal(input, 0) ^ not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_not(input: Expr) -> Expr:
    return eq(input, 0)


@pointwise(rule="bool", allows=ALL)
def isnan_(input: Expr) -> Expr:
    return isnan(input)


@pointwise(rule="bool", allows=ALL, integer=_never)
def isinf(input: Expr) -> Expr:
    return eq(abs_(input), INF)


@pointwise(rule="bool", allows=ALL, integer=_always)
def isfinite(input: Expr) -> Expr:
    return abs_(input) < INF


@pointwise(rule="bool", allows=REAL, integer=_never)
def isposinf(input: Expr) -> Expr:
    return eq(input, INF)


@pointwise(rule="bool", allows=REAL, integer=_never)
def isneginf(input: Expr) -> Expr:
    return eq(input, -INF)
