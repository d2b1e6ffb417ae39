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


@pointwise(name="conj", allows="float int bool complex unsigned complex_half float8", complex_formula=conj,
           complex_gradient=lambda g, y, x: (conj(g),))  # fmt: skip
def conj_(input: Expr) -> Expr:
    """The complex conjugate; real tensors are returned as they are.

    >>> import kajo
    >>> kajo.conj_physical(kajo.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return input


@pointwise(rule="real", allows="float int bool complex", complex_formula=_real,
           complex_gradient=lambda g, y, x: (_complex(g, 0),))  # fmt: skip
def real(input: Expr) -> Expr:
    """The real part; real tensors are returned as they are.

    >>> import kajo
    >>> kajo.real(kajo.tensor([1 + 2j]))
    tensor([1.])
    """
    return input


@pointwise(rule="real", allows="complex", complex_gradient=lambda g, y, x: (_complex(0, g),))
def imag(input: Expr) -> Expr:
    """The imaginary part of complex elements.

    >>> import kajo
    >>> kajo.imag(kajo.tensor([1 + 2j]))
    tensor([2.])
    """
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
    """The angle of a complex number, in (-pi, pi]; of real ones 0 or, where negative, pi.

    >>> import kajo
    >>> kajo.angle(kajo.tensor([1j, -1 + 0j]))
    tensor([1.5708, 3.1416])
    """
    return where(isnan(input), input, where(input < 0, math.pi, 0))


def _polar_gradient(g: Expr, y: Expr, size: Expr, turn: Expr) -> tuple[Expr, Expr]:
    return _real(conj(g) * node("sgn", y)), -_imag(conj(g) * y)


@pointwise(rule="complex", complex_gradient=_polar_gradient)
def polar(abs: Expr, angle: Expr) -> Expr:
    """abs * (cos(angle) + i sin(angle)): complex numbers from size and angle.

    >>> import kajo
    >>> kajo.polar(kajo.tensor([2.0]), kajo.tensor([0.0]))
    tensor([2.+0.j])
    """
    return node("polar", abs, angle)


@pointwise(name="complex", rule="complex", complex_gradient=lambda g, y, a, b: (_real(g), _imag(g)))
def complex_(real: Expr, imag: Expr) -> Expr:
    """real + i imag: complex numbers from their parts.

    >>> import kajo
    >>> kajo.complex(kajo.tensor([1.0]), kajo.tensor([2.0]))
    tensor([1.+2.j])
    """
    return _complex(real, imag)
