"""Sparse tensors that change their shape in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Size, Tensor, _core
from kajo.sparse._tensor import SparseTensor

__all__ = ["resize", "resize_and_clear", "resize_as"]

_ADVICE = (
    "; of a tensor without values all may change: clear it by sparse_resize_and_clear_(), or make a "
    "new one by sparse_coo_tensor(size)"
)


def _put(x: SparseTensor, size: Sequence[int], parts: Sequence[Tensor]) -> SparseTensor:
    """Gives `x` another shape and other parts; the core's face of it follows."""
    x._size, x._parts = Size(size), tuple(parts)
    face = _core.empty_strided(tuple(size), (0,) * len(size), dtype=parts[-1].dtype, device="meta")
    with _core.DisableTorchFunctionSubclass():
        x.set_(face)
    return x


def _coordinates(x: Any, name: str) -> SparseTensor:
    if not isinstance(x, SparseTensor) or x._kind is not kajo.sparse_coo:
        raise NotImplementedError(f"{name}(): is for layout kajo.sparse_coo, got {x.layout}")
    return x


def _check(size: Sequence[int], sparse_dim: int, dense_dim: int, name: str) -> None:
    if sparse_dim + dense_dim != len(size) or sparse_dim < 0 or dense_dim < 0:
        raise RuntimeError(
            f"{name}(): number of dimensions must be sparse_dim ({sparse_dim}) + dense_dim "
            f"({dense_dim}), but got size {tuple(size)}"
        )


def resize(x: Any, size: Sequence[int], sparse_dim: int, dense_dim: int) -> SparseTensor:
    """Another shape; the values stay where they are."""
    name = "sparse_resize_"
    _coordinates(x, name)
    _check(size, sparse_dim, dense_dim, name)
    indices, values = x._parts
    if values.shape[0] == 0:
        return _emptied(x, size, sparse_dim)
    before = tuple(x._size)
    if sparse_dim != indices.shape[0] or dense_dim != values.dim() - 1:
        raise RuntimeError(
            f"{name}(): changing the number of sparse or dense dimensions (from {indices.shape[0]} and "
            f"{values.dim() - 1} to {sparse_dim} and {dense_dim}) of a non-empty sparse tensor is not "
            f"supported{_ADVICE}"
        )
    if any(new < old for new, old in zip(size, before)):
        raise RuntimeError(
            f"{name}(): shrinking dimensions (from {before} to {tuple(size)}) of a non-empty sparse "
            f"tensor is not supported{_ADVICE}"
        )
    wider = values.new_zeros((values.shape[0], *size[sparse_dim:]))
    wider[tuple(slice(n) for n in values.shape)] = values
    return _put(x, size, (indices, wider if wider.shape != values.shape else values))


def _emptied(x: SparseTensor, size: Sequence[int], sparse_dim: int) -> SparseTensor:
    places = kajo.zeros((sparse_dim, 0), dtype=kajo.int64)
    values = kajo.zeros((0, *size[sparse_dim:]), dtype=x._parts[-1].dtype)
    x._unique = True
    return _put(x, size, (places, values))


def resize_and_clear(x: Any, size: Sequence[int], sparse_dim: int, dense_dim: int) -> SparseTensor:
    """Another shape, without values."""
    name = "sparse_resize_and_clear_"
    _check(size, sparse_dim, dense_dim, name)
    return _emptied(_coordinates(x, name), size, sparse_dim)


def resize_as(x: Any, the_template: Any) -> SparseTensor:
    """The shape of another sparse tensor."""
    if not isinstance(x, SparseTensor) or not isinstance(the_template, SparseTensor):
        raise NotImplementedError("resize_as_sparse_(): expected two sparse tensors")
    if x._kind is kajo.sparse_coo:
        rows, values = the_template._parts[0], the_template._parts[-1]
        same = x._size == the_template._size
        return x if same else resize(x, the_template._size, rows.shape[0], values.dim() - 1)
    if x._kind is not the_template._kind:
        raise RuntimeError(
            f"resize_as_sparse_(): a tensor of layout {x._kind} cannot take the places of one of layout "
            f"{the_template._kind}"
        )
    # Compressed layouts take the places too; the values follow each other there, and then zeros.
    places, like = the_template._parts[:-1], the_template._parts[-1]
    own = x._parts[-1].detach().reshape(-1)[: like.numel()]
    values = own.new_zeros(like.numel())
    values[: own.numel()] = own
    return _put(
        x, the_template._size, (*(place.clone() for place in places), values.reshape(like.shape))
    )
