"""Memory shared with NumPy and others through DLPack."""

import numpy
import pytest

import kajo
from kajo.utils.dlpack import from_dlpack, to_dlpack


def test_to_numpy_and_back():
    x = kajo.arange(6).view(2, 3).t()
    array = numpy.from_dlpack(x)
    assert array.shape == (3, 2)
    x[0, 0] = 100
    assert array[0, 0] == 100
    y = from_dlpack(numpy.arange(3.0))
    assert y.tolist() == [0.0, 1.0, 2.0]


def test_capsules():
    x = kajo.ones(3)
    y = from_dlpack(to_dlpack(x))
    y[0] = 5
    assert x.tolist() == [5.0, 1.0, 1.0]


def test_refused():
    with pytest.raises(BufferError, match="require gradient"):
        to_dlpack(kajo.ones(1, requires_grad=True))


def test_torch():
    torch = pytest.importorskip("torch")
    x = kajo.ones(2, 2)
    torch.from_dlpack(x)[0, 0] = 7
    assert x[0, 0].item() == 7.0
    assert kajo.from_dlpack(torch.arange(3)).tolist() == [0, 1, 2]
