"""The memory under tensors, as objects: what several views share.

>>> import kajo
>>> x = kajo.arange(4, dtype=kajo.uint8)
>>> x[1:3].untyped_storage().nbytes()
4
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, ClassVar

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["TypedStorage", "UntypedStorage"]


class UntypedStorage:
    """The bytes that one or more tensors are views of.

    Args:
        size: the number of bytes of a fresh, uninitialised storage.
    """

    _known: ClassVar[weakref.WeakValueDictionary[int, UntypedStorage]] = (
        weakref.WeakValueDictionary()
    )

    def __init__(self, size: int = 0, *, device: Any = None) -> None:
        self._bytes = _core.empty(int(size), dtype=_core.uint8, device=device)
        UntypedStorage._known[self._cdata] = self

    @classmethod
    def _of(cls, tensor: Tensor) -> UntypedStorage:
        """The storage of a tensor: one object as long as anybody holds it."""
        known = cls._known.get(_core._storage_id(tensor))
        if known is None:
            known = cls.__new__(cls)
            known._bytes = _core._storage_bytes_tensor(tensor.detach())
            cls._known[known._cdata] = known
        return known

    def _tensor_of(self, dtype: Any) -> Tensor:
        """All whole elements of `dtype` that the bytes hold, sharing them."""
        count = self.nbytes() // dtype.itemsize
        empty = _core.empty(0, dtype=dtype, device=self.device)
        return _core._set_tensor(empty, self._bytes, 0, (count,), (1,))

    @property
    def _cdata(self) -> int:
        return int(_core._storage_id(self._bytes))

    @property
    def device(self) -> Any:
        """Where the bytes are."""
        return self._bytes.device

    @property
    def is_cuda(self) -> bool:
        """Whether the bytes are on a GPU."""
        return False

    def nbytes(self) -> int:
        """The number of bytes."""
        return int(_core._storage_bytes(self._bytes))

    size = nbytes
    __len__ = nbytes

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(_core._storage_pointer(self._bytes))

    def element_size(self) -> int:
        """1: a storage counts in bytes."""
        return 1

    def resize_(self, size: int) -> UntypedStorage:
        """Change the number of bytes, keeping those that fit; returns self."""
        _core._storage_resize(self._bytes, int(size))
        self._bytes = _core._storage_bytes_tensor(self._bytes)
        return self

    def fill_(self, value: int) -> UntypedStorage:
        """Set every byte; returns self."""
        self._bytes.fill_(value)
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool = False) -> UntypedStorage:
        """Copy the bytes of another storage of the same size; returns self."""
        self._bytes.copy_(source._bytes)
        return self

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage(self.nbytes(), device=self.device).copy_(self)

    def cpu(self) -> UntypedStorage:
        """The storage on the CPU: itself."""
        return self

    def tolist(self) -> list[int]:
        """The bytes as integers."""
        values: list[int] = self._bytes.tolist()
        return values

    def share_memory_(self) -> UntypedStorage:
        """Move the bytes to memory that other processes can map; returns self."""
        self._bytes.share_memory_()
        return self

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            part = UntypedStorage.__new__(UntypedStorage)
            part._bytes = self._bytes[index].clone()
            return part
        return int(self._bytes[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._bytes[index] = value

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    def __bytes__(self) -> bytes:
        return bytes(memoryview(self._bytes))

    def __copy__(self) -> UntypedStorage:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> UntypedStorage:
        if id(self) not in memo:
            memo[id(self)] = self.clone()
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        return _storage_from_bytes, (bytes(self),)

    def __repr__(self) -> str:
        return f"{self.tolist()}\n[kajo.storage.UntypedStorage(device={self.device}) of size {self.nbytes()}]"


class TypedStorage:
    """A storage together with the dtype of its elements."""

    def __init__(self, *, wrap_storage: UntypedStorage, dtype: Any) -> None:
        self._untyped_storage = wrap_storage
        self.dtype = dtype

    @classmethod
    def _of(cls, tensor: Tensor) -> TypedStorage:
        return cls(wrap_storage=UntypedStorage._of(tensor), dtype=tensor.dtype)

    def _tensor_of(self, dtype: Any) -> Tensor:
        return self._untyped_storage._tensor_of(dtype)

    def untyped(self) -> UntypedStorage:
        """The bytes."""
        return self._untyped_storage

    @property
    def device(self) -> Any:
        """Where the elements are."""
        return self._untyped_storage.device

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._untyped_storage.data_ptr()

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        """The bytes of one element."""
        return int(self.dtype.itemsize)

    def size(self) -> int:
        """The number of elements."""
        return self.nbytes() // self.element_size()

    __len__ = size

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        values: list[Any] = self._tensor_of(self.dtype).tolist()
        return values

    def __getitem__(self, index: Any) -> Any:
        return self.tolist()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._tensor_of(self.dtype)[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())


def _storage_from_bytes(data: bytes) -> UntypedStorage:
    storage = UntypedStorage(len(data))
    if data:
        memoryview(storage._bytes)[:] = data
    return storage


def _rebuild_tensor(
    cls: type,
    storage: UntypedStorage,
    dtype: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    is_conj: bool = False,
    is_neg: bool = False,
) -> Tensor:
    empty = _core.empty(0, dtype=dtype, device=storage.device)
    tensor: Tensor = _core._set_tensor(empty, storage._bytes, offset, tuple(size), tuple(stride))
    tensor = tensor.conj().detach() if is_conj else tensor
    tensor = _core._neg_view(tensor).detach() if is_neg else tensor
    if cls is not Tensor:
        tensor = _core._make_subclass(cls, tensor)
    return tensor.requires_grad_(requires_grad)


def reduce_tensor(tensor: Tensor) -> Any:
    """How a tensor pickles: its storage once, and its view of it."""
    arguments = (
        type(tensor), tensor.untyped_storage(), tensor.dtype, tensor.storage_offset(),
        tuple(tensor.size()), tensor.stride(), tensor.requires_grad, tensor.is_conj(), tensor.is_neg(),
    )  # fmt: skip
    state = tensor.__dict__ or None
    return (_rebuild_tensor, arguments, state) if state else (_rebuild_tensor, arguments)


def copy_with_storage(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    """A deep copy: tensors that share a storage share its copy."""
    if tensor.is_meta:
        return tensor.detach().clone()
    storage = tensor.untyped_storage()
    copied = storage.__deepcopy__(memo)
    memo.setdefault(-id(storage), storage)  # keeps the identity alive for the memo
    empty = _core.empty(0, dtype=tensor.dtype)
    copy = _core._set_tensor(
        empty, copied._bytes, tensor.storage_offset(), tuple(tensor.size()), tensor.stride()
    )
    copy = copy.conj_physical() if tensor.is_conj() else copy
    return copy.neg() if tensor.is_neg() else copy
