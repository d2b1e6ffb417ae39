"""Element-wise operations: exponential, logarithmic and trigonometric functions."""

from __future__ import annotations

import math

from .expression import Expr, Number, eq, node, where
from .operation import pointwise
from .primitives import INF, NAN, abs_, max_
from .primitives import rsqrt_ as inverse_sqrt
from .primitives_elementary import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logit,
    sigmoid,
    sin,
    sinc,
    sinh,
    tan,
    tanh,
)

ALL = "float int bool complex"
REAL = "float int bool"
POSITIVE = (0.01, 5.0)

# ---- exponentials and logarithms -----------------------------------------------------------------


@pointwise(rule="float", allows=ALL)
def exp_(input: Expr) -> Expr:
    """e to the power of each element.

    >>> import kajo
    >>> kajo.exp(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return exp(input)


@pointwise(rule="float", allows=ALL)
def exp2_(input: Expr) -> Expr:
    """2 to the power of each element.

    >>> import kajo
    >>> kajo.exp2(kajo.tensor([0.5, 3.0]))
    tensor([1.4142, 8.0000])
    """
    return exp2(input)


@pointwise(rule="float", allows=ALL)
def expm1_(input: Expr) -> Expr:
    """exp(input) - 1, precise for small elements.

    >>> import kajo
    >>> kajo.expm1(kajo.tensor([1e-3, 1.0]))
    tensor([1.0005e-03, 1.7183e+00])
    """
    return expm1(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log_(input: Expr) -> Expr:
    """The natural logarithm; -inf for 0, nan for negative real numbers.

    >>> import kajo
    >>> kajo.log(kajo.tensor([1.0, 10.0]))
    tensor([0.0000, 2.3026])
    """
    return log(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log2_(input: Expr) -> Expr:
    """The logarithm to base 2.

    >>> import kajo
    >>> kajo.log2(kajo.tensor([8.0, 10.0]))
    tensor([3.0000, 3.3219])
    """
    return log2(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log10_(input: Expr) -> Expr:
    """The logarithm to base 10.

    >>> import kajo
    >>> kajo.log10(kajo.tensor([1000.0, 5.0]))
    tensor([3.0000, 0.6990])
    """
    return log10(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE, node_name="Log1PBackward0")
def log1p_(input: Expr) -> Expr:
    """log(1 + input), precise for small elements.

    >>> import kajo
    >>> kajo.log1p(kajo.tensor([1e-3, 1.0]))
    tensor([0.0010, 0.6931])
    """
    return log1p(input)


def _distance(a: Expr, b: Expr) -> Expr:
    return where(eq(a, b), 0, -abs_(a - b))


def _complex_logaddexp(a: Expr, b: Expr) -> Expr:
    """log(exp(a) + exp(b)), from the one with the larger real part."""
    swap = node("real", a) < node("real", b)
    larger, smaller = where(swap, b, a), where(swap, a, b)
    distance = where(eq(a, b), 0, smaller - larger)
    infinite = eq(abs_(node("real", larger)), INF)
    return where(infinite, larger, larger + log1p(exp(distance)))


@pointwise(allows="float complex", partials=lambda y, a, b: (sigmoid(a - b), sigmoid(b - a)),
           complex_formula=_complex_logaddexp)  # fmt: skip
def logaddexp(input: Expr, other: Expr) -> Expr:
    """log(exp(input) + exp(other)), without overflow on the way.

    >>> import kajo
    >>> kajo.logaddexp(kajo.tensor([1000.0]), kajo.tensor([1000.0]))
    tensor([1000.6932])
    """
    return max_(input, other) + log1p(exp(_distance(input, other)))


def _logaddexp2_partials(y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    return sigmoid(math.log(2) * (a - b)), sigmoid(math.log(2) * (b - a))


@pointwise(allows="float", partials=_logaddexp2_partials)
def logaddexp2(input: Expr, other: Expr) -> Expr:
    """log2(2**input + 2**other), without overflow on the way.

    >>> import kajo
    >>> kajo.logaddexp2(kajo.tensor([3.0]), kajo.tensor([3.0]))
    tensor([4.])
    """
    return max_(input, other) + log1p(exp2(_distance(input, other))) * (1 / math.log(2))


# ---- trigonometric and hyperbolic functions ------------------------------------------------------


@pointwise(rule="float", allows=ALL)
def sin_(input: Expr) -> Expr:
    """The sine of an angle in radians.

    >>> import kajo
    >>> kajo.sin(kajo.tensor([0.0, 1.5708]))
    tensor([0., 1.])
    """
    return sin(input)


@pointwise(rule="float", allows=ALL)
def cos_(input: Expr) -> Expr:
    """The cosine of an angle in radians.

    >>> import kajo
    >>> kajo.cos(kajo.tensor([0.0, 3.1416]))
    tensor([ 1., -1.])
    """
    return cos(input)


@pointwise(rule="float", allows=ALL)
def tan_(input: Expr) -> Expr:
    """The tangent of an angle in radians.

    >>> import kajo
    >>> kajo.tan(kajo.tensor([0.0, 0.7854]))
    tensor([0.0000, 1.0000])
    """
    return tan(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def asin_(input: Expr) -> Expr:
    """The angle in [-pi/2, pi/2] whose sine is input; nan outside [-1, 1].

    >>> import kajo
    >>> kajo.asin(kajo.tensor([0.5, 1.0]))
    tensor([0.5236, 1.5708])
    """
    return asin(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def acos_(input: Expr) -> Expr:
    """The angle in [0, pi] whose cosine is input; nan outside [-1, 1].

    >>> import kajo
    >>> kajo.acos(kajo.tensor([0.5, -1.0]))
    tensor([1.0472, 3.1416])
    """
    return acos(input)


@pointwise(rule="float", allows=ALL)
def atan_(input: Expr) -> Expr:
    """The angle in (-pi/2, pi/2) whose tangent is input.

    >>> import kajo
    >>> kajo.atan(kajo.tensor([1.0, -1.0]))
    tensor([ 0.7854, -0.7854])
    """
    return atan(input)


@pointwise(rule="float", allows=ALL)
def sinh_(input: Expr) -> Expr:
    """The hyperbolic sine: (exp(x) - exp(-x)) / 2.

    >>> import kajo
    >>> kajo.sinh(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """
    return sinh(input)


@pointwise(rule="float", allows=ALL)
def cosh_(input: Expr) -> Expr:
    """The hyperbolic cosine: (exp(x) + exp(-x)) / 2.

    >>> import kajo
    >>> kajo.cosh(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """
    return cosh(input)


@pointwise(rule="float", allows=ALL)
def tanh_(input: Expr) -> Expr:
    """The hyperbolic tangent: sinh(x) / cosh(x), in (-1, 1).

    >>> import kajo
    >>> kajo.tanh(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    return tanh(input)


@pointwise(rule="float", allows=ALL)
def asinh_(input: Expr) -> Expr:
    """The number whose hyperbolic sine is input: log(x + sqrt(x*x + 1)).

    >>> import kajo
    >>> kajo.asinh(kajo.tensor([1.0, -1.0]))
    tensor([ 0.8814, -0.8814])
    """
    return asinh(input)


def _complex_acosh_partials(y: Expr, x: Expr) -> tuple[Expr]:
    return (inverse_sqrt(x - 1) * inverse_sqrt(x + 1),)


@pointwise(rule="float", allows=ALL, domain=(1.05, 5.0), complex_partials=_complex_acosh_partials)
def acosh_(input: Expr) -> Expr:
    """The number >= 0 whose hyperbolic cosine is input: log(x + sqrt(x*x - 1)); nan below 1.

    >>> import kajo
    >>> kajo.acosh(kajo.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """
    return acosh(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def atanh_(input: Expr) -> Expr:
    """The number whose hyperbolic tangent is input: log((1 + x) / (1 - x)) / 2.

    >>> import kajo
    >>> kajo.atanh(kajo.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """
    return atanh(input)


@pointwise(rule="float", allows=ALL, keeps_result=False)
def sinc_(input: Expr) -> Expr:
    """sin(pi x) / (pi x), and 1 for 0.

    >>> import kajo
    >>> kajo.sinc(kajo.tensor([0.0, 0.5, 1.0]))
    tensor([1.0000, 0.6366, -0.0000])
    """
    return sinc(input)


# ---- the logistic function -----------------------------------------------------------------------


@pointwise(rule="float", allows=ALL)
def sigmoid_(input: Expr) -> Expr:
    """The logistic function: 1 / (1 + exp(-x)).

    >>> import kajo
    >>> kajo.sigmoid(kajo.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """
    return sigmoid(input)


def _logit_partials(y: Expr, x: Expr) -> tuple[Expr]:
    return (1 / where((x < 0) | (x > 1), NAN, x * (1 - x)),)


@pointwise(rule="float", allows=REAL, domain=(0.02, 0.98), partials=_logit_partials)
def logit_(input: Expr) -> Expr:
    """log(x / (1 - x)), the inverse of sigmoid; with eps, of input brought into [eps, 1 - eps].

    >>> import kajo
    >>> kajo.logit(kajo.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    >>> kajo.logit(kajo.tensor([0.0, 1.0]), eps=0.01)
    tensor([-4.5951,  4.5951])
    """
    return logit(input)


def _logit_eps_partials(y: Expr, x: Expr, *, eps: Expr) -> tuple[Expr]:
    inside = (x >= eps) & (x <= 1 - eps)
    return (where(inside, 1 / where(inside, x * (1 - x), 1), 0),)


@pointwise(
    name="logit", rule="float", allows=REAL, domain=(0.02, 0.98), partials=_logit_eps_partials
)
def logit_eps(input: Expr, *, eps: Number = 0.0) -> Expr:
    return logit(where(input < eps, eps, where(input > 1 - eps, 1 - eps, input)))
