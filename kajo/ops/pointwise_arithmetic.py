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
RARE = "unsigned complex_half float8"


def zero(*args: Expr, **scalars: Expr) -> tuple[float, ...]:
    """The partial derivatives of what is constant almost everywhere."""
    return (0.0,) * (len(args) - 1)


# ---- sums and products ---------------------------------------------------------------------------


@pointwise(allows=f"{ALL} complex_half")
def add(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    """input + alpha * other.

    >>> import kajo
    >>> kajo.add(kajo.tensor([1, 2]), kajo.tensor([10, 20]), alpha=2)
    tensor([21, 42])
    """
    return input + alpha * other


@pointwise(allows=f"{NUMBERS} complex_half")
def sub(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    """input - alpha * other.

    >>> import kajo
    >>> kajo.sub(kajo.tensor([5, 6]), 1, alpha=2)
    tensor([3, 4])
    """
    return input - alpha * other


@pointwise(allows=f"{NUMBERS} complex_half")
def rsub(input: Expr, other: Expr, *, alpha: Number = 1.0) -> Expr:
    """other - alpha * input.

    >>> import kajo
    >>> kajo.rsub(kajo.tensor([1, 2]), 10)
    tensor([9, 8])
    """
    return other - alpha * input


alias("rsub_scalar", "rsub", "rsub", "RsubBackward1")


@pointwise(allows=f"{ALL} {RARE}")
def mul(input: Expr, other: Expr) -> Expr:
    """input * other.

    >>> import kajo
    >>> kajo.mul(kajo.tensor([1.0, 2.0]), kajo.tensor([[3.0], [4.0]]))
    tensor([[3., 6.],
            [4., 8.]])
    """
    return input * other


def _quotient_partials(y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    return 1 / b, -(a / b / b)


@pointwise(rule="float", allows=ALL, partials=_quotient_partials, keeps_result=False)
def div(input: Expr, other: Expr) -> Expr:
    """input / other, rounded toward zero with rounding_mode="trunc", or down with "floor".

    >>> import kajo
    >>> kajo.div(kajo.tensor([-7, 7]), 2)
    tensor([-3.5000,  3.5000])
    >>> kajo.div(kajo.tensor([-7, 7]), 2, rounding_mode="floor")
    tensor([-4,  3])
    """
    return input / other


def _whole_quotient(op: str) -> Callable[[Expr, Expr], Expr]:
    return lambda a, b: node(op, a, b)


FLOOR_DIVIDE_DOC = """input / other rounded down.

>>> import kajo
>>> kajo.floor_divide(kajo.tensor([-7, 7]), 2)
tensor([-4,  3])"""


@pointwise(name="div", node_name="DivBackward2", allows="float int", checks_zero_divisor=True,
           integer=_whole_quotient("floor_divide"), partials=zero)  # fmt: skip
def div_floor(input: Expr, other: Expr) -> Expr:
    return floor_quotient(input, other)


alias("floor_divide", "div_floor", "floor_divide", None, FLOOR_DIVIDE_DOC)


@pointwise(name="div", node_name="DivBackward2", allows="float int", checks_zero_divisor=True,
           integer=_whole_quotient("trunc_divide"), partials=zero)  # fmt: skip
def div_trunc(input: Expr, other: Expr) -> Expr:
    return trunc(input / other)


def _remainder_partials(y: Expr, a: Expr, b: Expr) -> tuple[float, Expr]:
    return 1, -floor_quotient(a, b)


@pointwise(node_name="RemainderBackward1", allows="float int", checks_zero_divisor=True,
           partials=_remainder_partials)  # fmt: skip
def remainder_(input: Expr, other: Expr) -> Expr:
    """What is left of input after division by other, with the sign of other: input - other *
    floor(input / other).

    >>> import kajo
    >>> kajo.remainder(kajo.tensor([-7.0, 7.0]), 4)
    tensor([1., 3.])
    """
    return remainder(input, other)


alias("remainder_scalar", "remainder", "remainder", "RemainderBackward0")


@pointwise(node_name="FmodBackward1", allows="float int", checks_zero_divisor=True)
def fmod_(input: Expr, other: Expr) -> Expr:
    """What is left of input after division by other, with the sign of input: input - other *
    trunc(input / other).

    >>> import kajo
    >>> kajo.fmod(kajo.tensor([-7.0, 7.0]), 4)
    tensor([-3.,  3.])
    """
    return fmod(input, other)


alias("fmod_scalar", "fmod", "fmod", "FmodBackward0")


def _complex_pow_partials(z: Expr, x: Expr, y: Expr) -> tuple[Expr, Expr]:
    vanishes = eq(x, 0) & (node("real", y) >= 0)
    return where(eq(y, 0), 0, y * pow_(x, y - 1)), where(vanishes, 0, z * log(x))


@pointwise(node_name="PowBackward1", allows="float int complex", domain=(0.01, 5),
           complex_partials=_complex_pow_partials)  # fmt: skip
def pow(input: Expr, exponent: Expr) -> Expr:
    """input to the power of exponent; either may be a number.

    >>> import kajo
    >>> kajo.pow(kajo.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    >>> kajo.pow(2, kajo.tensor([0.5, 3.0]))
    tensor([1.4142, 8.0000])
    """
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
    """input * input.

    >>> import kajo
    >>> kajo.square(kajo.tensor([-3, 2]))
    tensor([9, 4])
    """
    return input * input


alias("pow_square", "square", "pow", "PowBackward0")


@pointwise(name="pow", node_name="PowBackward0", allows="float int complex")
def pow_cube(input: Expr) -> Expr:
    return input * input * input


@pointwise(allows=f"{NUMBERS} complex_half")
def neg(input: Expr) -> Expr:
    """-input.

    >>> import kajo
    >>> kajo.neg(kajo.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return -input


@pointwise(allows=f"{NUMBERS} {RARE}", node_name="AliasBackward0")
def positive(input: Expr) -> Expr:
    """input itself; refused for bool.

    >>> import kajo
    >>> kajo.positive(kajo.tensor([1, -2]))
    tensor([ 1, -2])
    """
    return input


@pointwise(rule="float", allows=ALL, partials=lambda y, x: (-(y * y),))
def reciprocal(input: Expr) -> Expr:
    """1 / input.

    >>> import kajo
    >>> kajo.reciprocal(kajo.tensor([2.0, -4.0]))
    tensor([ 0.5000, -0.2500])
    """
    return 1 / input


@pointwise(rule="float", allows=ALL, domain=(0.01, 5))
def sqrt_(input: Expr) -> Expr:
    """The square root; nan for negative real numbers.

    >>> import kajo
    >>> kajo.sqrt(kajo.tensor([4.0, 2.0]))
    tensor([2.0000, 1.4142])
    """
    return sqrt(input)


@pointwise(rule="float", allows=ALL, domain=(0.01, 5), partials=lambda y, x: (-0.5 * y**3,))
def rsqrt(input: Expr) -> Expr:
    """1 / sqrt(input).

    >>> import kajo
    >>> kajo.rsqrt(kajo.tensor([4.0, 0.25]))
    tensor([0.5000, 2.0000])
    """
    return rsqrt_(input)


@pointwise(name="pow", node_name="PowBackward0", allows="float complex")
def pow_inverse_square(input: Expr) -> Expr:
    return 1 / (input * input)


# Powers that PyTorch, too, computes without logarithms: (-0.0)**0.5 is -0 and (-inf)**0.5 nan.
alias("pow_root", "sqrt", "pow", "PowBackward0")
alias("pow_inverse_root", "rsqrt", "pow", "PowBackward0")
alias("pow_inverse", "reciprocal", "pow", "PowBackward0")


@pointwise(allows="float", partials=lambda y, a, b: (a / y, b / y))
def hypot_(input: Expr, other: Expr) -> Expr:
    """sqrt(input**2 + other**2), without overflow on the way.

    >>> import kajo
    >>> kajo.hypot(kajo.tensor([3.0]), kajo.tensor([4.0]))
    tensor([5.])
    """
    return hypot(input, other)


def _interpolate(a: Expr, b: Expr, w: Number) -> Expr:
    """Exact at both ends."""
    return where(node("abs", w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))


@pointwise(allows="float complex", node_name="LerpBackward0")
def lerp(input: Expr, end: Expr, *, weight: Number = 0.5) -> Expr:
    """input + weight * (end - input): input for weight 0, end for weight 1.

    >>> import kajo
    >>> kajo.lerp(kajo.tensor([0.0, 10.0]), kajo.tensor([4.0, 20.0]), 0.25)
    tensor([ 1.0000, 12.5000])
    """
    return _interpolate(input, end, weight)


@pointwise(name="lerp", node_name="LerpBackward1", allows="float complex",
           partials=lambda y, a, b, w: (1 - w, w, b - a))  # fmt: skip
def lerp_tensor(input: Expr, end: Expr, weight: Expr) -> Expr:
    return _interpolate(input, end, weight)


@pointwise(allows=f"{NUMBERS} complex_half")
def addcmul(input: Expr, tensor1: Expr, tensor2: Expr, *, value: Number = 1.0) -> Expr:
    """input + value * tensor1 * tensor2.

    >>> import kajo
    >>> kajo.addcmul(kajo.ones(2), kajo.tensor([2.0, 3.0]), kajo.tensor([4.0, 5.0]), value=0.1)
    tensor([1.8000, 2.5000])
    """
    return input + value * tensor1 * tensor2


@pointwise(allows="float complex")
def addcdiv(input: Expr, tensor1: Expr, tensor2: Expr, *, value: Number = 1.0) -> Expr:
    """input + value * tensor1 / tensor2.

    >>> import kajo
    >>> kajo.addcdiv(kajo.ones(2), kajo.tensor([2.0, 3.0]), kajo.tensor([4.0, 5.0]), value=10)
    tensor([6., 7.])
    """
    return input + value * tensor1 / tensor2


@pointwise(rule="float", allows=ALL)
def ldexp(input: Expr, other: Expr) -> Expr:
    """input * 2**other.

    >>> import kajo
    >>> kajo.ldexp(kajo.tensor([0.75, -1.5]), kajo.tensor([2, 4]))
    tensor([  3., -24.])
    """
    return input * exp2(other)


# ---- sign and size -------------------------------------------------------------------------------


def _complex_abs_gradient(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    return (g * node("sgn", x),)


@pointwise(
    rule="real", allows=f"{NUMBERS} complex_half float8", complex_gradient=_complex_abs_gradient
)
def abs(input: Expr) -> Expr:
    """The size of each element; of complex ones sqrt(real**2 + imag**2).

    >>> import kajo
    >>> kajo.abs(kajo.tensor([-1.5, 2.0]))
    tensor([1.5000, 2.0000])
    >>> kajo.abs(kajo.tensor([3 + 4j]))
    tensor([5.])
    """
    return abs_(input)


@pointwise(allows="float int bool", partials=zero, boolean=lambda x: x)
def sign_(input: Expr) -> Expr:
    """-1, 0 or 1; 0 for nan.

    >>> import kajo
    >>> kajo.sign(kajo.tensor([-2.5, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    return sign(input)


def _complex_sgn_gradient(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    size = node("abs", x)
    along = node("real", g * conj(y))
    return (where(eq(size, 0), 0, (g - along * y) / size),)


@pointwise(allows=f"{ALL} complex_half", partials=zero, boolean=lambda x: x,
           complex_formula=lambda x: node("sgn", x),
           complex_gradient=_complex_sgn_gradient)  # fmt: skip
def sgn(input: Expr) -> Expr:
    """The sign of real elements; input / abs(input) of complex ones, and 0 for 0.

    >>> import kajo
    >>> kajo.sgn(kajo.tensor([3 + 4j, 0j]))
    tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """
    return sign(input)


def _copysign_partials(y: Expr, x: Expr, s: Expr) -> tuple[Expr, float]:
    return where(eq(x, 0), 0, y / x), 0


@pointwise(rule="float", allows="float int bool", partials=_copysign_partials)
def copysign_(input: Expr, other: Expr) -> Expr:
    """The size of input with the sign of other, that of -0 included.

    >>> import kajo
    >>> kajo.copysign(kajo.tensor([1.0, -2.0]), kajo.tensor([-0.0, 3.0]))
    tensor([-1.,  2.])
    """
    return copysign(input, other)


@pointwise(node_name=None, allows="float int bool")
def heaviside(input: Expr, values: Expr) -> Expr:
    """0 where input is negative, 1 where it is positive, and values where it is 0.

    >>> import kajo
    >>> kajo.heaviside(kajo.tensor([-1.5, 0.0, 2.0]), kajo.tensor([0.5]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return where(eq(input, 0), values, where(input > 0, 1, 0))


@pointwise(partials=lambda y, a, b: (1, 0))
def nextafter_(input: Expr, other: Expr) -> Expr:
    """The next representable number after input in the direction of other.

    >>> import kajo
    >>> kajo.nextafter(kajo.tensor([1.0]), kajo.tensor([2.0])) > 1
    tensor([True])
    """
    return nextafter(input, other)


@pointwise(rule="float", allows="float int bool")
def atan2_(input: Expr, other: Expr) -> Expr:
    """The angle of the point (other, input) from the positive axis, in (-pi, pi].

    >>> import kajo
    >>> kajo.atan2(kajo.tensor([1.0, -1.0]), kajo.tensor([1.0, -1.0]))
    tensor([ 0.7854, -2.3562])
    """
    return atan2(input, other)


# ---- rounding ------------------------------------------------------------------------------------


def _unchanged(input: Expr) -> Expr:
    return input


@pointwise(allows="float int unsigned", integer=_unchanged, partials=zero)
def floor_(input: Expr) -> Expr:
    """The largest integer that is not larger.

    >>> import kajo
    >>> kajo.floor(kajo.tensor([-1.5, 1.5]))
    tensor([-2.,  1.])
    """
    return floor(input)


@pointwise(allows="float int unsigned", integer=_unchanged, partials=zero)
def ceil(input: Expr) -> Expr:
    """The smallest integer that is not smaller.

    >>> import kajo
    >>> kajo.ceil(kajo.tensor([-1.5, 1.5]))
    tensor([-1.,  2.])
    """
    return -floor(-input)


@pointwise(allows="float int unsigned", integer=_unchanged, partials=zero)
def round(input: Expr) -> Expr:
    """The nearest integer, half-way cases to the even one; with decimals, the nearest multiple of
    10**-decimals.

    >>> import kajo
    >>> kajo.round(kajo.tensor([0.5, 1.5, -2.7]))
    tensor([ 0.,  2., -3.])
    >>> kajo.round(kajo.tensor([1234.567]), decimals=1)
    tensor([1234.6000])
    """
    return rint(input)


@pointwise(allows="float int unsigned", integer=_unchanged, partials=zero)
def trunc_(input: Expr) -> Expr:
    """The integer part.

    >>> import kajo
    >>> kajo.trunc(kajo.tensor([-1.5, 1.5]))
    tensor([-1.,  1.])
    """
    return trunc(input)


@pointwise(partials=lambda y, x: (1,))
def frac(input: Expr) -> Expr:
    """The fractional part, with the sign of input: input - trunc(input).

    >>> import kajo
    >>> kajo.frac(kajo.tensor([-1.25, 2.5]))
    tensor([-0.2500,  0.5000])
    """
    return input - trunc(input)


# ---- extremes ------------------------------------------------------------------------------------


@pointwise(allows="float int bool")
def maximum(input: Expr, other: Expr) -> Expr:
    """The larger of two elements; nan if either is nan.

    >>> import kajo
    >>> kajo.maximum(kajo.tensor([1.0, 5.0]), kajo.tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return max_(input, other)


@pointwise(allows="float int bool")
def minimum(input: Expr, other: Expr) -> Expr:
    """The smaller of two elements; nan if either is nan.

    >>> import kajo
    >>> kajo.minimum(kajo.tensor([1.0, 5.0]), kajo.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return min_(input, other)


@pointwise(allows="float int bool")
def fmax(input: Expr, other: Expr) -> Expr:
    """The larger of two elements; the other one where one is nan.

    >>> import kajo
    >>> kajo.fmax(kajo.tensor([1.0, kajo.nan]), kajo.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """
    return where((input >= other) | isnan(other), input, other)


@pointwise(allows="float int bool")
def fmin(input: Expr, other: Expr) -> Expr:
    """The smaller of two elements; the other one where one is nan.

    >>> import kajo
    >>> kajo.fmin(kajo.tensor([1.0, kajo.nan]), kajo.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return where((input <= other) | isnan(other), input, other)


@pointwise(node_name="ClampBackward1", allows="float int",
           partials=lambda y, x, *, min, max: (where((x >= min) & (x <= max), 1, 0),))  # fmt: skip
def clamp(input: Expr, *, min: Number = -INF, max: Number = INF) -> Expr:
    """input brought into the bounds: min(max(input, min), max). Bounds are numbers or tensors; one
    may be left out.

    >>> import kajo
    >>> kajo.clamp(kajo.tensor([-2.0, 0.5, 3.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    >>> kajo.clamp(kajo.tensor([1, 5]), max=kajo.tensor([3, 3]))
    tensor([1, 3])
    """
    raised = where(input < min, min, input)
    return where(raised > max, max, raised)


@pointwise(allows="float int", partials=lambda y, x, *, min: (where(x >= min, 1, 0),))
def clamp_min(input: Expr, *, min: Number = 0.0) -> Expr:
    """The larger of input and min, a number or a tensor.

    >>> import kajo
    >>> kajo.clamp_min(kajo.tensor([-2.0, 0.5]), 0)
    tensor([0.0000, 0.5000])
    """
    return where(input < min, min, input)


@pointwise(allows="float int", partials=lambda y, x, *, max: (where(x <= max, 1, 0),))
def clamp_max(input: Expr, *, max: Number = 0.0) -> Expr:
    """The smaller of input and max, a number or a tensor.

    >>> import kajo
    >>> kajo.clamp_max(kajo.tensor([-2.0, 0.5]), 0)
    tensor([-2.,  0.])
    """
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


@pointwise(allows=f"{ALL} {RARE}", masks=["condition"])
def where_(condition: Expr, input: Expr, other: Expr) -> Expr:
    """input where condition holds, else other; either may be a number.

    >>> import kajo
    >>> kajo.where(kajo.tensor([True, False]), kajo.tensor([1.0, 2.0]), 0)
    tensor([1., 0.])
    """
    return where(condition, input, other)


@pointwise(allows=f"{ALL} {RARE}", masks=["mask"])
def masked_fill(input: Expr, mask: Expr, *, value: Number = 0.0) -> Expr:
    """input with value wherever mask is true.

    >>> import kajo
    >>> kajo.tensor([1.0, 2.0]).masked_fill(kajo.tensor([True, False]), -1)
    tensor([-1.,  2.])
    """
    return where(mask, value, input)


@pointwise(name="dropout", node_name="MulBackward0", masks=["mask"])
def dropout_mask(input: Expr, mask: Expr, *, scale: Number = 1.0) -> Expr:
    """The kept elements scaled, the others 0."""
    return where(mask, scale * input, 0)


@pointwise(allows="float int bool unsigned", integer=lambda x, **_: x,
           partials=lambda y, x, **_: (where(node("abs", x) < INF, 1, 0),))  # fmt: skip
def nan_to_num(
    input: Expr, *, nan: Number = 0.0, posinf: Number = INF, neginf: Number = -INF
) -> Expr:
    """input with nan, infinity and -infinity replaced: by 0, the largest and the smallest finite
    number unless others are given.

    >>> import kajo
    >>> kajo.nan_to_num(kajo.tensor([kajo.nan, kajo.inf, 1.0]), posinf=9.0)
    tensor([0., 9., 1.])
    """
    return where(
        isnan(input), nan, where(eq(input, INF), posinf, where(eq(input, -INF), neginf, input))
    )


@pointwise(rule="float", allows="float int bool", node_name="Deg2RadBackward0")
def deg2rad(input: Expr) -> Expr:
    """Degrees to radians: input * pi / 180.

    >>> import kajo
    >>> kajo.deg2rad(kajo.tensor([180.0, 45.0]))
    tensor([3.1416, 0.7854])
    """
    return input * (math.pi / 180)


@pointwise(rule="float", allows="float int bool", node_name="Rad2DegBackward0")
def rad2deg(input: Expr) -> Expr:
    """Radians to degrees: input * 180 / pi.

    >>> import kajo
    >>> kajo.rad2deg(kajo.tensor([3.141593]))
    tensor([180.0000])
    """
    return input * (180 / math.pi)


# ---- integers and bits ---------------------------------------------------------------------------

BITS = "int bool"


@pointwise(node_name=None, allows="int")
def gcd(input: Expr, other: Expr) -> Expr:
    """The greatest common divisor.

    >>> import kajo
    >>> kajo.gcd(kajo.tensor([12, 9]), kajo.tensor([18, 6]))
    tensor([6, 3])
    """
    return node("gcd", input, other)


@pointwise(node_name=None, allows="int")
def lcm(input: Expr, other: Expr) -> Expr:
    """The least common multiple.

    >>> import kajo
    >>> kajo.lcm(kajo.tensor([4, 9]), kajo.tensor([6, 6]))
    tensor([12, 18])
    """
    return node("lcm", input, other)


@pointwise(node_name=None, allows=f"{BITS} unsigned")
def bitwise_and(input: Expr, other: Expr) -> Expr:
    """The bits that both have.

    >>> import kajo
    >>> kajo.bitwise_and(kajo.tensor([12, 10]), 6)
    tensor([4, 2])
    """
    return node("bit_and", input, other)


@pointwise(node_name=None, allows=f"{BITS} unsigned")
def bitwise_or(input: Expr, other: Expr) -> Expr:
    """The bits that either has.

    >>> import kajo
    >>> kajo.bitwise_or(kajo.tensor([12, 10]), 6)
    tensor([14, 14])
    """
    return node("bit_or", input, other)


@pointwise(node_name=None, allows=f"{BITS} unsigned")
def bitwise_xor(input: Expr, other: Expr) -> Expr:
    """The bits that one has and the other has not.

    >>> import kajo
    >>> kajo.bitwise_xor(kajo.tensor([12, 10]), 6)
    tensor([10, 12])
    """
    return node("bit_xor", input, other)


@pointwise(node_name=None, allows=BITS)
def bitwise_not(input: Expr) -> Expr:
    """All bits turned; of truth values the opposite.

    >>> import kajo
    >>> kajo.bitwise_not(kajo.tensor([0, 5]))
    tensor([-1, -6])
    """
    return node("bit_not", input)


@pointwise(node_name=None, allows="int")
def bitwise_left_shift(input: Expr, other: Expr) -> Expr:
    """input * 2**other, by shifting bits.

    >>> import kajo
    >>> kajo.bitwise_left_shift(kajo.tensor([1, 3]), 2)
    tensor([ 4, 12])
    """
    return node("shift_left", input, other)


@pointwise(node_name=None, allows="int")
def bitwise_right_shift(input: Expr, other: Expr) -> Expr:
    """input / 2**other rounded down, by shifting bits.

    >>> import kajo
    >>> kajo.bitwise_right_shift(kajo.tensor([-8, 7]), 1)
    tensor([-4,  3])
    """
    return node("shift_right", input, other)


@pointwise(rule="bool", allows="float int bool", integer=lambda x: x < 0,
           boolean=lambda x: ~eq(x, x))  # fmt: skip
def signbit(input: Expr) -> Expr:
    """Whether the sign is negative, that of -0 included.

    >>> import kajo
    >>> kajo.signbit(kajo.tensor([-1.0, -0.0, 0.0]))
    tensor([ True,  True, False])
    """
    return sign_bit_set(input)
