"""What tensors and dtypes tell about themselves."""

TEXTS: dict[str, str] = {
    "numel nelement": """
The number of elements: the product of the sizes.

>>> import kajo
>>> kajo.zeros(2, 3).numel()
6
""",
    "dim ndimension": """
The number of dimensions.

>>> import kajo
>>> kajo.zeros(2, 3).dim()
2
""",
    "size": """
The sizes of all dimensions, or of one.

Args:
    dim: the one.

>>> import kajo
>>> x = kajo.zeros(2, 3)
>>> x.size(), x.size(1)
(kajo.Size([2, 3]), 3)
""",
    "stride": """
How many elements lie between neighbours, for all dimensions or for one.

Args:
    dim: the one.

>>> import kajo
>>> x = kajo.zeros(2, 3)
>>> x.stride(), x.t().stride(0)
((3, 1), 1)
""",
    "storage_offset": """
The place in the storage of the first element.

>>> import kajo
>>> kajo.arange(5)[2:].storage_offset()
2
""",
    "element_size": """
The bytes that one element takes.

>>> import kajo
>>> kajo.zeros(2, dtype=kajo.float64).element_size()
8
""",
    "const_data_ptr": """
The address of the first element, for reading only.

>>> import kajo
>>> x = kajo.ones(2)
>>> x.const_data_ptr() == x.data_ptr()
True
""",
    "data_ptr": """
The address of the first element.

>>> import kajo
>>> x = kajo.arange(4, dtype=kajo.int32)
>>> x[1:].data_ptr() - x.data_ptr()
4
""",
    "get_device": """
The number of the device; -1 on the CPU.

>>> import kajo
>>> kajo.get_device(kajo.zeros(1))
-1
""",
    "is_complex": """
Whether the elements are complex.

>>> import kajo
>>> kajo.is_complex(kajo.tensor([1j]))
True
""",
    "is_floating_point": """
Whether the elements are floating-point numbers; complex ones are not.

>>> import kajo
>>> kajo.is_floating_point(kajo.tensor([1.0]))
True
""",
    "is_signed": """
Whether the elements may be negative.

>>> import kajo
>>> kajo.is_signed(kajo.tensor([1], dtype=kajo.uint8))
False
""",
    "is_conj": """
Whether the tensor is a view that conjugates lazily.

>>> import kajo
>>> kajo.is_conj(kajo.tensor([1.0]))
False
""",
    "is_neg": """
Whether the tensor is a view that negates lazily.

>>> import kajo
>>> kajo.is_neg(kajo.tensor([1.0]))
False
""",
    "is_inference": """
Whether the tensor was made in inference mode and so can never take part in differentiation.

>>> import kajo
>>> with kajo.inference_mode():
...     x = kajo.ones(1)
>>> kajo.is_inference(x)
True
""",
    "is_nonzero": """
Whether the only element differs from 0.

Raises:
    RuntimeError: if there is more than one element, or none.

>>> import kajo
>>> kajo.is_nonzero(kajo.tensor([0.0]))
False
""",
    "is_same_size": """
Whether two tensors have the same shape.

>>> import kajo
>>> kajo.is_same_size(kajo.zeros(2, 3), kajo.zeros(3, 2))
False
""",
    "is_set_to": """
Whether two tensors are the same look at the same storage: offset, sizes and strides.

>>> import kajo
>>> x = kajo.zeros(4)
>>> x.is_set_to(x.view(4)), x.is_set_to(x.view(2, 2))
(True, False)
""",
    "is_contiguous": """
Whether the elements lie in order in memory, without gaps.

Args:
    memory_format: the order that is asked for; row-major by default.

>>> import kajo
>>> x = kajo.zeros(2, 3)
>>> x.is_contiguous(), x.t().is_contiguous()
(True, False)
""",
    "equal": """
Whether two tensors have the same shape and the same elements. NaN differs from itself.

>>> import kajo
>>> kajo.equal(kajo.tensor([1, 2]), kajo.tensor([1, 2]))
True
""",
    "allclose": """
Whether all elements are close: |self - other| <= atol + rtol * |other|.

Args:
    other: a tensor of the same dtype that broadcasts with the first.
    rtol, atol: the relative and the absolute tolerance.
    equal_nan: whether NaN is close to NaN.

>>> import kajo
>>> kajo.allclose(kajo.tensor([1.0]), kajo.tensor([1.0 + 1e-9]))
True
""",
    "isclose": """
Which elements are close: |self - other| <= atol + rtol * |other|. Equal infinities are close.

Args:
    other: a tensor of the same dtype that broadcasts with the first.
    rtol, atol: the relative and the absolute tolerance.
    equal_nan: whether NaN is close to NaN.

Types: all; the result is bool. No gradient.

>>> import kajo
>>> kajo.isclose(kajo.tensor([1.0, 2.0]), kajo.tensor([1.0, 2.1]))
tensor([ True, False])
""",
    "can_cast": """
Whether one dtype may be converted to another without leaving its kind: bool, integer, floating, complex.

Args:
    from_, to: the two dtypes.

>>> import kajo
>>> kajo.can_cast(kajo.float64, kajo.float32), kajo.can_cast(kajo.float32, kajo.int64)
(True, False)
""",
    "promote_types": """
The dtype of an operation on two tensors of these dtypes.

Args:
    type1, type2: the two dtypes.

>>> import kajo
>>> kajo.promote_types(kajo.int32, kajo.float16)
kajo.float16
""",
    "result_type": """
The dtype of an operation on these two: tensors, or one of them or both a number.

Tensors without dimensions and numbers decide only where they are of a higher kind.

>>> import kajo
>>> kajo.result_type(kajo.tensor([1], dtype=kajo.int32), 1.5)
kajo.float32
""",
}
