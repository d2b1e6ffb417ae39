"""What the operations are for nested tensors: tables from their names to functions.

`carry_out` is asked for every call. In this order it takes: the function of the table of the tensor's
layout, or of the table for both; the values, for element-wise operations; the same without an
underscore, then written to the first argument; the body of what is written in Python. Anything else
is refused. The functions get their arguments by the names of the operation's parameters.
"""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batching.pointwise import NAMES
from kajo.nested import _attention, _jagged, _strided
from kajo.nested._tensor import (
    NestedTensor,
    components,
    is_contiguous,
    packed,
    same_structure,
    with_values,
)
from kajo.nested._text import text_of

__all__ = ["carry_out"]

# Functions of `kajo.nn.functional` that are not left to the operations that they are written in.
_OF_NETWORKS = ("multi_head_attention_forward", "rms_norm", "linear", "one_hot")
_POINTWISE = {name.rsplit(".", 1)[-1] for name in NAMES.split()} | {"masked_fill", "dropout"}
_POINTWISE |= {"rrelu", "alpha_dropout"}


def carry_out(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an operation on nested tensors.

    Raises:
        NotImplementedError: if it is not defined for them.
    """
    name = getattr(func, "__name__", str(func))
    owner: Any = getattr(func, "__self__", None)
    if name in ("__get__", "__set__", "__delete__") and hasattr(owner, "__name__"):
        return _property(owner.__name__, name, args)
    if getattr(func, "__module__", None) == "kajo.autograd":
        return func.__wrapped__(*args, **kwargs)  # asks for the tensors that carry the history
    x = _nested(args, kwargs)[0]
    if str(getattr(func, "__module__", "")).startswith("kajo.nn.") and name not in _OF_NETWORKS:
        return _body(func)(*args, **kwargs)
    handler = (_jagged.TABLE if x._kind is kajo.jagged else _strided.TABLE).get(name)
    handler = handler or _BOTH.get(name)
    if handler is not None:
        return (
            handler(**func.bind(*args, **kwargs))
            if hasattr(func, "bind")
            else handler(*args, **kwargs)
        )
    if name in _POINTWISE and hasattr(func, "bind"):
        return _elementwise(func, args, kwargs)
    if name.endswith("_") and not name.endswith("__") and hasattr(Tensor, name[:-1]):
        return _in_place(getattr(Tensor, name[:-1]), args, kwargs)
    body = _body(func)
    if body is None:
        raise NotImplementedError(
            f"{name}(): is not implemented for nested tensors of layout {x._kind}: use unbind() or "
            "to_padded_tensor() first"
        )
    return body(*args, **kwargs)


def _body(func: Any) -> Any:
    if isinstance(func, _core.Overridable):
        return func.__wrapped__
    return func.undispatched if getattr(func, "body", None) and not func.in_place else None


def _nested(args: Any, kwargs: Any) -> list[NestedTensor]:
    found: list[NestedTensor] = []
    for value in [*args, *kwargs.values()]:
        if isinstance(value, NestedTensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _nested(value, {})
    return found


# ---- element by element --------------------------------------------------------------------------------


def _elementwise(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation on corresponding elements: on the values of all nested tensors."""
    nested = _nested(args, kwargs)
    base = nested[0]
    fits = _jagged.fits if base._kind is kajo.jagged else same_structure
    if not all(fits(base, other) for other in nested[1:]):
        raise RuntimeError(
            f"{func.__name__}(): nested operands of shapes {', '.join(map(_shape_of, nested))} do not have the "
            "same components: expected the same offsets, or the same shapes"
        )
    spread = _jagged.spread if base._kind is kajo.jagged else _strided.spread
    if base._kind is kajo.strided and any(x._steps != base._steps for x in nested):
        columns = zip(*map(components, nested))
        return packed([_with(func, args, kwargs, dict(zip(map(id, nested), c))) for c in columns])

    def value(x: Any) -> Any:
        if isinstance(x, NestedTensor):
            return x._held
        is_whole = not isinstance(x, Tensor) or x.dim() == 0
        return x if is_whole else spread(base, x, func.__name__)

    result = func(*map(value, args), **{k: value(x) for k, x in kwargs.items()})
    if isinstance(result, tuple):
        return type(result)(tuple(with_values(base, r) for r in result))
    return with_values(base, result)


def _with(func: Any, args: Any, kwargs: Any, values: dict[int, Tensor]) -> Any:
    def value(x: Any) -> Any:
        return values.get(id(x), x)

    return func(*map(value, args), **{k: value(x) for k, x in kwargs.items()})


def _shape_of(x: NestedTensor) -> str:
    return str(tuple(x._size)) if x._kind is kajo.jagged else str(list(x._shapes))


def _in_place(functional: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Computes without writing, then writes the result to the values of the first argument."""
    target: Any = args[0]
    result = functional(*args, **kwargs)
    if not isinstance(target, NestedTensor):
        raise RuntimeError(
            f"{functional.__name__}_(): a strided tensor cannot take a nested result in place"
        )
    target._held.copy_(target._at_places(result))
    return target


# ---- what a tensor tells about itself ------------------------------------------------------------------

_PROPERTIES: dict[str, Any] = {
    "shape": lambda x: _size(x),
    "dtype": lambda x: x._held.dtype,
    "device": lambda x: x._held.device,
    "layout": lambda x: x._kind,
    "ndim": lambda x: _rank(x),
    "itemsize": lambda x: x._held.itemsize,
    "nbytes": lambda x: _count(x) * x._held.itemsize,
    "requires_grad": lambda x: x._held.requires_grad,
    "requires_grad set": lambda x, value: setattr(x._held, "requires_grad", value),
    "is_leaf": lambda x: x._held.is_leaf,
    "grad_fn": lambda x: x._held.grad_fn,
    "data": lambda x: with_values(x, x._held.detach()),
    "grad": lambda x: None if x._held.grad is None else with_values(x, x._held.grad),
    "grad set": lambda x, value: setattr(
        x._held, "grad", None if value is None else x._at_places(value)
    ),
    "retains_grad": lambda x: x._held.retains_grad,
    "is_nested": lambda x: True,
    "is_cpu": lambda x: True,
    "T": lambda x: x.permute(list(range(_rank(x)))[::-1]),
    "mT": lambda x: x.transpose(-2, -1),
    "real": lambda x: with_values(x, x._held.real),
    "imag": lambda x: with_values(x, x._held.imag),
    "_version": lambda x: x._held._version,
    "_base": lambda x: None,
}
_PROPERTIES |= {
    f"is_{name}": lambda x: False
    for name in ["meta", "cuda", "quantized", "sparse", "sparse_csr", "mkldnn", "mps", "xpu"]
}


def _property(name: str, access: str, args: tuple[Any, ...]) -> Any:
    handler = _PROPERTIES.get(name if access == "__get__" else f"{name} {access.strip('_')}")
    if handler is None:
        raise NotImplementedError(f"{name}: is not implemented for nested tensors")
    return handler(*args[: 1 if access == "__get__" else 2])


def _rank(x: NestedTensor) -> int:
    if x._kind is kajo.jagged:
        return len(x._size)
    return 1 + (len(x._shapes[0]) if x._shapes else 0)


def _count(x: NestedTensor) -> int:
    if x._kind is kajo.strided:
        return sum(kajo.Size(shape).numel() for shape in x._shapes)
    return sum(part.numel() for part in components(x))


def _size(self: NestedTensor, dim: int | None = None) -> Any:
    if dim is not None:
        rank = _rank(self)
        if not -rank <= dim < rank:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})"
            )
    if self._kind is kajo.jagged:
        return self._size if dim is None else self._size[dim]
    if dim is None:
        raise RuntimeError(
            "size(): a nested tensor of layout kajo.strided has no shape: ask for one dimension, or "
            "unbind() it"
        )
    return _strided.size_at(self, dim % _rank(self))


def _refuse(name: str, text: str) -> Any:
    def handler(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{name}(): {text}")

    return handler


def _number(name: str) -> Any:
    def handler(self: NestedTensor) -> Any:
        if _count(self) != 1:
            raise RuntimeError(
                f"{name}(): a nested tensor of {_count(self)} elements cannot be converted to a number"
            )
        return getattr(kajo.cat([c.reshape(-1) for c in components(self)])[0], name)()

    return lambda *args, **kwargs: handler(*args, **kwargs)


def _of_values(name: str) -> Any:
    return lambda self, *args, **kwargs: getattr(self._held, name)(*args, **kwargs)


def _same_with(change: Any) -> Any:
    """The structure with values that are made from the values."""
    return lambda self, **options: with_values(self, change(self._held, **options))


def _to(self: Any, **options: Any) -> Any:
    options.pop("memory_format", None)
    other = options.pop("other", None)
    if isinstance(other, Tensor):
        options |= {"dtype": other.dtype}
    if not isinstance(self, NestedTensor):
        return self.to(**options)
    values = self._held.to(**options)
    return self if values is self._held else with_values(self, values)


def _contiguous(self: NestedTensor, memory_format: Any = None) -> NestedTensor:
    if is_contiguous(self):
        return self
    if self._kind is kajo.strided:
        return packed(components(self))
    return _jagged.contiguous(self)


def _clone(self: NestedTensor, memory_format: Any = None) -> NestedTensor:
    if memory_format is kajo.contiguous_format and not is_contiguous(self):
        return _contiguous(self)
    return with_values(self, self._held.clone())


def _unbind(self: NestedTensor, dim: int = 0) -> tuple[Tensor, ...]:
    if dim not in (0, -_rank(self)):
        raise RuntimeError(
            f"unbind(): a nested tensor has components along dimension 0 only, got {dim}"
        )
    return tuple(components(self))


def component(self: NestedTensor, index: int) -> Tensor:
    """One of the tensors that it consists of."""
    count = len(self._shapes) if self._kind is kajo.strided else int(self._size[0])
    if not -count <= index < count:
        raise IndexError(f"index {index} is out of bounds for dimension 0 with size {count}")
    return components(self)[index]


def _getitem(self: NestedTensor, index: Any) -> Any:
    items = list(index) if isinstance(index, tuple) else [index]
    if any(item is Ellipsis for item in items):
        at = next(i for i, item in enumerate(items) if item is Ellipsis)
        given = sum(1 for item in items if item is not None and item is not Ellipsis)
        items[at : at + 1] = [slice(None)] * (_rank(self) - given)
    first = items[0] if items else slice(None)
    if type(first) is int:
        rest = component(self, first)
        return rest[tuple(items[1:])] if len(items) > 1 else rest
    result, dim = self, 0
    for item in items:
        if item is None:
            result = result.unsqueeze(dim)  # type: ignore[assignment]
            dim += 1
        elif isinstance(item, slice):
            if item != slice(None):
                result = _jagged.sliced(result, dim, item)
            dim += 1
        elif isinstance(item, int):
            result = result.select(dim, item)  # type: ignore[assignment]
        else:
            raise NotImplementedError(
                "indexing a nested tensor takes integers, slices, None and Ellipsis: unbind() it first"
            )
    return result


def _like(name: str) -> Any:
    def handler(self: NestedTensor, **options: Any) -> NestedTensor:
        tracked = options.pop("requires_grad", False)
        kept = {k: v for k, v in options.items() if v is not None and k != "memory_format"}
        made = with_values(self, getattr(kajo, name)(self._held, **kept))
        made._held.requires_grad_(tracked)
        return made

    return handler


def _gave(change: Any) -> Any:
    """An operation that changes the values and returns the tensor."""

    def handler(self: NestedTensor, **options: Any) -> NestedTensor:
        change(self._held, **options)
        return self

    return handler


def _copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    if not isinstance(self, NestedTensor) or not isinstance(src, NestedTensor):
        raise RuntimeError("copy_(): between nested and strided tensors is not possible")
    self._held.copy_(self._at_places(src))
    return self


def _compared(name: str) -> Any:
    """A question about all elements of two tensors."""

    def handler(self: Any, other: Any, **options: Any) -> bool:
        if not isinstance(self, NestedTensor) or not isinstance(other, NestedTensor):
            return False
        a, b = components(self), components(other)
        question = getattr(kajo, name)
        return len(a) == len(b) and all(
            x.shape == y.shape and question(x, y, **options) for x, y in zip(a, b)
        )

    return handler


def _embedding(weight: Tensor, indices: Any, **options: Any) -> NestedTensor:
    if not isinstance(indices, NestedTensor) or isinstance(weight, NestedTensor):
        raise RuntimeError("embedding(): expected nested indices and a strided weight")
    if indices._kind is kajo.strided:
        return packed([kajo.embedding(weight, c, **options) for c in components(indices)])
    return with_values(indices, kajo.embedding(weight, indices._held, **options))


def _deepcopy(self: NestedTensor, memo: Any) -> NestedTensor:
    import copy

    return with_values(self, copy.deepcopy(self._held, memo))


def _backward(self: NestedTensor, gradient: Any = None, *args: Any, **kwargs: Any) -> None:
    self._held.backward(None if gradient is None else self._at_places(gradient), *args, **kwargs)


def _register_hook(self: NestedTensor, hook: Any) -> Any:
    def on_values(gradient: Tensor) -> Any:
        result = hook(with_values(self, gradient))
        return None if result is None else self._at_places(result)

    return self._held.register_hook(on_values)


_BOTH: dict[str, Any] = {
    "dim": lambda self: _rank(self),
    "ndimension": lambda self: _rank(self),
    "numel": lambda self: _count(self),
    "nelement": lambda self: _count(self),
    "size": _size,
    "__len__": lambda self: int(_size(self)[0]),
    "__iter__": lambda self: iter(components(self)),
    "__hash__": id,
    "is_contiguous": lambda self, memory_format=None: is_contiguous(self),
    "is_same_size": lambda self, other: same_structure(self, other),
    "storage_offset": lambda self: 0,
    "values": lambda input: input._held,
    "unbind": _unbind,
    "__getitem__": _getitem,
    "to": _to,
    "type_as": _to,
    "cpu": lambda self, memory_format=None: self,
    "contiguous": _contiguous,
    "clone": _clone,
    "detach": _same_with(lambda values: values.detach()),
    "detach_": _gave(lambda values: values.detach_()),
    "requires_grad_": _gave(lambda values, requires_grad: values.requires_grad_(requires_grad)),
    "retain_grad": _gave(lambda values: values.retain_grad()),
    "fill_": _gave(lambda values, value: values.fill_(value)),
    "zero_": _gave(lambda values: values.zero_()),
    "copy_": _copy_,
    "embedding": _embedding,
    "backward": _backward,
    "register_hook": _register_hook,
    "scaled_dot_product_attention": _attention.scaled_dot_product,
    "multi_head_attention_forward": _attention.with_heads,
    "__deepcopy__": _deepcopy,
    "__repr__": text_of,
    "__format__": lambda self, spec: text_of(self),
    "numpy": _refuse("numpy", "is not supported for nested tensors: unbind() them first"),
    "__array__": _refuse("numpy", "is not supported for nested tensors: unbind() them first"),
    "stride": _refuse("stride", "a nested tensor of layout kajo.strided has strides by component"),
    "tolist": _refuse("tolist", "is not supported for nested tensors: unbind() them first"),
    "__bool__": _refuse("bool", "the truth of a nested tensor of several elements is ambiguous"),
}
_BOTH |= {name: _like(name) for name in ("zeros_like", "ones_like", "empty_like", "full_like")}
_BOTH |= {name: _like(name) for name in ("rand_like", "randn_like", "randint_like")}
_BOTH |= {name: _compared(name) for name in ("equal", "allclose")}
_BOTH |= {name: _number(name) for name in ("item", "__float__", "__int__", "__complex__")}
_BOTH |= {
    name: _of_values(name)
    for name in [
        "is_floating_point",
        "is_complex",
        "is_signed",
        "element_size",
        "get_device",
        "type",
        "data_ptr",
    ]
}
for _name in [
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
    "cfloat",
    "cdouble",
]:
    _BOTH[_name] = _same_with(
        lambda values, memory_format=None, name=_name: getattr(values, name)()
    )
