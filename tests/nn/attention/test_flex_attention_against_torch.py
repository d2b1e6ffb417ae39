"""flex_attention, its masks and the causal biases give what PyTorch gives; gradients are its composite's."""

import numpy as np
import pytest

import kajo
import kajo.nn.attention.bias as kajo_bias
import kajo.nn.attention.flex_attention as kajo_flex

torch = pytest.importorskip("torch")
torch_bias = pytest.importorskip("torch.nn.attention.bias")
torch_flex = pytest.importorskip("torch.nn.attention.flex_attention")

pytestmark = pytest.mark.filterwarnings("ignore")
SIDES = ((torch, torch_flex), (kajo, kajo_flex))
BATCH, HEADS, QUERIES, KEYS, SIZE = 2, 4, 37, 53, 8


def causal(b, h, q, k):
    return q >= k


def operands(side, dtype="float32", key_heads=HEADS, grad=False):
    rng = np.random.default_rng(0)
    shapes = [
        (BATCH, HEADS, QUERIES, SIZE),
        (BATCH, key_heads, KEYS, SIZE),
        (BATCH, key_heads, KEYS, 6),
    ]
    made = [side.tensor(rng.standard_normal(s), dtype=getattr(side, dtype)) for s in shapes]
    return [x.requires_grad_(grad) for x in made]


_rng = np.random.default_rng(1)
BIAS = _rng.standard_normal((HEADS, 100)).astype("float32")
DOCUMENTS = np.sort(_rng.integers(0, 3, 60))
TABLES = {
    side: {"bias": side.tensor(BIAS), "documents": side.tensor(DOCUMENTS)} for side in (torch, kajo)
}


def with_bias(side, change):
    bias = TABLES[side]["bias"]
    return {"score_mod": lambda s, b, h, q, k: s + change(bias, h, q, k)}


def within_documents(side, flex):
    documents = TABLES[side]["documents"]
    mod = flex.and_masks(causal, lambda b, h, q, k: documents[q] == documents[k])
    return {"block_mask": flex.create_block_mask(mod, None, None, QUERIES, KEYS)}


