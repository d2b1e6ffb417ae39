"""Classes of tensors by dtype, and what older programs make tensors with."""

import copy
import pickle

import pytest

import kajo


def test_typed_classes() -> None:
    assert kajo.LongTensor([1, 2]).tolist() == [1, 2]
    assert kajo.DoubleTensor(2, 3).shape == (2, 3)
    assert kajo.BoolTensor().shape == (0,)
    assert isinstance(kajo.ones(1), kajo.FloatTensor)
    assert not isinstance(kajo.ones(1), kajo.LongTensor)
    with pytest.raises(TypeError, match="expected a tensor of"):
        kajo.LongTensor(kajo.ones(1))
    with pytest.raises(TypeError, match="must be a sequence"):
        kajo.FloatTensor(1.5)


def test_new_takes_the_dtype() -> None:
    x = kajo.ones(1, dtype=kajo.int16)
    assert x.new([1, 2]).dtype == x.new(2).dtype == x.new().dtype == kajo.int16


def test_default_type() -> None:
    kajo.set_default_tensor_type("kajo.DoubleTensor")
    try:
        assert kajo.ones(1).dtype == kajo.float64
    finally:
        kajo.set_default_tensor_type(kajo.FloatTensor)
    with pytest.raises(TypeError, match="invalid type object"):
        kajo.set_default_tensor_type("kajo.Nothing")


def test_numbers_on_the_left() -> None:
    x = kajo.tensor([1, 2])
    assert kajo.add(1, x, alpha=2).tolist() == [3, 5]
    assert kajo.sub(1, x).tolist() == kajo.subtract(1, x).tolist() == [0, -1]
    assert kajo.mul(2.5, x).tolist() == kajo.multiply(2.5, x).tolist() == [2.5, 5.0]
    assert kajo.div(3, x, rounding_mode="floor").tolist() == [3, 1]
    assert kajo.true_divide(1, x).tolist() == [1.0, 0.5]
    assert kajo.mul(2, kajo.ones((), dtype=kajo.float16)).dtype == kajo.float16


def test_adding_a_list_in_place_is_refused() -> None:
    x = kajo.tensor([1, 2])
    with pytest.raises(TypeError):
        x += [1, 2]
    assert x.tolist() == [1, 2]


def test_arrays() -> None:
    np = pytest.importorskip("numpy")
    assert (np.array([1.0, 2.0]) / kajo.tensor([2, 4])).tolist() == [0.5, 0.5]
    assert kajo.tensor(np.array([1, 2], dtype=np.uint16), dtype=kajo.float32).tolist() == [1.0, 2.0]
    assert kajo.tensor(bytearray(b"ab")).dtype == kajo.int64
    with pytest.raises(ValueError, match="byte order"):
        kajo.tensor(np.array([1], dtype=">i4"))
    with pytest.raises((TypeError, RuntimeError)):
        kajo.tensor(np.datetime64("2020"))
    with pytest.raises(TypeError, match="bytes"):
        kajo.tensor(b"ab")
    with pytest.raises(ValueError, match="alias"):
        kajo.asarray(np.ones(2), dtype=kajo.float32, copy=False)


def test_as_array_keeps_the_history_unless_told() -> None:
    x = kajo.ones(2, requires_grad=True)
    assert kajo.asarray(x) is x
    assert not kajo.asarray(x, requires_grad=False).requires_grad


def test_a_gpu_is_an_assertion() -> None:
    with pytest.raises(AssertionError, match="CUDA"):
        kajo.ones(1, device="cuda")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_generators_are_copied_with_their_state(duplicate) -> None:
    generator = kajo.Generator().manual_seed(7)
    kajo.rand(3, generator=generator)
    other = duplicate(generator)
    assert other.initial_seed() == 7
    assert kajo.equal(kajo.rand(2, generator=generator), kajo.rand(2, generator=other))
