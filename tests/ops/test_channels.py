"""Normalisation of channels of matrices and of groups, against the formulas and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")


def _results(library: Any, arrays: list[np.ndarray], function: Any) -> list[np.ndarray]:
    tensors = [library.from_numpy(a.copy()).requires_grad_() for a in arrays]
    out = function(*tensors)
    weights = np.random.default_rng(1).standard_normal(out.shape).astype(arrays[0].dtype)
    out.backward(library.from_numpy(weights))
    return [out.detach().numpy(), *(t.grad.numpy() for t in tensors)]


def _compare(arrays: list[np.ndarray], function: Any) -> None:
    tolerance = 1e-4 if arrays[0].dtype == np.float32 else 1e-9
    expected, got = (_results(t, arrays, lambda *x, t=t: function(t, *x)) for t in (torch, kajo))
    for e, g in zip(expected, got, strict=True):
        np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 3), (70, 5), (200, 64), (33, 200), (7, 65, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_of_matrices(dtype: str, shape: tuple[int, ...], training: bool) -> None:
    numbers = np.random.default_rng(0)
    x = (numbers.standard_normal(shape) * 3 + 5).astype(dtype)
    weight, bias, center = (numbers.standard_normal(shape[1]).astype(dtype) for _ in range(3))
    spread = np.abs(center) + 0.5

    def normalised(t: Any, *operands: Any) -> Any:
        return t.nn.functional.batch_norm(
            operands[0], t.from_numpy(center.copy()), t.from_numpy(spread.copy()), *operands[1:],
            training=training,
        )  # fmt: skip

    _compare([x, weight, bias], normalised)
    _compare([x], normalised)


def test_running_statistics_of_matrices() -> None:
    x = np.random.default_rng(0).standard_normal((50, 70)).astype("float32")
    found = []
    for t in (torch, kajo):
        layer = t.nn.BatchNorm1d(70)
        layer(t.from_numpy(x))
        found.append([layer.running_mean.numpy(), layer.running_var.numpy()])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "groups"), [((2, 6, 4, 5), 3), ((3, 4, 40), 1), ((1, 8, 3, 3, 3), 8), ((2, 6, 2), 2)]
)
def test_group_norm(dtype: str, shape: tuple[int, ...], groups: int) -> None:
    numbers = np.random.default_rng(0)
    x = (numbers.standard_normal(shape) * 2 + 3).astype(dtype)
    weight, bias = (numbers.standard_normal(shape[1]).astype(dtype) for _ in range(2))
    norm = "group_norm"
    _compare([x, weight, bias], lambda t, *a: getattr(t.nn.functional, norm)(a[0], groups, *a[1:]))
    _compare([x, weight], lambda t, *a: getattr(t.nn.functional, norm)(a[0], groups, a[1]))
    _compare([x], lambda t, a: getattr(t.nn.functional, norm)(a, groups))


def test_group_norm_has_second_derivatives() -> None:
    x = kajo.randn(2, 4, 9, dtype=kajo.float64, requires_grad=True)
    weight, bias = (kajo.randn(4, dtype=kajo.float64, requires_grad=True) for _ in range(2))

    def function(*operands: Any) -> Any:
        return kajo.nn.functional.group_norm(operands[0], 2, *operands[1:])

    assert function(x, weight, bias).grad_fn.name() == "NativeGroupNormBackward0"
    assert kajo.autograd.gradcheck(function, (x, weight, bias))
    assert kajo.autograd.gradgradcheck(function, (x, weight, bias))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(4, 8, 7, 7), (6, 70), (3, 5, 33, 20), (2, 3, 5)])
def test_bfloat16_is_normalized_as_its_values(shape: tuple[int, ...], training: bool) -> None:
    """Elements are read and written as they lie; what happens between is float32's."""
    kajo.manual_seed(0)
    x, gradient = (kajo.randn(shape).bfloat16() for _ in range(2))
    weight, bias = kajo.randn(shape[1], requires_grad=True), kajo.randn(shape[1])
    results = []
    for dtype in (kajo.bfloat16, kajo.float32):
        mean, variance = kajo.zeros(shape[1]), kajo.ones(shape[1])
        values = x.to(dtype).requires_grad_(True)
        y = kajo.nn.functional.batch_norm(values, mean, variance, weight, bias, training)
        gradients = kajo.autograd.grad(y, (values, weight), gradient.to(dtype))
        assert y.dtype == gradients[0].dtype == dtype
        results.append([y, *gradients, mean, variance])
    for narrow, wide in zip(*results, strict=True):
        assert ((narrow - wide).abs() <= 0.005 * wide.abs() + 1e-5).all()
