"""Complex sums and products by vectors, and products of vectors of three."""

from __future__ import annotations

import math

import numpy as np
import pytest

import kajo


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_arithmetic(dtype: str) -> None:
    numbers = np.random.default_rng(0)
    for n in (1, 3, 4, 7, 8, 9, 100, 70_001):
        a, b = (
            (numbers.standard_normal(n) + 1j * numbers.standard_normal(n)).astype(dtype)
            for _ in range(2)
        )
        x, y = kajo.from_numpy(a), kajo.from_numpy(b)
        pairs = [
            (x + y, a + b),
            (x - y, a - b),
            (x * y, a * b),
            (-x, -a),
            (x.square(), a * a),
            (x**2, a * a),
            (x.conj().clone(), a.conj()),
            (x.conj() * y, a.conj() * b),
            (x * 2, a * 2),
            (x + 1, a + 1),
            (1 - x, 1 - a),
            (kajo.add(x, y, alpha=2 - 1j), a + (2 - 1j) * b),
            (kajo.sub(x, y, alpha=3), a - 3 * b),
            (x[::2] + y[::2], a[::2] + b[::2]),
            (x / y, a / b),
            (x.reciprocal(), 1 / a),
            (x**-1, 1 / a),
            (kajo.sgn(x), a / np.abs(a)),
            (x.angle(), np.angle(a)),
        ]
        for got, expected in pairs:
            tolerance = 1e-5 if dtype == "complex64" else 1e-13
            np.testing.assert_allclose(got.numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [kajo.complex64, kajo.complex128])
def test_complex_quotients_at_the_edges(dtype: kajo.dtype) -> None:
    """Sizes whose squares leave the range, zeros and infinities, in every place of a vector."""
    large = 1e30 if dtype == kajo.complex64 else 1e300
    for shift in range(5):
        pad = [1 + 0j] * shift
        x = kajo.tensor(
            [*pad, large + large * 1j, 1j / large, 0j, complex(math.inf, 1)], dtype=dtype
        )
        r = x.reciprocal().tolist()[shift:]
        assert abs(r[0] * large - (0.5 - 0.5j)) < 1e-6
        assert abs(r[1] / large + 1j) < 1e-6
        assert r[2].real == math.inf and math.isnan(r[2].imag)
        s = kajo.sgn(x).tolist()[shift:]
        assert abs(s[0] - (1 + 1j) / math.sqrt(2)) < 1e-6
        assert abs(s[1] - 1j) < 1e-6
        assert s[2] == 0
        assert math.isnan(s[3].real) and s[3].imag == 0
        zeros = kajo.tensor([*pad, 0j, complex(-0.0, 0.0), complex(0.0, -0.0)], dtype=dtype)
        angles = zeros.angle().tolist()[shift:]
        assert (
            angles[0] == 0 and abs(angles[1] - math.pi) < 1e-6 and math.copysign(1, angles[2]) < 0
        )


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_vector_products(dim: int) -> None:
    shape = [4, 5, 6]
    shape[dim] = 3
    for dtype in (kajo.float32, kajo.float64):
        a, b = kajo.randn(shape, dtype=dtype), kajo.randn(shape, dtype=dtype)
        expected = np.moveaxis(
            np.cross(np.moveaxis(a.numpy(), dim, -1), np.moveaxis(b.numpy(), dim, -1)), -1, dim
        )
        np.testing.assert_allclose(
            kajo.cross(a, b, dim=dim).numpy(), expected, rtol=1e-5, atol=1e-6
        )
        assert kajo.equal(kajo.linalg.cross(a, b, dim=dim - 3), kajo.cross(a, b, dim=dim))
    x, y = (kajo.randn(2, 3, dtype=kajo.float64, requires_grad=True) for _ in range(2))
    assert kajo.autograd.gradcheck(kajo.linalg.cross, (x, y))
    assert kajo.autograd.gradgradcheck(kajo.linalg.cross, (x, y))
    stacked = kajo.func.vmap(kajo.linalg.cross)(x, y)
    assert kajo.equal(stacked, kajo.linalg.cross(x, y))
    assert kajo.equal(
        kajo.func.vmap(kajo.linalg.cross, in_dims=(0, None))(x, y[0]),
        kajo.linalg.cross(x, y[:1].expand(2, 3)),
    )
