"""Element-wise operations whose result is bool."""

from __future__ import annotations

from .expression import Expr, eq, isnan
from .operation import not_equal, pointwise
from .primitives import INF, abs_

ALL = "float int bool complex"
RARE = "unsigned complex_half float8"
REAL = "float int bool"


def _never(input: Expr) -> Expr:
    return not_equal(input, input)


def _always(input: Expr) -> Expr:
    return eq(input, input)


@pointwise(rule="bool", allows=f"{ALL} {RARE}")
def eq_(input: Expr, other: Expr) -> Expr:
    """Whether input equals other.

    >>> import kajo
    >>> kajo.eq(kajo.tensor([1, 2]), kajo.tensor([1, 3]))
    tensor([ True, False])
    """
    return eq(input, other)


@pointwise(rule="bool", allows=f"{ALL} {RARE}")
def ne(input: Expr, other: Expr) -> Expr:
    """Whether input differs from other.

    >>> import kajo
    >>> kajo.ne(kajo.tensor([1, 2]), kajo.tensor([1, 3]))
    tensor([False,  True])
    """
    return not_equal(input, other)


@pointwise(rule="bool", allows=REAL)
def lt(input: Expr, other: Expr) -> Expr:
    """Whether input is less than other.

    >>> import kajo
    >>> kajo.lt(kajo.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return input < other


@pointwise(rule="bool", allows=REAL)
def le(input: Expr, other: Expr) -> Expr:
    """Whether input is at most other.

    >>> import kajo
    >>> kajo.le(kajo.tensor([1, 2]), 1)
    tensor([ True, False])
    """
    return input <= other


@pointwise(rule="bool", allows=REAL)
def gt(input: Expr, other: Expr) -> Expr:
    """Whether input is greater than other.

    >>> import kajo
    >>> kajo.gt(kajo.tensor([1, 2]), 1)
    tensor([False,  True])
    """
    return input > other


@pointwise(rule="bool", allows=REAL)
def ge(input: Expr, other: Expr) -> Expr:
    """Whether input is at least other.

    >>> import kajo
    >>> kajo.ge(kajo.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return input >= other


@pointwise(rule="bool", allows=ALL)
def logical_and(input: Expr, other: Expr) -> Expr:
    """Whether both are not 0.

    >>> import kajo
    >>> kajo.logical_and(kajo.tensor([0, 1, 2]), kajo.tensor([1, 1, 0]))
    tensor([False,  True, False])
    """
    return not_equal(input, 0) & not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_or(input: Expr, other: Expr) -> Expr:
    """Whether either is not 0.

    >>> import kajo
    >>> kajo.logical_or(kajo.tensor([0, 1, 2]), kajo.tensor([0, 1, 0]))
    tensor([False,  True,  True])
    """
    return not_equal(input, 0) | not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_xor(input: Expr, other: Expr) -> Expr:
    """Whether one is 0 and the other is not.

    >>> import kajo
    >>> kajo.logical_xor(kajo.tensor([0, 1, 2]), kajo.tensor([0, 1, 0]))
    tensor([False, False,  True])
    """
    return not_equal(input, 0) ^ not_equal(other, 0)


@pointwise(rule="bool", allows=ALL)
def logical_not(input: Expr) -> Expr:
    """Whether input is 0.

    >>> import kajo
    >>> kajo.logical_not(kajo.tensor([0, 1, 2]))
    tensor([ True, False, False])
    """
    return eq(input, 0)


@pointwise(rule="bool", allows=f"{ALL} {RARE}")
def isnan_(input: Expr) -> Expr:
    """Whether input is not a number.

    >>> import kajo
    >>> kajo.isnan(kajo.tensor([1.0, kajo.nan]))
    tensor([False,  True])
    """
    return isnan(input)


@pointwise(rule="bool", allows=f"{ALL} {RARE}", integer=_never)
def isinf(input: Expr) -> Expr:
    """Whether input is infinity or -infinity.

    >>> import kajo
    >>> kajo.isinf(kajo.tensor([1.0, -kajo.inf]))
    tensor([False,  True])
    """
    return eq(abs_(input), INF)


@pointwise(rule="bool", allows=f"{ALL} {RARE}", integer=_always)
def isfinite(input: Expr) -> Expr:
    """Whether input is neither infinite nor nan.

    >>> import kajo
    >>> kajo.isfinite(kajo.tensor([1.0, kajo.inf, kajo.nan]))
    tensor([ True, False, False])
    """
    return abs_(input) < INF


@pointwise(rule="bool", allows=f"{REAL} unsigned", integer=_never)
def isposinf(input: Expr) -> Expr:
    """Whether input is infinity.

    >>> import kajo
    >>> kajo.isposinf(kajo.tensor([kajo.inf, -kajo.inf]))
    tensor([ True, False])
    """
    return eq(input, INF)


@pointwise(rule="bool", allows=f"{REAL} unsigned", integer=_never)
def isneginf(input: Expr) -> Expr:
    """Whether input is -infinity.

    >>> import kajo
    >>> kajo.isneginf(kajo.tensor([kajo.inf, -kajo.inf]))
    tensor([False,  True])
    """
    return eq(input, -INF)
