"""Operations written in terms of others: they get their gradients from those."""

from __future__ import annotations

from kajo._composites import (
    batch_statistics,
    contraction,
    elements,
    factorisations,
    fake_quantization,
    former_methods,
    fourier,
    hashing,
    histograms,
    matrices,
    memory,
    normalization,
    segments,
    shapes,
    sparse,
    spectral,
    statistics,
    windows,
)
from kajo._composites import special as special
from kajo._overriding import make_overridable
from kajo._tensor import Tensor

_FAMILIES = (
    batch_statistics,
    contraction,
    elements,
    factorisations,
    fake_quantization,
    former_methods,
    fourier,
    hashing,
    histograms,
    matrices,
    memory,
    normalization,
    segments,
    shapes,
    sparse,
    spectral,
    statistics,
    windows,
)

for _family in _FAMILIES:
    make_overridable(vars(_family), {*_family.__all__, *_family.METHODS})
    for _name in _family.METHODS:
        setattr(Tensor, _name, getattr(_family, _name))
