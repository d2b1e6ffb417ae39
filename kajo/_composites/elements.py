"""Operations that change or find single elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kajo import _core
from kajo._operation import Number, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _written(name: str, self: Tensor, function: Any, *operands: Tensor) -> Tensor:
    """Writes function(element, ...) over each element."""
    for other in operands[1:]:
        if other.dtype != self.dtype:
            raise TypeError(f"{name}: expected {self.type()} for 'other' (got {other.type()})")
    if any(t.requires_grad for t in operands):
        raise RuntimeError(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead."
        )
    lists = (t.expand_as(self).flatten().tolist() for t in operands)
    results = [function(*values) for values in zip(*lists)]
    whole = not (self.is_floating_point() or self.is_complex())
    for value in results:
        if isinstance(value, str) or (whole and not hasattr(value, "__index__")):
            raise TypeError(
                f"{name}(): '{type(value).__name__}' object cannot be interpreted as an element of {self.dtype}"
            )
    return self.copy_(_core.tensor(results, dtype=self.dtype).reshape(self.shape))


@operation(function=False, method=True)
def apply_(input: Tensor, callable: Any) -> Tensor:
    """Replaces each element by `callable(element)`, one by one: slow, and without gradient.

    Raises:
        RuntimeError: if the tensor requires grad.

    >>> import kajo
    >>> kajo.tensor([1.0, 2.0]).apply_(lambda x: x * x)
    tensor([1., 4.])
    """
    return _written("apply_", input, callable, input)


@operation(function=False, method=True)
def map_(input: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Replaces each element by `callable(element, other)`, with elements of another tensor.

    Args:
        tensor: a tensor that broadcasts to this one's shape.
        callable: a Python function of two numbers, called for each element, which is slow.

    >>> import kajo
    >>> kajo.tensor([1.0, 2.0]).map_(kajo.tensor([3.0, 4.0]), lambda a, b: a * b)
    tensor([3., 8.])
    """
    return _written("map_", input, callable, input, tensor)


@operation(function=False, method=True)
def map2_(input: Tensor, x: Tensor, y: Tensor, callable: Any) -> Tensor:
    """Replaces each element by `callable(element, a, b)`, with elements of two other tensors.

    Args:
        x, y: tensors that broadcast to this one's shape.
        callable: a Python function of three numbers, called for each element, which is slow.

    >>> import kajo
    >>> ones = kajo.ones(2)
    >>> kajo.tensor([1.0, 2.0]).map2_(ones, ones, lambda a, b, c: a + b + c)
    tensor([3., 4.])
    """
    return _written("map2_", input, callable, input, x, y)


@operation(method=True)
def fill_diagonal_(input: Tensor, fill_value: Number, wrap: bool = False) -> Tensor:
    """Writes a number to the main diagonal.

    Args:
        fill_value: the number.
        wrap: begin again after each square of a tall matrix, with a row between.

    Raises:
        RuntimeError: for less than two dimensions, or more than two of different sizes.

    >>> import kajo
    >>> kajo.zeros(2, 2).fill_diagonal_(5)
    tensor([[5., 0.],
            [0., 5.]])
    """
    if input.dim() < 2:
        raise RuntimeError("fill_diagonal_(): dimensions must larger than 1")
    height, width = input.shape[0], input.shape[1]
    if input.dim() > 2 and any(n != height for n in input.shape):
        raise RuntimeError("fill_diagonal_(): all dimensions of input must be of equal length")
    step = sum(input.stride())
    if input.numel():
        diagonal = input.as_strided([min(input.shape)], [step])
        diagonal.fill_(fill_value)
    if wrap and input.dim() == 2 and height > width + 1:
        for first in range(width + 1, height, width + 1):
            input[first:].diagonal().fill_(fill_value)
    return input


@operation(method=True, out="same")
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The places of the elements that are not zero, as a given number of rows.

    Args:
        size: the number of rows; further places are left out.
        fill_value: what fills rows that are left.

    Raises:
        RuntimeError: for a negative size.

    >>> import kajo
    >>> kajo.nonzero_static(kajo.tensor([0, 1, 1]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static(): 'size' must be a non-negative integer, got {size}")
    places = input.nonzero()[:size]
    filling = _core.full((size - places.shape[0], input.dim()), fill_value, dtype=_core.int64)
    return _core.cat([places, filling])


@operation()
def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    *,
    dtype: _core._dtype | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with undefined elements whose dimensions lie in memory in a given order.

    Args:
        size: the shape.
        physical_layout: the dimensions, the outermost in memory first.

    Raises:
        RuntimeError: if `physical_layout` is no permutation of the dimensions.

    >>> import kajo
    >>> kajo.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    if sorted(physical_layout) != list(range(len(size))):
        raise RuntimeError(
            f"empty_permuted(): physical_layout {tuple(physical_layout)} is no permutation of the dimensions of size {tuple(size)}"
        )
    sizes = [size[d] for d in physical_layout]
    places = [list(physical_layout).index(d) for d in range(len(size))]
    base = _core.empty(sizes, dtype=dtype, device=device)
    return base.permute(places).detach().requires_grad_(requires_grad)
