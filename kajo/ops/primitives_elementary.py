"""Primitives: exponentials, logarithms, powers, trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from fractions import Fraction

from .expression import Expr, Number, const, eq, fma, isnan, node, where
from .primitives import (
    F32,
    F64_FOR_F32,
    INF,
    LN2,
    NAN,
    PI,
    WIDE,
    Float,
    abs_,
    bits,
    copysign,
    floor,
    from_bits,
    horner,
    int_add,
    int_and,
    int_is_zero,
    int_shift_left,
    int_shift_right,
    int_sub,
    libm,
    lookup,
    max_,
    piecewise_precise,
    primitive,
    rint,
    scale,
    scale_floor,
    sign_bit_set,
    sqrt,
    to_float,
)

# ---- exponentials --------------------------------------------------------------------------------


def _clip(x: Expr, low: float, high: float) -> Expr:
    """x within bounds, nan staying nan."""
    return where(x < low, low, where(x > high, high, x))


def _exp_by_table(x: Expr, precise: bool) -> Expr:
    """exp in float32 for x between exp_low and exp_high, by 2**(1/32) to whole powers."""
    shift = 1.5 * 2.0 ** (F32.mantissa - 5)
    shifted = fma(x, 1 / math.log(2), shift)
    n = shifted - shift
    high, low = F32.split(LN2, 2, F32.mantissa + 1)
    r = fma(n, -low, fma(n, -high, x))
    p = fma(r * r, fma(r, 0.16666752539208876, 0.5000040891724031), r)
    power = lookup("exp2", 0, bits(shifted))
    if precise:
        return scale_floor(power + fma(power, p, lookup("exp2", 1, bits(shifted))), n)
    return scale_floor(fma(power, p, power), n)


def _reduce_exp(t: Float, x: Expr, bounded: bool = False) -> tuple[Expr, Expr, Expr, Expr]:
    """n, r, what r has lost to rounding, and (e**r - 1 - r) / r**2 for x = n ln2 + r."""
    x = x if bounded else _clip(x, t.exp_low, t.exp_high)
    n = rint(x * t.round(1 / math.log(2)))
    if t is F64_FOR_F32:
        r = fma(n, -float(LN2), x)
        return n, r, const(0.0), t.polynomial("exp", r)
    high, low = t.split(LN2, 2, t.mantissa - 11)
    exact = fma(n, -high, x)
    r = fma(n, -low, exact)
    return n, r, fma(n, -low, exact - r), t.polynomial("exp", r)


@primitive(lambda y, x: (y,))
def exp(t: Float, x: Expr) -> Expr:
    if t is F64_FOR_F32:
        return exp_inside(x)
    if t is F32:
        return _exp_by_table(_clip(x, t.exp_low, t.exp_high), precise=True)
    n, r, rest, q = _reduce_exp(t, x)
    s = 1 + r
    return scale(s + (fma(r * r, q, (1 - s) + r) + rest), n)  # (1 - s) + r is what s has lost


@primitive(lambda y, x: (y,))
def exp_inside(t: Float, x: Expr) -> Expr:
    """exp for what goes on with its result: shorter, some half an ulp worse."""
    return _short_exp(t, x, bounded=False)


def _short_exp(t: Float, x: Expr, bounded: bool, precise: bool = False) -> Expr:
    if t is F32:
        return _exp_by_table(x if bounded else _clip(x, t.exp_low, t.exp_high), precise)
    n, r, _, q = _reduce_exp(t, x, bounded)
    return scale(fma(r * r, q, r) + 1, n)


def exp_of_bounded(t: Float, x: Expr) -> Expr:
    """exp_inside(x) for an x whose exponential neither overflows nor vanishes."""
    return _short_exp(t, x, bounded=True)


@primitive(lambda y, x, rest: (y, y))
def exp_of_sum(t: Float, x: Expr, rest: Expr) -> Expr:
    """exp(x + rest) for what x alone has lost to rounding."""
    if t is F64_FOR_F32:
        return exp_inside(x)
    n, r, more, q = _reduce_exp(t, x)
    s = 1 + r
    low = fma(r * r, q, (1 - s) + r)
    return scale(s + fma(rest + more, s + low, low), n)


@primitive(lambda y, x: (math.log(2) * y,))
def exp2(t: Float, x: Expr) -> Expr:
    x = _clip(x, -1.0 - t.bias - 2 * t.mantissa, t.bias + 2.0)
    n = rint(x)
    high, low = t.split(LN2, 2, t.mantissa + 1)
    f = x - n
    r = f * high
    rest = fma(f, low, fma(f, high, -r))
    return scale(fma(r * r, t.polynomial("exp", r), r + rest) + 1, n)


@primitive(lambda y, x: (y + 1,))
def expm1(t: Float, x: Expr) -> Expr:
    n, r, _, q = _reduce_exp(t, x)
    p = fma(r * r, q, r)
    s = scale(const(1), n - 1)  # half of 2**n, which overflows for the largest x
    y = 2 * fma(p, s, s - 0.5)
    return where(eq(x, 0), x, where(eq(n, 0), p, y))


@primitive(lambda y, x: (y * (1 - y),))
def sigmoid(t: Float, x: Expr) -> Expr:
    """1 / (1 + exp(-x)), keeping the left tail."""
    below = -abs_(x)
    e = _short_exp(t, where(below < t.exp_low, t.exp_low, below), bounded=True, precise=True)
    return where(x < 0, e, 1) / (1 + e)


@primitive(lambda y, x: (1 - y * y,))
def tanh(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    if t.bits == 64:
        m = expm1(-2 * a)  # keeps the small ones exact
        return copysign(-m / (m + 2), x)
    b = where(a > 9.5, 9.5, a)  # where it is 1
    index = int_shift_right(bits(b + 1), 20)
    return copysign(piecewise_precise("tanh", index, b), x)


@primitive(lambda y, x: (cosh(x),), wide=True)
def sinh(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    z = x * x
    near = fma(z * a, t.polynomial("sinh", z), a)
    if t is F64_FOR_F32:
        e = exp(a)
        return copysign(where(a < 1, near, 0.5 * (e - 1 / e)), x)
    m = expm1(where(a > 20, 20.0, a))
    y = where(a > 20, _half_exp(a), 0.5 * (m + m / (m + 1)))
    return copysign(where(a < 1, near, y), x)


def _half_exp(a: Expr) -> Expr:
    """exp(a) / 2 for large a, where exp(a) alone may overflow."""
    return exp(a - 1) * (0.5 * math.e)


@primitive(lambda y, x: (sinh(x),), wide=True)
def cosh(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    if t is F64_FOR_F32:
        e = exp(a)
        return 0.5 * (e + 1 / e)
    e = exp(where(a > 20, 20.0, a))
    return where(a > 20, _half_exp(a), 0.5 * e + 0.5 / e)


# ---- logarithms ----------------------------------------------------------------------------------


def _split_log(t: Float, u: Expr) -> tuple[Expr, Expr]:
    """n and f for positive u = 2**n * (1 + f), 1 + f in [sqrt(1/2), sqrt(2))."""
    offset = bits(const(t.round(math.sqrt(0.5))))
    if t is F64_FOR_F32:  # a float32 is never that small
        k = int_shift_right(int_sub(bits(u), offset), t.mantissa)
        return to_float(k), from_bits(int_sub(bits(u), int_shift_left(k, t.mantissa))) - 1
    tiny = u < 2.0 ** (1 - t.bias)
    b = bits(where(tiny, u * 2.0 ** (t.mantissa + 1), u))
    k = int_shift_right(int_sub(b, offset), t.mantissa)
    m = from_bits(int_sub(b, int_shift_left(k, t.mantissa)))
    return to_float(k) - where(tiny, float(t.mantissa + 1), 0.0), m - 1


def _log_near_one(t: Float, f: Expr, low: Number = 0.0) -> Expr:
    """log(1 + f) + low for the f of _split_log; low is small."""
    if t.bits == 32:
        return fma(f * f, fma(f, t.polynomial("log", f), -0.5), low) + f
    s = f / (f + 2)
    if t is F64_FOR_F32:
        z = s * s
        return fma(s * z, t.polynomial("atanh", z), 2 * s) + low
    z, h = s * s, 0.5 * f * f
    return f - (h - fma(s, h + z * t.polynomial("atanh", z), low))


def _at_log_edges(u: Expr, y: Expr) -> Expr:
    """y = log(u), corrected at 0, infinity, nan and for negative numbers."""
    return where(u > 0, where(eq(u, INF), u, y), where(eq(u, 0), -INF, NAN))


def _log(t: Float, u: Expr, correction: Expr | None = None) -> Expr:
    """log(u) + correction / u"""
    n, f = _split_log(t, u)
    if t is F64_FOR_F32:  # only near 1 a correction counts
        near = 0.0 if correction is None else where(u < 2, correction, 0.0)
        return _at_log_edges(u, fma(n, float(LN2), _log_near_one(t, f, near)))
    high, low = t.split(LN2, 2, t.mantissa - 11)
    rest = n * low if correction is None else fma(n, low, correction / u)
    return _at_log_edges(u, fma(n, high, _log_near_one(t, f, rest)))


@primitive(lambda y, x: (1 / x,))
def log(t: Float, x: Expr) -> Expr:
    return _log(t, x)


def _log_to_base(t: Float, x: Expr, log2_of_base: float, ln_of_base: float) -> Expr:
    n, f = _split_log(t, x)
    y = _log_near_one(t, f)
    return _at_log_edges(x, fma(n, 1 / log2_of_base, y * (1 / ln_of_base)))


@primitive(lambda y, x: (1 / (x * math.log(2)),), wide=True)
def log2(t: Float, x: Expr) -> Expr:
    return _log_to_base(t, x, 1.0, math.log(2))


@primitive(lambda y, x: (1 / (x * math.log(10)),), wide=True)
def log10(t: Float, x: Expr) -> Expr:
    return _log_to_base(t, x, math.log2(10), math.log(10))


@primitive(lambda y, x: (1 / (1 + x),))
def log1p(t: Float, x: Expr) -> Expr:
    u = 1 + x
    y = _log(t, u, x - (u - 1))
    return where(abs_(x) < 2.0 ** -(t.mantissa + 1), x, where(eq(x, INF), x, y))


@primitive(lambda y, x: (sigmoid(x),))
def softplus(t: Float, x: Expr) -> Expr:
    """log(1 + exp(x)) without overflow."""
    return max_(x, 0) + log1p(exp_inside(-abs_(x)))


@primitive(lambda y, x: (1 / (x * (1 - x)),), wide=True)
def logit(t: Float, x: Expr) -> Expr:
    """log(x / (1 - x))"""
    near = abs_(x - 0.5) < 0.25
    z = where(near, x, 0.5)
    return where(near, log1p((2 * z - 1) / (1 - z)), log(x / (1 - x)))


# ---- powers --------------------------------------------------------------------------------------


def _pow_partials(z: Expr, x: Expr, y: Expr) -> tuple[Expr, Expr]:
    by_exponent = where(eq(x, 0) & (y >= 0), 0, z * log(x))
    return where(eq(y, 0), 0, y * pow_(x, y - 1)), by_exponent


def _log_in_two(t: Float, u: Expr) -> tuple[Expr, Expr]:
    """log(u) for a positive u as a sum of two, some 12 digits more than one has."""
    n, f = _split_log(t, u)
    d = f + 2
    s = f / d
    s_low = (fma(-s, d, f) - s * (f - (d - 2))) / d
    z = s * s
    z_low = fma(s, s, -z) + 2 * s * s_low
    # log(1 + f) = s (2 + z (2/3 + z p(z)))
    c_high, c_low = t.split(Fraction(2, 3), 2, t.mantissa + 1)
    rest = fma(z, horner([2 / (2 * k + 3) for k in range(1, 11)], z), c_low)
    w = c_high + rest
    w_low = rest - (w - c_high)
    v = z * w
    v_low = fma(z, w, -v) + fma(z, w_low, z_low * w)
    q = 2 + v
    q_low = (v - (q - 2)) + v_low
    y = s * q
    y_low = fma(s, q, -y) + fma(s, q_low, s_low * q)
    high, low = t.split(LN2, 2, t.mantissa - 11)
    whole = n * high
    total = whole + y
    return total, (y - (total - whole)) + fma(n, low, y_low)


@primitive(_pow_partials)
def pow_(t: Float, x: Expr, y: Expr) -> Expr:
    u = abs_(x)
    high, low = _log_in_two(t, u)
    high = _at_log_edges(u, high)
    p = y * high
    rest = fma(y, high, -p) + y * low
    return _signed_power(x, y, exp_of_sum(p, where(abs_(p) < 1e4, rest, 0.0)))


def _pow_for_float32(t: Float, x: Expr, y: Expr) -> Expr:
    """x**y in float64, good to float32."""
    return _signed_power(x, y, exp(y * log(abs_(x))))


def _signed_power(x: Expr, y: Expr, r: Expr) -> Expr:
    """x**y from r = abs(x)**y."""
    whole = eq(floor(y), y)
    odd = whole & ~eq(2 * floor(0.5 * y), y)
    r = where(eq(abs_(x), 1), 1, r)
    of_negative = where(odd, -r, where(whole | eq(x, 0) | eq(x, -INF), r, NAN))
    r = where(sign_bit_set(x) & ~isnan(x), of_negative, r)
    return where(eq(y, 0) | eq(x, 1), 1, r)


WIDE["pow"] = _pow_for_float32

# ---- trigonometric functions ---------------------------------------------------------------------


def _reduce_quarter(t: Float, x: Expr) -> tuple[Expr, Expr, Expr]:
    """n (its low bits), r and a correction to r for x = n pi/2 + r + correction."""
    turns = fma(x, t.round(2 / math.pi), 1.5 * 2.0**t.mantissa)  # the number in the low bits
    n = turns - 1.5 * 2.0**t.mantissa
    if t is F64_FOR_F32:
        high, low = t.split(PI / 2, 2, t.mantissa + 1)
        return bits(turns), fma(n, -low, fma(n, -high, x)), const(0.0)
    a, b, c, d = t.split(PI / 2, 4, t.mantissa - 20)
    exact = fma(n, -b, fma(n, -a, x))
    near = fma(n, -c, exact)
    r = fma(n, -d, near)
    return bits(turns), r, fma(n, -d, near - r) + fma(n, -c, exact - near)


def _sin_near_zero(t: Float, r: Expr, rest: Expr) -> Expr:
    z = r * r
    return r + fma(z * r, t.polynomial("sin", z), rest)


def _cos_near_zero(t: Float, r: Expr, rest: Expr) -> Expr:
    z = r * r
    h = 0.5 * z
    w = 1 - h
    return w + (((1 - w) - h) + fma(z * z, t.polynomial("cos", z), -(r * rest)))


SINE_BOUND = 1600.0  # n pi/8 for what is smaller has an n of 12 bits


def _sine_by_table(x: Expr, quarters: int) -> Expr:
    """sin(x + quarters * pi/2) in float32: sin(angle + r) with an angle near n pi/8 from a table."""
    shift = 1.5 * 2.0**F32.mantissa
    shifted = fma(x, 8 / math.pi, shift)
    n = shifted - shift
    a = F32.split(PI / 8, 2, F32.mantissa + 1)[0]
    b, c = F32.split(PI / 8 - Fraction(a), 2, 12)  # n * b has no error
    excess = lookup("sine", 0, bits(shifted))
    from_angle = fma(n, -a, x) - excess
    r = fma(n, -b, from_angle)
    rest = fma(n, -c, fma(n, -b, from_angle - r))
    sine = lookup("sine", 1, bits(shifted), 4 * quarters)
    cosine = lookup("sine", 1, bits(shifted), 4 * quarters + 4)
    z = r * r
    near = fma(cosine, r, sine)
    lost = fma(cosine, r, sine - near)
    of_sine = fma(r * z, fma(z, 0.00832258774802424, -0.1666665367132347), rest)
    of_cosine = z * fma(z, 0.04159146056574446, -0.49999909053556196)
    return near + fma(sine, of_cosine, fma(cosine, of_sine, lost))


def _sine(t: Float, x: Expr, quarters: int, name: str) -> Expr:
    """sin(x + quarters * pi/2)"""
    if t is F32:
        y = _sine_by_table(x, quarters)
        y = where(eq(x, 0), x, y) if name == "sin" else y
        return where(abs_(x) < SINE_BOUND, y, node("wide", x, val=f"{name}_of_large"))
    q, r, rest = _reduce_quarter(t, x)
    q = int_add(q, quarters) if quarters else q
    y = where(int_is_zero(int_and(q, 1)), _sin_near_zero(t, r, rest), _cos_near_zero(t, r, rest))
    y = from_bits(bits(y) ^ int_shift_left(int_and(q, 2), t.bits - 2))
    if name == "sin":
        y = where(eq(x, 0), x, y)  # the reduction turns -0 into 0
    return where(_is_huge(t, x), libm(x, val=name), y)


def _is_huge(t: Float, x: Expr) -> Expr:
    """Whether the reduction by parts of pi/2 is not exact enough; nan and infinity included."""
    return ~(abs_(x) < 1e9)


def sin_of_large(t: Float, x: Expr) -> Expr:
    """sin for what the table's angles do not serve."""
    return _sine(t, x, 0, "sin")


