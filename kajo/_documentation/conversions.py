"""Other dtypes and other holders of the same elements."""

TEXTS: dict[str, str] = {
    "to": """
The tensor on another device or with another dtype; itself if nothing changes.

Args:
    device, dtype: where and what the result is; one of them may stand alone, in any order.
    other: a tensor whose device and dtype are taken.
    non_blocking: accepted; copies on the CPU are done when the call returns.
    copy: make a copy even if nothing changes.
    memory_format: the order of dimensions in memory; by default that of the tensor.

From floating-point to integer the fraction is cut off; from complex to real the imaginary part is dropped,
with a warning. Gradient: by self, if the result is floating-point or complex.

>>> import kajo
>>> kajo.tensor([1.7, -1.7]).to(kajo.int64)
tensor([ 1, -1])
""",
    "float": """
A copy with elements of dtype float32; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Gradient: by self.

>>> import kajo
>>> kajo.tensor([1, 2]).float()
tensor([1., 2.])
""",
    "double": """
A copy with elements of dtype float64; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Gradient: by self.

>>> import kajo
>>> kajo.tensor([1, 2]).double()
tensor([1., 2.], dtype=kajo.float64)
""",
    "half": """
A copy with elements of dtype float16; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Numbers are rounded to nearest, beyond 65504 to infinity. Gradient: by self.

>>> import kajo
>>> kajo.tensor([0.1, 1e6]).half()
tensor([0.1000,    inf], dtype=kajo.float16)
""",
    "bfloat16": """
A copy with elements of dtype bfloat16; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Numbers are rounded to nearest, with 8 significant bits. Gradient: by self.

>>> import kajo
>>> kajo.tensor([0.1, 1e6]).bfloat16()
tensor([1.0010e-01, 9.9942e+05], dtype=kajo.bfloat16)
""",
    "chalf": """
A copy with elements of dtype complex32, whose parts are float16; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Gradient: by self.

>>> import kajo
>>> kajo.tensor([1, 2]).chalf()
tensor([1.+0.j, 2.+0.j], dtype=kajo.complex32)
""",
    "cfloat": """
A copy with elements of dtype complex64; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Gradient: by self.

>>> import kajo
>>> kajo.tensor([1, 2]).cfloat()
tensor([1.+0.j, 2.+0.j])
""",
    "cdouble": """
A copy with elements of dtype complex128; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Gradient: by self.

>>> import kajo
>>> kajo.tensor([1, 2]).cdouble()
tensor([1.+0.j, 2.+0.j], dtype=kajo.complex128)
""",
    "bool": """
A copy with elements of dtype bool; the tensor itself if it has that already. What differs from 0 is True.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

>>> import kajo
>>> kajo.tensor([0.0, 0.5]).bool()
tensor([False,  True])
""",
    "byte": """
A copy with elements of dtype uint8; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Fractions are cut off; integers wrap around at 256.

>>> import kajo
>>> kajo.tensor([1.9, 200.0]).byte()
tensor([  1, 200], dtype=kajo.uint8)
""",
    "char": """
A copy with elements of dtype int8; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Fractions are cut off; integers wrap around beyond -128 to 127.

>>> import kajo
>>> kajo.tensor([1.9, -100.0]).char()
tensor([   1, -100], dtype=kajo.int8)
""",
    "short": """
A copy with elements of dtype int16; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Fractions are cut off; integers wrap around.

>>> import kajo
>>> kajo.tensor([1.9, -300.0]).short()
tensor([   1, -300], dtype=kajo.int16)
""",
    "int": """
A copy with elements of dtype int32; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Fractions are cut off; integers wrap around.

>>> import kajo
>>> kajo.tensor([1.9, -1.9]).int()
tensor([ 1, -1], dtype=kajo.int32)
""",
    "long": """
A copy with elements of dtype int64; the tensor itself if it has that already.

Args:
    memory_format: the order of dimensions in memory; by default that of the tensor.

Fractions are cut off.

>>> import kajo
>>> kajo.tensor([1.9, -1.9]).long()
tensor([ 1, -1])
""",
    "type": """
The name of the tensor's type; or the tensor converted to a type.

Args:
    dtype: a dtype, or a name such as "kajo.DoubleTensor".
    non_blocking: accepted; copies on the CPU are done when the call returns.

>>> import kajo
>>> x = kajo.tensor([1, 2])
>>> x.type()
'kajo.LongTensor'
>>> x.type(kajo.float64)
tensor([1., 2.], dtype=kajo.float64)
""",
    "type_as": """
The tensor converted to the dtype and device of another; itself if it has them.

>>> import kajo
>>> kajo.tensor([1, 2]).type_as(kajo.zeros(1))
tensor([1., 2.])
""",
    "cpu": """
The tensor in the memory of the CPU; itself if it is there.

>>> import kajo
>>> kajo.tensor([1, 2]).cpu()
tensor([1, 2])
""",
    "item": """
The only element, as a Python number.

Raises:
    RuntimeError: if there is more than one element, or none.

>>> import kajo
>>> kajo.tensor([2.5]).item()
2.5
""",
    "tolist": """
The elements as nested lists of Python numbers; a single number if there are no dimensions.

>>> import kajo
>>> kajo.tensor([[1, 2], [3, 4]]).tolist()
[[1, 2], [3, 4]]
""",
    "resolve_conj": """
The tensor itself, or a copy that holds the conjugated elements if it is a lazy conjugate view.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.resolve_conj(kajo.tensor([1 + 2j]).conj())
tensor([1.-2.j])
""",
    "resolve_neg": """
The tensor itself, or a copy that holds the negated elements if it is a lazy negative view.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.resolve_neg(kajo.tensor([1 + 2j]).conj().imag)
tensor([-2.])
""",
}
