"""Reads checkpoints in PyTorch's file formats."""

from __future__ import annotations

import io
import mmap
import os
import struct
import sys
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

import kajo
from kajo import _tensor_bytes
from kajo._checkpoint_names import LoadedStorage, StorageType, find_allowed
from kajo._checkpoint_settings import LoadEndianness, current
from kajo._checkpoint_writer import MAGIC_NUMBER, PROTOCOL_VERSION
from kajo._pickle_reader import DataUnpickler, Global, UnpicklingError

if TYPE_CHECKING:
    from kajo import Tensor

Place = Callable[["Tensor", str], "Tensor"]
"""Takes the bytes of a storage and the device it was saved from to the device they go to."""

_CHUNK = 1 << 24
_MAPPED_ALIGNMENT = 16
_TAR_MEMBERS = {"pickle", "storages", "tensors"}


@dataclass(frozen=True)
class Source:
    """How to read the pickles of a checkpoint.

    Attributes:
        load: reads one pickle from a stream, given a function for persistent ids.
        place: puts the bytes of a storage where they belong.
    """

    load: Callable[[IO[bytes], Callable[[Any], Any] | None], Any]
    place: Place


def _plain(stream: IO[bytes]) -> Any:
    """Read a pickle of plain data, such as the headers of the legacy format."""

    def refuse(module: str, name: str) -> Any:
        raise UnpicklingError(f"a header may not name {module}.{name}")

    return DataUnpickler(stream, refuse).load()


def _storage_identity(identity: Any, parts: int) -> tuple[StorageType, str, str, int]:
    named = type(identity) is tuple and len(identity) >= parts and type(identity[0]) is str
    if not named or identity[0] != "storage":
        raise UnpicklingError("a persistent id must be a tuple that names a storage")
    kind, key, location, count = identity[1:5]
    if not (isinstance(kind, StorageType) and type(key) is str and type(location) is str):
        raise UnpicklingError("a persistent id has parts of the wrong type")
    if type(count) is not int or not 0 <= count < 2**60:
        raise UnpicklingError(f"a storage cannot have {count!r:.50} elements")
    return kind, key, location, count


