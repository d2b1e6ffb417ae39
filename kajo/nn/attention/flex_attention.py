"""Attention whose scores a program changes by a function of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypedDict

import kajo
from kajo import Tensor
from kajo.nn.attention._block_mask import (
    BlockMask,
    and_masks,
    create_block_mask,
    create_mask,
    for_each_score,
    noop_mask,
    or_masks,
)

__all__ = [
    "AuxOutput",
    "AuxRequest",
    "BlockMask",
    "FlexKernelOptions",
    "and_masks",
    "create_block_mask",
    "create_mask",
    "flex_attention",
    "noop_mask",
    "or_masks",
]


class AuxRequest(NamedTuple):
    """What :func:`flex_attention` is to give besides its result.

    Example:
        >>> from kajo.nn.attention.flex_attention import AuxRequest
        >>> AuxRequest(lse=True)
        AuxRequest(lse=True, max_scores=False)
    """

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What :func:`flex_attention` gives besides its result; None where it was not asked for.

    Example:
        >>> from kajo.nn.attention.flex_attention import AuxOutput
        >>> AuxOutput()
        AuxOutput(lse=None, max_scores=None)
    """

    lse: Tensor | None = None
    max_scores: Tensor | None = None


class FlexKernelOptions(TypedDict, total=False):
    """Hints for kernels of other devices, taken and not used.

    Example:
        >>> from kajo.nn.attention.flex_attention import FlexKernelOptions
        >>> FlexKernelOptions(BLOCK_M=64)
        {'BLOCK_M': 64}
    """

    num_warps: int
    num_stages: int
    BLOCK_M: int
    BLOCK_N: int
    BLOCK_M1: int
    BLOCK_N1: int
    BLOCK_M2: int
    BLOCK_N2: int
    PRESCALE_QK: bool
    ROWS_GUARANTEED_SAFE: bool
    BLOCKS_ARE_CONTIGUOUS: bool
    WRITE_DQ: bool
    FORCE_USE_FLEX_ATTENTION: bool
    USE_TMA: bool
    kpack: int
    matrix_instr_nonkdim: int
    waves_per_eu: int
    BACKEND: Literal["AUTO", "TRITON", "FLASH", "TRITON_DECODE"]


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Tensor] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: FlexKernelOptions | None = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """softmax(f(Q K^T scale)) V, where f changes each score by its place.

    `score_mod` and the mask's function are written for one score and run once for all of them; what they
    read of other tensors has a gradient. A query that sees no key gives zeros.

    Args:
        query: (B, Hq, L, E).
        key, value: (B, Hkv, S, E) and (B, Hkv, S, Ev); with B of 1 shared by all batches.
        score_mod: of (score, batch, head, query index, key index), tensors without dimensions; the new
            score.
        block_mask: what may be seen, from :func:`create_block_mask`.
        scale: of the scores; None for 1 / sqrt(E).
        enable_gqa: let Hq / Hkv heads of queries share a head of keys.
        return_lse: give the logarithms of the sums of exponentials (B, Hq, L) too; `return_aux` is newer.
        kernel_options: hints for other devices; not used.
        return_aux: what else to give.

    Returns:
        (B, Hq, L, Ev); with `return_lse` that and the logarithms, with `return_aux` that and an
        :class:`AuxOutput`.

    Raises:
        ValueError: if the shapes or types do not fit one another or the mask.
        NotImplementedError: if a tensor has not four dimensions.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.flex_attention import flex_attention
        >>> x = kajo.eye(3).view(1, 1, 3, 3)
        >>> def nearer_is_better(score, batch, head, q, k):
        ...     return score - 100 * (q - k).abs()
        >>> flex_attention(x, x, x, nearer_is_better).round()
        tensor([[[[1., 0., 0.],
                  [0., 1., 0.],
                  [0., 0., 1.]]]])
    """
    _check(query, key, value, block_mask, enable_gqa)
    if return_lse and return_aux is not None:
        raise ValueError(
            "Cannot specify both return_lse and return_aux. return_lse is deprecated, please use "
            "return_aux=AuxRequest(lse=True) instead."
        )
    scores = _scores(query, key, scale)
    indices = [kajo.arange(size, device=query.device) for size in scores.shape]
    if score_mod is not None:
        scores = for_each_score(score_mod, (0,))(scores, *indices).to(scores.dtype)
    if block_mask is not None:
        seen = for_each_score(block_mask.mask_mod)(*indices)
        scores = kajo.where(seen, scores, float("-inf"))
    blind = (scores == float("-inf")).all(-1, keepdim=True)
    # A softmax over nothing has no gradient either; zeros have one that is dropped below.
    safe = scores.masked_fill(blind, 0.0)
    shares = safe.softmax(-1).masked_fill(blind, 0.0)
    out = shares.to(query.dtype) @ _for_heads(value, query).to(query.dtype)
    if not return_lse and return_aux is None:
        return out
    lse = safe.logsumexp(-1).masked_fill(blind.squeeze(-1), float("-inf"))
    if return_aux is None:
        return out, lse
    return out, AuxOutput(
        lse=lse if return_aux.lse else None,
        max_scores=scores.amax(-1) if return_aux.max_scores else None,
    )


