"""Creation, copying and filling."""

from __future__ import annotations

import numpy as np
import pytest

import kajo

DTYPES = [
    kajo.uint8, kajo.int8, kajo.int16, kajo.int32, kajo.int64, kajo.float16, kajo.float32,
    kajo.float64, kajo.complex64, kajo.complex128, kajo.bool, kajo.bfloat16,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_filled(dtype: kajo.dtype) -> None:
    for make, value in [(kajo.zeros, 0), (kajo.ones, 1)]:
        t = make(2, 3, dtype=dtype)
        assert t.dtype == dtype and tuple(t.shape) == (2, 3)
        assert t.tolist() == [[value] * 3] * 2
    assert kajo.full((2,), 1, dtype=dtype).tolist() == [1, 1]
    assert kajo.zeros(0, 3, dtype=dtype).tolist() == []
    assert kajo.ones_like(kajo.zeros(2, dtype=dtype)).tolist() == [1, 1]


def test_default_types() -> None:
    assert kajo.full((1,), 2).dtype == kajo.int64
    assert kajo.full((1,), True).dtype == kajo.bool
    assert kajo.full((1,), 2.5).dtype == kajo.float32
    assert kajo.full((1,), 1j).dtype == kajo.complex64
    assert kajo.arange(3).dtype == kajo.int64
    assert kajo.arange(3.0).dtype == kajo.float32
    assert kajo.linspace(0, 1, 2).dtype == kajo.float32


@pytest.mark.parametrize(
    "arguments", [(5,), (2, 9), (0, 10, 3), (10, 0, -4), (0, 1, 0.25), (1.0, 2.6, 0.5), (3, 3)]
)
def test_arange(arguments) -> None:
    np.testing.assert_allclose(kajo.arange(*arguments).numpy(), np.arange(*arguments), rtol=1e-6)


def test_arange_errors() -> None:
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        kajo.arange(0, 5, 0)
    with pytest.raises(RuntimeError, match="inconsistent with step sign"):
        kajo.arange(5, 1)
    with pytest.raises(RuntimeError, match="unsupported range"):
        kajo.arange(0, float("nan"))


def test_spaced() -> None:
    np.testing.assert_allclose(kajo.linspace(-1, 2, 7).numpy(), np.linspace(-1, 2, 7), rtol=1e-6)
    assert kajo.linspace(0, 1, 1).tolist() == [0.0]
    assert kajo.linspace(0, 1, 0).tolist() == []
    assert kajo.linspace(0, 10, 4, dtype=kajo.int64).tolist() == [0, 3, 6, 10]
    assert kajo.linspace(3, -3, 1001)[-1].item() == -3.0
    np.testing.assert_allclose(kajo.logspace(0, 2, 3).numpy(), [1, 10, 100], rtol=1e-6)
    with pytest.raises(RuntimeError, match="non-negative"):
        kajo.linspace(0, 1, -1)


def test_eye() -> None:
    np.testing.assert_array_equal(kajo.eye(3).numpy(), np.eye(3))
    np.testing.assert_array_equal(kajo.eye(2, 4).numpy(), np.eye(2, 4))
    np.testing.assert_array_equal(kajo.eye(4, 2).numpy(), np.eye(4, 2))
    assert kajo.eye(0).tolist() == []


@pytest.mark.parametrize("source", DTYPES, ids=str)
@pytest.mark.parametrize("target", DTYPES, ids=str)
def test_conversion(source: kajo.dtype, target: kajo.dtype) -> None:
    values = [0, 1, 1, 0] if source == kajo.bool else [0, 1, 5, 100]
    x = kajo.tensor(values * 20, dtype=source).to(target)
    assert x.dtype == target
    wanted = [int(v != 0) for v in values] if target == kajo.bool else values
    assert x.tolist() == wanted * 20


def test_half_rounding() -> None:
    x = np.random.default_rng(1).standard_normal(4000).astype(np.float32) * 1e-3
    x[:6] = [65504, 65520, 1e-8, 6e-8, -0.0, np.inf]
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16)
    np.testing.assert_array_equal(kajo.tensor(x).half().numpy(), expected)
    back = kajo.tensor(x).bfloat16().float().numpy()
    np.testing.assert_allclose(back[6:], x[6:], rtol=2**-8)


def test_transposed_copies() -> None:
    for dtype in [np.uint8, np.int16, np.float32, np.float64, np.complex128]:
        a = np.arange(67 * 131).reshape(67, 131).astype(dtype)
        assert np.array_equal(kajo.tensor(a).t().contiguous().numpy(), a.T)
        assert np.array_equal(kajo.tensor(a).t().clone().numpy(), a.T)


def test_copy() -> None:
    x = kajo.zeros(3, 4)
    x.copy_(kajo.arange(4))
    assert x.tolist() == [[0.0, 1.0, 2.0, 3.0]] * 3
    x.t()[1:3].copy_(kajo.full((3,), 7.0))
    assert x[0].tolist() == [0.0, 7.0, 7.0, 3.0]
    with pytest.raises(RuntimeError, match="must match the size"):
        x.copy_(kajo.ones(5))
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        kajo.zeros(3).copy_(kajo.ones(4, 3))
    with pytest.raises(RuntimeError, match="single memory location"):
        x.view(-1)[1:].copy_(x.view(-1)[:-1])


def test_copy_gradient() -> None:
    x, y = kajo.ones(2, 3, requires_grad=True), kajo.ones(3, requires_grad=True)
    z = x * 1
    z[0].copy_(y)
    (z * 2).sum().backward()
    assert x.grad.tolist() == [[0.0] * 3, [2.0] * 3]
    assert y.grad.tolist() == [2.0] * 3


def test_fill() -> None:
    x = kajo.empty(2, 2).fill_(1.5)
    assert x.tolist() == [[1.5, 1.5]] * 2
    x[0].zero_()
    assert x.tolist() == [[0.0, 0.0], [1.5, 1.5]]
    x.fill_(kajo.tensor(3))
    assert x.tolist() == [[3.0, 3.0]] * 2
    with pytest.raises(RuntimeError, match="overflow"):
        x.fill_(1j)
    with pytest.raises(RuntimeError, match="0-dim"):
        x.fill_(kajo.ones(2))
    w = kajo.ones(3, requires_grad=True)
    y = w * 2
    y[1:].fill_(5.0)
    y.sum().backward()
    assert w.grad.tolist() == [2.0, 0.0, 0.0]


def test_clone_layout() -> None:
    x = kajo.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
    assert x.clone().stride() == x.stride()
    assert x.contiguous().stride() == (6, 3, 1)
    assert x.clone(memory_format=kajo.contiguous_format).stride() == (6, 3, 1)
    assert kajo.empty_like(x).stride() == x.stride()
    assert kajo.arange(3.0).expand(2, 3).clone().stride() == (3, 1)
