"""What writes to its tensor and is not simply the in-place form of another operation."""

TEXTS: dict[str, str] = {
    "copy_": """
Copy the elements of another tensor into this one, converted to its dtype.

Args:
    src: a tensor that broadcasts to this one's shape.
    non_blocking: accepted; copies on the CPU are done when the call returns.

Gradient: by src; the tensor's own earlier history ends.

>>> import kajo
>>> kajo.zeros(2, 2).copy_(kajo.tensor([1, 2]))
tensor([[1., 2.],
        [1., 2.]])
""",
    "fill_": """
Set all elements to a number.

Args:
    value: the number, or a tensor without dimensions.

>>> import kajo
>>> kajo.empty(2).fill_(3.0)
tensor([3., 3.])
""",
    "zero_": """
Set all elements to 0.

>>> import kajo
>>> kajo.ones(2).zero_()
tensor([0., 0.])
""",
    "requires_grad_": """
Say whether gradients are computed for the tensor; returns it.

Args:
    requires_grad: whether.

Raises:
    RuntimeError: for dtypes without gradients, and False for what an operation made of tensors with them.

>>> import kajo
>>> kajo.tensor([1.0]).requires_grad_()
tensor([1.], requires_grad=True)
""",
    "resize_": """
Give the tensor another shape, with more memory if it takes more; further elements are uninitialised.

Args:
    size: the sizes of the dimensions.

Under :func:`use_deterministic_algorithms` further elements are filled: NaN, or the largest integer.

Raises:
    RuntimeError: if the tensor requires grad.

>>> import kajo
>>> kajo.tensor([1, 2, 3, 4]).resize_(2, 2)
tensor([[1, 2],
        [3, 4]])
""",
    "resize_as_": """
Give the tensor the shape of another; see :meth:`resize_`.

>>> import kajo
>>> kajo.tensor([1, 2, 3, 4]).resize_as_(kajo.zeros(2, 2))
tensor([[1, 2],
        [3, 4]])
""",
    "detach_": """
Take the tensor out of its history: it becomes a leaf without gradient.

Raises:
    RuntimeError: for views, which :func:`detach` serves.

>>> import kajo
>>> x = kajo.ones(2, requires_grad=True) * 2
>>> x.detach_().requires_grad
False
""",
    "squeeze_": """
Make the tensor a view of itself without dimensions of size 1; see :func:`squeeze`.

>>> import kajo
>>> kajo.tensor([[1, 2]]).squeeze_()
tensor([1, 2])
""",
    "unsqueeze_": """
Make the tensor a view of itself with a further dimension of size 1; see :func:`unsqueeze`.

>>> import kajo
>>> kajo.tensor([1, 2]).unsqueeze_(0)
tensor([[1, 2]])
""",
    "transpose_ swapaxes_ swapdims_": """
Make the tensor a view of itself with two dimensions swapped; see :func:`transpose`.

>>> import kajo
>>> kajo.tensor([[1, 2], [3, 4]]).transpose_(0, 1)
tensor([[1, 3],
        [2, 4]])
""",
    "t_": """
Make the tensor a view of itself, transposed; see :func:`t`.

>>> import kajo
>>> kajo.tensor([[1, 2], [3, 4]]).t_()
tensor([[1, 3],
        [2, 4]])
""",
    "as_strided_": """
Make the tensor a view of its storage with any sizes and strides; see :func:`as_strided`.

>>> import kajo
>>> kajo.arange(4).as_strided_((2,), (2,))
tensor([0, 2])
""",
    "float_power_": """
In-place form of :func:`float_power`; the tensor is float64 or complex128 already.

>>> import kajo
>>> kajo.tensor([2.0], dtype=kajo.float64).float_power_(3)
tensor([8.], dtype=kajo.float64)
""",
    "nextafter_": """
In-place form of :func:`nextafter`: the next number that the dtype has, towards other.

>>> import kajo
>>> kajo.tensor([1.0]).nextafter_(kajo.tensor([1.0]))
tensor([1.])
""",
    "div_ divide_ true_divide_": """
In-place form of :func:`div`: the result is written over the tensor, which is returned.

Raises:
    RuntimeError: for an integer tensor, unless `rounding_mode` keeps the result an integer.

>>> import kajo
>>> kajo.tensor([1.0, 3.0]).div_(2)
tensor([0.5000, 1.5000])
>>> kajo.tensor([-7, 7]).div_(2, rounding_mode="floor")
tensor([-4,  3])
""",
    "mul_ multiply_": """
In-place form of :func:`mul`: the result is written over the tensor, which is returned.

>>> import kajo
>>> kajo.tensor([1.0, 2.0]).mul_(kajo.tensor([3.0, 4.0]))
tensor([3., 8.])
""",
    "polygamma_": """
In-place form of :func:`polygamma`: the derivative of order n of the digamma function, over its argument.

Args:
    n: the order, not negative.

>>> import kajo
>>> kajo.tensor([1.0, 2.0]).polygamma_(1)
tensor([1.6449, 0.6449])
""",
    "logical_not_": """
In-place form of :func:`logical_not`: 1 where the element is 0, else 0, in the tensor's dtype.

>>> import kajo
>>> kajo.tensor([0, 1, 2]).logical_not_()
tensor([1, 0, 0])
""",
    "eq_": """
In-place form of :func:`eq`: 1 where the element equals other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).eq_(2)
tensor([0, 1, 0])
""",
    "ne_ not_equal_": """
In-place form of :func:`ne`: 1 where the element differs from other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).ne_(2)
tensor([1, 0, 1])
""",
    "lt_ less_": """
In-place form of :func:`lt`: 1 where the element is less than other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).lt_(2)
tensor([1, 0, 0])
""",
    "le_ less_equal_": """
In-place form of :func:`le`: 1 where the element is at most other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).le_(2)
tensor([1, 1, 0])
""",
    "gt_ greater_": """
In-place form of :func:`gt`: 1 where the element is greater than other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).gt_(2)
tensor([0, 0, 1])
""",
    "ge_ greater_equal_": """
In-place form of :func:`ge`: 1 where the element is at least other, else 0, in the tensor's dtype.

Args:
    other: a number, or a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([1, 2, 3]).ge_(2)
tensor([0, 1, 1])
""",
    "logical_and_": """
In-place form of :func:`logical_and`: 1 where both are true, else 0, in the tensor's dtype.

Args:
    other: a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([0, 1, 2]).logical_and_(kajo.tensor([0, 1, 0]))
tensor([0, 1, 0])
""",
    "logical_or_": """
In-place form of :func:`logical_or`: 1 where either is true, else 0, in the tensor's dtype.

Args:
    other: a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([0, 1, 2]).logical_or_(kajo.tensor([0, 1, 0]))
tensor([0, 1, 1])
""",
    "logical_xor_": """
In-place form of :func:`logical_xor`: 1 where exactly one of them is true, else 0, in the tensor's dtype.

Args:
    other: a tensor that broadcasts to this one's shape.

>>> import kajo
>>> kajo.tensor([0, 1, 2]).logical_xor_(kajo.tensor([0, 1, 0]))
tensor([0, 0, 1])
""",
}
