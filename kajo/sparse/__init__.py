"""Operations on sparse tensors.

A sparse tensor is made by `kajo.sparse_coo_tensor`, `kajo.sparse_csr_tensor` and the like, or from a
strided one by its methods `to_sparse` and `to_sparse_csr`.

>>> import kajo
>>> a = kajo.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
>>> kajo.sparse.mm(a, kajo.ones(3, 1))
tensor([[3.],
        [4.]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import kajo
from kajo import Tensor
from kajo.sparse import _matrices, _operations
from kajo.sparse import _tensor as _parts
from kajo.sparse._layouts import converted as _converted
from kajo.sparse._table import axis_of as _axis_of
from kajo.sparse._tensor import SparseTensor

__all__ = [
    "addmm", "as_sparse_gradcheck", "check_sparse_tensor_invariants", "log_softmax", "mm",
    "sampled_addmm", "softmax", "spdiags", "sum", "to_sparse_semi_structured",
]  # fmt: skip


def _coo(x: Any, name: str) -> SparseTensor:
    if not isinstance(x, SparseTensor) or x._kind is not kajo.sparse_coo:
        layout = x.layout if isinstance(x, Tensor) else type(x).__name__
        raise NotImplementedError(f"sparse.{name}(): expected a sparse COO tensor, got {layout}")
    return x


def mm(input: Any, mat2: Any, reduce: str = "sum") -> Any:
    """The product of two matrices, of which the first is sparse.

    Args:
        input: a sparse matrix.
        mat2: a matrix, sparse or strided.
        reduce: what takes the place of the sum of products: "sum", "mean", "amax" or "amin", the last
            three for a strided `mat2`; what has no terms is 0.

    Returns:
        A strided matrix, or a sparse one if `mat2` is sparse.

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    >>> import kajo
    >>> kajo.sparse.mm(kajo.eye(2).to_sparse(), kajo.ones(2, 2))
    tensor([[1., 1.],
            [1., 1.]])
    """
    if reduce == "sum":
        if len(getattr(mat2, "shape", ())) != 2:
            raise RuntimeError(f"sparse.mm(): expected two matrices, got shape {mat2.shape}")
        return _matrices.product(input, mat2, "sparse.mm")
    if not isinstance(input, SparseTensor) or isinstance(mat2, SparseTensor):
        raise RuntimeError(f"sparse.mm(): reduce={reduce!r} needs a sparse and a strided matrix")
    return _matrices.reduced_product(input, mat2, reduce)


def addmm(mat: Any, mat1: Any, mat2: Any, *, beta: float = 1.0, alpha: float = 1.0) -> Any:
    """beta mat + alpha mat1 mat2, with a sparse `mat1`.

    Args:
        mat: what is added.
        mat1: a sparse matrix.
        mat2: a matrix.
        beta, alpha: factors.

    Returns:
        A matrix.

    Raises:
        RuntimeError: if shapes do not fit.

    >>> import kajo
    >>> kajo.sparse.addmm(kajo.ones(2, 1), kajo.eye(2).to_sparse(), kajo.ones(2, 1))
    tensor([[2.],
            [2.]])
    """
    return _matrices.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sampled_addmm(
    input: Any, mat1: Tensor, mat2: Tensor, *, beta: Any = 1.0, alpha: Any = 1.0, out: Any = None
) -> Any:
    """beta input + alpha mat1 mat2 at the places of the sparse `input` only.

    Args:
        input: a matrix in compressed row format.
        mat1, mat2: strided matrices whose product has its shape.
        beta, alpha: factors.
        out: a matrix in compressed row format that takes the result.

    Returns:
        A matrix with the places of `input`.

    Raises:
        RuntimeError: if shapes, dtypes or layouts do not fit.

    >>> import kajo
    >>> x = kajo.sparse.sampled_addmm(kajo.eye(2).to_sparse_csr(), kajo.ones(2, 3), kajo.ones(3, 2))
    >>> x.values()
    tensor([4., 4.])
    """
    if not isinstance(input, SparseTensor) or input._kind is not kajo.sparse_csr:
        raise NotImplementedError(
            f"sparse.sampled_addmm(): expected an input of layout kajo.sparse_csr, got {input.layout}"
        )
    result = _matrices.sampled_addmm(input, mat1, mat2, beta, alpha)
    if out is None:
        return result
    if not isinstance(out, SparseTensor) or out._kind is not kajo.sparse_csr:
        raise RuntimeError("sparse.sampled_addmm(): expected out= of layout kajo.sparse_csr")
    if out._size != result._size or out.dtype != result.dtype:
        raise RuntimeError(
            f"sparse.sampled_addmm(): expected out= of size {tuple(result._size)} and {result.dtype}, got "
            f"{tuple(out._size)} and {out.dtype}"
        )
    _operations._assign(out, result.detach())
    return out


def sum(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """The sum of the elements, over all or some dimensions.

    Args:
        input: a sparse tensor.
        dim: the dimensions; None for all.
        dtype: convert first.

    Returns:
        A sparse tensor of the sums, or a strided one if no sparse dimension is left.

    Raises:
        IndexError: if there is no such dimension.

    >>> import kajo
    >>> kajo.sparse.sum(kajo.eye(3).to_sparse())
    tensor(3.)
    """
    if not isinstance(input, SparseTensor):
        raise RuntimeError(f"sparse.sum(): expected a sparse tensor, got {input.layout}")
    x: Any = input if dtype is None else input.to(dtype)
    if dim is None:
        return x._parts[-1].sum()
    x = x if x._kind is kajo.sparse_coo else _converted(x, kajo.sparse_coo)
    given = [dim] if isinstance(dim, int) else list(dim)
    axes = {_axis_of(x, d) for d in given}
    if len(axes) != len(given):
        raise RuntimeError(f"sparse.sum(): a dimension appears multiple times in {given}")
    indices, values = x._parts
    count = indices.shape[0]
    dense = [d - count + 1 for d in sorted(axes) if d >= count]
    kind = values.dtype
    values = (
        values.sum(dense, dtype=kind if kind.is_floating_point or kind.is_complex else None)
        if dense
        else values
    )
    kept = [d for d in range(count) if d not in axes]
    if not kept:
        return values.sum(0)
    size = [n for d, n in enumerate(x._size) if d not in axes]
    if len(kept) == count:
        return _parts.make(x._kind, (indices, values), size, x._unique)
    if not kind.is_floating_point and not kind.is_complex:
        values = values.to(kajo.int64)
    return _parts.coalesced(
        _parts.make(x._kind, (kajo.stack([indices[d] for d in kept]), values), size)
    )


def _normalised(x: SparseTensor, dim: int, logarithm: bool) -> SparseTensor:
    base = _parts.coalesced(x)
    indices, values = base._parts
    axis, count = _axis_of(x, dim), indices.shape[0]
    if axis >= count:
        function = kajo.log_softmax if logarithm else kajo.softmax
        return base._with_values(function(values, axis - count + 1))
    others = [d for d in range(count) if d != axis]
    sizes = [x._size[d] for d in others]
    group = (
        _parts.flat_places(indices[others], sizes)
        if others
        else kajo.zeros(indices.shape[1], dtype=kajo.int64)
    )
    kept, where = kajo.unique(group, return_inverse=True)
    shape = (kept.numel(), *values.shape[1:])
    index = where.reshape(-1, *[1] * (values.dim() - 1)).expand(values.shape)
    lowest = kajo.full(shape, -kajo.inf, dtype=values.dtype)
    largest = lowest.scatter_reduce(0, index, values.detach(), "amax")
    shifted = values - largest[where]
    total = _parts.summed(kept.numel(), where, shifted.exp())
    return base._with_values(
        shifted - total.log()[where] if logarithm else shifted.exp() / total[where]
    )


def softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """exp(x) over the sum of exponentials along a dimension, of the elements that are kept.

    What is not kept counts as minus infinity.

    Args:
        input: a sparse COO tensor.
        dim: the dimension.
        dtype: convert first.

    Returns:
        A sparse tensor with the same places.

    Raises:
        RuntimeError: if the input is not a sparse COO tensor.

    >>> import kajo
    >>> kajo.sparse.softmax(kajo.tensor([[1.0, 0.0], [1.0, 1.0]]).to_sparse(), 1).to_dense()
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    return _normalised(_coo(input if dtype is None else input.to(dtype), "softmax"), dim, False)


