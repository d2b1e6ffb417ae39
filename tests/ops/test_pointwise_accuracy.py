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
    "exp": (numpy.exp, (-80, 80), 0.55, 0.85),
    "log": (numpy.log, (0.3, 30), 0.95, 0.95),
    "log2": (numpy.log2, (0.3, 30), 0.51, 1.8),
    "sin": (numpy.sin, (-2000, 2000), 0.65, 1.6),
    "cos": (numpy.cos, (-2000, 2000), 0.65, 1.6),
    "tan": (numpy.tan, (-30, 30), 0.51, 3.0),
    "sinh": (numpy.sinh, (-20, 20), 0.51, 2.2),
    "cosh": (numpy.cosh, (-20, 20), 0.51, 2.2),
    "tanh": (numpy.tanh, (-5, 5), 0.56, 2.7),
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
    assert places(kajo.erf(kajo.from_numpy(x)).numpy(), exact) <= 0.55


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


LOOKED_UP = ("exp", "tanh", "erf", "sin", "cos", "sigmoid", "nn.functional.gelu")


def function_of(name):
    found = kajo
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", LOOKED_UP)
def test_bits_do_not_depend_on_the_place(name):
    """Two vectors at a time, one, and a part of one give the same."""
    function = function_of(name)
    source = numpy.random.default_rng(2)
    x = kajo.from_numpy((source.normal(size=70) * 3).astype(numpy.float32))
    whole = function(x).numpy()
    for start in range(40):
        for length in (1, 7, 15, 16, 17, 30):
            part = function(x[start : start + length]).numpy()
            numpy.testing.assert_array_equal(part, whole[start : start + length])


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_large_angles(name):
    """Angles that have no table take the other way, without loss for their neighbours."""
    small = numpy.linspace(-3, 3, 31, dtype=numpy.float32)
    x = small.copy()
    x[::3] = numpy.array([1599, 1601, -2e4, 3e5, 1e8, 2e9, 1e20, -1e30, 3e38, 5e3, -1.6e3])
    result = function_of(name)(kajo.from_numpy(x)).numpy()
    assert places(result, getattr(numpy, name)(x.astype(extended))) <= 0.65
    kept = function_of(name)(kajo.from_numpy(small)).numpy()
    others = numpy.arange(31) % 3 != 0
    numpy.testing.assert_array_equal(result[others], kept[others])


def test_the_tail_of_gelu():
    """Where the table has ended, digits are kept, without loss for neighbours."""
    x = numpy.array([-7.5, -8, -10, -13, 2, 0.5, -0.25, 9, -1e30, -1e-30], numpy.float32)
    result = function_of("nn.functional.gelu")(kajo.from_numpy(x)).numpy()
    exact = numpy.array([0.5 * v * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    numpy.testing.assert_allclose(result, exact, rtol=2e-5, atol=1e-45)
    numpy.testing.assert_allclose(result[1:], exact[1:], rtol=2e-7, atol=1e-45)
