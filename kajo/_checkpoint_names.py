"""The names that checkpoints use, and what they stand for.

Checkpoints name PyTorch's functions and types; that is the file format. This table is the whole
of what such a name can become here.
"""

from __future__ import annotations

import codecs
import importlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import kajo
from kajo import _core, _tensor_bytes
from kajo._pickle_reader import Global, UnpicklingError, check_keys

if TYPE_CHECKING:
    from kajo import Tensor

STORAGE_DTYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
"""Name of a typed storage to the name of its dtype."""

DTYPE_NAMES = tuple(name for name, value in vars(_core).items() if isinstance(value, _core.dtype))


@dataclass(frozen=True)
class StorageType:
    """The type of a storage in a checkpoint; untyped ones have no dtype."""

    name: str
    dtype: Any

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return 1 if self.dtype is None else int(self.dtype.itemsize)


@dataclass(frozen=True)
class LoadedStorage:
    """A storage of a checkpoint: its bytes, and the dtype in which tensors count them.

    Attributes:
        data: one-dimensional uint8 tensor with all bytes.
        dtype: dtype of an element; None when untyped.
        offset: element at which a view of the storage starts.
    """

    data: Tensor
    dtype: Any
    offset: int = 0

    def untyped(self) -> Any:
        """Return the bytes as an UntypedStorage."""
        return self.data.untyped_storage()


def _storage_of(value: Any, dtype: Any) -> LoadedStorage:
    if isinstance(value, LoadedStorage):
        return value
    if isinstance(value, kajo.UntypedStorage):
        data = kajo.empty(0, dtype=kajo.uint8, device=value.device)
        data.set_(value, 0, (value.nbytes(),), (1,))
        return LoadedStorage(data, dtype)
    raise UnpicklingError(f"a tensor needs a storage, not a {type(value).__name__}")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnpicklingError(f"requires_grad must be a bool, not a {type(value).__name__}")
    return value


