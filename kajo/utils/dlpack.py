"""Exchange of tensors with other libraries without copying, through DLPack.

>>> import kajo, numpy
>>> x = kajo.arange(3)
>>> numpy.from_dlpack(x)
array([0, 1, 2])
>>> kajo.utils.dlpack.from_dlpack(numpy.ones(2))
tensor([1., 1.], dtype=kajo.float64)
"""

from __future__ import annotations

import enum
from typing import Any

from kajo import Tensor, _core

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]


class DLDeviceType(enum.IntEnum):
    """The kinds of devices by their numbers in DLPack."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


_HERE = (DLDeviceType.kDLCPU, 0)


def to_dlpack(
    tensor: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """A DLPack capsule that shares the memory of a tensor.

    Args:
        tensor: the tensor.
        stream: None, or -1, as the CPU has no streams.
        max_version: the newest version of DLPack that the taker knows.
        dl_device: where the taker wants the memory: the CPU.
        copy: True: export a copy.

    Raises:
        BufferError: if the tensor requires grad, is a conjugated view, lies elsewhere, or DLPack has no such dtype.
        AssertionError: for a stream.
    """
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if tensor.is_conj():
        raise BufferError(
            "to_dlpack(): can't export tensors with the conjugate bit set; use tensor.resolve_conj()"
        )
    if tensor.layout is not _core.strided:
        raise BufferError("Can't export tensors with layout other than kajo.strided")
    if stream not in (None, -1):
        raise AssertionError("to_dlpack(): stream should be None on cpu.")
    if dl_device is not None and tuple(dl_device) != _HERE:
        raise BufferError(
            f"to_dlpack(): cannot export to device {dl_device}: there is the CPU only"
        )
    tensor = tensor.resolve_neg()
    versioned = max_version is not None and max_version[0] >= 1
    return _core._to_dlpack(tensor.clone() if copy else tensor, versioned, bool(copy))


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of another library's array, or of a DLPack capsule.

    Args:
        ext_tensor: an object with `__dlpack__`, or a capsule.
        device: where the tensor is to be; None: where the memory is.
        copy: True: do not share; False: refuse rather than copy; None: copy only if needed.

    Raises:
        BufferError: if the memory is not the CPU's or the dtype is not known.
        TypeError: if the capsule was used before.
    """
    if device is not None and _core.device(device).type != "cpu":
        raise RuntimeError(
            f"from_dlpack(): cannot place the tensor on {device}: there is the CPU only"
        )
    capsule = ext_tensor
    if hasattr(ext_tensor, "__dlpack__"):
        try:
            capsule = ext_tensor.__dlpack__(max_version=(1, 1), copy=copy)
        except TypeError:  # from before version 1
            capsule = ext_tensor.__dlpack__()
    shared: Tensor = _core._from_dlpack(capsule)
    return shared.clone() if copy and capsule is ext_tensor else shared
