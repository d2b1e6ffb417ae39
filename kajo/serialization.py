"""Saving objects to files and loading them, in PyTorch's formats."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import kajo
from kajo import _checkpoint_names, _checkpoint_reader, _checkpoint_writer
from kajo._checkpoint_places import (
    default_restore_location,
    location_tag,
    register_package,
    validate_cuda_device,
    validate_hpu_device,
)
from kajo._checkpoint_settings import (
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
    skip_data,
)
from kajo._checkpoint_types import (
    SourceChangeWarning,
    StorageType,
    check_module_version_greater_or_equal,
    mkdtemp,
    normalize_storage_type,
    storage_to_tensor_type,
)
from kajo._pickle_reader import DataUnpickler, Global, UnpicklingError

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = [
    "LoadEndianness",
    "SourceChangeWarning",
    "StorageType",
    "add_safe_globals",
    "check_module_version_greater_or_equal",
    "clear_safe_globals",
    "default_restore_location",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "mkdtemp",
    "normalize_storage_type",
    "register_package",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
    "skip_data",
    "storage_to_tensor_type",
    "validate_cuda_device",
    "validate_hpu_device",
]

File: TypeAlias = "str | os.PathLike[str] | IO[bytes]"

_safe_globals: dict[str, Any] = {}


def _full_name(item: Any) -> tuple[str, Any]:
    if isinstance(item, tuple):
        if len(item) != 2 or not isinstance(item[1], str):
            raise ValueError(
                f"add_safe_globals: expected (object, 'module.name'), but got {item!r:.100}"
            )
        return item[1], item[0]
    if not hasattr(item, "__qualname__"):
        raise ValueError(f"add_safe_globals: expected a class or function, but got {item!r:.100}")
    return f"{item.__module__}.{item.__qualname__}", item


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow ``load(weights_only=True)`` to use classes and functions: it may then call them.

    Args:
        safe_globals: classes or functions, or pairs ``(object, "module.name")`` for objects that
            checkpoints know under another name.

    Raises:
        ValueError: if an entry is neither.

    Example:
        >>> import kajo
        >>> from fractions import Fraction
        >>> kajo.serialization.add_safe_globals([Fraction])
        >>> kajo.serialization.get_safe_globals()
        [<class 'fractions.Fraction'>]
        >>> kajo.serialization.clear_safe_globals()
    """
    _safe_globals.update(_full_name(item) for item in safe_globals)


def get_safe_globals() -> list[Any]:
    """Return what :func:`add_safe_globals` has allowed.

    Example:
        >>> import kajo
        >>> kajo.serialization.get_safe_globals()
        []
    """
    return list(_safe_globals.values())


def clear_safe_globals() -> None:
    """Forget what :func:`add_safe_globals` has allowed.

    Example:
        >>> import kajo
        >>> kajo.serialization.clear_safe_globals()
    """
    _safe_globals.clear()


class safe_globals(contextlib.AbstractContextManager[None]):
    """Allow classes and functions inside a ``with`` block; see :func:`add_safe_globals`.

    Args:
        safe_globals: as for :func:`add_safe_globals`.

    Example:
        >>> import kajo
        >>> from fractions import Fraction
        >>> with kajo.serialization.safe_globals([Fraction]):
        ...     len(kajo.serialization.get_safe_globals())
        1
    """

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals
        self._before: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._before = dict(_safe_globals)
        add_safe_globals(self.safe_globals)

    def __exit__(self, *_: object) -> None:
        _safe_globals.clear()
        _safe_globals.update(self._before)


