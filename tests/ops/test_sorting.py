"""Sorting, selecting, searching and running operations, against NumPy."""

import numpy as np
import pytest

import kajo


def numbers(tensor):
    return np.array(tensor.tolist())


# Each length takes another way: comparisons, short digits, long digits.
@pytest.mark.parametrize("length", [1, 60, 500, 3000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int16", "uint8"])
def test_sort_is_stable(length, dtype):
    array = np.random.default_rng(length).integers(0, 200, (3, length)).astype(dtype)
    values, indices = kajo.sort(kajo.tensor(array), dim=1)
    order = np.argsort(array, axis=1, kind="stable")
    np.testing.assert_array_equal(numbers(indices), order)
    np.testing.assert_array_equal(numbers(values), np.take_along_axis(array, order, 1))


@pytest.mark.parametrize("length", [6, 2000])
def test_sort_knows_the_special_values(length):
    tensor = kajo.tensor(
        [0.0, float("nan"), -0.0, float("inf"), -1.0, float("-inf")] * (length // 6)
    )
    values, indices = kajo.sort(tensor)
    repeats = length // 6
    assert values[0].item() == float("-inf")
    assert np.isnan(numbers(values[-repeats:])).all()
    zeros = numbers(indices)[2 * repeats : 4 * repeats]
    assert (np.diff(zeros) > 0).all()


@pytest.mark.parametrize("k", [1, 10, 100])
@pytest.mark.parametrize("largest", [True, False])
def test_topk(k, largest):
    array = np.random.default_rng(k).permutation(5000).astype(np.float32)
    values, indices = kajo.topk(kajo.tensor(array), k, largest=largest)
    expected = np.sort(array)[::-1][:k] if largest else np.sort(array)[:k]
    np.testing.assert_array_equal(numbers(values), expected)
    np.testing.assert_array_equal(array[numbers(indices)], expected)


def test_unique_follows_numpy():
    array = np.random.default_rng(2).integers(-5, 5, (30, 2))
    tensor = kajo.tensor(array)
    found = kajo.unique(tensor, return_inverse=True, return_counts=True)
    expected = np.unique(array, return_inverse=True, return_counts=True)
    for result, reference in zip(found, expected, strict=True):
        np.testing.assert_array_equal(numbers(result).ravel(), reference.ravel())
    rows = kajo.unique(tensor, dim=0)
    np.testing.assert_array_equal(numbers(rows), np.unique(array, axis=0))


@pytest.mark.parametrize("right", [False, True])
def test_searchsorted_follows_numpy(right):
    boundaries, values = np.array([1.0, 2.0, 2.0, 5.0]), np.array([[0.0, 2.0], [5.0, 9.0]])
    found = kajo.searchsorted(kajo.tensor(boundaries), kajo.tensor(values), right=right)
    side = "right" if right else "left"
    np.testing.assert_array_equal(numbers(found), np.searchsorted(boundaries, values, side))


def test_cumprod_gradient_at_zeros():
    x = kajo.tensor([2.0, 0.0, 3.0, 0.0], dtype=kajo.float64, requires_grad=True)
    kajo.cumprod(x, 0).sum().backward()
    # d/dx of x0 + x0 x1 + x0 x1 x2 + x0 x1 x2 x3
    assert x.grad.tolist() == [1.0, 8.0, 0.0, 0.0]


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_running_operations_follow_numpy(dim):
    array = np.random.default_rng(3).random((7, 9, 18)) + 0.5
    tensor = kajo.tensor(array)
    np.testing.assert_allclose(numbers(kajo.cumsum(tensor, dim)), np.cumsum(array, dim))
    np.testing.assert_allclose(numbers(kajo.cumprod(tensor, dim)), np.cumprod(array, dim))
    expected = np.logaddexp.accumulate(array, dim)
    np.testing.assert_allclose(numbers(kajo.logcumsumexp(tensor, dim)), expected)
    expected = np.maximum.accumulate(array, dim)
    np.testing.assert_array_equal(numbers(kajo.cummax(tensor, dim)[0]), expected)


def test_results_do_not_depend_on_threads():
    tensor = kajo.tensor(np.random.default_rng(4).random((64, 5000)).astype(np.float32))
    before = kajo.get_num_threads()
    try:
        kajo.set_num_threads(1)
        alone = [kajo.cumsum(tensor, 1), *kajo.sort(tensor, 0)]
        kajo.set_num_threads(3)
        together = [kajo.cumsum(tensor, 1), *kajo.sort(tensor, 0)]
    finally:
        kajo.set_num_threads(before)
    for one, other in zip(alone, together, strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: kajo.topk(kajo.tensor([1.0]), 2), RuntimeError),
        (lambda: kajo.kthvalue(kajo.tensor([1.0]), 2), RuntimeError),
        (lambda: kajo.median(kajo.tensor([]), 0), IndexError),
        (lambda: kajo.sort(kajo.tensor([1j])), RuntimeError),
        (lambda: kajo.sort(kajo.tensor([1.0]), 1), IndexError),
        (
            lambda: kajo.searchsorted(kajo.tensor([1.0]), kajo.tensor([1.0]), side="up"),
            RuntimeError,
        ),
    ],
)
def test_wrong_arguments(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("length", [2000, 5000, 70000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32"])
def test_selection_by_digits_equals_sorting(length, dtype):
    random = np.random.default_rng(length)
    array = (random.standard_normal(length) * 1000).astype(dtype)
    tensor, ordered = kajo.tensor(array), np.sort(array)
    for k in (1, length // 3, length):
        value, index = tensor.kthvalue(k)
        assert value.item() == ordered[k - 1] == array[index.item()]
    assert tensor.median().item() == ordered[(length - 1) // 2]
    for k in (65, length // 2):
        for largest in (True, False):
            values, indices = tensor.topk(k, largest=largest)
            expected = ordered[::-1][:k] if largest else ordered[:k]
            np.testing.assert_array_equal(numbers(values), expected)
            np.testing.assert_array_equal(array[numbers(indices)], expected)
            assert len(set(indices.tolist())) == k


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("start", [0, -(1 << 62), (1 << 62)])
def test_sort_of_integers_close_together(descending, start):
    array = np.random.default_rng(1).integers(0, 3000, 5000) + start
    values, indices = kajo.sort(kajo.tensor(array), stable=True, descending=descending)
    order = np.argsort(-(array - start) if descending else array, kind="stable")
    np.testing.assert_array_equal(numbers(indices), order)
    np.testing.assert_array_equal(numbers(values), array[order])


def test_sort_of_integers_far_apart():
    array = np.random.default_rng(1).integers(-(1 << 62), 1 << 62, 5000)
    np.testing.assert_array_equal(numbers(kajo.sort(kajo.tensor(array))[0]), np.sort(array))


@pytest.mark.parametrize("name", ["cummax", "cummin"])
@pytest.mark.parametrize("layout", ["run", "column"])
def test_running_extremes(name, layout):
    array = np.random.default_rng(2).integers(-50, 50, (300, 4)).astype(np.float32)
    array[200:, 1] = np.nan
    tensor = kajo.tensor(array)
    tensor = tensor if layout == "column" else tensor.t().contiguous().t()
    values, indices = getattr(tensor, name)(0)
    judge = np.maximum if name == "cummax" else np.minimum
    np.testing.assert_array_equal(numbers(values), judge.accumulate(array))
    np.testing.assert_array_equal(np.take_along_axis(array, numbers(indices), 0), numbers(values))
    assert indices[-1, 1].item() == 299


def test_distinct_values_alone_equal_those_with_counts():
    for array in (np.random.default_rng(3).integers(0, 40, 3000), np.array([2.0, np.nan, np.nan])):
        tensor = kajo.tensor(array)
        for f in (kajo.unique, kajo.unique_consecutive):
            alone, (beside, _) = f(tensor), f(tensor, return_counts=True)
            np.testing.assert_array_equal(numbers(alone), numbers(beside))
    assert kajo.unique(kajo.tensor([])).shape == (0,)