def cos_of_large(t: Float, x: Expr) -> Expr:
    """cos for what the table's angles do not serve."""
    return _sine(t, x, 1, "cos")


WIDE.update(sin_of_large=sin_of_large, cos_of_large=cos_of_large)


@primitive(lambda y, x: (cos(x),))
def sin(t: Float, x: Expr) -> Expr:
    return _sine(t, x, 0, "sin")


@primitive(lambda y, x: (-sin(x),))
def cos(t: Float, x: Expr) -> Expr:
    return _sine(t, x, 1, "cos")


@primitive(lambda y, x: (1 + y * y,), wide=True)
def tan(t: Float, x: Expr) -> Expr:
    n, r, rest = _reduce_quarter(t, x)
    s, c = _sin_near_zero(t, r, rest), _cos_near_zero(t, r, rest)
    odd = ~int_is_zero(int_and(n, 1))
    y = where(odd, -c, s) / where(odd, s, c)
    return where(_is_huge(t, x), libm(x, val="tan"), where(eq(x, 0), x, y))


def _sinc_partials(y: Expr, x: Expr) -> tuple[Expr]:
    z = math.pi * x
    return (where(eq(x, 0), 0, (cos(z) - y) / x),)


@primitive(_sinc_partials, wide=True)
def sinc(t: Float, x: Expr) -> Expr:
    """sin(pi x) / (pi x)"""
    n = rint(x)
    s = sin(math.pi * (x - n))  # exact zeros at whole numbers
    odd = ~eq(2 * rint(0.5 * n), n)
    return where(eq(x, 0), 1, where(odd, -s, s) / (math.pi * x))


