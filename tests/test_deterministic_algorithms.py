"""use_deterministic_algorithms: what is refused, what is filled, and how it is asked for."""

import math

import pytest

import kajo
from kajo.nn import functional as F
from kajo.utils import deterministic


@pytest.fixture(autouse=True)
def restore():
    yield
    kajo.use_deterministic_algorithms(False)
    deterministic.fill_uninitialized_memory = True


def put():
    kajo.zeros(2).put_(kajo.tensor([0]), kajo.ones(1))


def unpool():
    pooled, places = F.max_pool1d(kajo.ones(1, 1, 4), 2, return_indices=True)
    F.max_unpool1d(pooled, places, 2)


@pytest.mark.parametrize("call", [put, unpool])
def test_refusals(call):
    call()
    kajo.use_deterministic_algorithms(True)
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        call()
    kajo.use_deterministic_algorithms(True, warn_only=True)
    with pytest.warns(UserWarning, match="does not have a deterministic implementation"):
        call()


def test_what_adds_is_not_refused():
    kajo.use_deterministic_algorithms(True)
    x = kajo.zeros(2).put_(kajo.tensor([0, 0]), kajo.ones(2), accumulate=True)
    assert x.tolist() == [2.0, 0.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda dtype: kajo.empty(3, dtype=dtype),
        lambda dtype: kajo.empty_like(kajo.zeros(3), dtype=dtype),
        lambda dtype: kajo.empty_strided((3,), (2,), dtype=dtype),
        lambda dtype: kajo.empty_permuted((3,), (0,), dtype=dtype),
        lambda dtype: kajo.zeros(1).new_empty(3, dtype=dtype),
        lambda dtype: kajo.zeros(1, dtype=dtype).resize_(4)[1:],
    ],
)
def test_memory_is_filled(make):
    kajo.use_deterministic_algorithms(True)
    assert make(kajo.float32).isnan().all()
    assert make(kajo.float16).isnan().all()
    assert make(kajo.complex64).isnan().all()
    assert make(kajo.int8).tolist() == [127] * 3
    assert make(kajo.uint8).tolist() == [255] * 3
    assert make(kajo.uint16).tolist() == [65535] * 3
    assert make(kajo.int64).tolist() == [2**63 - 1] * 3
    assert make(kajo.bool).all()


def test_filling_can_be_left_out():
    kajo.use_deterministic_algorithms(True)
    assert all(map(math.isnan, kajo.Tensor(2).tolist()))
    deterministic.fill_uninitialized_memory = False
    x = kajo.ones(2)
    address = x.data_ptr()
    del x
    again = kajo.empty(2)
    assert again.data_ptr() != address or not again.isnan().any()
    with pytest.raises(RuntimeError, match="expected a bool"):
        deterministic.fill_uninitialized_memory = 1


def test_ways_to_ask():
    assert kajo.get_deterministic_debug_mode() == 0
    kajo.set_deterministic_debug_mode("warn")
    assert kajo.are_deterministic_algorithms_enabled()
    assert kajo.is_deterministic_algorithms_warn_only_enabled()
    assert kajo.get_deterministic_debug_mode() == 1
    kajo.set_deterministic_debug_mode(2)
    assert not kajo.is_deterministic_algorithms_warn_only_enabled()
    kajo.set_deterministic_debug_mode("default")
    assert not kajo.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
        kajo.set_deterministic_debug_mode("x")
    with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
        kajo.set_deterministic_debug_mode(3)
    with pytest.raises(TypeError, match="debug_mode must be str or int"):
        kajo.set_deterministic_debug_mode(None)
    with pytest.raises(TypeError):
        kajo.use_deterministic_algorithms(1)