def _build(target: Any, state: Any) -> None:
    """Put a state into an object of an allowed class, as unpickling does."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        vars(target).update(attributes)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _new(cls: Any) -> Callable[..., Any]:
    return lambda *args: cls.__new__(cls, *args)


def _allowed_global(value: Any) -> Global:
    is_class = isinstance(value, type)
    call = value if callable(value) else None
    return Global(
        value, call, build=_build if is_class else None, new=_new(value) if is_class else None
    )


def _find_allowed(module: str, name: str) -> Global:
    full_name = f"{module}.{name}"
    ours = f"{_checkpoint_names.translate_module(module)}.{name}"
    for candidate in (full_name, ours):
        if candidate in _safe_globals:
            return _allowed_global(_safe_globals[candidate])
    found = _checkpoint_names.find_allowed(full_name)
    if found is None:
        raise UnpicklingError(
            f"Unsupported global: GLOBAL {full_name} was not an allowed global by default. If you "
            f"trust it, allow it with kajo.serialization.add_safe_globals([{name}]) or the "
            f"kajo.serialization.safe_globals([{name}]) context manager"
        )
    return found


def save(
    obj: object,
    f: File,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file that this library and PyTorch can load.

    A path is written beside its place and then moved there: whatever happens, it holds the old
    file or the new one, whole. Tensors that share a storage still do after loading.

    Args:
        obj: tensors, modules, and any structure of them.
        f: path, or writable binary file.
        pickle_module: module that pickles what is not a tensor.
        pickle_protocol: protocol of the pickle.

    Raises:
        RuntimeError: if the folder does not exist, or tensors of different dtypes share a storage.
        AttributeError: if ``f`` is neither a path nor a file.

    Example:
        >>> import io, kajo
        >>> file = io.BytesIO()
        >>> kajo.save({"weight": kajo.ones(2)}, file)
        >>> _ = file.seek(0)
        >>> kajo.load(file)
        {'weight': tensor([1., 1.])}
    """
    with contextlib.ExitStack() as stack:
        folder = "archive"
        if isinstance(f, (str, os.PathLike)):
            path = os.fspath(f)
            folder = os.path.splitext(os.path.basename(path))[0] or folder
            stream = stack.enter_context(_checkpoint_writer.replacing(path))
        elif hasattr(f, "write"):
            stream = f
        else:
            raise AttributeError(
                f"save: expected 'f' to be string, path, or a file-like object with a 'write' "
                f"attribute, but got {type(f).__name__}"
            )
        if _use_new_zipfile_serialization:
            _checkpoint_writer.write_zip(
                obj, stream, folder, pickle_module, pickle_protocol, not _disable_byteorder_record
            )
        else:
            _checkpoint_writer.write_legacy(obj, stream, pickle_module, pickle_protocol)


def _over(storage: Any) -> Tensor:
    """All bytes of a storage as a tensor."""
    data = kajo.empty(0, dtype=kajo.uint8, device=storage.device)
    return data.set_(storage, 0, (storage.nbytes(),), (1,))


def _default_place(data: Tensor, location: str) -> Tensor:
    storage = data.untyped_storage()
    restored = default_restore_location(storage, location)
    return data if restored is storage else _over(restored)


def _place(map_location: Any) -> _checkpoint_reader.Place:
    """Make the function that puts loaded bytes on their device."""
    if map_location is None:
        return _default_place
    if isinstance(map_location, dict):
        return lambda data, location: _default_place(
            data, str(map_location.get(location, location))
        )
    if isinstance(map_location, (str, kajo.device)):
        target = kajo.device(map_location)
        return lambda data, location: data if target.type == "cpu" else data.to(target)

    def call(data: Tensor, location: str) -> Tensor:
        storage = map_location(data.untyped_storage(), location)
        if storage is None:
            return _default_place(data, location)
        return _over(storage)

    return call


_ADVICE = (
    "Weights only load failed. load() refuses by default to do more than read data, because a "
    "pickle may execute code. If you trust the source of the file, pass weights_only=False. "
)


def _data_loader(encoding: str) -> Callable[..., Any]:
    def load_data(stream: IO[bytes], persistent_load: Any) -> Any:
        try:
            return DataUnpickler(stream, _find_allowed, persistent_load, encoding).load()
        except UnpicklingError as error:
            cause = error.__cause__
            if isinstance(cause, RuntimeError):
                raise cause from None
            raise UnpicklingError(f"{_ADVICE}{error}") from None

    return load_data


def _object_loader(pickle_module: Any, options: dict[str, Any]) -> Callable[..., Any]:
    def load_object(stream: IO[bytes], persistent_load: Any) -> Any:
        class Unpickler(pickle_module.Unpickler):  # type: ignore[misc]
            def find_class(self, module: str, name: str) -> Any:
                found = _checkpoint_names.find_allowed(f"{module}.{name}")
                if found is not None:
                    return found.value
                return super().find_class(_checkpoint_names.translate_module(module), name)

        unpickler = Unpickler(stream, **options)
        if persistent_load is not None:
            unpickler.persistent_load = persistent_load
        return unpickler.load()

    return load_object