@primitive(lambda y, x: (1 / sqrt(1 - x * x),))
def asin(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    far = a > 0.5
    z = where(far, 0.5 - 0.5 * a, x * x)  # asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2))
    s = where(far, sqrt(z), a)
    p = fma(z * s, t.polynomial("asin", z), s)
    high, low = t.split(PI / 2, 2, t.mantissa + 1)
    return copysign(where(far, high - (2 * p - low), p), x)


@primitive(lambda y, x: (-1 / sqrt(1 - x * x),))
def acos(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    far = a > 0.5
    z = where(far, 0.5 - 0.5 * a, x * x)
    s = where(far, sqrt(z), x)
    tail = z * s * t.polynomial("asin", z)
    p = s + tail
    high, low = t.split(PI / 2, 2, t.mantissa + 1)
    beyond = where(x < 0, 2 * high - (2 * p - 2 * low), 2 * p)
    return where(far, beyond, high - (s - (low - tail)))


def _arc_tangent(t: Float, numerator: Expr, denominator: Expr) -> Expr:
    """atan of a quotient in [0, 1]."""
    q = numerator / denominator
    z = q * q
    return fma(z * q, t.polynomial("atan", z), q)


@primitive(lambda y, x: (1 / (1 + x * x),))
def atan(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    far = a > 1
    r = _arc_tangent(t, where(far, 1, a), where(far, a, 1))
    high, low = t.split(PI / 2, 2, t.mantissa + 1)
    return copysign(where(far, high - (r - low), r), x)


def _atan2_partials(r: Expr, y: Expr, x: Expr) -> tuple[Expr, Expr]:
    d = x * x + y * y
    return where(eq(d, 0), 0, x / d), where(eq(d, 0), 0, -y / d)


@primitive(_atan2_partials)
def atan2(t: Float, y: Expr, x: Expr) -> Expr:
    a, b = abs_(y), abs_(x)
    steep = a > b
    q_same = eq(a, b)  # 0/0 and inf/inf
    numerator = where(q_same, where(eq(a, 0), 0, 1), where(steep, b, a))
    r = _arc_tangent(t, numerator, where(q_same, 1, where(steep, a, b)))
    left = sign_bit_set(x)  # -0 included
    high, low = t.split(PI / 2, 2, t.mantissa + 1)
    r = where(steep ^ left, -r, r)
    base_high = where(steep, high, where(left, 2 * high, 0))
    base_low = where(steep, low, where(left, 2 * low, 0))
    r = base_high + (r + base_low)
    return copysign(where(isnan(x) | isnan(y), NAN, r), y)


# ---- inverse hyperbolic functions ----------------------------------------------------------------


@primitive(lambda y, x: (1 / hypot_one(x),), wide=True)
def asinh(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    if t is F64_FOR_F32:
        y = log(a + hypot_one(a))
        return copysign(where(a < 2.0**-10, fma(-a * a, a * (1 / 6), a), y), x)
    huge = a > 2.0**t.mantissa
    b = where(huge, 1.0, a)
    near = log1p(b + b * b / (1 + sqrt(1 + b * b)))
    return copysign(where(huge, log(a) + math.log(2), near), x)


def hypot_one(x: Expr) -> Expr:
    """sqrt(1 + x*x)"""
    return sqrt(1 + x * x)


@primitive(lambda y, x: (1 / sqrt(x * x - 1),), wide=True)
def acosh(t: Float, x: Expr) -> Expr:
    if t is F64_FOR_F32:
        return log(where(x < 1, NAN, x + sqrt(fma(x, x, -1))))
    d = x - 1
    huge = x > 2.0**t.mantissa
    near = log1p(d + sqrt(d) * sqrt(x + 1))
    return where(huge, log(x) + math.log(2), near)


@primitive(lambda y, x: (1 / (1 - x * x),), wide=True)
def atanh(t: Float, x: Expr) -> Expr:
    a = abs_(x)
    if t is F64_FOR_F32:
        y = 0.5 * log((1 + a) / (1 - a))
        return copysign(where(a < 2.0**-10, fma(a * a, a * (1 / 3), a), y), x)
    return copysign(0.5 * log1p(2 * a / (1 - a)), x)
