"""First and second derivatives against differences of values."""

from collections.abc import Callable

import numpy as np

import kajo


def _gradients(f: Callable, arrays: list[np.ndarray], weight: np.ndarray) -> list[np.ndarray]:
    inputs = [kajo.from_numpy(a.copy()).requires_grad_() for a in arrays]
    (f(*inputs) * kajo.from_numpy(weight)).sum().backward()
    return [np.array(t.grad.tolist()).reshape(a.shape) for t, a in zip(inputs, arrays)]


def check_gradients(f: Callable, *shapes: tuple[int, ...], seed: int = 0) -> None:
    """Moves all inputs of float64 along one random direction."""
    random = np.random.default_rng(seed)
    arrays = [random.standard_normal(s) for s in shapes]
    steps = [random.standard_normal(s) for s in shapes]
    result = np.array(f(*map(kajo.from_numpy, arrays)).tolist())
    weight = random.standard_normal(result.shape)

    def value(h: float) -> float:
        moved = [kajo.from_numpy(a + h * s) for a, s in zip(arrays, steps)]
        return float((np.array(f(*moved).tolist()).reshape(weight.shape) * weight).sum())

    h = 1e-5
    expected = (value(h) - value(-h)) / (2 * h)
    got = sum(float((g * s).sum()) for g, s in zip(_gradients(f, arrays, weight), steps))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
