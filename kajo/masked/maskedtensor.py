"""A tensor that carries a mask: True where an element counts.

Element-wise operations keep the mask, reductions leave out what it has as False, and operations on
shapes apply to both.

>>> import kajo
>>> x = kajo.masked.masked_tensor(kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True]))
>>> x * 2
MaskedTensor(
  [  2.0000,       --,   6.0000]
)
>>> x.sum()
MaskedTensor(  4.0000, True)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.masked import _ops

__all__ = ["MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]

_NAMES = {
    "unary": (
        "abs absolute acos arccos acosh arccosh angle asin arcsin asinh arcsinh atan arctan atanh arctanh "
        "bitwise_not ceil clamp clip conj_physical cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 "
        "fix floor frac i0 isnan lgamma log log10 log1p log2 logit logical_not nan_to_num neg negative "
        "positive pow rad2deg reciprocal round rsqrt sgn sigmoid sign signbit sin sinc sinh sqrt square "
        "tan tanh trunc float double half bfloat16 long int short bool to clone detach contiguous "
        "requires_grad_ relu zero_ fill_ "
        "__neg__ __abs__ __invert__ __pos__"
    ),
    "binary": (
        "add atan2 arctan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift div "
        "divide floor_divide fmod logaddexp logaddexp2 logical_and logical_or logical_xor mul multiply "
        "nextafter remainder sub subtract true_divide eq ne le ge greater greater_equal gt less_equal lt "
        "less maximum minimum fmax fmin not_equal rsub pow "
        "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ "
        "__rfloordiv__ __mod__ __rmod__ __pow__ __rpow__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ "
        "__lshift__ __rlshift__ __rshift__ __rrshift__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__"
    ),
    "normalisation": "softmax log_softmax softmin",
    "reduction": "sum mean amin amax argmin argmax prod all norm var std",
    "passthrough": (
        "view reshape permute transpose t expand select split chunk unsqueeze squeeze unbind slice index "
        "flatten unflatten narrow movedim swapaxes repeat flip cat stack ravel take_along_dim __getitem__ "
        "view_as reshape_as expand_as index_select gather diagonal unfold"
    ),
    # What concerns the tensor rather than its elements.
    "plain": (
        "dim ndimension numel nelement size stride is_contiguous is_floating_point is_complex is_signed "
        "element_size item __len__ __hash__ data_ptr register_hook retain_grad"
    ),
}
_INPLACE = {"unary", "binary"}


def _property(name: str) -> Any:
    """The descriptor of a property, which is what the class has under its name."""
    return getattr(Tensor, name)


@functools.cache
def _kinds() -> dict[Any, tuple[str, str]]:
    """What kind of operation each function and method is, and its name."""
    owners: list[Any] = [kajo, Tensor, kajo.nn.functional, kajo.special]
    found: dict[Any, tuple[str, str]] = {}
    for kind, names in _NAMES.items():
        for name in names.split():
            forms = [name]
            if kind in _INPLACE:
                stem = name.strip("_")
                forms.append(f"__i{stem}__" if name.startswith("__") else f"{stem}_")
            for form in forms:
                for owner in owners:
                    function = getattr(owner, form, None)
                    if callable(function):
                        found.setdefault(function, (kind, form))
    for name in (
        "shape",
        "dtype",
        "device",
        "layout",
        "ndim",
        "requires_grad",
        "is_leaf",
        "grad_fn",
    ):
        found[_property(name).__get__] = ("plain", name)
    for name in ("T", "mT", "H", "mH"):
        found[_property(name).__get__] = ("passthrough", name)
    found[kajo.where] = found[Tensor.where] = ("where", "where")
    found[kajo.ones_like] = found[kajo.zeros_like] = ("unary", "ones_like")
    return found


def is_masked_tensor(obj: Any, /) -> bool:
    """Whether an object is a :class:`MaskedTensor`.

    >>> import kajo
    >>> kajo.masked.is_masked_tensor(kajo.ones(2))
    False
    """
    return isinstance(obj, MaskedTensor)


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    """A function applied to everything in nested lists, tuples and dictionaries."""
    if isinstance(value, dict):
        return {key: _map(function, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value) is not kajo.Size:
        return type(value)(_map(function, item) for item in value)
    return function(value)


def _data(value: Any) -> Any:
    return value.as_subclass(Tensor) if isinstance(value, MaskedTensor) else value


def _mask(value: Any) -> Any:
    return value._mask if isinstance(value, MaskedTensor) else value


def _with_mask(data: Any, mask: Tensor) -> MaskedTensor:
    result: MaskedTensor = data.as_subclass(MaskedTensor)
    if result is data:
        result = data.view_as(data).as_subclass(MaskedTensor)
    result._mask = mask
    return result


def _only_mask(operands: list[Any]) -> Tensor:
    """The mask of all operands that have one; they have to agree."""
    masks = [operand._mask for operand in operands if isinstance(operand, MaskedTensor)]
    for other in masks[1:]:
        if other is not masks[0] and not kajo.equal(other, masks[0]):
            raise ValueError(
                "Input masks must match: combine them first, for example to `a.get_mask() & b.get_mask()`"
            )
    return masks[0]


def _element_wise(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    mask = _only_mask([*args, *kwargs.values()])
    with _core.DisableTorchFunctionSubclass():
        result = function(*_map(_data, args), **_map(_data, kwargs))
        if name.endswith("_") and not name.endswith("__") and isinstance(args[0], MaskedTensor):
            return args[0]
        if mask.shape != result.shape:
            mask = mask.expand(result.shape)
        return _with_mask(result, mask)


def _reduced(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    input = args[0]
    with _core.DisableTorchFunctionSubclass():
        data, mask = _data(input), input._mask
        if name == "all":
            result = _all(data, mask, *args[1:], **kwargs)
        elif name == "norm" and args[1:2] and isinstance(args[1], str):
            result = _ops.norm(data, 2.0, *args[2:], mask=mask, **kwargs)
        else:
            result = getattr(_ops, name)(data, *args[1:], mask=mask, **kwargs)
        given = dict(zip(("ord", "dim", "keepdim")[name != "norm" :], args[1:])) | kwargs
        dim, keepdim = given.get("dim"), bool(given.get("keepdim"))
        dims = _ops._dims(data, dim)
        left = mask
        for d in sorted(dims, reverse=True):
            left = left.any(d, keepdim)
        return _with_mask(result, left)


def _normalised(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    input = args[0]
    with _core.DisableTorchFunctionSubclass():
        given = dict(zip(("dim", "dtype"), args[1:])) | kwargs
        given = {key: value for key, value in given.items() if key in ("dim", "dtype")}
        return _with_mask(getattr(_ops, name)(_data(input), mask=input._mask, **given), input._mask)


def _all(data: Tensor, mask: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    kept = data.to(kajo.bool) | ~mask
    return kept.all() if dim is None else kept.all(dim, keepdim)


def _passed_through(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    with _core.DisableTorchFunctionSubclass():
        data = function(*_map(_data, args), **_map(_data, kwargs))
        mask = function(*_map(_mask, args), **_map(_mask, kwargs))
        if isinstance(data, Tensor):
            return _with_mask(data, mask)
        return type(data)(_with_mask(d, m) for d, m in zip(data, mask))


def _where(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    if any(not isinstance(x, MaskedTensor) for x in args[-2:]) or len(args) != 3:
        raise ValueError("where(): both `self` and `other` must be masked tensors")
    return _passed_through(kajo.where, name, args, kwargs)


def _plain(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    return _core._disabled_torch_function_impl(function, (), args, kwargs)


_HANDLERS = {
    "unary": _element_wise,
    "binary": _element_wise,
    "normalisation": _normalised,
    "reduction": _reduced,
    "passthrough": _passed_through,
    "where": _where,
    "plain": _plain,
}


class MaskedTensor(Tensor):
    """A tensor with a mask of its shape, True where an element counts.

    Args:
        data: a tensor.
        mask: a tensor of truth values of the same shape.
        requires_grad: record gradients with respect to it.

    Raises:
        TypeError: if `data` is no plain tensor, or `mask` no tensor of truth values.
        ValueError: if the shapes differ.

    >>> import kajo
    >>> kajo.masked.MaskedTensor(kajo.tensor([1, 2]), kajo.tensor([True, False]))
    MaskedTensor(
      [1,       --]
    )
    """

    _mask: Tensor

    @staticmethod
    def __new__(cls, data: Any, mask: Any, requires_grad: bool = False) -> MaskedTensor:
        if is_masked_tensor(data) or not isinstance(data, Tensor):
            raise TypeError("MaskedTensor(): data must be a Tensor")
        _check_mask(data, mask)
        result = _with_mask(data.detach(), mask.clone())
        if requires_grad:
            _core._disabled_torch_function_impl(Tensor.requires_grad_, (), (result,), {})
        return result

    def __init__(self, data: Any, mask: Any, requires_grad: bool = False) -> None:
        pass

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Apply an operation to the data, and what it means for the mask to the mask.

        Raises:
            TypeError: if the operation has no meaning for masked tensors here.
        """
        kwargs = kwargs or {}
        kind, name = _kinds().get(func, ("", getattr(func, "__name__", str(func))))
        if kind:
            return _HANDLERS[kind](func, name, args, kwargs)
        if func == _property("grad").__get__:
            gradient = _plain(func, name, args, kwargs)
            return None if gradient is None else _with_mask(gradient, args[0]._mask)
        if func in _unmasked():
            return _plain(func, name, args, kwargs)
        raise TypeError(
            f"{name}(): is not implemented for MaskedTensor: use get_data() or to_tensor(value)"
        )

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        with _core.DisableTorchFunctionSubclass():
            body = _text(_data(self).detach(), self._mask)
            if self.dim() == 0:
                return f"MaskedTensor({body}, {bool(self._mask.item())})"
        lines = "\n".join("  " + line for line in body.split("\n"))
        return f"MaskedTensor(\n{lines}\n)"

    def to_tensor(self, value: Any) -> Tensor:
        """A plain tensor with `value` in place of what does not count.

        >>> import kajo
        >>> kajo.masked.masked_tensor(kajo.ones(2), kajo.tensor([True, False])).to_tensor(9)
        tensor([1., 9.])
        """
        with _core.DisableTorchFunctionSubclass():
            return _data(self).masked_fill(~self._mask, value)  # type: ignore[no-any-return]

    def get_data(self) -> Tensor:
        """The elements, also those that do not count.

        >>> import kajo
        >>> kajo.masked.masked_tensor(kajo.ones(2), kajo.tensor([True, False])).get_data()
        tensor([1., 1.])
        """
        with _core.DisableTorchFunctionSubclass():
            data: Tensor = _data(self)
            return data

    def get_mask(self) -> Tensor:
        """Which elements count.

        >>> import kajo
        >>> kajo.masked.masked_tensor(kajo.ones(2), kajo.tensor([True, False])).get_mask()
        tensor([ True, False])
        """
        return self._mask

    def is_sparse_coo(self) -> bool:
        """Whether the data is kept in coordinate format.

        >>> import kajo
        >>> kajo.masked.masked_tensor(kajo.ones(1), kajo.tensor([True])).is_sparse_coo()
        False
        """
        return self.layout is kajo.sparse_coo

    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        """Whether the data is kept in compressed row format.

        >>> import kajo
        >>> kajo.masked.masked_tensor(kajo.ones(1), kajo.tensor([True])).is_sparse_csr()
        False
        """
        return self.layout is kajo.sparse_csr


