"""Softmax and losses of classes over short rows and over dimensions that are not the last."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

_TOLERANCE = {"float32": 5e-6, "float64": 1e-12, "bfloat16": 3e-2}


def _run(library: Any, dtype: str, values: np.ndarray, function: Any) -> list[np.ndarray]:
    x = library.from_numpy(values).to(getattr(library, dtype)).requires_grad_()
    out = function(x)
    weights = np.random.default_rng(1).standard_normal(out.shape).astype("float32")
    out.backward(library.from_numpy(weights).to(out.dtype))
    return [out.detach().float().numpy(), x.grad.float().numpy()]


def _compare(dtype: str, values: np.ndarray, function: Any) -> None:
    results = [_run(t, dtype, values, lambda x, t=t: function(t, x)) for t in (torch, kajo)]
    for expected, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=_TOLERANCE[dtype], atol=_TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", list(_TOLERANCE))
@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((5, 7), 1),
        ((100, 10), 1),
        ((33, 128), 1),
        ((33, 129), 1),
        ((4, 21, 5, 5), 1),
        ((3, 17, 9), 1),
        ((70, 200), 0),
        ((300, 9), 0),
        ((2, 3, 4), 1),
        ((0, 8), 1),
        ((40, 3, 16), 0),
    ],
)
def test_softmax(dtype: str, shape: tuple[int, ...], dim: int) -> None:
    values = np.random.default_rng(0).standard_normal(shape).astype("float32") * 5
    if values.size:
        values.flat[3] = -np.inf
    for name in ("softmax", "log_softmax"):
        _compare(dtype, values, lambda t, x, n=name: getattr(x, n)(dim))


@pytest.mark.parametrize("dtype", list(_TOLERANCE))
@pytest.mark.parametrize(
    "shape", [(5, 7), (64, 10), (100, 64), (4, 21, 8, 8), (3, 200, 33), (2, 5, 3)]
)
def test_losses_of_classes(dtype: str, shape: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0)
    values = numbers.standard_normal(shape).astype("float32") * 5
    target = numbers.integers(0, shape[1], shape[:1] + shape[2:])
    target.flat[1] = -100
    weight = np.abs(numbers.standard_normal(shape[1])).astype("float32")
    names, reductions = ("cross_entropy", "nll_loss"), ("mean", "sum", "none")
    for name, reduction, weighted in itertools.product(names, reductions, (False, True)):

        def loss(
            t: Any, x: Any, name: str = name, reduction: str = reduction, weighted: bool = weighted
        ) -> Any:
            w = t.from_numpy(weight).to(x.dtype) if weighted else None
            function = getattr(t.nn.functional, name)
            return function(x, t.from_numpy(target), weight=w, reduction=reduction)

        _compare(dtype, values, loss)


def test_ignored_rows_have_no_gradient_whatever_they_hold() -> None:
    scores = kajo.zeros(16, 4)
    scores[2] = float("inf")
    scores.requires_grad_()
    target = kajo.zeros(16, dtype=kajo.int64)
    target[2] = -100
    kajo.nn.functional.cross_entropy(scores, target).backward()
    assert scores.grad is not None and kajo.isfinite(scores.grad).all()
    assert (scores.grad[2] == 0).all()
