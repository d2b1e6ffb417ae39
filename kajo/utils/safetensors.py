"""Tensors in safetensors files, which hold names and numbers and nothing that could be executed.

Needs the library `safetensors` (extra `safetensors`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import kajo
from kajo import Tensor, _checkpoint_writer, _tensor_bytes

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip


def _library() -> Any:
    try:
        import safetensors
    except ImportError as error:
        raise ImportError(
            "kajo.utils.safetensors needs the library safetensors: pip install 'kajo[safetensors]'"
        ) from error
    return safetensors


def _check_independent(tensors: Mapping[str, Tensor]) -> None:
    names: dict[Any, str] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"save_file: expected a tensor for '{name}', but got {type(tensor).__name__}"
            )
        if tensor.layout is not kajo.strided:
            raise ValueError(f"save_file: '{name}' is sparse; call to_dense() on it first")
        if not tensor.is_contiguous():
            raise ValueError(
                f"save_file: '{name}' is not contiguous; call contiguous() on it first"
            )
        if tensor.numel():
            other = names.setdefault(_tensor_bytes.storage_key(tensor), name)
            if other != name:
                raise RuntimeError(
                    f"save_file: '{other}' and '{name}' share memory, which the format cannot say; "
                    f"save a clone of one of them, or a module with save_model"
                )


def _described(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Any], list[Any]]:
    """The tensors as the library wants them, and what has to live until they are written."""
    _check_independent(tensors)
    describe = getattr(_library(), "TensorSpec", None)
    described: dict[str, Any] = {}
    data = [_tensor_bytes.tensor_bytes(tensor) for tensor in tensors.values()]
    for (name, tensor), array in zip(tensors.items(), data, strict=True):
        parts = {
            "dtype": _checkpoint_writer.dtype_name(tensor.dtype),
            "shape": list(tensor.shape),
        }
        if describe is None:
            described[name] = {**parts, "data": array.tobytes()}
        else:
            described[name] = describe(**parts, data_ptr=array.ctypes.data, data_len=array.nbytes)
    return described, data


def save(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a file with these tensors.

    Args:
        tensors: contiguous tensors by name, no two of which share memory.
        metadata: text to put beside them.

    Raises:
        ValueError: if a value is no contiguous, dense tensor.
        RuntimeError: if two tensors share memory.
    """
    described, alive = _described(tensors)
    data: bytes = _library().serialize(described, metadata=metadata)
    del alive
    return data


def save_file(
    tensors: Mapping[str, Tensor], filename: Any, metadata: dict[str, str] | None = None
) -> None:
    """Save tensors in a file; whatever happens, there is the old file or the new one, whole.

    Args:
        tensors: contiguous tensors by name, no two of which share memory.
        filename: path.
        metadata: text to put beside them.

    Raises:
        ValueError: if a value is no contiguous, dense tensor.
        RuntimeError: if two tensors share memory, or the folder does not exist.
    """
    data = save(tensors, metadata)
    with _checkpoint_writer.replacing(os.fspath(filename)) as stream:
        stream.write(data)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors in the bytes of a file, by name.

    Raises:
        safetensors.SafetensorError: if the bytes are damaged.
        ValueError: for a dtype that there is not.
    """
    tensors = {}
    for name, found in _library().deserialize(data):
        dtype = getattr(kajo, _DTYPES.get(found["dtype"], ""), None)
        if dtype is None:
            raise ValueError(f"load: '{name}' has the dtype {found['dtype']}, which there is not")
        if 0 in found["shape"]:
            tensors[name] = kajo.empty(found["shape"], dtype=dtype)
            continue
        flat = _tensor_bytes.bytes_tensor(bytearray(found["data"]))
        tensors[name] = flat.view(dtype).reshape(found["shape"])
    return tensors


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """Load the tensors of a file, by name.

    Args:
        filename: path.
        device: where they go.

    Raises:
        FileNotFoundError: if there is no such file.
        safetensors.SafetensorError: if it is damaged.
    """
    with open(filename, "rb") as file:
        tensors = load(file.read())
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _without_repeats(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The entries that share no memory, and the name of the entry kept for each of the others."""
    kept: dict[Any, str] = {}
    repeats: dict[str, str] = {}
    for name in sorted(state):
        tensor = state[name]
        if not tensor.numel():
            continue
        whole = _tensor_bytes.storage_key(tensor), tensor.storage_offset(), tuple(tensor.shape)
        first = kept.setdefault(whole, name)
        if first != name:
            repeats[name] = first
    return {name: tensor for name, tensor in state.items() if name not in repeats}, repeats


def save_model(
    model: Any,
    filename: Any,
    metadata: dict[str, str] | None = None,
    force_contiguous: bool = True,
) -> None:
    """Save the state of a module; of entries that are the same tensor, only one is written.

    Args:
        model: a module.
        filename: path.
        metadata: text to put beside it; the names that were left out are added.
        force_contiguous: write what is not contiguous as if it were.

    Raises:
        RuntimeError: if parts of different entries share memory.
    """
    state, repeats = _without_repeats(model.state_dict())
    if repeats:
        metadata = {**repeats, **(metadata or {})}
    if force_contiguous:
        state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(state, filename, metadata)


def load_model(
    model: Any, filename: Any, strict: bool = True, device: Any = "cpu"
) -> tuple[set[str], list[str]]:
    """Load a file into a module.

    Args:
        model: a module.
        filename: path.
        strict: whether names of the module and of the file must be the same.
        device: where the tensors are loaded to first.

    Returns:
        The names that the file lacks, and those that the module lacks.

    Raises:
        RuntimeError: if names differ and ``strict``.
    """
    state = load_file(filename, device)
    _, repeats = _without_repeats(model.state_dict())
    missing, unexpected = model.load_state_dict(state, strict=False)
    # One of the names of a tensor is enough; which one is written is not settled.
    groups: dict[str, set[str]] = {}
    for name, first in repeats.items():
        groups.setdefault(first, {first}).add(name)
    lacking = set(missing)
    for group in groups.values():
        if group & state.keys():
            lacking -= group
    if strict and (lacking or unexpected):
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(model).__name__}:"
            f"\n    Missing key(s): {sorted(lacking)}\n    Unexpected key(s): {sorted(unexpected)}"
        )
    return lacking, list(unexpected)
