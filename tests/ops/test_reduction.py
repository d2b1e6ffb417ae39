"""Reductions against numpy in float64."""

import numpy as np
import pytest

import kajo

DIMS = [0, 1, 2, -1, (0, 2), (0, 1, 2)]
NAMES = {"sum": np.sum, "mean": np.mean, "amax": np.max, "amin": np.min}


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((5, 40, 33))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_reduces_any_layout(name: str, dim: object, order: tuple, values: np.ndarray) -> None:
    tensor = kajo.from_numpy(values).permute(*order)
    got = getattr(kajo, name)(tensor, dim)
    np.testing.assert_allclose(got.tolist(), NAMES[name](values.transpose(order), axis=dim))


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_extremes_are_located(dim: int, values: np.ndarray) -> None:
    largest, place = kajo.max(kajo.from_numpy(values), dim)
    np.testing.assert_array_equal(largest.tolist(), values.max(dim))
    np.testing.assert_array_equal(place.tolist(), values.argmax(dim))


def test_variance_of_shifted_numbers() -> None:
    values = np.random.default_rng(1).standard_normal((100, 70)) + 1e4
    for dim in (0, 1):
        got = kajo.var(kajo.from_numpy(values), dim)
        np.testing.assert_allclose(got.tolist(), values.var(dim, ddof=1), rtol=1e-9)


def test_integer_sums_are_int64_and_empty_sums_zero() -> None:
    assert kajo.ones(3, dtype=kajo.int32).sum().dtype == kajo.int64
    assert kajo.zeros(0, 3).sum(0).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(IndexError):
        kajo.zeros(0, 3).amax(0)


def test_sum_does_not_depend_on_the_number_of_threads() -> None:
    values = np.random.default_rng(2).standard_normal((300, 1000)).astype(np.float32)
    tensor, before = kajo.from_numpy(values), kajo.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        kajo.set_num_threads(threads)
        results.append((tensor.sum().item(), tensor.sum(0).tolist(), tensor.sum(1).tolist()))
    kajo.set_num_threads(before)
    assert results[0] == results[1] == results[2]
