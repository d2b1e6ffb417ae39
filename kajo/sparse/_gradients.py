"""Look-ups whose gradient is sparse: a row for each place that was looked up."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.autograd.function import Function
from kajo.sparse._tensor import make

__all__ = ["SparseEmbedding", "of_gather"]


class SparseEmbedding(Function):
    """Rows of a weight; the weight's gradient has the rows that were read, in coordinate format."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, input: Tensor, padding_idx: int) -> Tensor:
        ctx.save_for_backward(input)
        ctx.padding_idx, ctx.rows = padding_idx, weight.shape
        return _core.embedding(weight, input, padding_idx)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        (input,) = ctx.saved_tensors
        rows, at = gradient.reshape(-1, ctx.rows[1]), input.reshape(-1).to(kajo.int64)
        if ctx.padding_idx >= 0:
            kept = at != ctx.padding_idx
            rows, at = rows[kept], at[kept]
        return make(kajo.sparse_coo, (at.unsqueeze(0), rows), ctx.rows), None, None


def of_gather(gradient: Tensor, size: Any, dim: int, index: Tensor) -> Tensor:
    """The gradient of `gather` with sparse_grad=True: an element for each that was read."""
    grids = [kajo.arange(n) for n in index.shape]
    rows = list(kajo.meshgrid(*grids, indexing="ij"))
    rows[dim] = index.to(kajo.int64)
    return make(
        kajo.sparse_coo, (kajo.stack([row.reshape(-1) for row in rows]), gradient.reshape(-1)), size
    )
