"""Causal masks for scaled_dot_product_attention that say on which diagonal they end."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """Where the diagonal of a causal mask lies when there are more keys than queries, or fewer.

    Example:
        >>> from kajo.nn.attention.bias import CausalVariant
        >>> CausalVariant.LOWER_RIGHT.name
        'LOWER_RIGHT'
    """

    UPPER_LEFT = auto()
    LOWER_RIGHT = auto()


class CausalBias(Tensor):
    """A causal mask as ``attn_mask`` of scaled_dot_product_attention; True is what may be seen.

    Args:
        variant: whether its diagonal begins in the upper left corner or ends in the lower right one.
        seq_len_q, seq_len_kv: the numbers of queries and keys.

    Raises:
        AssertionError: if `variant` is no :class:`CausalVariant`.

    Example:
        >>> from kajo.nn.attention.bias import CausalBias, CausalVariant
        >>> CausalBias(CausalVariant.LOWER_RIGHT, 2, 3)
        tensor([[ True,  True, False],
                [ True,  True,  True]])
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant)}")
        diagonal = seq_len_kv - seq_len_q if variant == CausalVariant.LOWER_RIGHT else 0
        mask = kajo.ones(seq_len_q, seq_len_kv, dtype=kajo.bool).tril(diagonal)
        self: CausalBias = mask.as_subclass(cls)
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv
        return self

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        pass

    def _materialize(self, device: Any = None) -> Tensor:
        """The mask as a plain tensor."""
        plain = self.as_subclass(Tensor)
        return plain if device is None else plain.to(device)

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """As a plain tensor; attention also refuses a second mask."""
        kwargs = kwargs or {}
        with kajo._core.DisableTorchFunctionSubclass():
            if func is kajo.nn.functional.scaled_dot_product_attention:
                is_causal = kwargs.get("is_causal", args[5] if len(args) > 5 else False)
                if is_causal:
                    raise ValueError("CausalBias should not be used with causal=True")
            return func(*args, **kwargs)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return repr(self._materialize())


def causal_upper_left(*size: int) -> CausalBias:
    """A causal mask whose diagonal begins in the upper left corner: query i sees keys up to i.

    Args:
        size: the numbers of queries and keys.

    Raises:
        RuntimeError: if there are not two.

    Example:
        >>> from kajo.nn.attention.bias import causal_upper_left
        >>> causal_upper_left(2, 3)
        tensor([[ True, False, False],
                [ True,  True, False]])
    """
    return CausalBias(CausalVariant.UPPER_LEFT, *_two(size, "causal_upper_left"))


def causal_lower_right(*size: int) -> CausalBias:
    """A causal mask whose diagonal ends in the lower right corner: the last query sees all keys.

    Args:
        size: the numbers of queries and keys.

    Raises:
        RuntimeError: if there are not two.

    Example:
        >>> from kajo.nn.attention.bias import causal_lower_right
        >>> causal_lower_right(2, 3)
        tensor([[ True,  True, False],
                [ True,  True,  True]])
    """
    return CausalBias(CausalVariant.LOWER_RIGHT, *_two(size, "causal_lower_right"))


def _two(size: tuple[int, ...], name: str) -> tuple[int, int]:
    if len(size) != 2:
        raise RuntimeError(f"{name} only supports 2D tensors")
    return size[0], size[1]
