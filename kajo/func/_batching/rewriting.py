"""Operations that are carried out by others: each is what the operation means, written in those."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import Batch, Unsupported, unbatched_write
from kajo.func._batching.register import bound, every, rank_of, register

__all__: list[str] = []


def _added(beta: Any, self: Tensor, alpha: Any, product: Tensor) -> Any:
    scaled = product if alpha == 1 else alpha * product
    if beta == 0:  # whatever `self` holds, NaN included, does not count
        return scaled
    return (self if beta == 1 else beta * self) + scaled


def _outer(a: Tensor, b: Tensor) -> Any:
    return a.unsqueeze(1) * b.unsqueeze(0)


def _kron(a: Tensor, b: Tensor) -> Any:
    rank = max(rank_of(a), rank_of(b))
    x = a.reshape((1,) * (rank - rank_of(a)) + tuple(a.shape))
    y = b.reshape((1,) * (rank - rank_of(b)) + tuple(b.shape))
    shape = [m * n for m, n in zip(x.shape, y.shape)]
    for d in range(rank):
        x, y = x.unsqueeze(2 * d + 1), y.unsqueeze(2 * d)
    return (x * y).reshape(shape)


def _diag(x: Tensor, diagonal: int = 0) -> Any:
    return _core.diag_embed(x, diagonal) if rank_of(x) == 1 else x.diagonal(diagonal)


def _at_least(x: Tensor, rank: int) -> Any:
    """With leading dimensions of one element up to a rank; a third one stands last."""
    if rank_of(x) == 0:
        x = x.reshape(1)
    if rank >= 2 and rank_of(x) == 1:
        x = x.unsqueeze(0)
    return x.unsqueeze(-1) if rank == 3 and rank_of(x) == 2 else x


def _hstack(tensors: Any) -> Any:
    parts = [_at_least(t, 1) for t in tensors]
    return _core.cat(parts, 0 if rank_of(parts[0]) == 1 else 1)


def _column_stack(tensors: Any) -> Any:
    return _core.cat([t.reshape(-1, 1) if rank_of(t) <= 1 else t for t in tensors], 1)


def _meshgrid(tensors: Any, indexing: Any = None) -> Any:
    vectors = [t.reshape(-1) for t in tensors]
    if indexing == "xy" and len(vectors) > 1:
        swapped = _meshgrid([vectors[1], vectors[0], *vectors[2:]])
        grids = [swapped[1], swapped[0], *swapped[2:]]
        return tuple(grids)
    sizes = [t.shape[0] for t in vectors]
    return tuple(
        t.reshape([-1 if i == d else 1 for i in range(len(sizes))]).expand(sizes)
        for d, t in enumerate(vectors)
    )


def _block_diag(tensors: Any) -> Any:
    blocks = [_at_least(t, 2) for t in tensors]
    width = sum(b.shape[1] for b in blocks)
    rows, before = [], 0
    for block in blocks:
        after = width - before - block.shape[1]
        rows.append(_core.constant_pad_nd(block, [before, after]))
        before += block.shape[1]
    return _core.cat(rows, 0)


def _rot90(self: Tensor, k: int = 1, dims: Any = (0, 1)) -> Any:
    a, b = (d % rank_of(self) for d in dims)
    turned = {0: lambda: self.clone(), 1: lambda: self.flip([b]).transpose(a, b),
              2: lambda: self.flip([a, b]), 3: lambda: self.transpose(a, b).flip([b])}  # fmt: skip
    return turned[k % 4]()


def _bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Any = None) -> Any:
    product = kajo.einsum("...i,oij,...j->...o", input1, weight, input2)
    return product if bias is None else product + bias


def _dist(self: Tensor, other: Tensor, p: Any = 2) -> Any:
    return _core.linalg.vector_norm(self - other, p)


def _isin(
    elements: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False
) -> Any:
    if not isinstance(elements, Tensor) or not isinstance(test_elements, Tensor):
        raise Unsupported
    found = (elements.unsqueeze(-1) == test_elements.reshape(-1)).any(-1)
    return ~found if invert else found


def _take(self: Tensor, index: Tensor) -> Any:
    places = _core.where(index < 0, index + self.numel(), index)
    return self.reshape(-1).index_select(0, places.reshape(-1)).reshape(index.shape)


def _put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Any:
    flat = self.reshape(-1)
    written = _core.index_put(flat, [index.reshape(-1)], source.reshape(-1), accumulate)
    return written.reshape(self.shape)


def _sum_to_size(self: Tensor, size: Any) -> Any:
    gap = rank_of(self) - len(size)
    extra = [d for d in range(rank_of(self)) if d < gap or (size[d - gap] == 1 != self.shape[d])]
    summed = self.sum(extra, keepdim=True) if extra else self
    return summed.reshape(tuple(size))


def _fill(self: Tensor, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return _core.full_like(self, value)
    return value.to(self.dtype).expand(self.shape).clone()


def _prelu(self: Tensor, weight: Tensor) -> Any:
    if rank_of(weight) == 1 and rank_of(self) > 1:
        weight = weight.reshape(-1, *(1 for _ in range(rank_of(self) - 2)))
    elif rank_of(weight) == 1 and rank_of(self) <= 1 and weight.shape[0] == 1:
        weight = weight.reshape(())
    return _core.where(self > 0, self, self * weight)


def _addr(self: Any, vec1: Any, vec2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    return _added(beta, self, alpha, _outer(vec1, vec2))


def _linspace(start: Any, end: Any, steps: int, dtype: Any = None, **options: Any) -> Any:
    kind = dtype or kajo.get_default_dtype()
    if not kind.is_floating_point or options.pop("requires_grad", False):
        raise Unsupported
    first, last = (
        x.to(kind) if isinstance(x, Tensor) else _core.full((), x, dtype=kind) for x in (start, end)
    )
    count = _core.arange(steps, dtype=kind)
    step = (last - first) / max(steps - 1, 1)
    # From both ends, so that both are met.
    upward, downward = first + step * count, last - step * (steps - 1 - count)
    return _core.where(count < max(steps // 2, 1), upward, downward)


def _logspace(start: Any, end: Any, steps: int, base: float = 10.0, **options: Any) -> Any:
    return base ** _linspace(start, end, steps, **options)


_MEANINGS: dict[str, Any] = {
    "addmm": lambda self, mat1, mat2, beta=1, alpha=1: _added(beta, self, alpha, mat1 @ mat2),
    "addmv": lambda self, mat, vec, beta=1, alpha=1: _added(beta, self, alpha, mat @ vec),
    "baddbmm": lambda self, batch1, batch2, beta=1, alpha=1: _added(
        beta, self, alpha, batch1 @ batch2
    ),
    "addbmm": lambda self, batch1, batch2, beta=1, alpha=1: _added(
        beta, self, alpha, (batch1 @ batch2).sum(0)
    ),
    "addr": _addr,
    "outer": lambda self, vec2: _outer(self, vec2),
    "ger": lambda self, vec2: _outer(self, vec2),
    "dot": lambda self, tensor: self @ tensor,
    "vdot": lambda self, other: self.conj() @ other,
    "inner": lambda self, other: (
        self * other
        if rank_of(self) == 0 or rank_of(other) == 0
        else kajo.tensordot(self, other, dims=([-1], [-1]))
    ),
    "kron": lambda self, other: _kron(self, other),
    "diag": lambda self, diagonal=0: _diag(self, diagonal),
    "diagflat": lambda self, offset=0: _core.diag_embed(self.reshape(-1), offset),
    "hstack": _hstack,
    "vstack row_stack": lambda tensors: _core.cat([_at_least(t, 2) for t in tensors], 0),
    "dstack": lambda tensors: _core.cat([_at_least(t, 3) for t in tensors], 2),
    "column_stack": _column_stack,
    "meshgrid": _meshgrid,
    "block_diag": _block_diag,
    "rot90": _rot90,
    "fliplr": lambda self: self.flip([1]),
    "flipud": lambda self: self.flip([0]),
    "ravel": lambda self: self.reshape(-1),
    "t t_copy": lambda self: self.transpose(0, 1) if rank_of(self) == 2 else self,
    "adjoint": lambda self: self.transpose(-2, -1).conj(),
    "msort": lambda self: self.sort(0)[0],
    "expand_as": lambda self, other: self.expand(other.shape),
    "reshape_as": lambda self, other: self.reshape(other.shape),
    "view_as": lambda self, other: self.view(other.shape),
    "sum_to_size": _sum_to_size,
    "bilinear": _bilinear,
    "dist": _dist,
    "isin": _isin,
    "take": _take,
    "put": _put,
    "linspace": _linspace,
    "logspace": _logspace,
    "fill": _fill,
    "prelu": _prelu,
    "chain_matmul": lambda matrices: _chain(matrices),
    "linalg.multi_dot": lambda tensors: _chain(tensors),
    "copy": lambda self, src, non_blocking=False: _copied_to(self, src),
}


def _chain(matrices: Any) -> Any:
    product = matrices[0]
    for matrix in matrices[1:]:
        product = product @ matrix
    return product


def _copied_to(self: Tensor, source: Tensor) -> Any:
    return source.to(self.dtype).expand(self.shape)


def _rewritten(meaning: Any) -> Any:
    def handle(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = bound(func, args, kwargs)
        first = next(iter(found))
        if first == "input":
            found = {"self": found.pop("input"), **found}
        return meaning(**found)

    return handle


for _names, _meaning in _MEANINGS.items():
    for _name in _names.split():
        if any(hasattr(operation, "schemas") for operation in every(_name)):
            register(_name, _rewritten(_meaning))


def _copy_in_place(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self, source = list(found.values())[:2]
    if not batch.has(self):
        raise unbatched_write("copy_", batch.level)
    value = batch.value(source)
    if batch.has(source):
        for _ in range(rank_of(self) - rank_of(source)):
            value = value.unsqueeze(1)
    batch.value(self).copy_(value)
    return self


register("copy_", _copy_in_place)


def _fill_in_place(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self, value = args[0], args[1] if len(args) > 1 else kwargs.get("value", 0)
    return self.copy_(value if isinstance(value, Tensor) else self.new_full((), value))


register("fill_ zero_", _fill_in_place)
