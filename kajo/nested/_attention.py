"""Attention between sequences of different lengths: each attends to its own."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nested._tensor import NestedTensor, components, packed, with_values

__all__ = ["scaled_dot_product", "with_heads"]


def scaled_dot_product(
    query: Any, key: Any, value: Any, attn_mask: Any = None, **options: Any
) -> Tensor:
    """`scaled_dot_product_attention` of each component by itself.

    Raises:
        ValueError: with a mask, or for operands that are not all nested or ragged alike.
        RuntimeError: if the components do not fit.
    """
    operands = (query, key, value)
    if not all(isinstance(x, NestedTensor) for x in operands):
        raise ValueError(
            "scaled_dot_product_attention(): expected query, key and value all to be nested"
        )
    if attn_mask is not None:
        raise ValueError("scaled_dot_product_attention(): nested operands take no mask")
    if any(x.dim() < 3 for x in operands):
        raise ValueError(
            "scaled_dot_product_attention(): expected query, key and value of 3 dimensions at least"
        )
    if query._kind is kajo.jagged:
        places = {x._ragged_idx for x in operands}
        if len(places) > 1:
            raise ValueError(
                "scaled_dot_product_attention(): expected query, key and value to be ragged on one "
                f"dimension, got {', '.join(str(x._ragged_idx) for x in operands)}"
            )
        if key._size[key._ragged_idx] != value._size[value._ragged_idx]:
            raise RuntimeError("scaled_dot_product_attention(): key and value differ in offsets")
    rows = list(zip(*map(components, operands), strict=False))
    if len({len(components(x)) for x in operands}) > 1:
        raise RuntimeError("scaled_dot_product_attention(): the numbers of components differ")
    call = kajo.nn.functional.scaled_dot_product_attention
    found = [
        call(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), **options).squeeze(0)
        for q, k, v in rows
    ]
    if query._kind is kajo.strided:
        return packed(found)
    if query._places[1] is not None:
        query = query.contiguous()
    # The heads stand last in memory, so that they can be joined without a copy.
    place = query._ragged_idx - 1
    joined = kajo.cat([part.movedim(place, 0) for part in found])
    return with_values(query, joined.movedim(0, place))


def with_heads(query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
    """`multi_head_attention_forward` of each component by itself; weights are filled up with zeros.

    Raises:
        RuntimeError: with masks, or if the operands are not all nested.
    """
    operands = (query, key, value)
    if not all(isinstance(x, NestedTensor) for x in operands):
        raise RuntimeError("multi_head_attention_forward(): expected all operands to be nested")
    if kwargs.get("key_padding_mask") is not None or kwargs.get("attn_mask") is not None:
        raise RuntimeError("multi_head_attention_forward(): nested operands take no masks")
    call = kajo.nn.functional.multi_head_attention_forward
    found = [call(*row, *args, **kwargs) for row in zip(*map(components, operands), strict=True)]
    outputs, weights = zip(*found)
    joined: Any
    if query._kind is kajo.strided:
        joined = packed(outputs)
    else:
        joined = with_values(query, kajo.cat(outputs, query._ragged_idx - 1))
    if weights[0] is None:
        return joined, None
    return joined, packed(weights).to_padded_tensor(0.0)
