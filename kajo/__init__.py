"""Development stand-in."""

import sys

import torch as _t
from torch import *  # noqa

for _n in dir(_t):
    if not _n.startswith("_") and _n not in ("optim", "utils", "serialization", "save", "load"):
        globals()[_n] = getattr(_t, _n)
for _n in (
    "nn",
    "autograd",
    "nn.functional",
    "nn.utils",
    "linalg",
    "distributed",
    "multiprocessing",
):
    sys.modules["kajo." + _n] = __import__("torch." + _n, fromlist=["x"])


def __getattr__(name):
    if name in ("save", "load", "serialization"):
        import importlib

        m = importlib.import_module("kajo.serialization")
        return m if name == "serialization" else getattr(m, name)
    if name in ("optim", "utils", "_core", "_storage", "_tensor_str"):
        import importlib

        return importlib.import_module("kajo." + name)
    return getattr(_t, name)
