"""How the linear cross-entropy may be computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LinearCrossEntropyOptions"]


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """Wishes about memory and precision; the values computed do not depend on them.

    Args:
        allow_retain_graph: whether backward may be asked for twice.
        batch_chunk_size: how many samples to work on at once.
        chunking_method: how to choose that number.
        acc_policy: how sums are kept.
        acc_dtype: in which type.

    Example:
        >>> import kajo
        >>> kajo.nn.LinearCrossEntropyOptions().chunking_method
        'auto'
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None
