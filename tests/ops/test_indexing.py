"""Indexing, gather and scatter, masks and embedding, against NumPy and by their errors."""

import numpy as np
import pytest

import kajo


def matrix(rows=3, columns=4, dtype=None):
    return kajo.tensor(
        [[float(columns * i + j) for j in range(columns)] for i in range(rows)],
        dtype=dtype or kajo.float64,
    )


def numbers(tensor):
    return np.array(tensor.tolist())


def test_index_tensors_follow_numpy():
    random = np.random.default_rng(0)
    array = random.random((4, 5, 6))
    tensor = kajo.tensor(array.tolist(), dtype=kajo.float64)
    i, j = np.array([[0, 3], [-1, 2]]), np.array([1, -2])
    ti, tj = kajo.tensor(i.tolist()), kajo.tensor(j.tolist())
    np.testing.assert_array_equal(numbers(tensor[ti]), array[i])
    np.testing.assert_array_equal(numbers(tensor[ti, tj]), array[i, j])
    np.testing.assert_array_equal(numbers(tensor[:, ti, tj]), array[:, i, j])
    np.testing.assert_array_equal(numbers(tensor[ti, :, tj]), array[i, :, j])
    np.testing.assert_array_equal(numbers(tensor[ti, 1:3, tj]), array[i, 1:3, j])


def test_masks_follow_numpy():
    array = np.arange(24.0).reshape(4, 6)
    mask = array % 5 < 2
    tensor, tensor_mask = matrix(4, 6), kajo.tensor(mask.tolist())
    np.testing.assert_array_equal(numbers(tensor[tensor_mask]), array[mask])
    np.testing.assert_array_equal(numbers(kajo.nonzero(tensor_mask)), np.argwhere(mask))
    tensor[tensor_mask] = -1.0
    array[mask] = -1.0
    np.testing.assert_array_equal(numbers(tensor), array)


def test_assignment_broadcasts_and_accumulates():
    tensor = kajo.zeros(5, dtype=kajo.float64)
    tensor.index_put_((kajo.tensor([1, 1, -1]),), kajo.tensor(2.0, dtype=kajo.float64), True)
    assert tensor.tolist() == [0.0, 4.0, 0.0, 0.0, 2.0]


def test_writes_reach_a_strided_view():
    base = matrix()
    base.t()[kajo.tensor([0, 2])] = kajo.tensor([9.0, 8.0, 7.0], dtype=kajo.float64)
    assert base.tolist() == [[9.0, 1.0, 9.0, 3.0], [8.0, 5.0, 8.0, 7.0], [7.0, 9.0, 7.0, 11.0]]


def test_many_rows_and_long_masks():
    random = np.random.default_rng(1)
    array = random.random((2000, 33)).astype(np.float32)
    rows = random.integers(-2000, 2000, 50000)
    tensor = kajo.tensor(array)
    np.testing.assert_array_equal(numbers(tensor[kajo.tensor(rows)]), array[rows])
    flat = array.reshape(-1)
    chosen = kajo.tensor(flat)[kajo.tensor(flat > 0.5)]
    np.testing.assert_array_equal(numbers(chosen), flat[flat > 0.5])


def test_embedding_gradient_skips_padding():
    weight = matrix(4, 2).requires_grad_()
    kajo.embedding(weight, kajo.tensor([[0, 3], [3, 1]]), 1).sum().backward()
    assert weight.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [2.0, 2.0]]


def test_source_may_be_larger_than_index():
    source = matrix(3, 4).requires_grad_()
    start = kajo.zeros(3, 4, dtype=kajo.float64)
    kajo.scatter_add(start, 0, kajo.tensor([[0, 1], [2, 1]]), source).sum().backward()
    assert source.grad.tolist() == [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0] * 4]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: matrix()[kajo.tensor([5])],
            IndexError,
            "index 5 is out of bounds for dimension 0",
        ),
        (lambda: matrix()[kajo.tensor([0.5])], IndexError, "must be long, int, byte or bool"),
        (lambda: matrix()[kajo.tensor([True, False])], IndexError, "shape of the mask"),
        (
            lambda: matrix()[kajo.tensor([0, 1]), kajo.tensor([0, 1, 2])],
            IndexError,
            r"broadcast together with shapes \[2\], \[3\]",
        ),
        (lambda: kajo.gather(matrix(), 1, kajo.tensor([[9]])), RuntimeError, "out of bounds"),
        (lambda: kajo.gather(matrix(), 1, kajo.tensor([1])), RuntimeError, "number of dimensions"),
        (lambda: kajo.index_select(matrix(), 0, kajo.tensor([-1])), IndexError, "out of bounds"),
        (lambda: matrix().masked_fill(matrix(), 1), RuntimeError, "boolean masks"),
        (lambda: kajo.embedding(matrix(), kajo.tensor([7])), IndexError, "out of bounds"),
        (lambda: kajo.bincount(kajo.tensor([-7])), RuntimeError, "non-negative"),
        (
            lambda: matrix().expand(2, 3, 4).scatter_(0, kajo.tensor([[[0]]]), 1.0),
            RuntimeError,
            "single memory location",
        ),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
