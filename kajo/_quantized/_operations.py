"""What the operations are for quantised tensors: a table from their names to functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import kajo
from kajo import Tensor, _core
from kajo._quantized._schemes import CODES, PerChannel, PerTensor
from kajo._quantized._tensor import QuantizedTensor, dequantized, make, quantized
from kajo._tensor_str import _contents, _join

__all__ = ["find"]

_TABLE: dict[str, Callable[..., Any]] = {}
_PROPERTIES: dict[str, Callable[..., Any]] = {}


def find(func: Any) -> tuple[str, Callable[..., Any] | None]:
    """The name of what is called, and what it is for quantised tensors; None if nothing."""
    name = getattr(func, "__name__", str(func))
    owner: Any = getattr(func, "__self__", None)
    if name == "__get__" and hasattr(owner, "__name__"):
        return owner.__name__, _PROPERTIES.get(owner.__name__)
    if name in _TABLE:
        return name, _TABLE[name]
    stem = name.strip("_") if name.startswith("__") else name
    return name, _TABLE.get(stem)


def _plain(x: Any) -> Any:
    return dequantized(x) if isinstance(x, QuantizedTensor) else x


def _like(x: QuantizedTensor, values: Tensor) -> QuantizedTensor:
    """Numbers with the codes of another tensor."""
    return make(x._quantizer.codes(values, x._code_dtype), x._code_dtype, x._quantizer)


def _with_codes(x: QuantizedTensor, result: Any, indices_too: bool = False) -> Any:
    """Codes, or a tuple of them, as a tensor; of a named tuple (values, indices) only the first."""
    if isinstance(result, Tensor):
        return make(result, x._code_dtype, x._quantizer)
    items = [
        item if indices_too and place else make(item, x._code_dtype, x._quantizer)
        for place, item in enumerate(result)
    ]
    return getattr(type(result), "_make", type(result))(items)


def _uniform(name: str, x: Any) -> PerTensor:
    if not isinstance(x._quantizer, PerTensor):
        raise RuntimeError(
            f"{name}(): is for tensors with one scale, not for {x._quantizer.scheme}"
        )
    return x._quantizer


# ---- what a tensor tells about itself ------------------------------------------------------------------

_TYPE_NAMES = {
    _core.quint8: "QUInt8Tensor",
    _core.qint8: "QInt8Tensor",
    _core.qint32: "QInt32Tensor",
    _core.quint4x2: "QUInt4x2Tensor",
    _core.quint2x4: "QUInt2x4Tensor",
}
_PROPERTIES |= {
    "dtype": lambda x: x._code_dtype,
    "is_quantized": lambda x: True,
    "is_cpu": lambda x: True,
    "is_leaf": lambda x: True,
    "T": lambda x: _with_codes(x, x._codes.T),
    "mT": lambda x: _with_codes(x, x._codes.mT),
    "data": lambda x: _with_codes(x, x._codes.detach()),
}
for _name in ("shape", "device", "layout", "ndim", "itemsize", "nbytes", "_version"):
    _PROPERTIES[_name] = functools.partial(lambda name, x: getattr(x._codes, name), _name)
for _name in [
    "requires_grad",
    "retains_grad",
    "is_meta",
    "is_cuda",
    "is_sparse",
    "is_sparse_csr",
    "is_nested",
    "is_mkldnn",
    "is_mps",
    "is_xpu",
    "is_ipu",
    "is_maia",
    "is_mtia",
    "is_vulkan",
    "is_xla",
    "volatile",
]:
    _PROPERTIES[_name] = lambda x: False
for _name in ("grad", "grad_fn", "_base", "name"):
    _PROPERTIES[_name] = lambda x: None
for _name in [
    "dim",
    "ndimension",
    "numel",
    "nelement",
    "size",
    "stride",
    "storage_offset",
    "data_ptr",
    "const_data_ptr",
    "is_contiguous",
    "element_size",
    "get_device",
    "__len__",
    "dim_order",
]:
    _TABLE[_name] = functools.partial(
        lambda name, x, *args, **kwargs: getattr(x._codes, name)(*args, **kwargs), _name
    )
_TABLE |= {
    "is_floating_point": lambda x: False,
    "is_complex": lambda x: False,
    "__hash__": id,
    "q_scale": lambda x: _uniform("q_scale", x).scale,
    "q_zero_point": lambda x: _uniform("q_zero_point", x).zero,
    "q_per_channel_scales": lambda x: _by_channel("q_per_channel_scales", x).scales,
    "q_per_channel_zero_points": lambda x: _by_channel("q_per_channel_zero_points", x).zeros,
    "q_per_channel_axis": lambda x: _by_channel("q_per_channel_axis", x).axis,
    "qscheme": lambda x: x._quantizer.scheme,
    "dequantize": lambda x: (
        dequantized(x) if isinstance(x, QuantizedTensor) else tuple(map(kajo.dequantize, x))
    ),
}


def _by_channel(name: str, x: QuantizedTensor) -> PerChannel:
    if not isinstance(x._quantizer, PerChannel):
        raise RuntimeError(f"{name}(): is for tensors with a scale for each channel")
    return x._quantizer


def _int_repr(x: QuantizedTensor) -> Tensor:
    """The codes; those of less than a byte share bytes, the first in the lowest bits."""
    together = {_core.quint4x2: 2, _core.quint2x4: 4}.get(x._code_dtype, 1)
    if together == 1:
        return x._codes.clone()
    flat = x._codes.reshape(-1)
    padded = _core.cat([flat, flat.new_zeros(-flat.numel() % together)]).view(-1, together)
    shifts = _core.arange(together) * (8 // together)
    return (padded.to(_core.int64) << shifts).sum(1).to(_core.uint8)


_TABLE["int_repr"] = _int_repr


def _item(kind: Callable[[Any], Any], x: QuantizedTensor) -> Any:
    return kind(dequantized(x).item())


for _name, _kind in {"item": float, "__float__": float, "__int__": int, "__bool__": bool}.items():
    _TABLE[_name] = functools.partial(_item, _kind)


def _refused(error: type[Exception], text: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise error(text)

    return refuse


_TABLE |= {
    "tolist": _refused(RuntimeError, "tolist(): codes are no numbers: use dequantize() first"),
    "numpy": _refused(
        TypeError, "numpy(): has no quantised dtypes: use int_repr() or dequantize()"
    ),
    "__array__": _refused(
        TypeError, "numpy has no quantised dtypes: use int_repr() or dequantize()"
    ),
    "is_signed": _refused(RuntimeError, "is_signed(): is not for quantised dtypes"),
    "requires_grad_": _refused(
        RuntimeError, "only Tensors of floating point dtype can require gradients"
    ),
}


def _text(x: QuantizedTensor, **_: Any) -> str:
    suffixes = [f"size={tuple(x._codes.shape)}", f"dtype={x._code_dtype}"]
    suffixes += [f"quantization_scheme={x._quantizer.scheme}", *x._quantizer.text()]
    prefix = "tensor("
    return _join(prefix + _contents(dequantized(x), len(prefix)), suffixes, len(prefix))


_TABLE["__repr__"] = _text
_TABLE["__format__"] = lambda x, spec: format(x.item(), spec) if x.dim() == 0 else _text(x)


# ---- the same codes elsewhere --------------------------------------------------------------------------

_SAME_PLACES = "clone contiguous detach"
_MOVED = (
    "reshape reshape_as view view_as t transpose swapaxes swapdims permute movedim moveaxis flatten "
    "unflatten unsqueeze squeeze expand expand_as narrow chunk split split_with_sizes tensor_split unbind "
    "flip repeat index_select as_strided tile ravel"
)


def _move(name: str, uniform: bool, x: QuantizedTensor, *args: Any, **kwargs: Any) -> Any:
    if uniform:
        _uniform(name, x)
    plain = [a._codes if isinstance(a, QuantizedTensor) else a for a in args]
    return _with_codes(x, getattr(x._codes, name)(*plain, **kwargs))


for _names, _needs_one_scale in ((_SAME_PLACES, False), (_MOVED, True)):
    for _name in _names.split():
        _TABLE[_name] = functools.partial(_move, _name, _needs_one_scale)


def _select(x: QuantizedTensor, dim: int, index: int) -> QuantizedTensor:
    codes, quantizer = x._codes.select(dim, index), x._quantizer
    if isinstance(quantizer, PerChannel):
        gone = dim % x._codes.dim()
        if gone == quantizer.axis:
            raise RuntimeError("select(): of the channels of a tensor with a scale for each")
        axis = quantizer.axis - (gone < quantizer.axis)
        quantizer = PerChannel(quantizer.scales, quantizer.zeros, axis)
    return make(codes, x._code_dtype, quantizer)


def _getitem(x: QuantizedTensor, index: Any) -> QuantizedTensor:
    if isinstance(index, int):
        return _select(x, 0, index)
    _uniform("__getitem__", x)
    return make(x._codes[index], x._code_dtype, x._quantizer)


def _setitem(x: QuantizedTensor, index: Any, value: Any) -> None:
    numbers = _plain(value)
    filled = dequantized(x)
    filled[index] = numbers
    x._codes.copy_(x._quantizer.codes(filled, x._code_dtype))


def _copy(x: Any, source: Any, non_blocking: bool = False) -> Any:
    if not isinstance(x, QuantizedTensor):
        raise RuntimeError(
            "copy_(): copying from a quantised tensor to another kind is not allowed: use dequantize()"
        )
    if not isinstance(source, QuantizedTensor):
        if source.dtype is not _core.float32:
            raise RuntimeError(f"copy_(): expects a float32 source, got {source.dtype}")
        x._codes.copy_(x._quantizer.codes(source.expand(x._codes.shape), x._code_dtype))
        return x
    if source._code_dtype is not x._code_dtype:
        raise RuntimeError(
            f"copy_(): expects a source of {x._code_dtype}, got {source._code_dtype}"
        )
    x._codes.copy_(source._codes)
    x._quantizer = source._quantizer
    return x


def _to(x: QuantizedTensor, *args: Any, **kwargs: Any) -> QuantizedTensor:
    given = [*args, *kwargs.values()]
    wanted = next((a for a in given if isinstance(a, _core.dtype)), x._code_dtype)
    if wanted is not x._code_dtype:
        raise RuntimeError(
            f"to(): a quantised tensor cannot become {wanted}: use dequantize() first"
        )
    return make(x._codes.clone(), x._code_dtype, x._quantizer) if kwargs.get("copy") else x


def _type(x: QuantizedTensor, dtype: Any = None, *_: Any, **__: Any) -> Any:
    return f"kajo.quantized.{_TYPE_NAMES[x._code_dtype]}" if dtype is None else _to(x, dtype)


def _deepcopy(x: QuantizedTensor, memo: dict[int, Any]) -> QuantizedTensor:
    return memo.setdefault(id(x), make(x._codes.clone(), x._code_dtype, x._quantizer))  # type: ignore[no-any-return]


_TABLE |= {
    "select": _select,
    "getitem": _getitem,
    "setitem": _setitem,
    "copy_": _copy,
    "to": _to,
    "type": _type,
    "cpu": lambda x, **_: x,
    "__deepcopy__": _deepcopy,
    "empty_like": lambda x, **_: make(_core.empty_like(x._codes), x._code_dtype, x._quantizer),
    "empty_quantized": lambda size, qtensor, *, dtype=None, **_: make(
        _core.empty(tuple(size), dtype=CODES[dtype or qtensor._code_dtype][2]),
        dtype or qtensor._code_dtype,
        qtensor._quantizer,
    ),
}
for _name in (
    "float",
    "double",
    "half",
    "bfloat16",
    "long",
    "int",
    "short",
    "char",
    "byte",
    "bool",
):
    _TABLE[_name] = _refused(
        RuntimeError,
        f"{_name}(): a quantised tensor cannot change its dtype: use dequantize() first",
    )


# ---- order and equality --------------------------------------------------------------------------------


def _by_order(name: str, x: QuantizedTensor, *args: Any, **kwargs: Any) -> Any:
    """Codes are in the order of their numbers."""
    _uniform(name, x)
    return _with_codes(x, getattr(x._codes, name)(*args, **kwargs), indices_too=True)


for _name in ("max", "min", "sort", "topk"):
    _TABLE[_name] = functools.partial(_by_order, _name)


def _compare(name: str, x: Any, other: Any) -> Tensor:
    result: Tensor = getattr(_core, name)(_plain(x), _plain(other))
    return result


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _TABLE[_name] = functools.partial(_compare, _name)


def _equal(x: Any, other: Any) -> bool:
    if not (isinstance(x, QuantizedTensor) and isinstance(other, QuantizedTensor)):
        raise RuntimeError("equal(): expected two quantised tensors")
    same = x._quantizer.same(other._quantizer) and x._code_dtype is other._code_dtype
    return same and bool(_core.equal(x._codes, other._codes))


_TABLE["equal"] = _equal


# ---- numbers -------------------------------------------------------------------------------------------

# Results are codes of the same scale.
_SAME_SCALE = (
    "relu relu6 hardtanh clamp clip leaky_relu threshold gelu mean std masked_fill max_pool1d max_pool2d "
    "max_pool3d avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d interpolate upsample "
    "ones_like full_like"
)


@functools.cache
def _function(name: str) -> Any:
    from kajo.nn import functional

    return getattr(functional, name, None) or getattr(kajo, name)


def _of_numbers(name: str, x: QuantizedTensor, *args: Any, **kwargs: Any) -> QuantizedTensor:
    _uniform(name, x)
    kwargs.pop("inplace", None)
    return _like(x, _function(name)(dequantized(x), *map(_plain, args), **kwargs))


def _in_place(name: str, x: QuantizedTensor, *args: Any, **kwargs: Any) -> QuantizedTensor:
    x._codes.copy_(_of_numbers(name, x, *args, **kwargs)._codes)
    return x


for _name in _SAME_SCALE.split():
    _TABLE[_name] = functools.partial(_of_numbers, _name)
_TABLE["relu_"] = functools.partial(_in_place, "relu")
_TABLE["fill_"] = lambda x, value: _copy(x, _core.full((), value, dtype=_core.float32))


def _in_its_range(name: str, range_: float, x: QuantizedTensor, *_: Any, **__: Any) -> Any:
    """A function whose results lie in a range of its own: the codes are spread over that."""
    low, high, _kept = CODES[x._code_dtype]
    centre = (low + high + 1) // 2
    scale = PerTensor(range_ / (high - low + 1), low if range_ == 1 else centre)
    result: Tensor = _function(name)(dequantized(x))
    return quantized(name, result, scale, x._code_dtype)


for _name, _range in {"sigmoid": 1.0, "hardsigmoid": 1.0, "tanh": 2.0}.items():
    _TABLE[_name] = functools.partial(_in_its_range, _name, _range)


def _joined(name: str, tensors: Any, dim: int = 0) -> QuantizedTensor:
    """Tensors one after the other, in codes of the first one's scale."""
    first = tensors[0]
    for x in tensors:
        if not isinstance(x, QuantizedTensor) or x._code_dtype is not first._code_dtype:
            raise RuntimeError(f"{name}(): expects quantised tensors of one dtype")
        _uniform(name, x)
    return _like(first, getattr(_core, name)([dequantized(x) for x in tensors], dim))


for _name in ("cat", "stack"):
    _TABLE[_name] = functools.partial(_joined, _name)
_TABLE |= {"concat": _TABLE["cat"], "concatenate": _TABLE["cat"]}
