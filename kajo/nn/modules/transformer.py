"""Transformers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.attention import MultiheadAttention
from kajo.nn.modules.container import ModuleList
from kajo.nn.modules.dropout import Dropout
from kajo.nn.modules.linear import Linear
from kajo.nn.modules.module import Module
from kajo.nn.modules.normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]


def _generate_square_subsequent_mask(size: int, device: Any = None, dtype: Any = None) -> Tensor:
    """0 where a place may be seen, minus infinity where it comes later."""
    full = kajo.full((size, size), float("-inf"), dtype=dtype, device=device)
    return kajo.triu(full, diagonal=1)


def _sequence_length(source: Tensor, batch_first: bool) -> int | None:
    if source.is_nested:
        return None
    if source.dim() == 2:
        return source.size(0)
    return source.size(1 if batch_first else 0)


def _is_causal(mask: Tensor | None, hint: bool | None, size: int | None) -> bool:
    """Whether `mask` is the causal one; `hint` says so, or None leaves it to be found out."""
    if hint is not None:
        return hint
    if mask is None:
        return False
    length = mask.size(0) if size is None else size
    causal = _generate_square_subsequent_mask(length, device=mask.device, dtype=mask.dtype)
    return mask.size() == causal.size() and bool((mask == causal).all())


def _activation(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    known: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return known[activation]


def _clones(module: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


class _Layer(Module):
    """What encoder and decoder layers have in common: the two-layer network."""

    linear1: Linear
    linear2: Linear
    dropout: Dropout
    activation: Callable[[Tensor], Tensor]

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("activation", F.relu)

    def _network(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a two-layer network, each added to its input and normalised.

    Args:
        d_model: E, the features.
        nhead: heads of the attention.
        dim_feedforward: hidden features of the network.
        dropout: probability of dropout, in four places.
        activation: of the network: "relu", "gelu" or a function.
        layer_norm_eps: of the normalisations.
        batch_first: whether the batch is dimension 0.
        norm_first: normalise before attention and network rather than after the sum.
        bias: whether the linear maps and normalisations have a bias.
        device, dtype: of the parameters.

    Shape:
        (S, N, E), with `batch_first` (N, S, E), or (S, E), to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.TransformerEncoderLayer(8, 2)(kajo.randn(5, 3, 8)).shape
        kajo.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, batch_first=batch_first, **options
        )
        self.linear1 = Linear(d_model, dim_feedforward, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **options)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, **options)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, **options)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(activation)

    def _attend(self, x: Tensor, mask: Any, padding: Any, is_causal: bool) -> Tensor:
        attended, _ = self.self_attn(
            x, x, x,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=is_causal,
        )  # fmt: skip
        return self.dropout1(attended)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The encoded sequence.

        Args:
            src: see the class.
            src_mask: (S, S): what may not be seen, or numbers to add.
            src_key_padding_mask: (N, S): places that nothing may see.
            is_causal: a hint that `src_mask` is the causal mask.

        Returns:
            As `src`.

        Example: see the class.
        """
        padding = F._canonical_mask(
            src_key_padding_mask,
            "src_key_padding_mask",
            None if src_mask is None else src_mask.dtype,
            "src_mask",
            src.dtype,
        )
        mask = F._canonical_mask(src_mask, "src_mask", None, "", src.dtype, False)
        if self.norm_first:
            x = src + self._attend(self.norm1(src), mask, padding, is_causal)
            return x + self.dropout2(self._network(self.norm2(x)))
        x = self.norm1(src + self._attend(src, mask, padding, is_causal))
        return self.norm2(x + self.dropout2(self._network(x)))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory, and a two-layer network.

    Each is added to its input and normalised.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype: as for :class:`TransformerEncoderLayer`.

    Shape:
        (T, N, E) and memory (S, N, E), with `batch_first` N first, or without N; to (T, N, E).

    Example:
        >>> import kajo
        >>> layer = kajo.nn.TransformerDecoderLayer(8, 2)
        >>> layer(kajo.randn(4, 3, 8), kajo.randn(5, 3, 8)).shape
        kajo.Size([4, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        attention = {"dropout": dropout, "batch_first": batch_first, **options}
        self.self_attn = MultiheadAttention(d_model, nhead, **attention)
        self.multihead_attn = MultiheadAttention(d_model, nhead, **attention)
        self.linear1 = Linear(d_model, dim_feedforward, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **options)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, **options)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, **options)
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, **options)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoded sequence.

        Args:
            tgt, memory: see the class.
            tgt_mask, memory_mask: (T, T) and (T, S): what may not be seen, or numbers to add.
            tgt_key_padding_mask, memory_key_padding_mask: (N, T) and (N, S): places that nothing
                may see.
            tgt_is_causal, memory_is_causal: hints that the masks are causal.

        Returns:
            As `tgt`.

        Example: see the class.
        """

        def to_self(x: Tensor) -> Tensor:
            attended, _ = self.self_attn(
                x, x, x,
                attn_mask=tgt_mask,
                key_padding_mask=tgt_key_padding_mask,
                is_causal=tgt_is_causal,
                need_weights=False,
            )  # fmt: skip
            return self.dropout1(attended)

        def to_memory(x: Tensor) -> Tensor:
            attended, _ = self.multihead_attn(
                x, memory, memory,
                attn_mask=memory_mask,
                key_padding_mask=memory_key_padding_mask,
                is_causal=memory_is_causal,
                need_weights=False,
            )  # fmt: skip
            return self.dropout2(attended)

        x = tgt
        if self.norm_first:
            x = x + to_self(self.norm1(x))
            x = x + to_memory(self.norm2(x))
            return x + self.dropout3(self._network(self.norm3(x)))
        x = self.norm1(x + to_self(x))
        x = self.norm2(x + to_memory(x))
        return self.norm3(x + self.dropout3(self._network(x)))


def _leaves_out_padding(layer: Module) -> bool:
    """Whether a layer is of the kind for which sequences are cut to their lengths."""
    if not isinstance(layer, TransformerEncoderLayer) or layer.norm_first:
        return False
    attention = layer.self_attn
    return (
        attention.batch_first
        and attention._qkv_same_embed_dim
        and attention.in_proj_bias is not None
        and attention.num_heads % 2 == 0
        and layer.activation in (F.relu, F.gelu)
        and layer.norm1.eps == layer.norm2.eps
    )


class TransformerEncoder(Module):
    """Encoder layers one after the other.

    Args:
        encoder_layer: copied for each layer.
        num_layers: how many.
        norm: a normalisation at the end.
        enable_nested_tensor: where nothing is recorded, in evaluation, padding at the end of sequences
            comes out of the layers as zeros.
        mask_check: find out whether the padding stands at the end; otherwise it is taken for granted.

    Shape:
        As the layer's.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.TransformerEncoderLayer(8, 2, batch_first=True)
        >>> kajo.nn.TransformerEncoder(layer, 2)(kajo.randn(3, 5, 8)).shape
        kajo.Size([3, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor and _leaves_out_padding(encoder_layer)
        self.mask_check = mask_check

    def _left_out(self, src: Tensor, mask: Any, padding: Tensor | None) -> bool:
        """Whether places of padding come out as zeros, as they do where nothing is recorded."""
        if padding is None or mask is not None or self.training or not self.use_nested_tensor:
            return False
        recorded = src.requires_grad or any(p.requires_grad for p in self.layers.parameters())
        if src.dim() != 3 or (kajo.is_grad_enabled() and recorded):
            return False
        hidden = padding != 0
        return not self.mask_check or bool((hidden[:, 1:] >= hidden[:, :-1]).all())

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The encoded sequence.

        Args:
            src: see the class.
            mask: (S, S): what may not be seen, or numbers to add.
            src_key_padding_mask: (N, S): places that nothing may see.
            is_causal: a hint that `mask` is the causal mask; None finds out.

        Returns:
            As `src`.

        Example: see the class.
        """
        padding = F._canonical_mask(
            src_key_padding_mask,
            "src_key_padding_mask",
            None if mask is None else mask.dtype,
            "mask",
            src.dtype,
        )
        mask = F._canonical_mask(mask, "mask", None, "", src.dtype, False)
        first: Any = self.layers[0]
        size = _sequence_length(src, first.self_attn.batch_first)
        causal = _is_causal(mask, is_causal, size)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and self._left_out(src, mask, padding):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """Decoder layers one after the other.

    Args:
        decoder_layer: copied for each layer.
        num_layers: how many.
        norm: a normalisation at the end.

    Shape:
        As the layer's.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.TransformerDecoderLayer(8, 2, batch_first=True)
        >>> kajo.nn.TransformerDecoder(layer, 2)(kajo.randn(3, 4, 8), kajo.randn(3, 5, 8)).shape
        kajo.Size([3, 4, 8])
    """

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoded sequence.

        Args:
            tgt, memory and the masks: as for :class:`TransformerDecoderLayer`.
            tgt_is_causal: a hint that `tgt_mask` is the causal mask; None finds out.
            memory_is_causal: the same for `memory_mask`.

        Returns:
            As `tgt`.

        Example: see the class.
        """
        first: Any = self.layers[0]
        size = _sequence_length(tgt, first.self_attn.batch_first)
        causal = _is_causal(tgt_mask, tgt_is_causal, size)
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder, and a decoder that attends to what it gives.

    Args:
        d_model, nhead: features and heads.
        num_encoder_layers, num_decoder_layers: how many of each.
        dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype: as for :class:`TransformerEncoderLayer`.
        custom_encoder, custom_decoder: used instead of those made here.

    Shape:
        (S, N, E) and (T, N, E), with `batch_first` N first, or without N; to (T, N, E).

    Example:
        >>> import kajo
        >>> model = kajo.nn.Transformer(8, 2, 1, 1, 16)
        >>> model(kajo.randn(5, 3, 8), kajo.randn(4, 3, 8)).shape
        kajo.Size([4, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        layer: tuple[Any, ...] = (
            *(d_model, nhead, dim_feedforward, dropout, activation),
            *(layer_norm_eps, batch_first, norm_first),
        )
        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*layer, **options)
            norm = LayerNorm(d_model, eps=layer_norm_eps, **options)
            custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*layer, **options)
            norm = LayerNorm(d_model, eps=layer_norm_eps, **options)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoded sequence.

        Args:
            src, tgt: see the class.
            src_mask, tgt_mask, memory_mask: (S, S), (T, T) and (T, S): what may not be seen, or
                numbers to add.
            src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask: (N, S), (N, T)
                and (N, S): places that nothing may see.
            src_is_causal, tgt_is_causal, memory_is_causal: hints that the masks are causal; None
                finds out.

        Returns:
            As `tgt`.

        Raises:
            RuntimeError: if batches or features differ.

        Example: see the class.
        """
        batched = src.dim() == 3
        batch = 0 if self.batch_first else 1
        if batched and src.size(batch) != tgt.size(batch):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask: 0 where a place may be seen, minus infinity where it comes later.

        Args:
            sz: the length.
            device, dtype: of the mask.

        Returns:
            (sz, sz).

        Example:
            >>> import kajo
            >>> kajo.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        return _generate_square_subsequent_mask(sz, device, dtype)
