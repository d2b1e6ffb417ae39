"""Other looks at the same memory."""

TEXTS: dict[str, str] = {
    "view": """
The same elements under another shape, or the same bytes under another dtype, without a copy.

Args:
    size: the new sizes, with the same number of elements; one of them may be -1 and is found.
    dtype: the new dtype. Where its elements have another size, the last dimension shrinks or grows.

Raises:
    RuntimeError: if the strides cannot say it; :meth:`reshape` copies then.

Types: all. Gradient: by self.

>>> import kajo
>>> x = kajo.arange(6)
>>> x.view(2, 3)
tensor([[0, 1, 2],
        [3, 4, 5]])
>>> kajo.tensor([1.0]).view(kajo.int32)
tensor([1065353216], dtype=kajo.int32)
""",
    "conj": """
The conjugate, as a view: nothing is computed until elements are read. Real tensors are returned as they
are.

Types: all. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([1 + 2j, 3 - 1j])
>>> y = x.conj()
>>> y, y.is_conj()
(tensor([1.-2.j, 3.+1.j]), True)
>>> _ = y.mul_(2)
>>> x
tensor([2.+4.j, 6.-2.j])
""",
    "view_as": """
The same elements under the shape of another tensor: self.view(other.size()).

>>> import kajo
>>> kajo.arange(4).view_as(kajo.zeros(2, 2))
tensor([[0, 1],
        [2, 3]])
""",
    "reshape": """
The same elements in row-major order under another shape: a view where strides allow, else a copy.

Args:
    shape: the new sizes, with the same number of elements; one of them may be -1 and is found.

Raises:
    RuntimeError: if the number of elements differs.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.reshape(kajo.arange(6), (3, -1))
tensor([[0, 1],
        [2, 3],
        [4, 5]])
""",
    "reshape_as": """
The same elements under the shape of another tensor: self.reshape(other.size()).

>>> import kajo
>>> kajo.arange(4).reshape_as(kajo.zeros(2, 2))
tensor([[0, 1],
        [2, 3]])
""",
    "flatten": """
Neighbouring dimensions made one: a view where strides allow, else a copy.

Args:
    start_dim, end_dim: the first and the last of them.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.flatten(kajo.zeros(2, 3, 4), start_dim=1).shape
kajo.Size([2, 12])
""",
    "unflatten": """
One dimension made several: the opposite of :func:`flatten`.

Args:
    dim: the dimension.
    sizes: the sizes that it is split into, whose product is its size; one of them may be -1.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.unflatten(kajo.zeros(2, 12), 1, (3, -1)).shape
kajo.Size([2, 3, 4])
""",
    "ravel": """
All elements in one dimension, in row-major order: a view where strides allow, else a copy.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.ravel(kajo.tensor([[1, 2], [3, 4]]))
tensor([1, 2, 3, 4])
""",
    "transpose swapaxes swapdims": """
A view with two dimensions swapped.

Args:
    dim0, dim1 (axis0, axis1): the two.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.transpose(kajo.tensor([[1, 2], [3, 4]]), 0, 1)
tensor([[1, 3],
        [2, 4]])
""",
    "t": """
A matrix transposed, as a view; what has fewer dimensions stays as it is.

Raises:
    RuntimeError: for more than two dimensions.

>>> import kajo
>>> kajo.t(kajo.tensor([[1, 2], [3, 4]]))
tensor([[1, 3],
        [2, 4]])
""",
    "permute": """
A view with the dimensions in another order.

Args:
    dims: for each dimension of the result which one of the input it is.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.permute(kajo.zeros(2, 3, 4), (2, 0, 1)).shape
kajo.Size([4, 2, 3])
""",
    "movedim moveaxis": """
A view with some dimensions moved to other places; the others keep their order.

Args:
    source: where they are, a number or several.
    destination: where each of them goes.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.movedim(kajo.zeros(2, 3, 4), 0, -1).shape
kajo.Size([3, 4, 2])
""",
    "squeeze": """
A view without dimensions of size 1.

Args:
    dim: only these dimensions, as far as they have size 1; all by default.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.squeeze(kajo.zeros(1, 2, 1)).shape
kajo.Size([2])
>>> kajo.squeeze(kajo.zeros(1, 2, 1), 0).shape
kajo.Size([2, 1])
""",
    "unsqueeze": """
A view with a further dimension of size 1.

Args:
    dim: where the result has it.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.unsqueeze(kajo.tensor([1, 2]), 1)
tensor([[1],
        [2]])
""",
    "expand": """
A view in which dimensions of size 1 are repeated without using memory: their stride is 0.

Args:
    size: the new sizes; -1 keeps one. Further dimensions may come in front.

Raises:
    RuntimeError: if a dimension of another size than 1 would change.

Types: all. Gradient: by self, summed over what was repeated.

>>> import kajo
>>> kajo.tensor([[1], [2]]).expand(2, 3)
tensor([[1, 1, 1],
        [2, 2, 2]])
""",
    "expand_as": """
A view expanded to the shape of another tensor: self.expand(other.size()).

>>> import kajo
>>> kajo.tensor([[1], [2]]).expand_as(kajo.zeros(2, 3))
tensor([[1, 1, 1],
        [2, 2, 2]])
""",
    "broadcast_to": """
A view expanded to a shape, by the rules of broadcasting.

Args:
    size: the shape.

Types: all. Gradient: by self, summed over what was repeated.

>>> import kajo
>>> kajo.broadcast_to(kajo.tensor([1, 2]), (2, 2))
tensor([[1, 2],
        [1, 2]])
""",
    "narrow": """
A view of a stretch of a dimension: elements start to start + length - 1.

Args:
    dim: the dimension.
    start: where it begins: a number, or an integer tensor without dimensions. Negative counts from the end.
    length: how long it is.

Types: all. Gradient: by self, 0 outside.

>>> import kajo
>>> kajo.narrow(kajo.tensor([[1, 2, 3], [4, 5, 6]]), 1, 1, 2)
tensor([[2, 3],
        [5, 6]])
""",
    "select": """
A view of one slice of a dimension, which vanishes.

Args:
    dim: the dimension.
    index: which slice; negative counts from the end.

Types: all. Gradient: by self, 0 outside.

>>> import kajo
>>> kajo.select(kajo.tensor([[1, 2], [3, 4]]), 1, 0)
tensor([1, 3])
""",
    "diagonal": """
A view of a diagonal of two dimensions, which vanish; the diagonal becomes the last dimension.

Args:
    offset: which diagonal: 0 the main one, positive above, negative below.
    dim1, dim2: the two dimensions.

Types: all. Gradient: by self, 0 outside.

>>> import kajo
>>> kajo.diagonal(kajo.tensor([[1, 2], [3, 4]]))
tensor([1, 4])
""",
    "unfold": """
A view of all windows along a dimension, which stand in a further dimension at the end.

Args:
    dimension: the dimension; it then counts the windows, (n - size) // step + 1.
    size: how long a window is.
    step: the distance from one to the next.

Types: all. Gradient: by self, summed where windows overlap.

>>> import kajo
>>> kajo.arange(5).unfold(0, 3, 1)
tensor([[0, 1, 2],
        [1, 2, 3],
        [2, 3, 4]])
""",
    "unbind": """
Views of all slices along a dimension, as a tuple.

Args:
    dim: the dimension, which vanishes.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.unbind(kajo.tensor([[1, 2], [3, 4]]))
(tensor([1, 2]), tensor([3, 4]))
""",
    "split": """
Views of pieces along a dimension, as a tuple.

Args:
    split_size: the size of every piece but the last, which has what remains; or the sizes of all pieces,
        which add up to the dimension's.
    dim: the dimension.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.split(kajo.arange(5), 2)
(tensor([0, 1]), tensor([2, 3]), tensor([4]))
>>> kajo.split(kajo.arange(5), [1, 4])
(tensor([0]), tensor([1, 2, 3, 4]))
""",
    "split_with_sizes": """
Views of pieces of given sizes along a dimension, as a tuple.

Args:
    split_sizes: the sizes, which add up to the dimension's.
    dim: the dimension.

>>> import kajo
>>> kajo.split_with_sizes(kajo.arange(5), [1, 4])
(tensor([0]), tensor([1, 2, 3, 4]))
""",
    "chunk": """
Views of at most so many pieces of equal size along a dimension; the last may be smaller.

Args:
    chunks: how many at most.
    dim: the dimension.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.chunk(kajo.arange(5), 2)
(tensor([0, 1, 2]), tensor([3, 4]))
""",
    "tensor_split": """
Views of pieces along a dimension: so many of nearly equal size, or cut at given places.

Args:
    sections: how many; the first pieces are one larger where they cannot be equal.
    indices: where to cut, as a list or a tensor.
    dim: the dimension.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.tensor_split(kajo.arange(5), 3)
(tensor([0, 1]), tensor([2, 3]), tensor([4]))
>>> kajo.tensor_split(kajo.arange(5), (1, 3))
(tensor([0]), tensor([1, 2]), tensor([3, 4]))
""",
    "unsafe_chunk": """
As :func:`chunk`, but the pieces may be written to without the others' history being told.

Args:
    chunks: how many at most.
    dim: the dimension.

>>> import kajo
>>> kajo.unsafe_chunk(kajo.arange(4), 2)
(tensor([0, 1]), tensor([2, 3]))
""",
    "unsafe_split": """
As :func:`split`, but the pieces may be written to without the others' history being told.

Args:
    split_size: the size of every piece but the last.
    dim: the dimension.

>>> import kajo
>>> kajo.unsafe_split(kajo.arange(4), 3)
(tensor([0, 1, 2]), tensor([3]))
""",
    "unsafe_split_with_sizes": """
As :func:`split_with_sizes`, but the pieces may be written to without the others' history being told.

Args:
    split_sizes: the sizes, which add up to the dimension's.
    dim: the dimension.

>>> import kajo
>>> kajo.unsafe_split_with_sizes(kajo.arange(4), [1, 3])
(tensor([0]), tensor([1, 2, 3]))
""",
    "as_strided": """
A view of the storage with any sizes and strides.

Args:
    size: the sizes.
    stride: for each dimension how many elements lie between neighbours.
    storage_offset: the place of the first element; by default the tensor's own.

Elements may share memory; writing to such a view is then refused, or has the last word in an order that
is not promised.

Raises:
    RuntimeError: if it would reach outside of the storage.

Types: all. Gradient: by self, summed where elements overlap.

>>> import kajo
>>> kajo.as_strided(kajo.arange(4), (3, 2), (1, 1))
tensor([[0, 1],
        [1, 2],
        [2, 3]])
""",
    "detach": """
A view of the same data without history: gradients stop here.

>>> import kajo
>>> x = kajo.ones(2, requires_grad=True)
>>> kajo.detach(x * 2).requires_grad
False
""",
    "view_as_real": """
A view of complex elements as pairs of real ones, in a further dimension of size 2 at the end.

Raises:
    RuntimeError: if the elements are real.

>>> import kajo
>>> kajo.view_as_real(kajo.tensor([1 + 2j]))
tensor([[1., 2.]])
""",
    "view_as_complex": """
A view of pairs of real elements, which the last dimension of size 2 holds, as complex ones.

Raises:
    RuntimeError: if the last dimension has another size or does not lie together in memory.

>>> import kajo
>>> kajo.view_as_complex(kajo.tensor([[1.0, 2.0]]))
tensor([1.+2.j])
""",
}
