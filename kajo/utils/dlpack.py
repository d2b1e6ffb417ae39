"""Exchange of tensors with other libraries without copying, through DLPack.

>>> import kajo, numpy
>>> x = kajo.arange(3)
>>> numpy.from_dlpack(x)
array([0, 1, 2])
>>> kajo.utils.dlpack.from_dlpack(numpy.ones(2))
tensor([1., 1.], dtype=kajo.float64)
"""

from __future__ import annotations

from typing import Any

from kajo import Tensor, _core

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor, **options: Any) -> Any:
    """A DLPack capsule that shares the memory of a tensor.

    Raises:
        BufferError: if the tensor requires grad, or DLPack has no such dtype.
    """
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return _core._to_dlpack(tensor.clone() if options.get("copy") else tensor)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares the memory of another library's array, or of a DLPack capsule.

    Raises:
        BufferError: if the memory is not the CPU's or the dtype is not known.
        TypeError: if the capsule was used before.
    """
    capsule = ext_tensor.__dlpack__() if hasattr(ext_tensor, "__dlpack__") else ext_tensor
    return _core._from_dlpack(capsule)
