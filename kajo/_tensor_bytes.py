"""Tensors and plain bytes: the one place that turns each into the other.

Checkpoints and data workers move tensors as bytes plus a layout. The layout is checked against
the bytes before a tensor is made, because both may come from a file that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import kajo

if TYPE_CHECKING:
    from kajo import Tensor


def tensor_bytes(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The elements of a tensor in row-major order as bytes, sharing memory where possible."""
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if flat.numel() == 0:
        return np.empty(0, dtype=np.uint8)
    array: np.ndarray[Any, np.dtype[np.uint8]] = flat.view(kajo.uint8).numpy()
    return array


def storage_bytes(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """All bytes of the storage that a CPU tensor looks at, shared with it."""
    count = tensor.untyped_storage().nbytes()
    if count == 0:
        return np.empty(0, dtype=np.uint8)
    whole = kajo.empty(0, dtype=kajo.uint8).set_(tensor.untyped_storage(), 0, (count,), (1,))
    array: np.ndarray[Any, np.dtype[np.uint8]] = whole.numpy()
    return array


def storage_key(tensor: Tensor) -> tuple[Any, ...]:
    """What two tensors that share a storage have in common."""
    storage = tensor.untyped_storage()
    return (str(tensor.device), storage._cdata if storage.nbytes() == 0 else storage.data_ptr())


def bytes_tensor(buffer: Any) -> Tensor:
    """A one-dimensional uint8 tensor over a writable buffer, sharing its memory."""
    array = np.frombuffer(buffer, dtype=np.uint8)
    return kajo.from_numpy(array)


def check_layout(
    what: str, nbytes: int, itemsize: int, size: Sequence[int], stride: Sequence[int], offset: int
) -> None:
    """Refuse a layout that reaches outside its storage.

    Raises:
        RuntimeError: naming ``what``, the layout and the bytes that there are.
    """
    numbers = (*size, *stride, offset)
    if any(isinstance(n, bool) or not isinstance(n, int) for n in numbers):
        raise RuntimeError(f"{what}: size, stride and offset must be integers, got {numbers}")
    if len(size) != len(stride):
        raise RuntimeError(
            f"{what}: size {tuple(size)} and stride {tuple(stride)} differ in length"
        )
    if any(n < 0 or n > 2**62 for n in numbers):
        raise RuntimeError(
            f"{what}: size {tuple(size)}, stride {tuple(stride)} or offset {offset} is negative "
            f"or too large"
        )
    empty = any(n == 0 for n in size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    needed = offset * itemsize if empty else (last + 1) * itemsize
    if needed > nbytes:
        raise RuntimeError(
            f"{what}: size {tuple(size)}, stride {tuple(stride)} and offset {offset} need "
            f"{needed} bytes, but the storage has {nbytes}"
        )


def layout_tensor(
    what: str,
    storage: Tensor,
    dtype: Any,
    size: Sequence[int],
    stride: Sequence[int],
    offset: int,
) -> Tensor:
    """View a uint8 storage tensor as elements of ``dtype`` in a layout, after checking it.

    Args:
        what: name of the operation, for errors.
        storage: one-dimensional uint8 tensor that holds all bytes.
        dtype: data type of the result.
        size: shape of the result.
        stride: steps in elements.
        offset: first element.

    Raises:
        RuntimeError: if the layout reaches outside the storage.
    """
    check_layout(what, storage.numel(), dtype.itemsize, size, stride, offset)
    base = kajo.empty(0, dtype=dtype, device=storage.device)
    return base.set_(storage.untyped_storage(), offset, tuple(size), tuple(stride))
