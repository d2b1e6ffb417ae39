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
    return exp(input)


@pointwise(rule="float", allows=ALL)
def exp2_(input: Expr) -> Expr:
    return exp2(input)


@pointwise(rule="float", allows=ALL)
def expm1_(input: Expr) -> Expr:
    return expm1(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log_(input: Expr) -> Expr:
    return log(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log2_(input: Expr) -> Expr:
    return log2(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE)
def log10_(input: Expr) -> Expr:
    return log10(input)


@pointwise(rule="float", allows=ALL, domain=POSITIVE, node_name="Log1PBackward0")
def log1p_(input: Expr) -> Expr:
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
    return max_(input, other) + log1p(exp(_distance(input, other)))


def _logaddexp2_partials(y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    return sigmoid(math.log(2) * (a - b)), sigmoid(math.log(2) * (b - a))


@pointwise(allows="float", partials=_logaddexp2_partials)
def logaddexp2(input: Expr, other: Expr) -> Expr:
    return max_(input, other) + log1p(exp2(_distance(input, other))) * (1 / math.log(2))


# ---- trigonometric and hyperbolic functions ------------------------------------------------------


@pointwise(rule="float", allows=ALL)
def sin_(input: Expr) -> Expr:
    return sin(input)


@pointwise(rule="float", allows=ALL)
def cos_(input: Expr) -> Expr:
    return cos(input)


@pointwise(rule="float", allows=ALL)
def tan_(input: Expr) -> Expr:
    return tan(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def asin_(input: Expr) -> Expr:
    return asin(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def acos_(input: Expr) -> Expr:
    return acos(input)


@pointwise(rule="float", allows=ALL)
def atan_(input: Expr) -> Expr:
    return atan(input)


@pointwise(rule="float", allows=ALL)
def sinh_(input: Expr) -> Expr:
    return sinh(input)


@pointwise(rule="float", allows=ALL)
def cosh_(input: Expr) -> Expr:
    return cosh(input)


@pointwise(rule="float", allows=ALL)
def tanh_(input: Expr) -> Expr:
    return tanh(input)


@pointwise(rule="float", allows=ALL)
def asinh_(input: Expr) -> Expr:
    return asinh(input)


def _complex_acosh_partials(y: Expr, x: Expr) -> tuple[Expr]:
    return (inverse_sqrt(x - 1) * inverse_sqrt(x + 1),)


@pointwise(rule="float", allows=ALL, domain=(1.05, 5.0), complex_partials=_complex_acosh_partials)
def acosh_(input: Expr) -> Expr:
    return acosh(input)


@pointwise(rule="float", allows=ALL, domain=(-0.95, 0.95))
def atanh_(input: Expr) -> Expr:
    return atanh(input)


@pointwise(rule="float", allows=ALL)
def sinc_(input: Expr) -> Expr:
    return sinc(input)


# ---- the logistic function -----------------------------------------------------------------------


@pointwise(rule="float", allows=ALL)
def sigmoid_(input: Expr) -> Expr:
    return sigmoid(input)


def _logit_partials(y: Expr, x: Expr) -> tuple[Expr]:
    return (1 / where((x < 0) | (x > 1), NAN, x * (1 - x)),)


@pointwise(rule="float", allows=REAL, domain=(0.02, 0.98), partials=_logit_partials)
def logit_(input: Expr) -> Expr:
    return logit(input)


def _logit_eps_partials(y: Expr, x: Expr, *, eps: Expr) -> tuple[Expr]:
    inside = (x >= eps) & (x <= 1 - eps)
    return (where(inside, 1 / where(inside, x * (1 - x), 1), 0),)


@pointwise(
    name="logit", rule="float", allows=REAL, domain=(0.02, 0.98), partials=_logit_eps_partials
)
def logit_eps(input: Expr, *, eps: Number = 0.0) -> Expr:
    return logit(where(input < eps, eps, where(input > 1 - eps, 1 - eps, input)))
