"""Attention within sequences of different lengths that lie one after the other."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import kajo
from kajo import Tensor

__all__ = ["AuxRequest", "varlen_attn", "varlen_attn_out"]


class AuxRequest(NamedTuple):
    """What :func:`varlen_attn` is to give besides its result.

    Example:
        >>> from kajo.nn.attention.varlen import AuxRequest
        >>> AuxRequest(lse=True)
        AuxRequest(lse=True)
    """

    lse: bool = False


def varlen_attn(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor | None,
    max_q: int,
    max_k: int,
    *,
    return_aux: AuxRequest | None = None,
    scale: float | None = None,
    window_size: tuple[int, int] = (-1, -1),
    enable_gqa: bool = False,
    seqused_k: Tensor | None = None,
    block_table: Tensor | None = None,
    num_splits: int | None = None,
) -> Any:
    """softmax(Q K^T scale) V within each sequence.

    Args:
        query: (all queries, heads, E).
        key, value: (all keys, heads, E); with `block_table` pages of them, (pages, page size, heads, E).
        cu_seq_q, cu_seq_k: (N + 1,): where each sequence's queries and keys begin, and the last ones'
            end; `cu_seq_k` may be None with `block_table`.
        max_q, max_k: the longest sequence's queries and keys.
        return_aux: whether to give the logarithms of the sums of exponentials too.
        scale: of the scores; None for 1 / sqrt(E).
        window_size: how many keys before and after its place a query sees, counted from the sequences'
            ends; -1 for all. (-1, 0) is causal.
        enable_gqa: let several heads of queries share a head of keys.
        seqused_k: (N,): how many keys of each sequence are used.
        block_table: (N, pages a sequence): which pages hold a sequence's keys.
        num_splits: a hint for other devices; not used.

    Returns:
        (all queries, heads, E); with ``return_aux.lse`` that and (all queries, heads).

    Raises:
        ValueError: if heads do not fit, or a sequence's keys cannot be told.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.varlen import varlen_attn
        >>> x = kajo.ones(5, 1, 4)
        >>> starts = kajo.tensor([0, 2, 5], dtype=kajo.int32)
        >>> varlen_attn(x, x, x, starts, starts, 3, 3).shape
        kajo.Size([5, 1, 4])
    """
    if not enable_gqa and query.size(1) != key.size(-2):
        raise ValueError(
            f"varlen_attn(): expected as many heads of keys as of queries, but got {key.size(-2)} and "
            f"{query.size(1)}; set enable_gqa=True to share them"
        )
    if block_table is not None and seqused_k is None:
        raise ValueError("varlen_attn(): block_table requires seqused_k")
    if cu_seq_k is None and block_table is None:
        raise ValueError("varlen_attn(): cu_seq_k is needed unless block_table is given")
    starts = cu_seq_q.tolist()
    scale = 1.0 / math.sqrt(query.size(-1)) if scale is None else scale
    outputs, sums = [], []
    for number, (begin, end) in enumerate(pairwise(starts)):
        keys, values = (
            _sequence(x, number, cu_seq_k, seqused_k, block_table) for x in (key, value)
        )
        out, lse = _attend(query[begin:end], keys, values, scale, window_size)
        outputs.append(out)
        sums.append(lse)
    result = kajo.cat(outputs) if outputs else query[:0]
    if return_aux is not None and return_aux.lse:
        return result, kajo.cat(sums)
    return result


def _sequence(
    x: Tensor, number: int, starts: Tensor | None, used: Tensor | None, table: Tensor | None
) -> Tensor:
    """One sequence's keys or values."""
    if table is not None:
        x = x[table[number].long()].flatten(0, 1)
    elif starts is not None:
        x = x[int(starts[number]) : int(starts[number + 1])]
    return x if used is None else x[: int(used[number])]


def _attend(
    query: Tensor, key: Tensor, value: Tensor, scale: float, window: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    shared = query.size(1) // key.size(1)
    working = kajo.float64 if query.dtype == kajo.float64 else kajo.float32
    q, k, v = (x.transpose(0, 1).to(working) for x in (query, key, value))
    if shared != 1:
        k, v = k.repeat_interleave(shared, 0), v.repeat_interleave(shared, 0)
    scores = q @ k.transpose(-2, -1) * scale
    queries, keys = scores.shape[-2:]
    # The last query stands at the last key.
    distance = kajo.arange(keys) - kajo.arange(queries).unsqueeze(1) - (keys - queries)
    before, after = window
    hidden = kajo.zeros_like(distance, dtype=kajo.bool)
    if before >= 0:
        hidden |= distance < -before
    if after >= 0:
        hidden |= distance > after
    scores = scores.masked_fill(hidden, float("-inf"))
    blind = hidden.all(-1, keepdim=True)
    safe = scores.masked_fill(blind, 0.0)
    out = safe.softmax(-1).masked_fill(blind, 0.0) @ v
    lse = safe.logsumexp(-1).masked_fill(blind.squeeze(-1), float("-inf"))
    return out.transpose(0, 1).to(query.dtype), lse.transpose(0, 1)


def varlen_attn_out(
    out: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor | None,
    max_q: int,
    max_k: int,
    **options: Any,
) -> Any:
    """:func:`varlen_attn` into a tensor that exists.

    Args:
        out: receives the result.
        query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, options: as there.

    Returns:
        `out`, or `out` and the logarithms.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.varlen import varlen_attn_out
        >>> x, starts = kajo.ones(5, 1, 4), kajo.tensor([0, 2, 5], dtype=kajo.int32)
        >>> varlen_attn_out(kajo.empty(5, 1, 4), x, x, x, starts, starts, 3, 3).sum()
        tensor(20.)
    """
    result = varlen_attn(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, **options)
    if isinstance(result, tuple):
        return out.copy_(result[0]), result[1]
    return out.copy_(result)