@functools.cache
def _unmasked() -> frozenset[Any]:
    """Methods that take the tensor as it is."""
    names = (
        "is_sparse",
        "is_meta",
        "is_cpu",
        "is_cuda",
        "output_nr",
        "retains_grad",
        "_version",
        "_base",
    )
    return frozenset(
        [_property(name).__get__ for name in names]
        + [_property("requires_grad").__set__, _property("grad").__set__, Tensor.backward]
    )


def _check_mask(data: Tensor, mask: Any) -> None:
    if not isinstance(mask, Tensor):
        raise TypeError("MaskedTensor(): mask must be a Tensor")
    if mask.dtype is not kajo.bool:
        raise TypeError(f"MaskedTensor(): mask must have dtype bool, got {mask.dtype}")
    if mask.shape != data.shape:
        raise ValueError(
            f"MaskedTensor(): data.size() must equal mask.size(), got {data.shape} and {mask.shape}"
        )
    if mask.requires_grad:
        raise ValueError("MaskedTensor(): mask cannot have requires_grad=True")


def _text(data: Tensor, mask: Tensor) -> str:
    """The elements in brackets, a line for each row."""
    if data.dim() > 1:
        rows = [_text(d, m) for d, m in zip(data.unbind(0), mask.unbind(0))]
        inner = ",\n".join("\n".join("  " + line for line in row.split("\n")) for row in rows)
        return f"[\n{inner}\n]"
    fractional = data.is_floating_point() or data.is_complex()
    values = data.reshape(-1).tolist()
    kept = mask.reshape(-1).tolist()
    blank = "--" if data.dim() == 0 else "      --"
    words = [
        blank if not counts else f"{value:8.4f}" if fractional else str(value)
        for value, counts in zip(values, kept)
    ]
    return words[0] if data.dim() == 0 else f"[{', '.join(words)}]"