class ZipCheckpoint:
    """A checkpoint in the zip format.

    Args:
        stream: seekable binary file.
        path: where it lies, to map it instead of reading it; None: read.

    Raises:
        RuntimeError: if the archive is damaged or is not a checkpoint.
    """

    def __init__(self, stream: IO[bytes], path: str | None) -> None:
        self.stream = stream
        try:
            self.archive = zipfile.ZipFile(stream)
            self.records = {info.filename: info for info in self.archive.infolist()}
        except (
            zipfile.BadZipFile,
            ValueError,
            struct.error,
            OSError,
            NotImplementedError,
        ) as error:
            raise RuntimeError(
                f"load: failed reading zip archive: {error}; the file is truncated or damaged"
            ) from error
        pickles = [
            name for name in self.records if name.count("/") == 1 and name.endswith("/data.pkl")
        ]
        if len(pickles) != 1:
            raise RuntimeError(
                "load: the zip archive is no checkpoint: it has no record data.pkl in one folder"
            )
        self.folder = pickles[0][: -len("data.pkl")]
        if self.folder + "constants.pkl" in self.records:
            raise RuntimeError(
                "load: the file is a TorchScript archive; save its state_dict() to load it here"
            )
        order = self.optional("byteorder")
        if order not in (None, b"little", b"big"):
            raise RuntimeError(f"load: unknown byte order {order!r:.50}")
        self.swaps = (order or _default_byte_order()) != sys.byteorder.encode()
        self.map = None
        if path is not None:
            self.map = _map_file(path)

    def optional(self, name: str) -> bytes | None:
        """A small record, or None if there is none."""
        if self.folder + name not in self.records:
            return None
        return bytes(self.record(name))

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self.records.get(self.folder + name)
        if info is None:
            raise RuntimeError(f"load: the archive has no record {self.folder + name}")
        return info

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a stored record begin in the file."""
        if not 0 <= info.header_offset < self.stream.seek(0, os.SEEK_END):
            raise RuntimeError(f"load: the record {info.filename} lies outside the file")
        self.stream.seek(info.header_offset)
        header = self.stream.read(30)
        if len(header) != 30 or header[:4] != b"PK\x03\x04":
            raise RuntimeError(f"load: the record {info.filename} has a damaged header")
        name, extra = struct.unpack("<HH", header[26:30])
        return int(info.header_offset + 30 + name + extra)

    def record(self, name: str) -> Any:
        """The bytes of a record in memory of their own, checked against its checksum."""
        info = self._info(name)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            return self._unpacked(info)
        start = self._start(info)
        size = self.stream.seek(0, os.SEEK_END)
        if info.file_size != info.compress_size or start + info.file_size > size:
            raise RuntimeError(f"load: the record {info.filename} reaches past the end of the file")
        self.stream.seek(start)
        data = np.empty(info.file_size, dtype=np.uint8)
        _fill(self.stream, data, info)
        return data

    def _unpacked(self, info: zipfile.ZipInfo) -> Any:
        try:
            with self.archive.open(info) as record:
                data = record.read()
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as e:
            raise RuntimeError(f"load: the record {info.filename} cannot be read: {e}") from e
        return np.frombuffer(bytearray(data), dtype=np.uint8)

    def mapped(self, name: str) -> Any:
        """The bytes of a record in the mapped file, or read where they cannot be used in place."""
        info = self._info(name)
        if self.map is None or info.compress_type != zipfile.ZIP_STORED:
            return self.record(name)
        start = self._start(info)
        if start + info.file_size > len(self.map):
            raise RuntimeError(f"load: the record {info.filename} reaches past the end of the file")
        data = self.map[start : start + info.file_size]
        return data.copy() if start % _MAPPED_ALIGNMENT else data

    def _storage(self, key: str, nbytes: int) -> Any:
        name = f"data/{key}"
        if current.skips_data and self._info(name).file_size == nbytes:
            return np.empty(nbytes, dtype=np.uint8)
        return self.mapped(name)

    def load(self, source: Source) -> Any:
        """Read the object."""
        storages: dict[str, LoadedStorage] = {}

        def persistent_load(identity: Any) -> Any:
            kind, key, location, count = _storage_identity(identity, 5)
            if key not in storages:
                data = self._storage(key, count * kind.itemsize)
                if data.nbytes != count * kind.itemsize:
                    raise RuntimeError(
                        f"load: the storage {key} has {data.nbytes} bytes where {count} elements "
                        f"of {kind.name} need {count * kind.itemsize}"
                    )
                if self.swaps:
                    data = _swapped(data, kind)
                placed = source.place(kajo.from_numpy(data), location)
                storages[key] = LoadedStorage(placed, kind.dtype)
            found = storages[key]
            return found.untyped() if kind.dtype is None else LoadedStorage(found.data, kind.dtype)

        return source.load(io.BytesIO(self.record("data.pkl").tobytes()), persistent_load)


def _default_byte_order() -> bytes:
    """The byte order of files that do not tell theirs."""
    chosen = current.byte_order
    known = {LoadEndianness.LITTLE: b"little", LoadEndianness.BIG: b"big"}
    return sys.byteorder.encode() if chosen is None else known.get(chosen, sys.byteorder.encode())


def _map_file(path: str) -> Any:
    shares = current.map_flags == mmap.MAP_SHARED
    # Unless it is asked for, what a program does to the tensors never reaches the file.
    access = mmap.ACCESS_WRITE if shares else mmap.ACCESS_COPY
    with open(path, "r+b" if shares else "rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=access), dtype=np.uint8)


def _fill(stream: IO[bytes], data: Any, info: zipfile.ZipInfo) -> None:
    view, done, checksum = memoryview(data), 0, 0
    while done < len(view):
        piece = view[done : done + _CHUNK]
        count = _read_into(stream, piece)
        if not count:
            raise RuntimeError(f"load: the record {info.filename} is truncated")
        checksum = zlib.crc32(piece[:count], checksum)
        done += count
    # A checksum of 0 stands for none.
    if info.CRC not in (0, checksum):
        raise RuntimeError(f"load: the record {info.filename} is damaged: its checksum is wrong")


def _read_into(stream: IO[bytes], view: memoryview) -> int:
    if hasattr(stream, "readinto"):
        return int(stream.readinto(view) or 0)
    data = stream.read(len(view))
    view[: len(data)] = data
    return len(data)


def _swapped(data: Any, kind: StorageType) -> Any:
    """Bytes of the other byte order; the two halves of a complex number are swapped each."""
    width = (
        kind.itemsize // 2 if kind.dtype is not None and kind.dtype.is_complex else kind.itemsize
    )
    return data.view(f"u{width}").byteswap().view(np.uint8) if width > 1 else data


def _remaining(stream: IO[bytes]) -> int:
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return int(end) - here


def _read_bytes(stream: IO[bytes], data: Any, what: str) -> None:
    """Fill the memory of a numpy array from a stream."""
    view, done = memoryview(data), 0
    while done < len(view):
        count = _read_into(stream, view[done : done + _CHUNK])
        if not count:
            raise RuntimeError(f"load: {what} is truncated: {len(view) - done} bytes are missing")
        done += count


def load_legacy(stream: IO[bytes], source: Source) -> Any:
    """Read the stream format of PyTorch before 1.6.

    Raises:
        UnpicklingError: if the stream is no checkpoint.
        RuntimeError: if storages are damaged.
    """
    if _plain(stream) != MAGIC_NUMBER:
        raise UnpicklingError("load: Invalid magic number; the file is no checkpoint")
    version = _plain(stream)
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"load: Invalid protocol version: {version!r:.50}")
    system = _plain(stream)
    little = system.get("little_endian", True) if isinstance(system, dict) else True
    swaps = bool(little) != (sys.byteorder == "little")
    storages = _LegacyStorages(stream, source.place, swaps)
    body = stream.tell()
    end = storages.read_ahead()
    stream.seek(body)
    value = source.load(stream, storages.persistent_load)
    if end is None:
        storages.fill()
    else:
        stream.seek(end)
    return value


class _Inert:
    """Stands for an object that is not made while a pickle is only searched for storages."""


def _find_inert(module: str, name: str) -> Global:
    found = find_allowed(f"{module}.{name}")
    if found is not None and (isinstance(found.value, StorageType) or found.value is OrderedDict):
        return found
    return Global(_Inert, lambda *_: _Inert(), build=lambda *_: None)


class _LegacyStorages:
    """The storages of a legacy stream, which follow the pickle that uses them.

    Args:
        stream: positioned at the pickle.
        place: puts the bytes of a storage where they belong.
        swaps: whether the bytes are in the other order.
    """

    def __init__(self, stream: IO[bytes], place: Place, swaps: bool) -> None:
        self.stream = stream
        self.place = place
        self.swaps = swaps
        self.available = _remaining(stream)
        self.data: dict[str, tuple[Any, StorageType]] = {}
        self.placed: dict[str, LoadedStorage] = {}

    def read_ahead(self) -> int | None:
        """Read the storages before the object, which may need what is in them.

        Returns:
            Where the stream ends; None if the pickle can only be read as it is made.
        """
        try:
            DataUnpickler(self.stream, _find_inert, self._note, encoding="latin1").load()
        except UnpicklingError as error:
            if isinstance(error.__cause__, RuntimeError):
                raise error.__cause__ from None
            self.data.clear()
            return None
        self._read()
        return self.stream.tell()

    def _note(self, identity: Any) -> Any:
        if _is_module(identity):
            return identity[1]
        kind, key, _, count = _storage_identity(identity, 5)
        if key not in self.data:
            nbytes = count * kind.itemsize
            self.available -= nbytes
            if self.available < 0:
                raise RuntimeError(
                    f"load: the storage {key} needs {nbytes} bytes, more than are in the file"
                )
            self.data[key] = np.zeros(nbytes, dtype=np.uint8), kind
        return _Inert()

    def persistent_load(self, identity: Any) -> Any:
        """The storage or class that a persistent id names."""
        if _is_module(identity):
            return identity[1]
        kind, key, location, _ = _storage_identity(identity, 5)
        self._note(identity)
        if key not in self.placed:
            placed = self.place(kajo.from_numpy(self.data[key][0]), location)
            self.placed[key] = LoadedStorage(placed, kind.dtype)
        found = self.placed[key]
        if len(identity) > 5 and identity[5] is not None:
            return _legacy_view(found, kind, identity[5])
        return found.untyped() if kind.dtype is None else LoadedStorage(found.data, kind.dtype)

    def _read(self) -> None:
        keys = _plain(self.stream)
        if not isinstance(keys, list) or set(map(str, keys)) != set(self.data):
            raise RuntimeError("load: the list of storages does not fit the pickle")
        for key in keys:
            _fill_legacy(self.stream, *self.data[str(key)], self.swaps)

    def fill(self) -> None:
        """Read what follows the pickle into storages that are already in use."""
        self._read()
        for key, (data, _) in self.data.items():
            placed = self.placed[key].data
            if placed.device.type != "meta" and not _shares(placed, data):
                placed.copy_(kajo.from_numpy(data))


def _is_module(identity: Any) -> bool:
    return type(identity) is tuple and len(identity) > 1 and identity[0] in ("module", b"module")


def _legacy_view(storage: LoadedStorage, kind: StorageType, view: Any) -> LoadedStorage:
    if type(view) is not tuple or len(view) != 3 or type(view[1]) is not int or view[1] < 0:
        raise UnpicklingError("a view of a storage must be a key, an offset and a size")
    return LoadedStorage(storage.data, kind.dtype, view[1])


def _fill_legacy(stream: IO[bytes], data: Any, kind: StorageType, swaps: bool) -> None:
    header = stream.read(8)
    if len(header) != 8:
        raise RuntimeError("load: a storage is truncated")
    (count,) = struct.unpack("<q", header)
    if count * kind.itemsize != data.nbytes:
        raise RuntimeError(
            f"load: a storage has {count} elements where the pickle says "
            f"{data.nbytes // kind.itemsize}"
        )
    _read_bytes(stream, data, "a storage")
    if swaps:
        data[:] = _swapped(data, kind)


def _shares(tensor: Tensor, data: Any) -> bool:
    on_cpu = tensor.device.type == "cpu"
    return on_cpu and (data.nbytes == 0 or tensor.data_ptr() == data.ctypes.data)


def is_tar(stream: IO[bytes]) -> bool:
    """Whether a stream is a checkpoint in the tar format of PyTorch's first releases."""
    here = stream.tell()
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            return set(archive.getnames()) >= _TAR_MEMBERS
    except (tarfile.TarError, EOFError, ValueError, OSError):
        return False
    finally:
        stream.seek(here)


