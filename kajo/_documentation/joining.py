"""Several tensors made one."""

TEXTS: dict[str, str] = {
    "cat concat concatenate": """
Tensors joined along a dimension that they have.

Args:
    tensors: tensors with the same sizes but along `dim`; dtypes are promoted.
    dim: the dimension.

Types: all. Gradient: by each of them.

Raises:
    RuntimeError: if sizes differ elsewhere.

>>> import kajo
>>> x = kajo.tensor([[1, 2]])
>>> kajo.cat([x, x + 2], dim=0)
tensor([[1, 2],
        [3, 4]])
""",
    "stack": """
Tensors of the same shape joined along a new dimension.

Args:
    tensors: the tensors; dtypes are promoted.
    dim: where the new dimension is.

Types: all. Gradient: by each of them.

>>> import kajo
>>> kajo.stack([kajo.tensor([1, 2]), kajo.tensor([3, 4])], dim=1)
tensor([[1, 3],
        [2, 4]])
""",
    "hstack": """
Tensors joined side by side: along the second dimension, one-dimensional ones along the first.

>>> import kajo
>>> kajo.hstack([kajo.tensor([1, 2]), kajo.tensor([3])])
tensor([1, 2, 3])
""",
    "vstack row_stack": """
Tensors joined one below the other: along the first dimension, one-dimensional ones as rows.

>>> import kajo
>>> kajo.vstack([kajo.tensor([1, 2]), kajo.tensor([3, 4])])
tensor([[1, 2],
        [3, 4]])
""",
    "dstack": """
Tensors joined along the third dimension; what has fewer dimensions gets some of size 1.

>>> import kajo
>>> kajo.dstack([kajo.tensor([1, 2]), kajo.tensor([3, 4])])
tensor([[[1, 3],
         [2, 4]]])
""",
    "column_stack": """
Tensors joined along the second dimension, one-dimensional ones as columns.

>>> import kajo
>>> kajo.column_stack([kajo.tensor([1, 2]), kajo.tensor([3, 4])])
tensor([[1, 3],
        [2, 4]])
""",
}
