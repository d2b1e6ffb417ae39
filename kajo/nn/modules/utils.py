"""Numbers and tuples of numbers as arguments of layers."""

from __future__ import annotations

# Kept below the layers, so that the functions need not import those.
from kajo.nn._tuples import (
    _list_with_default,
    _ntuple,
    _pair,
    _quadruple,
    _reverse_repeat_tuple,
    _single,
    _triple,
)

__all__ = [
    "_list_with_default",
    "_ntuple",
    "_pair",
    "_quadruple",
    "_reverse_repeat_tuple",
    "_single",
    "_triple",
]
