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
    """input * log(other), and 0 where input is 0 (nan where other is nan).

    >>> import kajo
    >>> kajo.xlogy(kajo.tensor([0.0, 2.0]), kajo.tensor([0.0, 3.0]))
    tensor([0.0000, 2.1972])
    """
    return where(isnan(other), NAN, where(eq(input, 0), 0, input * log(other)))


def _xlog1py_partials(y: Expr, x: Expr, a: Expr) -> tuple[Expr, Expr]:
    return where(eq(x, 0) & (a <= -1), 0, log1p(a)), x / (a + 1)


@pointwise(rule="float", allows=REAL, domain=POSITIVE, node_name="SpecialXlog1PyBackward0",
           partials=_xlog1py_partials)  # fmt: skip
def xlog1py(input: Expr, other: Expr) -> Expr:
    """input * log(1 + other), and 0 where input is 0 (nan where other is nan).

    >>> import kajo
    >>> kajo.special.xlog1py(kajo.tensor([0.0, 2.0]), kajo.tensor([-1.0, 3.0]))
    tensor([0.0000, 2.7726])
    """
    return where(isnan(other), NAN, where(eq(input, 0), 0, input * log1p(other)))


@pointwise(rule="float", allows=REAL, domain=POSITIVE, node_name="SpecialEntrBackward0",
           partials=lambda y, x: (-log(x) - 1,))  # fmt: skip
def entr(input: Expr) -> Expr:
    """-x * log(x), the entropy's summand: 0 for 0 and -inf for negative numbers.

    >>> import kajo
    >>> kajo.special.entr(kajo.tensor([0.0, 0.5, -1.0]))
    tensor([0.0000, 0.3466,   -inf])
    """
    return where(
        input > 0, -input * log(input), where(eq(input, 0), 0, where(input < 0, -INF, input))
    )


# ---- the error function and the normal distribution ----------------------------------------------


