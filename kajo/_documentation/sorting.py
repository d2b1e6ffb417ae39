"""Orders, ranks and running results along a dimension."""

TEXTS: dict[str, str] = {
    "sort": """
The elements in order along a dimension, and where each came from.

Args:
    dim: the dimension; the last by default.
    descending: the largest first.
    stable: whether equal elements keep their order. They always do here.

Returns:
    A named pair (values, indices), both of the input's shape; indices are int64.

NaN comes after all numbers, and first if descending. Types: all but complex. Gradient: of the values, by
self.

>>> import kajo
>>> kajo.sort(kajo.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]]), descending=True)
kajo.return_types.sort(
values=tensor([[3., 2., 1.],
        [5., 4., 0.]]),
indices=tensor([[0, 2, 1],
        [1, 2, 0]]))
""",
    "argsort": """
The indices that would sort a tensor along a dimension: the second result of :func:`sort`.

Args:
    dim: the dimension; the last by default.
    descending: the largest first.
    stable: whether equal elements keep their order. They always do here.

Types: all but complex; the result is int64. No gradient.

>>> import kajo
>>> kajo.argsort(kajo.tensor([30, 10, 20]))
tensor([1, 2, 0])
""",
    "msort": """
The elements in order along the first dimension.

Types: all but complex. Gradient: by self.

>>> import kajo
>>> kajo.msort(kajo.tensor([[3, 1], [2, 4]]))
tensor([[2, 1],
        [3, 4]])
""",
    "topk": """
The k largest (or smallest) elements along a dimension, and where they are.

Args:
    k: how many; at most the size of the dimension.
    dim: the dimension; the last by default.
    largest: False for the smallest.
    sorted: whether they come in order. They always do here.

Returns:
    A named pair (values, indices), with size k along `dim`; indices are int64.

Types: all but complex. Gradient: of the values, by self.

Raises:
    RuntimeError: if k is more than there are.

>>> import kajo
>>> kajo.topk(kajo.tensor([1.0, 5.0, 3.0, 4.0]), 2)
kajo.return_types.topk(
values=tensor([5., 4.]),
indices=tensor([1, 3]))
""",
    "kthvalue": """
The k-th smallest element along a dimension, counted from 1, and where it is.

Args:
    k: its rank.
    dim: the dimension; the last by default.
    keepdim: keep it with size 1.

Returns:
    A named pair (values, indices).

Types: all but complex. Gradient: of the values, by self.

>>> import kajo
>>> kajo.kthvalue(kajo.tensor([5.0, 2.0, 9.0]), 2)
kajo.return_types.kthvalue(
values=tensor(5.),
indices=tensor(0))
""",
    "median": """
The middle element: of all elements, or along a dimension with its place; of an even number the lower one.

Args:
    dim: the dimension; without it the median of all elements is given, without a place.
    keepdim: keep it with size 1.

Returns:
    The median, or with `dim` a named pair (values, indices). A NaN among the elements is the median.

Types: all but complex. Gradient: by self.

>>> import kajo
>>> kajo.median(kajo.tensor([4.0, 1.0, 3.0, 2.0]))
tensor(2.)
>>> kajo.median(kajo.tensor([[1.0, 3.0, 2.0]]), dim=1)
kajo.return_types.median(
values=tensor([2.]),
indices=tensor([2]))
""",
    "nanmedian": """
The middle element among those that are not NaN, as :func:`median` otherwise.

Args:
    dim: the dimension; without it the median of all elements is given, without a place.
    keepdim: keep it with size 1.

Types: all but complex. Where all elements are NaN, so is the result. Gradient: by self.

>>> import kajo
>>> kajo.nanmedian(kajo.tensor([1.0, kajo.nan, 3.0, 2.0]))
tensor(2.)
""",
    "mode": """
The most frequent element along a dimension, the smallest of those, and the place of its last occurrence.

Args:
    dim: the dimension; the last by default.
    keepdim: keep it with size 1.

Returns:
    A named pair (values, indices).

Types: all but complex. Gradient: of the values, by self.

>>> import kajo
>>> kajo.mode(kajo.tensor([2, 1, 2, 3, 1, 2]))
kajo.return_types.mode(
values=tensor(2),
indices=tensor(5))
""",
    "unique": """
The distinct elements, or the distinct slices along a dimension.

Args:
    sorted: whether they come in ascending order. They always do here.
    return_inverse: also give, for each element of the input, where it is in the result.
    return_counts: also give how often each occurs.
    dim: compare slices along this dimension; None compares elements of the flattened tensor.

Returns:
    The values, or a tuple (values, inverse, counts) of what was asked for. NaN differs from itself.

Types: all but complex. No gradient.

>>> import kajo
>>> kajo.unique(kajo.tensor([3, 1, 3, 2]), return_counts=True)
(tensor([1, 2, 3]), tensor([1, 1, 2]))
""",
    "unique_consecutive": """
The elements, or slices along a dimension, without those that equal the one before.

Args:
    return_inverse: also give, for each element of the input, where it is in the result.
    return_counts: also give how long each run is.
    dim: compare slices along this dimension; None compares elements of the flattened tensor.

Types: all but complex. No gradient.

>>> import kajo
>>> kajo.unique_consecutive(kajo.tensor([1, 1, 2, 2, 2, 1]), return_counts=True)
(tensor([1, 2, 1]), tensor([2, 3, 1]))
""",
    "searchsorted": """
Where values would be inserted into sorted sequences so that they stay sorted.

Args:
    sorted_sequence: sequences in ascending order along the last dimension; one, or one for each row.
    self: a number, or values, whose leading dimensions are those of the sequences if there are several.
    out_int32: give int32 rather than int64.
    right: insert after equal elements rather than before; the same as side="right".
    sorter: the indices that sort the sequences, where they are not sorted.

The result i has sequence[i-1] < value <= sequence[i], with `right` sequence[i-1] <= value < sequence[i].

Types: all but complex. No gradient.

>>> import kajo
>>> kajo.searchsorted(kajo.tensor([1, 3, 5, 7]), kajo.tensor([3, 6]))
tensor([1, 3])
>>> kajo.searchsorted(kajo.tensor([1, 3, 5, 7]), 3, right=True)
tensor(2)
""",
    "bucketize": """
Which bucket each element falls into: :func:`searchsorted` with one sequence of boundaries.

Args:
    self: a number or a tensor of any shape.
    boundaries: a one-dimensional tensor in ascending order.
    out_int32: give int32 rather than int64.
    right: a bucket has its left boundary rather than its right one.

Types: all but complex. No gradient.

>>> import kajo
>>> kajo.bucketize(kajo.tensor([0.5, 1.0, 4.0]), kajo.tensor([1.0, 2.0, 3.0]))
tensor([0, 0, 3])
""",
    "isin": """
Which elements are among the test elements.

Args:
    elements, test_elements: tensors of any shape, or one of them a number.
    assume_unique: both have no duplicates, which may be quicker.
    invert: which are not.

Types: all but bool and complex; the result is bool, of the shape of `elements`. No gradient.

>>> import kajo
>>> kajo.isin(kajo.tensor([[1, 2], [3, 4]]), kajo.tensor([2, 3]))
tensor([[False,  True],
        [ True, False]])
""",
    "cumsum": """
The running sum along a dimension: y[i] = x[0] + ... + x[i].

Args:
    dim: the dimension.
    dtype: convert first. Integers and bool are added up as int64 unless another dtype is named.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.cumsum(kajo.tensor([1.0, 2.0, 3.0]), dim=0)
tensor([1., 3., 6.])
""",
    "cumprod": """
The running product along a dimension: y[i] = x[0] * ... * x[i].

Args:
    dim: the dimension.
    dtype: convert first. Integers and bool are multiplied as int64 unless another dtype is named.

Types: all. Gradient: by self, also where elements are 0.

>>> import kajo
>>> kajo.cumprod(kajo.tensor([1.0, 2.0, 3.0]), dim=0)
tensor([1., 2., 6.])
""",
    "logcumsumexp": """
The logarithm of the running sum of exponentials along a dimension, without overflow.

Args:
    dim: the dimension.

Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.logcumsumexp(kajo.tensor([0.0, 0.0, 1000.0]), dim=0)
tensor([0.0000e+00, 6.9315e-01, 1.0000e+03])
""",
    "cummax": """
The largest element so far along a dimension, and where it was.

Args:
    dim: the dimension.

Returns:
    A named pair (values, indices). From the first NaN on the values are NaN.

Types: all but complex. Gradient: of the values, by self.

>>> import kajo
>>> kajo.cummax(kajo.tensor([1.0, 3.0, 2.0]), dim=0)
kajo.return_types.cummax(
values=tensor([1., 3., 3.]),
indices=tensor([0, 1, 1]))
""",
    "cummin": """
The smallest element so far along a dimension, and where it was.

Args:
    dim: the dimension.

Returns:
    A named pair (values, indices). From the first NaN on the values are NaN.

Types: all but complex. Gradient: of the values, by self.

>>> import kajo
>>> kajo.cummin(kajo.tensor([3.0, 1.0, 2.0]), dim=0)
kajo.return_types.cummin(
values=tensor([3., 1., 1.]),
indices=tensor([0, 1, 1]))
""",
    "diff": """
The differences of neighbours along a dimension, x[i+1] - x[i], repeated n times.

Args:
    n: how often differences are taken; 0 gives the input.
    dim: the dimension; the last by default.
    prepend, append: tensors that are joined to the input along `dim` first.

Types: all; of bool the exclusive or. Gradient: by self, prepend and append.

>>> import kajo
>>> kajo.diff(kajo.tensor([1, 4, 9, 16]))
tensor([3, 5, 7])
>>> kajo.diff(kajo.tensor([1, 4, 9, 16]), n=2)
tensor([2, 2])
""",
    "trapezoid trapz": """
The integral along a dimension by the trapezoidal rule: sum of (x[i+1] - x[i]) * (y[i] + y[i+1]) / 2.

Args:
    y: the values.
    x: where they were taken, of the shape of `y` or one-dimensional.
    dx: the distance of neighbours, where there is no `x`.
    dim: the dimension; the last by default.

Types: all but bool. Gradient: by y and x.

>>> import kajo
>>> kajo.trapezoid(kajo.tensor([1.0, 2.0, 3.0]))
tensor(4.)
>>> kajo.trapezoid(kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([0.0, 1.0, 3.0]))
tensor(6.5000)
""",
    "cumulative_trapezoid": """
The running integral along a dimension by the trapezoidal rule; one element fewer than there are values.

Args:
    y, x, dx, dim: as for :func:`trapezoid`.

Types: all but bool. Gradient: by y and x.

>>> import kajo
>>> kajo.cumulative_trapezoid(kajo.tensor([1.0, 2.0, 3.0]))
tensor([1.5000, 4.0000])
""",
}