OPTIONS = {
    "plain": lambda m, f: {},
    "scale": lambda m, f: {"scale": 0.3},
    "causal score": lambda m, f: {
        "score_mod": lambda s, b, h, q, k: m.where(q >= k, s, -float("inf"))
    },
    "alibi": lambda m, f: {"score_mod": lambda s, b, h, q, k: s + (k - q) * m.exp2(-(h + 1.0))},
    "soft cap": lambda m, f: {"score_mod": lambda s, b, h, q, k: 20 * m.tanh(s / 20)},
    "relative bias": lambda m, f: with_bias(m, lambda bias, h, q, k: bias[h, q - k + 52]),
    "sum in the function": lambda m, f: with_bias(m, lambda bias, h, q, k: bias[h].sum()),
    "block mask": lambda m, f: {
        "block_mask": f.create_block_mask(causal, None, None, QUERIES, KEYS, BLOCK_SIZE=16)
    },
    "block mask by head": lambda m, f: {
        "block_mask": f.create_block_mask(
            lambda b, h, q, k: (q >= k + b) & (h > 0), BATCH, HEADS, QUERIES, KEYS
        )
    },
    "documents": within_documents,
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", OPTIONS)
def test_forward(name, dtype):
    results = []
    for side, flex in SIDES:
        out = flex.flex_attention(
            *operands(side, dtype), **OPTIONS[name](side, flex), return_lse=True
        )
        results.append([x.double().numpy() for x in out])
    tolerance = {"float32": 2e-6, "float64": 1e-6, "bfloat16": 1e-2}[dtype]
    for expected, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def test_grouped_heads():
    results = [
        flex.flex_attention(*operands(side, key_heads=2), enable_gqa=True).numpy()
        for side, flex in SIDES
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=2e-6, atol=2e-6)


def test_gradients_with_rows_that_see_nothing():
    """PyTorch has no backward here: the same by its own operations."""

    def by_hand(side, query, key, value, bias):
        rows, columns = side.arange(QUERIES), side.arange(KEYS)
        seen = (rows[:, None] >= columns + 3).expand(BATCH, HEADS, -1, -1)
        scores = query @ key.mT / SIZE**0.5
        scores = scores + bias[:, rows[:, None] - columns + 52]
        return scores.masked_fill(~seen, -1e30).softmax(-1).masked_fill(~seen, 0) @ value

    inputs = operands(torch, "float64", grad=True)
    bias = TABLES[torch]["bias"].double().requires_grad_()
    by_hand(torch, *inputs, bias).square().sum().backward()
    own = operands(kajo, "float64", grad=True)
    own_bias = TABLES[kajo]["bias"].double().requires_grad_()
    out = kajo_flex.flex_attention(
        *own,
        lambda s, b, h, q, k: s + own_bias[h, q - k + 52],
        kajo_flex.create_block_mask(
            lambda b, h, q, k: q >= k + 3, None, None, QUERIES, KEYS, BLOCK_SIZE=32
        ),
    )
    out.square().sum().backward()
    for expected, got in zip([*inputs, bias], [*own, own_bias], strict=True):
        np.testing.assert_allclose(got.grad.numpy(), expected.grad.numpy(), atol=1e-9)


MASKS = {
    "causal": (causal, (None, None, 300, 260), 128, True),
    "batches": (causal, (2, 3, 256, 256), 64, True),
    "not apart": (causal, (None, None, 512, 512), 128, False),
    "window": (lambda b, h, q, k: (q - k).abs() < 40, (1, 2, 200, 333), (16, 32), True),
}


@pytest.mark.parametrize("name", MASKS)
def test_block_masks(name):
    function, sizes, block, apart = MASKS[name]
    masks = [
        flex.create_block_mask(function, *sizes, BLOCK_SIZE=block, separate_full_blocks=apart)
        for _, flex in SIDES
    ]
    expected, got = masks
    assert str(got) == str(expected)
    assert repr(got) == repr(expected).replace("torch", "kajo")
    assert got.to_string((5, 7), 2) == expected.to_string((5, 7), 2)
    assert (got.shape, got.sparsity(), got.numel()) == (
        expected.shape,
        expected.sparsity(),
        expected.numel(),
    )
    assert len(got.as_tuple()) == len(expected.as_tuple())
    for mask, other in (
        (got, expected),
        (got[0], expected[0]),
        (got._adjust(100, 90), expected._adjust(100, 90)),
    ):
        assert mask.to_dense().tolist() == other.to_dense().tolist()
    for mask, other in ((got, expected), (got[0], expected[0])):
        for part in (
            "kv_num_blocks",
            "kv_indices",
            "full_kv_num_blocks",
            "q_num_blocks",
            "q_indices",
        ):
            ours, theirs = getattr(mask, part), getattr(other, part)
            assert (ours is None) == (theirs is None)
            assert ours is None or ours.tolist() == theirs.tolist(), part


WRONG = {
    "heads": lambda m, f, q, k, v: f.flex_attention(q, k[:, :1], v[:, :1]),
    "batches": lambda m, f, q, k, v: f.flex_attention(q, k[:1], v[:1]),
    "sizes": lambda m, f, q, k, v: f.flex_attention(q, k[..., :3], v),
    "types": lambda m, f, q, k, v: f.flex_attention(
        q, k, v, return_lse=True, return_aux=f.AuxRequest()
    ),
    "mask too long": lambda m, f, q, k, v: f.flex_attention(
        q, k, v, block_mask=f.create_block_mask(causal, None, None, 300, 300)
    ),
    "no mask function": lambda m, f, q, k, v: f.create_block_mask(
        lambda s, b, h, q, k: s, 1, 1, 2, 2
    ),
    "not callable": lambda m, f, q, k, v: f.and_masks(3),
    "too few arguments": lambda m, f, q, k, v: f.create_mask(lambda q, k: q, 1, 1, 2, 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors(name):
    kinds = []
    for side, flex in SIDES:
        with pytest.raises(Exception) as raised:
            WRONG[name](side, flex, *operands(side))
        kinds.append(type(raised.value).__name__)
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("variant", ["causal_upper_left", "causal_lower_right"])
@pytest.mark.parametrize("sizes", [(5, 5), (5, 9), (9, 5)])
def test_causal_biases(variant, sizes):
    results = []
    for side, bias in ((torch, torch_bias), (kajo, kajo_bias)):
        query, key, value = operands(side)
        mask = getattr(bias, variant)(*sizes)
        out = side.nn.functional.scaled_dot_product_attention(
            query[:, :, : sizes[0]], key[:, :, : sizes[1]], value[:, :, : sizes[1]], mask
        )
        results.append((out.numpy(), mask._materialize().tolist(), int(mask.variant)))
        with pytest.raises(ValueError, match="causal=True"):
            side.nn.functional.scaled_dot_product_attention(
                query, query, query, mask, is_causal=True
            )
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=2e-6, atol=2e-6)
    assert results[1][1:] == results[0][1:]


def test_sequences_of_different_lengths():
    from kajo.nn.attention.varlen import AuxRequest, varlen_attn

    rng = np.random.default_rng(0)
    query, key, value = (kajo.tensor(rng.standard_normal((9, 2, 4))) for _ in range(3))
    starts = kajo.tensor([0, 4, 9], dtype=kajo.int32)
    out, lse = varlen_attn(
        query, key, value, starts, starts, 5, 5, window_size=(-1, 0), return_aux=AuxRequest(True)
    )
    assert lse.shape == (9, 2)
    for begin, end in ((0, 4), (4, 9)):
        q, k, v = (x[begin:end].transpose(0, 1) for x in (query, key, value))
        alone = kajo.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        assert kajo.allclose(out[begin:end], alone.transpose(0, 1))


def test_registered_implementations():
    from kajo.nn import attention

    removed = []

    class Handle:
        def remove(self):
            removed.append(True)

    attention.register_flash_attention_impl("own", register_fn=Handle)
    attention.activate_flash_attention_impl("own")
    assert attention.current_flash_attention_impl() == "own"
    attention.restore_flash_attention_impl()
    assert attention.current_flash_attention_impl() is None and removed == [True]
    with pytest.raises(ValueError, match="Unknown"):
        attention.activate_flash_attention_impl("other")
