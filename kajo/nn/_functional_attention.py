"""Attention with several heads."""

from __future__ import annotations

import math
import warnings
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.nn._functional_dropout import dropout


def _in_projection_packed(
    q: Tensor, k: Tensor, v: Tensor, w: Tensor, b: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Queries, keys and values by one weight of three parts, in as few products as possible."""
    size = q.size(-1)
    if k is v and q is k:
        return tuple(_core.linear(q, w, b).chunk(3, -1))
    if k is v:
        w_q, w_kv = w.split([size, size * 2])
        b_q, b_kv = (None, None) if b is None else b.split([size, size * 2])
        keys, values = _core.linear(k, w_kv, b_kv).chunk(2, -1)
        return _core.linear(q, w_q, b_q), keys, values
    weights = w.chunk(3)
    biases = (None, None, None) if b is None else b.chunk(3)
    return tuple(
        _core.linear(x, part, bias)
        for x, part, bias in zip((q, k, v), weights, biases, strict=True)
    )


def _in_projection(
    q: Tensor, k: Tensor, v: Tensor, weights: tuple[Tensor, ...], biases: Any
) -> tuple[Tensor, ...]:
    for name, weight, size in (
        ("query", weights[0], q.size(-1)),
        ("key", weights[1], k.size(-1)),
        ("value", weights[2], v.size(-1)),
    ):
        expected = (q.size(-1), size)
        if tuple(weight.shape) != expected:
            raise AssertionError(
                f"expecting {name} weights shape of {expected}, but got {weight.shape}"
            )
    return tuple(
        _core.linear(x, part, bias)
        for x, part, bias in zip((q, k, v), weights, biases, strict=True)
    )


def _check_shapes(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    heads: int,
) -> bool:
    """Whether the input is batched; refuses shapes that do not go together."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.dim()}-D query tensor"
        )
    batched = query.dim() == 3
    kind = "batched (3-D)" if batched else "unbatched (2-D)"
    if key.dim() != query.dim() or value.dim() != query.dim():
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {query.dim()}-D but found "
            f"{key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != query.dim() - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or "
            f"{query.dim() - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None:
        if mask.dim() not in (2, 3):
            raise AssertionError(
                f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found "
                f"{mask.dim()}-D tensor instead"
            )
        if not batched and mask.dim() == 3:
            expected = (heads, query.size(0), key.size(0))
            if tuple(mask.shape) != expected:
                raise AssertionError(
                    f"Expected `attn_mask` shape to be {expected} but got {mask.shape}"
                )
    return batched


def _canonical_mask(
    mask: Tensor | None,
    mask_name: str,
    other_type: Any,
    other_name: str,
    target_type: Any,
    check_other: bool = True,
) -> Tensor | None:
    """A mask as numbers to add: minus infinity where a boolean one says True."""
    if mask is None:
        return None
    boolean = mask.dtype == kajo.bool
    if not boolean and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type "
            "for both instead.",
            stacklevel=3,
        )
    if boolean:
        zeros = kajo.zeros_like(mask, dtype=target_type)
        return zeros.masked_fill_(mask, float("-inf"))
    return mask


def _checked_mask(
    mask: Tensor, expected_2d: tuple[int, ...], expected_3d: tuple[int, ...]
) -> Tensor:
    if mask.dim() == 2:
        if tuple(mask.shape) != expected_2d:
            raise RuntimeError(
                f"The shape of the 2D attn_mask is {mask.shape}, but should be {expected_2d}."
            )
        return mask.unsqueeze(0)
    if mask.dim() == 3:
        if tuple(mask.shape) != expected_3d:
            raise RuntimeError(
                f"The shape of the 3D attn_mask is {mask.shape}, but should be {expected_3d}."
            )
        return mask
    raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")