def _tar_member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    member = archive.extractfile(name)
    if member is None:
        raise RuntimeError(f"load: the tar archive has no file {name}")
    return io.BytesIO(member.read())


def _tar_list(stream: IO[bytes], source: Source, parts: int, what: str) -> Any:
    entry = source.load(stream, None)
    if type(entry) is not tuple or len(entry) != parts:
        raise UnpicklingError(f"load: the tar archive has a damaged list of {what}")
    return entry


def _tar_storages(stream: IO[bytes], source: Source) -> dict[Any, LoadedStorage]:
    storages: dict[Any, LoadedStorage] = {}
    for _ in range(_count(_plain(stream))):
        key, location, kind = _tar_list(stream, source, 3, "storages")
        if not isinstance(kind, StorageType) or type(location) is not str:
            raise UnpicklingError("load: the tar archive has a storage of unknown type")
        count = _unpack(stream, "<q")[0]
        if not 0 <= count * kind.itemsize <= _remaining(stream):
            raise RuntimeError(f"load: a storage of {count} elements does not fit the tar archive")
        data = np.zeros(count * kind.itemsize, dtype=np.uint8)
        _read_bytes(stream, data, "a storage")
        storages[key] = LoadedStorage(source.place(kajo.from_numpy(data), location), kind.dtype)
    for view in _plain(stream):
        if type(view) is not tuple or len(view) != 4 or type(view[2]) is not int or view[2] < 0:
            raise UnpicklingError("load: the tar archive has a damaged view of a storage")
        target, root, offset, _ = view
        storages[target] = LoadedStorage(storages[root].data, storages[root].dtype, offset)
    return storages


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise UnpicklingError("load: the tar archive has a damaged count")
    return value


