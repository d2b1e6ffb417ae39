"""The text of generated tensors is PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import kajo
from kajo._tensor_str import _str, set_printoptions

torch = pytest.importorskip("torch")

SHAPES = [(), (1,), (5,), (40,), (3, 4), (2, 1, 3), (1200,), (40, 40), (7, 7, 7, 7), (0, 3), (0,)]
DTYPES = ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64"]
OPTIONS = [
    {},
    {"precision": 2, "threshold": 20},
    {"profile": "short"},
    {"profile": "full", "linewidth": 50},
    {"sci_mode": True},
    {"sci_mode": False},
    {"edgeitems": 1, "threshold": 0},
    {"edgeitems": 0, "threshold": 3},
]


def values(rng, shape, dtype):
    scale = 10.0 ** rng.integers(-6, 9)
    array = rng.standard_normal(shape) * scale
    if rng.random() < 0.3:
        array = np.round(array)
    if array.size and rng.random() < 0.3:
        array.reshape(-1)[rng.integers(array.size)] = rng.choice([0.0, -0.0, np.nan, np.inf])
    if dtype.startswith("complex"):
        return array + 1j * rng.standard_normal(shape)
    if dtype == "bool":
        return array > 0
    if dtype in ("uint8", "int64"):
        return rng.integers(0, 100, shape)
    return array


@pytest.fixture(autouse=True)
def default_options():
    yield
    set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


def renamed(text):
    return text.replace("torch.", "kajo.")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_same_text(dtype, options):
    rng = np.random.default_rng(len(dtype) + len(str(options)))
    set_printoptions(**options)
    torch.set_printoptions(**options)
    for shape in SHAPES:
        for _ in range(3):
            data = values(rng, shape, dtype).tolist()
            ours = kajo.tensor(data, dtype=getattr(kajo, dtype)).reshape(shape)
            theirs = torch.tensor(data, dtype=getattr(torch, dtype)).reshape(shape)
            assert renamed(_str(ours)) == renamed(repr(theirs))
