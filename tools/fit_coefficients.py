"""Writes kajo/ops/coefficients.py: polynomials by weighted least squares on Chebyshev points.

    python tools/fit_coefficients.py

Needs mpmath. Close to minimax, because the points' density is that of the Chebyshev weight.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from mpmath import (
    asin,
    atan,
    cos,
    erf,
    erfc,
    exp,
    expm1,
    log,
    log1p,
    lu_solve,
    matrix,
    mp,
    mpf,
    nstr,
    pi,
    polyval,
    sin,
    sinh,
    sqrt,
)

mp.dps = 80
Function = Callable[[mpf], mpf]
TARGET = pathlib.Path(__file__).parent.parent / "kajo" / "ops" / "coefficients.py"

SQRT2 = sqrt(2)
LN2_HALF = log(2) / 2 * mpf("1.005")
QUARTER = (pi / 4 * mpf("1.01")) ** 2


def at_zero(f: Function, value: mpf) -> Function:
    """f with its limit at 0."""
    return lambda x: value if abs(x) < mpf(10) ** -30 else f(x)


def of_square(f: Function, value: mpf) -> Function:
    """f as a function of the square of its argument."""
    return lambda z: value if z < mpf(10) ** -30 else f(sqrt(z))


def one(x: mpf) -> mpf:
    """The weight 1."""
    return mpf(1)


def erfcx_of(t: mpf) -> mpf:
    """(1 + 2a) exp(a*a) erfc(a) for t = (a - 3.75) / (a + 3.75)."""
    a = mpf("3.75") * (1 + t) / (1 - t)
    if a > 200:
        series = 1 - 1 / (2 * a**2) + 3 / (4 * a**4) - 15 / (8 * a**6) + 105 / (16 * a**8)
        return (1 + 2 * a) / (a * sqrt(pi)) * series
    return (1 + 2 * a) * exp(a * a) * erfc(a)


def erfinv_of(w: mpf) -> mpf:
    """erfinv(x) / x for w = -log(1 - x*x)."""
    if w < mpf(10) ** -30:
        return sqrt(pi) / 2
    x = sqrt(-expm1(-w))
    target = log(exp(-w) / (1 + x))  # log(1 - x) without cancellation
    y = sqrt(-target)
    for _ in range(60):  # Newton on log(erfc(y)), which is concave: converges from the right
        step = (log(erfc(y)) - target) * erfc(y) * sqrt(pi) / 2 * exp(y * y)
        y += step
        if abs(step) < mpf(10) ** -60:
            break
    return y / x


def tail_over_bell(a: mpf) -> mpf:
    """exp(a*a/2) ndtr(-a)"""
    return exp(a * a / 2) * erfc(a / SQRT2) / 2


# name: (function, interval, degree for float32, degree for float64, weight); None: not needed
FITS = {
    "exp": (at_zero(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2), (-LN2_HALF, LN2_HALF), 4, 9, one),
    "exp2": (at_zero(lambda f: expm1(f * log(mpf(2))) / f, log(mpf(2))),
             (mpf("-0.5"), mpf("0.5")), 4, None, lambda f: abs(f) * mpf(2) ** -f),
    "log": (at_zero(lambda f: (log1p(f) - f + f * f / 2) / f**3, mpf(1) / 3),
            (1 / SQRT2 - mpf("1.001"), SQRT2 - mpf("0.999")), 8, None, one),
    "atanh": (of_square(lambda s: (log1p(2 * s / (1 - s)) - 2 * s) / s**3, mpf(2) / 3),
              (0, mpf("0.0296")), None, 7, one),
    "sin": (of_square(lambda r: (sin(r) - r) / r**3, mpf(-1) / 6), (0, QUARTER), None, 6, one),
    "cos": (of_square(lambda r: (cos(r) - 1 + r * r / 2) / r**4, mpf(1) / 24), (0, QUARTER), None,
            6, one),
    "asin": (of_square(lambda x: (asin(x) - x) / x**3, mpf(1) / 6), (0, mpf("0.2501")), 5, 13, one),
    "atan": (of_square(lambda x: (atan(x) - x) / x**3, mpf(-1) / 3), (0, 1), 9, 21, one),
    "sinh": (of_square(lambda x: (sinh(x) - x) / x**3, mpf(1) / 6), (0, mpf("1.001")), None, 7,
             one),
    "erf": (of_square(lambda x: erf(x) / x - 1, 2 / sqrt(pi) - 1), (0, mpf("1.001")), None, 12,
            one),
    "erfcx": (erfcx_of, (mpf(-1), mpf("0.8")), None, 22, one),
    "erfinv_near": (lambda v: erfinv_of(v + mpf("3.125")), (mpf("-3.125"), mpf("3.126")),
                    None, 23, one),
    "erfinv_middle": (lambda v: erfinv_of((v + mpf("3.25")) ** 2), (mpf("-0.751"), mpf("0.751")),
                      None, 19, one),
    "erfinv_far": (lambda v: erfinv_of((v + mpf("5.05")) ** 2), (mpf("-1.051"), mpf("1.051")),
                   None, 18, one),
}  # fmt: skip


# Degrees for float64 whose result is rounded to float32.
FOR_F32 = {"exp": 5, "atanh": 4, "sin": 4, "cos": 4, "sinh": 4, "erf": 9, "erfcx": 13,
           "erfinv_near": 13, "erfinv_middle": 10, "erfinv_far": 9}  # fmt: skip


def fit(
    f: Function, interval: tuple[mpf, mpf], degree: int, weight: Function
) -> tuple[list[mpf], mpf]:
    """Coefficients, lowest degree first, and the largest weighted error at the points."""
    count = 4 * (degree + 1)
    middle, half = (interval[0] + interval[1]) / 2, (interval[1] - interval[0]) / 2
    points = [middle + half * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    rows = matrix([[weight(x) * x**j for j in range(degree + 1)] for x in points])
    values = [f(x) for x in points]
    right = matrix([weight(x) * v for x, v in zip(points, values)])
    c = list(lu_solve(rows, right))
    return c, max(abs(weight(x) * (polyval(c[::-1], x) - v)) for x, v in zip(points, values))


# name: (function, degrees above and below); between 0 and 17, named name_above and name_below
RATIOS = {"tail_over_bell": (tail_over_bell, 4, 5)}


def fit_ratio(f: Function, above: int, below: int) -> tuple[list[mpf], list[mpf]]:
    """Coefficients of two polynomials, that below beginning with 1, whose ratio is f at Chebyshev
    points of (a - 3) / (a + 3)."""
    count = above + below + 1
    low, high = mpf(-1), mpf("0.7")
    middle, half = (low + high) / 2, (high - low) / 2
    turned = [middle + half * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    points = [3 * (1 + t) / (1 - t) for t in turned]
    rows = [
        [a**j for j in range(above + 1)] + [-f(a) * a**j for j in range(1, below + 1)]
        for a in points
    ]
    c = list(lu_solve(matrix(rows), matrix([f(a) for a in points])))
    return c[: above + 1], [mpf(1), *c[above + 1 :]]


def main() -> None:
    """Fit everything and write the file."""
    lines = ['"""Polynomials, lowest degree first. Written by tools/fit_coefficients.py."""', ""]
    lines += [
        "# ruff: noqa: E501",
        "# fmt: off",
        "COEFFICIENTS: dict[tuple[str, str], list[float]] = {",
    ]
    for name, (f, interval, low, high, weight) in FITS.items():
        for t, degree in (("f32", low), ("f64", high), ("f64_for_f32", FOR_F32.get(name))):
            if degree is None:
                continue
            c, error = fit(f, interval, degree, weight)
            print(name, t, degree, nstr(error, 3), flush=True)
            lines.append(f"    ({name!r}, {t!r}): {[float(v) for v in c]},")
    for name, (f, above, below) in RATIOS.items():
        for part, c in zip(("above", "below"), fit_ratio(f, above, below)):
            lines.append(f"    ({name + '_' + part!r}, 'f32'): {[float(v) for v in c]},")
    TARGET.write_text("\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
