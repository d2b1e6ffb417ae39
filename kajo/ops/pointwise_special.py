"""Element-wise operations: special functions.

Where PyTorch defines no derivative, there is none here.
"""

from __future__ import annotations

from .expression import Expr, eq, isnan, where
from .operation import pointwise
from .primitives import INF, NAN
from .primitives_elementary import exp2, log, log1p
from .primitives_special import (
    airy_ai,
    bessel_j0,
    bessel_j1,
    bessel_y0,
    bessel_y1,
    chebyshev_t,
    chebyshev_u,
    chebyshev_v,
    chebyshev_w,
    digamma,
    erf,
    erfc,
    erfcx,
    erfinv,
    frexp_exponent,
    frexp_mantissa,
    hermite_h,
    hermite_he,
    i0,
    i0e,
    i1,
    i1e,
    igamma,
    igamma_slope,
    igammac,
    k0,
    k0e,
    k1,
    k1e,
    laguerre_l,
    legendre_p,
    lgamma,
    log_ndtr,
    ndtr,
    ndtri,
    polygamma,
    spherical_bessel_j0,
    zeta,
)

REAL = "float int bool"
POSITIVE = (0.01, 5.0)

# ---- logarithms ----------------------------------------------------------------------------------


def _xlogy_partials(y: Expr, x: Expr, a: Expr) -> tuple[Expr, Expr]:
    return where(eq(x, 0) & (a <= 0), 0, log(a)), x / a


@pointwise(rule="float", allows=REAL, domain=POSITIVE, partials=_xlogy_partials)
def xlogy(input: Expr, other: Expr) -> Expr:
    return where(isnan(other), NAN, where(eq(input, 0), 0, input * log(other)))


def _xlog1py_partials(y: Expr, x: Expr, a: Expr) -> tuple[Expr, Expr]:
    return where(eq(x, 0) & (a <= -1), 0, log1p(a)), x / (a + 1)


@pointwise(rule="float", allows=REAL, domain=POSITIVE, node_name="SpecialXlog1PyBackward0",
           partials=_xlog1py_partials)  # fmt: skip
def xlog1py(input: Expr, other: Expr) -> Expr:
    return where(isnan(other), NAN, where(eq(input, 0), 0, input * log1p(other)))


@pointwise(rule="float", allows=REAL, domain=POSITIVE, node_name="SpecialEntrBackward0",
           partials=lambda y, x: (-log(x) - 1,))  # fmt: skip
def entr(input: Expr) -> Expr:
    return where(
        input > 0, -input * log(input), where(eq(input, 0), 0, where(input < 0, -INF, input))
    )


# ---- the error function and the normal distribution ----------------------------------------------


@pointwise(rule="float", allows=REAL)
def erf_(input: Expr) -> Expr:
    return erf(input)


@pointwise(rule="float", allows=REAL)
def erfc_(input: Expr) -> Expr:
    return erfc(input)


