"""Attention by blocks against its definition in numpy."""

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo
from kajo import Tensor
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


def plain(q: Tensor, k: Tensor, v: Tensor, added: Tensor | None = None) -> Tensor:
    """The whole matrix of scores; rows that see nothing are not asked for."""
    scores = q @ k.transpose(-1, -2) / q.size(-1) ** 0.5
    return (scores if added is None else scores + added).softmax(-1) @ v


def both(
    arguments: dict, added: Tensor | None, *shapes: tuple, dtype: kajo.dtype = kajo.float64
) -> tuple[list[Tensor], list[Tensor]]:
    """Result and gradients of the blockwise kernels, and those of the plain way in float64."""
    kajo.manual_seed(0)
    operands = [kajo.randn(*s, dtype=kajo.float64).to(dtype).requires_grad_(True) for s in shapes]
    wide = [t.detach().double().requires_grad_(True) for t in operands]
    got, want = attention(*operands, **arguments), plain(*wide, added)
    assert "FlashAttention" in got.grad_fn.name()
    weights = kajo.randn_like(want).to(dtype)
    got.backward(weights)
    want.backward(weights.double())
    return [got, *(t.grad for t in operands)], [want, *(t.grad for t in wide)]


@pytest.mark.parametrize("queries", [1, 4, 5, 57, 230])
@pytest.mark.parametrize("keys", [1, 33, 130, 300])
@pytest.mark.parametrize("kind", ["none", "causal", "bool", "padding", "float"])
def test_blocks_equal_the_whole_matrix(queries: int, keys: int, kind: str) -> None:
    kajo.manual_seed(1)
    added, arguments = None, {}
    never = kajo.tensor(float("-inf"), dtype=kajo.float64)
    if kind == "causal":
        added = kajo.where(kajo.ones(queries, keys).tril() > 0, 0.0, never)
        arguments["is_causal"] = True
    elif kind in ("bool", "padding"):
        rows = queries if kind == "bool" else 1
        seen = kajo.rand(2, 1, rows, keys) > 0.4
        seen[..., 0] = True
        added = kajo.where(seen, 0.0, never)
        arguments["attn_mask"] = seen
    elif kind == "float":
        added = kajo.randn(queries, keys, dtype=kajo.float64)
        arguments["attn_mask"] = added
    shapes = (2, 2, queries, 17), (2, 2, keys, 17), (2, 2, keys, 9)
    for a, b in zip(*both(arguments, added, *shapes), strict=True):
        kajo.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize(
    "dtype,tolerance", [(kajo.float32, 2e-5), (kajo.bfloat16, 3e-2), (kajo.float16, 4e-3)]
)
@pytest.mark.parametrize("queries", [1, 150])
def test_types_that_are_computed_in_float32(
    dtype: kajo.dtype, tolerance: float, queries: int
) -> None:
    shapes = (2, 2, queries, 40), (2, 2, 270, 40), (2, 2, 270, 40)
    for a, b in zip(*both({}, None, *shapes, dtype=dtype), strict=True):
        assert a.dtype == dtype
        kajo.testing.assert_close(a.double(), b, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("queries", [1, 20])
def test_groups_share_the_memory_of_their_keys(queries: int) -> None:
    kajo.manual_seed(0)
    q = kajo.randn(2, 6, queries, 8, dtype=kajo.float64, requires_grad=True)
    k, v = (kajo.randn(2, 3, 30, 8, dtype=kajo.float64, requires_grad=True) for _ in range(2))
    mask = kajo.rand(2, 6, queries, 30) > 0.2
    for given in (None, mask, mask[:, :1]):
        got = attention(q, k, v, given, enable_gqa=True)
        spread = [t.repeat_interleave(2, 1) for t in (k, v)]
        want = attention(q, *spread, given)
        kajo.testing.assert_close(got, want)
        grads = [kajo.autograd.grad(y.sin().sum(), (q, k, v)) for y in (got, want)]
        for a, b in zip(*grads, strict=True):
            kajo.testing.assert_close(a, b)


def test_strides_do_not_matter() -> None:
    kajo.manual_seed(0)
    together = kajo.randn(2, 70, 3, 4, 16)
    q, k, v = (together[:, :, i].transpose(1, 2).requires_grad_(True) for i in range(3))
    near = [t.detach().contiguous().requires_grad_(True) for t in (q, k, v)]
    got, want = attention(q, k, v), attention(*near)
    assert kajo.equal(got, want)
    turned = kajo.randn(2, 4, 16, 70).transpose(2, 3)
    for a, b in zip(
        kajo.autograd.grad(got, (q, k, v), turned),
        kajo.autograd.grad(want, near, turned.contiguous()),
        strict=True,
    ):
        kajo.testing.assert_close(a, b)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("causal", [False, True])
def test_results_do_not_depend_on_threads(heads: int, causal: bool) -> None:
    kajo.manual_seed(0)
    q, k, v = (kajo.randn(1, heads, 700, 32, requires_grad=True) for _ in range(3))

    def results() -> list[Tensor]:
        y = attention(q, k, v, is_causal=causal)
        return [y, *kajo.autograd.grad(y.sin().sum(), (q, k, v))]

    threads = kajo.get_num_threads()
    try:
        kajo.set_num_threads(1)
        one = results()
        kajo.set_num_threads(3)
        for a, b in zip(one, results(), strict=True):
            assert kajo.equal(a, b)
    finally:
        kajo.set_num_threads(threads)


def test_not_a_number_is_handed_on_and_large_scores_do_not_overflow() -> None:
    q, k = kajo.ones(1, 2, 4), kajo.ones(1, 300, 4)
    k[0, 200] = float("nan")
    assert bool(attention(q, k, k).isnan().all())
    large = kajo.full((1, 20, 4), 1e18)
    large[0, 3] = -1e18
    assert attention(q, large, kajo.ones(1, 20, 4)).tolist() == [[[1.0] * 4] * 2]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("same", [False, True])
def test_heads_that_are_views_equal_those_that_are_copied(batch_first: bool, same: bool) -> None:
    kajo.manual_seed(0)
    layer = kajo.nn.MultiheadAttention(12, 3, batch_first=batch_first).double()
    x = kajo.randn(4, 4, 12, dtype=kajo.float64, requires_grad=True)
    y = x if same else kajo.randn(4, 4, 12, dtype=kajo.float64, requires_grad=True)
    padding = kajo.arange(4) >= kajo.tensor([[4], [2], [3], [4]])
    results = []
    for weights in (False, True):
        out, _ = layer(x, y, y, need_weights=weights, key_padding_mask=padding)
        grads = kajo.autograd.grad(out.sin().sum(), [x, *layer.parameters()])
        results.append([out, *grads])
    for a, b in zip(*results, strict=True):
        kajo.testing.assert_close(a, b)
