"""Fingerprints of tensors."""

from __future__ import annotations

import math

from kajo import _core
from kajo._operation import Dims, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _as_bits(input: Tensor) -> Tensor:
    """Each number in 64 bits, as an integer with those bits."""
    if input.is_complex() or not (input.is_floating_point() or input.dtype in _WHOLE):
        raise NotImplementedError(
            f"hash_tensor(): not implemented for {input.dtype}: convert it with .to(...) first"
        )
    if input.is_floating_point():
        return input.detach().to(_core.float64).view(_core.int64)
    return input.to(_core.int64)


_WHOLE = (_core.bool, _core.uint8, _core.int8, _core.int16, _core.int32, _core.int64)


@operation(method=True, out="same")
def hash_tensor(input: Tensor, dim: Dims = (), *, keepdim: bool = False, mode: int = 0) -> Tensor:
    """The exclusive or of the elements' bits, each brought to 64 bits first: a fingerprint.

    Args:
        dim: the dimensions that are reduced; all where none is given.
        keepdim: whether these stay, with size 1.
        mode: 0, the exclusive or; there is no other.

    Returns:
        A tensor of uint64.

    Raises:
        RuntimeError: for another mode, or if there is nothing to reduce and no `dim` says so.
        IndexError: if a reduced dimension has size 0.

    >>> import kajo
    >>> kajo.hash_tensor(kajo.tensor([1, 2, 4]))
    tensor(7, dtype=kajo.uint64)
    """
    if mode != 0:
        raise RuntimeError(f"hash_tensor(): Unknown hash_tensor mode: {mode}")
    dims = [dim] if isinstance(dim, int) else list(dim)
    if not dims and input.numel() == 0:
        raise RuntimeError(
            "hash_tensor(): Expected reduction dim to be specified for input.numel() == 0. Specify "
            "the reduction dim with the 'dim' argument."
        )
    rank = max(input.dim(), 1)
    for d in dims:
        if not -rank <= d < rank:
            raise IndexError(
                f"hash_tensor(): Dimension out of range (expected to be in range of [{-rank}, "
                f"{rank - 1}], but got {d})"
            )
    reduced = sorted(d % rank for d in dims) if dims and input.dim() else list(range(input.dim()))
    for d in reduced:
        if input.shape[d] == 0:
            raise IndexError(f"hash_tensor(): Expected reduction dim {d} to have non-zero size.")
    bits = _as_bits(input)
    order = [d for d in range(input.dim()) if d not in reduced]
    sizes = [input.shape[d] for d in order]
    rows = bits.permute([*reduced, *order]).reshape(
        math.prod(input.shape[d] for d in reduced), *sizes
    )
    while rows.shape[0] > 1:
        half = rows.shape[0] // 2
        folded = rows[:half] ^ rows[half : 2 * half]
        rows = folded if rows.shape[0] % 2 == 0 else _core.cat([folded, rows[-1:]])
    shape = (
        [1 if d in reduced else size for d, size in enumerate(input.shape)] if keepdim else sizes
    )
    return rows.reshape(shape).view(_core.uint64)
