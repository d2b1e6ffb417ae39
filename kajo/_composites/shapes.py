"""Broadcasting, grids, blocks and splits."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Size, Tensor

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
    "broadcast_tensors", "cartesian_prod", "meshgrid", "range", "unravel_index",
]  # fmt: skip
METHODS: tuple[str, ...] = ()

_range = range


def _tensors(arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """f(a, b) and f([a, b]) alike."""
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        return tuple(arguments[0])
    return arguments


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to.

    Raises:
        RuntimeError: if they do not.

    >>> import kajo
    >>> kajo.broadcast_shapes((2, 1), (3,))
    kajo.Size([2, 3])
    """
    lists = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    width = max((len(s) for s in lists), default=0)
    result = [1] * width
    for shape in lists:
        for i, n in enumerate(shape, width - len(shape)):
            if n < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({n}): ({n})")
            if n != 1 and result[i] not in (1, n):
                raise RuntimeError(
                    f"Shape mismatch: objects cannot be broadcast to a single shape: {', '.join(map(str, lists))}"
                )
            result[i] = result[i] if n == 1 else n
    return Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to one shape.

    >>> import kajo
    >>> [t.shape for t in kajo.broadcast_tensors(kajo.ones(2, 1), kajo.ones(3))]
    [kajo.Size([2, 3]), kajo.Size([2, 3])]
    """
    given = _tensors(tensors)
    shape = broadcast_shapes(*(t.shape for t in given))
    return tuple(t.expand(shape) for t in given)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Grids of coordinates from vectors of coordinates.

    Args:
        *tensors: vectors or numbers, also as one list.
        indexing: "ij" (the default): the first vector runs along the first dimension; "xy": along
            the second.

    Returns:
        One tensor for each vector, all of one shape.

    >>> import kajo
    >>> kajo.meshgrid(kajo.tensor([1, 2]), kajo.tensor([3, 4, 5]), indexing="ij")[1]
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    if indexing is None:
        warnings.warn(
            "meshgrid(): in an upcoming release it will be required to pass the indexing argument; pass "
            "indexing='ij' for what happens now.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f"meshgrid(): indexing must be one of 'xy' or 'ij', but received: {indexing}"
        )
    vectors = list(_tensors(tensors))
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for t in vectors:
        if t.dim() > 1:
            raise RuntimeError(
                f"meshgrid(): Expected 0D or 1D tensor in the tensor list but got: {t.shape}"
            )
        if t.dtype != vectors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    swapped = indexing == "xy" and len(vectors) >= 2
    if swapped:
        vectors[:2] = vectors[1], vectors[0]
    shape = [t.numel() for t in vectors]
    grids = [
        t.reshape([-1 if i == j else 1 for j in _range(len(vectors))]).expand(shape)
        for i, t in enumerate(vectors)
    ]
    if swapped:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each vector, as rows.

    >>> import kajo
    >>> kajo.cartesian_prod(kajo.tensor([1, 2]), kajo.tensor([3, 4])).tolist()
    [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    vectors = _tensors(tensors)
    for t in vectors:
        if t.dim() != 1:
            raise RuntimeError(
                f"cartesian_prod(): Expect a 1D vector, but got shape {tuple(t.shape)}"
            )
    if len(vectors) == 1:
        return vectors[0]
    grids = meshgrid(*vectors, indexing="ij")
    return _core.stack([g.flatten() for g in grids], 1)


@operation()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of r elements of a vector, as rows.

    >>> import kajo
    >>> kajo.combinations(kajo.tensor([1, 2, 3])).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {tuple(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return _core.empty(0, dtype=input.dtype)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(_range(input.numel()), r))
    index = _core.tensor(rows, dtype=_core.int64).view(len(rows), r)
    return input[index]


def block_diag(*tensors: Any) -> Tensor:
    """A matrix with the given matrices along its diagonal.

    >>> import kajo
    >>> kajo.block_diag(kajo.tensor([[1, 2]]), kajo.tensor([3])).tolist()
    [[1, 2, 0], [0, 0, 3]]
    """
    blocks = []
    for t in _tensors(tensors):
        if t.dim() > 2:
            raise RuntimeError(
                f"block_diag(): Input tensors must have 2 or fewer dimensions. Input has {t.dim()}"
            )
        blocks.append(t if t.dim() == 2 else t.reshape(1, -1))
    if not blocks:
        return _core.empty(1, 0)
    width = sum(b.shape[1] for b in blocks)
    rows, before = [], 0
    for b in blocks:
        after = width - before - b.shape[1]
        parts = [b.new_zeros((b.shape[0], before)), b, b.new_zeros((b.shape[0], after))]
        rows.append(_core.cat(parts, 1))
        before += b.shape[1]
    return _core.cat(rows, 0)


def _atleast(dims: int, arguments: tuple[Any, ...]) -> Any:
    def widened(t: Tensor) -> Tensor:
        if t.dim() >= dims:
            return t
        if dims == 3 and t.dim() == 2:
            return t.unsqueeze(-1)
        if dims == 3 and t.dim() == 1:
            return t.unsqueeze(0).unsqueeze(-1)
        return t.reshape([1] * (dims - t.dim()) + list(t.shape))

    if len(arguments) == 1 and isinstance(arguments[0], Tensor):
        return widened(arguments[0])
    return tuple(widened(t) for t in _tensors(arguments))


def atleast_1d(*tensors: Any) -> Any:
    """The tensors with at least one dimension: one tensor, or a tuple for several.

    >>> import kajo
    >>> kajo.atleast_1d(kajo.tensor(1.0))
    tensor([1.])
    """
    return _atleast(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensors with at least two dimensions; new ones come first."""
    return _atleast(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensors with at least three dimensions; a matrix gets its third one at the end."""
    return _atleast(3, tensors)


_LEAST_DIMENSIONS = {"hsplit": 1, "vsplit": 2, "dsplit": 3}


def _split(name: str, input: Tensor, parts: Any, dim: int) -> tuple[Tensor, ...]:
    least = _LEAST_DIMENSIONS[name]
    if input.dim() < least:
        raise RuntimeError(
            f"{name} requires a tensor with at least {least} dimension, but got a tensor with {input.dim()} dimensions!"
        )
    if isinstance(parts, int) and (parts <= 0 or input.shape[dim] % parts):
        raise RuntimeError(
            f"{name}: attempted to split along dimension {dim}, but the size of the dimension "
            f"{input.shape[dim]} is not divisible by the split_size {parts}!"
        )
    return tuple(_core.tensor_split(input, parts, dim))


@operation(method=True)
def hsplit(input: Tensor, sections: int) -> tuple[Tensor, ...]:
    """Split along the columns (the only dimension of a vector).

    Args:
        sections: the number of parts, which have one size; or, as `indices`, where to cut.

    >>> import kajo
    >>> [t.tolist() for t in kajo.hsplit(kajo.arange(4), 2)]
    [[0, 1], [2, 3]]
    >>> [t.tolist() for t in kajo.hsplit(kajo.arange(4), [1, 2])]
    [[0], [1], [2, 3]]
    """
    return _split("hsplit", input, sections, 0 if input.dim() == 1 else 1)


@operation(method=True)  # type: ignore[no-redef]
def hsplit(input: Tensor, indices: Sequence[int]) -> tuple[Tensor, ...]:  # noqa: F811
    """The overload for places."""
    return _split("hsplit", input, indices, 0 if input.dim() == 1 else 1)


@operation(method=True)
def vsplit(input: Tensor, sections: int) -> tuple[Tensor, ...]:
    """Views of pieces along the first dimension, as :func:`kajo.tensor_split` cuts them.

    Args:
        sections: into how many; they divide the dimension.
        indices: or where to cut.

    >>> import kajo
    >>> kajo.vsplit(kajo.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    return _split("vsplit", input, sections, 0)


@operation(method=True)  # type: ignore[no-redef]
def vsplit(input: Tensor, indices: Sequence[int]) -> tuple[Tensor, ...]:  # noqa: F811
    """The overload for places."""
    return _split("vsplit", input, indices, 0)


@operation(method=True)
def dsplit(input: Tensor, sections: int) -> tuple[Tensor, ...]:
    """Views of pieces along the third dimension, as :func:`kajo.tensor_split` cuts them.

    Args:
        sections: into how many; they divide the dimension.
        indices: or where to cut.

    >>> import kajo
    >>> [piece.shape[2] for piece in kajo.dsplit(kajo.zeros(2, 2, 4), [1])]
    [1, 3]
    """
    return _split("dsplit", input, sections, 2)


@operation(method=True)  # type: ignore[no-redef]
def dsplit(input: Tensor, indices: Sequence[int]) -> tuple[Tensor, ...]:  # noqa: F811
    """The overload for places."""
    return _split("dsplit", input, indices, 2)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flattened tensor as indices for each dimension.

    >>> import kajo
    >>> kajo.unravel_index(kajo.tensor([5]), (2, 3))
    (tensor([1]), tensor([2]))
    """
    if indices.is_floating_point() or indices.is_complex() or indices.dtype == _core.bool:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    indices = indices.to(_core.promote_types(indices.dtype, _core.int64))
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    result = []
    for n in reversed(sizes):
        result.append(indices % n)
        indices = _core.div(indices, n, rounding_mode="floor")
    return tuple(reversed(result))


@operation()
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The matrix of powers of a vector.

    >>> import kajo
    >>> kajo.vander(kajo.tensor([1, 2, 3]), 3).tolist()
    [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    """
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.numel() if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    dtype = _core.result_type(x, _core.zeros(1, dtype=_core.int64))
    factors = x.to(dtype).unsqueeze(1).expand(-1, max(count - 1, 0))
    powers = _core.cat([_core.ones(x.numel(), min(count, 1), dtype=dtype), factors], 1).cumprod(1)
    return powers if increasing else powers.flip(1)


@operation(method=True)
def adjoint(input: Tensor) -> Tensor:
    """A view of matrices transposed and conjugated.

    Raises:
        RuntimeError: for a vector.

    >>> import kajo
    >>> kajo.adjoint(kajo.tensor([[1 + 1j], [2 - 1j]]))
    tensor([[1.-1.j, 2.+1.j]])
    """
    if input.dim() == 1:
        raise RuntimeError(
            "adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    if input.dim() == 0:
        return input.conj()
    return input.transpose(-2, -1).conj()


@operation(method=True)
def isreal(input: Tensor) -> Tensor:
    """Where the imaginary part is zero.

    >>> import kajo
    >>> kajo.isreal(kajo.tensor([1 + 1j, 2 + 0j]))
    tensor([False,  True])
    """
    if input.is_complex():
        return input.imag == 0
    return _core.ones_like(input, dtype=_core.bool)


@operation(method=True, out="same")
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A copy of :func:`kajo.narrow`.

    Args:
        dim: the dimension.
        start: where the stretch begins.
        length: how long it is.

    >>> import kajo
    >>> kajo.narrow_copy(kajo.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    if dim >= input.dim():
        raise RuntimeError(
            f"narrow_copy(): expected dim to be less than {input.dim()}, but got {dim}"
        )
    return input.narrow(dim, start, length).clone()


def range(start: Any, end: Any = None, step: Any = 1, **options: Any) -> Tensor:
    """Numbers from start to end, the end included; `arange` is what Python's range is.

    >>> import kajo
    >>> kajo.range(1, 3)
    tensor([1., 2., 3.])
    """
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    options.setdefault("dtype", _core.get_default_dtype())
    count = int((end - start) / step) + 1
    return (
        _core.arange(count, dtype=_core.float64)
        .mul_(step)
        .add_(start)
        .to(options.pop("dtype"))
        .requires_grad_(options.pop("requires_grad", False))
    )