def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of :func:`softmax`.

    Args:
        input: a sparse COO tensor.
        dim: the dimension.
        dtype: convert first.

    Returns:
        A sparse tensor with the same places.

    Raises:
        RuntimeError: if the input is not a sparse COO tensor.

    >>> import kajo
    >>> kajo.sparse.log_softmax(kajo.ones(1, 2).to_sparse(), 1).to_dense()
    tensor([[-0.6931, -0.6931]])
    """
    return _normalised(_coo(input if dtype is None else input.to(dtype), "log_softmax"), dim, True)


def spdiags(diagonals: Tensor, offsets: Tensor, shape: Any, layout: Any = None) -> Any:
    """A sparse matrix from its diagonals.

    Element (i, j) is diagonals[k, j] where j - i is offsets[k].

    Args:
        diagonals: one diagonal in each row.
        offsets: which diagonals: 0 the main one, positive above.
        shape: of the result.
        layout: of the result; kajo.sparse_coo by default.

    Returns:
        The matrix.

    Raises:
        RuntimeError: if shapes do not fit, an offset occurs twice, or for another layout than COO, CSR and
            CSC.

    >>> import kajo
    >>> kajo.sparse.spdiags(kajo.ones(1, 2), kajo.tensor([1]), (2, 2)).to_dense()
    tensor([[0., 1.],
            [0., 0.]])
    """
    rows = diagonals if diagonals.dim() == 2 else diagonals.unsqueeze(0)
    steps = offsets.reshape(-1)
    if len(shape) != 2:
        raise RuntimeError(f"spdiags(): Output shape must be 2d, got {tuple(shape)}")
    if diagonals.dim() > 2 or rows.shape[0] != steps.numel():
        raise RuntimeError(
            f"spdiags(): number of diagonals ({rows.shape[0]}) does not match the number of offsets "
            f"({steps.numel()})"
        )
    if steps.dtype is not kajo.int64:
        raise RuntimeError(f"spdiags(): Offset Tensor must have dtype Long but got {steps.dtype}")
    if len(set(steps.tolist())) != steps.numel():
        raise RuntimeError("spdiags(): Offset tensor contains duplicate values")
    if layout not in (None, kajo.sparse_coo, kajo.sparse_csr, kajo.sparse_csc):
        raise RuntimeError(f"spdiags(): Only COO, CSR and CSC layouts are supported, got {layout}")
    height, width = shape
    columns = kajo.arange(min(rows.shape[1], width)).expand(rows.shape[0], -1)
    lines = columns - steps.unsqueeze(1)
    kept = (lines >= 0) & (lines < height)
    values = rows[:, : columns.shape[1]][kept]
    result = _parts.make(kajo.sparse_coo, (kajo.stack([lines[kept], columns[kept]]), values), shape)
    return result if layout in (None, kajo.sparse_coo) else _converted(result, layout)


class check_sparse_tensor_invariants:
    """Whether the parts of a sparse tensor are checked when it is made: here they always are.

    As a context manager and decorator, and by its class methods, it keeps the switch that programs ask
    for.

    Args:
        enable: the state of the switch in the block.

    >>> import kajo
    >>> with kajo.sparse.check_sparse_tensor_invariants():
    ...     kajo.sparse.check_sparse_tensor_invariants.is_enabled()
    True
    """

    _state: ClassVar[bool] = False

    @staticmethod
    def is_enabled() -> bool:
        """The state of the switch."""
        return check_sparse_tensor_invariants._state

    @staticmethod
    def enable() -> None:
        """Turn the switch on."""
        check_sparse_tensor_invariants._state = True

    @staticmethod
    def disable() -> None:
        """Turn the switch off."""
        check_sparse_tensor_invariants._state = False

    def __init__(self, enable: bool = True) -> None:
        self.state = enable
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(self.is_enabled())
        check_sparse_tensor_invariants._state = self.state

    def __exit__(self, *_: object) -> None:
        check_sparse_tensor_invariants._state = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self.state):
                return function(*args, **kwargs)

        return checked


def as_sparse_gradcheck(gradcheck: Callable[..., Any]) -> Callable[..., Any]:
    """`gradcheck` for functions of sparse tensors: their values are varied, their places are not.

    Args:
        gradcheck: `kajo.autograd.gradcheck`.

    Returns:
        A function with the same arguments, and `masked`, which is accepted.

    >>> import kajo
    >>> check = kajo.sparse.as_sparse_gradcheck(kajo.autograd.gradcheck)
    >>> x = kajo.eye(2, dtype=kajo.float64).to_sparse().requires_grad_()
    >>> check(lambda x: x.to_dense(), x)
    True
    """

    def checked(func: Any, inputs: Any, **options: Any) -> Any:
        given = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
        return gradcheck(*_on_values(func, tuple(given)), **options)

    return checked


def to_sparse_semi_structured(
    original_tensor: Tensor, transposed: bool = False, alg_id: int = 0
) -> Any:
    """A matrix with two zeros in each four elements of a row, packed for the units of GPUs that skip them.

    Args:
        original_tensor: the matrix, on a GPU.
        transposed, alg_id: accepted.

    Raises:
        RuntimeError: for a tensor on the CPU, which has no such units.

    >>> import kajo
    >>> try:
    ...     kajo.sparse.to_sparse_semi_structured(kajo.zeros(32, 64))
    ... except RuntimeError as error:
    ...     print(error)
    to_sparse_semi_structured(): tensors on cpu are not supported, only those on GPUs
    """
    raise RuntimeError(
        f"to_sparse_semi_structured(): tensors on {original_tensor.device} are not supported, only "
        "those on GPUs"
    )


def _on_values(func: Callable[..., Any], inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """A function of sparse tensors as one of their values, and these in place of the tensors."""
    frames = [x if isinstance(x, SparseTensor) else None for x in inputs]
    plain = tuple(
        x._parts[-1].detach().requires_grad_(x.requires_grad) if isinstance(x, SparseTensor) else x
        for x in inputs
    )

    def valued(result: Any) -> Any:
        if isinstance(result, tuple):
            return tuple(map(valued, result))
        return result._parts[-1] if isinstance(result, SparseTensor) else result

    def of_values(*values: Any) -> Any:
        return valued(
            func(*[v if f is None else f._with_values(v) for f, v in zip(frames, values)])
        )

    return of_values, plain
