"""Python's `multiprocessing`, and tensors whose memory other processes can map.

A tensor that goes to another process through a queue, a pipe or as an argument is not copied: it
moves to shared memory, and what one process writes the other reads. What a child sends is copied,
unless it is in shared memory already, for the child may end before it is received.

>>> import kajo
>>> x = kajo.ones(2).share_memory_()
>>> x.is_shared()
True
"""

from __future__ import annotations

import mmap
import os
import weakref
from multiprocessing import *  # noqa: F403
from multiprocessing import get_context, parent_process, reduction
from typing import Any

from kajo import Tensor, _core, frombuffer
from kajo.nn.parameter import Buffer, Parameter

__all__ = [
    "get_all_sharing_strategies",
    "get_context",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "share_tensor",
]

_descriptors: dict[int, int] = {}
"""Address of shared memory to the descriptor by which it can be sent."""


def _mapped(descriptor: int, nbytes: int) -> Tensor:
    """The bytes of a memory file; the descriptor is kept as long as they are."""
    memory = mmap.mmap(descriptor, nbytes)
    data = frombuffer(memory, dtype=_core.uint8)
    address = data.data_ptr()
    _descriptors[address] = descriptor
    weakref.finalize(memory, _forget, address, descriptor)
    return data


def _forget(address: int, descriptor: int) -> None:
    if _descriptors.get(address) == descriptor:
        del _descriptors[address]
    os.close(descriptor)


def _view(data: Tensor, dtype: Any, layout: tuple[Any, Any, Any]) -> Tensor:
    typed = data[: len(data) - len(data) % dtype.itemsize].view(dtype)
    size, stride, offset = layout
    empty = _core.empty(0, dtype=dtype)
    return _core._set_tensor(empty, typed, offset, tuple(size), tuple(stride))


def share_tensor(tensor: Tensor) -> None:
    """Move the storage of a tensor to memory that other processes can map.

    Raises:
        RuntimeError: if there is not that much memory, or the tensor's storage is too small for it.
    """
    from kajo.utils.data._utils.handover import anonymous_file

    if tensor.is_shared() or tensor.numel() == 0:
        return
    plain = tensor.detach()
    nbytes = plain.untyped_storage().nbytes()
    if nbytes < plain.numel() * plain.element_size():
        raise RuntimeError("share_memory_(): the storage is smaller than the tensor")
    descriptor = anonymous_file(nbytes, "share_memory_(): the tensor", "share smaller tensors")
    data = _mapped(descriptor, nbytes)
    data.copy_(_core._storage_bytes_tensor(plain))
    layout = plain.size(), plain.stride(), plain.storage_offset()
    tensor.data = _view(data, plain.dtype, layout)
    tensor._shared = True


def _rebuilt(
    kind: type, received: Any, nbytes: int, dtype: Any, layout: Any, requires_grad: bool
) -> Tensor:
    if received is None:
        tensor = _core.empty(layout[0], dtype=dtype)
    else:
        tensor = _view(_mapped(received.detach(), nbytes), dtype, layout)
        tensor._shared = True
    if kind is Parameter:
        return Parameter(tensor, requires_grad)
    return Buffer(tensor) if kind is Buffer else tensor.requires_grad_(requires_grad)


def _reduce(tensor: Tensor) -> Any:
    """How a tensor goes to another process: by the descriptor of its memory."""
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "multiprocessing: a tensor that requires grad and is not a leaf cannot be sent, because "
            "its history cannot; call detach() on it"
        )
    strided = tensor.layout is _core.strided and tensor.device.type == "cpu"
    if not strided or tensor.is_conj() or tensor.is_neg():
        return tensor.__reduce_ex__(2)
    layout = tuple(tensor.size()), tensor.stride(), tensor.storage_offset()
    kind = type(tensor)
    if tensor.numel() == 0:
        return _rebuilt, (kind, None, 0, tensor.dtype, layout, tensor.requires_grad)
    address = tensor.untyped_storage().data_ptr()
    if address not in _descriptors:
        if parent_process() is not None:
            # A child may end before its parent has asked for the descriptor.
            return tensor.__reduce_ex__(2)
        tensor._shared = False
        share_tensor(tensor)
        address = tensor.untyped_storage().data_ptr()
    nbytes = tensor.untyped_storage().nbytes()
    sent = reduction.DupFd(_descriptors[address])
    return _rebuilt, (kind, sent, nbytes, tensor.dtype, layout, tensor.requires_grad)


for _kind in (Tensor, Parameter, Buffer):
    reduction.ForkingPickler.register(_kind, _reduce)


def get_all_sharing_strategies() -> set[str]:
    """The names that :func:`set_sharing_strategy` takes."""
    return {"file_descriptor", "file_system"}


def get_sharing_strategy() -> str:
    """How memory is shared: always by file descriptors that no name stands for."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose how memory is shared.

    Raises:
        ValueError: for anything but "file_descriptor" and "file_system".
    """
    if new_strategy not in get_all_sharing_strategies():
        raise ValueError(f"unknown sharing strategy {new_strategy!r}: use 'file_descriptor'")
