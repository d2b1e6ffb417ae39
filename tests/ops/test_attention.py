"""Attention by blocks against its definition in numpy."""

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo
from kajo._core import scaled_dot_product_attention as attention


def defined(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> np.ndarray:
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


@pytest.mark.parametrize("batch,queries,keys", [((2, 3), 5, 7), ((2,), 300, 40), ((), 3, 4)])
@pytest.mark.parametrize("kind", ["none", "causal", "bool", "float"])
def test_values_and_gradients(batch: tuple, queries: int, keys: int, kind: str) -> None:
    random = np.random.default_rng(0)
    shapes = [(*batch, queries, 4), (*batch, keys, 4), (*batch, keys, 6)]
    q, k, v = (random.standard_normal(s) for s in shapes)
    added = np.zeros((queries, keys))
    arguments: dict = {}
    if kind == "causal":
        added = np.where(np.tri(queries, keys) > 0, 0.0, -np.inf)
        arguments["is_causal"] = True
    elif kind == "bool":
        seen = random.random((queries, keys)) > 0.3
        seen[:, 0] = True
        added = np.where(seen, 0.0, -np.inf)
        arguments["attn_mask"] = kajo.from_numpy(seen)
    elif kind == "float":
        added = random.standard_normal((queries, keys))
        arguments["attn_mask"] = kajo.from_numpy(added)
    got = attention(*map(kajo.from_numpy, (q, k, v)), **arguments)
    np.testing.assert_allclose(np.array(got.tolist()), defined(q, k, v, added), atol=1e-12)
    check_gradients(lambda *t: attention(*t, **arguments), *shapes)


def test_a_query_that_sees_nothing_gets_zeros() -> None:
    x = kajo.ones(1, 2, 4, requires_grad=True)
    out = attention(x, x, x, kajo.tensor([[False, False], [True, True]]))
    assert out.tolist() == [[[0, 0, 0, 0], [1, 1, 1, 1]]]
    out.sum().backward()
    assert bool(kajo.isfinite(x.grad).all())


def test_groups_of_heads_and_half_types() -> None:
    random = np.random.default_rng(0)
    q, k = random.standard_normal((2, 4, 5, 8)), random.standard_normal((2, 2, 5, 8))
    shared = np.repeat(k, 2, axis=1)
    got = attention(*map(kajo.from_numpy, (q, k, k)), enable_gqa=True)
    np.testing.assert_allclose(np.array(got.tolist()), defined(q, shared, shared, np.zeros(())))
    half = kajo.from_numpy(q).to(kajo.bfloat16)
    assert attention(half, half, half).dtype == kajo.bfloat16


def test_a_mask_and_causal_exclude_each_other() -> None:
    x = kajo.ones(1, 2, 4)
    with pytest.raises(RuntimeError, match="should not be set when is_causal"):
        attention(x, x, x, kajo.ones(2, 2), is_causal=True)
