"""What a tensor tells about itself, and what cannot be told of a single sample."""

from __future__ import annotations

from typing import Any

from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch, DataDependent
from kajo.func._batching.register import every, register

__all__: list[str] = []

_OF_THE_SHAPE = """
dim element_size is_complex is_contiguous is_floating_point is_same_size is_signed ndimension nelement numel
result_type size stride is_conj is_neg is_inference
"""
_SHAPE_PROPERTIES = "shape ndim dtype layout itemsize nbytes"
_VALUE_PROPERTIES = """
device requires_grad grad_fn is_leaf retains_grad output_nr name _version is_cpu is_meta is_cuda is_sparse
is_sparse_csr is_quantized is_nested is_mkldnn is_mps is_xpu grad
"""
_REFUSED = {
    "item": "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
    ".item() on a Tensor, please try to rewrite what you're doing with other operations.",
    "__bool__": "vmap: It looks like you're attempting to use a Tensor in some data-dependent control "
    "flow. We don't support that yet: kajo.where() chooses for each sample.",
    "nonzero": "vmap: We do not support batching operators that can output dynamic shape: the result of "
    "nonzero() differs in size from sample to sample.",
}


def _of_the_shape(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _core._disabled_torch_function_impl(func, (), args, kwargs)


def _of_the_value(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return batch.wrap(func(batch.value(args[0]), *args[1:]))


register(_OF_THE_SHAPE, _of_the_shape)
for _name in _SHAPE_PROPERTIES.split():
    RULES[getattr(Tensor, _name).__get__] = _of_the_shape
for _name in _VALUE_PROPERTIES.split():
    RULES[getattr(Tensor, _name).__get__] = _of_the_value
RULES[Tensor.requires_grad.__set__] = _of_the_value  # type: ignore[attr-defined]
RULES[Tensor.__len__] = lambda batch, func, args, kwargs: _length(args[0])
RULES[Tensor._base.__get__] = lambda batch, func, args, kwargs: None


def _length(x: Tensor) -> int:
    if x.dim() == 0:
        raise TypeError("len() of a 0-d tensor")
    return int(x.shape[0])


def _requires_grad(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    func(batch.value(args[0]), *args[1:], **kwargs)
    return args[0]


register("requires_grad_ detach_", _requires_grad)


def _refuse(message: str) -> Any:
    def handle(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise DataDependent(message)

    return handle


_UNTOLD = (
    "item tolist data_ptr is_nonzero equal allclose __int__ __float__ __complex__ numpy __array__"
)
for _name in (*_UNTOLD.split(), "__index__", "__bool__"):
    _found = getattr(Tensor, _name)
    _message = _REFUSED[
        "__bool__" if _name in ("__bool__", "is_nonzero", "equal", "allclose") else "item"
    ]
    RULES[_found] = _refuse(_message)
for _operation in every("nonzero argwhere unique unique_consecutive"):
    RULES[_operation] = _refuse(_REFUSED["nonzero"])
for _operation in every("allclose equal"):
    RULES[_operation] = _refuse(_REFUSED["__bool__"])


def _repr(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return f"BatchedTensor(lvl={batch.level}, bdim=0, value=\n{batch.value(args[0])!r}\n)"


RULES[Tensor.__repr__] = _repr
RULES[Tensor.__format__] = lambda batch, func, args, kwargs: _repr(batch, func, args, kwargs)


def _hook(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    self, hook = args

    def on_value(gradient: Tensor) -> Any:
        result = hook(batch.wrap(gradient))
        return None if result is None else batch.lift(result)

    return func(batch.value(self), on_value)


RULES[Tensor.register_hook] = _hook
RULES[Tensor.retain_grad] = _requires_grad
