"""What :func:`kajo.use_deterministic_algorithms` does to memory that is not initialised.

>>> import kajo
>>> from kajo.utils import deterministic
>>> kajo.use_deterministic_algorithms(True)
>>> kajo.empty(2, dtype=kajo.int8)
tensor([127, 127], dtype=kajo.int8)
>>> deterministic.fill_uninitialized_memory = False
>>> deterministic.fill_uninitialized_memory
False
>>> deterministic.fill_uninitialized_memory = True
>>> kajo.use_deterministic_algorithms(False)
"""

from __future__ import annotations

import sys
from types import ModuleType

from kajo import _core


class _Deterministic(ModuleType):
    @property
    def fill_uninitialized_memory(self) -> bool:
        """Whether it is filled with NaN, the largest integer or True; it is by default."""
        return _core._fill_uninitialized()

    @fill_uninitialized_memory.setter
    def fill_uninitialized_memory(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise RuntimeError(f"expected a bool, but got {type(mode).__name__}")
        _core._set_fill_uninitialized(mode)


sys.modules[__name__].__class__ = _Deterministic
