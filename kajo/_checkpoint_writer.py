"""Writes checkpoints in PyTorch's file formats."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import secrets
import stat
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np

import kajo
from kajo import _tensor_bytes
from kajo._checkpoint_names import STORAGE_DTYPES, StorageType
from kajo._checkpoint_places import location_tag
from kajo._checkpoint_settings import current

if TYPE_CHECKING:
    from kajo import Tensor

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

_ALIGNMENT = 64
_MIRRORED = ("kajo.nn", "kajo.optim", "kajo.utils")


@dataclass(frozen=True)
class Name:
    """A function or type that a checkpoint names; calling it is what loading does."""

    module: str
    name: str

    def __call__(self, *args: Any) -> Any:
        raise RuntimeError(f"{self.module}.{self.name} is only a name in a checkpoint")


@cache
def _name(module: str, name: str) -> Name:
    return Name(module, name)


_STORAGE_OF_DTYPE = {dtype: storage for storage, dtype in STORAGE_DTYPES.items()}


def dtype_name(dtype: Any) -> str:
    """Name of a dtype without its module, such as ``float32``."""
    return str(dtype).rsplit(".", 1)[-1]


@dataclass(frozen=True)
class _StorageUse:
    """Stands in the object graph for a storage, which is written beside the pickle."""

    identity: tuple[Any, ...]


class StorageTable:
    """The storages that the tensors of one object use, each once.

    Args:
        keys_by_address: number storages by address, as the legacy format does, else by order.
    """

    def __init__(self, keys_by_address: bool = False) -> None:
        self.keys_by_address = keys_by_address
        self.tensors: dict[str, Tensor] = {}
        self.kinds: dict[str, Any] = {}
        self._keys: dict[Any, str] = {}
        # An address names a storage only as long as the storage lives.
        self._alive: list[Any] = []

    def use(self, tensor: Tensor, kind: StorageType) -> _StorageUse:
        """Enter the storage of a tensor and return what names it in the pickle.

        Raises:
            RuntimeError: if the storage is used with two dtypes, which the format cannot say.
        """
        self._alive.append(tensor)
        storage = tensor.untyped_storage()
        nbytes = storage.nbytes()
        where = storage.data_ptr() if nbytes else ("empty", len(self._alive))
        identity = (str(tensor.device), where)
        if identity not in self._keys:
            number = len(self._keys)
            address = storage.data_ptr() or number
            self._keys[identity] = str(address if self.keys_by_address else number)
        key = self._keys[identity]
        if self.kinds.setdefault(key, kind) != kind and kind.dtype is not None:
            raise RuntimeError(
                "save: Cannot save multiple tensors or storages that view the same data as "
                "different types; save a clone of one of them"
            )
        self.tensors.setdefault(key, tensor)
        module = "torch" if kind.dtype is not None else "torch.storage"
        use = (
            "storage",
            _name(module, kind.name),
            key,
            location_tag(storage),
            nbytes // kind.itemsize,
        )
        return _StorageUse((*use, None) if self.keys_by_address else use)

    def data(self, key: str) -> Any:
        """All bytes of a storage."""
        return _tensor_bytes.storage_bytes(self.tensors[key])


def _over_storage(storage: Any) -> Tensor:
    empty = kajo.empty(0, dtype=kajo.uint8, device=storage.device)
    return empty.set_(storage, 0, (storage.nbytes(),), (1,))


class _Reductions:
    """How the framework's own objects are written."""

    def __init__(self, table: StorageTable) -> None:
        self.table = table
        self.kinds: dict[type, Callable[[Any], Any]] = {
            kajo.device: lambda device: (_name("torch", "device"), _device_arguments(device)),
            kajo.Size: lambda size: (_name("torch", "Size"), (tuple(size),)),
            kajo.layout: lambda layout: (
                _name("torch.serialization", "_get_layout"),
                (str(layout).replace("kajo.", "torch."),),
            ),
        }

    def __call__(self, value: Any) -> Any:
        if isinstance(value, kajo.Tensor):
            return self._any_tensor(value)
        reduce = self.kinds.get(type(value))
        return NotImplemented if reduce is None else reduce(value)

    def identity(self, value: Any) -> Any:
        """The persistent id of a storage, None for everything else."""
        if isinstance(value, kajo.UntypedStorage):
            value = self.table.use(_over_storage(value), StorageType("UntypedStorage", None))
        return value.identity if type(value) is _StorageUse else None

    def _any_tensor(self, tensor: Tensor) -> Any:
        if type(tensor) is kajo.nn.Parameter:
            state = {k: v for k, v in vars(tensor).items() if not k.startswith("_")}
            parts: tuple[Any, ...] = (tensor.data, tensor.requires_grad, OrderedDict())
            if state:
                name = _name("torch._utils", "_rebuild_parameter_with_state")
                return (name, (*parts, state))
            return (_name("torch._utils", "_rebuild_parameter"), parts)
        if tensor.is_nested:
            return self._nested_tensor(tensor)
        if tensor.layout is not kajo.strided:
            return self._sparse_tensor(tensor)
        state = getattr(tensor, "__dict__", None) or {}
        if type(tensor) is kajo.Tensor and not state:
            return self._tensor(tensor)
        if type(tensor).__reduce_ex__ is not kajo.Tensor.__reduce_ex__:
            return NotImplemented
        function, arguments = self._tensor(tensor)
        name = _name("torch._tensor", "_rebuild_from_type_v2")
        return (name, (function, type(tensor), arguments, state))

    def _sparse_tensor(self, tensor: Any) -> tuple[Any, tuple[Any, ...]]:
        _, (layout, parts, size, unique) = tensor.detach().__reduce_ex__(2)
        last = (unique,) if layout is kajo.sparse_coo else ()
        name = _name("torch._utils", "_rebuild_sparse_tensor")
        return name, (layout, (*parts, kajo.Size(size), *last))

    def _nested_tensor(self, tensor: Any) -> tuple[Any, tuple[Any, ...]]:
        if tensor.layout is kajo.strided:
            sizes, strides = tensor._nested_tensor_size(), tensor._nested_tensor_strides()
            parts = (tensor.values(), sizes, strides, tensor._nested_tensor_storage_offsets())
            return _name("torch._utils", "_rebuild_nested_tensor"), parts
        named = {
            "values": tensor.values(),
            "offsets": tensor.offsets(),
            "lengths": tensor.lengths(),
            "_ragged_idx": tensor._ragged_idx,
            "_metadata_cache": {},
            "requires_grad": tensor.requires_grad,
        }
        return _name("torch.nested._internal.nested_tensor", "_rebuild_njt"), (named,)

    def _tensor(self, tensor: Tensor) -> tuple[Any, tuple[Any, ...]]:
        if tensor.device.type == "meta":
            name = _name("torch._utils", "_rebuild_meta_tensor_no_storage")
            layout = (tensor.dtype, tuple(tensor.shape), tensor.stride(), tensor.requires_grad)
            return name, layout
        requires_grad = tensor.requires_grad
        dtype = dtype_name(tensor.dtype)
        typed = dtype in _STORAGE_OF_DTYPE
        kind = (
            StorageType(_STORAGE_OF_DTYPE[dtype], tensor.dtype)
            if typed
            else StorageType("UntypedStorage", None)
        )
        arguments: tuple[Any, ...] = (
            self.table.use(tensor.detach(), kind),
            tensor.storage_offset(),
            tuple(tensor.shape),
            tuple(tensor.stride()),
            requires_grad,
            OrderedDict(),
        )
        flags = {"conj": tensor.is_conj(), "neg": tensor.is_neg()}
        lazy = {name: True for name, on in flags.items() if on}
        metadata = (lazy,) if lazy else ()
        if typed:
            return _name("torch._utils", "_rebuild_tensor_v2"), (*arguments, *metadata)
        return _name("torch._utils", "_rebuild_tensor_v3"), (*arguments, tensor.dtype, *metadata)


