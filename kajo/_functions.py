"""Functions of the package that are no operations: making tensors from data, settings, checks."""

from __future__ import annotations

from typing import Any

from kajo import _core
from kajo._overriding import make_overridable
from kajo._tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled",
    "as_tensor",
    "asarray",
    "from_dlpack",
    "from_file",
    "from_numpy",
    "frombuffer",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_device_module",
    "get_float32_matmul_precision",
    "init_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_distributed",
    "is_storage",
    "is_tensor",
    "is_vulkan_available",
    "is_warn_always_enabled",
    "set_anomaly_enabled",
    "set_default_device",
    "set_default_dtype",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_warn_always",
    "typename",
    "use_deterministic_algorithms",
]


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the memory of a NumPy array.

    Raises:
        TypeError: if it is no array or has a dtype that tensors do not have.
        ValueError: if a stride is negative.

    >>> import kajo, numpy
    >>> a = numpy.zeros(2)
    >>> t = kajo.from_numpy(a); t[0] = 1
    >>> a
    array([1., 0.])
    """
    import numpy

    if not isinstance(ndarray, numpy.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order")
    if not ndarray.flags.writeable:
        import warnings

        warnings.warn(
            "from_numpy(): the given NumPy array is not writable; writing to this tensor is undefined "
            "behaviour. Copy the array first if you mean to write.",
            UserWarning,
            stacklevel=2,
        )
    return _core._from_buffer(ndarray)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A one-dimensional tensor that shares the memory of any object with the buffer protocol.

    Args:
        buffer: bytes, bytearray, memoryview, mmap, array ...
        dtype: the type of the elements.
        count: how many elements; -1 for all.
        offset: bytes to skip.

    Raises:
        ValueError: if the buffer is empty, too short or does not fit the dtype.

    >>> import kajo
    >>> kajo.frombuffer(bytearray([1, 2, 3]), dtype=kajo.uint8)
    tensor([1, 2, 3], dtype=kajo.uint8)
    """
    raw = memoryview(buffer).cast("B")
    size = dtype.itemsize
    if len(raw) == 0 or count == 0:
        raise ValueError(f"both buffer length ({len(raw)}) and count ({count}) must not be 0")
    if not 0 <= offset < len(raw):
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({len(raw)} bytes) minus 1"
        )
    room = len(raw) - offset
    if count < 0 and room % size:
        raise ValueError(
            f"buffer length ({room} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
        )
    wanted = room // size if count < 0 else count
    if wanted * size > room:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than actual buffer length ({len(raw)} bytes)"
        )
    if raw.readonly:
        import warnings

        warnings.warn("frombuffer(): the given buffer is not writable", UserWarning, stacklevel=2)
    shared: Tensor = _core._from_buffer(raw[offset : offset + wanted * size])
    if shared.data_ptr() % size:
        shared = shared.clone()
    return shared.view(dtype).requires_grad_(requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy where possible.

    >>> import kajo
    >>> x = kajo.zeros(2)
    >>> kajo.as_tensor(x) is x
    True
    """
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    if hasattr(data, "__array_interface__") and hasattr(data, "flags"):
        import numpy

        if isinstance(data, numpy.ndarray) and data.flags.writeable and data.dtype.isnative:
            return from_numpy(data).to(device=device, dtype=dtype)
    return _core.tensor(data, dtype=dtype, device=device)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """The data as a tensor; `copy` says whether memory may or must be shared.

    A tensor keeps its history unless `requires_grad` is given.

    Raises:
        ValueError: if `copy=False` and the memory cannot be shared.
    """
    if copy and isinstance(obj, Tensor):
        tensor = obj.to(device=device, dtype=dtype, copy=True)
    elif copy:
        tensor = _core.tensor(obj, dtype=dtype, device=device)
    else:
        if isinstance(obj, (bytes, bytearray, memoryview)) and dtype is None:
            dtype = _core.get_default_dtype()
        if isinstance(obj, (bytes, bytearray, memoryview)):
            tensor = frombuffer(obj, dtype=dtype)
        else:
            tensor = as_tensor(obj, dtype=dtype, device=device)
        if (
            copy is False
            and not isinstance(obj, (Tensor, bytes, bytearray, memoryview))
            and not hasattr(obj, "__array_interface__")
        ):
            raise ValueError("can't alias arbitrary sequence into a tensor: leave copy=False out")
        if copy is False and dtype is not None and dtype != as_tensor(obj).dtype:
            raise ValueError(f"can't alias {as_tensor(obj).dtype} as {dtype}: leave copy=False out")
    if requires_grad is False and tensor.requires_grad:
        return tensor.detach()
    return tensor.requires_grad_() if requires_grad and not tensor.requires_grad else tensor


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares the memory of another library's array, through DLPack."""
    from kajo.utils.dlpack import from_dlpack

    return from_dlpack(ext_tensor)


def from_file(
    filename: str, shared: bool = False, size: int = 0, *, dtype: Any = None, **_: Any
) -> Tensor:
    """A one-dimensional tensor over a file mapped into memory.

    Args:
        filename: the file.
        shared: write changes back to the file (which is made as long as needed).
        size: the number of elements.
    """
    import mmap

    dtype = dtype or _core.get_default_dtype()
    nbytes = size * dtype.itemsize
    if shared:
        with open(filename, "a+b") as file:
            file.truncate(max(nbytes, file.seek(0, 2)))
    with open(filename, "r+b" if shared else "rb") as file:
        access = mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY
        mapped = mmap.mmap(file.fileno(), nbytes, access=access)
    return frombuffer(mapped, dtype=dtype, count=size)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether `obj` is a storage."""
    from kajo.storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def typename(obj: Any) -> str:
    """The name of a tensor's type, such as 'kajo.FloatTensor', or of an object's class."""
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[no-any-return]
    cls = obj if isinstance(obj, type) else type(obj)
    return (
        f"{cls.__module__}.{cls.__qualname__}" if cls.__module__ != "builtins" else cls.__qualname__
    )


def set_default_dtype(d: Any, /) -> None:
    """Make `d` the dtype of floating-point tensors that are made without one.

    Raises:
        TypeError: if it is no floating-point dtype.
    """
    _core._set_default_dtype(d)


def get_default_device() -> Any:
    """The device of new tensors that are made without one: that of the block, or the default.

    >>> import kajo
    >>> with kajo.device("meta"):
    ...     kajo.get_default_device()
    device(type='meta')
    """
    from kajo.utils import _device

    return _device.current()


def set_default_device(device: Any) -> None:
    """Set the device of new tensors that are made without one.

    Args:
        device: None for the CPU.

    >>> import kajo
    >>> kajo.set_default_device("meta")
    >>> kajo.zeros(2).device
    device(type='meta')
    >>> kajo.set_default_device(None)
    """
    from kajo.utils import _device

    _device.set_default(device)


# Every result is the same every time already; these only remember what was asked for.
_deterministic = {"enabled": False, "warn_only": False}
_matmul_precision = ["highest"]


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for deterministic algorithms; all of kajo's are."""
    _deterministic.update(enabled=bool(mode), warn_only=bool(warn_only))


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic algorithms were asked for."""
    return _deterministic["enabled"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether a warning would do where an algorithm is not deterministic."""
    return _deterministic["warn_only"]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """0 or 'default', 1 or 'warn', 2 or 'error'."""
    level = {"default": 0, "warn": 1, "error": 2}.get(str(debug_mode), debug_mode)
    if level not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1 or 2, got {debug_mode}")
    use_deterministic_algorithms(level != 0, warn_only=level == 1)


def get_deterministic_debug_mode() -> int:
    """0: default, 1: warn, 2: error."""
    if not _deterministic["enabled"]:
        return 0
    return 1 if _deterministic["warn_only"] else 2


def set_float32_matmul_precision(precision: str) -> None:
    """'highest', 'high' or 'medium': on the CPU float32 products always have full precision."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high', or 'medium'.")
    _matmul_precision[0] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was given."""
    return _matmul_precision[0]


def init_num_threads() -> None:
    """Give a new thread the setting of `set_num_threads`: all threads share it already."""


def set_flush_denormal(mode: bool) -> bool:
    """Denormals are always kept: False says that the setting was not changed."""
    return False


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly detection on or off."""
    _core._set_anomaly_enabled(bool(mode))
    _core._set_anomaly_check_nan(bool(check_nan))


make_overridable(globals(), ("as_tensor", "asarray", "from_file", "frombuffer"))


_warnings = {"always": False}


def set_warn_always(b: bool, /) -> None:
    """Whether warnings that are given once are to be given each time; kept, as none is held back."""
    _warnings["always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was given."""
    return _warnings["always"]


def is_distributed(input: Tensor) -> bool:
    """Whether a tensor lies on several machines: never."""
    return False


def is_vulkan_available() -> bool:
    """Whether a Vulkan device can be used: never."""
    return False


def get_device_module(device: Any = None) -> Any:
    """The module of a kind of device: `kajo.cpu` or `kajo.cuda`.

    Raises:
        RuntimeError: for another kind.
    """
    import importlib

    kind = "cpu" if device is None else _core.device(device).type
    if kind not in ("cpu", "cuda"):
        raise RuntimeError(f"Invalid device module of '{kind}' requested: there are cpu and cuda")
    return importlib.import_module(f"kajo.{kind}")
