"""Rearranging and repeating elements, into new memory."""

TEXTS: dict[str, str] = {
    "clone": """
A copy with memory and history of its own.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Types: all. Gradient: by self; to keep none, write x.detach().clone().

>>> import kajo
>>> x = kajo.tensor([1.0, 2.0])
>>> y = kajo.clone(x)
>>> y[0] = 5.0
>>> x
tensor([1., 2.])
""",
    "contiguous": """
The tensor itself if its elements lie in order in memory, else a copy that does.

Args:
    memory_format: the order of dimensions that is asked for; row-major by default.

>>> import kajo
>>> kajo.zeros(2, 3).t().contiguous().stride()
(2, 1)
""",
    "flip": """
A copy with the order of some dimensions reversed.

Args:
    dims: the dimensions.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.flip(kajo.tensor([[1, 2], [3, 4]]), (1,))
tensor([[2, 1],
        [4, 3]])
""",
    "fliplr": """
A copy with the columns in reverse order: the second dimension flipped.

>>> import kajo
>>> kajo.fliplr(kajo.tensor([[1, 2], [3, 4]]))
tensor([[2, 1],
        [4, 3]])
""",
    "flipud": """
A copy with the rows in reverse order: the first dimension flipped.

>>> import kajo
>>> kajo.flipud(kajo.tensor([[1, 2], [3, 4]]))
tensor([[3, 4],
        [1, 2]])
""",
    "roll": """
A copy with elements moved along dimensions; what leaves at one end comes in at the other.

Args:
    shifts: by how many places, one number for each dimension.
    dims: the dimensions; without them the flattened tensor is rolled.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.roll(kajo.arange(4), 1)
tensor([3, 0, 1, 2])
>>> kajo.roll(kajo.tensor([[1, 2], [3, 4]]), 1, 0)
tensor([[3, 4],
        [1, 2]])
""",
    "rot90": """
A copy rotated by k quarter turns in the plane of two dimensions, from the first towards the second.

Args:
    k: how many quarter turns; negative for the other direction.
    dims: the two dimensions.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.rot90(kajo.tensor([[1, 2], [3, 4]]))
tensor([[2, 4],
        [1, 3]])
""",
    "repeat": """
A copy with the whole tensor repeated along dimensions.

Args:
    repeats: how often, for each dimension; further numbers in front make further dimensions.

Types: all. Gradient: by self, summed over repetitions.

>>> import kajo
>>> kajo.tensor([1, 2]).repeat(2, 2)
tensor([[1, 2, 1, 2],
        [1, 2, 1, 2]])
""",
    "tile": """
A copy with the whole tensor repeated along dimensions; fewer numbers than dimensions count from the end.

Args:
    dims: how often, for each dimension.

Types: all. Gradient: by self, summed over repetitions.

>>> import kajo
>>> kajo.tile(kajo.tensor([[1], [2]]), (2,))
tensor([[1, 1],
        [2, 2]])
""",
    "repeat_interleave": """
A copy with each element, or each slice of a dimension, repeated in its place.

Args:
    repeats: how often: one number, or one for each.
    dim: the dimension; None flattens first.
    output_size: the size of the result along `dim`, if it is known.

With `repeats` alone it gives the number i repeats[i] times. Types: all. Gradient: by self.

>>> import kajo
>>> kajo.repeat_interleave(kajo.tensor([1, 2]), 2)
tensor([1, 1, 2, 2])
>>> kajo.repeat_interleave(kajo.tensor([[1, 2], [3, 4]]), kajo.tensor([1, 2]), dim=0)
tensor([[1, 2],
        [3, 4],
        [3, 4]])
""",
    "tril": """
A copy of matrices with what is above a diagonal set to 0.

Args:
    diagonal: the last diagonal that is kept: 0 the main one, positive above, negative below.

Shapes: (..., rows, columns). Types: all. Gradient: by self.

>>> import kajo
>>> kajo.tril(kajo.ones(3, 3))
tensor([[1., 0., 0.],
        [1., 1., 0.],
        [1., 1., 1.]])
""",
    "triu": """
A copy of matrices with what is below a diagonal set to 0.

Args:
    diagonal: the first diagonal that is kept: 0 the main one, positive above, negative below.

Shapes: (..., rows, columns). Types: all. Gradient: by self.

>>> import kajo
>>> kajo.triu(kajo.ones(3, 3), diagonal=1)
tensor([[0., 1., 1.],
        [0., 0., 1.],
        [0., 0., 0.]])
""",
    "diag": """
Of a vector the matrix with it on a diagonal; of a matrix a copy of a diagonal.

Args:
    diagonal: which one: 0 the main one, positive above, negative below.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.diag(kajo.tensor([1, 2]))
tensor([[1, 0],
        [0, 2]])
>>> kajo.diag(kajo.tensor([[1, 2], [3, 4]]))
tensor([1, 4])
""",
    "diag_embed": """
Matrices with the last dimension of the input on a diagonal and 0 elsewhere.

Args:
    offset: which diagonal: 0 the main one, positive above, negative below.
    dim1, dim2: which dimensions of the result the matrices have.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.diag_embed(kajo.tensor([1, 2]))
tensor([[1, 0],
        [0, 2]])
""",
    "diagflat": """
The matrix with all elements of a tensor, flattened, on a diagonal.

Args:
    offset: which diagonal: 0 the main one, positive above, negative below.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.diagflat(kajo.tensor([[1, 2]]))
tensor([[1, 0],
        [0, 2]])
""",
    "constant_pad_nd": """
A copy with a number put around it, or with its borders cut off.

Args:
    pad: how many elements come before and after, from the last dimension backwards; negative cuts off.
    value: the number.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.constant_pad_nd(kajo.tensor([[1, 2]]), (1, 1, 0, 1))
tensor([[0, 1, 2, 0],
        [0, 0, 0, 0]])
""",
    "pad": """
A copy with its borders extended.

Args:
    pad: how many elements come before and after, from the last dimension backwards.
    mode: "constant" puts `value`, "reflect" mirrors at the border elements, "replicate" repeats them,
        "circular" goes on at the other end.
    value: the number for "constant"; 0 by default.

Shapes: any for "constant", whose pad may also be negative and cut off; for the others 1 to 3 dimensions
behind one or two (batch, channels).

Types: all for "constant", floating-point and complex for the others. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> x = kajo.tensor([[1.0, 2.0, 3.0]])
>>> F.pad(x, (1, 2))
tensor([[0., 1., 2., 3., 0., 0.]])
>>> F.pad(x, (2, 0), mode="reflect")
tensor([[3., 2., 1., 2., 3.]])
""",
    "sum_to_size": """
The sum over the dimensions that broadcasting would have repeated, so that the result has a given shape.

Args:
    size: a shape that broadcasts to the tensor's.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.ones(2, 3).sum_to_size(1, 3)
tensor([[2., 2., 2.]])
""",
}