def _for_heads(x: Tensor, query: Tensor) -> Tensor:
    """Keys or values for each batch and head of queries."""
    shared = query.size(1) // x.size(1)
    if shared != 1:
        x = x.repeat_interleave(shared, 1)
    return x.expand(query.size(0), -1, -1, -1)


def _scores(query: Tensor, key: Tensor, scale: float | None) -> Tensor:
    working = kajo.float64 if query.dtype == kajo.float64 else kajo.float32
    scale = 1.0 / math.sqrt(query.size(-1)) if scale is None else scale
    return (query.to(working) @ _for_heads(key, query).to(working).transpose(-2, -1)) * scale


def _check(
    query: Tensor, key: Tensor, value: Tensor, block_mask: BlockMask | None, enable_gqa: bool
) -> None:
    if query.dim() != 4 or key.dim() != 4 or value.dim() != 4:
        raise NotImplementedError("NYI: query, key, and value must be 4D tensors")
    if query.dtype != key.dtype or query.dtype != value.dtype:
        raise ValueError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype}, key.dtype: {key.dtype}, and value.dtype: {value.dtype} instead."
        )
    if query.size(-1) != key.size(-1):
        raise ValueError(
            "Expect query and key/value to have the same embedding dimension but got "
            f"E={query.size(-1)} and E={key.size(-1)}."
        )
    heads, shared = query.size(1), key.size(1)
    if not enable_gqa and heads != shared:
        raise ValueError(
            f"Expect query and key/value to have the same number of heads but got Hq={heads} and "
            f"Hkv={shared}. Try setting enable_gqa=True for GQA."
        )
    if heads % shared != 0:
        raise ValueError(
            "Expect number of query heads to be a multiple of kv heads for GQA but got "
            f"Hq={heads} and Hkv={shared}."
        )
    if query.size(0) != key.size(0) and not (key.size(0) == 1 and block_mask is not None):
        raise ValueError(
            "Expect query and key/value to have the same batch size, or non-none block_mask, but got "
            f"block_mask={block_mask}, Bq={query.size(0)}, and Bkv={key.size(0)}."
        )
    if block_mask is not None:
        _check_mask(block_mask, query, key)


def _check_mask(block_mask: BlockMask, query: Tensor, key: Tensor) -> None:
    lengths = (query.size(-2), key.size(-2))
    shape = block_mask.shape
    if shape[-2:] != lengths:
        larger = shape[-2] >= lengths[0] and shape[-1] >= lengths[1]
        mend = (
            "As the block mask was created for a larger length than you're using it for, you can "
            "either 1. create a new block mask with the correct length, or 2. 'adjust' the existing "
            "block mask to the correct length by calling block_mask._adjust(q_len, kv_len). This "
            "essentially 'crops' the block mask to the upper left corner, which does not work for all "
            "mask_mods!"
            if larger
            else "Create a new block mask with the correct length."
        )
        raise ValueError(
            f"block_mask was created for block_mask.shape={shape} but got q_len={lengths[0]} and "
            f"kv_len={lengths[1]}. {mend}"
        )
    for name, of_mask, of_query in zip("BH", shape, query.shape):
        if of_mask not in (1, of_query):
            raise ValueError(
                f"block_mask was created for {name}={of_mask} but got {name}={of_query}; create it "
                f"for {of_query}, or for None where it is the same for all"
            )
