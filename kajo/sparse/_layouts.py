"""Conversions between layouts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.sparse._tensor import (
    COMPRESSED,
    SparseTensor,
    block_of,
    blocked,
    coalesced,
    dense_rank,
    entries,
    flat_places,
    make,
    places,
    stack_rank,
    summed,
)

__all__ = ["converted", "from_dense", "gathered", "to_dense"]


def _cut(x: Tensor, stack: int, block: Sequence[int]) -> Tensor:
    """A grid of blocks: the dimensions `stack` and the next one are cut into two each."""
    shape, (height, width) = x.shape, block
    if min(height, width) < 1 or shape[stack] % height or shape[stack + 1] % width:
        raise RuntimeError(
            f"to_sparse(): tensor of shape {shape} cannot be cut into blocks of size {tuple(block)}"
        )
    grid = (shape[stack] // height, height, shape[stack + 1] // width, width)
    return x.reshape(*shape[:stack], *grid, *shape[stack + 2 :]).transpose(stack + 1, stack + 2)


def gathered(x: SparseTensor, dense: Tensor) -> Tensor:
    """The elements (or blocks) of a strided tensor at the places of the values."""
    block = block_of(x)
    if block is not None:
        dense = _cut(dense, stack_rank(x), block)
    return dense[tuple(places(x).unbind(0))].reshape(x._parts[-1].shape)


def to_dense(x: SparseTensor) -> Tensor:
    """The strided tensor with the same elements."""
    indices, values = entries(x)
    grid, block = list(x._size[: indices.shape[0]]), block_of(x)
    if block is not None:
        grid[-2:] = [n // m for n, m in zip(grid[-2:], block)]
    rows = summed(math.prod(grid), flat_places(indices, grid), values)
    if block is not None:
        stack = len(grid) - 2
        rows = rows.reshape(*grid, *values.shape[1:]).transpose(stack + 1, stack + 2)
    return rows.reshape(x._size)


def from_dense(
    x: Tensor,
    layout: Any,
    sparse_dim: int | None = None,
    blocksize: Any = None,
    dense_dim: int | None = None,
) -> SparseTensor:
    """The elements that are not zero, and their places."""
    if layout is kajo.sparse_coo:
        return _coordinates(x, x.dim() if sparse_dim is None else sparse_dim)
    if layout not in COMPRESSED:
        raise RuntimeError(f"to_sparse(): expected a sparse layout, got {layout}")
    dense = dense_dim or 0
    stack = x.dim() - 2 - dense
    if stack < 0 or dense < 0:
        raise IndexError(
            f"to_sparse(): conversion to {layout} needs two sparse dimensions, got a tensor of shape "
            f"{x.shape} with {dense} dense ones"
        )
    if COMPRESSED[layout][3]:
        grid = _cut(x, stack, _block_size(blocksize, layout))
    else:
        grid = x
    kept = grid.detach() != 0
    if kept.dim() > stack + 2:
        kept = kept.flatten(stack + 2).any(-1)
    return _compressed_grid(grid, kept, x.shape, stack, layout)


def _block_size(blocksize: Any, layout: Any) -> tuple[int, int]:
    if blocksize is None:
        raise RuntimeError(f"to_sparse(): conversion to {layout} needs a blocksize")
    size = (blocksize, blocksize) if isinstance(blocksize, int) else tuple(blocksize)
    if len(size) != 2:
        raise RuntimeError(f"to_sparse(): a blocksize has two numbers, got {size}")
    return size


def _coordinates(x: Tensor, count: int) -> SparseTensor:
    layout = kajo.sparse_coo
    if not 0 <= count <= x.dim() or (count == 0 and x.dim()):
        raise RuntimeError(
            f"to_sparse(): sparse_dim must be in [1, {x.dim()}] for a tensor of shape {x.shape}, got {count}"
        )
    kept = x.detach() != 0
    if count < x.dim():
        kept = kept.flatten(count).any(-1)
    if x.dim() == 0:
        values = x.reshape(1)[: int(kept)]
        return make(layout, (kajo.zeros((0, values.numel()), dtype=kajo.int64), values), (), True)
    indices = kept.nonzero().t().contiguous()
    return make(layout, (indices, x[tuple(indices.unbind(0))]), x.shape, True)


def _compressed_grid(
    grid: Tensor, kept: Tensor, size: Sequence[int], stack: int, layout: Any
) -> SparseTensor:
    """A stack of matrices of elements or blocks, of which those that are `kept` are."""
    outer_shape, inner_shape = grid.shape[:stack], grid.shape[stack + 2 :]
    rows, columns = grid.shape[stack : stack + 2]
    count = math.prod(outer_shape)
    by_rows = COMPRESSED[layout][2]
    flat = kept.reshape(count, rows, columns)
    number, line, place = (flat if by_rows else flat.transpose(1, 2)).nonzero().unbind(1)
    lines = rows if by_rows else columns
    filled = summed(count * lines, number * lines + line, kajo.ones_like(line))
    ends = filled.reshape(count, lines).cumsum(1)
    per_matrix = number.numel() // max(count, 1)
    if stack and lines and not bool((ends[:, -1] == per_matrix).all()):
        raise RuntimeError(
            f"to_sparse(): conversion to {layout} expects as many values in each matrix of the stack"
        )
    compressed = kajo.cat([ends.new_zeros(count, 1), ends], 1).reshape(*outer_shape, lines + 1)
    at = (number, line, place) if by_rows else (number, place, line)
    values = grid.reshape(count, rows, columns, *inner_shape)[at]
    parts = (
        compressed,
        place.reshape(*outer_shape, per_matrix),
        values.reshape(*outer_shape, per_matrix, *inner_shape),
    )
    return make(layout, parts, size)


def _compress(indices: Tensor, values: Tensor, size: Sequence[int], layout: Any) -> SparseTensor:
    """A compressed matrix from coordinates in order of rows, each once."""
    rows, columns = indices.unbind(0)
    lines, width = size[:2]
    if not COMPRESSED[layout][2]:
        lines, width = width, lines
        order = flat_places(kajo.stack([columns, rows]), (lines, width)).argsort()
        rows, columns, values = columns[order], rows[order], values[order]
    counts = summed(lines, rows, kajo.ones_like(rows)).cumsum(0)
    compressed = kajo.cat([counts.new_zeros(1), counts])
    return make(layout, (compressed, columns.contiguous(), values), size)


def converted(
    x: SparseTensor, layout: Any, blocksize: Any = None, dense_dim: int | None = None
) -> SparseTensor:
    """The same elements in another sparse layout."""
    if x._kind is layout and (blocksize is None or _block_size(blocksize, layout) == block_of(x)):
        return x
    if layout is not kajo.sparse_coo and layout not in COMPRESSED:
        raise RuntimeError(f"to_sparse(): expected a sparse layout, got {layout}")
    if layout is kajo.sparse_coo:
        return _as_coordinates(x)
    dense = dense_rank(x) if dense_dim is None else dense_dim
    if len(x._size) - dense != 2 or COMPRESSED[layout][3] or blocked(x) or dense != dense_rank(x):
        return from_dense(to_dense(x), layout, None, blocksize, dense)
    base = coalesced(_as_coordinates(x))
    indices, values = base._parts
    return _compress(indices, values, x._size, layout)


def _as_coordinates(x: SparseTensor) -> SparseTensor:
    if x._kind is kajo.sparse_coo:
        return x
    indices, values = entries(x)
    block = block_of(x)
    if block is None:
        unique = x._kind is kajo.sparse_csr
        return make(kajo.sparse_coo, (indices, values), x._size, unique)
    # Every element of a block has a place of its own.
    height, width = block
    down = kajo.arange(height).repeat_interleave(width)
    across = kajo.arange(width).repeat(height)
    steps = kajo.stack([*[kajo.zeros_like(down)] * stack_rank(x), down, across])
    scale = kajo.tensor([*[1] * stack_rank(x), height, width]).reshape(-1, 1)
    spread = ((indices * scale).unsqueeze(2) + steps.unsqueeze(1)).flatten(1)
    return coalesced(make(kajo.sparse_coo, (spread, values.flatten(0, 2)), x._size))
