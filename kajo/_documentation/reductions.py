"""Sums, means, extremes, spreads and norms, over all elements or some dimensions."""

TEXTS: dict[str, str] = {
    "sum": """
The sum of the elements, over all or some dimensions.

Args:
    dim: the dimension or dimensions that are summed over and vanish; all by default.
    keepdim: keep them with size 1.
    dtype: convert first. Integers and bool are added up as int64 unless another dtype is named.

Types: all. Floating-point numbers are added in blocks, pairwise, so that errors grow slowly; 16-bit ones
in float32. Of no elements the sum is 0. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([[1.0, 2.0], [3.0, 4.0]])
>>> x.sum()
tensor(10.)
>>> kajo.sum(x, dim=0, keepdim=True)
tensor([[4., 6.]])
""",
    "nansum": """
The sum of the elements that are not NaN, over all or some dimensions.

Args:
    dim, keepdim, dtype: as for :func:`sum`.

Types: all but complex. Gradient: by self; NaN elements get 0.

>>> import kajo
>>> kajo.nansum(kajo.tensor([1.0, kajo.nan, 2.0]))
tensor(3.)
""",
    "mean": """
The mean, sum(x) / n, over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.
    keepdim: keep them with size 1.
    dtype: convert first.

Types: floating-point and complex; of no elements the mean is NaN. Gradient: by self.

Raises:
    RuntimeError: for integers or bool, unless `dtype` makes them floating-point.

>>> import kajo
>>> x = kajo.tensor([[1.0, 2.0], [3.0, 6.0]])
>>> kajo.mean(x)
tensor(3.)
>>> x.mean(dim=1)
tensor([1.5000, 4.5000])
""",
    "nanmean": """
The mean of the elements that are not NaN, over all or some dimensions.

Args:
    dim, keepdim, dtype: as for :func:`mean`.

Types: floating-point and complex. Where every element is NaN, so is the mean. Gradient: by self.

>>> import kajo
>>> kajo.nanmean(kajo.tensor([[1.0, kajo.nan], [3.0, 5.0]]), dim=1)
tensor([1., 4.])
""",
    "prod": """
The product of the elements, over all of them or one dimension.

Args:
    dim: the dimension that vanishes; all by default.
    keepdim: keep it with size 1.
    dtype: convert first. Integers and bool are multiplied as int64 unless another dtype is named.

Types: all. Of no elements the product is 1. Gradient: by self, also where elements are 0.

>>> import kajo
>>> kajo.prod(kajo.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
tensor([ 2., 12.])
""",
    "count_nonzero": """
How many elements differ from 0, over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.

Types: all; the result is int64. No gradient.

>>> import kajo
>>> kajo.count_nonzero(kajo.tensor([[0, 1, 2], [0, 0, 3]]), dim=1)
tensor([2, 1])
""",
    "all": """
Whether all elements are true, that is differ from 0, over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.
    keepdim: keep them with size 1.

Types: all; the result is bool, of uint8 it is uint8. Of no elements: True. No gradient.

>>> import kajo
>>> kajo.all(kajo.tensor([[True, True], [True, False]]), dim=1)
tensor([ True, False])
""",
    "any": """
Whether some element is true, that is differs from 0, over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.
    keepdim: keep them with size 1.

Types: all; the result is bool, of uint8 it is uint8. Of no elements: False. No gradient.

>>> import kajo
>>> kajo.any(kajo.tensor([[False, True], [False, False]]), dim=1)
tensor([ True, False])
""",
    "max": """
The largest element, of all or along one dimension; or, of two tensors, the larger elements.

Args:
    dim: the dimension to search; it vanishes, and the result is a pair (values, indices).
    keepdim: keep it with size 1.
    other: another tensor: the result is :func:`maximum`, elementwise.

NaN counts as the largest. Among equal elements the first one is meant by `indices`.

Types: all but complex; indices are int64. Gradient: by self; without `dim` it is shared evenly among equal
elements, with `dim` it goes to the one in `indices`.

Raises:
    RuntimeError: without `dim` for a tensor without elements.
    IndexError: if the dimension has size 0.

>>> import kajo
>>> x = kajo.tensor([[1.0, 4.0], [3.0, 2.0]])
>>> kajo.max(x)
tensor(4.)
>>> values, indices = kajo.max(x, dim=1)
>>> values, indices
(tensor([4., 3.]), tensor([1, 0]))
""",
    "min": """
The smallest element, of all or along one dimension; or, of two tensors, the smaller elements.

Args:
    dim: the dimension to search; it vanishes, and the result is a pair (values, indices).
    keepdim: keep it with size 1.
    other: another tensor: the result is :func:`minimum`, elementwise.

NaN counts as the smallest. Among equal elements the first one is meant by `indices`.

Types: all but complex; indices are int64. Gradient: by self; without `dim` it is shared evenly among equal
elements, with `dim` it goes to the one in `indices`.

Raises:
    RuntimeError: without `dim` for a tensor without elements.
    IndexError: if the dimension has size 0.

>>> import kajo
>>> x = kajo.tensor([[1.0, 4.0], [3.0, 2.0]])
>>> kajo.min(x)
tensor(1.)
>>> x.min(dim=1).indices
tensor([0, 1])
""",
    "amax": """
The largest elements along one or more dimensions; all dimensions by default.

Args:
    dim: the dimension or dimensions that vanish.
    keepdim: keep them with size 1.

Unlike :func:`max` it gives no indices and shares the gradient evenly among equal elements.

Types: all but complex. NaN counts as the largest. Gradient: by self.

>>> import kajo
>>> kajo.amax(kajo.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=0)
tensor([3., 4.])
""",
    "amin": """
The smallest elements along one or more dimensions; all dimensions by default.

Args:
    dim: the dimension or dimensions that vanish.
    keepdim: keep them with size 1.

Unlike :func:`min` it gives no indices and shares the gradient evenly among equal elements.

Types: all but complex. NaN counts as the smallest. Gradient: by self.

>>> import kajo
>>> kajo.amin(kajo.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=0)
tensor([1., 2.])
""",
    "aminmax": """
The smallest and the largest element, of all or along one dimension, found in one pass.

Args:
    dim: the dimension that vanishes; all by default.
    keepdim: keep it with size 1.

Returns:
    A named pair (min, max). A NaN makes both NaN.

Types: all but complex. Gradient: by self, shared evenly among equal elements.

>>> import kajo
>>> kajo.aminmax(kajo.tensor([3.0, 1.0, 2.0]))
kajo.return_types.aminmax(
min=tensor(1.),
max=tensor(3.))
""",
    "argmax": """
Where the largest element is: its index along a dimension, or in the flattened tensor.

Args:
    dim: the dimension to search; None for all elements.
    keepdim: keep it with size 1.

Types: all but complex; the result is int64. NaN counts as the largest; of equal elements the first one is
found. No gradient.

Raises:
    IndexError: if there are no elements to search.

>>> import kajo
>>> x = kajo.tensor([[1.0, 4.0], [3.0, 2.0]])
>>> kajo.argmax(x), x.argmax(dim=1)
(tensor(1), tensor([1, 0]))
""",
    "argmin": """
Where the smallest element is: its index along a dimension, or in the flattened tensor.

Args:
    dim: the dimension to search; None for all elements.
    keepdim: keep it with size 1.

Types: all but complex; the result is int64. NaN counts as the smallest; of equal elements the first one
is found. No gradient.

Raises:
    IndexError: if there are no elements to search.

>>> import kajo
>>> x = kajo.tensor([[1.0, 4.0], [3.0, 2.0]])
>>> kajo.argmin(x), x.argmin(dim=1)
(tensor(0), tensor([0, 1]))
""",
    "var": """
The variance, sum(|x - mean(x)|^2) / max(0, n - correction), over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.
    correction: what is taken from the number of elements; 1 by default, for samples.
    unbiased: an older way to say correction=1 (True) or correction=0 (False).
    keepdim: keep the dimensions with size 1.

Types: floating-point, and complex, whose variance is real. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([[1.0, 3.0], [2.0, 6.0]])
>>> kajo.var(x, dim=1)
tensor([2., 8.])
>>> x.var(correction=0)
tensor(3.5000)
""",
    "std": """
The standard deviation, the root of :func:`var`, over all or some dimensions.

Args:
    dim: the dimension or dimensions that vanish; all by default.
    correction: what is taken from the number of elements; 1 by default, for samples.
    unbiased: an older way to say correction=1 (True) or correction=0 (False).
    keepdim: keep the dimensions with size 1.

Types: floating-point, and complex, whose deviation is real. Gradient: by self.

>>> import kajo
>>> x = kajo.tensor([[1.0, 3.0], [2.0, 6.0]])
>>> kajo.std(x, dim=1)
tensor([1.4142, 2.8284])
>>> x.std(correction=0)
tensor(1.8708)
""",
    "var_mean": """
The variance and the mean, over all or some dimensions: (:func:`var`, :func:`mean`).

Args:
    dim, correction, unbiased, keepdim: as for :func:`var`.

Types: floating-point and complex. Gradient: by self, of both results.

>>> import kajo
>>> kajo.var_mean(kajo.tensor([1.0, 2.0, 3.0]))
(tensor(1.), tensor(2.))
""",
    "std_mean": """
The standard deviation and the mean, over all or some dimensions: (:func:`std`, :func:`mean`).

Args:
    dim, correction, unbiased, keepdim: as for :func:`std`.

Types: floating-point and complex. Gradient: by self, of both results.

>>> import kajo
>>> kajo.std_mean(kajo.tensor([1.0, 2.0, 3.0]))
(tensor(1.), tensor(2.))
""",
    "dist": """
The p-norm of the difference, (sum |self - other|^p)^(1/p).

Args:
    other: a tensor that broadcasts with the first.
    p: the order: any number, 0 for the count of differences, inf for the largest, -inf for the smallest.

Types: floating-point and complex. Gradient: by both tensors.

>>> import kajo
>>> kajo.dist(kajo.tensor([1.0, 2.0]), kajo.tensor([4.0, 6.0]))
tensor(5.)
""",
    "logsumexp special.logsumexp": """
The logarithm of a sum of exponentials, log(sum(exp(x))), along dimensions, without overflow.

Args:
    dim: the dimension or dimensions that vanish.
    keepdim: keep them with size 1.

Types: floating-point and complex; integers and bool are converted to the default floating-point type.
Gradient: by self, which is exp(x - result).

>>> import kajo
>>> kajo.logsumexp(kajo.tensor([[1000.0, 1000.0], [0.0, 1.0]]), dim=1)
tensor([1000.6932,    1.3133])
""",
    "linalg.vector_norm": """
The p-norm of vectors, (sum |x|^ord)^(1/ord), over all or some dimensions.

Args:
    ord: the order: any number, 0 for the count of non-zeros, inf for the largest magnitude, -inf for the
        smallest.
    dim: the dimension or dimensions that vanish; None flattens the tensor.
    keepdim: keep them with size 1.
    dtype: convert first.

Types: floating-point, and complex, whose norm is real. Gradient: by self.

Raises:
    RuntimeError: for integers, and for negative or infinite orders of no elements.

>>> import kajo
>>> x = kajo.tensor([[3.0, 4.0], [6.0, 8.0]])
>>> kajo.linalg.vector_norm(x, dim=1)
tensor([ 5., 10.])
>>> kajo.linalg.vector_norm(x, ord=kajo.inf)
tensor(8.)
""",
}
