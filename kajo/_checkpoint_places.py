"""Where the storages of a checkpoint come from and go to, by the tag that the file has of it."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import kajo

__all__ = [
    "default_restore_location",
    "location_tag",
    "register_package",
    "validate_cuda_device",
    "validate_hpu_device",
]

_Tagger = Callable[[Any], "str | None"]
_Restorer = Callable[[Any, str], Any]

_CPU_ADVICE = (
    "If you are running on a CPU-only machine, please use load with map_location=kajo.device('cpu') "
    "to map your storages to the CPU."
)


def validate_cuda_device(location: str) -> int:
    """Return the number of a CUDA device by its tag.

    Raises:
        RuntimeError: if there is no such device.
    """
    if not kajo.cuda.is_available():
        raise RuntimeError(
            "load: Attempting to deserialize object on a CUDA device but cuda.is_available() is "
            f"False. {_CPU_ADVICE}"
        )
    index = kajo.device(location).index or 0
    if index >= kajo.cuda.device_count():
        raise RuntimeError(
            f"load: Attempting to deserialize object on CUDA device {index} but device_count() is "
            f"{kajo.cuda.device_count()}. Please use load with map_location to map your storages to "
            "an existing device."
        )
    return index


def validate_hpu_device(location: str) -> int:
    """Refuse the tag of an HPU: there is no support for it.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(f"load: The HPU device module is not registered. {_CPU_ADVICE}")


def _tag_of(kind: str) -> _Tagger:
    return lambda storage: str(storage.device) if storage.device.type == kind else None


def _restore_cpu(storage: Any, location: str) -> Any:
    return storage if location.split(":")[0] == "cpu" else None


def _restore_cuda(storage: Any, location: str) -> Any:
    if location.split(":")[0] != "cuda":
        return None
    return _on_device(storage, kajo.device("cuda", validate_cuda_device(location)))


def _restore_hpu(storage: Any, location: str) -> Any:
    if location.split(":")[0] == "hpu":
        validate_hpu_device(location)
    return None


def _restore_meta(storage: Any, location: str) -> Any:
    return _on_device(storage, kajo.device("meta")) if location == "meta" else None


def _on_device(storage: Any, device: Any) -> Any:
    data = kajo.empty(0, dtype=kajo.uint8, device=storage.device)
    data.set_(storage, 0, (storage.nbytes(),), (1,))
    return data.to(device).untyped_storage()


_packages: list[tuple[int, _Tagger, _Restorer]] = [
    (10, _tag_of("cpu"), _restore_cpu),
    (20, _tag_of("cuda"), _restore_cuda),
    (22, _tag_of("meta"), _restore_meta),
    (24, lambda storage: None, _restore_hpu),
]


def register_package(priority: int, tagger: _Tagger, deserializer: _Restorer) -> None:
    """Add a kind of place for storages; the ones with a lower priority are asked first.

    Args:
        priority: the built-in kinds have 10 to 24.
        tagger: gives the tag of a storage's place, or None if it is not of this kind.
        deserializer: puts a storage in the place of a tag, or returns None for other tags.

    Example:
        >>> import kajo
        >>> kajo.serialization.register_package(
        ...     30, lambda storage: None,
        ...     lambda storage, tag: storage if tag == "disk" else None)
        >>> storage = kajo.ones(1).untyped_storage()
        >>> kajo.serialization.default_restore_location(storage, "disk") is storage
        True
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=itemgetter(0))


def location_tag(storage: Any) -> str:
    """Return the tag of a storage's place, as checkpoints have it.

    Raises:
        RuntimeError: if no kind of place knows it.

    Example:
        >>> import kajo
        >>> kajo.serialization.location_tag(kajo.ones(1).untyped_storage())
        'cpu'
    """
    for _, tagger, _ in _packages:
        tag = tagger(storage)
        if tag:
            return tag
    raise RuntimeError(f"save: don't know how to determine data location of {_type_name(storage)}")


def default_restore_location(storage: Any, location: str) -> Any:
    """Put a storage in the place that a tag names.

    Raises:
        RuntimeError: if no kind of place knows the tag, or its device is not there.
    """
    for _, _, restore in _packages:
        result = restore(storage, location)
        if result is not None:
            return result
    raise RuntimeError(
        f"load: don't know how to restore data location of {_type_name(storage)} (tagged with "
        f"{location})"
    )


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