def _new_tensor(storage: LoadedStorage, dtype: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    if not isinstance(size, tuple) or not isinstance(stride, tuple) or type(offset) is not int:
        raise UnpicklingError("size and stride of a tensor must be tuples, its offset an integer")
    if not isinstance(dtype, kajo.dtype):
        raise UnpicklingError(f"a tensor needs a dtype, not a {type(dtype).__name__}")
    return _tensor_bytes.layout_tensor(
        "load", storage.data, dtype, size, stride, offset + storage.offset
    )


def rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor as PyTorch up to 0.3 wrote it."""
    found = _storage_of(storage, None)
    return _new_tensor(found, found.dtype, offset, size, stride)


def rebuild_tensor_v2(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:
    """A tensor whose dtype is that of its storage."""
    tensor = rebuild_tensor(storage, offset, size, stride)
    return _with_flags(tensor, requires_grad, metadata)


def rebuild_tensor_v3(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    backward_hooks: Any,
    dtype: Any,
    metadata: Any = None,
) -> Tensor:
    """A tensor with a dtype of its own."""
    tensor = _new_tensor(_storage_of(storage, dtype), dtype, offset, size, stride)
    return _with_flags(tensor, requires_grad, metadata)


def _with_flags(tensor: Tensor, requires_grad: Any, metadata: Any) -> Tensor:
    if isinstance(metadata, dict):
        tensor = tensor.conj() if metadata.get("conj") is True else tensor
        tensor = -tensor if metadata.get("neg") is True else tensor
    return tensor.requires_grad_(True) if _flag(requires_grad) else tensor


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Any:
    """A parameter around its tensor."""
    if not isinstance(data, kajo.Tensor):
        raise UnpicklingError(f"a Parameter needs a tensor, not a {type(data).__name__}")
    return kajo.nn.Parameter(data, _flag(requires_grad))


def _set_attributes(target: Any, state: Any) -> None:
    if isinstance(state, tuple) and len(state) == 2:
        for part in state:
            _set_attributes(target, part)
        return
    if state is None:
        return
    if type(state) not in (dict, OrderedDict) or not all(type(key) is str for key in state):
        raise UnpicklingError("the state of an object must be a dictionary with names as keys")
    # Not through setattr: a state must not reach properties such as ``data``.
    vars(target).update(state)


def rebuild_parameter_with_state(
    data: Any, requires_grad: Any, backward_hooks: Any, state: Any
) -> Any:
    """A parameter with attributes of its own."""
    parameter = rebuild_parameter(data, requires_grad, backward_hooks)
    _set_attributes(parameter, state)
    return parameter


def rebuild_meta_tensor(dtype: Any, size: Any, stride: Any, requires_grad: Any) -> Tensor:
    """A tensor without data."""
    _tensor_bytes.check_layout("load", 2**62, 1, size, stride, 0)
    tensor = kajo.empty_strided(size, stride, dtype=dtype, device="meta")
    return tensor.requires_grad_(_flag(requires_grad))


def rebuild_from_type(function: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """A tensor of a subclass, or one with attributes of its own."""
    if function not in _REBUILDERS.values() or not isinstance(arguments, tuple):
        raise UnpicklingError("a tensor can only be rebuilt by the functions that build tensors")
    if not (isinstance(kind, type) and issubclass(kind, kajo.Tensor)):
        raise UnpicklingError(f"{kind!r} is no subclass of Tensor")
    tensor = function(*arguments)
    if tensor.is_nested:
        return tensor
    if type(tensor) is not kind:
        tensor = tensor.as_subclass(kind)
    _set_attributes(tensor, state)
    return tensor


def rebuild_sparse_tensor(layout: Any, data: Any) -> Tensor:
    """A sparse tensor from its parts, which are checked like any program's."""
    if not isinstance(data, tuple) or len(data) not in (4, 3):
        raise UnpicklingError("a sparse tensor needs its places, values and size")
    if layout == kajo.sparse_coo:
        indices, values, size, unique = (*data, False)[:4]
        tensor = kajo.sparse_coo_tensor(indices, values, tuple(size))
        return tensor.coalesce() if unique else tensor
    outer, inner, values, size = data
    return kajo.sparse_compressed_tensor(outer, inner, values, tuple(size), layout=layout)


def rebuild_nested_tensor(values: Any, sizes: Any, strides: Any, offsets: Any) -> Tensor:
    """A nested tensor of layout strided: a buffer, and how its components lie in it."""
    from kajo.nested._tensor import strided

    if not all(isinstance(part, kajo.Tensor) for part in (values, sizes, strides, offsets)):
        raise UnpicklingError("a nested tensor needs tensors of values, sizes, strides and offsets")
    shapes, steps, starts = sizes.tolist(), strides.tolist(), offsets.tolist()
    for shape, step, start in zip(shapes, steps, starts, strict=True):
        values.as_strided(shape, step, start)  # refuses what is out of bounds
    return strided(values.reshape(-1), shapes, steps, starts)


def rebuild_jagged(parts: Any) -> Tensor:
    """A nested tensor of layout jagged, from its parts by name."""
    if type(parts) is not dict or not {"values", "offsets"} <= parts.keys():
        raise UnpicklingError("a jagged tensor needs values and offsets")
    tensor = kajo.nested.nested_tensor_from_jagged(
        parts["values"], parts["offsets"], parts.get("lengths"), parts.get("_ragged_idx", 1)
    )
    tensor.unbind()  # refuses what is out of bounds
    return tensor


class _DimensionRange:
    """What PyTorch's compiler notes at a jagged tensor's parts, which is not kept."""

    def __setstate__(self, state: Any) -> None:
        """Takes nothing over."""


_REBUILDERS: dict[str, Callable[..., Any]] = {
    "_utils._rebuild_tensor": rebuild_tensor,
    "_utils._rebuild_tensor_v2": rebuild_tensor_v2,
    "_utils._rebuild_tensor_v3": rebuild_tensor_v3,
    "_utils._rebuild_parameter": rebuild_parameter,
    "_utils._rebuild_parameter_with_state": rebuild_parameter_with_state,
    "_utils._rebuild_sparse_tensor": rebuild_sparse_tensor,
    "_utils._rebuild_nested_tensor": rebuild_nested_tensor,
    "nested._internal.nested_tensor._rebuild_njt": rebuild_jagged,
    "_utils._rebuild_meta_tensor_no_storage": rebuild_meta_tensor,
    "_tensor._rebuild_from_type_v2": rebuild_from_type,
}


def _layout(name: Any) -> Any:
    kinds = (
        "strided",
        "sparse_coo",
        "sparse_csr",
        "sparse_csc",
        "sparse_bsr",
        "sparse_bsc",
        "jagged",
    )
    package, _, kind = str(name).partition(".")
    if package not in ("torch", "kajo") or kind not in kinds:
        raise UnpicklingError(f"unknown layout {name!r}")
    return getattr(kajo, kind)


def _size(sizes: Any = ()) -> Any:
    if type(sizes) not in (tuple, list) or not all(type(n) is int for n in sizes):
        raise UnpicklingError("a Size needs integers")
    return kajo.Size(sizes)


def _ordered_dict(items: Any = ()) -> OrderedDict[Any, Any]:
    if type(items) not in (dict, OrderedDict):
        items = list(items)
        check_keys(key for key, _ in items)
    return OrderedDict(items)


def _counter(items: Any = ()) -> Counter[Any]:
    if type(items) not in (dict, OrderedDict, Counter):
        items = list(items)
        check_keys(items)
    return Counter(items)


def _set(items: Any = ()) -> set[Any]:
    items = list(items)
    check_keys(items)
    return set(items)


def _bytearray(data: Any = b"", encoding: Any = None) -> bytearray:
    return bytearray(_encode(data, encoding) if isinstance(data, str) else bytes(memoryview(data)))


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise UnpicklingError("text can only be encoded as latin1, utf-8 or ascii")
    encoded: bytes = codecs.encode(text, encoding)
    return encoded


_PLAIN = {
    "collections.OrderedDict": Global(OrderedDict, _ordered_dict, _set_attributes),
    "collections.Counter": Global(Counter, _counter),
    "builtins.set": Global(set, _set),
    "__builtin__.set": Global(set, _set),
    "builtins.complex": Global(complex, complex),
    "__builtin__.complex": Global(complex, complex),
    "builtins.bytearray": Global(bytearray, _bytearray),
    "__builtin__.bytearray": Global(bytearray, _bytearray),
    "_codecs.encode": Global(_encode, _encode),
}


@cache
def _framework_names() -> dict[str, Global]:
    """Names below ``torch`` or ``kajo``; made late, when the package is complete."""
    names = {name: Global(rebuild, rebuild) for name, rebuild in _REBUILDERS.items()}
    for name in DTYPE_NAMES:
        names[name] = Global(getattr(_core, name))
    for name, dtype in STORAGE_DTYPES.items():
        for prefix in ("", "cuda.", "storage."):
            names[prefix + name] = Global(StorageType(name, getattr(kajo, dtype)))
    for name, dtype in STORAGE_DTYPES.items():
        for prefix in ("", "cuda."):
            tensor_type = name.replace("Storage", "Tensor")
            names[prefix + tensor_type] = Global(StorageType(tensor_type, getattr(kajo, dtype)))
    names["storage.UntypedStorage"] = Global(StorageType("UntypedStorage", None))
    names["UntypedStorage"] = names["storage.UntypedStorage"]
    names["Tensor"] = Global(kajo.Tensor)
    names["nn.parameter.Parameter"] = Global(kajo.nn.Parameter)
    names["Size"] = Global(kajo.Size, _size)
    nested = importlib.import_module("kajo.nested._tensor")
    names["nested._internal.nested_tensor.NestedTensor"] = Global(nested.NestedTensor)
    names["_dynamo.decorators._DimRange"] = Global(
        _DimensionRange, _DimensionRange, lambda target, state: None
    )
    names["device"] = Global(kajo.device, kajo.device)
    names["serialization._get_layout"] = Global(_layout, _layout)
    return names


def find_allowed(full_name: str) -> Global | None:
    """What an allowed name stands for, or None if it is not allowed."""
    found = _PLAIN.get(full_name)
    if found is not None:
        return found
    root, _, rest = full_name.partition(".")
    return _framework_names().get(rest) if root in ("torch", "kajo") else None


def translate_module(module: str) -> str:
    """The module of ours that mirrors one of PyTorch's."""
    root, dot, rest = module.partition(".")
    return "kajo" + dot + rest if root == "torch" else module
