"""Constructors of sparse tensors and the methods that convert to them and ask for their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kajo import _core
from kajo._operation import Dims, Number, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _checked(check_invariants: bool | None) -> bool:
    """Whether the order of places is checked too: as asked, or as the switch stands."""
    from kajo.sparse import check_sparse_tensor_invariants

    if check_invariants is None:
        return check_sparse_tensor_invariants.is_enabled()
    return check_invariants


@operation()
def sparse_coo_tensor(
    indices: Any = None,
    values: Any = None,
    size: Any = None,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:
    """A tensor whose elements are 0 but at the given places: coordinate format.

    Args:
        indices: a column of coordinates for each value; or the size, for a tensor of zeros.
        values: the values; further dimensions are dense. Those of equal places count as their sum.
        size: the shape; by default as small as the indices allow.
        dtype: of the values.
        layout, device, pin_memory: accepted.
        requires_grad: record gradients with respect to it.
        check_invariants: check the order of places too; the parts are always checked.
        is_coalesced: promise that places are in order and occur once.

    Returns:
        A tensor of layout kajo.sparse_coo.

    Raises:
        RuntimeError: if the parts do not fit each other.

    >>> import kajo
    >>> kajo.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
    tensor(indices=tensor([[0, 1],
                           [2, 0]]),
           values=tensor([3., 4.]),
           size=(2, 3), nnz=2, layout=kajo.sparse_coo)
    """
    from kajo.sparse._construction import coo_tensor

    return coo_tensor(
        indices, values, size, dtype, device, requires_grad, bool(is_coalesced),
        _checked(check_invariants),
    )  # fmt: skip


@operation()
def sparse_compressed_tensor(
    compressed_indices: Any,
    plain_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
) -> Tensor:
    """A matrix in a compressed format, which `layout` names.

    Args:
        compressed_indices: where each row (or column) begins among the values, and their number last.
        plain_indices: the column (or row) of each value.
        values: the values, or blocks of them.
        size: the shape; by default as small as the indices allow.
        dtype: of the values.
        layout: kajo.sparse_csr, sparse_csc, sparse_bsr or sparse_bsc.
        device, pin_memory, check_invariants: check the order of places too; the parts are always checked.
        requires_grad: record gradients with respect to it.

    Returns:
        A tensor of that layout.

    Raises:
        RuntimeError: if the parts do not fit each other.

    >>> import kajo
    >>> x = kajo.sparse_compressed_tensor([0, 1, 2], [1, 0], [3.0, 4.0], (2, 2), layout=kajo.sparse_csr)
    >>> x.to_dense()
    tensor([[0., 3.],
            [4., 0.]])
    """
    from kajo.sparse._construction import compressed_tensor

    return compressed_tensor(
        "sparse_compressed_tensor", compressed_indices, plain_indices, values, size, layout, dtype,
        device, requires_grad, _checked(check_invariants),
    )  # fmt: skip


_COMPRESSED = {
    "sparse_csr_tensor": (
        "crow_indices",
        "col_indices",
        "[[0., 3.],\n        [4., 0.]]",
        "[3.0, 4.0]",
    ),
    "sparse_csc_tensor": (
        "ccol_indices",
        "row_indices",
        "[[0., 4.],\n        [3., 0.]]",
        "[3.0, 4.0]",
    ),
    "sparse_bsr_tensor": (
        "crow_indices",
        "col_indices",
        "[[0., 3.],\n        [4., 0.]]",
        "[[[3.0]], [[4.0]]]",
    ),
    "sparse_bsc_tensor": (
        "ccol_indices",
        "row_indices",
        "[[0., 4.],\n        [3., 0.]]",
        "[[[3.0]], [[4.0]]]",
    ),
}
_TEXT = """A matrix in compressed {line} format{blocks}.

Args:
    {first}: where each {line} begins among the values, and their number last.
    {second}: the {other} of each value.
    values: the values{of_blocks}.
    size: the shape; by default as small as the indices allow.
    dtype: of the values.
    layout, device, pin_memory, check_invariants: check the order of places too; the parts are always checked.
    requires_grad: record gradients with respect to it.

