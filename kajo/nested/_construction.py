"""Nested tensors from their components and from strided tensors."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nested._tensor import NestedTensor, jagged, packed

__all__ = ["from_list", "narrowed", "selected"]


def from_list(tensors: list[Tensor], dtype: Any, layout: Any, name: str) -> NestedTensor:
    """A nested tensor of its components.

    Raises:
        RuntimeError: if they do not fit each other or the layout.
    """
    if layout not in (None, kajo.strided, kajo.jagged):
        raise RuntimeError(f"Specified layout is unsupported for nested tensors: {layout}")
    if layout is kajo.jagged:
        return _jagged_of(tensors, dtype)
    for index, t in enumerate(tensors):
        if t.dim() != tensors[0].dim():
            raise RuntimeError(
                f"All Tensors given to {name} must have the same dimension. Found dimension {t.dim()} for "
                f"Tensor at index {index} and dimension {tensors[0].dim()} for Tensor at index 0."
            )
    if not tensors:
        return packed([kajo.zeros(0, dtype=dtype)][:0])
    kind = dtype or tensors[0].dtype
    return packed([t.to(kind) for t in tensors])


def _jagged_of(tensors: list[Tensor], dtype: Any) -> NestedTensor:
    if not tensors:
        raise RuntimeError("Cannot construct a nested tensor from an empty tensor list")
    first = tensors[0]
    for what, agrees in (
        ("dtype", all(t.dtype is first.dtype for t in tensors)),
        ("dim", all(t.dim() == first.dim() for t in tensors)),
    ):
        if not agrees:
            raise RuntimeError(
                f"When constructing a nested tensor, all tensors in list must have the same {what}"
            )
    if first.dim() == 0:
        raise RuntimeError("Cannot construct a nested tensor from a list of zero-dim tensors")
    differing = [
        d for d in range(first.dim()) if any(t.shape[d] != first.shape[d] for t in tensors)
    ]
    if len(differing) > 1:
        raise RuntimeError(
            "Cannot represent given tensor list as a nested tensor with the jagged layout. Note that the "
            "jagged layout only represents shapes of the form (B, *, D_0, D_1, ..., D_N), with only * "
            "allowed to be ragged."
        )
    place = differing[0] if differing else 0
    lengths = [t.shape[place] for t in tensors]
    offsets = kajo.tensor([0, *lengths], dtype=kajo.int64).cumsum(0)
    values = kajo.cat([t if dtype is None else t.to(dtype) for t in tensors], place)
    return jagged(values, offsets, None, place + 1, min(lengths), max(lengths))


def narrowed(tensor: Tensor, dim: int, start: Any, length: Any, layout: Any) -> Tensor:
    """What `kajo.nested.narrow` does."""
    if layout is kajo.strided:
        if isinstance(start, Tensor) or isinstance(length, Tensor):
            raise RuntimeError("start and length must be integers for the strided layout NT impl")
        if dim != 0:
            raise RuntimeError(f"narrow(): only dim=0 supported for nested tensors, but got: {dim}")
        return from_list(list(tensor.unbind(0)), None, layout, "narrow").narrow(dim, start, length)
    if layout is not kajo.jagged:
        raise RuntimeError(f"Specified layout is unsupported for nested narrow: {layout}")
    if dim != 1:
        raise RuntimeError("jagged layout only supports dim=1")
    if tensor.dim() < 2:
        raise AssertionError("tensor must at least be 2D for the nested narrow op to work")
    rows, width = tensor.shape[:2]
    begin = start if isinstance(start, Tensor) else kajo.full((rows,), start)
    count = length if isinstance(length, Tensor) else kajo.full((rows,), length)
    begin, count = begin.to(kajo.int64), count.to(kajo.int64)
    if rows and (
        int(begin.min()) < 0 or int(count.min()) < 0 or int((begin + count).max()) > width
    ):
        raise RuntimeError(
            f"narrow(): start and length must stay within the size {width} of dimension 1"
        )
    offsets = kajo.arange(rows) * width + begin
    # The last offset is where the last component ends.
    ends = kajo.cat([offsets, offsets[-1:] + count[-1:]])
    least, greatest = (int(count.min()), int(count.max())) if rows else (0, 0)
    return jagged(tensor.flatten(0, 1), ends, count, 1, least, greatest)


def selected(tensor: Tensor, mask: Tensor) -> Tensor:
    """What `kajo.nested.masked_select` does."""
    if mask.dtype is not kajo.bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    values = tensor.masked_select(mask)
    rows = mask.expand(kajo.broadcast_shapes(tensor.shape, mask.shape))
    counts = rows.sum(-1).reshape(-1)
    return jagged(values, kajo.cat([counts.new_zeros(1), counts.cumsum(0)]))