def _longer(mask: Tensor | None) -> Tensor | None:
    """A mask for one key more, which everything may see."""
    return None if mask is None else _core.pad(mask, (0, 1))


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """softmax(Q K^T / sqrt(d) + mask) V for each head, joined and projected.

    Args:
        query, key, value: (L, N, E), (S, N, Ek), (S, N, Ev), or without N.
        embed_dim_to_check: E.
        num_heads: into how many heads E is divided.
        in_proj_weight, in_proj_bias: of the three projections together, (3 E, E) and (3 E,).
        bias_k, bias_v: one further key and value, (1, 1, E).
        add_zero_attn: add a key and value of zeros.
        dropout_p: share of the attention that is dropped, in training.
        out_proj_weight, out_proj_bias: of the last projection, (E, E) and (E,).
        training: whether to drop.
        key_padding_mask: (N, S): keys that nothing may see.
        need_weights: give the attention weights too.
        attn_mask: (L, S) or (N heads, L, S): what may not be seen, or numbers to add.
        use_separate_proj_weight: project by q_proj_weight, k_proj_weight and v_proj_weight.
        static_k, static_v: (N heads, S, E / heads): in place of the projected ones.
        average_attn_weights: give their mean over heads.
        is_causal: a hint that `attn_mask` is the causal mask.

    Returns:
        The output (L, N, E), and the weights (N, L, S) or (N, heads, L, S), or None.

    Raises:
        AssertionError, RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.MultiheadAttention(4, 2)
        >>> x = kajo.ones(3, 1, 4)
        >>> layer(x, x, x)[0].shape
        kajo.Size([3, 1, 4])
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        # Three names for one tensor stay one: it is then projected in one product.
        same_kv, same_qk = key is value, query is key
        query = query.unsqueeze(1)
        key = query if same_qk else key.unsqueeze(1)
        value = key if same_kv else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    if size != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}"
        )
    head = size // num_heads
    if head * num_heads != size:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {num_heads}")
    padding = _canonical_mask(
        key_padding_mask,
        "key_padding_mask",
        None if attn_mask is None else attn_mask.dtype,
        "attn_mask",
        query.dtype,
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        if padding is not None:
            is_causal = False
    if use_separate_proj_weight:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's "
                f"{value.shape[:2]}"
            )
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        for weight, name in zip(weights, "qkv", strict=True):
            if weight is None:
                raise AssertionError(
                    f"use_separate_proj_weight is True but {name}_proj_weight is None"
                )
        biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = _in_projection(query, key, value, weights, biases)  # type: ignore[arg-type]
    else:
        if key.shape != value.shape:
            raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _in_projection_packed(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        sizes = (length, key.size(0))
        attn_mask = _checked_mask(attn_mask, sizes, (batch * num_heads, *sizes))
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k = kajo.cat([k, bias_k.repeat(1, batch, 1)])
        v = kajo.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, padding = _longer(attn_mask), _longer(padding)
    # Where nothing but the projections is seen, heads are views of them.
    apart = not need_weights and not add_zero_attn and static_k is None and static_v is None
    if apart:
        q, k, v = (t.view(t.size(0), batch, num_heads, head).permute(1, 2, 0, 3) for t in (q, k, v))
    else:
        q = q.reshape(length, batch * num_heads, head).transpose(0, 1)
        k = _heads(k, static_k, batch * num_heads, head, "static_k")
        v = _heads(v, static_v, batch * num_heads, head, "static_v")
    if add_zero_attn:
        k = kajo.cat([k, k.new_zeros((batch * num_heads, 1, head))], 1)
        v = kajo.cat([v, v.new_zeros((batch * num_heads, 1, head))], 1)
        attn_mask, padding = _longer(attn_mask), _longer(padding)
    source = k.size(-2)
    if padding is not None:
        if tuple(padding.shape) != (batch, source):
            raise AssertionError(
                f"expecting key_padding_mask shape of {(batch, source)}, but got {padding.shape}"
            )
        spread = padding.view(batch, 1, 1, source).expand(-1, num_heads, -1, -1)
        spread = spread.reshape(batch * num_heads, 1, source)
        attn_mask = spread if attn_mask is None else attn_mask + spread
    dropped = dropout_p if training else 0.0
    if not need_weights:
        if attn_mask is not None:
            attn_mask = (
                attn_mask.unsqueeze(0)
                if attn_mask.size(0) == 1
                else attn_mask.view(batch, num_heads, -1, source)
            )
        if not apart:
            q, k, v = (t.reshape(batch, num_heads, -1, head) for t in (q, k, v))
        attended = _core.scaled_dot_product_attention(q, k, v, attn_mask, dropped, is_causal)
        joined = attended.permute(2, 0, 1, 3).reshape(length * batch, size)
        output = _core.linear(joined, out_proj_weight, out_proj_bias).view(length, batch, -1)
        return (output if batched else output.squeeze(1)), None
    if is_causal and attn_mask is None:
        raise AssertionError(
            "is_causal is a hint only where weights are returned: give attn_mask as well"
        )
    scores = kajo.bmm(q * math.sqrt(1.0 / head), k.transpose(-2, -1))
    if attn_mask is not None:
        scores = scores + attn_mask
    shares = scores.softmax(-1)
    if dropped > 0.0:
        shares = dropout(shares, dropped)
    attended = kajo.bmm(shares, v).transpose(0, 1).reshape(length * batch, size)
    output = _core.linear(attended, out_proj_weight, out_proj_bias).view(length, batch, -1)
    shares = shares.view(batch, num_heads, length, source)
    if average_attn_weights:
        shares = shares.mean(1)
    if not batched:
        output, shares = output.squeeze(1), shares.squeeze(0)
    return output, shares


def _heads(projected: Tensor, static: Tensor | None, lead: int, head: int, name: str) -> Tensor:
    """Keys or values as (N heads, S, E / heads)."""
    if static is None:
        return projected.reshape(projected.size(0), lead, head).transpose(0, 1)
    for dim, expected in ((0, lead), (2, head)):
        if static.size(dim) != expected:
            raise AssertionError(
                f"expecting {name}.size({dim}) of {expected}, but got {static.size(dim)}"
            )
    return static
