"""Writes kajo/ops/tables.py: functions piece by piece, for float32 kernels that look coefficients up.

    python tools/fit_tables.py

Needs mpmath. A table has a column of float32 numbers for each coefficient and a place for each piece.
"""

from __future__ import annotations

import pathlib
import struct
from collections.abc import Callable

from mpmath import cos, diff, erf, erfc, exp, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 40
Function = Callable[[mpf], mpf]
TARGET = pathlib.Path(__file__).parent.parent / "kajo" / "ops" / "tables.py"
PLACES = 32
CLOSE = mpf(2) ** -34  # how close to a float32 the value at a centre has to be


def narrow(x: mpf) -> float:
    """The float32 next to x."""
    return float(struct.unpack("f", struct.pack("f", float(x)))[0])


def good_centre(f: Function, low: float, high: float) -> float:
    """A float32 near the middle where f is almost a float32, so that one number says it all."""
    tries, best, least = 60000, low, mpf(1)
    for k in range(tries):
        aside = (k // 2 + k % 2) * (-1 if k % 2 else 1) / tries
        c = narrow(mpf((low + high) / 2 + aside * (high - low) / 4))
        value = f(mpf(c))
        error = abs(narrow(value) / value - 1)
        if error < least:
            best, least = c, error
        if error < CLOSE:
            break
    return best


def fit(
    f: Function, low: float, high: float, degree: int, apart: bool, size: Function
) -> list[float]:
    """Centre c, then the coefficients of f by powers of a - c for a in [low, high].

    With `apart`, the first power has two: a float32, and what is left of it. Errors count in parts of
    `size`.
    """
    c = 0.0 if low == 0 else good_centre(f, low, high)
    value = mpf(narrow(f(mpf(c))))
    known = [c, float(value)]
    slope = mpf(0)
    if apart:
        slope = mpf(narrow(diff(f, c)))
        known.append(float(slope))
    count = 4 * degree
    middle, half = mpf(low + high) / 2, mpf(high - low) / 2
    points = [middle + half * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    points = [a for a in points if abs(a - c) > mpf(10) ** -6]
    weight = [1 / size(a) for a in points]
    rows = matrix(
        [[w * (a - c) ** j for j in range(1, degree + 1)] for w, a in zip(weight, points)]
    )
    right = matrix([w * (f(a) - value - slope * (a - c)) for w, a in zip(weight, points)])
    return known + [narrow(v) for v in lu_solve(rows, right)]


def columns(pieces: dict[int, list[float]]) -> list[list[float]]:
    """The pieces by place, turned; places without one repeat the last."""
    last = pieces[max(pieces)]
    rows = [pieces.get(i, last) for i in range(PLACES)]
    return [list(column) for column in zip(*rows)]


def evenly(
    f: Function, step: float, end: float, degree: int, apart: bool, size: Function | None = None
) -> list[list[float]]:
    """Pieces around the multiples of the step."""
    pieces = {}
    for i in range(PLACES):
        high = end if i == PLACES - 1 else (i + 0.5) * step
        pieces[i] = fit(f, max(0.0, (i - 0.5) * step), high, degree, apart, size or f)
    return columns(pieces)


def by_leading_bits(f: Function, end: float, degree: int, apart: bool) -> list[list[float]]:
    """Pieces between the numbers 1 + a with three bits after the first, placed by their last bits."""
    pieces = {}
    for k in range(PLACES):
        unit = 2.0 ** (k // 8)
        low, high = unit * (1 + k % 8 / 8) - 1, unit * (1 + (k % 8 + 1) / 8) - 1
        if low < end:
            pieces[(k + 24) % PLACES] = fit(f, low, high, degree, apart, f)
    rows = [pieces.get(i, pieces[24]) for i in range(PLACES)]
    return [list(column) for column in zip(*rows)]


def high_and_low(values: list[mpf]) -> list[list[float]]:
    """Numbers as sums of two float32."""
    high = [narrow(v) for v in values]
    return [high, [narrow(v - h) for v, h in zip(values, high)]]


def sines() -> list[list[float]]:
    """Sixteen angles, by what they exceed multiples of pi/8, and their sines.

    The angles are such that sines and cosines are almost float32.
    """

    def error(x: mpf) -> mpf:
        return abs(narrow(sin(x)) - sin(x)) + abs(narrow(cos(x)) - cos(x)) / 4

    excess = [mpf(0)]
    for i in (1, 2):
        tries = [mpf(k) / 2**24 for k in range(-(2**14), 2**14)]
        excess.append(min(tries, key=lambda e: error(i * pi / 8 + e)))
    excess.append(-excess[1])
    values = [float(sin(i * pi / 8 + excess[i % 4])) if i % 8 else 0.0 for i in range(16)]
    return [[float(excess[i % 4]) for i in range(16)], [narrow(mpf(v)) for v in values]]


def tail(a: mpf) -> mpf:
    """The normal distribution's tail beyond a."""
    return erfc(a / sqrt(mpf(2))) / 2


def bell(a: mpf) -> mpf:
    """The normal density."""
    return exp(-a * a / 2) / sqrt(2 * pi)


def tables() -> dict[str, list[list[float]]]:
    """All tables."""
    return {
        "exp2": high_and_low([mpf(2) ** (mpf(i) / PLACES) for i in range(PLACES)]),
        "sine": sines(),
        "erf": evenly(erf, 1 / 8, 3.9375, 5, True),
        "tanh": by_leading_bits(tanh, 10.0, 5, True),
        "gelu_tail": evenly(lambda a: a * tail(a), 1 / 4, 7.875, 6, False),
        "gelu_slope": evenly(
            lambda a: tail(a) - a * bell(a), 1 / 4, 7.875, 6, False, lambda a: tail(a) + a * bell(a)
        ),
    }


def main() -> None:
    """Fit everything and write the file."""
    lines = ['"""Tables of coefficients. Written by tools/fit_tables.py."""', ""]
    lines += ["# fmt: off", "TABLES: dict[str, list[list[float]]] = {"]
    for name, table in tables().items():
        print(name, flush=True)
        lines.append(f"    {name!r}: [")
        lines += [f"        {[float(v) for v in column]}," for column in table]
        lines.append("    ],")
    TARGET.write_text("\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
