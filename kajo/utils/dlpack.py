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

import kajo
from kajo import Tensor, _core

__all__ = ["from_dlpack", "to_dlpack"]


class _Capsule:
    """Gives a capsule to a library that asks an object for one."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def to_dlpack(tensor: Tensor, **options: Any) -> Any:
    """A DLPack capsule that shares the memory of a tensor.

    Raises:
        BufferError: if the tensor requires grad, or its dtype is bfloat16.
    """
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if tensor.dtype == kajo.bfloat16:
        raise BufferError(
            "to_dlpack(): bfloat16 cannot be exported; convert the tensor to float32 first"
        )
    options.pop("stream", None)
    return tensor.numpy().__dlpack__(**options)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares the memory of another library's array, or of a DLPack capsule.

    Raises:
        BufferError: if the memory is not the CPU's or the dtype is not known.
    """
    import numpy

    source = ext_tensor if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor)
    # NumPy marks what comes from a bare capsule as read-only; its owner has no way to say so.
    return _core._from_buffer(numpy.from_dlpack(source))