def masked_tensor(data: Any, mask: Any, requires_grad: bool = False) -> MaskedTensor:
    """A :class:`MaskedTensor` of its own: a leaf, with a copy of the mask.

    Args:
        data: a tensor.
        mask: a tensor of truth values of the same shape.
        requires_grad: record gradients with respect to it.

    Returns:
        The masked tensor.

    Raises:
        TypeError: if `data` is no plain tensor, or `mask` no tensor of truth values.
        ValueError: if the shapes differ.

    >>> import kajo
    >>> kajo.masked.masked_tensor(kajo.ones(2), kajo.tensor([True, False])).mean()
    MaskedTensor(  1.0000, True)
    """
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data: Any, mask: Any) -> MaskedTensor:
    """A :class:`MaskedTensor` through which gradients flow to `data`.

    Args:
        data: a tensor.
        mask: a tensor of truth values of the same shape.

    Returns:
        The masked tensor.

    Raises:
        TypeError: if `data` is no plain tensor, or `mask` no tensor of truth values.
        ValueError: if the shapes differ.

    >>> import kajo
    >>> x = kajo.ones(2, requires_grad=True)
    >>> kajo.masked.as_masked_tensor(x, kajo.tensor([True, False])).sum().backward()
    >>> x.grad
    tensor([1., 0.])
    """
    if is_masked_tensor(data) or not isinstance(data, Tensor):
        raise TypeError("as_masked_tensor(): data must be a Tensor")
    _check_mask(data, mask)
    return _with_mask(data.view_as(data), mask)
