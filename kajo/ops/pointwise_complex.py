"""Element-wise operations between real and complex numbers.

For real inputs these are what PyTorch makes of them; gradients that are not conjugate products of a
complex derivative are given.
"""

from __future__ import annotations

import math

from .expression import Expr, Number, eq, isnan, node, where
from .operation import conj, pointwise

REAL = "float int bool"


def _complex(real: Number, imag: Number) -> Expr:
    return node("complex", real, imag)


def _real(x: Expr) -> Expr:
    return node("real", x)


def _imag(x: Expr) -> Expr:
    return node("imag", x)


@pointwise(name="conj", allows="float int bool complex", complex_formula=conj,
           complex_gradient=lambda g, y, x: (conj(g),))  # fmt: skip
def conj_(input: Expr) -> Expr:
    return input


@pointwise(rule="real", allows="float int bool complex", complex_formula=_real,
           complex_gradient=lambda g, y, x: (_complex(g, 0),))  # fmt: skip
def real(input: Expr) -> Expr:
    return input


@pointwise(rule="real", allows="complex", complex_gradient=lambda g, y, x: (_complex(0, g),))
def imag(input: Expr) -> Expr:
    return _imag(input)


def _angle_gradient(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    re, im = _real(x), _imag(x)
    square = re * re + im * im
    at_zero = eq(square, 0)
    return (_complex(where(at_zero, 0, -(g * im) / square), where(at_zero, 0, g * re / square)),)


@pointwise(rule="real", allows="float complex", partials=lambda y, x: (0,),
           complex_formula=lambda x: node("angle", x),
           complex_gradient=_angle_gradient)  # fmt: skip
def angle(input: Expr) -> Expr:
    return where(isnan(input), input, where(input < 0, math.pi, 0))


def _polar_gradient(g: Expr, y: Expr, size: Expr, turn: Expr) -> tuple[Expr, Expr]:
    return _real(conj(g) * node("sgn", y)), -_imag(conj(g) * y)


@pointwise(rule="complex", complex_gradient=_polar_gradient)
def polar(abs: Expr, angle: Expr) -> Expr:
    return node("polar", abs, angle)


@pointwise(name="complex", rule="complex", complex_gradient=lambda g, y, a, b: (_real(g), _imag(g)))
def complex_(real: Expr, imag: Expr) -> Expr:
    return _complex(real, imag)
