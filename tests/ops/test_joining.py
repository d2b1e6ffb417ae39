"""Joining, padding and diagonals: the cases that NumPy can judge, and the errors."""

import numpy as np
import pytest

import kajo


def numbers(tensor):
    return np.array(tensor.tolist())


def test_cat_promotes_and_skips_empty_vectors():
    joined = kajo.cat([kajo.tensor([[1, 2]]), kajo.tensor([]), kajo.tensor([[0.5, 1.5]])])
    assert joined.dtype == kajo.float32
    assert joined.tolist() == [[1.0, 2.0], [0.5, 1.5]]


def test_cat_of_many_long_rows():
    array = np.arange(600000, dtype=np.float32).reshape(2, -1)
    tensor = kajo.tensor(array)
    np.testing.assert_array_equal(numbers(kajo.cat((tensor, tensor), 1)), np.hstack((array, array)))


@pytest.mark.parametrize(
    ("mode", "numpy_mode"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_pad_borders(mode, numpy_mode):
    array = np.random.default_rng(0).random((1, 2, 4, 5))
    padded = kajo._core.pad(kajo.tensor(array), (2, 1, 3, 0), mode)
    expected = np.pad(array, ((0, 0), (0, 0), (3, 0), (2, 1)), numpy_mode)
    np.testing.assert_array_equal(numbers(padded), expected)


def test_pad_constant_crops_where_negative():
    padded = kajo._core.pad(kajo.tensor([[1.0, 2.0, 3.0]]), (-1, 2), "constant", 9.0)
    assert padded.tolist() == [[2.0, 3.0, 9.0, 9.0]]


def test_pad_gradient_adds_up():
    x = kajo.tensor([[[1.0, 2.0, 3.0]]], dtype=kajo.float64, requires_grad=True)
    kajo._core.pad(x, (2, 2), "reflect").sum().backward()
    assert x.grad.tolist() == [[[2.0, 3.0, 2.0]]]


def test_block_diag():
    blocks = kajo._core.block_diag([kajo.tensor([[1, 2]]), kajo.tensor(3)])
    assert blocks.tolist() == [[1, 2, 0], [0, 0, 3]]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: kajo.cat([]), ValueError),
        (lambda: kajo.stack([]), RuntimeError),
        (lambda: kajo.cat([kajo.tensor(1.0)]), RuntimeError),
        (lambda: kajo.cat([kajo.tensor([[1.0]]), kajo.tensor([[1.0, 2.0]])]), RuntimeError),
        (lambda: kajo.roll(kajo.tensor([1.0]), ()), RuntimeError),
        (lambda: kajo.tril(kajo.tensor([1.0])), RuntimeError),
        (lambda: kajo._core.pad(kajo.tensor([[1.0]]), (1, 1), "reflect"), RuntimeError),
    ],
)
def test_wrong_arguments(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("shift", [3, -1, 1000, 0])
@pytest.mark.parametrize("dim", [0, 1])
def test_roll(shift, dim):
    array = np.random.default_rng(0).random((70, 999)).astype(np.float32)
    got = kajo.tensor(array).roll(shift, dim)
    np.testing.assert_array_equal(numbers(got), np.roll(array, shift, dim))
    np.testing.assert_array_equal(numbers(kajo.tensor(array).roll(shift)), np.roll(array, shift))


# Copies longer than the C library is trusted with, from and to any place.
@pytest.mark.parametrize("length", [1, 256, 257, 300, 5000])
@pytest.mark.parametrize("start", [0, 1, 7])
def test_copies_of_long_runs(length, start):
    array = np.arange(3 * (length + start), dtype=np.float32).reshape(3, -1)
    got = kajo.tensor(array)[:, start:].contiguous()
    np.testing.assert_array_equal(numbers(got), array[:, start:])


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float32", "int8", "float64", "complex128"])
def test_stack_along_the_last_dimension(count, dtype):
    arrays = [
        np.random.default_rng(i).integers(0, 99, (30, 41)).astype(dtype) for i in range(count)
    ]
    tensors = [kajo.tensor(a) for a in arrays]
    np.testing.assert_array_equal(numbers(kajo.stack(tensors, -1)), np.stack(arrays, -1))
    np.testing.assert_array_equal(
        numbers(kajo.cat([t.reshape(-1, 1) for t in tensors], 1)),
        np.stack([a.reshape(-1) for a in arrays], -1),
    )
