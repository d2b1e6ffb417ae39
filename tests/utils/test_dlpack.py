"""Memory shared with NumPy and others through DLPack."""

import ctypes

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


def test_versions_and_copies():
    x = kajo.ones(3)
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
    assert '"dltensor"' in repr(x.__dlpack__())
    for options in ({}, {"max_version": (1, 0)}):
        from_dlpack(x.__dlpack__(**options))[0] = 5
        assert x[0].item() == 5.0
        from_dlpack(x.__dlpack__(copy=True, **options))[0] = 7
        assert x[0].item() == 5.0
    assert from_dlpack(x, copy=True).data_ptr() != x.data_ptr() == from_dlpack(x).data_ptr()
    assert from_dlpack(x.__dlpack__(), copy=True).data_ptr() != x.data_ptr()
    assert from_dlpack(x, device="cpu").tolist() == x.tolist()
    for call, error in [
        (lambda: x.__dlpack__(stream=1), AssertionError),
        (lambda: x.__dlpack__(dl_device=(2, 0)), BufferError),
        (lambda: kajo.ones(2).to_sparse().__dlpack__(), BufferError),
        (lambda: kajo.empty(2, device="meta").__dlpack__(), BufferError),
        (lambda: from_dlpack(x, device="meta"), RuntimeError),
    ]:
        with pytest.raises(error):
            call()


def test_device_types():
    torch = pytest.importorskip("torch")
    from torch.utils.dlpack import DLDeviceType as Theirs

    assert {d.name: int(d) for d in kajo.utils.dlpack.DLDeviceType} == {
        d.name: int(d) for d in Theirs
    }
    x = kajo.ones(2)
    assert torch.from_dlpack(x, copy=True).data_ptr() != x.data_ptr()
    assert kajo.from_dlpack(torch.ones(2), copy=False).tolist() == [1.0, 1.0]


class Description(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]  # fmt: skip


class Functions(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("older", ctypes.c_void_p),
        ("allocate", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)),
        ("from_object", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(ctypes.c_void_p))),
        ("to_object", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.py_object))),
        ("describe", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(Description))),
        ("stream", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))),
    ]  # fmt: skip


def test_exchange_without_capsules():
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = get(kajo.Tensor.__dlpack_c_exchange_api__, b"dlpack_exchange_api")
    functions = ctypes.cast(address, ctypes.POINTER(Functions)).contents
    x = kajo.arange(6, dtype=kajo.float32).view(2, 3).t()
    told = Description()
    assert functions.major == 1 and functions.describe(x, ctypes.byref(told)) == 0
    assert (told.data, told.ndim, told.code, told.bits) == (x.data_ptr(), 2, 2, 32)
    assert told.shape[:2] == [3, 2] and told.strides[:2] == [1, 3]
    managed, made, stream = ctypes.c_void_p(), ctypes.py_object(), ctypes.c_void_p(1)
    assert functions.from_object(x, ctypes.byref(managed)) == 0
    assert functions.to_object(managed, ctypes.byref(made)) == 0
    made.value[0, 0] = 9
    assert x[0, 0].item() == 9.0 and made.value.shape == (3, 2)
    assert functions.stream(1, 0, ctypes.byref(stream)) == 0 and not stream.value
    with pytest.raises(TypeError):
        functions.describe(3, ctypes.byref(told))
    fresh = ctypes.c_void_p()
    assert functions.allocate(ctypes.byref(told), ctypes.byref(fresh), None, None) == 0
    assert functions.to_object(fresh, ctypes.byref(made)) == 0
    assert made.value.shape == (3, 2) and made.value.is_contiguous()