def _device_arguments(device: Any) -> tuple[Any, ...]:
    return (device.type,) if device.index is None else (device.type, device.index)


_PythonPickler: Any = pickle._Pickler


class _Pickler(_PythonPickler):  # type: ignore[misc]
    """Writes the pickle of a checkpoint, naming PyTorch's functions and types.

    Python's own machine in C insists that a name can be imported; the one in Python does not.
    """

    dispatch: ClassVar[dict[Any, Any]] = dict(_PythonPickler.dispatch)

    def __init__(self, stream: IO[bytes], protocol: int, table: StorageTable) -> None:
        super().__init__(stream, protocol)
        self._reduce_ours = _Reductions(table)
        self._dtype_type = type(kajo.float32)

    def persistent_id(self, value: Any) -> Any:
        return self._reduce_ours.identity(value)

    def reducer_override(self, value: Any) -> Any:
        return self._reduce_ours(value)

    def save(self, value: Any, save_persistent_id: bool = True) -> Any:
        if type(value) is self._dtype_type:
            value = _name("torch", dtype_name(value))
        return super().save(value, save_persistent_id)

    def save_name(self, value: Name) -> None:
        found = self.memo.get(id(value))
        if found is not None:
            self.write(self.get(found[0]))
            return
        if self.proto >= 4:
            self.save(value.module)
            self.save(value.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        self.memoize(value)

    def save_global(self, value: Any, name: str | None = None) -> None:
        module = getattr(value, "__module__", None) or ""
        if value is kajo.Tensor:
            self.save(_name("torch", "Tensor"))
        elif module.startswith(_MIRRORED):
            self.save(_name("torch" + module[len("kajo") :], name or value.__qualname__))
        else:
            super().save_global(value, name)

    dispatch[Name] = save_name
    dispatch[type(dtype_name)] = save_global


def dump(value: Any, stream: IO[bytes], pickle_module: Any, protocol: int) -> StorageTable:
    """Pickle an object in the zip format's way; return the storages to be written beside it."""
    table = StorageTable()
    _new_pickler(stream, pickle_module, protocol, table).dump(value)
    return table


def _new_pickler(stream: IO[bytes], pickle_module: Any, protocol: int, table: StorageTable) -> Any:
    if pickle_module is pickle:
        return _Pickler(stream, protocol, table)
    reduce_ours = _Reductions(table)

    class ModulePickler(pickle_module.Pickler):  # type: ignore[misc]
        def persistent_id(self, value: Any) -> Any:
            return reduce_ours.identity(value)

        def reducer_override(self, value: Any) -> Any:
            return reduce_ours(value)

    return ModulePickler(stream, protocol)


class _ZipWriter:
    """A zip archive whose records are stored uncompressed and aligned, ready to be mapped."""

    def __init__(self, stream: IO[bytes], folder: str) -> None:
        self.archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.stream = stream
        self.folder = folder
        self.digest = hashlib.sha256()

    def write(self, name: str, data: Any, *, with_checksum: bool = True) -> None:
        """Append a record."""
        data = memoryview(data).cast("B")
        info = zipfile.ZipInfo(f"{self.folder}/{name}", (1980, 1, 1, 0, 0, 0))
        info.external_attr = 0o644 << 16
        info.file_size = len(data)
        start = self.archive.start_dir + 30 + len(info.filename.encode()) + 4
        if len(data) * 1.05 > zipfile.ZIP64_LIMIT:
            start += 20
        padding = -start % _ALIGNMENT
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        with self.archive.open(info, "w") as record:
            record.write(data)
            if not (with_checksum and current.writes_checksums):
                record._crc = 0  # type: ignore[attr-defined]
        # The local header needs the padding, the directory at the end does not.
        info.extra = b""
        self.digest.update(f"{name}:{info.CRC};".encode())

    def finish(self) -> None:
        """Write the record that identifies the content, then the directory."""
        number = int.from_bytes(self.digest.digest()[:16], "big")
        self.write(".data/serialization_id", f"{number:040d}".encode())
        self.archive.close()


def write_zip(
    value: Any, stream: IO[bytes], folder: str, pickle_module: Any, protocol: int, byteorder: bool
) -> None:
    """Write an object in the zip format.

    Args:
        value: the object.
        stream: writable binary file.
        folder: name of the folder inside the archive.
        pickle_module: module that pickles what is not a tensor.
        protocol: pickle protocol.
        byteorder: whether to record the byte order.
    """
    text = io.BytesIO()
    table = dump(value, text, pickle_module, protocol)
    writer = _ZipWriter(stream, folder)
    writer.write("data.pkl", text.getvalue())
    writer.write(".format_version", b"1")
    writer.write(".storage_alignment", str(_ALIGNMENT).encode())
    if byteorder:
        writer.write("byteorder", sys.byteorder.encode())
    for key in table.tensors:
        data = table.data(key)
        if current.skips_data:
            data = np.zeros(data.nbytes, np.uint8)
        writer.write(f"data/{key}", data, with_checksum=not current.skips_data)
    writer.write("version", b"3\n")
    writer.finish()


def write_legacy(value: Any, stream: IO[bytes], pickle_module: Any, protocol: int) -> None:
    """Write an object in the stream format that preceded the zip format."""
    system = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, system):
        pickle.dump(header, stream, protocol=protocol)
    table = StorageTable(keys_by_address=True)
    _new_pickler(stream, pickle_module, protocol, table).dump(value)
    keys = sorted(table.tensors)
    pickle.dump(keys, stream, protocol=protocol)
    stream.flush()
    for key in keys:
        data = table.data(key)
        stream.write(struct.pack("<q", data.nbytes // table.kinds[key].itemsize))
        stream.write(memoryview(data))


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` when it is complete, and never before."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise RuntimeError(f"save: Parent directory {folder} does not exist.")
    mode = None
    if os.path.exists(path):
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            with open(path, "wb") as direct:
                yield direct
            return
    partial = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(6)}.partial")
    try:
        with _nameless_file(folder) or open(partial, "xb") as stream:
            yield stream
            if not os.path.exists(partial):
                stream.flush()
                number = stream.fileno()
                # With a folder, though the path needs none, the link is followed.
                os.link(f"/proc/self/fd/{number}", partial, src_dir_fd=number, follow_symlinks=True)
        if mode is not None:
            os.chmod(partial, stat.S_IMODE(mode))
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def _nameless_file(folder: str) -> IO[bytes] | None:
    """A file without a name, of which nothing is left if the program is killed; None without such."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        descriptor = os.open(folder or ".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError:
        return None
    return open(descriptor, "w+b")