Returns:
    A tensor of layout kajo.{layout}.

Raises:
    RuntimeError: if the parts do not fit each other.

>>> import kajo
>>> kajo.{name}([0, 1, 2], [1, 0], {values}, (2, 2)).to_dense()
tensor({printed})
"""


def _compressed_by_rows(name: str) -> Any:
    def construct(
        crow_indices: Any,
        col_indices: Any,
        values: Any,
        size: Any = None,
        *,
        dtype: _core._dtype | None = None,
        layout: _core._layout | None = None,
        device: _core._Device | None = None,
        pin_memory: bool | None = None,
        requires_grad: bool = False,
        check_invariants: bool | None = None,
    ) -> Tensor:
        from kajo.sparse._construction import compressed_tensor

        kind = getattr(_core, name.removesuffix("_tensor"))
        return compressed_tensor(
            name,
            crow_indices,
            col_indices,
            values,
            size,
            kind,
            dtype,
            device,
            requires_grad,
            _checked(check_invariants),
        )

    return construct


def _compressed_by_columns(name: str) -> Any:
    def construct(
        ccol_indices: Any,
        row_indices: Any,
        values: Any,
        size: Any = None,
        *,
        dtype: _core._dtype | None = None,
        layout: _core._layout | None = None,
        device: _core._Device | None = None,
        pin_memory: bool | None = None,
        requires_grad: bool = False,
        check_invariants: bool | None = None,
    ) -> Tensor:
        from kajo.sparse._construction import compressed_tensor

        kind = getattr(_core, name.removesuffix("_tensor"))
        return compressed_tensor(
            name,
            ccol_indices,
            row_indices,
            values,
            size,
            kind,
            dtype,
            device,
            requires_grad,
            _checked(check_invariants),
        )

    return construct


def _define_compressed(name: str) -> None:
    first, second, printed, values = _COMPRESSED[name]
    rows, blocked = first == "crow_indices", "_bs" in name
    construct = (_compressed_by_rows if rows else _compressed_by_columns)(name)
    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = _TEXT.format(
        line="row" if rows else "column",
        other="column" if rows else "row",
        first=first,
        second=second,
        blocks=" with blocks" if blocked else "",
        of_blocks=", one block each" if blocked else "",
        layout=name.removesuffix("_tensor"),
        name=name,
        printed=printed,
        values=values,
    )
    operation()(construct)


for _name in _COMPRESSED:
    _define_compressed(_name)


@operation(function=False, method=True)
def to_sparse(input: Tensor, sparse_dim: int) -> Tensor:
    """The elements that are not 0, in coordinate format; dimensions from `sparse_dim` on stay dense.

    >>> import kajo
    >>> kajo.eye(2).to_sparse(1).values()
    tensor([[1., 0.],
            [0., 1.]])
    """
    from kajo.sparse._layouts import from_dense

    return from_dense(input, _core.sparse_coo, sparse_dim)


def _to_sparse_layout(
    input: Tensor, *, layout: Any = None, blocksize: Any = None, dense_dim: int | None = None
) -> Tensor:
    from kajo.sparse._layouts import from_dense

    if layout is _core.strided:
        return input
    kind = _core.sparse_coo if layout is None else layout
    sparse_dim = None if dense_dim is None else input.dim() - dense_dim
    return from_dense(input, kind, sparse_dim, blocksize, dense_dim)


_to_sparse_layout.__name__ = "to_sparse"
operation(function=False, method=True)(_to_sparse_layout)


@operation(function=False, method=True)
def to_sparse_csr(input: Tensor, dense_dim: int | None = None) -> Tensor:
    """The elements that are not 0, in compressed row format.

    >>> import kajo
    >>> kajo.eye(2).to_sparse_csr().crow_indices()
    tensor([0, 1, 2])
    """
    from kajo.sparse._layouts import from_dense

    return from_dense(input, _core.sparse_csr, dense_dim=dense_dim)


@operation(function=False, method=True)
def to_sparse_csc(input: Tensor, dense_dim: int | None = None) -> Tensor:
    """The elements that are not 0, in compressed column format.

    >>> import kajo
    >>> kajo.eye(2).to_sparse_csc().row_indices()
    tensor([0, 1])
    """
    from kajo.sparse._layouts import from_dense

    return from_dense(input, _core.sparse_csc, dense_dim=dense_dim)


@operation(function=False, method=True)
def to_sparse_bsr(input: Tensor, blocksize: Any, dense_dim: int | None = None) -> Tensor:
    """The blocks with an element that is not 0, in compressed row format.

    >>> import kajo
    >>> kajo.eye(4).to_sparse_bsr((2, 2)).col_indices()
    tensor([0, 1])
    """
    from kajo.sparse._layouts import from_dense

    return from_dense(input, _core.sparse_bsr, None, blocksize, dense_dim)


@operation(function=False, method=True)
def to_sparse_bsc(input: Tensor, blocksize: Any, dense_dim: int | None = None) -> Tensor:
    """The blocks with an element that is not 0, in compressed column format.

    >>> import kajo
    >>> kajo.eye(4).to_sparse_bsc((2, 2)).row_indices()
    tensor([0, 1])
    """
    from kajo.sparse._layouts import from_dense

    return from_dense(input, _core.sparse_bsc, None, blocksize, dense_dim)


@operation(function=False, method=True)
def to_dense(
    input: Tensor, dtype: _core._dtype | None = None, *, masked_grad: bool | None = None
) -> Tensor:
    """The strided tensor with the same elements; a strided one itself.

    >>> import kajo
    >>> kajo.eye(2).to_sparse().to_dense()
    tensor([[1., 0.],
            [0., 1.]])
    """
    return input if dtype is None else input.to(dtype)


@operation(function=False, method=True)
def sparse_mask(input: Tensor, mask: Tensor) -> Tensor:
    """The elements at the places of a sparse mask.

    >>> import kajo
    >>> kajo.ones(2, 2).sparse_mask(kajo.eye(2).to_sparse()).values()
    tensor([1., 1.])
    """
    raise RuntimeError(f"sparse_mask(): expected a sparse mask, got layout {mask.layout}")


@operation(function=False, method=True)
def sparse_dim(input: Tensor) -> int:
    """The number of sparse dimensions: 0 of a strided tensor.

    >>> import kajo
    >>> kajo.eye(2).to_sparse().sparse_dim()
    2
    """
    return 0


@operation(function=False, method=True)
def dense_dim(input: Tensor) -> int:
    """The number of dense dimensions: all of a strided tensor.

    >>> import kajo
    >>> kajo.eye(2).to_sparse().dense_dim()
    0
    """
    return input.dim()


# What only sparse tensors have; their own functions are in kajo.sparse. For each what it is, and an
# example: a format and what the method gives for the unit matrix of size 2 in it.
_PARTS = {
    "indices": (
        "the coordinates of the values, a column each",
        "",
        "tensor([[0, 1],\n        [0, 1]])",
    ),
    "values": ("the values", "", "tensor([1., 1.])"),
    "_indices": (
        "the coordinates of the values, in any order",
        "",
        "tensor([[0, 1],\n        [0, 1]])",
    ),
    "_values": ("the values, in any order", "", "tensor([1., 1.])"),
    "coalesce": (
        "the same tensor with every place once and in order",
        "",
        "tensor(indices=tensor([[0, 1],\n                       [0, 1]]),\n"
        "       values=tensor([1., 1.]),\n       size=(2, 2), nnz=2, layout=kajo.sparse_coo)",
    ),
    "is_coalesced": ("whether every place occurs once and in order", "", "True"),
    "_nnz": ("the number of values", "", "2"),
    "crow_indices": ("where each row begins among the values", "_csr", "tensor([0, 1, 2])"),
    "col_indices": ("the column of each value", "_csr", "tensor([0, 1])"),
    "ccol_indices": ("where each column begins among the values", "_csc", "tensor([0, 1, 2])"),
    "row_indices": ("the row of each value", "_csc", "tensor([0, 1])"),
}


def _define_part(name: str, meaning: str, layout: str, printed: str) -> None:
    def part(input: Tensor) -> Any:
        error = NotImplementedError if name == "_nnz" else RuntimeError
        raise error(
            f"{name}() expected a sparse tensor layout but got {input.layout}: use to_sparse()"
        )

    part.__name__ = part.__qualname__ = name
    part.__doc__ = (
        f"Of a sparse tensor: {meaning}.\n\nRaises:\n    RuntimeError: for another layout.\n\n"
        f">>> import kajo\n>>> kajo.eye(2).to_sparse{layout}().{name}()\n{printed}\n"
    )
    operation(function=False, method=True)(part)


for _name, _description in _PARTS.items():
    _define_part(_name, *_description)


# The same as tensors of their own, which writes to the sparse tensor do not reach.
_LAYOUTS = {
    "values": "to_sparse_csr",
    "indices": "to_sparse",
    "crow_indices": "to_sparse_csr",
    "col_indices": "to_sparse_csr",
    "ccol_indices": "to_sparse_csc",
    "row_indices": "to_sparse_csc",
}


def _define_copy(name: str) -> None:
    def copied(input: Tensor) -> Tensor:
        part: Tensor = getattr(input, name)()
        return part.clone()

    copied.__name__ = copied.__qualname__ = f"{name}_copy"
    layout = _LAYOUTS[name]
    copied.__doc__ = f"""Of a sparse tensor: {_PARTS[name]}, copied.

    >>> import kajo
    >>> x = kajo.eye(2).{layout}()
    >>> kajo.{name}_copy(x).data_ptr() == x.{name}().data_ptr()
    False
    """
    operation(out="same")(copied)


for _name in _LAYOUTS:
    _define_copy(_name)


@operation(function=False, method=True)
def to_sparse_coo(input: Tensor) -> Tensor:
    """The elements that are not 0, in coordinate format.

    >>> import kajo
    >>> kajo.eye(2).to_sparse_coo().indices()
    tensor([[0, 1],
            [0, 1]])
    """
    return input.to_sparse()


# ---- what only sparse tensors can do; their own functions are in kajo.sparse ---------------------------


def _needs_sparse(name: str, input: Tensor, instead: str) -> NotImplementedError:
    return NotImplementedError(f"{name}(): is not for layout {input.layout}: use {instead}")


@operation(method=True)
def resize_as_sparse_(input: Tensor, the_template: Tensor) -> Tensor:
    """Gives a sparse tensor the shape of another one.

    Raises:
        RuntimeError: if there are values and a dimension would shrink, or become dense or sparse.
        NotImplementedError: for strided tensors.

    >>> import kajo
    >>> x = kajo.eye(2).to_sparse()
    >>> kajo.resize_as_sparse_(x, kajo.eye(3).to_sparse()).shape
    kajo.Size([3, 3])
    """
    raise _needs_sparse("resize_as_sparse_", input, "resize_as_()")


@operation(function=False, method=True)
def sparse_resize_(input: Tensor, size: Sequence[int], sparse_dim: int, dense_dim: int) -> Tensor:
    """Gives a sparse tensor another shape, in place; its values stay.

    Args:
        size: the shape.
        sparse_dim, dense_dim: how many of the dimensions are sparse, and how many dense.

    Raises:
        RuntimeError: if there are values and a dimension would shrink, or become dense or sparse.
        NotImplementedError: for strided tensors.

    >>> import kajo
    >>> kajo.eye(2).to_sparse().sparse_resize_((3, 4), 2, 0).to_dense().sum()
    tensor(2.)
    """
    raise _needs_sparse("sparse_resize_", input, "resize_()")


@operation(function=False, method=True)
def sparse_resize_and_clear_(
    input: Tensor, size: Sequence[int], sparse_dim: int, dense_dim: int
) -> Tensor:
    """Gives a sparse tensor another shape, in place, and drops its values.

    Args:
        size: the shape.
        sparse_dim, dense_dim: how many of the dimensions are sparse, and how many dense.

    Raises:
        NotImplementedError: for strided tensors.

    >>> import kajo
    >>> kajo.eye(2).to_sparse().sparse_resize_and_clear_((4,), 1, 0)._nnz()
    0
    """
    raise _needs_sparse("sparse_resize_and_clear_", input, "resize_()")


@operation(method=True)
def smm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse and a strided matrix, as a sparse one.

    Raises:
        RuntimeError: if the first is not in coordinate format.

    >>> import kajo
    >>> kajo.smm(kajo.eye(2).to_sparse(), kajo.ones(2, 1)).to_dense()
    tensor([[1.],
            [1.]])
    """
    raise RuntimeError(f"smm(): expected a sparse matrix, got layout {input.layout}: use mm()")