def load(
    f: File,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object that :func:`save` or PyTorch's ``save`` wrote, in any of its formats.

    By default a file is only read: it can hold tensors, parameters, plain data and what
    :func:`add_safe_globals` allows, and nothing in it is executed.

    Args:
        f: path, or readable and seekable binary file.
        map_location: where storages go: a device, a dictionary from saved to new locations, or a
            function of storage and saved location; None: where they were saved from.
        pickle_module: module that unpickles; only with ``weights_only=False``.
        weights_only: False unpickles everything, and with it executes what the file says.
        mmap: map the file, so that data is read when it is used; ``f`` must be a path.
        **pickle_load_args: arguments of the unpickler, such as ``encoding``.

    Returns:
        The object.

    Raises:
        pickle.UnpicklingError: if the file asks for what is not allowed, or is damaged.
        RuntimeError: if the file is damaged or truncated, or a device is not there.
        EOFError: if the file ends too early.

    Example:
        >>> import io, kajo
        >>> file = io.BytesIO()
        >>> kajo.save([kajo.zeros(1), "text"], file)
        >>> _ = file.seek(0)
        >>> kajo.load(file)
        [tensor([0.]), 'text']
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError(
            "load: Can not safely load weights when explicit pickle_module is specified; pass "
            "weights_only=False"
        )
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("load: f must be a file path in order to use the mmap argument")
    encoding = pickle_load_args.setdefault("encoding", "utf-8")
    reader = (
        _data_loader(encoding)
        if weights_only
        else _object_loader(pickle_module or pickle, pickle_load_args)
    )
    source = _checkpoint_reader.Source(reader, _place(map_location))
    with _opened(f) as stream:
        return _load(stream, source, os.fspath(f) if mmap else None)  # type: ignore[arg-type]


@contextlib.contextmanager
def _opened(f: File) -> Iterator[IO[bytes]]:
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as stream:
            yield stream
        return
    for needed in ("read", "seek", "tell"):
        if not hasattr(f, needed):
            raise AttributeError(
                f"'{type(f).__name__}' object has no attribute '{needed}'. You can only load from "
                "a file that is seekable. Please pre-load the data into a buffer like io.BytesIO "
                "and try to load from it instead."
            )
    yield f


def _load(stream: IO[bytes], source: _checkpoint_reader.Source, path: str | None) -> Any:
    start = stream.tell()
    head = stream.read(4)
    stream.seek(start)
    if not head:
        raise EOFError("load: Ran out of input: the file is empty")
    if head == b"PK\x03\x04":
        whole = stream if start == 0 else io.BytesIO(stream.read())
        return _checkpoint_reader.ZipCheckpoint(whole, path).load(source)
    if path is not None:
        raise RuntimeError(
            "load: mmap can only be used with files in the zip format; load the file without it "
            "and save it again"
        )
    if _checkpoint_reader.is_tar(stream):
        return _checkpoint_reader.load_tar(stream, source)
    return _checkpoint_reader.load_legacy(stream, source)


def get_unsafe_globals_in_checkpoint(f: File) -> list[str]:
    """Return the names in a zip checkpoint that ``load(weights_only=True)`` would refuse.

    Args:
        f: path, or readable and seekable binary file.

    Returns:
        Full names, in alphabetical order.

    Raises:
        ValueError: if the file is not in the zip format.

    Example:
        >>> import io, kajo
        >>> file = io.BytesIO()
        >>> kajo.save(kajo.ones(1), file)
        >>> kajo.serialization.get_unsafe_globals_in_checkpoint(file)
        []
    """
    import pickletools

    with _opened(f) as stream:
        stream.seek(0)
        if stream.read(4) != b"PK\x03\x04":
            raise ValueError("get_unsafe_globals_in_checkpoint: the file is not in the zip format")
        stream.seek(0)
        text = _checkpoint_reader.ZipCheckpoint(stream, None).record("data.pkl").tobytes()
    names: set[str] = set()
    recent: list[str] = []
    for opcode, argument, _ in pickletools.genops(text):
        if opcode.name == "GLOBAL":
            names.add(str(argument).replace(" ", ".", 1))
        elif opcode.name == "STACK_GLOBAL" and len(recent) >= 2:
            names.add(".".join(recent[-2:]))
        elif isinstance(argument, str):
            recent.append(argument)
    allowed = {name for name in names if _checkpoint_names.find_allowed(name) is not None}
    return sorted(names - allowed - set(_safe_globals))
