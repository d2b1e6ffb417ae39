"""Operations on nested tensors of layout `kajo.strided`, component by component."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nested._tensor import NestedTensor, components, is_contiguous, packed, strided

__all__ = ["TABLE", "size_at", "spread", "to_padded"]


def _axis(x: NestedTensor, dim: int, extra: int = 0) -> int:
    rank = 1 + (len(x._shapes[0]) if x._shapes else 0) + extra
    if not -rank <= dim < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})"
        )
    return dim % rank


def size_at(x: NestedTensor, dim: int) -> int:
    """The size of a dimension along which the components agree."""
    if dim == 0:
        return len(x._shapes)
    sizes = {shape[dim - 1] for shape in x._shapes}
    if len(sizes) > 1:
        raise RuntimeError(f"size(): dimension {dim} is irregular: the components differ in it")
    return next(iter(sizes))


def spread(x: NestedTensor, other: Tensor, name: str) -> Tensor:
    """A strided operand: a single element only."""
    if other.numel() == 1:
        return other.reshape(())
    raise RuntimeError(
        f"{name}(): expected both operands to be nested, or one a single number, got a strided one of shape "
        f"{tuple(other.shape)}"
    )


def to_padded(x: NestedTensor, padding: float, output_size: Any) -> Tensor:
    """What `kajo.nested.to_padded_tensor` does."""
    parts = components(x)
    rank = len(x._shapes[0]) if parts else 0
    least = [len(parts), *(max(shape[d] for shape in x._shapes) for d in range(rank))]
    size = least if output_size is None else list(output_size)
    if len(size) != len(least) or any(n < m for n, m in zip(size, least)):
        raise RuntimeError(
            f"to_padded_tensor(): components that need the size {least} do not fit output_size {size}"
        )
    rows = []
    for part in parts:
        pads = [p for n, m in zip(reversed(size[1:]), reversed(part.shape)) for p in (0, n - m)]
        rows.append(kajo.nn.functional.pad(part, pads, value=padding))
    rows += [kajo.full(size[1:], padding, dtype=x._held.dtype)] * (size[0] - len(rows))
    return kajo.stack(rows) if rows else x._held.reshape(size)


# ---- shapes --------------------------------------------------------------------------------------------


def _inner(x: NestedTensor, dim: int, name: str, extra: int = 0) -> int:
    axis = _axis(x, dim, extra)
    if axis == 0:
        raise RuntimeError(
            f"{name}(): dimension 0 of a nested tensor counts its components and has to stay"
        )
    return axis - 1


def _viewed(x: NestedTensor, change: Any) -> NestedTensor:
    """The same elements with other shapes and strides for each component."""
    pairs = [change(list(shape), list(steps)) for shape, steps in zip(x._shapes, x._steps)]
    shapes, steps = ([tuple(p[i]) for p in pairs] for i in (0, 1))
    return strided(x._held, shapes, steps, x._starts)


def _transpose(self: NestedTensor, dim0: int, dim1: int) -> NestedTensor:
    a, b = _inner(self, dim0, "transpose"), _inner(self, dim1, "transpose")

    def change(shape: list[int], steps: list[int]) -> Any:
        shape[a], shape[b], steps[a], steps[b] = shape[b], shape[a], steps[b], steps[a]
        return shape, steps

    return _viewed(self, change)


def _permute(self: NestedTensor, dims: Any) -> NestedTensor:
    order = [_axis(self, d) for d in dims]
    if order[:1] != [0] or sorted(order) != list(range(_axis(self, -1) + 1)):
        raise RuntimeError(
            f"permute(): {list(dims)} is no order of the dimensions that keeps the first"
        )
    inner = [d - 1 for d in order[1:]]
    return _viewed(
        self, lambda shape, steps: ([shape[d] for d in inner], [steps[d] for d in inner])
    )


def _unsqueeze(self: NestedTensor, dim: int) -> NestedTensor:
    axis = _inner(self, dim, "unsqueeze", 1)

    def change(shape: list[int], steps: list[int]) -> Any:
        step = shape[axis] * steps[axis] if axis < len(shape) else 1
        return [*shape[:axis], 1, *shape[axis:]], [*steps[:axis], step, *steps[axis:]]

    return _viewed(self, change)


def _squeeze(self: NestedTensor, dim: Any = None) -> NestedTensor:
    if dim is None:
        raise RuntimeError("squeeze(): of a nested tensor needs a dimension")
    axes = [_inner(self, d, "squeeze") for d in ([dim] if isinstance(dim, int) else dim)]
    gone = [a for a in axes if all(shape[a] == 1 for shape in self._shapes)]

    def change(shape: list[int], steps: list[int]) -> Any:
        kept = [d for d in range(len(shape)) if d not in gone]
        return [shape[d] for d in kept], [steps[d] for d in kept]

    return _viewed(self, change)


def _reshape(name: str) -> Any:
    def handler(self: NestedTensor, **given: Any) -> NestedTensor:
        size = list(given.get("shape") or given.get("size") or ())
        if not size or size[0] != len(self._shapes):
            raise RuntimeError(
                f"{name}(): the number of components, {len(self._shapes)}, has to stay the first size, got {size}"
            )
        rank = len(self._shapes[0]) if self._shapes else 0
        parts = []
        for part in components(self):
            # -1 keeps the size that the component has there, as far as there is one.
            inner = [
                part.shape[d] if n == -1 and d < rank and size.count(-1) > 1 else n
                for d, n in enumerate(size[1:])
            ]
            parts.append(getattr(part, name)(inner))
        if not is_contiguous(self):
            return packed(parts)
        return strided(self._held, [tuple(part.shape) for part in parts])

    return handler


def _flatten(self: NestedTensor, start_dim: int = 0, end_dim: int = -1) -> NestedTensor:
    first, last = _inner(self, start_dim, "flatten"), _inner(self, end_dim, "flatten")
    return packed([part.flatten(first, last) for part in components(self)])


def _unflatten(self: NestedTensor, dim: int, sizes: Any) -> NestedTensor:
    axis = _inner(self, dim, "unflatten")
    return packed([part.unflatten(axis, sizes) for part in components(self)])


def _select(self: NestedTensor, dim: int, index: int) -> Any:
    if _axis(self, dim) == 0:
        from kajo.nested._operations import component

        return component(self, index)
    axis = _inner(self, dim, "select")
    for shape in self._shapes:
        if not -shape[axis] <= index < shape[axis]:
            raise IndexError(
                f"select(): index {index} is out of bounds for a component of shape {shape}"
            )
    starts = [
        first + (index % shape[axis]) * steps[axis]
        for first, shape, steps in zip(self._starts, self._shapes, self._steps)
    ]
    shapes, steps = (
        [tuple(n for d, n in enumerate(row) if d != axis) for row in rows]
        for rows in (self._shapes, self._steps)
    )
    return strided(self._held, shapes, steps, starts)


def _narrow(self: NestedTensor, dim: int, start: int, length: int) -> NestedTensor:
    if _axis(self, dim) != 0:
        raise RuntimeError(f"narrow(): only dim=0 supported for nested tensors, but got: {dim}")
    count = len(self._shapes)
    if not 0 <= start <= start + length <= count:
        raise RuntimeError(
            f"narrow(): start ({start}) + length ({length}) exceeds dimension size ({count})."
        )
    chosen = slice(start, start + length)
    return strided(self._held, self._shapes[chosen], self._steps[chosen], self._starts[chosen])


def _sliced(x: NestedTensor, start: int, length: int) -> NestedTensor:
    """A part of the last dimension of each component, as a view."""
    shapes = [(*shape[:-1], length) for shape in x._shapes]
    starts = [first + start * steps[-1] for first, steps in zip(x._starts, x._steps)]
    return strided(x._held, shapes, x._steps, starts)


def _pieces(name: str) -> Any:
    def handler(self: NestedTensor, *, dim: int = 0, **how: Any) -> tuple[NestedTensor, ...]:
        if _axis(self, dim) != _axis(self, -1) or _axis(self, dim) == 0:
            raise RuntimeError(
                f"{name}(): of nested tensors goes along the last dimension, got {dim}"
            )
        sizes = kajo.empty(size_at(self, _axis(self, dim)), device="meta")
        found, start = [], 0
        for piece in getattr(sizes, name)(*how.values()):
            found.append(_sliced(self, start, len(piece)))
            start += len(piece)
        return tuple(found)

    return handler


def _cat(tensors: Any, dim: int = 0) -> NestedTensor:
    if not all(isinstance(t, NestedTensor) for t in tensors):
        raise RuntimeError("cat(): expected each tensor to be nested")
    axis = _axis(tensors[0], dim)
    rows = [components(t) for t in tensors]
    if axis == 0:
        return packed([part for row in rows for part in row])
    if any(len(row) != len(rows[0]) for row in rows):
        raise RuntimeError("cat(): expected nested tensors with the same number of components")
    return packed([kajo.cat(column, axis - 1) for column in zip(*rows)])


# ---- reductions, products --------------------------------------------------------------------------------


def _reduction(name: str) -> Any:
    def handler(self: NestedTensor, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
        if dim is None:
            raise NotImplementedError(
                f"{name}(): of all elements is not implemented for nested tensors of layout kajo.strided: use "
                f"values().{name}()"
            )
        given = [dim] if isinstance(dim, int) else list(dim)
        if len(given) != 1:
            raise RuntimeError(
                f"{name}(): only a single dimension of nested tensors can be reduced"
            )
        if _axis(self, given[0]) != _axis(self, -1):
            raise RuntimeError(
                f"{name}(): nested tensors are reduced along the last dimension, got {dim}"
            )
        if not keepdim:
            raise RuntimeError(f"{name}(): of nested tensors needs keepdim=True")
        kept = {k: v for k, v in options.items() if v is not None}
        return packed([getattr(part, name)(-1, True, **kept) for part in components(self)])

    return handler


def _softmax(name: str) -> Any:
    def handler(self: NestedTensor, dim: int, dtype: Any = None) -> NestedTensor:
        axis = _inner(self, dim, name)
        return packed([getattr(part, name)(axis, dtype=dtype) for part in components(self)])

    return handler


def _matmul(self: Any, other: Any = None, mat2: Any = None) -> NestedTensor:
    other = mat2 if other is None else other
    if not isinstance(self, NestedTensor) or not isinstance(other, NestedTensor):
        raise RuntimeError("matmul(): expected both operands to be nested, got one that is not")
    pairs = list(zip(components(self), components(other)))
    ranks = {part.dim() for pair in pairs for part in pair}
    if len(self._shapes) != len(other._shapes) or len(ranks) > 1 or min(ranks, default=2) < 2:
        raise RuntimeError("matmul(): expected as many components of the same rank on both sides")
    for index, (a, b) in enumerate(pairs):
        if a.shape[-1] != b.shape[-2] or a.shape[:-2] != b.shape[:-2]:
            raise RuntimeError(
                f"matmul(): components {index} of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied"
            )
    return packed([a @ b for a, b in pairs])


def _linear(input: Any, weight: Any, bias: Any = None) -> NestedTensor:
    if not isinstance(input, NestedTensor) or isinstance(weight, NestedTensor):
        raise RuntimeError("linear(): expected a nested input and a strided weight")
    width = size_at(input, _axis(input, -1))
    flat = input._held if is_contiguous(input) else packed(components(input))._held
    result = kajo.nn.functional.linear(flat.reshape(-1, width), weight, bias)
    return strided(result.reshape(-1), [(*shape[:-1], weight.shape[0]) for shape in input._shapes])


def _layer_norm(
    input: NestedTensor,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> NestedTensor:
    shape = tuple(normalized_shape)
    if any(own[len(own) - len(shape) :] != shape for own in input._shapes):
        raise RuntimeError(f"layer_norm(): the components do not end in the shape {shape}")
    flat = input._held if is_contiguous(input) else packed(components(input))._held
    call = kajo.nn.functional.layer_norm
    rows = call(flat.reshape(-1, *shape), shape, weight, bias, eps)
    return strided(rows.reshape(-1), input._shapes)


TABLE: dict[str, Any] = {
    "transpose": _transpose,
    "swapaxes": lambda self, axis0, axis1: _transpose(self, axis0, axis1),
    "swapdims": lambda self, dim0, dim1: _transpose(self, dim0, dim1),
    "permute": _permute,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "view": _reshape("view"),
    "reshape": _reshape("reshape"),
    "flatten": _flatten,
    "unflatten": _unflatten,
    "select": _select,
    "narrow": _narrow,
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "matmul": _matmul,
    "bmm": _matmul,
    "linear": _linear,
    "layer_norm": _layer_norm,
}
TABLE |= {name: _pieces(name) for name in ("chunk", "split", "split_with_sizes")}
TABLE |= {name: _reduction(name) for name in ("sum", "mean", "amax", "amin")}
TABLE |= {name: _softmax(name) for name in ("softmax", "log_softmax")}
