"""Resizing, padding and sampling agree with PyTorch, forward and backward."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

_SHAPES = {1: (2, 3, 7), 2: (2, 3, 5, 7), 3: (1, 2, 3, 5, 7)}


def _both(values: list[np.ndarray], function: Any) -> list[list[np.ndarray]]:
    """The result and the gradients of its weighted sum, from each library."""
    results = []
    for library in (torch, kajo):
        inputs = [library.from_numpy(v.copy()).requires_grad_() for v in values]
        out = function(library, *inputs)
        weights = np.random.default_rng(1).standard_normal(out.shape).astype(values[0].dtype)
        out.backward(library.from_numpy(weights))
        results.append([out.detach().numpy(), *(x.grad.numpy() for x in inputs)])
    return results


def _compare(values: list[np.ndarray], function: Any) -> None:
    expected, got = _both(values, function)
    for e, g in zip(expected, got, strict=True):
        np.testing.assert_allclose(g, e, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.6, 1.0, 1.7, 3.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_interpolate(dims: int, factor: float, dtype: str) -> None:
    image = np.random.default_rng(0).standard_normal(_SHAPES[dims]).astype(dtype)
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[dims]
    variants: list[dict[str, Any]] = [{"mode": "nearest"}, {"mode": "nearest-exact"}]
    variants += [
        {"mode": mode, "align_corners": corners} for mode in smooth for corners in (True, False)
    ]
    if dims == 2:
        variants += [{"mode": mode, "antialias": True} for mode in smooth]
    for variant in variants:
        _compare(
            [image],
            lambda t, x, kw=variant: t.nn.functional.interpolate(x, scale_factor=factor, **kw),
        )


def test_interpolate_bytes() -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 37, 41)).astype("uint8")
    for mode, size, antialias in itertools.product(
        ("bilinear", "bicubic"), ((17, 90), (80, 13)), (False, True)
    ):
        expected, got = (
            t.nn.functional.interpolate(
                t.from_numpy(image), size=size, mode=mode, antialias=antialias
            ).numpy()
            for t in (torch, kajo)
        )
        assert np.abs(expected.astype(int) - got.astype(int)).max() <= 1


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_borders(mode: str, dims: int) -> None:
    image = np.random.default_rng(0).standard_normal(_SHAPES[dims])
    for pad in ([2, 1, 0, 2, 1, 1], [0, 2, 1, 0, 2, 2]):
        _compare([image], lambda t, x, p=pad: t.nn.functional.pad(x, p[: 2 * dims], mode=mode))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("dims", [2, 3])
def test_grid_sample(mode: str, padding: str, dims: int) -> None:
    if mode == "bicubic" and dims == 3:
        pytest.skip("bicubic is for images")
    numbers = np.random.default_rng(0)
    image = numbers.standard_normal(_SHAPES[dims])
    grid = numbers.standard_normal((image.shape[0], *(3, 11, 13)[-dims:], dims)) * 1.5
    for corners in (True, False):
        _compare(
            [image, grid],
            lambda t, x, g, c=corners: t.nn.functional.grid_sample(
                x, g, mode=mode, padding_mode=padding, align_corners=c
            ),
        )


def test_grid_sample_takes_the_kernels_where_it_can() -> None:
    image = kajo.randn(1, 1, 4, 4, dtype=kajo.float64, requires_grad=True)
    grid = (kajo.randn(1, 3, 3, 2, dtype=kajo.float64) * 0.3).requires_grad_()

    def sampled(x: Any, g: Any) -> Any:
        return kajo.nn.functional.grid_sample(x, g, align_corners=False)

    assert sampled(image, grid).grad_fn.name() == "GridSamplerBackward"
    half = sampled(image.bfloat16(), grid.bfloat16())
    assert half.grad_fn.name() != "GridSamplerBackward"
    assert kajo.autograd.gradgradcheck(sampled, (image, grid))


def test_grid_sample_leaves_out_what_is_outside() -> None:
    image = kajo.full((1, 1, 2, 2), float("inf"))
    grid = kajo.tensor([[[[5.0, 5.0], [float("nan"), 0.0]]]])
    out = kajo.nn.functional.grid_sample(image, grid, align_corners=False).flatten()
    assert out[0] == 0 and kajo.isnan(out[1])
