"""Linear algebra: factorisations, solutions of equations, norms.

All functions take batches of matrices, (..., m, n), of real or complex floating dtypes. What ends in
`_ex` returns LAPACK's info instead of raising :class:`LinAlgError`.

>>> import kajo
>>> A = kajo.tensor([[2.0, 0.0], [0.0, 4.0]])
>>> kajo.linalg.solve(A, kajo.tensor([2.0, 2.0]))
tensor([1.0000, 0.5000])
"""

from __future__ import annotations

from kajo import _core
from kajo import _linalg as _linalg  # adds its operations to the core's
from kajo._core import _LinAlgError as LinAlgError

_names = [name for name in dir(_core.linalg) if not name.startswith("_")]
globals().update({name: getattr(_core.linalg, name) for name in _names})

__all__ = ["LinAlgError", *_names]
