"""Pooling against its definition, and gradients against differences."""

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo
from kajo import _core

ARGUMENTS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3, "ceil_mode": True},
]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_gradients(dims: int, arguments: dict) -> None:
    shape = (2, 3, 7, 9, 8)[: dims + 2]
    for name in ("max", "avg"):
        pool = getattr(_core, f"{name}_pool{dims}d")
        check_gradients(lambda x, pool=pool: pool(x, **arguments), shape)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 10])
def test_adaptive_gradients(dims: int, size: int) -> None:
    shape = (2, 3, 7, 9, 8)[: dims + 2]
    check_gradients(lambda x: getattr(_core, f"adaptive_avg_pool{dims}d")(x, size), shape)
    check_gradients(lambda x: getattr(_core, f"adaptive_max_pool{dims}d")(x, size)[0], shape)


def test_windows() -> None:
    values = np.random.default_rng(0).standard_normal((2, 6, 8)).astype(np.float32)
    windows = values.reshape(2, 3, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(2, 3, 4, 4)
    largest, places = _core.max_pool2d_with_indices(kajo.from_numpy(values), 2)
    np.testing.assert_array_equal(largest.tolist(), windows.max(-1))
    taken = np.take_along_axis(values.reshape(2, 48), np.array(places.tolist()).reshape(2, 12), 1)
    np.testing.assert_array_equal(taken.reshape(2, 3, 4), windows.max(-1))
    mean = _core.avg_pool2d(kajo.from_numpy(values), 2)
    np.testing.assert_allclose(mean.tolist(), windows.mean(-1), rtol=1e-5, atol=1e-6)


def test_nan_wins_and_padding_never() -> None:
    got = _core.max_pool1d(kajo.tensor([[float("nan"), 1.0, -2.0, -3.0]]), 2)
    assert str(got.tolist()) == "[[nan, -2.0]]"
    low = kajo.full((1, 4), float("-inf"))
    values, places = _core.max_pool1d_with_indices(low, 3, 2, 1)
    assert values.tolist() == [[float("-inf")] * 2]
    assert places.tolist() == [[0, 1]]


def test_divisors() -> None:
    x = kajo.ones(1, 4, 4)
    edge = _core.avg_pool2d(x, 3, 3, 1, False, False)
    assert edge[0, 0, 0].item() == 1
    assert _core.avg_pool2d(x, 2, divisor_override=1).tolist() == [[[4, 4], [4, 4]]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(RuntimeError, match="at most half"):
        _core.max_pool2d(kajo.ones(1, 4, 4), 2, 2, 2)
    with pytest.raises(RuntimeError, match="too small"):
        _core.avg_pool2d(kajo.ones(1, 2, 2), 3)


def test_shuffles_undo_each_other() -> None:
    x = kajo.arange(2 * 8 * 3 * 4).reshape(2, 8, 3, 4)
    assert kajo.equal(kajo.pixel_unshuffle(kajo.pixel_shuffle(x, 2), 2), x)
    assert kajo.equal(kajo.channel_shuffle(kajo.channel_shuffle(x, 2), 4), x)
