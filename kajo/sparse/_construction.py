"""Sparse tensors from their parts, which are checked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.sparse._tensor import COMPRESSED, SparseTensor, make

__all__ = ["compressed_tensor", "coo_tensor"]


def _check(ok: bool, name: str, text: str) -> None:
    if not ok:
        raise RuntimeError(f"{name}(): {text}")


def _values(values: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    held = values if isinstance(values, Tensor) else kajo.tensor(values)
    held = held.to(device=device, dtype=dtype or held.dtype)
    if requires_grad:
        return held.detach().requires_grad_()
    # Another tensor than the caller's, whose requires_grad is its own business from here on.
    return held.view_as(held) if held.requires_grad else held.detach()


def _indices(indices: Any) -> Tensor:
    return indices if isinstance(indices, Tensor) else kajo.tensor(indices, dtype=kajo.int64)


def coo_tensor(
    indices: Any,
    values: Any,
    size: Sequence[int] | None,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    unique: bool,
) -> SparseTensor:
    """What `kajo.sparse_coo_tensor` does."""
    name = "sparse_coo_tensor"
    if values is None and size is None:
        size = [indices] if isinstance(indices, int) else list(indices)
        indices = kajo.zeros((len(size), 0), dtype=kajo.int64)
        values = kajo.zeros(0, dtype=dtype or kajo.get_default_dtype())
    at = _indices(indices).to(kajo.int64)
    held = _values(values, dtype, device, requires_grad)
    if held.dim() == 0:
        held = held.expand(at.shape[1]) if at.dim() == 2 else held
    _check(at.dim() == 2, name, f"indices must be sparse_dim x nnz, but got shape {at.shape}")
    _check(
        held.dim() > 0 and at.shape[1] == held.shape[0],
        name,
        f"indices and values must have same nnz, but got nnz from indices: {at.shape[1]}, shape of "
        f"values: {held.shape}",
    )
    filled = at.shape[1] > 0
    if size is None:
        first = (at.amax(1) + 1).tolist() if filled else [0] * at.shape[0]
        size = [*first, *held.shape[1:]]
    size = list(size)
    _check(
        len(size) == at.shape[0] + held.dim() - 1,
        name,
        f"number of dimensions must be sparse_dim ({at.shape[0]}) + dense_dim ({held.dim() - 1}), but "
        f"got size {size}",
    )
    _check(
        list(held.shape[1:]) == size[at.shape[0] :],
        name,
        f"values of shape {held.shape} do not fit size {size} and indices of shape {at.shape}",
    )
    if filled and at.shape[0]:
        bounds = kajo.tensor(size[: at.shape[0]])
        _check(
            bool((at >= 0).all()) and bool((at.amax(1) < bounds).all()),
            name,
            f"size {size} is inconsistent with indices: they must be at least 0 and below the size",
        )
    return make(kajo.sparse_coo, (at, held), size, unique or not filled)


def compressed_tensor(
    name: str,
    compressed: Any,
    plain: Any,
    values: Any,
    size: Sequence[int] | None,
    layout: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> SparseTensor:
    """What `kajo.sparse_compressed_tensor` and its special cases do."""
    if layout not in COMPRESSED:
        raise RuntimeError(f"{name}(): expected a compressed sparse layout, got {layout}")
    first, second, by_rows, blocked = COMPRESSED[layout]
    outer, inner = _indices(compressed), _indices(plain)
    held = _values(values, dtype, device, requires_grad)
    _check(
        outer.dim() == 1 and inner.dim() == 1,
        name,
        f"{first} and {second} must be vectors (batches are not supported), got shapes {outer.shape} "
        f"and {inner.shape}",
    )
    _check(outer.numel() > 0, name, f"{first} must have at least one element")
    _check(
        held.dim() == (3 if blocked else 1) and held.shape[0] == inner.numel(),
        name,
        f"values of shape {held.shape} do not fit {inner.numel()} {second}",
    )
    height, width = held.shape[1:] if blocked else (1, 1)
    lines = outer.numel() - 1
    if size is None:
        others = int(inner.max()) + 1 if inner.numel() else 0
        shape = (lines, others) if by_rows else (others, lines)
        size = (shape[0] * height, shape[1] * width)
    size = list(size)
    _check(len(size) == 2, name, f"expected a size of two dimensions, got {size}")
    rows, columns = size[0] // max(height, 1), size[1] // max(width, 1)
    count, bound = (rows, columns) if by_rows else (columns, rows)
    _check(
        lines == count,
        name,
        f"{first} must have {count + 1} elements for size {size}, got {outer.numel()}",
    )
    _check(
        int(outer[0]) == 0 and int(outer[-1]) == inner.numel() and bool((outer.diff() >= 0).all()),
        name,
        f"{first} must begin with 0, not decrease, and end with the number of values {inner.numel()}",
    )
    _check(
        inner.numel() == 0 or (int(inner.min()) >= 0 and int(inner.max()) < bound),
        name,
        f"{second} must be at least 0 and below {bound} for size {size}",
    )
    return make(layout, (outer, inner, held), size)
