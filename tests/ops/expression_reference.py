"""Evaluates expressions of the table with NumPy, primitive by primitive."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import NormalDist

import numpy as np

sys.path.append(str(Path(__file__).parents[2] / "kajo"))

from ops.expression import Expr, order
from ops.pointwise import OPERATIONS as OPERATIONS

Array = np.ndarray


def _sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0, -x))


def _each(f: Callable[..., float]) -> Callable[..., Array]:
    return np.vectorize(f, otypes=[float])


def _digamma(x: float) -> float:
    shift = 0.0
    while x < 30:
        shift, x = shift + 1 / x, x + 1
    series = 1 / (12 * x**2) - 1 / (120 * x**4) + 1 / (252 * x**6) - 1 / (240 * x**8)
    return math.log(x) - 0.5 / x - series - shift


def _zeta(s: float, q: float) -> float:
    direct = sum((q + k) ** -s for k in range(40))
    w = q + 40
    tail = w ** (1 - s) / (s - 1) + 0.5 * w**-s + s * w ** (-s - 1) / 12
    return direct + tail - s * (s + 1) * (s + 2) * w ** (-s - 3) / 720


def _erfinv(y: float) -> float:
    x = 0.0
    for _ in range(100):
        x += (y - math.erf(x)) * math.sqrt(math.pi) / 2 * math.exp(x * x)
    return x


def _modified_bessel(order: int, x: float) -> float:
    turn = (np.arange(200) + 0.5) * np.pi / 200
    return float(np.mean(np.exp(x * np.cos(turn)) * np.cos(order * turn)))


def _igamma(a: float, x: float) -> float:
    return sum(
        math.exp((a + k) * math.log(x) - x - math.lgamma(a + k + 1)) for k in range(80)
    )  # fmt: skip


# Between whole orders the sign turns with the cosine, so that each is the derivative of the last.
def _polygamma(x: float, n: float) -> float:
    return -math.cos(math.pi * n) * math.gamma(n + 1) * _zeta(n + 1, x)


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "lt": np.less, "le": np.less_equal, "eq": np.equal, "and": np.logical_and,
    "or": np.logical_or, "xor": np.logical_xor, "not": np.logical_not, "where": np.where,
    "max": np.maximum, "min": np.minimum, "abs": np.abs, "sign": np.sign, "sgn": np.sign,
    "floor": np.floor, "trunc": np.trunc, "rint": np.rint, "sqrt": np.sqrt, "pow": np.power,
    "rsqrt": lambda x: 1 / np.sqrt(x), "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1,
    "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "sinc": np.sinc, "hypot": np.hypot,
    "copysign": np.copysign, "fmod": np.fmod, "remainder": np.mod,
    "floor_divide": np.floor_divide, "nextafter": np.nextafter, "sigmoid": _sigmoid,
    "softplus": lambda x: np.logaddexp(0, x), "logit": lambda x: np.log(x / (1 - x)),
    "erf": _each(math.erf), "erfc": _each(math.erfc), "erfinv": _each(_erfinv),
    "ndtr": _each(lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5))), "lgamma": _each(math.lgamma),
    "gelu": _each(lambda x: 0.5 * x * math.erfc(-x * math.sqrt(0.5))),
    "gelu_slope": _each(lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5))
                        + x * math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)),
    "digamma": _each(_digamma), "zeta": _each(_zeta), "polygamma": _each(_polygamma),
    "igamma": _each(_igamma), "igammac": _each(lambda a, x: 1 - _igamma(a, x)),
    "erfcx": _each(lambda x: math.exp(x * x) * math.erfc(x)),
    "log_ndtr": _each(lambda x: math.log(0.5 * math.erfc(-x * math.sqrt(0.5)))),
    "ndtri": _each(NormalDist().inv_cdf),
    "i0": _each(lambda x: _modified_bessel(0, x)), "i1": _each(lambda x: _modified_bessel(1, x)),
    "i0e": _each(lambda x: _modified_bessel(0, x) * math.exp(-abs(x))),
    "i1e": _each(lambda x: _modified_bessel(1, x) * math.exp(-abs(x))),
    "frexp_mantissa": lambda x: np.frexp(x)[0], "frexp_exponent": lambda x: np.frexp(x)[1],
}  # fmt: skip


def evaluate(root: Expr, values: Mapping[str, Array]) -> Array:
    """The value of an expression for these values of its variables."""
    found: dict[Expr, Array] = {}
    for e in order(root):
        arguments = [found[a] for a in e.args]
        if e.op == "var":
            found[e] = values[str(e.val)]
        elif e.op == "const":
            found[e] = np.float64(str(e.val))
        elif e.op == "powi":
            found[e] = arguments[0] ** int(str(e.val))
        else:
            found[e] = FUNCTIONS[e.op](*arguments)
    return found[root]
