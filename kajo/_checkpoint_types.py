"""Small things that programs around checkpoints use: types of storages, versions, folders."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

import kajo
from kajo._checkpoint_names import STORAGE_DTYPES

__all__ = [
    "SourceChangeWarning",
    "StorageType",
    "check_module_version_greater_or_equal",
    "mkdtemp",
    "normalize_storage_type",
    "storage_to_tensor_type",
]


class SourceChangeWarning(Warning):
    """The source of a class has changed since a model was saved."""


class StorageType:
    """The type of a storage in a checkpoint, by its name.

    Args:
        name: such as ``FloatStorage``.

    Raises:
        KeyError: if there is no such type.

    Example:
        >>> import kajo
        >>> kajo.serialization.StorageType("FloatStorage").dtype
        kajo.float32
    """

    def __init__(self, name: str) -> None:
        self._dtype = getattr(kajo, STORAGE_DTYPES[name])

    @property
    def dtype(self) -> Any:
        """The dtype of its elements."""
        return self._dtype

    def __str__(self) -> str:
        return f"StorageType(dtype={self.dtype})"


def check_module_version_greater_or_equal(
    module: Any, req_version_tuple: tuple[Any, ...], error_if_malformed: bool = True
) -> bool:
    """Whether the version of a module is at least a given one.

    Args:
        module: has the version as text in ``__version__``.
        req_version_tuple: the parts to compare, each with the type that it is to be read as.
        error_if_malformed: False warns, and returns True, where the version cannot be compared.

    Raises:
        RuntimeError: if the version cannot be compared.

    Example:
        >>> import kajo, types
        >>> module = types.SimpleNamespace(__name__="m", __version__="1.10.0")
        >>> kajo.serialization.check_module_version_greater_or_equal(module, (1, 9))
        True
    """
    import warnings

    parts = module.__version__.split(".")
    try:
        version = tuple(type(part)(parts[i]) for i, part in enumerate(req_version_tuple))
    except Exception as error:
        message = (
            f"'{module.__name__}' module version string is malformed '{module.__version__}' and "
            f"cannot be compared with tuple {req_version_tuple!s}"
        )
        if error_if_malformed:
            raise RuntimeError(message) from error
        warnings.warn(message + ", but continuing assuming that requirement is met", stacklevel=2)
        return True
    return version >= tuple(req_version_tuple)


@contextlib.contextmanager
def mkdtemp() -> Iterator[str]:
    """A temporary folder for the time of a ``with`` block.

    Example:
        >>> import kajo, os
        >>> with kajo.serialization.mkdtemp() as folder:
        ...     os.path.isdir(folder)
        True
    """
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def normalize_storage_type(storage_type: type) -> Any:
    """The type of this package with the name of a storage type.

    Example:
        >>> import kajo
        >>> kajo.serialization.normalize_storage_type(kajo.UntypedStorage)
        <class 'kajo.storage.UntypedStorage'>
    """
    return getattr(kajo, storage_type.__name__)


def storage_to_tensor_type(storage: Any) -> Any:
    """The class of the tensors that a typed storage holds the elements of.

    Example:
        >>> import kajo
        >>> kajo.serialization.storage_to_tensor_type(kajo.ones(1).storage()).__name__
        'FloatTensor'
    """
    names = {getattr(kajo, dtype): name for name, dtype in STORAGE_DTYPES.items()}
    return getattr(kajo, names[storage.dtype].replace("Storage", "Tensor"))
