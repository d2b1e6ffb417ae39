"""Primitives: error functions, gamma functions, Bessel functions, orthogonal polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable

from .expression import Expr, const, eq, fma, isnan, node, where
from .primitives import (
    F32,
    F64,
    F64_FOR_F32,
    INF,
    LN2,
    NAN,
    WIDE,
    Float,
    abs_,
    bits,
    copysign,
    horner,
    libm,
    piecewise,
    piecewise_precise,
    primitive,
    rare,
    rint,
    scale,
    sign,
    sqrt,
)
from .primitives_elementary import exp, exp_of_bounded, exp_of_sum, log, log1p, sin, tan

Function = Callable[..., Expr]

# ---- the error function --------------------------------------------------------------------------

TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
ERFCX_CENTRE = 3.75  # the polynomial "erfcx" is in (a - centre) / (a + centre)


def _scaled_erfc(t: Float, a: Expr) -> Expr:
    """exp(a*a) * erfc(a) for 0 <= a < 33."""
    if t is F64_FOR_F32:
        d, e = a + ERFCX_CENTRE, fma(2, a, 1)
        u = 1 / (d * e)
        return t.polynomial("erfcx", (a - ERFCX_CENTRE) * (e * u)) * (d * u)
    u = 1 / (a + ERFCX_CENTRE)
    return t.polynomial("erfcx", (a - ERFCX_CENTRE) * u) / fma(2, a, 1)


def _exp_of_minus_square(x: Expr, half: float) -> Expr:
    """exp(-half * x*x), with the rounding error of the square made good."""
    square = x * x
    return exp_of_sum(-half * square, -half * fma(x, x, -square))


@primitive(lambda y, x: (TWO_OVER_SQRT_PI * exp(-(x * x)),))
def erf(t: Float, x: Expr) -> Expr:
    a, z = abs_(x), x * x
    if t is F32:
        b = where(a > 3.937, 3.937, a)  # where it is 1
        index = bits(b + 1.5 * 2.0 ** (t.mantissa - 3))
        return copysign(piecewise_precise("erf", index, b), x)
    near = fma(x, t.polynomial("erf", z, chains=1), x)
    c = where(a > 6.0, 6.0, a)
    tail = exp_of_bounded(t, -(c * c)) * _scaled_erfc(t, c)
    return where(a < 1, near, copysign(1 - tail, x))


@primitive(lambda y, x: (-TWO_OVER_SQRT_PI * exp(-(x * x)),), wide=True)
def erfc(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    c = where(a > 28, 28.0, a)
    tail = _exp_of_minus_square(c, 1.0) * _scaled_erfc(t, c)
    small = 1 - fma(x, t.polynomial("erf", x * x), x)
    return where(isnan(x), x, where(a < 0.5, small, where(x < 0, 2 - tail, tail)))


# ---- the normal distribution and the Gaussian error linear unit ----------------------------------

INVERSE_ROOT_2PI = 1 / math.sqrt(2 * math.pi)
NO_TAIL = 15.0  # from here on float32 has no number for the tail


def _bell(t: Float, a: Expr) -> Expr:
    """exp(-a*a/2) for 0 <= a <= NO_TAIL, with the rounding error of the square made good."""
    square = a * a
    rest = fma(a, a, -square)
    high, low = t.split(1 / (2 * LN2), 2, t.mantissa + 1)
    n = rint(square * -high)
    f = fma(rest, -high, fma(square, -low, fma(square, -high, -n)))
    return scale(fma(f, t.polynomial("exp2", f, chains=1), 1), n)


def _tail_over_bell(t: Float, a: Expr, factor: Expr) -> Expr:
    """factor * ndtr(-a) * exp(a*a/2) for 0 <= a <= NO_TAIL."""
    above = t.polynomial("tail_over_bell_above", a, chains=1)
    return factor * above / t.polynomial("tail_over_bell_below", a, chains=1)


def _magnitude(x: Expr) -> Expr:
    a = abs_(x)
    return where(a > NO_TAIL, NO_TAIL, a)


@primitive(lambda y, x: (exp(-0.5 * x**2) * INVERSE_ROOT_2PI,))
def ndtr(t: Float, x: Expr) -> Expr:
    """The normal distribution function, keeping the left tail that 1 + erf cancels away."""
    if t is F32:
        a = _magnitude(x)
        q = _tail_over_bell(t, a, _bell(t, a))
        return where(x < 0, q, 1 - q)
    a = abs_(x)
    c = where(a > 40, 40.0, a)
    q = 0.5 * _exp_of_minus_square(c, 0.5) * _scaled_erfc(t, c * math.sqrt(0.5))
    z = x * math.sqrt(0.5)
    near = fma(0.5, fma(z, t.polynomial("erf", z * z), z), 0.5)
    return where(a < 0.6, near, where(x < 0, q, 1 - q))


PIECES_END = 7.87  # of the tables for the linear unit


def _by_pieces(table: str, x: Expr) -> Expr:
    a = abs_(x)
    b = where(a > PIECES_END, PIECES_END, a)
    return piecewise(table, bits(b + 1.5 * 2.0 ** (F32.mantissa - 2)), b)


def _beyond_pieces(x: Expr, y: Expr, function: str) -> Expr:
    """y, but the function in float64 where it is tiny and the tables have ended."""
    return where(x >= -PIECES_END, y, node("wide", x, val=function))


@primitive(lambda y, x: ((2 - x**2) * exp(-0.5 * x**2) * INVERSE_ROOT_2PI,))
def gelu_slope(t: Float, x: Expr) -> Expr:
    """ndtr(x) + x times the normal density."""
    if t is F32:
        left = _by_pieces("gelu_slope", x)
        return _beyond_pieces(x, where(x < 0, left, 1 - left), "gelu_slope_in_tail")
    c = where(x > 40, 40.0, where(x < -40, -40.0, x))  # infinity times a density of 0
    return ndtr(x) + c * exp(-0.5 * (c * c)) * INVERSE_ROOT_2PI


@primitive(lambda y, x: (gelu_slope(x),))
def gelu(t: Float, x: Expr) -> Expr:
    """x * ndtr(x)"""
    if t is F32:
        y = where(x < 0, 0.0, x) - _by_pieces("gelu_tail", x)
        return _beyond_pieces(x, y, "gelu_in_tail")
    return where(x < -40, -40.0, x) * ndtr(x)


def gelu_in_tail(t: Float, x: Expr) -> Expr:
    """gelu where float32 has no table."""
    return gelu(x)


def gelu_slope_in_tail(t: Float, x: Expr) -> Expr:
    """gelu_slope where float32 has no table."""
    return gelu_slope(x)


WIDE.update(gelu_in_tail=gelu_in_tail, gelu_slope_in_tail=gelu_slope_in_tail)

# ---- inverse and scaled error functions ----------------------------------------------------------


@primitive(lambda y, x: (0.5 * math.sqrt(math.pi) * exp(y * y),), wide=True)
def erfinv(t: Float, x: Expr) -> Expr:
    w = -log((1 - x) * (1 + x))
    if t is F64:
        w = where(abs_(x) < 0.5, -log1p(-(x * x)), w)
    s = sqrt(w)
    near = t.polynomial("erfinv_near", where(w < 6.25, w, 6.25) - 3.125)
    middle = t.polynomial("erfinv_middle", where(s < 4.0, s, 4.0) - 3.25)
    far = t.polynomial("erfinv_far", where(s < 4.0, 4.0, s) - 5.05)
    y = where(w < 6.25, near, where(s < 4.0, middle, far)) * x
    return where(eq(abs_(x), 1), copysign(INF, x), where(abs_(x) > 1, NAN, y))


@primitive(lambda y, x: (2 * x * y - TWO_OVER_SQRT_PI,), wide=True)
def erfcx(t: Float, x: Expr) -> Expr:
    """exp(x*x) * erfc(x)"""
    a = abs_(x)
    far = a > 30
    v = 1 / (a * a)
    series = horner([1, -1 / 2, 3 / 4, -15 / 8, 105 / 16, -945 / 32, 10395 / 64], v)  # DLMF 7.12.1
    right = where(far, (0.5 * TWO_OVER_SQRT_PI) / a * series, _scaled_erfc(t, where(far, 30, a)))
    left = 2 * _exp_of_minus_square(where(a > 30, 30, a), -1.0) - right
    return where(x < 0, left, right)


def _log_ndtr_partials(y: Expr, x: Expr) -> tuple[Expr]:
    return (math.sqrt(2 / math.pi) / erfcx(-math.sqrt(0.5) * x),)


@primitive(_log_ndtr_partials, wide=True)
def log_ndtr(t: Float, x: Expr) -> Expr:
    """The logarithm of ndtr, which itself vanishes for x below -38."""
    z = math.sqrt(0.5) * x
    left = log(0.5 * erfcx(-z)) - 0.5 * (x * x)
    return where(x < -1, left, log1p(-ndtr(-x)))


ndtri = rare("ndtri", lambda y, p: (math.sqrt(2 * math.pi) * exp(0.5 * y**2),))

# ---- gamma functions -----------------------------------------------------------------------------


BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]


@primitive(lambda y, x: (digamma(x),))
def lgamma(t: Float, x: Expr) -> Expr:
    return libm(x, val="lgamma")


def _lgamma_for_float32(t: Float, x: Expr) -> Expr:
    """Stirling's series at z + 7, the product that leads there, and the reflection at 1/2."""
    left = x < 0.5
    z = where(left, 1 - x, x)
    product = z
    for k in range(1, 7):
        product = product * (z + k)
    w = z + 7
    u = 1 / w
    terms = [b / ((2 * k + 2) * (2 * k + 1)) for k, b in enumerate(BERNOULLI)]
    stirling = (w - 0.5) * log(w) - w + (fma(u, horner(terms, u * u), 0.5 * math.log(2 * math.pi)))
    mirror = abs_(sin(math.pi * (x - rint(x))))
    rest = log(where(left, math.pi * product / mirror, 1 / product))
    y = where(left, rest - stirling, stirling + rest)
    return where(eq(abs_(x), INF), INF, where(eq(x, 1) | eq(x, 2), 0, y))


