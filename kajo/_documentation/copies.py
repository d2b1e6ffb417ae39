"""Copies of views, and copies with a view of them replaced."""

TEXTS: dict[str, str] = {
    "alias_copy": """
A copy of the tensor.

>>> import kajo
>>> kajo.alias_copy(kajo.tensor([1, 2]))
tensor([1, 2])
""",
    "as_strided_copy": """
A copy of :func:`as_strided`.

Args:
    size, stride, storage_offset: as there.

>>> import kajo
>>> kajo.as_strided_copy(kajo.arange(4), (2, 2), (1, 2))
tensor([[0, 2],
        [1, 3]])
""",
    "detach_copy": """
A copy of :func:`detach`.

>>> import kajo
>>> kajo.detach_copy(kajo.ones(2, requires_grad=True))
tensor([1., 1.])
""",
    "diagonal_copy": """
A copy of :func:`diagonal`.

Args:
    offset, dim1, dim2: as there.

>>> import kajo
>>> kajo.diagonal_copy(kajo.tensor([[1, 2], [3, 4]]))
tensor([1, 4])
""",
    "expand_copy": """
A copy of :meth:`expand`, in which repeated elements have memory of their own.

Args:
    size: the new sizes.

>>> import kajo
>>> kajo.expand_copy(kajo.tensor([[1], [2]]), (2, 3))
tensor([[1, 1, 1],
        [2, 2, 2]])
""",
    "permute_copy": """
A copy of :func:`permute`.

Args:
    dims: the new order.

>>> import kajo
>>> kajo.permute_copy(kajo.tensor([[1, 2], [3, 4]]), (1, 0))
tensor([[1, 3],
        [2, 4]])
""",
    "select_copy": """
A copy of :func:`select`.

Args:
    dim, index: as there.

>>> import kajo
>>> kajo.select_copy(kajo.tensor([[1, 2], [3, 4]]), 0, 1)
tensor([3, 4])
""",
    "slice_copy": """
A copy of every step-th slice of a dimension from start up to end, as x[start:end:step] has them.

Args:
    dim: the dimension.
    start, end: where it begins and stops; None for the ends of the dimension.
    step: the distance, at least 1.

>>> import kajo
>>> kajo.slice_copy(kajo.arange(6), 0, 1, 5, 2)
tensor([1, 3])
""",
    "split_copy": """
Copies of the pieces of :func:`split`.

Args:
    split_size: the size of every piece but the last.
    dim: the dimension.

>>> import kajo
>>> kajo.split_copy(kajo.arange(4), 3)
(tensor([0, 1, 2]), tensor([3]))
""",
    "split_with_sizes_copy": """
Copies of the pieces of :func:`split_with_sizes`.

Args:
    split_sizes: the sizes, which add up to the dimension's.
    dim: the dimension.

>>> import kajo
>>> kajo.split_with_sizes_copy(kajo.arange(4), [1, 3])
(tensor([0]), tensor([1, 2, 3]))
""",
    "squeeze_copy": """
A copy of :func:`squeeze`.

Args:
    dim: as there.

>>> import kajo
>>> kajo.squeeze_copy(kajo.tensor([[1, 2]]))
tensor([1, 2])
""",
    "t_copy": """
A copy of :func:`t`.

>>> import kajo
>>> kajo.t_copy(kajo.tensor([[1, 2], [3, 4]]))
tensor([[1, 3],
        [2, 4]])
""",
    "transpose_copy": """
A copy of :func:`transpose`.

Args:
    dim0, dim1: the two dimensions.

>>> import kajo
>>> kajo.transpose_copy(kajo.tensor([[1, 2], [3, 4]]), 0, 1)
tensor([[1, 3],
        [2, 4]])
""",
    "unbind_copy": """
Copies of the slices of :func:`unbind`.

Args:
    dim: the dimension.

>>> import kajo
>>> kajo.unbind_copy(kajo.tensor([[1, 2], [3, 4]]))
(tensor([1, 2]), tensor([3, 4]))
""",
    "unfold_copy": """
A copy of :meth:`unfold`, in which windows that overlap have memory of their own.

Args:
    dimension, size, step: as there.

>>> import kajo
>>> kajo.unfold_copy(kajo.arange(4), 0, 2, 1)
tensor([[0, 1],
        [1, 2],
        [2, 3]])
""",
    "unsqueeze_copy": """
A copy of :func:`unsqueeze`.

Args:
    dim: where the dimension of size 1 goes.

>>> import kajo
>>> kajo.unsqueeze_copy(kajo.tensor([1, 2]), 0)
tensor([[1, 2]])
""",
    "view_copy": """
A copy of :meth:`view`.

Args:
    size: the new sizes.
    dtype: or the dtype under which the bytes are read.

>>> import kajo
>>> kajo.view_copy(kajo.arange(4), (2, 2))
tensor([[0, 1],
        [2, 3]])
""",
    "view_as_real_copy": """
A copy of :func:`view_as_real`.

>>> import kajo
>>> kajo.view_as_real_copy(kajo.tensor([1 + 2j]))
tensor([[1., 2.]])
""",
    "view_as_complex_copy": """
A copy of :func:`view_as_complex`.

>>> import kajo
>>> kajo.view_as_complex_copy(kajo.tensor([[1.0, 2.0]]))
tensor([1.+2.j])
""",
    "as_strided_scatter": """
A copy of the tensor in which the elements of :func:`as_strided` are those of `src`.

Args:
    src: what is written, of the shape `size`.
    size, stride, storage_offset: as for :func:`as_strided`.

Types: all. Gradient: by self and src.

>>> import kajo
>>> kajo.as_strided_scatter(kajo.zeros(4), kajo.ones(2), (2,), (2,))
tensor([1., 0., 1., 0.])
""",
    "diagonal_scatter": """
A copy of the tensor in which a :func:`diagonal` is `src`.

Args:
    src: what is written, of the diagonal's shape.
    offset, dim1, dim2: as for :func:`diagonal`.

Types: all. Gradient: by self and src.

>>> import kajo
>>> kajo.diagonal_scatter(kajo.zeros(2, 2), kajo.ones(2))
tensor([[1., 0.],
        [0., 1.]])
""",
    "select_scatter": """
A copy of the tensor in which one slice of a dimension is `src`.

Args:
    src: what is written, of the slice's shape.
    dim, index: which slice, as for :func:`select`.

Types: all. Gradient: by self and src.

>>> import kajo
>>> kajo.select_scatter(kajo.zeros(2, 2), kajo.ones(2), 0, 1)
tensor([[0., 0.],
        [1., 1.]])
""",
    "slice_scatter": """
A copy of the tensor in which x[start:end:step] along a dimension is `src`.

Args:
    src: what is written, of the slices' shape.
    dim, start, end, step: as for :func:`slice_copy`.

Types: all. Gradient: by self and src.

>>> import kajo
>>> kajo.slice_scatter(kajo.zeros(4), kajo.ones(2), start=1, end=3)
tensor([0., 1., 1., 0.])
""",
}
