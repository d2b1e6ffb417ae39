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


@pytest.mark.parametrize("shape", [(3, 5, 7, 7), (2, 3, 1, 5), (2, 3, 40, 33)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_window_takes_the_plane(shape: tuple, dtype: str) -> None:
    kajo.manual_seed(0)
    x = kajo.randn(shape, dtype=getattr(kajo, dtype), requires_grad=True)
    mean = kajo.nn.functional.adaptive_avg_pool2d(x, 1)
    np.testing.assert_allclose(
        mean.tolist(), x.detach().numpy().mean((2, 3), keepdims=True), 1e-4, 1e-6
    )
    np.testing.assert_array_equal(
        kajo.nn.functional.avg_pool2d(x, shape[2:]).tolist(), mean.tolist()
    )
    (gradient,) = kajo.autograd.grad(mean.sum(), x)
    np.testing.assert_allclose(gradient.tolist(), np.full(shape, 1 / (shape[2] * shape[3])), 1e-6)
    plane = x.detach().numpy().reshape(*shape[:2], -1)
    largest, places = kajo.nn.functional.adaptive_max_pool2d(x, 1, return_indices=True)
    np.testing.assert_array_equal(places.tolist(), plane.argmax(-1)[..., None, None])
    np.testing.assert_array_equal(largest.tolist(), plane.max(-1)[..., None, None])


@pytest.mark.parametrize("shape", [(2, 3, 24, 24), (1, 2, 7, 13), (3, 2, 9, 66), (1, 1, 2, 4)])
def test_windows_of_two(shape: tuple) -> None:
    """Vectors of windows give what float64 gives window by window, infinities and nans included."""
    kajo.manual_seed(0)
    x = kajo.randn(shape).round(decimals=1)
    x.view(-1)[:: shape[-1] + 2] = float("nan")
    x[0, 0, :2, :4] = -float("inf")
    pool = kajo.nn.functional.max_pool2d
    quick, places = pool(x, 2, return_indices=True)
    plain, plain_places = pool(x.double(), 2, return_indices=True)
    np.testing.assert_array_equal(quick.tolist(), plain.tolist())
    np.testing.assert_array_equal(places.tolist(), plain_places.tolist())
    np.testing.assert_array_equal(pool(x, 2).tolist(), plain.tolist())


def test_the_place_of_a_planes_largest() -> None:
    """Among equals the first counts, and a nan before all."""
    x = kajo.zeros(3, 1, 5, 9)
    x[1, 0, 3, 2] = x[1, 0, 4, 2] = 7
    x[2, 0, 4, 8] = 9
    x[2, 0, 2, 1] = x[2, 0, 3, 1] = float("nan")
    _, places = kajo.nn.functional.adaptive_max_pool2d(x, 1, return_indices=True)
    assert places.flatten().tolist() == [0, 3 * 9 + 2, 2 * 9 + 1]


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
