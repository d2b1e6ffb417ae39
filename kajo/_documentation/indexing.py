"""Reading and writing elements by their places."""

TEXTS: dict[str, str] = {
    "gather": """
Elements picked along a dimension: out[i][j] = self[index[i][j]][j] for dim=0.

Args:
    dim: the dimension along which `index` says which.
    index: int64, with as many dimensions as the input and nowhere larger but along `dim`.
    sparse_grad: accepted; the gradient is dense.

The result has the shape of `index`. Types: all. Gradient: by self, summed where an element is picked more
than once.

Raises:
    RuntimeError: for an index outside of the dimension, or shapes that do not fit.

>>> import kajo
>>> kajo.gather(kajo.tensor([[1, 2], [3, 4]]), 1, kajo.tensor([[0, 0], [1, 0]]))
tensor([[1, 1],
        [4, 3]])
""",
    "scatter": """
A copy with elements written along a dimension: out[index[i][j]][j] = src[i][j] for dim=0.

Args:
    dim: the dimension along which `index` says where.
    index: int64, with as many dimensions as the input; nowhere larger than `src`.
    src: what is written, of the input's dtype; or `value`, a number.
    reduce: "add" or "multiply" to combine with what is there rather than to replace it.

Where several go to one place, the last one in order stays. Types: all. Gradient: by self and src.

>>> import kajo
>>> kajo.scatter(kajo.zeros(2, 3), 1, kajo.tensor([[2], [0]]), 1.0)
tensor([[0., 0., 1.],
        [1., 0., 0.]])
""",
    "scatter_add": """
A copy with elements added along a dimension: out[index[i][j]][j] += src[i][j] for dim=0.

Args:
    dim: the dimension along which `index` says where.
    index: int64, with as many dimensions as the input; nowhere larger than `src`.
    src: what is added, of the input's dtype.

Additions happen in the order of `index`, so that the result is always the same. Types: all. Gradient: by
self and src.

>>> import kajo
>>> kajo.scatter_add(kajo.zeros(3), 0, kajo.tensor([0, 2, 2]), kajo.ones(3))
tensor([1., 0., 2.])
""",
    "scatter_reduce": """
A copy with elements combined along a dimension with those of `src` that go to the same place.

Args:
    dim, index, src: as for :func:`scatter_add`.
    reduce: "sum", "prod", "mean", "amax" or "amin".
    include_self: whether what is there counts as well.

Types: all; amax and amin not complex. Gradient: by self and src.

>>> import kajo
>>> kajo.scatter_reduce(kajo.zeros(2), 0, kajo.tensor([0, 0, 1]), kajo.tensor([1.0, 3.0, 2.0]), "mean", include_self=False)
tensor([2., 2.])
""",
    "index_select": """
The slices of a dimension that the index names, in its order.

Args:
    dim: the dimension.
    index: one-dimensional, int32 or int64.

Types: all. Gradient: by self, summed where a slice is named more than once.

>>> import kajo
>>> kajo.index_select(kajo.tensor([[1, 2], [3, 4]]), 1, kajo.tensor([1, 1, 0]))
tensor([[2, 2, 1],
        [4, 4, 3]])
""",
    "index_add": """
A copy with slices of `source`, times alpha, added to the slices that the index names.

Args:
    dim: the dimension.
    index: one-dimensional, int32 or int64; may name a slice more than once.
    source: of the input's shape but along `dim`, where it has one slice for each entry of `index`.
    alpha: the factor.

Types: all. Gradient: by self and source.

>>> import kajo
>>> kajo.index_add(kajo.zeros(3), 0, kajo.tensor([0, 2, 2]), kajo.tensor([1.0, 2.0, 3.0]))
tensor([1., 0., 5.])
""",
    "index_copy": """
A copy with slices of `source` in the places of the slices that the index names.

Args:
    dim, index, source: as for :func:`index_add`.

Where a slice is named more than once, the last one stays. Types: all. Gradient: by self and source.

>>> import kajo
>>> kajo.index_copy(kajo.zeros(3), 0, kajo.tensor([2, 0]), kajo.tensor([5.0, 6.0]))
tensor([6., 0., 5.])
""",
    "index_fill": """
A copy with a number in the slices that the index names.

Args:
    dim, index: as for :func:`index_select`.
    value: the number, or a tensor without dimensions.

Types: all. Gradient: by self and value.

>>> import kajo
>>> kajo.index_fill(kajo.zeros(2, 2), 1, kajo.tensor([0]), 7)
tensor([[7., 0.],
        [7., 0.]])
""",
    "index_reduce": """
A copy with slices of `source` combined with the slices that the index names.

Args:
    dim, index, source: as for :func:`index_add`.
    reduce: "prod", "mean", "amax" or "amin".
    include_self: whether what is there counts as well.

Types: all but bool and complex. Gradient: by self and source.

>>> import kajo
>>> kajo.index_reduce(kajo.ones(2), 0, kajo.tensor([0, 0]), kajo.tensor([2.0, 3.0]), "prod")
tensor([6., 1.])
""",
    "index_put": """
A copy with elements written as x[indices] = values writes them.

Args:
    indices: index tensors, one for each leading dimension, which broadcast; None for all of a dimension.
    values: what is written, which broadcasts to the place.
    accumulate: add rather than replace; places that are named more than once then get all of it.

Types: all. Gradient: by self and values.

>>> import kajo
>>> kajo.index_put(kajo.zeros(3), [kajo.tensor([0, 0])], kajo.tensor([1.0, 2.0]), accumulate=True)
tensor([3., 0., 0.])
""",
    "masked_select": """
The elements where a mask is true, in one dimension.

Args:
    mask: bool, which broadcasts with the tensor.

Types: all. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([1, 2, 3])
>>> kajo.masked_select(x, x > 1)
tensor([2, 3])
""",
    "masked_scatter": """
A copy with the elements of `source`, one after another, where a mask is true.

Args:
    mask: bool, which broadcasts with the tensor.
    source: at least as many elements as the mask has places.

Types: all. Gradient: by self and source.

>>> import kajo
>>> kajo.masked_scatter(kajo.zeros(3), kajo.tensor([True, False, True]), kajo.tensor([1.0, 2.0]))
tensor([1., 0., 2.])
""",
    "take": """
Elements by their places in the flattened tensor.

Args:
    index: int64 of any shape, which the result has; negative counts from the end.

Types: all. Gradient: by self, summed where an element is taken more than once.

>>> import kajo
>>> kajo.take(kajo.tensor([[1, 2], [3, 4]]), kajo.tensor([0, 3]))
tensor([1, 4])
""",
    "take_along_dim": """
Elements picked along a dimension as :func:`gather` picks them, with broadcasting.

Args:
    indices: int64, as :func:`argsort` and :func:`argmax` with `keepdim` give them.
    dim: the dimension; None flattens both.

Types: all. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([[3, 1], [2, 4]])
>>> kajo.take_along_dim(x, kajo.argsort(x, dim=1), dim=1)
tensor([[1, 3],
        [2, 4]])
""",
    "put": """
A copy with elements written to places in the flattened tensor.

Args:
    index: int64 of any shape; negative counts from the end.
    source: as many elements as `index`, of the input's dtype.
    accumulate: add rather than replace.

Types: all. Gradient: by self and source.

>>> import kajo
>>> kajo.put(kajo.zeros(2, 2), kajo.tensor([0, 3]), kajo.tensor([1.0, 2.0]))
tensor([[1., 0.],
        [0., 2.]])
""",
    "nonzero": """
The places of the elements that differ from 0, in order.

Args:
    as_tuple: give one index tensor for each dimension, as indexing takes them, rather than a matrix with
        a row for each place.

Types: all; the result is int64. No gradient.

>>> import kajo
>>> x = kajo.tensor([[1, 0], [0, 2]])
>>> kajo.nonzero(x)
tensor([[0, 0],
        [1, 1]])
>>> x[kajo.nonzero(x, as_tuple=True)]
tensor([1, 2])
""",
    "argwhere": """
The places of the elements that differ from 0, a row for each.

Types: all; the result is int64. No gradient.

>>> import kajo
>>> kajo.argwhere(kajo.tensor([[1, 0], [0, 2]]))
tensor([[0, 0],
        [1, 1]])
""",
    "bincount": """
How often each number occurs, from 0 to the largest; or the sum of its weights.

Args:
    weights: a weight for each number.
    minlength: the least number of counts that are given.

Shapes: one-dimensional, of integers not below 0. The result is int64, with weights float64, or float32 for
float32 weights. No gradient.

>>> import kajo
>>> kajo.bincount(kajo.tensor([0, 2, 2]))
tensor([1, 0, 2])
>>> kajo.bincount(kajo.tensor([0, 2, 2]), kajo.tensor([0.5, 1.0, 2.0]))
tensor([0.5000, 0.0000, 3.0000])
""",
    "histc": """
How many elements fall into each of so many equal bins from min to max.

Args:
    bins: how many.
    min, max: the range; if both are equal, that of the elements. What is outside does not count.

Types: floating-point and integer; the result has the input's dtype. No gradient.

>>> import kajo
>>> kajo.histc(kajo.tensor([1.0, 2.0, 1.0, 4.0]), bins=4, min=0, max=4)
tensor([0., 2., 1., 1.])
""",
    "embedding": """
Rows of a table by their numbers: weight[indices].

Args:
    weight: the table, (rows, width).
    indices: int32 or int64 of any shape; the result has it, and the width behind.
    padding_idx: a row that gets no gradient; -1 for none.
    scale_grad_by_freq: divide the gradient of a row by how often it occurs.
    sparse: give the gradient as a sparse tensor.

Types: all. Gradient: by weight.

>>> import kajo
>>> kajo.embedding(kajo.tensor([[1.0, 2.0], [3.0, 4.0]]), kajo.tensor([1, 0, 1]))
tensor([[3., 4.],
        [1., 2.],
        [3., 4.]])
""",
    "one_hot": """
Numbers as vectors with a single 1 at the number's place.

Args:
    num_classes: how long they are; -1 for the largest number plus 1.

Types: int64 of any shape; the result is int64 with a further dimension at the end. No gradient.

Raises:
    RuntimeError: for a number below 0 or not below `num_classes`.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.one_hot(kajo.tensor([0, 2, 1]))
tensor([[1, 0, 0],
        [0, 0, 1],
        [0, 1, 0]])
""",
}
