"""Attention with several heads as a module; its public place is `activation`."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.linear import NonDynamicallyQuantizableLinear
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter


class MultiheadAttention(Module):
    """softmax(Q K^T / sqrt(d)) V for each of several heads, joined and projected.

    Args:
        embed_dim: E, the size of queries and output.
        num_heads: into how many heads E is divided; d = E / num_heads.
        dropout: share of the attention that is dropped, in training.
        bias: whether the projections have a bias.
        add_bias_kv: learn one further key and value.
        add_zero_attn: add a key and value of zeros.
        kdim, vdim: sizes of keys and values; default E.
        batch_first: whether the batch is dimension 0.
        device, dtype: of the parameters.

    Shape:
        query (L, N, E), key (S, N, kdim), value (S, N, vdim), to (L, N, E) and weights (N, L, S);
        with `batch_first` (N, L, E) and so on; or without N.

    Raises:
        ValueError: if a size is not positive.
        AssertionError: if heads do not divide E.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.MultiheadAttention(8, 2, batch_first=True)
        >>> x = kajo.randn(3, 5, 8)
        >>> output, weights = layer(x, x, x)
        >>> output.shape, weights.shape
        (kajo.Size([3, 5, 8]), kajo.Size([3, 5, 5]))
    """

    batch_first: bool
    bias_k: Any
    bias_v: Any
    in_proj_weight: Any
    in_proj_bias: Any
    q_proj_weight: Any
    k_proj_weight: Any
    v_proj_weight: Any
    out_proj: NonDynamicallyQuantizableLinear

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        def made(*shape: int) -> Parameter:
            return Parameter(kajo.empty(shape, device=device, dtype=dtype))

        if self._qkv_same_embed_dim:
            self.in_proj_weight = made(3 * embed_dim, embed_dim)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        else:
            self.q_proj_weight = made(embed_dim, embed_dim)
            self.k_proj_weight = made(embed_dim, self.kdim)
            self.v_proj_weight = made(embed_dim, self.vdim)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", made(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        if add_bias_kv:
            self.bias_k = made(1, 1, embed_dim)
            self.bias_v = made(1, 1, embed_dim)
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        projections = (
            [self.in_proj_weight]
            if self._qkv_same_embed_dim
            else [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        )
        for weight in projections:
            init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)  # type: ignore[arg-type]
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state.setdefault("_qkv_same_embed_dim", True)
        super().__setstate__(state)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output and, with `need_weights`, the attention weights.

        Args:
            query, key, value: see the class.
            key_padding_mask: (N, S): keys that nothing may see.
            need_weights: give the weights too; False is faster.
            attn_mask: (L, S) or (N num_heads, L, S): what may not be seen, or numbers to add.
            average_attn_weights: give the mean of the weights over heads.
            is_causal: a hint that `attn_mask` is the causal mask.

        Returns:
            The output, and the weights or None.

        Example: see the class.
        """
        swapped = self.batch_first and query.dim() == 3 and not query.is_nested
        if swapped:
            # One tensor under three names stays one, so that it is projected at once.
            same_qk, same_kv = query is key, key is value
            query = query.transpose(0, 1)
            key = query if same_qk else key.transpose(0, 1)
            value = key if same_kv else value.transpose(0, 1)
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(1, 0) if swapped else output), weights


# Pickles name the class by this place.
MultiheadAttention.__module__ = "kajo.nn.modules.activation"
