"""Indexing with lists, assignment, and conversions from and to Python and NumPy."""

from __future__ import annotations

import numpy
import pytest

import kajo


def grid():
    return kajo.arange(6.0).reshape(2, 3)


def test_short_lists_of_more_than_numbers_are_tuples():
    assert grid()[[slice(0, 1), 0]].tolist() == [0.0]
    assert grid()[[kajo.tensor(1), kajo.tensor(2)]].item() == 5.0
    assert grid()[[None, 1]].shape == (1, 3)
    assert grid()[[[0, 1], [1, 2]]].tolist() == [1.0, 5.0]
    assert grid()[[1, 0]].tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]
    assert grid()[numpy.array([1])].tolist() == [[3.0, 4.0, 5.0]]


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], numpy.arange(3.0), None, "a", numpy.float32(2)])
def test_only_tensors_and_numbers_are_assigned(value):
    x = grid()
    with pytest.raises(TypeError, match="can't assign"):
        x[0] = value
    assert x.tolist() == grid().tolist()


def test_assignment_by_index_does_not_convert_but_filling_does():
    x = grid()
    with pytest.raises(RuntimeError, match="dtypes match"):
        x[[0, 1]] = kajo.tensor(3)
    x[x > 3] = kajo.tensor(3)
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]]


def test_one_element_tensors_are_numbers_within_data():
    assert kajo.tensor([kajo.ones(1), kajo.ones(1, 1)]).shape == (2,)
    with pytest.raises(ValueError, match="one element"):
        kajo.tensor([kajo.ones(2), kajo.ones(2)])


@pytest.mark.parametrize(
    ("data", "dtype", "error"),
    [
        (float("nan"), kajo.int64, RuntimeError),
        ([1e30], kajo.int32, RuntimeError),
        ([300.0], kajo.uint8, RuntimeError),
        ({1, 2}, None, RuntimeError),
        (None, None, RuntimeError),
        (["a"], None, ValueError),
        ("a", None, TypeError),
    ],
)
def test_data_that_does_not_fit(data, dtype, error):
    with pytest.raises(error):
        kajo.tensor(data, dtype=dtype)


def test_complex_numbers_do_not_become_real_ones():
    z = kajo.tensor(2 + 1j)
    assert complex(z) == 2 + 1j
    for convert in (int, float):
        with pytest.raises(RuntimeError):
            convert(z)
    assert float(kajo.tensor(2 + 0j)) == 2.0


def test_arrays_compare_element_by_element():
    assert (kajo.ones(2) == numpy.array([1.0, 2.0])).tolist() == [True, False]


def test_sizes_hold_integers():
    assert kajo.Size([numpy.int64(2)]) == (2,)
    for bad in (["a"], [1.5]):
        with pytest.raises(TypeError):
            kajo.Size(bad)


def test_numbers_beyond_64_bits():
    with pytest.raises(OverflowError):
        kajo.ones(2) * 2**70


def test_set_keeps_the_type():
    with pytest.raises(RuntimeError, match="type"):
        kajo.ones(2).set_(kajo.ones(2, dtype=kajo.int64))
