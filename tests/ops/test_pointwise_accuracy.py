"""Element-wise functions against extended precision, in units of the result's last place."""

import math

import numpy
import pytest

import kajo

extended = numpy.longdouble
pytestmark = pytest.mark.skipif(
    numpy.finfo(extended).nmant < 63, reason="needs numbers of more than 53 bits to compare with"
)

LARGEST = {  # error; for float32 and float64
    "exp": (numpy.exp, (-80, 80), 0.85, 0.85),
    "log": (numpy.log, (0.3, 30), 0.95, 0.95),
    "log2": (numpy.log2, (0.3, 30), 0.51, 1.8),
    "sin": (numpy.sin, (-300, 300), 1.0, 1.6),
    "cos": (numpy.cos, (-300, 300), 1.0, 1.6),
    "tan": (numpy.tan, (-30, 30), 0.51, 3.0),
    "sinh": (numpy.sinh, (-20, 20), 0.51, 2.2),
    "cosh": (numpy.cosh, (-20, 20), 0.51, 2.2),
    "tanh": (numpy.tanh, (-5, 5), 1.3, 2.7),
    "asinh": (numpy.arcsinh, (-20, 20), 0.51, 1.8),
    "acosh": (numpy.arccosh, (1, 20), 0.51, 3.0),
    "atanh": (numpy.arctanh, (-1, 1), 0.51, 2.0),
}


def places(result, exact):
    """The largest error, in units of the last place of the exact value."""
    mantissa = numpy.finfo(result.dtype).nmant
    unit = numpy.ldexp(extended(1), numpy.frexp(exact)[1] - 1 - mantissa)
    return float((numpy.abs(result.astype(extended) - exact) / unit).max())


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", LARGEST)
def test_functions(name, at):
    function, interval, *largest = LARGEST[name]
    dtype = (numpy.float32, numpy.float64)[at]
    x = numpy.random.default_rng(1).uniform(*interval, 20000).astype(dtype)
    result = getattr(kajo, name)(kajo.from_numpy(x)).numpy()
    assert places(result, function(x.astype(extended))) <= largest[at]


def test_erf():
    x = numpy.random.default_rng(1).uniform(-4, 4, 20000).astype(numpy.float32)
    exact = numpy.array([math.erf(v) for v in x.tolist()], extended)
    assert places(kajo.erf(kajo.from_numpy(x)).numpy(), exact) <= 1.2


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_powers(dtype):
    source = numpy.random.default_rng(1)
    x = source.uniform(0.01, 20, 20000).astype(dtype)
    y = source.uniform(-15, 15, 20000).astype(dtype)
    exact = x.astype(extended) ** y.astype(extended)
    result = kajo.pow(kajo.from_numpy(x), kajo.from_numpy(y)).numpy()
    assert places(result, exact) <= (0.51 if dtype is numpy.float32 else 0.75)


def test_powers_at_the_edges():
    """Zeros, infinities, nan, and the ends of the range."""
    infinity, nan = math.inf, math.nan
    for x, y, expected in (
        (0.0, 3.0, 0.0), (-0.0, 3.0, -0.0), (-0.0, -3.0, -infinity), (0.0, -2.5, infinity),
        (-2.0, 3.0, -8.0), (-2.0, 0.5, nan), (-1.0, infinity, 1.0), (1.0, nan, 1.0), (nan, 0.0, 1.0),
        (2.0, 1e5, infinity), (2.0, -1e5, 0.0), (0.5, -infinity, infinity), (-infinity, 3.0, -infinity),
        (-infinity, -2.0, 0.0), (5e-324, 1.0, 5e-324), (5e-324, 0.5, 2.2227587494850775e-162),
        (1.7976931348623157e308, 1.0, 1.7976931348623157e308), (2.0, -1074.0, 5e-324),
    ):  # fmt: skip
        result = kajo.full((9,), x, dtype=kajo.float64).pow(y).numpy()
        other = kajo.pow(
            kajo.full((9,), x, dtype=kajo.float64), kajo.full((9,), y, dtype=kajo.float64)
        ).numpy()
        wanted = numpy.full(9, expected)
        numpy.testing.assert_array_equal(other, wanted)
        numpy.testing.assert_array_equal(numpy.signbit(other), numpy.signbit(wanted))
        numpy.testing.assert_allclose(result, wanted, rtol=1e-15)
