"""Softmax, its relatives and layer normalisation over rows of every length, against float64."""

import numpy as np
import pytest

import kajo
import kajo.nn.functional as F

LENGTHS = [1, 3, 15, 16, 17, 31, 48, 64, 65, 127, 300, 2047, 2050, 5000]


def rows(n: int, scale: float = 3.0) -> np.ndarray:
    return (np.random.default_rng(n).standard_normal((5, n)) * scale).astype(np.float32)


@pytest.mark.parametrize("n", LENGTHS)
def test_softmax(n: int) -> None:
    x = rows(n)
    wide = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    want = wide / wide.sum(1, keepdims=True)
    np.testing.assert_allclose(kajo.softmax(kajo.from_numpy(x), 1).numpy(), want, rtol=3e-6)
    logarithms = np.log(want)
    got = kajo.log_softmax(kajo.from_numpy(x), 1).numpy()
    np.testing.assert_allclose(got, logarithms, rtol=1e-6, atol=2e-6)
    target = kajo.tensor([0, n - 1, n // 2, 0, n - 1])
    scores = kajo.from_numpy(x).requires_grad_()
    loss = F.cross_entropy(scores, target)
    picked = logarithms[np.arange(5), target.numpy()]
    np.testing.assert_allclose(loss.item(), -picked.mean(), rtol=2e-6, atol=1e-6)
    loss.backward()
    slope = want / 5
    slope[np.arange(5), target.numpy()] -= 0.2
    np.testing.assert_allclose(scores.grad.numpy(), slope, rtol=2e-6, atol=1e-7)


def test_softmax_of_what_is_not_finite() -> None:
    x = kajo.tensor([[0.0, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf], [np.nan, 0.0, 0.0]])
    got = kajo.softmax(x, 1)
    assert got[0].tolist() == [0.5, 0, 0.5]
    assert got[1:].isnan().all()
    assert kajo.softmax(kajo.tensor([[0.0, -1000.0, -88.0, -104.5]]), 1)[0, 1] == 0


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_layer_norm(n: int, shift: float) -> None:
    x = rows(n) + np.float32(shift)
    random = np.random.default_rng(n)
    w, b, g = (random.standard_normal(s).astype(np.float32) for s in (n, n, (5, n)))
    wide = x.astype(np.float64)
    center = wide.mean(1, keepdims=True)
    rstd = 1 / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    normal = (wide - center) * rstd
    tensors = [kajo.from_numpy(t).requires_grad_() for t in (x, w, b)]
    out = F.layer_norm(tensors[0], (n,), tensors[1], tensors[2])
    tolerance = 2e-6 if shift == 0 else 2e-3
    np.testing.assert_allclose(out.detach().numpy(), normal * w + b, rtol=0, atol=10 * tolerance)
    plain = F.layer_norm(kajo.from_numpy(x), (n,)).numpy()
    np.testing.assert_allclose(plain, normal, rtol=0, atol=3 * tolerance)
    if n == 1 or shift:
        return
    out.backward(kajo.from_numpy(g))
    inner = g * w.astype(np.float64)
    along = (inner * normal).mean(1, keepdims=True)
    want = (inner - inner.mean(1, keepdims=True) - normal * along) * rstd
    np.testing.assert_allclose(tensors[0].grad.numpy(), want, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(tensors[1].grad.numpy(), (g * normal).sum(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        tensors[2].grad.numpy(), g.astype(float).sum(0), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("affine", [(True, False), (False, True), (False, False)])
def test_layer_norm_without_weight_or_bias(affine: tuple) -> None:
    x, g = rows(100), rows(100, 1.0)
    with_all = [kajo.from_numpy(x).requires_grad_() for _ in range(2)]
    ones, zeros = kajo.ones(100), kajo.zeros(100)
    weight, bias = ones if affine[0] else None, zeros if affine[1] else None
    a = F.layer_norm(with_all[0], (100,), weight, bias)
    b = F.layer_norm(with_all[1], (100,), ones, zeros)
    assert (a - b).abs().max() < 1e-6
    for out in (a, b):
        out.backward(kajo.from_numpy(g))
    assert (with_all[0].grad - with_all[1].grad).abs().max() < 1e-6


@pytest.mark.parametrize("queries", [1, 31, 33, 64, 100, 200])
def test_causal_attention_in_blocks_is_the_whole(queries: int) -> None:
    random = np.random.default_rng(queries)
    q, k, v = (
        kajo.from_numpy(random.standard_normal((2, 3, queries, 16)).astype(np.float32))
        for _ in range(3)
    )
    for t in (q, k, v):
        t.requires_grad_()
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    out.square().sum().backward()
    grads = [t.grad for t in (q, k, v)]
    wide = [t.detach().double().requires_grad_() for t in (q, k, v)]
    scores = wide[0] @ wide[1].mT / 4
    hidden = kajo.ones(queries, queries, dtype=kajo.bool).triu(1)
    want = kajo.softmax(scores.masked_fill(hidden, -np.inf), -1) @ wide[2]
    want.square().sum().backward()
    assert (out - want).abs().max() < 5e-6
    for got, t in zip(grads, wide):
        assert (got - t.grad).abs().max() < 5e-5
