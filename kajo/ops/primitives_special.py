"""Primitives: the error function and its relatives, the gamma function and its derivatives."""

from __future__ import annotations

import math

from .expression import Expr, Number, const, eq, fma, isnan, where
from .primitives import (
    F32,
    INF,
    NAN,
    Float,
    abs_,
    copysign,
    floor,
    horner,
    libm,
    primitive,
    rint,
    sqrt,
)
from .primitives_elementary import exp, exp_of_sum, log, log1p, pow_, sin, tan

# ---- the error function --------------------------------------------------------------------------

TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
ERFCX_CENTRE = 3.75  # the polynomial "erfcx" is in (a - centre) / (a + centre)


def _scaled_erfc(t: Float, a: Expr) -> Expr:
    """exp(a*a) * erfc(a) for a >= 0."""
    u = 1 / (a + ERFCX_CENTRE)
    return t.polynomial("erfcx", (a - ERFCX_CENTRE) * u) / fma(2, a, 1)


def _exp_of_minus_square(x: Expr, half: float) -> Expr:
    """exp(-half * x*x), with the rounding error of the square made good."""
    square = x * x
    return exp_of_sum(-half * square, -half * fma(x, x, -square))


@primitive(lambda y, x: (TWO_OVER_SQRT_PI * exp(-(x * x)),))
def erf(t: Float, x: Expr) -> Expr:
    a, z = abs_(x), x * x
    near = fma(x, t.polynomial("erf", z, chains=1), x)
    if t is F32:
        c = where(a > 4.0, 4.0, a)
        tail = exp(t.polynomial("log_erfc", c - 2))
    else:
        c = where(a > 6.0, 6.0, a)
        tail = exp(-(c * c)) * _scaled_erfc(t, c)
    return where(a < 1, near, where(isnan(x), x, copysign(1 - tail, x)))


@primitive(lambda y, x: (-TWO_OVER_SQRT_PI * exp(-(x * x)),), wide=True)
def erfc(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    c = where(a > 28, 28.0, a)
    tail = _exp_of_minus_square(c, 1.0) * _scaled_erfc(t, c)
    small = 1 - fma(x, t.polynomial("erf", x * x), x)
    return where(isnan(x), x, where(a < 0.5, small, where(x < 0, 2 - tail, tail)))


@primitive(lambda y, x: (exp(-0.5 * x**2) * (1 / math.sqrt(2 * math.pi)),))
def ndtr(t: Float, x: Expr) -> Expr:
    """The normal distribution function, keeping the left tail that 1 + erf cancels away."""
    a = abs_(x)
    if t is F32:
        c = where(a > 15.0, 15.0, a)
        u = 1 / (c + 2)
        q = _exp_of_minus_square(c, 0.5) * (t.polynomial("ndtr_tail", fma(-4, u, 1)) * u)
        return where(x < 0, q, 1 - q)
    c = where(a > 40, 40.0, a)
    q = 0.5 * _exp_of_minus_square(c, 0.5) * _scaled_erfc(t, c * math.sqrt(0.5))
    z = x * math.sqrt(0.5)
    near = fma(0.5, fma(z, t.polynomial("erf", z * z), z), 0.5)
    return where(a < 0.6, near, where(x < 0, q, 1 - q))


@primitive(lambda y, x: (0.5 * math.sqrt(math.pi) * exp(y * y),), wide=True)
def erfinv(t: Float, x: Expr) -> Expr:
    w = -log1p(-(x * x))
    w = where(abs_(x) < 0.5, w, -log((1 - x) * (1 + x)))
    s = sqrt(w)
    near = t.polynomial("erfinv_near", where(w < 6.25, w, 6.25) - 3.125)
    middle = t.polynomial("erfinv_middle", where(s < 4.0, s, 4.0) - 3.25)
    far = t.polynomial("erfinv_far", where(s < 4.0, 4.0, s) - 5.05)
    y = where(w < 6.25, near, where(s < 4.0, middle, far)) * x
    return where(eq(abs_(x), 1), copysign(INF, x), where(abs_(x) > 1, NAN, y))


# ---- the gamma function --------------------------------------------------------------------------


@primitive(lambda y, x: (digamma(x),), wide=True)
def lgamma(t: Float, x: Expr) -> Expr:
    return libm(x, val="lgamma")


def _digamma_partials(y: Expr, x: Expr) -> tuple[Expr]:
    right = x > 0
    s = sin(math.pi * x)
    reflected = math.pi**2 / (s * s) - zeta(2, 1 - x)
    return (where(right, zeta(2, where(right, x, 1)), reflected),)


BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]


@primitive(_digamma_partials, wide=True)
def digamma(t: Float, x: Expr) -> Expr:
    left = x < 0.5
    z = where(left, 1 - x, x)
    # 1/z + ... + 1/(z+9) as pairs over common denominators, then the asymptotic series at z + 10.
    shift: Expr = const(0)
    for k in range(0, 10, 2):
        shift = shift + (2 * z + (2 * k + 1)) / ((z + k) * (z + (k + 1)))
    w = z + 10
    v = 1 / (w * w)
    series = v * horner([b / (2 * k + 2) for k, b in enumerate(BERNOULLI)], v)
    y = log(w) - 0.5 / w - series - shift
    far = z > 1e15
    y = where(far, log(z), y)
    fraction = x - rint(x)
    y = where(left, y - math.pi / tan(math.pi * fraction), y)
    y = where(left & eq(fraction, 0), NAN, y)
    return where(eq(x, 0), copysign(INF, -x), where(eq(x, -INF), NAN, y))


@primitive(lambda y, s, q: (None, -s * zeta(s + 1, q)), wide=True)
def zeta(t: Float, s: Expr, q: Expr) -> Expr:
    """The Hurwitz zeta function, the sum of (q + k)**-s, for s > 1 and q > 0."""
    direct: Expr = const(0)
    for k in range(10):
        direct = direct + pow_(q + k, -s)
    w = q + 10
    power = pow_(w, -s)
    tail = power * w / (s - 1) + 0.5 * power
    rising: Number = s
    term = power / w
    factorial = 2.0
    for k, b in enumerate(BERNOULLI):
        tail = tail + (b / factorial) * rising * term
        n = 2 * k + 1
        rising = rising * ((s + n) * (s + (n + 1)))
        factorial *= (2 * k + 3) * (2 * k + 4)
        term = term / (w * w)
    y = where(eq(q, INF), 0, direct + tail)
    y = where(q <= 0, where(eq(q, floor(q)), INF, NAN), y)
    return where(eq(s, 1), INF, where(s < 1, NAN, y))
