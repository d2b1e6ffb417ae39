"""Sparse tensors from their parts, which are checked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.sparse._tensor import COMPRESSED, SparseTensor, flat_places, make, places

__all__ = ["compressed_tensor", "coo_tensor", "with_layout"]


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
    check_invariants: bool | None = None,
) -> SparseTensor:
    """What `kajo.sparse_coo_tensor` does."""
    name = "sparse_coo_tensor"
    if indices is None and size is None:
        raise TypeError(f"{name}(): needs indices and values, or a size")
    if indices is None or (values is None and size is None):
        indices, size = (size, None) if indices is None else (indices, size)
        size = [indices] if isinstance(indices, int) else list(indices)
        indices = kajo.zeros((len(size), 0), dtype=kajo.int64)
        values = kajo.zeros(0, dtype=dtype or kajo.get_default_dtype())
    at = _indices(indices).to(kajo.int64)
    held = _values(values, dtype, device, requires_grad)
    if held.dim() == 0:
        held = held.expand(1) if at.dim() == 2 else held
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
    if unique and check_invariants:
        increasing = flat_places(at, size[: at.shape[0]]).diff() > 0
        _check(
            bool(increasing.all()), name, "is_coalesced=True, but places repeat or are in no order"
        )
    return make(kajo.sparse_coo, (at, held), size, unique or at.shape[1] < 2)


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
    check_invariants: bool | None = None,
) -> SparseTensor:
    """What `kajo.sparse_compressed_tensor` and its special cases do."""
    if layout not in COMPRESSED:
        raise RuntimeError(f"{name}(): expected a compressed sparse layout, got {layout}")
    first, second, by_rows, blocked = COMPRESSED[layout]
    outer, inner = _indices(compressed), _indices(plain)
    held = _values(values, dtype, device, requires_grad)
    stack = outer.dim() - 1
    _check(
        stack >= 0 and inner.dim() == outer.dim() and outer.shape[:-1] == inner.shape[:-1],
        name,
        f"{first} and {second} must be vectors or stacks of them, got shapes {outer.shape} and {inner.shape}",
    )
    _check(outer.shape[-1] > 0, name, f"{first} must have at least one element")
    fixed = stack + (3 if blocked else 1)
    _check(
        held.dim() >= fixed and held.shape[: stack + 1] == inner.shape,
        name,
        f"values of shape {held.shape} do not fit {second} of shape {inner.shape}",
    )
    height, width = held.shape[stack + 1 : stack + 3] if blocked else (1, 1)
    lines, dense = outer.shape[-1] - 1, list(held.shape[fixed:])
    if size is None:
        others = int(inner.max()) + 1 if inner.numel() else 0
        shape = (lines, others) if by_rows else (others, lines)
        size = [*outer.shape[:-1], shape[0] * height, shape[1] * width, *dense]
    size = list(size)
    _check(
        len(size) == stack + 2 + len(dense)
        and size[:stack] == list(outer.shape[:-1])
        and size[stack + 2 :] == dense,
        name,
        f"size {size} does not fit {first} of shape {outer.shape} and values of shape {held.shape}",
    )
    _check(
        size[stack] % max(height, 1) == 0 and size[stack + 1] % max(width, 1) == 0,
        name,
        f"size {size} cannot be cut into blocks of size {(height, width)}",
    )
    rows, columns = size[stack] // max(height, 1), size[stack + 1] // max(width, 1)
    count, bound = (rows, columns) if by_rows else (columns, rows)
    _check(
        lines == count,
        name,
        f"{first} must have {count + 1} elements for size {size}, got {outer.shape[-1]}",
    )
    _check(
        bool((outer[..., 0] == 0).all())
        and bool((outer[..., -1] == inner.shape[-1]).all())
        and bool((outer.diff() >= 0).all()),
        name,
        f"{first} must begin with 0, not decrease, and end with the number of values {inner.shape[-1]}",
    )
    _check(
        inner.numel() == 0 or (int(inner.min()) >= 0 and int(inner.max()) < bound),
        name,
        f"{second} must be at least 0 and below {bound} for size {size}",
    )
    made = make(layout, (outer, inner, held), size)
    if check_invariants:
        flat = flat_places(
            places(made if by_rows else _mirrored(made)), (*size[:stack], count, bound)
        )
        _check(
            bool((flat.diff() > 0).all()),
            name,
            f"{second} of a line must increase",
        )
    return made


def _mirrored(x: SparseTensor) -> SparseTensor:
    """The same places with rows and columns exchanged."""
    layout = {kajo.sparse_csc: kajo.sparse_csr, kajo.sparse_bsc: kajo.sparse_bsr}[x._kind]
    size = list(x._size)
    first = x._parts[0].dim() - 1
    size[first], size[first + 1] = size[first + 1], size[first]
    return make(layout, x._parts, size)


def with_layout(name: str, given: dict[str, Any]) -> SparseTensor:
    """What a function that makes tensors gives for another layout than strided.

    Raises:
        NotImplementedError: if it makes other elements than zeros.
    """
    from kajo.sparse._operations import empty

    layout = given["layout"]
    if name not in ("empty", "zeros", "empty_like", "zeros_like", "new_empty", "new_zeros"):
        raise NotImplementedError(f"{name}(): is not implemented for tensors of layout {layout}")
    like: Any = given.get("self")
    size = like.shape if name.endswith("_like") else given["size"]
    kind = given.get("dtype") or (kajo.get_default_dtype() if like is None else like.dtype)
    made = empty([size] if isinstance(size, int) else list(size), layout, kind)
    return made.requires_grad_(bool(given.get("requires_grad")))  # type: ignore[return-value]