@operation(method=True)
def sspaddmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """beta input + alpha mat1 mat2 as a sparse matrix, for sparse `input` and `mat1`.

    Args:
        input: what is added; a sparse matrix.
        mat1: a sparse matrix.
        mat2: a strided matrix.
        beta, alpha: factors.

    Raises:
        RuntimeError: if one of the first two is not in coordinate format, or shapes do not fit.

    >>> import kajo
    >>> x = kajo.eye(2).to_sparse()
    >>> kajo.sspaddmm(x, x, kajo.ones(2, 2)).to_dense()
    tensor([[2., 1.],
            [1., 2.]])
    """
    raise RuntimeError(
        f"sspaddmm(): expected sparse matrices, got layout {input.layout}: use addmm()"
    )


@operation()
def hspmm(mat1: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse and a strided matrix, whose rows that are not 0 are kept.

    Returns:
        A matrix with one sparse and one dense dimension.

    Raises:
        NotImplementedError: if the first matrix is not in coordinate format.

    >>> import kajo
    >>> x = kajo.sparse_coo_tensor([[1], [0]], [3.0], (2, 2))
    >>> kajo.hspmm(x, kajo.ones(2, 2)).indices()
    tensor([[1]])
    """
    raise _needs_sparse("hspmm", mat1, "mm()")


@operation()
def spmm(input: Tensor, mat2: Tensor) -> Tensor:
    """:func:`kajo.mm`, under the name that says that the first matrix is sparse.

    >>> import kajo
    >>> kajo.spmm(kajo.eye(2).to_sparse(), kajo.ones(2, 1)).tolist()
    [[1.0], [1.0]]
    """
    return _core.mm(input, mat2)


@operation()
def dsmm(input: Tensor, mat2: Tensor) -> Tensor:
    """:func:`kajo.mm`, under the name that says that the result is dense.

    >>> import kajo
    >>> kajo.dsmm(kajo.eye(2).to_sparse(), kajo.ones(2, 1)).tolist()
    [[1.0], [1.0]]
    """
    return _core.mm(input, mat2)


@operation()
def hsmm(input: Tensor, mat2: Tensor) -> Tensor:
    """:func:`kajo.hspmm`.

    >>> import kajo
    >>> kajo.hsmm(kajo.eye(2).to_sparse(), kajo.ones(2, 1)).sparse_dim()
    1
    """
    return hspmm(input, mat2)


@operation()
def saddmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """:func:`kajo.sspaddmm`.

    >>> import kajo
    >>> x = kajo.eye(2).to_sparse()
    >>> kajo.saddmm(x, x, kajo.ones(2, 2)).is_sparse
    True
    """
    return sspaddmm(input, mat1, mat2, beta=beta, alpha=alpha)


@operation(out="same")
def native_norm(input: Tensor, p: Number = 2) -> Tensor:
    """The norm of the values of a sparse tensor; of a strided one :func:`kajo.norm`.

    Raises:
        NotImplementedError: for strided tensors.
        RuntimeError: for dimensions that are not all of them.

    >>> import kajo
    >>> kajo.native_norm(kajo.tensor([3.0, 4.0]).to_sparse())
    tensor(5.)
    """
    raise _needs_sparse("native_norm", input, "norm()")


@operation(out="same")  # type: ignore[no-redef]
def native_norm(  # noqa: F811
    input: Tensor, p: Number | None, dim: Dims, keepdim: bool, dtype: _core._dtype | None
) -> Tensor:
    """The overload with dimensions."""
    raise _needs_sparse("native_norm", input, "norm()")