def _unpack(stream: IO[bytes], layout: str) -> tuple[Any, ...]:
    data = stream.read(struct.calcsize(layout))
    if len(data) != struct.calcsize(layout):
        raise RuntimeError("load: the tar archive is truncated")
    return struct.unpack(layout, data)


def _tar_tensors(
    stream: IO[bytes], source: Source, storages: dict[Any, LoadedStorage]
) -> dict[Any, Any]:
    tensors: dict[Any, Any] = {}
    for _ in range(_count(_plain(stream))):
        key, storage_key, _ = _tar_list(stream, source, 3, "tensors")
        storage = storages[storage_key]
        dims, _ = _unpack(stream, "<ii")
        if not 0 <= dims <= 64:
            raise RuntimeError(f"load: a tensor cannot have {dims} dimensions")
        size = _unpack(stream, f"<{dims}q")
        stride = _unpack(stream, f"<{dims}q")
        (offset,) = _unpack(stream, "<q")
        tensors[key] = _tensor_bytes.layout_tensor(
            "load", storage.data, storage.dtype, size, stride, offset + storage.offset
        )
    return tensors


def load_tar(stream: IO[bytes], source: Source) -> Any:
    """Read the tar format of PyTorch's first releases.

    Raises:
        UnpicklingError: if a part is damaged or asks for anything that is not allowed.
        RuntimeError: if storages are damaged.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            members = {name: _tar_member(archive, name) for name in _TAR_MEMBERS}
        storages = _tar_storages(members["storages"], source)
        tensors = _tar_tensors(members["tensors"], source, storages)
    except (KeyError, TypeError, tarfile.TarError) as error:
        raise RuntimeError(f"load: the tar archive is damaged: {error}") from error

    def persistent_load(identity: Any) -> Any:
        if type(identity) is tuple:
            return identity[0]
        found = tensors.get(int(identity))
        return storages[int(identity)] if found is None else found

    return source.load(members["pickle"], persistent_load)
