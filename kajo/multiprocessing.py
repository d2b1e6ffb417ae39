"""Python's `multiprocessing`, and tensors whose memory other processes can map.

>>> import kajo
>>> x = kajo.ones(2).share_memory_()
>>> x.is_shared()
True
"""

from __future__ import annotations

import mmap
from multiprocessing import *  # noqa: F403
from multiprocessing import get_context

from kajo import Tensor, _core, frombuffer

__all__ = ["get_context", "get_sharing_strategy", "set_sharing_strategy", "share_tensor"]


def share_tensor(tensor: Tensor) -> None:
    """Move the storage of a tensor to memory that forked processes share.

    Raises:
        RuntimeError: if the tensor is a part of a larger storage.
    """
    if tensor.is_shared() or tensor.numel() == 0:
        return
    plain = tensor.detach()
    nbytes = plain.untyped_storage().nbytes()
    if nbytes < plain.numel() * plain.element_size():
        raise RuntimeError("share_memory_(): the storage is smaller than the tensor")
    # An anonymous shared mapping lives as long as a process maps it: there is no name to clean up.
    shared = frombuffer(mmap.mmap(-1, nbytes), dtype=_core.uint8)
    shared.copy_(_core._storage_bytes_tensor(plain))
    layout = plain.size(), plain.stride(), plain.storage_offset()
    typed = shared[: nbytes - nbytes % plain.element_size()].view(plain.dtype)
    _core._set_tensor(plain, typed, layout[2], tuple(layout[0]), tuple(layout[1]))
    tensor.data = plain
    tensor._shared = True


def get_sharing_strategy() -> str:
    """How memory is shared: always by file descriptors that no name stands for."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose how memory is shared.

    Raises:
        ValueError: for anything but "file_descriptor" and "file_system".
    """
    if new_strategy not in ("file_descriptor", "file_system"):
        raise ValueError(f"unknown sharing strategy {new_strategy!r}: use 'file_descriptor'")
