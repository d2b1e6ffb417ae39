"""Tensors made of nothing but their shape and a number."""

TEXTS: dict[str, str] = {
    "zeros": """
A tensor of zeros.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype: the type of its elements; the default floating-point type by default.
    layout, device, pin_memory: where and how it lies in memory.
    requires_grad: whether gradients are computed for it.

>>> import kajo
>>> kajo.zeros(2, 3)
tensor([[0., 0., 0.],
        [0., 0., 0.]])
>>> kajo.zeros((2,), dtype=kajo.int32)
tensor([0, 0], dtype=kajo.int32)
""",
    "ones": """
A tensor of ones.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.ones(2, 3)
tensor([[1., 1., 1.],
        [1., 1., 1.]])
""",
    "full": """
A tensor with every element the same number.

Args:
    size: the sizes of its dimensions.
    fill_value: the number.
    dtype: the type of its elements; by default the number's kind: bool, int64, the default floating-point
        type or its complex counterpart.
    layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.full((2, 2), 3.5)
tensor([[3.5000, 3.5000],
        [3.5000, 3.5000]])
""",
    "empty": """
A tensor whose elements are whatever was in its memory.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.
    memory_format: the order of dimensions in memory.

Under :func:`use_deterministic_algorithms` it is filled: NaN, or the largest integer.

>>> import kajo
>>> kajo.empty(2, 3).shape
kajo.Size([2, 3])
""",
    "empty_strided": """
An uninitialised tensor with the given strides.

Args:
    size: the sizes of its dimensions.
    stride: for each dimension how many elements lie between neighbours.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

Under :func:`use_deterministic_algorithms` it is filled: NaN, or the largest integer.

>>> import kajo
>>> kajo.empty_strided((2, 3), (1, 2)).stride()
(1, 2)
""",
    "zeros_like": """
A tensor of zeros with the shape, dtype, device and order in memory of another, unless given.

Args:
    dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`empty`.

>>> import kajo
>>> kajo.zeros_like(kajo.tensor([1, 2]))
tensor([0, 0])
""",
    "ones_like": """
A tensor of ones with the shape, dtype, device and order in memory of another, unless given.

Args:
    dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`empty`.

>>> import kajo
>>> kajo.ones_like(kajo.tensor([0.5, 2.0]))
tensor([1., 1.])
""",
    "full_like": """
A tensor of one number with the shape, dtype, device and order in memory of another, unless given.

Args:
    fill_value: the number.
    dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`empty`.

>>> import kajo
>>> kajo.full_like(kajo.zeros(2, 2), 7)
tensor([[7., 7.],
        [7., 7.]])
""",
    "empty_like": """
An uninitialised tensor with the shape, dtype, device and order in memory of another, unless given.

Args:
    dtype, layout, device, pin_memory, requires_grad, memory_format: as for :func:`empty`.

>>> import kajo
>>> kajo.empty_like(kajo.zeros(2, 3), dtype=kajo.int64).dtype
kajo.int64
""",
    "new_zeros": """
A tensor of zeros with the dtype and device of this one, unless given.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.ones(1, dtype=kajo.float64).new_zeros(2)
tensor([0., 0.], dtype=kajo.float64)
""",
    "new_ones": """
A tensor of ones with the dtype and device of this one, unless given.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.tensor([7]).new_ones(2, 2)
tensor([[1, 1],
        [1, 1]])
""",
    "new_full": """
A tensor of one number with the dtype and device of this one, unless given.

Args:
    size: the sizes of its dimensions.
    fill_value: the number.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.tensor([7]).new_full((2,), 3)
tensor([3, 3])
""",
    "new_empty": """
An uninitialised tensor with the dtype and device of this one, unless given.

Args:
    size: the sizes of its dimensions, as a tuple or one after another.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.tensor([7]).new_empty(2, 3).shape
kajo.Size([2, 3])
""",
    "new_empty_strided": """
An uninitialised tensor with the given strides and the dtype and device of this one, unless given.

Args:
    size: the sizes of its dimensions.
    stride: for each dimension how many elements lie between neighbours.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.tensor([7]).new_empty_strided((2, 3), (1, 2)).stride()
(1, 2)
""",
    "scalar_tensor": """
A number as a tensor without dimensions.

Args:
    s: the number.
    dtype: the type of the element; the default floating-point type by default.
    layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.scalar_tensor(3)
tensor(3.)
""",
    "arange": """
The numbers start, start + step, ... before end: ceil((end - start) / step) of them.

Args:
    start: the first, 0 by default.
    end: where to stop; not included.
    step: the distance; may be negative, not 0.
    dtype: by default int64 if all three are integers, else the default floating-point type.
    layout, device, pin_memory, requires_grad: as for :func:`zeros`.

Raises:
    RuntimeError: if step is 0 or leads away from end.

>>> import kajo
>>> kajo.arange(5)
tensor([0, 1, 2, 3, 4])
>>> kajo.arange(1, 2.5, 0.5)
tensor([1.0000, 1.5000, 2.0000])
""",
    "linspace": """
Numbers evenly spaced from start to end, both included: start + i * (end - start) / (steps - 1).

Args:
    start, end: numbers, or tensors without dimensions.
    steps: how many.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.linspace(0, 1, 5)
tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
""",
    "logspace": """
Powers of a base with evenly spaced exponents: base ** :func:`linspace` (start, end, steps).

Args:
    start, end: the first and the last exponent: numbers, or tensors without dimensions.
    steps: how many.
    base: the base.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.logspace(0, 2, 3)
tensor([  1.,  10., 100.])
""",
    "eye": """
A matrix with ones on the diagonal and zeros elsewhere.

Args:
    n: the number of rows.
    m: the number of columns; n by default.
    dtype, layout, device, pin_memory, requires_grad: as for :func:`zeros`.

>>> import kajo
>>> kajo.eye(2, 3)
tensor([[1., 0., 0.],
        [0., 1., 0.]])
""",
    "tril_indices": """
The places of the lower triangle of a matrix, row by row.

Args:
    row, col: the size of the matrix.
    offset: which diagonal is the last one included; 0 is the main one, above it counts up.
    dtype: int64 by default.

Returns:
    Two rows: the row and the column of each place.

>>> import kajo
>>> kajo.tril_indices(3, 3)
tensor([[0, 1, 1, 2, 2, 2],
        [0, 0, 1, 0, 1, 2]])
""",
    "triu_indices": """
The places of the upper triangle of a matrix, row by row.

Args:
    row, col: the size of the matrix.
    offset: which diagonal is the first one included; 0 is the main one, above it counts up.
    dtype: int64 by default.

Returns:
    Two rows: the row and the column of each place.

>>> import kajo
>>> kajo.triu_indices(3, 3, offset=1)
tensor([[0, 0, 1],
        [1, 2, 2]])
""",
    "fill": """
A tensor of this one's shape and dtype with every element the same.

Args:
    value: a number, or a tensor without dimensions.

Types: all. Gradient: 0 by self; by value, if it is a tensor, the sum.

>>> import kajo
>>> kajo.fill(kajo.zeros(2), 3.0)
tensor([3., 3.])
""",
}
