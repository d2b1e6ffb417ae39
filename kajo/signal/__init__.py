"""Signal processing: window functions.

>>> import kajo
>>> kajo.signal.windows.hann(3)
tensor([0., 1., 0.])
"""

from __future__ import annotations

from kajo.signal import windows as windows

__all__ = ["windows"]
