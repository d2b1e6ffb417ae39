"""Tensors that a module owns: parameters, buffers, and those whose shape is not known yet."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

import kajo
from kajo import Tensor, _core

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "is_lazy",
]


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Any:
    """Make a Parameter again from what `Parameter.__reduce_ex__` wrote."""
    parameter: Any = Parameter(data, requires_grad)
    parameter._backward_hooks = backward_hooks
    return parameter


class Parameter(Tensor):
    """A tensor that is to be learned.

    Assigned to an attribute of a module it is registered there: ``parameters()`` yields it and
    ``state_dict()`` holds it.

    Args:
        data: the values, any shape; shared, not copied.
        requires_grad: whether gradients are computed for it.

    Example:
        >>> import kajo
        >>> weight = kajo.nn.Parameter(kajo.zeros(2))
        >>> weight.requires_grad
        True
    """

    # What is computed with parameters is plain tensors.
    __torch_function__ = _core._disabled_torch_function_impl  # type: ignore[assignment]

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = kajo.empty(0)
        return cast("Parameter", Tensor._make_subclass(cls, data.detach(), requires_grad))

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            copied = self.data.clone(memory_format=kajo.preserve_format)
            memo[id(self)] = type(self)(copied, self.requires_grad)
        return cast("Parameter", memo[id(self)])

    def __repr__(self) -> str:  # type: ignore[override]
        plain = self.detach().requires_grad_(self.requires_grad)
        return f"Parameter containing:\n{plain!r}"

    def __reduce_ex__(self, protocol: Any) -> Any:
        # The hooks stay behind: they are functions of the running program.
        return _rebuild_parameter, (self.data, self.requires_grad, OrderedDict())


class _BufferMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(metaclass=_BufferMeta):
    """A tensor that belongs to a module's state and is not learned, such as a running mean.

    ``Buffer(data)`` gives a plain tensor with a mark on it: assigned to an attribute of a module
    it is registered as a buffer.

    Args:
        data: the values, any shape; shared, not copied.
        persistent: whether ``state_dict()`` holds it.

    Example:
        >>> import kajo
        >>> module = kajo.nn.Module()
        >>> module.count = kajo.nn.Buffer(kajo.zeros(()))
        >>> list(module.state_dict())
        ['count']
    """

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        if data is None:
            data = kajo.empty(0)
        buffer: Any = data.detach().requires_grad_(data.requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer


# What may be done with a tensor whose shape is not known: ask for and change where it will live.
_ALLOWED_BEFORE_SHAPE = frozenset(
    [
        *("is_floating_point", "half", "float", "double", "char", "short", "int", "long"),
        *("bfloat16", "cuda", "cpu", "to", "get_device", "_has_compatible_shallow_copy_type"),
    ]
)


class UninitializedTensorMixin:
    """What parameters and buffers without a shape have in common: ``materialize(shape)``.

    Example:
        >>> import kajo
        >>> weight = kajo.nn.UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> weight.shape
        kajo.Size([2, 3])
    """

    cls_to_become: type

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of `shape`, with unset values.

        Args:
            shape: the sizes.
            device, dtype: default to those given when this was made.
        """
        tensor = cast(Any, self)
        device = tensor.data.device if device is None else device
        dtype = tensor.data.dtype if dtype is None else dtype
        tensor.data = kajo.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. "
            "This error usually happens in `load_state_dict` when trying to load "
            "an uninitialized parameter into an initialized one. "
            "Call `forward` to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self) -> Any:
        """Refused: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        return f"<{self.__class__.__name__}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__class__, (cast(Any, self).requires_grad,)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Attribute access arrives as `__get__` of a descriptor of Tensor.
        if getattr(func, "__name__", "") in _ALLOWED_BEFORE_SHAPE | {"__get__", "__set__"}:
            return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[misc]
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {func}. "
            "This error happens when you are using a `LazyModule` or "
            f"explicitly manipulating `kajo.nn.parameter.{cls.__name__}` "
            "objects. When using LazyModules Call `forward` with a dummy batch "
            "to initialize the parameters before calling torch functions"
        )


def is_lazy(param: Any) -> bool:
    """Whether `param` is a parameter or buffer whose shape is not known yet.

    Args:
        param: any object.

    Returns:
        True for an uninitialised parameter or buffer.

    Example:
        >>> import kajo
        >>> kajo.nn.parameter.is_lazy(kajo.nn.UninitializedParameter())
        True
    """
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape becomes known at the first forward of the module that has it.

    Args:
        requires_grad: as for :class:`Parameter`.
        device, dtype: where and as what ``materialize`` will make it.

    Example:
        >>> import kajo
        >>> weight = kajo.nn.UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> type(weight).__name__
        'Parameter'
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        data = kajo.empty(0, device=device, dtype=dtype)
        made = Tensor._make_subclass(cls, data, requires_grad)
        return cast("UninitializedParameter", made)

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        return cast("UninitializedParameter", memo[id(self)])


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]
    """A buffer whose shape becomes known at the first forward of the module that has it.

    Args:
        requires_grad: whether gradients are computed for it.
        device, dtype: where and as what ``materialize`` will make it.
        persistent: whether ``state_dict()`` holds it.

    Example:
        >>> import kajo
        >>> mean = kajo.nn.UninitializedBuffer()
        >>> mean.materialize((4,))
        >>> mean.numel()
        4
    """

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:
        data = kajo.empty(0, device=device, dtype=dtype)
        made = cast(Any, Tensor._make_subclass(cls, data, requires_grad))
        made.persistent = persistent
        made._is_buffer = True
        return cast("UninitializedBuffer", made)