@pointwise(rule="float", allows=REAL, domain=(-0.95, 0.95))
def erfinv_(input: Expr) -> Expr:
    return erfinv(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialNdtrBackward0")
def ndtr_(input: Expr) -> Expr:
    return ndtr(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialErfcxBackward0")
def erfcx_(input: Expr) -> Expr:
    return erfcx(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialLogNdtrBackward0")
def log_ndtr_(input: Expr) -> Expr:
    return log_ndtr(input)


@pointwise(rule="float", allows=REAL, domain=(0.02, 0.98), node_name="SpecialNdtriBackward0")
def ndtri_(input: Expr) -> Expr:
    return ndtri(input)


# ---- gamma functions -----------------------------------------------------------------------------


@pointwise(rule="float", allows=REAL, domain=POSITIVE)
def lgamma_(input: Expr) -> Expr:
    return lgamma(input)


@pointwise(rule="float", allows=REAL, domain=POSITIVE)
def digamma_(input: Expr) -> Expr:
    return digamma(input)


@pointwise(rule="float", allows=REAL, domain=(1.0, 5.0),
           partials=lambda y, x, n: (polygamma(x, n + 1), None))  # fmt: skip
def polygamma_(input: Expr, n: Expr) -> Expr:
    return polygamma(input, n)


@pointwise(rule="float", allows=REAL, domain=(1.5, 5.0), node_name="SpecialZetaBackward0",
           partials=lambda y, s, q: (None, -s * zeta(s + 1, q)))  # fmt: skip
def zeta_(input: Expr, other: Expr) -> Expr:
    return zeta(input, other)


@pointwise(domain=POSITIVE, partials=lambda y, a, x: (None, igamma_slope(a, x)))
def igamma_(input: Expr, other: Expr) -> Expr:
    return igamma(input, other)


@pointwise(domain=POSITIVE, partials=lambda y, a, x: (None, -igamma_slope(a, x)))
def igammac_(input: Expr, other: Expr) -> Expr:
    return igammac(input, other)


# ---- Bessel functions ----------------------------------------------------------------------------


@pointwise(rule="float", allows=REAL)
def i0_(input: Expr) -> Expr:
    return i0(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI1Backward0")
def i1_(input: Expr) -> Expr:
    return i1(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI0EBackward0")
def i0e_(input: Expr) -> Expr:
    return i0e(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI1EBackward0")
def i1e_(input: Expr) -> Expr:
    return i1e(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_j0_(input: Expr) -> Expr:
    return bessel_j0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_j1_(input: Expr) -> Expr:
    return bessel_j1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_y0_(input: Expr) -> Expr:
    return bessel_y0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_y1_(input: Expr) -> Expr:
    return bessel_y1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_i0(input: Expr) -> Expr:
    return i0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_i1(input: Expr) -> Expr:
    return i1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_k0(input: Expr) -> Expr:
    return k0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_k1(input: Expr) -> Expr:
    return k1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def scaled_modified_bessel_k0(x: Expr) -> Expr:
    return k0e(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def scaled_modified_bessel_k1(x: Expr) -> Expr:
    return k1e(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def spherical_bessel_j0_(x: Expr) -> Expr:
    return spherical_bessel_j0(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def airy_ai_(x: Expr) -> Expr:
    return airy_ai(x)


# ---- orthogonal polynomials ----------------------------------------------------------------------


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_t(x: Expr, n: Expr) -> Expr:
    return chebyshev_t(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_u(x: Expr, n: Expr) -> Expr:
    return chebyshev_u(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_v(x: Expr, n: Expr) -> Expr:
    return chebyshev_v(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_w(x: Expr, n: Expr) -> Expr:
    return chebyshev_w(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_t(x: Expr, n: Expr) -> Expr:
    return chebyshev_t(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_u(x: Expr, n: Expr) -> Expr:
    return chebyshev_u(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_v(x: Expr, n: Expr) -> Expr:
    return chebyshev_v(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_w(x: Expr, n: Expr) -> Expr:
    return chebyshev_w(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def hermite_polynomial_h(x: Expr, n: Expr) -> Expr:
    return hermite_h(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def hermite_polynomial_he(x: Expr, n: Expr) -> Expr:
    return hermite_he(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def laguerre_polynomial_l(x: Expr, n: Expr) -> Expr:
    return laguerre_l(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def legendre_polynomial_p(x: Expr, n: Expr) -> Expr:
    return legendre_p(x, n)


# ---- parts of a number ---------------------------------------------------------------------------


@pointwise(node_name="FrexpBackward0", partials=lambda y, x: (exp2(-frexp_exponent(x)),))
def frexp_mantissa_(input: Expr) -> Expr:
    """The mantissa that frexp gives."""
    return frexp_mantissa(input)


@pointwise(node_name=None)
def frexp_exponent_(input: Expr) -> Expr:
    """The exponent that frexp gives, as a floating-point number."""
    return frexp_exponent(input)
