"""Special functions: accuracy against mpmath, special values, derivatives, forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

import kajo
from kajo import special

INF, NAN = math.inf, math.nan

# name: (function of mpmath, samples, largest relative error in float64)
ANY = [
    -700.0,
    -60.5,
    -19.9,
    -3.0,
    -1e-3,
    1e-200,
    1e-9,
    0.5,
    1.0,
    2.5,
    7.75,
    20.0,
    20.5,
    88.0,
    700.0,
]
RIGHT = [1e-200, 1e-9, 0.3, 0.99, 1.0, 1.7, 2.0, 9.5, 30.0, 250.0, 600.0]
SMALL = [-26.0, -5.0, -0.7, 1e-9, 0.4, 1.0, 3.0, 25.0, 30.0, 1e5, 1e12]
SHARE = [1e-300, 1e-40, 1e-9, 0.01, 0.149, 0.151, 0.3, 0.5000001, 0.8, 0.9, 0.999]
ONE = {
    "i0": (lambda m, x: m.besseli(0, x), ANY, 3e-15),
    "i1": (lambda m, x: m.besseli(1, x), ANY, 3e-15),
    "i0e": (lambda m, x: m.besseli(0, x) * m.exp(-abs(x)), ANY, 3e-15),
    "i1e": (lambda m, x: m.besseli(1, x) * m.exp(-abs(x)), ANY, 3e-15),
    "modified_bessel_i0": (lambda m, x: m.besseli(0, x), ANY, 3e-15),
    "modified_bessel_i1": (lambda m, x: m.besseli(1, x), ANY, 3e-15),
    "modified_bessel_k0": (lambda m, x: m.besselk(0, x), RIGHT, 3e-15),
    "modified_bessel_k1": (lambda m, x: m.besselk(1, x), RIGHT, 3e-15),
    "scaled_modified_bessel_k0": (lambda m, x: m.besselk(0, x) * m.exp(x), RIGHT, 3e-15),
    "scaled_modified_bessel_k1": (lambda m, x: m.besselk(1, x) * m.exp(x), RIGHT, 3e-15),
    "bessel_j0": (lambda m, x: m.besselj(0, x), [-9.5, 1e-9, 0.5, 2.0, 7.0, 30.5, 900.0], 1e-14),
    "bessel_j1": (lambda m, x: m.besselj(1, x), [-9.5, 1e-9, 0.5, 2.0, 6.5, 30.5, 900.0], 1e-14),
    "bessel_y0": (lambda m, x: m.bessely(0, x), [1e-9, 0.5, 2.0, 6.5, 30.5, 900.0], 1e-14),
    "bessel_y1": (lambda m, x: m.bessely(1, x), [1e-9, 0.5, 2.5, 6.5, 30.5, 900.0], 1e-14),
    "spherical_bessel_j0": (lambda m, x: m.sinc(x), [-7.0, 1e-9, 0.5, 40.5], 1e-15),
    "airy_ai": (lambda m, x: m.airyai(x), [-30.2, -10.5, -8.6, -1.5, 0.0, 1.9, 2.1, 9.0], 3e-14),
    "erfcx": (lambda m, x: m.exp(x * x) * m.erfc(x), SMALL, 3e-15),
    "log_ndtr": (lambda m, x: m.log(m.ncdf(x)), [-38.0, -9.0, -1.01, -0.99, 0.0, 2.0, 8.0], 3e-15),
    "ndtri": (lambda m, p: _quantile(m, p), SHARE, 3e-15),
    "entr": (lambda m, x: -x * m.log(x), [1e-300, 0.4, 7.0], 1e-15),
    "digamma": (lambda m, x: m.digamma(x), [-7.3, -0.2, 1e-9, 0.7, 5.0, 1e9], 3e-15),
    "gammaln": (lambda m, x: m.loggamma(x), [1e-9, 0.7, 5.5, 1e9], 2e-15),
}  # fmt: skip
AREAS = [0.01, 0.4, 1.0, 7.5, 30.0, 200.0]
ZETA = [(1.001, 0.1), (2.0, 1.0), (3.5, 13.0), (11.0, 13.0), (40.0, 0.5), (100.0, 1.0), (3.0, -0.3)]
TWO = {
    "zeta": (lambda m, s, q: m.zeta(s, q), ZETA[:-1], 2e-15),
    "gammainc": (
        lambda m, a, x: m.gammainc(a, 0, x, regularized=True),
        [(a, x) for a in AREAS for x in [1e-3, 0.5, 1.05, 2.0, 7.0, 33.0, 190.0]],
        1e-13,
    ),
    "gammaincc": (
        lambda m, a, x: m.gammainc(a, x, m.inf, regularized=True),
        [(a, x) for a in AREAS for x in [1e-3, 0.5, 1.05, 2.0, 7.0, 33.0, 190.0]],
        1e-13,
    ),
    "xlog1py": (lambda m, x, y: x * m.log1p(y), [(2.0, 1e-9), (0.5, 3.0)], 1e-15),
}
DEGREES = [0, 1, 2, 5, 8, 9, 20]
POLYNOMIALS = {
    "chebyshev_polynomial_t": lambda m, n, x: m.chebyt(n, x),
    "chebyshev_polynomial_u": lambda m, n, x: m.chebyu(n, x),
    "chebyshev_polynomial_v": lambda m, n, x: m.chebyu(n, x) - (m.chebyu(n - 1, x) if n else 0),
    "chebyshev_polynomial_w": lambda m, n, x: m.chebyu(n, x) + (m.chebyu(n - 1, x) if n else 0),
    "hermite_polynomial_h": lambda m, n, x: m.hermite(n, x),
    "hermite_polynomial_he": lambda m, n, x: m.hermite(n, x / m.sqrt(2)) / m.sqrt(2) ** n,
    "laguerre_polynomial_l": lambda m, n, x: sum(
        m.binomial(n, k) * (-x) ** k / m.factorial(k) for k in range(n + 1)
    ),
    "legendre_polynomial_p": lambda m, n, x: m.legendre(n, x),
}


def _quantile(m, p):
    start = -m.sqrt(-2 * m.log(p)) if p < 0.1 else m.mpf(0)
    return m.findroot(lambda z: m.log(m.ncdf(z)) - m.log(p), start)


@pytest.fixture
def m():
    mpmath = pytest.importorskip("mpmath")
    context = mpmath.mp.clone()
    context.dps = 60
    return context


def assert_close(actual, expected, limit, where):
    if expected == 0 or abs(expected) < 1e-300:
        assert abs(actual) < 1e-299, where
    else:
        assert abs(actual - expected) <= limit * abs(expected), (where, actual, expected)


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_number(name, m):
    exact, points, limit = ONE[name]
    found = getattr(special, name)(kajo.tensor(points, dtype=kajo.float64)).tolist()
    for x, y in zip(points, found):
        assert_close(y, exact(m, m.mpf(x)), limit, (name, x))
    single = getattr(special, name)(kajo.tensor(points, dtype=kajo.float32))
    rounded = [float(np.float32(x)) for x in points]
    double = getattr(special, name)(kajo.tensor(rounded, dtype=kajo.float64)).numpy()
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(single.numpy(), double.astype(np.float32), rtol=2.5e-7)


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers(name, m):
    exact, points, limit = TWO[name]
    first, second = (kajo.tensor(list(x), dtype=kajo.float64) for x in zip(*points))
    for point, y in zip(points, getattr(special, name)(first, second).tolist()):
        assert_close(y, exact(m, *map(m.mpf, point)), limit, (name, point))


def test_incomplete_gamma_where_both_arguments_are_large(m):
    """Near a = x, where the series have many terms, and beyond, where other formulas begin."""
    for a in (9999.0, 10001.0, 1e6):
        for steps in (-8.0, -1.0, 0.0, 2.0, 7.0):
            x = a + steps * math.sqrt(a)
            ends = [a + z * m.sqrt(a) for z in range(-40, 41, 5)]
            density = lambda t, a=a: m.exp((a - 1) * m.log(t) - t - m.loggamma(a))  # noqa: E731
            below = m.quad(density, [e for e in ends if e < x] + [m.mpf(x)])
            above = m.quad(density, [m.mpf(x)] + [e for e in ends if e > x])
            pair = kajo.tensor(a, dtype=kajo.float64), kajo.tensor(x, dtype=kajo.float64)
            assert_close(special.gammainc(*pair).item(), below, 1e-12, (a, x))
            assert_close(special.gammaincc(*pair).item(), above, 1e-12, (a, x))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_polygamma(n, m):
    points = [1e-5, 0.1, 0.7, 1.0, 2.5, 13.0, 1e6, -0.3, -1.6, -7.25]
    found = special.polygamma(n, kajo.tensor(points, dtype=kajo.float64)).tolist()
    for x, y in zip(points, found):
        assert_close(y, m.polygamma(n, m.mpf(x)), 1e-13, (n, x))
    x = kajo.tensor(points)
    assert x.polygamma(n).tolist() == kajo.polygamma(n, x).tolist() == x.polygamma_(n).tolist()


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(name, m):
    points = [-2.5, -1.0, -0.7, 0.0, 0.3, 0.999, 1.0, 1.5]
    f = getattr(special, name)
    for n in DEGREES:
        for x, y in zip(points, f(kajo.tensor(points, dtype=kajo.float64), n).tolist()):
            expected = POLYNOMIALS[name](m, n, m.mpf(x))
            assert abs(y - expected) <= 1e-13 * max(abs(expected), 1), (name, n, x, y)
    assert f(kajo.tensor([0.3]), -1).tolist() == [0.0]
    assert (
        f(0.3, kajo.tensor([2, 0])).tolist()
        == f(kajo.tensor([0.3, 0.3]), kajo.tensor([2, 0])).tolist()
    )
    if name.startswith("chebyshev"):
        x = kajo.tensor(points, dtype=kajo.float64)
        assert getattr(special, f"shifted_{name}")(x, 4).tolist() == f(2 * x - 1, 4).tolist()


SPECIAL_VALUES = [
    ("i0", [0, INF, -INF, NAN], [1, INF, INF, NAN]),
    ("i1", [0, -0.0, INF, -INF], [0, -0.0, INF, -INF]),
    ("i0e", [0, INF, -INF], [1, 0, 0]),
    ("i1e", [0, INF, -INF], [0, 0, -0.0]),
    ("modified_bessel_k0", [0, -1, INF, NAN], [INF, NAN, 0, NAN]),
    ("scaled_modified_bessel_k1", [0, -1, INF], [INF, NAN, 0]),
    ("bessel_j0", [0, INF], [1, 0]),
    ("bessel_y0", [0, -1, INF], [-INF, NAN, 0]),
    ("bessel_y1", [0, -1], [-INF, NAN]),
    ("spherical_bessel_j0", [0, INF, -INF, NAN], [1, 0, 0, NAN]),
    ("airy_ai", [INF, NAN], [0, NAN]),
    ("erfcx", [0, INF, -INF, NAN], [1, 0, INF, NAN]),
    ("log_ndtr", [INF, -INF, NAN], [0, -INF, NAN]),
    ("ndtri", [0, 1, 0.5, -0.1, 1.1, NAN], [-INF, INF, 0, NAN, NAN, NAN]),
    ("entr", [0, -1, INF, NAN], [0, -INF, -INF, NAN]),
]


@pytest.mark.parametrize(("name", "points", "expected"), SPECIAL_VALUES)
def test_special_values(name, points, expected):
    for dtype in (kajo.float32, kajo.float64):
        found = getattr(special, name)(kajo.tensor(points, dtype=dtype)).numpy()
        np.testing.assert_allclose(found, np.array(expected, found.dtype), rtol=3e-16)


def test_special_values_of_two_arguments():
    def call(f, *pairs):
        return f(*(kajo.tensor(list(x), dtype=kajo.float64) for x in zip(*pairs))).tolist()

    zeta = call(special.zeta, (2, 0), (2, -1), (1, 2), (2, INF))
    assert zeta == [INF, INF, INF, 0]
    assert all(map(math.isnan, call(special.zeta, (2.5, -0.5), (0.5, 2), (2, NAN), (NAN, 2))))
    pairs = [(0, 1), (INF, 1), (1, INF), (1, 0), (0, INF), (2, 1e-30), (1e-310, 1), (1e300, 1e300)]
    assert call(kajo.igamma, *pairs) == pytest.approx([1, 0, 1, 0, 1, 5e-61, 1, 0.5])
    assert call(kajo.igammac, *pairs) == pytest.approx([0, 1, 0, 1, 0, 1, 0, 0.5])
    outside = [(0, 0), (INF, INF), (-1, 1), (1, -1), (NAN, 1), (1, NAN)]
    assert all(map(math.isnan, call(kajo.igamma, *outside) + call(kajo.igammac, *outside)))


DIFFERENTIABLE = {
    "i0": 1.3, "i0e": -0.7, "i1": 2.1, "i1e": 0.4, "erfcx": 0.6, "log_ndtr": -2.0, "ndtri": 0.3,
    "entr": 0.8, "digamma": -1.3, "gammaln": 2.2, "ndtr": 0.4,
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives(name):
    f = getattr(special, name)
    points = kajo.tensor([DIFFERENTIABLE[name]], dtype=kajo.float64, requires_grad=True)
    assert kajo.autograd.gradcheck(f, (points,))
    assert kajo.autograd.gradgradcheck(f, (points,))


def test_derivatives_by_the_second_argument():
    x = kajo.tensor([0.4, 2.5], dtype=kajo.float64, requires_grad=True)
    a = kajo.tensor([1.5, 2.0], dtype=kajo.float64)
    for f in (special.zeta, special.gammainc, special.gammaincc):
        assert kajo.autograd.gradcheck(lambda x, f=f: f(a, x), (x,))
        assert kajo.autograd.gradgradcheck(lambda x, f=f: f(a, x), (x,))
    for n in (1, 2, 3):
        assert kajo.autograd.gradcheck(lambda x, n=n: kajo.polygamma(n, x), (x,))


def test_unknown_derivatives_are_refused():
    a = kajo.tensor([1.5, 2.0], requires_grad=True)
    for f in (special.zeta, special.gammainc, special.gammaincc):
        y = f(a, kajo.tensor([0.5, 1.0])).sum()
        with pytest.raises(NotImplementedError, match="argument 0"):
            y.backward()


def test_derivatives_at_the_edges():
    x = kajo.zeros(1, dtype=kajo.float64, requires_grad=True)
    for f, expected in ((special.i1, 0.5), (special.i1e, 0.5), (special.i0, 0.0)):
        (slope,) = kajo.autograd.grad(f(x).sum(), x, create_graph=True)
        assert slope.item() == expected
        assert kajo.autograd.grad(slope.sum(), x)[0].isfinite().all()


def test_frexp():
    x = kajo.tensor([0.0, -0.0, 1.0, -0.3, 1e-310, INF, -INF, NAN], dtype=kajo.float64)
    mantissa, exponent = kajo.frexp(x)
    expected = np.frexp(x.numpy())
    np.testing.assert_array_equal(mantissa.numpy(), expected[0])
    assert exponent.dtype == kajo.int32
    assert exponent.tolist() == [0, 0, 1, -1, -1029, 0, 0, 0]
    y = kajo.tensor([3.0, -0.2], requires_grad=True)
    y.frexp().mantissa.sum().backward()
    assert y.grad is not None and y.grad.tolist() == [0.25, 4.0]
    for dtype in (kajo.float16, kajo.bfloat16):
        assert kajo.frexp(kajo.tensor([12.0], dtype=dtype)).mantissa.dtype == dtype
    with pytest.raises(RuntimeError, match="floating-point"):
        kajo.frexp(kajo.tensor([1]))


def test_multivariate_gamma(m):
    x = kajo.tensor([2.5, 7.0], dtype=kajo.float64)
    for p in (1, 2, 4):
        expected = [
            m.log(m.pi) * p * (p - 1) / 4 + sum(m.loggamma(v - m.mpf(i) / 2) for i in range(p))
            for v in x.tolist()
        ]
        for y, e in zip(special.multigammaln(x, p).tolist(), expected):
            assert_close(y, e, 1e-14, p)
    assert kajo.mvlgamma(kajo.tensor([3]), 2).dtype == kajo.float32
    with pytest.raises(RuntimeError, match="p has to be greater"):
        kajo.mvlgamma(x, 0)


def test_integers_and_errors():
    assert special.i0(kajo.tensor([0, 1])).dtype == kajo.float32
    assert special.airy_ai(kajo.tensor([True])).dtype == kajo.float32
    assert special.zeta(2, kajo.tensor([1])).tolist() == pytest.approx([math.pi**2 / 6])
    with pytest.raises(NotImplementedError):
        kajo.igamma(kajo.tensor([1]), kajo.tensor([2]))
    with pytest.raises(RuntimeError, match="negative n"):
        kajo.polygamma(-1, kajo.ones(1))
    assert not special.bessel_j0(kajo.ones(1, requires_grad=True)).requires_grad