@pointwise(rule="float", allows=REAL)
def erf_(input: Expr) -> Expr:
    """The error function: 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.

    >>> import kajo
    >>> kajo.erf(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return erf(input)


@pointwise(rule="float", allows=REAL)
def erfc_(input: Expr) -> Expr:
    """1 - erf(x), precise where erf is near 1.

    >>> import kajo
    >>> kajo.erfc(kajo.tensor([0.0, 3.0]))
    tensor([1.0000e+00, 2.2090e-05])
    """
    return erfc(input)


@pointwise(rule="float", allows=REAL, domain=(-0.95, 0.95), keeps_result=False)
def erfinv_(input: Expr) -> Expr:
    """The number whose error function is input, for input in [-1, 1].

    >>> import kajo
    >>> kajo.erfinv(kajo.tensor([0.0, 0.5]))
    tensor([0.0000, 0.4769])
    """
    return erfinv(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialNdtrBackward0")
def ndtr_(input: Expr) -> Expr:
    """The normal distribution's share below x: erfc(-x / sqrt(2)) / 2.

    >>> import kajo
    >>> kajo.special.ndtr(kajo.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return ndtr(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialErfcxBackward0")
def erfcx_(input: Expr) -> Expr:
    """exp(x*x) * erfc(x), which for large x is about 1 / (x sqrt(pi)).

    >>> import kajo
    >>> kajo.special.erfcx(kajo.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return erfcx(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialLogNdtrBackward0")
def log_ndtr_(input: Expr) -> Expr:
    """log(ndtr(x)), precise for very negative x.

    >>> import kajo
    >>> kajo.special.log_ndtr(kajo.tensor([0.0, -40.0]))
    tensor([-6.9315e-01, -8.0461e+02])
    """
    return log_ndtr(input)


@pointwise(rule="float", allows=REAL, domain=(0.02, 0.98), node_name="SpecialNdtriBackward0")
def ndtri_(input: Expr) -> Expr:
    """The number below which the share x of the normal distribution lies: the inverse of ndtr.

    >>> import kajo
    >>> kajo.special.ndtri(kajo.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """
    return ndtri(input)


# ---- gamma functions -----------------------------------------------------------------------------


@pointwise(rule="float", allows=REAL, domain=POSITIVE)
def lgamma_(input: Expr) -> Expr:
    """The logarithm of the size of the gamma function.

    >>> import kajo
    >>> kajo.lgamma(kajo.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    return lgamma(input)


@pointwise(rule="float", allows=REAL, domain=POSITIVE)
def digamma_(input: Expr) -> Expr:
    """The derivative of lgamma.

    >>> import kajo
    >>> kajo.digamma(kajo.tensor([1.0, 10.0]))
    tensor([-0.5772,  2.2518])
    """
    return digamma(input)


@pointwise(rule="float", allows=REAL, domain=(1.0, 5.0),
           partials=lambda y, x, n: (polygamma(x, n + 1), None))  # fmt: skip
def polygamma_(input: Expr, n: Expr) -> Expr:
    """The derivative of digamma of order n; digamma itself for n = 0.

    >>> import kajo
    >>> kajo.polygamma(1, kajo.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    return polygamma(input, n)


@pointwise(rule="float", allows=REAL, domain=(1.5, 5.0), node_name="SpecialZetaBackward0",
           partials=lambda y, s, q: (None, -s * zeta(s + 1, q)), underivable=["input"])  # fmt: skip
def zeta_(input: Expr, other: Expr) -> Expr:
    """Hurwitz's zeta function: the sum of (other + k)**-input over k = 0, 1, 2, ...; Riemann's for
    other = 1.

    >>> import kajo
    >>> kajo.special.zeta(kajo.tensor([2.0, 4.0]), 1)
    tensor([1.6449, 1.0823])
    """
    return zeta(input, other)


@pointwise(domain=POSITIVE, partials=lambda y, a, x: (None, igamma_slope(a, x)),
           underivable=["input"])  # fmt: skip
def igamma_(input: Expr, other: Expr) -> Expr:
    """The regularised lower incomplete gamma function P(a, x) of a = input and x = other: the
    integral of t**(a-1) exp(-t) from 0 to x, over gamma(a).

    >>> import kajo
    >>> kajo.igamma(kajo.tensor([1.0, 4.0]), kajo.tensor([1.0, 4.0]))
    tensor([0.6321, 0.5665])
    """
    return igamma(input, other)


@pointwise(domain=POSITIVE, partials=lambda y, a, x: (None, -igamma_slope(a, x)),
           underivable=["input"])  # fmt: skip
def igammac_(input: Expr, other: Expr) -> Expr:
    """The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x) of a = input and x =
    other.

    >>> import kajo
    >>> kajo.igammac(kajo.tensor([1.0, 4.0]), kajo.tensor([1.0, 4.0]))
    tensor([0.3679, 0.4335])
    """
    return igammac(input, other)


# ---- Bessel functions ----------------------------------------------------------------------------


@pointwise(rule="float", allows=REAL)
def i0_(input: Expr) -> Expr:
    """The modified Bessel function of the first kind and order 0: the sum of (x*x/4)**k / (k!)**2.

    >>> import kajo
    >>> kajo.i0(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return i0(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI1Backward0")
def i1_(input: Expr) -> Expr:
    """The modified Bessel function of the first kind and order 1, the derivative of i0.

    >>> import kajo
    >>> kajo.special.i1(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return i1(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI0EBackward0")
def i0e_(input: Expr) -> Expr:
    """exp(-abs(x)) * i0(x), which does not overflow.

    >>> import kajo
    >>> kajo.special.i0e(kajo.tensor([0.0, 1000.0]))
    tensor([1.0000, 0.0126])
    """
    return i0e(input)


@pointwise(rule="float", allows=REAL, node_name="SpecialI1EBackward0")
def i1e_(input: Expr) -> Expr:
    """exp(-abs(x)) * i1(x), which does not overflow.

    >>> import kajo
    >>> kajo.special.i1e(kajo.tensor([0.0, 1000.0]))
    tensor([0.0000, 0.0126])
    """
    return i1e(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_j0_(input: Expr) -> Expr:
    """The Bessel function of the first kind and order 0.

    >>> import kajo
    >>> kajo.special.bessel_j0(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return bessel_j0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_j1_(input: Expr) -> Expr:
    """The Bessel function of the first kind and order 1.

    >>> import kajo
    >>> kajo.special.bessel_j1(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return bessel_j1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_y0_(input: Expr) -> Expr:
    """The Bessel function of the second kind and order 0, for x > 0.

    >>> import kajo
    >>> kajo.special.bessel_y0(kajo.tensor([1.0, 2.0]))
    tensor([0.0883, 0.5104])
    """
    return bessel_y0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def bessel_y1_(input: Expr) -> Expr:
    """The Bessel function of the second kind and order 1, for x > 0.

    >>> import kajo
    >>> kajo.special.bessel_y1(kajo.tensor([1.0, 2.0]))
    tensor([-0.7812, -0.1070])
    """
    return bessel_y1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_i0(input: Expr) -> Expr:
    """The modified Bessel function of the first kind and order 0.

    >>> import kajo
    >>> kajo.special.modified_bessel_i0(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return i0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_i1(input: Expr) -> Expr:
    """The modified Bessel function of the first kind and order 1.

    >>> import kajo
    >>> kajo.special.modified_bessel_i1(kajo.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return i1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_k0(input: Expr) -> Expr:
    """The modified Bessel function of the second kind and order 0, for x > 0.

    >>> import kajo
    >>> kajo.special.modified_bessel_k0(kajo.tensor([1.0, 2.0]))
    tensor([0.4210, 0.1139])
    """
    return k0(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def modified_bessel_k1(input: Expr) -> Expr:
    """The modified Bessel function of the second kind and order 1, for x > 0.

    >>> import kajo
    >>> kajo.special.modified_bessel_k1(kajo.tensor([1.0, 2.0]))
    tensor([0.6019, 0.1399])
    """
    return k1(input)


@pointwise(rule="float", allows=REAL, node_name=None)
def scaled_modified_bessel_k0(x: Expr) -> Expr:
    """exp(x) * modified_bessel_k0(x), which does not vanish early.

    >>> import kajo
    >>> kajo.special.scaled_modified_bessel_k0(kajo.tensor([1.0, 1000.0]))
    tensor([1.1445, 0.0396])
    """
    return k0e(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def scaled_modified_bessel_k1(x: Expr) -> Expr:
    """exp(x) * modified_bessel_k1(x), which does not vanish early.

    >>> import kajo
    >>> kajo.special.scaled_modified_bessel_k1(kajo.tensor([1.0, 1000.0]))
    tensor([1.6362, 0.0396])
    """
    return k1e(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def spherical_bessel_j0_(x: Expr) -> Expr:
    """The spherical Bessel function of order 0: sin(x) / x.

    >>> import kajo
    >>> kajo.special.spherical_bessel_j0(kajo.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    return spherical_bessel_j0(x)


@pointwise(rule="float", allows=REAL, node_name=None)
def airy_ai_(x: Expr) -> Expr:
    """Airy's function Ai, the solution of y'' = x y that vanishes for large x.

    >>> import kajo
    >>> kajo.special.airy_ai(kajo.tensor([-2.0, 0.0, 2.0]))
    tensor([0.2274, 0.3550, 0.0349])
    """
    return airy_ai(x)


# ---- orthogonal polynomials ----------------------------------------------------------------------


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_t(x: Expr, n: Expr) -> Expr:
    """The Chebyshev polynomial of the first kind of degree n: T_n(cos t) = cos(n t).

    >>> import kajo
    >>> kajo.special.chebyshev_polynomial_t(kajo.tensor([0.5, 2.0]), 3)
    tensor([-1., 26.])
    """
    return chebyshev_t(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_u(x: Expr, n: Expr) -> Expr:
    """The Chebyshev polynomial of the second kind of degree n: U_n(cos t) = sin((n + 1) t) /
    sin(t).

    >>> import kajo
    >>> kajo.special.chebyshev_polynomial_u(kajo.tensor([0.5, 2.0]), 3)
    tensor([-1., 56.])
    """
    return chebyshev_u(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_v(x: Expr, n: Expr) -> Expr:
    """The Chebyshev polynomial of the third kind of degree n: V_n(cos t) = cos((n + 1/2) t) / cos(t
    / 2).

    >>> import kajo
    >>> kajo.special.chebyshev_polynomial_v(kajo.tensor([0.5, 2.0]), 3)
    tensor([-1., 41.])
    """
    return chebyshev_v(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def chebyshev_polynomial_w(x: Expr, n: Expr) -> Expr:
    """The Chebyshev polynomial of the fourth kind of degree n: W_n(cos t) = sin((n + 1/2) t) /
    sin(t / 2).

    >>> import kajo
    >>> kajo.special.chebyshev_polynomial_w(kajo.tensor([0.5, 2.0]), 3)
    tensor([-1., 71.])
    """
    return chebyshev_w(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_t(x: Expr, n: Expr) -> Expr:
    """chebyshev_polynomial_t(2 x - 1, n), orthogonal over [0, 1].

    >>> import kajo
    >>> kajo.special.shifted_chebyshev_polynomial_t(kajo.tensor([0.5, 2.0]), 3)
    tensor([-0., 99.])
    """
    return chebyshev_t(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_u(x: Expr, n: Expr) -> Expr:
    """chebyshev_polynomial_u(2 x - 1, n), orthogonal over [0, 1].

    >>> import kajo
    >>> kajo.special.shifted_chebyshev_polynomial_u(kajo.tensor([0.5, 2.0]), 3)
    tensor([ -0., 204.])
    """
    return chebyshev_u(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_v(x: Expr, n: Expr) -> Expr:
    """chebyshev_polynomial_v(2 x - 1, n), orthogonal over [0, 1].

    >>> import kajo
    >>> kajo.special.shifted_chebyshev_polynomial_v(kajo.tensor([0.5, 2.0]), 3)
    tensor([  1., 169.])
    """
    return chebyshev_v(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def shifted_chebyshev_polynomial_w(x: Expr, n: Expr) -> Expr:
    """chebyshev_polynomial_w(2 x - 1, n), orthogonal over [0, 1].

    >>> import kajo
    >>> kajo.special.shifted_chebyshev_polynomial_w(kajo.tensor([0.5, 2.0]), 3)
    tensor([ -1., 239.])
    """
    return chebyshev_w(2 * x - 1, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def hermite_polynomial_h(x: Expr, n: Expr) -> Expr:
    """The physicists' Hermite polynomial of degree n: H_{n+1} = 2 x H_n - 2 n H_{n-1}.

    >>> import kajo
    >>> kajo.special.hermite_polynomial_h(kajo.tensor([0.5, 2.0]), 3)
    tensor([-5., 40.])
    """
    return hermite_h(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def hermite_polynomial_he(x: Expr, n: Expr) -> Expr:
    """The probabilists' Hermite polynomial of degree n: He_{n+1} = x He_n - n He_{n-1}.

    >>> import kajo
    >>> kajo.special.hermite_polynomial_he(kajo.tensor([0.5, 2.0]), 3)
    tensor([-1.3750,  2.0000])
    """
    return hermite_he(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def laguerre_polynomial_l(x: Expr, n: Expr) -> Expr:
    """The Laguerre polynomial of degree n: (n + 1) L_{n+1} = (2 n + 1 - x) L_n - n L_{n-1}.

    >>> import kajo
    >>> kajo.special.laguerre_polynomial_l(kajo.tensor([0.5, 2.0]), 3)
    tensor([-0.1458, -0.3333])
    """
    return laguerre_l(x, n)


@pointwise(rule="float", allows=REAL, node_name=None)
def legendre_polynomial_p(x: Expr, n: Expr) -> Expr:
    """The Legendre polynomial of degree n: (n + 1) P_{n+1} = (2 n + 1) x P_n - n P_{n-1}.

    >>> import kajo
    >>> kajo.special.legendre_polynomial_p(kajo.tensor([0.5, 2.0]), 3)
    tensor([-0.4375, 17.0000])
    """
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
