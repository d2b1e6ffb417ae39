"""The scalar primitives: how they are defined, and the small ones.

A primitive has up to two parts: its derivative, and, unless a machine has an instruction for it,
its implementation as an expression over machine operations for a given float type. One
implementation serves every generator of code, and shared parts (the range reduction of sin and cos,
say) are shared by hash-consing. Machine operations are all that a generator must know.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .coefficients import COEFFICIENTS
from .expression import PARTIALS, Expr, Number, const, eq, fma, iconst, isnan, neg, node, rewrite
from .expression import where as where
from .tables import TABLES

INF, NAN = math.inf, math.nan
LN2 = Fraction("0.693147180559945309417232121458176568075500134360255254120680009")
PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")

Partials = Callable[..., tuple[Number | None, ...]]
Implementation = Callable[..., Expr]


class Float:
    """A floating-point computing type, as implementations ask about it.

    `mantissa` is the number of stored fraction bits; below `exp_low` exp gives 0, above `exp_high`
    inf.
    """

    def __init__(
        self, name: str, bits: int, mantissa: int, round_: Callable[[float], float]
    ) -> None:
        self.name, self.bits, self.mantissa, self.round = name, bits, mantissa, round_
        self.bias = (1 << (bits - mantissa - 2)) - 1
        self.sign_bit = -(1 << (bits - 1))
        self.exp_low, self.exp_high = (-104.0, 89.0) if bits == 32 else (-746.0, 710.0)

    def polynomial(self, name: str, x: Expr, chains: int = 2) -> Expr:
        """The polynomial of this name at x; two Horner chains have half the latency of one."""
        c = COEFFICIENTS.get((name, self.name)) or COEFFICIENTS[name, f"f{self.bits}"]
        if chains == 1 or len(c) < 5:
            return horner(c, x)
        return fma(horner(c[1::2], x * x), x, horner(c[::2], x * x))

    def split(self, exact: Fraction, parts: int, keep: int) -> list[float]:
        """A constant as a sum of numbers; all but the last have `keep` leading bits."""
        out, rest = [], Fraction(exact)
        for i in range(parts):
            part = self.round(float(rest))
            if i < parts - 1:
                m, e = math.frexp(part)
                part = math.ldexp(math.floor(m * 2**keep), e - keep)
            out.append(part)
            rest -= Fraction(part)
        return out


def _round_to_float32(x: float) -> float:
    return float(struct.unpack("f", struct.pack("f", x))[0])


F32 = Float("f32", 32, 23, _round_to_float32)
F64 = Float("f64", 64, 52, float)
# float64 for results that are rounded to float32: its polynomials are shorter.
F64_FOR_F32 = Float("f64_for_f32", 64, 52, float)


def horner(coefficients: list[float], x: Expr) -> Expr:
    """The polynomial with these coefficients (lowest degree first)."""
    y = const(coefficients[-1])
    for c in coefficients[-2::-1]:
        y = fma(y, x, c)
    return y


# ---- defining ------------------------------------------------------------------------------------

RARE: set[str] = set()  # computed one element at a time, by a function of csrc/cpu
IMPLEMENTATIONS: dict[str, Implementation] = {}  # for the computing type itself
WIDE: dict[str, Implementation] = {}  # float32 is computed by this one in float64 and rounded


def primitive(
    partials: Partials | None = None, wide: bool = False
) -> Callable[[Implementation], Callable[..., Expr]]:
    """Define a primitive: `partials(y, *args)` are its derivatives, the body its implementation.

    With `wide`, float32 runs the implementation in float64: for what is rarely used or loses
    digits.
    """

    def define(implementation: Implementation) -> Callable[..., Expr]:
        name = implementation.__name__.rstrip("_")
        IMPLEMENTATIONS[name] = implementation
        if wide:
            WIDE[name] = implementation
        if partials:
            PARTIALS[name] = partials
        return lambda *args: node(name, *map(const, args))

    return define


def machine(name: str, partials: Partials | None = None, kind: str = "f") -> Callable[..., Expr]:
    """Declare an operation that every generator of code knows."""
    if partials:
        PARTIALS[name] = partials
    return lambda *args, val=None: node(name, *args, kind=kind, val=val)


def rare(name: str, partials: Partials | None = None) -> Callable[..., Expr]:
    """Declare a primitive that csrc/cpu/special_functions.h computes in double.

    Kernels that contain one are plain loops, compiled once for all instruction sets.
    """
    RARE.add(name)
    if partials:
        PARTIALS[name] = partials
    return lambda *args: node(name, *map(const, args))


def _no_slope(y: Expr, *args: Expr) -> tuple[None, ...]:
    return (None,) * len(args)


sqrt = machine("sqrt", lambda y, x: (0.5 / y,))
floor = machine("floor", _no_slope)
trunc = machine("trunc", _no_slope)
rint = machine("rint", _no_slope)
abs_ = machine("abs", lambda y, x: (sign(x),))
to_int = machine("to_int", kind="i")  # a whole number below 2**(mantissa-1) to an integer
to_float = machine("to_float")
bits = machine("bits", kind="i")
from_bits = machine("from_bits")
scale = machine("scale")  # x * 2**n for a whole number n, rounded once
scale_floor = machine("scale_floor")  # x * 2**floor(n)
libm = machine(
    "libm"
)  # lane by lane, val = the function; `where(c, libm(x), fast)` costs only if c


def lookup(table: str, column: int, index: Expr, turn: int = 0) -> Expr:
    """The number at a place of a column of float32 numbers; of the index only the last bits count.

    The column is that of TABLES, begun `turn` places later.
    """
    return node("lookup", index, val=f"{table} {column} {turn}")


def piecewise(table: str, index: Expr, a: Expr) -> Expr:
    """A function by the polynomial of the piece that `a` lies in.

    The columns are the centre, the value there, and the coefficients of the powers of a - centre.
    """
    centre, *c = (lookup(table, i, index) for i in range(len(TABLES[table])))
    d = a - centre
    y = c[-1]
    for coefficient in c[-2::-1]:
        y = fma(y, d, coefficient)
    return y


def piecewise_precise(table: str, index: Expr, a: Expr) -> Expr:
    """The same within half a place: the first power has two columns, and its product no error."""
    centre, value, slope, *c = (lookup(table, i, index) for i in range(len(TABLES[table])))
    d = a - centre
    y = c[-1]
    for coefficient in c[-2::-1]:
        y = fma(y, d, coefficient)
    near = fma(d, slope, value)
    return near + fma(y, d, fma(d, slope, value - near))


def _integer(op: str) -> Callable[[Expr, Any], Expr]:
    return lambda a, b: node(op, a, iconst(b), kind="i")


int_add, int_sub, int_shift_left, int_shift_right, int_and, int_or = map(
    _integer, ("int_add", "int_sub", "int_shift_left", "int_shift_right", "and", "or")
)


def int_is_zero(a: Expr) -> Expr:
    """Whether an integer is 0."""
    return node("eq", a, iconst(0), kind="b")


def sign_bit_set(x: Expr) -> Expr:
    """Whether x is negative, -0 and negative nan included."""
    return node("lt", bits(x), iconst(0), kind="b")


# ---- small ones ----------------------------------------------------------------------------------


def _shared_tie(y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """A tie gives half to each; where one is nan both get all."""
    tie = where(eq(a, b), 0.5, 1.0)
    a_wins, b_wins = (a > b, b > a) if y.op == "max" else (a < b, b < a)
    return where(a_wins, 1, where(b_wins, 0, tie)), where(b_wins, 1, where(a_wins, 0, tie))


@primitive(_shared_tie)
def max_(t: Float, a: Expr, b: Expr) -> Expr:
    """The larger; nan if either is."""
    return where((a > b) | isnan(a), a, b)


@primitive(_shared_tie)
def min_(t: Float, a: Expr, b: Expr) -> Expr:
    """The smaller; nan if either is."""
    return where((a < b) | isnan(a), a, b)


@primitive(_no_slope)
def sign(t: Float, x: Expr) -> Expr:
    """-1, 0 or 1; 0 for nan and -0."""
    return where(x > 0, 1, where(x < 0, -1, 0))


@primitive(_no_slope)
def sgn(t: Float, x: Expr) -> Expr:
    """x / |x|, which for real numbers is the sign."""
    return sign(x)


@primitive(lambda y, x: (-0.5 * y**3,))
def rsqrt_(t: Float, x: Expr) -> Expr:
    """1 / sqrt(x)"""
    return 1 / sqrt(x)


@primitive(lambda y, x, s: (where(eq(x, 0), 0, y / x), None))
def copysign(t: Float, x: Expr, s: Expr) -> Expr:
    """The magnitude of x with the sign of s."""
    return from_bits(int_or(int_and(bits(x), ~iconst(t.sign_bit)), int_and(bits(s), t.sign_bit)))


@primitive(lambda y, a, b: (1, -trunc(a / b)))
def fmod(t: Float, a: Expr, b: Expr) -> Expr:
    """The exact remainder with the sign of a."""
    inexact = ~(abs_(a / b) < 2.0**t.mantissa) | eq(abs_(b), INF)
    r = fma(-trunc(a / b), b, a)
    r = where((r < 0) & (a > 0) | (r > 0) & (a < 0), r + copysign(b, a), r)  # quotient rounded up
    return where(inexact, libm(a, b, val="fmod"), copysign(r, a))


@primitive(lambda y, a, b: (1, -floor(a / b)))
def remainder(t: Float, a: Expr, b: Expr) -> Expr:
    """The remainder with the sign of b."""
    r = fmod(a, b)
    return where(~eq(r, 0) & ((r < 0) ^ (b < 0)), r + b, r)


@primitive(_no_slope)
def floor_divide(t: Float, a: Expr, b: Expr) -> Expr:
    """floor(a / b) as Python computes it: from the exact remainder."""
    m = fmod(a, b)
    q = (a - m) / b
    q = where(~eq(m, 0) & ((b < 0) ^ (m < 0)), q - 1, q)
    whole = floor(q)
    whole = where(q - whole > 0.5, whole + 1, whole)
    return where(eq(b, 0), a / b, where(eq(q, 0), copysign(0, a / b), whole))


@primitive(_no_slope)
def nextafter(t: Float, a: Expr, b: Expr) -> Expr:
    """The next number after a in the direction of b."""
    i = bits(a)
    up = from_bits(int_add(i, 1))
    down = from_bits(int_sub(i, 1))
    stepped = where((a < b) ^ (a < 0), up, down)
    smallest = copysign(from_bits(iconst(1)), b)
    y = where(eq(a, b), b, where(eq(a, 0), smallest, stepped))
    return where(isnan(a) | isnan(b), a + b, y)


@primitive(lambda r, x, y: (where(eq(r, 0), 0, x / r), where(eq(r, 0), 0, y / r)))
def hypot(t: Float, x: Expr, y: Expr) -> Expr:
    """sqrt(x*x + y*y) without overflow on the way."""
    a, b = abs_(x), abs_(y)
    m = where(a > b, a, b)
    shrink, grow = 2.0 ** -(t.bias * 5 // 8), 2.0 ** (t.bias * 5 // 8)
    small = m < 2.0 ** -(t.bias // 2 - t.mantissa)
    s = where(m > 2.0 ** (t.bias // 2), shrink, where(small, grow, 1.0))
    r = sqrt(fma(a * s, a * s, (b * s) * (b * s))) / s
    return where(eq(a, INF) | eq(b, INF), INF, r)


# ---- lowering ------------------------------------------------------------------------------------


def _power(x: Expr, n: int) -> Expr:
    """x**n by repeated squaring."""
    y: Expr | None = None
    while n:
        if n & 1:
            y = x if y is None else node("mul", y, x)
        x, n = node("mul", x, x), n >> 1
    assert y is not None
    return y


def lower(roots: list[Expr], t: Float) -> list[Expr]:
    """Replace primitives by their implementations until only machine operations stand.

    For float32, a primitive of WIDE becomes the machine operation "wide" with its name as value;
    `where(c, fast, wide)` costs more than fast only where c does not hold in some lane.
    """

    def step(e: Expr, args: tuple[Expr, ...]) -> Expr | None:
        if e.op == "powi":
            assert isinstance(e.val, int)
            return _power(args[0], e.val)
        if t is F32 and e.op in WIDE:
            return node("wide", *args, val=e.op)
        if e.op in IMPLEMENTATIONS:
            return lower([IMPLEMENTATIONS[e.op](t, *args)], t)[0]
        if e.op == "neg" and args[0].op == "const":
            return neg(args[0])
        return None

    return rewrite(roots, step)
