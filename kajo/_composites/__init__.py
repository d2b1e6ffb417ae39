"""Operations written in terms of others: they get their gradients from those."""

from __future__ import annotations

from kajo._composites import contraction, matrices, shapes, spectral, statistics
from kajo._tensor import Tensor

_FAMILIES = (contraction, matrices, shapes, spectral, statistics)

__all__: list[str] = [name for family in _FAMILIES for name in family.__all__]

for _family in _FAMILIES:
    for _name in _family.__all__:
        globals()[_name] = getattr(_family, _name)
    for _name in _family.METHODS:
        setattr(Tensor, _name, getattr(_family, _name))
