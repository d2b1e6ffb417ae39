"""Discrete Fourier transforms.

Every transform takes `norm`: "backward" (the default) divides the inverse by the number of points,
"forward" the forward one, "ortho" both by its square root. Names ending in 2 or n transform
several dimensions.

>>> import kajo
>>> kajo.fft.fft(kajo.tensor([1.0, 0.0, 0.0, 0.0]))
tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
"""

from __future__ import annotations

from kajo import Tensor as Tensor
from kajo import _core

__all__ = [name for name in dir(_core.fft) if not name.startswith("_")]
globals().update({name: getattr(_core.fft, name) for name in __all__})
