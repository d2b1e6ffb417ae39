"""Element-wise operations: arithmetic, rounding, extremes, integer and bit operations."""

from __future__ import annotations

import math
from collections.abc import Callable

from .expression import Expr, Number, eq, isnan, node, where
from .operation import alias, conj, pointwise
from .primitives import (
    INF,
    abs_,
    copysign,
    floor,
    fmod,
    hypot,
    max_,
    min_,
    nextafter,
    remainder,
    rint,
    rsqrt_,
    sign,
    sign_bit_set,
    sqrt,
    trunc,
)
from .primitives import floor_divide as floor_quotient
from .primitives_elementary import atan2, exp2, log, pow_

NUMBERS = "float int complex"
ALL = "float int bool complex"


def zero(*args: Expr, **scalars: Expr) -> tuple[float, ...]:
    """The partial derivatives of what is constant almost everywhere."""
    return (0.0,) * (len(args) - 1)


# ---- sums and products ---------------------------------------------------------------------------


@pointwise(allows=ALL)
def add(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    return input + alpha * other


@pointwise(allows=NUMBERS)
def sub(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    return input - alpha * other


@pointwise(allows=NUMBERS)
def rsub(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    return other - alpha * input


alias("rsub_scalar", "rsub", "rsub", "RsubBackward1")


@pointwise(allows=ALL)
def mul(input: Expr, other: Expr) -> Expr:
    return input * other


def _quotient_partials(y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    return 1 / b, -(y / b)


@pointwise(rule="float", allows=ALL, partials=_quotient_partials)
def div(input: Expr, other: Expr) -> Expr:
    return input / other


def _whole_quotient(op: str) -> Callable[[Expr, Expr], Expr]:
    return lambda a, b: node(op, a, b)


@pointwise(name="div", node_name="DivBackward2", allows="float int", checks_zero_divisor=True,
           integer=_whole_quotient("floor_divide"), partials=zero)  # fmt: skip
def div_floor(input: Expr, other: Expr) -> Expr:
    return floor_quotient(input, other)


alias("floor_divide", "div_floor", "floor_divide", None)


@pointwise(name="div", node_name="DivBackward2", allows="float int", checks_zero_divisor=True,
           integer=_whole_quotient("trunc_divide"), partials=zero)  # fmt: skip
def div_trunc(input: Expr, other: Expr) -> Expr:
    return trunc(input / other)


def _remainder_partials(y: Expr, a: Expr, b: Expr) -> tuple[float, Expr]:
    return 1, -floor_quotient(a, b)


@pointwise(node_name="RemainderBackward1", allows="float int", checks_zero_divisor=True,
           partials=_remainder_partials)  # fmt: skip
def remainder_(input: Expr, other: Expr) -> Expr:
    return remainder(input, other)


alias("remainder_scalar", "remainder", "remainder", "RemainderBackward0")


@pointwise(node_name="FmodBackward1", allows="float int", checks_zero_divisor=True)
def fmod_(input: Expr, other: Expr) -> Expr:
    return fmod(input, other)


alias("fmod_scalar", "fmod", "fmod", "FmodBackward0")


def _complex_pow_partials(z: Expr, x: Expr, y: Expr) -> tuple[Expr, Expr]:
    vanishes = eq(x, 0) & (node("real", y) >= 0)
    return where(eq(y, 0), 0, y * pow_(x, y - 1)), where(vanishes, 0, z * log(x))


@pointwise(node_name="PowBackward1", allows="float int complex", domain=(0.01, 5),
           complex_partials=_complex_pow_partials)  # fmt: skip
def pow(input: Expr, exponent: Expr) -> Expr:
    return pow_(input, exponent)


def _power_partials(y: Expr, x: Expr, exponent: Expr) -> tuple[Expr]:
    return (where(eq(exponent, 0), 0, exponent * pow_(x, exponent - 1)),)


def _complex_power(x: Expr, *, exponent: Number) -> Expr:
    return where(eq(exponent, 0), 1, pow_(x, exponent))  # a logarithm of 0 would make it nan


def _complex_power_partials(y: Expr, x: Expr, exponent: Expr) -> tuple[Expr]:
    slope = exponent * where(eq(exponent, 1), 1, pow_(x, exponent - 1))
    return (where(eq(exponent, 0), 0, slope),)


@pointwise(name="pow", allows="float int complex", domain=(0.01, 5), partials=_power_partials,
           complex_formula=_complex_power, complex_partials=_complex_power_partials)  # fmt: skip
def pow_scalar(input: Expr, *, exponent: Number = 2.0) -> Expr:
    return pow_(input, exponent)


@pointwise(node_name="PowBackward0", allows="float int complex")
def square(input: Expr) -> Expr:
    return input * input


alias("pow_square", "square", "pow", "PowBackward0")


@pointwise(name="pow", node_name="PowBackward0", allows="float int complex")
def pow_cube(input: Expr) -> Expr:
    return input * input * input


@pointwise(allows=NUMBERS)
def neg(input: Expr) -> Expr:
    return -input


@pointwise(allows=NUMBERS, node_name="AliasBackward0")
def positive(input: Expr) -> Expr:
    return input


@pointwise(rule="float", allows=ALL, partials=lambda y, x: (-(y * y),))
def reciprocal(input: Expr) -> Expr:
    return 1 / input


@pointwise(rule="float", allows=ALL, domain=(0.01, 5))
def sqrt_(input: Expr) -> Expr:
    return sqrt(input)


@pointwise(rule="float", allows=ALL, domain=(0.01, 5), partials=lambda y, x: (-0.5 * y**3,))
def rsqrt(input: Expr) -> Expr:
    return rsqrt_(input)


@pointwise(allows="float", partials=lambda y, a, b: (a / y, b / y))
def hypot_(input: Expr, other: Expr) -> Expr:
    return hypot(input, other)


def _interpolate(a: Expr, b: Expr, w: Number) -> Expr:
    """Exact at both ends."""
    return where(node("abs", w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))


@pointwise(allows="float complex", node_name="LerpBackward0")
def lerp(input: Expr, end: Expr, *, weight: Number = 0.5) -> Expr:
    return _interpolate(input, end, weight)


@pointwise(name="lerp", node_name="LerpBackward1", allows="float complex",
           partials=lambda y, a, b, w: (1 - w, w, b - a))  # fmt: skip
def lerp_tensor(input: Expr, end: Expr, weight: Expr) -> Expr:
    return _interpolate(input, end, weight)


@pointwise(allows=NUMBERS)
def addcmul(input: Expr, tensor1: Expr, tensor2: Expr, *, value: Number = 1.0) -> Expr:
    return input + value * tensor1 * tensor2


@pointwise(allows="float complex")
def addcdiv(input: Expr, tensor1: Expr, tensor2: Expr, *, value: Number = 1.0) -> Expr:
    return input + value * tensor1 / tensor2


@pointwise(rule="float", allows=ALL)
def ldexp(input: Expr, other: Expr) -> Expr:
    return input * exp2(other)


# ---- sign and size -------------------------------------------------------------------------------


def _complex_abs_gradient(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    return (g * node("sgn", x),)


@pointwise(rule="real", allows=NUMBERS, complex_gradient=_complex_abs_gradient)
def abs(input: Expr) -> Expr:
    return abs_(input)


@pointwise(allows="float int bool", partials=zero, boolean=lambda x: x)
def sign_(input: Expr) -> Expr:
    return sign(input)


def _complex_sgn_gradient(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    size = node("abs", x)
    along = node("real", g * conj(y))
    return (where(eq(size, 0), 0, (g - along * y) / size),)


@pointwise(allows=ALL, partials=zero, boolean=lambda x: x,
           complex_formula=lambda x: node("sgn", x),
           complex_gradient=_complex_sgn_gradient)  # fmt: skip
def sgn(input: Expr) -> Expr:
    return sign(input)


def _copysign_partials(y: Expr, x: Expr, s: Expr) -> tuple[Expr, float]:
    return where(eq(x, 0), 0, y / x), 0


@pointwise(rule="float", allows="float int bool", partials=_copysign_partials)
def copysign_(input: Expr, other: Expr) -> Expr:
    return copysign(input, other)


@pointwise(node_name=None, allows="float int bool")
def heaviside(input: Expr, values: Expr) -> Expr:
    return where(eq(input, 0), values, where(input > 0, 1, 0))


@pointwise(partials=lambda y, a, b: (1, 0))
def nextafter_(input: Expr, other: Expr) -> Expr:
    return nextafter(input, other)


@pointwise(rule="float", allows="float int bool")
def atan2_(input: Expr, other: Expr) -> Expr:
    return atan2(input, other)


# ---- rounding ------------------------------------------------------------------------------------


def _unchanged(input: Expr) -> Expr:
    return input


@pointwise(allows="float int", integer=_unchanged, partials=zero)
def floor_(input: Expr) -> Expr:
    return floor(input)


@pointwise(allows="float int", integer=_unchanged, partials=zero)
def ceil(input: Expr) -> Expr:
    return -floor(-input)


@pointwise(allows="float int", integer=_unchanged, partials=zero)
def round(input: Expr) -> Expr:
    return rint(input)


@pointwise(allows="float int", integer=_unchanged, partials=zero)
def trunc_(input: Expr) -> Expr:
    return trunc(input)


@pointwise(partials=lambda y, x: (1,))
def frac(input: Expr) -> Expr:
    return input - trunc(input)


# ---- extremes ------------------------------------------------------------------------------------


@pointwise(allows="float int bool")
def maximum(input: Expr, other: Expr) -> Expr:
    return max_(input, other)


@pointwise(allows="float int bool")
def minimum(input: Expr, other: Expr) -> Expr:
    return min_(input, other)


@pointwise(allows="float int bool")
def fmax(input: Expr, other: Expr) -> Expr:
    return where((input >= other) | isnan(other), input, other)


@pointwise(allows="float int bool")
def fmin(input: Expr, other: Expr) -> Expr:
    return where((input <= other) | isnan(other), input, other)


@pointwise(node_name="ClampBackward1", allows="float int",
           partials=lambda y, x, *, min, max: (where((x >= min) & (x <= max), 1, 0),))  # fmt: skip
def clamp(input: Expr, *, min: Number = -INF, max: Number = INF) -> Expr:
    raised = where(input < min, min, input)
    return where(raised > max, max, raised)


@pointwise(allows="float int", partials=lambda y, x, *, min: (where(x >= min, 1, 0),))
def clamp_min(input: Expr, *, min: Number = 0.0) -> Expr:
    return where(input < min, min, input)


@pointwise(allows="float int", partials=lambda y, x, *, max: (where(x <= max, 1, 0),))
def clamp_max(input: Expr, *, max: Number = 0.0) -> Expr:
    return where(input > max, max, input)


def _clamp_partials(y: Expr, x: Expr, min: Expr, max: Expr) -> tuple[Expr, Expr, Expr]:
    return (
        where((x >= min) & (x <= max), 1, 0),
        where((min < max) & (x < min), 1, 0),
        where((x > max) | (max < min), 1, 0),
    )


@pointwise(name="clamp", node_name="ClampBackward0", allows="float int", partials=_clamp_partials)
def clamp_tensor(input: Expr, min: Expr, max: Expr) -> Expr:
    bounded = min_(max_(input, min), max)
    return where(isnan(min), min, bounded)


@pointwise(name="clamp_min", node_name="ClampMinBackward1", allows="float int bool",
           partials=lambda y, x, min: (where(x >= min, 1, 0), where(x < min, 1, 0)))  # fmt: skip
def clamp_min_tensor(input: Expr, min: Expr) -> Expr:
    return max_(input, min)


@pointwise(name="clamp_max", node_name="ClampMaxBackward1", allows="float int bool",
           partials=lambda y, x, max: (where(x <= max, 1, 0), where(x > max, 1, 0)))  # fmt: skip
def clamp_max_tensor(input: Expr, max: Expr) -> Expr:
    return min_(input, max)


# ---- selection -----------------------------------------------------------------------------------


@pointwise(allows=ALL, masks=["condition"])
def where_(condition: Expr, input: Expr, other: Expr) -> Expr:
    return where(condition, input, other)


@pointwise(allows=ALL, masks=["mask"])
def masked_fill(input: Expr, mask: Expr, *, value: Number = 0.0) -> Expr:
    return where(mask, value, input)


@pointwise(name="dropout", node_name="MulBackward0", masks=["mask"])
def dropout_mask(input: Expr, mask: Expr, *, scale: Number = 1.0) -> Expr:
    """The kept elements scaled, the others 0."""
    return where(mask, scale * input, 0)


@pointwise(allows="float int bool", integer=lambda x, **_: x,
           partials=lambda y, x, **_: (where(node("abs", x) < INF, 1, 0),))  # fmt: skip
def nan_to_num(
    input: Expr, *, nan: Number = 0.0, posinf: Number = INF, neginf: Number = -INF
) -> Expr:
    return where(
        isnan(input), nan, where(eq(input, INF), posinf, where(eq(input, -INF), neginf, input))
    )


@pointwise(rule="float", allows="float int bool", node_name="Deg2RadBackward0")
def deg2rad(input: Expr) -> Expr:
    return input * (math.pi / 180)


@pointwise(rule="float", allows="float int bool", node_name="Rad2DegBackward0")
def rad2deg(input: Expr) -> Expr:
    return input * (180 / math.pi)


# ---- integers and bits ---------------------------------------------------------------------------

BITS = "int bool"


@pointwise(node_name=None, allows="int")
def gcd(input: Expr, other: Expr) -> Expr:
    return node("gcd", input, other)


@pointwise(node_name=None, allows="int")
def lcm(input: Expr, other: Expr) -> Expr:
    return node("lcm", input, other)


@pointwise(node_name=None, allows=BITS)
def bitwise_and(input: Expr, other: Expr) -> Expr:
    return node("bit_and", input, other)


@pointwise(node_name=None, allows=BITS)
def bitwise_or(input: Expr, other: Expr) -> Expr:
    return node("bit_or", input, other)


@pointwise(node_name=None, allows=BITS)
def bitwise_xor(input: Expr, other: Expr) -> Expr:
    return node("bit_xor", input, other)


@pointwise(node_name=None, allows=BITS)
def bitwise_not(input: Expr) -> Expr:
    return node("bit_not", input)


@pointwise(node_name=None, allows="int")
def bitwise_left_shift(input: Expr, other: Expr) -> Expr:
    return node("shift_left", input, other)


@pointwise(node_name=None, allows="int")
def bitwise_right_shift(input: Expr, other: Expr) -> Expr:
    return node("shift_right", input, other)


@pointwise(rule="bool", allows="float int bool", integer=lambda x: x < 0,
           boolean=lambda x: ~eq(x, x))  # fmt: skip
def signbit(input: Expr) -> Expr:
    return sign_bit_set(input)
