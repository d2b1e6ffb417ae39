"""Hands objects from one process to another, their tensors through shared memory.

A message is pickled with every tensor and array taken out; these are written to an anonymous
memory file whose descriptor travels over the socket, and appear in the receiver as views of it.
The file has no name, so nothing is left behind whatever process dies.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import pickle
import sys
import tempfile
import weakref
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

try:
    import resource
except ImportError:  # not on every system
    resource = None  # type: ignore[assignment]

import kajo
from kajo import _tensor_bytes

_ALIGNMENT = 64
_INLINE_BYTES = 1024
"""Larger messages go through the memory file: the socket must never fill and block both ends."""

_MAX_MAPPED = 256
"""Batches that may be mapped at once; each holds a descriptor, so further ones are copied."""

_SHARE_OF_FILES = 4
"""At most one in so many of the files that the process may open is spent on mapped batches."""

_ADVICE = "use smaller batches, fewer workers or a lower prefetch_factor"

TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)

_mapped = 0


def _file_limit() -> int:
    """How many files this process may have open."""
    if resource is None:
        return _MAX_MAPPED * _SHARE_OF_FILES
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else int(limit)


def out_of_files(what: str) -> RuntimeError:
    """The error for what could not be done because too many files are open."""
    return RuntimeError(
        f"{what} needs a file descriptor, but this process has as many files open as it may "
        f"({_file_limit()}; Too many open files). Raise the limit with `ulimit -n` in the shell or "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ...), or keep fewer files and batches open"
    )


def anonymous_file(nbytes: int, what: str, advice: str) -> int:
    """Return a descriptor of memory of that size, reserved now so that no access can fault.

    Args:
        nbytes: how much.
        what: names in the error what needs it.
        advice: says in the error what to do.

    Raises:
        RuntimeError: if there is not that much memory, or no descriptor for it.
    """
    try:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("kajo-batch")
        else:
            descriptor, path = tempfile.mkstemp()
            os.unlink(path)
    except OSError as error:
        if error.errno in TOO_MANY_FILES:
            raise out_of_files(what) from error
        raise RuntimeError(
            f"{what} needs {nbytes} bytes of shared memory, which could not be had "
            f"({error.strerror}); {advice}"
        ) from error
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, nbytes)
        else:
            os.ftruncate(descriptor, nbytes)
    except OSError as error:
        os.close(descriptor)
        raise RuntimeError(
            f"{what} needs {nbytes} bytes of shared memory, which could not be reserved "
            f"({error.strerror}); {advice}"
        ) from error
    return descriptor


def _is_parameter(value: Any) -> bool:
    # Importing kajo.nn takes longer than starting a worker; without it there are no parameters.
    networks = sys.modules.get("kajo.nn")
    return networks is not None and type(value) is networks.Parameter


class _Packer(pickle.Pickler):
    """Pickles an object, collecting the bytes of its tensors and arrays beside the stream."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.pieces: list[tuple[int, Any]] = []
        self.nbytes = 0

    def place(self, data: Any) -> int:
        """Reserve room for bytes and return where."""
        offset = self.nbytes
        self.pieces.append((offset, data))
        self.nbytes = -(-(offset + data.nbytes) // _ALIGNMENT) * _ALIGNMENT
        return offset

    def persistent_id(self, value: Any) -> Any:
        is_parameter = _is_parameter(value)
        if (type(value) is kajo.Tensor or is_parameter) and value.device.type == "cpu":
            if value.layout != kajo.strided:
                return None
            if value.requires_grad and not value.is_leaf:
                raise RuntimeError(
                    "DataLoader: cannot send a tensor that requires grad and is not a leaf to "
                    "another process; detach it in the dataset or collate_fn"
                )
            offset = self.place(_tensor_bytes.tensor_bytes(value))
            return (
                "tensor",
                offset,
                value.dtype,
                tuple(value.shape),
                value.requires_grad,
                is_parameter,
            )
        if type(value) is np.ndarray and not value.dtype.hasobject:
            data = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            return ("array", self.place(data), value.dtype, value.shape)
        return None


class _Unpacker(pickle.Unpickler):
    """Unpickles an object whose tensors and arrays lie in a block of memory."""

    def __init__(self, stream: io.BytesIO, memory: Any) -> None:
        super().__init__(stream)
        self.memory = memory

    def _bytes(self, offset: int, nbytes: int) -> Any:
        return self.memory[offset : offset + nbytes]

    def persistent_load(self, found: Any) -> Any:
        kind, offset, dtype, shape, *rest = found
        count = int(np.prod(shape, dtype=np.int64))
        if kind == "array":
            return self._bytes(offset, count * dtype.itemsize).view(dtype).reshape(shape)
        requires_grad, is_parameter = rest
        if count == 0:
            tensor = kajo.empty(shape, dtype=dtype)
        else:
            data = self._bytes(offset, count * dtype.itemsize)
            tensor = kajo.from_numpy(data).view(dtype).reshape(shape)
        if is_parameter:
            return kajo.nn.Parameter(tensor, requires_grad=requires_grad)
        return tensor.requires_grad_(requires_grad) if requires_grad else tensor


def _released() -> None:
    global _mapped
    _mapped -= 1


def _map(descriptor: int, nbytes: int) -> Any:
    """Memory of a received file as an array of bytes that lives as long as its last view."""
    global _mapped
    if sys.version_info >= (3, 13):
        memory = mmap.mmap(descriptor, nbytes, trackfd=False)
        return np.frombuffer(memory, dtype=np.uint8)
    memory = mmap.mmap(descriptor, nbytes)
    array = np.frombuffer(memory, dtype=np.uint8)
    if _mapped >= min(_MAX_MAPPED, _file_limit() // _SHARE_OF_FILES):
        return array.copy()
    _mapped += 1
    weakref.finalize(memory, _released)
    return array


def send(connection: Connection, value: Any, *, inline: bool = False) -> None:
    """Send an object to the process at the other end.

    Args:
        connection: the socket to it.
        value: the object.
        inline: send it through the socket, however large it is; for what has no tensors.

    Raises:
        RuntimeError: if shared memory cannot be had, or a tensor has a gradient history.
        OSError: if the other end is gone.
    """
    stream = io.BytesIO()
    packer = _Packer(stream)
    packer.dump(value)
    text = stream.getvalue()
    if not packer.nbytes and (inline or len(text) <= _INLINE_BYTES):
        connection.send_bytes(b"\0" + text)
        return
    start = packer.place(np.frombuffer(text, dtype=np.uint8))
    descriptor = anonymous_file(packer.nbytes, "DataLoader: a batch", _ADVICE)
    try:
        memory = mmap.mmap(descriptor, packer.nbytes)
        block = np.frombuffer(memory, dtype=np.uint8)
        for offset, data in packer.pieces:
            block[offset : offset + data.nbytes] = data
        connection.send_bytes(b"\1" + pickle.dumps((packer.nbytes, start, len(text))))
        reduction.send_handle(connection, descriptor, 0)
    finally:
        os.close(descriptor)


def receive(connection: Connection) -> Any:
    """Receive the next object, waiting for it.

    Raises:
        EOFError: if the other end was closed.
        RuntimeError: if this process has too many files open to take it.
    """
    message = connection.recv_bytes()
    if message[0] == 0:
        return _Unpacker(io.BytesIO(message[1:]), None).load()
    nbytes, start, length = pickle.loads(message[1:])
    block = _received_block(connection, nbytes)
    text = block[start : start + length].tobytes()
    return _Unpacker(io.BytesIO(text), block).load()


def _received_block(connection: Connection, nbytes: int) -> Any:
    try:
        descriptor = reduction.recv_handle(connection)
        try:
            return _map(descriptor, nbytes)
        finally:
            os.close(descriptor)
    except RuntimeError:
        # The kernel drops a descriptor for which the receiver has no room.
        raise out_of_files("DataLoader: a batch from a worker") from None
    except OSError as error:
        if error.errno in TOO_MANY_FILES:
            raise out_of_files("DataLoader: a batch from a worker") from error
        raise