WIDE["lgamma"] = _lgamma_for_float32


@primitive(lambda y, x: (polygamma(x, 1),), wide=True)
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


def igamma_slope(a: Expr, x: Expr) -> Expr:
    """The derivative of igamma by x."""
    return exp((a - 1) * log(x) - x - lgamma(a))


polygamma: Function = rare("polygamma", lambda y, x, n: (polygamma(x, n + 1), None))
zeta: Function = rare("zeta", lambda y, s, q: (None, -s * zeta(s + 1, q)))
igamma: Function = rare("igamma", lambda y, a, x: (None, igamma_slope(a, x)))
igammac: Function = rare("igammac", lambda y, a, x: (None, -igamma_slope(a, x)))

# ---- Bessel functions ----------------------------------------------------------------------------


def _over(y: Expr, x: Expr) -> Expr:
    """y / x, and 1/2 where it tends to that for a vanishing x."""
    small = abs_(x) < 1e-30
    return where(small, 0.5, y / where(small, 1, x))


i0: Function = rare("i0", lambda y, x: (i1(x),))
i1: Function = rare("i1", lambda y, x: (i0(x) - _over(y, x),))
i0e: Function = rare("i0e", lambda y, x: (i1e(x) - sign(x) * y,))
i1e: Function = rare("i1e", lambda y, x: (i0e(x) - sign(x) * y - _over(y, x),))

bessel_j0 = rare("bessel_j0")
bessel_j1 = rare("bessel_j1")
bessel_y0 = rare("bessel_y0")
bessel_y1 = rare("bessel_y1")
k0 = rare("k0")
k1 = rare("k1")
k0e = rare("k0e")
k1e = rare("k1e")
spherical_bessel_j0 = rare("spherical_bessel_j0")
airy_ai = rare("airy_ai")

# ---- orthogonal polynomials, of x and the degree -------------------------------------------------

chebyshev_t = rare("chebyshev_t")
chebyshev_u = rare("chebyshev_u")
chebyshev_v = rare("chebyshev_v")
chebyshev_w = rare("chebyshev_w")
hermite_h = rare("hermite_h")
hermite_he = rare("hermite_he")
laguerre_l = rare("laguerre_l")
legendre_p = rare("legendre_p")

# ---- parts of a number ---------------------------------------------------------------------------

frexp_mantissa = rare("frexp_mantissa")
frexp_exponent = rare("frexp_exponent", lambda y, x: (None,))
