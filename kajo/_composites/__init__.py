"""Operations written in terms of others: they get their gradients from those."""

from __future__ import annotations

from kajo._composites import contraction, matrices, shapes, spectral, statistics
from kajo._composites.contraction import *  # noqa: F403
from kajo._composites.matrices import *  # noqa: F403
from kajo._composites.shapes import *  # noqa: F403
from kajo._composites.spectral import *  # noqa: F403
from kajo._composites.statistics import *  # noqa: F403
from kajo._tensor import Tensor

_FAMILIES = (contraction, matrices, shapes, spectral, statistics)

__all__: list[str] = []
__all__ += contraction.__all__
__all__ += matrices.__all__
__all__ += shapes.__all__
__all__ += spectral.__all__
__all__ += statistics.__all__

for _family in _FAMILIES:
    for _name in _family.METHODS:
        setattr(Tensor, _name, getattr(_family, _name))
