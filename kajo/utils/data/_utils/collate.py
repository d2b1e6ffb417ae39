"""Joins samples into batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any, TypeAlias

import numpy as np

import kajo

CollateMap: TypeAlias = "dict[Any, Callable[..., Any]]"

_TEXT_KINDS = frozenset("SUO")


def _apply(convert: Callable[[Any], Any], data: Any) -> Any:
    """Apply a function inside mappings and sequences, keeping their types where possible."""
    if isinstance(data, Mapping):
        items = {key: convert(value) for key, value in data.items()}
        return _rebuild_mapping(data, items)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(convert(item) for item in data))
    if isinstance(data, tuple):
        return [convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuild_sequence(data, [convert(item) for item in data])
    return data


def _rebuild_mapping(like: Any, items: dict[Any, Any]) -> Any:
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(items)
            return clone
        return type(like)(items)
    except TypeError:
        return items


def _rebuild_sequence(like: Any, items: list[Any]) -> Any:
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for index, item in enumerate(items):
                clone[index] = item
            return clone
        return type(like)(items)
    except TypeError:
        return items


def default_convert(data: Any) -> Any:
    """Turn NumPy arrays and scalars into tensors, inside mappings and sequences too.

    Args:
        data: anything; what has no tensor form is returned as it is.

    Returns:
        The same structure with tensors.

    Example:
        >>> import numpy as np
        >>> from kajo.utils.data import default_convert
        >>> default_convert({"a": np.array([1, 2])})
        {'a': tensor([1, 2])}
    """
    if isinstance(data, kajo.Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        is_text = isinstance(data, np.ndarray) and data.dtype.kind in _TEXT_KINDS
        return data if is_text else kajo.as_tensor(data)
    return _apply(default_convert, data)


def _collate_tensors(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return kajo.stack(list(batch), 0)


def _collate_arrays(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    if batch[0].dtype.kind in _TEXT_KINDS:
        raise TypeError(_refusal(batch[0].dtype))
    return collate([kajo.as_tensor(item) for item in batch], collate_fn_map=collate_fn_map)


def _collate_numpy_scalars(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return kajo.as_tensor(batch)


def _collate_floats(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return kajo.tensor(batch, dtype=kajo.float64)


def _collate_integers(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return kajo.tensor(batch)


def _collate_text(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    return batch


default_collate_fn_map: CollateMap = {
    kajo.Tensor: _collate_tensors,
    np.ndarray: _collate_arrays,
    (np.bool_, np.number, np.object_): _collate_numpy_scalars,
    float: _collate_floats,
    int: _collate_integers,
    str: _collate_text,
    bytes: _collate_text,
}
"""Type, or tuple of types, of a sample to the function that joins samples of it."""


def _refusal(found: Any) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {found}"
    )


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Join samples into a batch by the type of the first one.

    Args:
        batch: list of samples.
        collate_fn_map: type (or tuple of types) to a function
            ``f(batch, *, collate_fn_map)``; exact types come before base classes.

    Returns:
        The batch; mappings and sequences are joined entry by entry.

    Raises:
        TypeError: if samples have a type that nothing can join.
        RuntimeError: if sequences differ in length.

    Example:
        >>> from kajo.utils.data._utils.collate import collate
        >>> collate(["a", "b"], collate_fn_map={str: lambda batch, collate_fn_map: "".join(batch)})
        'ab'
    """
    first = batch[0]
    if collate_fn_map is not None:
        if type(first) in collate_fn_map:
            return collate_fn_map[type(first)](batch, collate_fn_map=collate_fn_map)
        for kind, join in collate_fn_map.items():
            if isinstance(first, kind):
                return join(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        items = {
            key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map)
            for key in first
        }
        return _rebuild_mapping(first, items)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(
            *(collate(group, collate_fn_map=collate_fn_map) for group in zip(*batch, strict=True))
        )
    if not isinstance(first, Sequence):
        raise TypeError(_refusal(type(first)))
    if any(len(sample) != len(first) for sample in batch):
        lengths = sorted({len(sample) for sample in batch})
        raise RuntimeError(
            f"default_collate: each element in list of batch should be of equal size, got lengths "
            f"{lengths}; pad them or pass collate_fn"
        )
    groups = [collate(group, collate_fn_map=collate_fn_map) for group in zip(*batch, strict=True)]
    return groups if isinstance(first, tuple) else _rebuild_sequence(first, groups)


def default_collate(batch: Any) -> Any:
    """Join samples into a batch: tensors are stacked, numbers become tensors, text is listed.

    Args:
        batch: list of samples: tensors, arrays, numbers, text, or mappings and sequences of them.

    Returns:
        The batch, with a new first dimension.

    Raises:
        TypeError: if samples have a type that cannot be joined.
        RuntimeError: if tensors or sequences differ in size.

    Example:
        >>> from kajo.utils.data import default_collate
        >>> default_collate([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}])
        {'x': tensor([1, 2]), 'y': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
