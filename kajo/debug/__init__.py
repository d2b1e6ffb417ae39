"""Seeing what goes wrong in a training run.

>>> import kajo
>>> model = kajo.nn.Sequential(kajo.nn.Linear(2, 2), kajo.nn.Linear(2, 1))
>>> kajo.debug.unused_parameters(model, model[0](kajo.ones(1, 2)).sum())
['1.weight', '1.bias']
"""

from kajo.debug._memory import MemoryReport, MemoryRow, memory
from kajo.debug._nonfinite import NonFinite, track_nonfinite
from kajo.debug._unused import unused_parameters

__all__ = [
    "MemoryReport",
    "MemoryRow",
    "NonFinite",
    "memory",
    "track_nonfinite",
    "unused_parameters",
]
