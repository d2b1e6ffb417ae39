"""What can be set for all files that are saved or loaded."""

from __future__ import annotations

import mmap
from contextlib import AbstractContextManager
from enum import Enum

__all__ = [
    "LoadEndianness",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
    "skip_data",
]


class LoadEndianness(Enum):
    """The byte order of files that do not tell theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class _Settings:
    writes_checksums = True
    byte_order: LoadEndianness | None = None
    map_flags: int = mmap.MAP_PRIVATE
    skips_data = False


current = _Settings()


def get_crc32_options() -> bool:
    """Whether ``save`` writes the checksum of each record; True by default.

    Example:
        >>> import kajo
        >>> kajo.serialization.get_crc32_options()
        True
    """
    return current.writes_checksums


def set_crc32_options(compute_crc32: bool) -> None:
    """Choose whether ``save`` writes the checksum of each record; ``load`` checks what is there.

    Args:
        compute_crc32: False writes 0, which unzipping programs may complain about.

    Example:
        >>> import kajo
        >>> kajo.serialization.set_crc32_options(True)
    """
    current.writes_checksums = bool(compute_crc32)


def get_default_load_endianness() -> LoadEndianness | None:
    """The byte order of files that do not tell theirs; None: this machine's.

    Example:
        >>> import kajo
        >>> kajo.serialization.get_default_load_endianness() is None
        True
    """
    return current.byte_order


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Choose the byte order of files that do not tell theirs.

    Raises:
        TypeError: if it is no :class:`LoadEndianness`.

    Example:
        >>> import kajo
        >>> kajo.serialization.set_default_load_endianness(None)
    """
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError(
            "set_default_load_endianness: expected a LoadEndianness, but got "
            f"{type(endianness).__name__}"
        )
    current.byte_order = endianness


def get_default_mmap_options() -> int:
    """How ``load(mmap=True)`` maps files: ``mmap.MAP_PRIVATE`` or ``mmap.MAP_SHARED``.

    Example:
        >>> import kajo, mmap
        >>> kajo.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
        True
    """
    return current.map_flags


class set_default_mmap_options(AbstractContextManager[None]):
    """Choose how ``load(mmap=True)`` maps files; in a ``with`` block, for that block only.

    Args:
        flags: ``mmap.MAP_PRIVATE``: what is written to tensors stays in memory;
            ``mmap.MAP_SHARED``: it goes to the file.

    Raises:
        ValueError: for other flags.

    Example:
        >>> import kajo, mmap
        >>> with kajo.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        ...     kajo.serialization.get_default_mmap_options() == mmap.MAP_SHARED
        True
    """

    def __init__(self, flags: int) -> None:
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                "set_default_mmap_options: expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got "
                f"{flags}"
            )
        self._before = current.map_flags
        current.map_flags = flags

    def __exit__(self, *_: object) -> None:
        current.map_flags = self._before


class skip_data(AbstractContextManager[None]):
    """Save or load everything but the bytes of storages inside a ``with`` block.

    Saved, they are zeros whose place can be filled in later; loaded, they are not initialised.

    Args:
        materialize_fake_tensors: accepted for compatibility.

    Example:
        >>> import io, kajo
        >>> file = io.BytesIO()
        >>> with kajo.serialization.skip_data():
        ...     kajo.save(kajo.ones(2), file)
        >>> _ = file.seek(0)
        >>> kajo.load(file)
        tensor([0., 0.])
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors
        self._before = False

    def __enter__(self) -> None:
        self._before, current.skips_data = current.skips_data, True

    def __exit__(self, *_: object) -> None:
        current.skips_data = self._before
