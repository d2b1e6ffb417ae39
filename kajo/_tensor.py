"""`kajo.Tensor`: the core's tensor with what is written in Python."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import index as index_of
from typing import Any, SupportsIndex

import kajo
from kajo import _core


class Size(tuple):  # type: ignore[type-arg]
    """The shape of a tensor: a tuple of integers.

    >>> import kajo
    >>> kajo.zeros(2, 3).shape
    kajo.Size([2, 3])
    >>> kajo.Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = ()) -> Size:
        items = tuple(sizes)
        for i, n in enumerate(items):
            if not hasattr(n, "__index__"):
                raise TypeError(
                    f"kajo.Size() takes an iterable of 'int' (item {i} is '{type(n).__name__}')"
                )
        # From a list, whose length is known: a tuple that is shrunk to size costs fresh memory.
        return tuple.__new__(cls, list(map(index_of, items)))

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"kajo.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, other: Any) -> Size:
        return Size(tuple.__mul__(self, other))

    __rmul__ = __mul__

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return tuple.__new__(Size, item) if isinstance(index, slice) else item

    def __reduce__(self) -> Any:
        return Size, (tuple(self),)


class _HookHandle:
    """Takes a hook away again: by `remove()`, or at the end of a `with` block."""

    def __init__(self, tensor: Tensor, hook_id: int) -> None:
        self._tensor: Tensor | None = tensor
        self.id = hook_id

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._tensor is not None:
            _core._remove_tensor_hook(self._tensor, self.id)
            self._tensor = None

    def __enter__(self) -> _HookHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Tensor(_core.TensorBase, metaclass=_core._TensorMeta):
    """A multi-dimensional array that records what is done to it.

    Made by `kajo.tensor(...)`, `kajo.zeros(...)` and the like.

    >>> import kajo
    >>> x = kajo.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __array_priority__ = 1000
    _make_subclass = staticmethod(_core._make_subclass)

    # ---- subclasses ----------------------------------------------------------------------------

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What an operation gives for arguments of subclasses: results of the subclass.

        A subclass may override it, as `kajo.overrides` describes.

        Args:
            func: the operation, or for a property the `__get__` of its descriptor.
            types: the classes among the arguments that override.
            args, kwargs: the arguments.

        Returns:
            The result, its tensors as instances of `cls`; NotImplemented if another class is among
            `types` that `cls` does not derive from.
        """
        if not all(issubclass(cls, t) for t in types) or _is_foreign(func):
            return NotImplemented
        result = _dispatched(cls, func, types, args, kwargs)
        return result if func in _results_as_they_are() else _as_class(result, cls)

    @staticmethod
    def __torch_dispatch__(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What an operation gives, whatever subclasses say.

        A subclass may define it as a classmethod (cls, func, types, args, kwargs) to say what operations
        on its instances are: it is called below `__torch_function__`, even where that is
        `_disabled_torch_function_impl`, for operations and not for attributes. `func` is kajo's
        function; gradients are those of what it computes.
        """
        return _core._disabled_torch_function_impl(func, types, args, kwargs)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        disabled = cls.__torch_function__ is _core._disabled_torch_function_impl
        if disabled and cls.__torch_dispatch__ is not Tensor.__torch_dispatch__:
            cls.__torch_function__ = classmethod(_dispatched)  # type: ignore[assignment]

    def as_subclass(self, cls: type) -> Any:
        """This tensor as an instance of a subclass of Tensor, with its storage and its history.

        >>> import kajo
        >>> class Length(kajo.Tensor): pass
        >>> metres = kajo.ones(2).as_subclass(Length)
        >>> type(metres * 2).__name__
        'Length'
        """
        return _core._as_subclass(cls, self)

    @staticmethod
    def _make_wrapper_subclass(
        cls: type,
        size: Sequence[int],
        strides: Sequence[int] | None = None,
        storage_offset: int | None = None,
        memory_format: Any = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        **_: Any,
    ) -> Any:
        """A tensor of a subclass that has a shape and a dtype and no elements: a face for other data.

        It lives on the meta device: what `__torch_function__` of the subclass leaves to the
        default gives shapes and dtypes only.
        """
        sizes = tuple(size)
        if strides is None:
            face = _core.empty(sizes, dtype=dtype, device="meta")
        else:
            face = _core.empty_strided(sizes, tuple(strides), dtype=dtype, device="meta")
        return _core._make_subclass(cls, face, requires_grad)

    # Python 2's names, which PyTorch still answers to.
    __div__ = _core.TensorBase.__truediv__
    __idiv__ = _core.TensorBase.__itruediv__
    __long__ = _core.TensorBase.__int__
    __nonzero__ = _core.TensorBase.__bool__

    def __rdiv__(self, other: Any) -> Any:
        return self.reciprocal() * other

    # ---- printing ------------------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from kajo._tensor_str import _str

        return _str(self, tensor_contents=tensor_contents)

    def __format__(self, spec: str) -> str:
        if self.dim() == 0 and not self.is_meta and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    # ---- gradients -----------------------------------------------------------------------------

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | Tensor | None = None,
    ) -> None:
        """Add the gradient of this tensor with respect to the graph's leaves to their `.grad`.

        Args:
            gradient: the gradient of something with respect to this tensor, of its shape; may be
                left out for one element.
            retain_graph: keep what is saved for backward, for another call.
            create_graph: record the computation of the gradients, for higher derivatives.
            inputs: accumulate into these tensors only.

        Raises:
            RuntimeError: if there is nothing to differentiate, or `gradient` is missing.

        >>> import kajo
        >>> x = kajo.tensor(3.0, requires_grad=True)
        >>> (x ** 2).backward()
        >>> x.grad
        tensor(6.)
        """
        kajo.autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> _HookHandle:
        """Call `hook(gradient)` when this tensor's gradient is computed; it may return another one.

        >>> import kajo
        >>> x = kajo.tensor(1.0, requires_grad=True)
        >>> handle = x.register_hook(lambda g: 2 * g)
        >>> x.backward(); x.grad
        tensor(2.)
        """
        return _HookHandle(self, _core._add_tensor_hook(self, hook))

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> _HookHandle:
        """Call `hook(tensor)` after `.grad` of this leaf was accumulated.

        >>> import kajo
        >>> x = kajo.tensor(1.0, requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
        >>> (3 * x).backward()
        tensor(3.)
        """
        return _HookHandle(self, _core._add_post_accumulate_hook(self, hook))

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `.grad` though it is no leaf.

        >>> import kajo
        >>> x = kajo.tensor(2.0, requires_grad=True)
        >>> y = x * x
        >>> y.retain_grad()
        >>> (3 * y).backward()
        >>> y.grad
        tensor(3.)
        """
        _core._retain_grad(self)

    # ---- NumPy and other libraries -----------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> Any:
        """A NumPy array that shares this tensor's memory.

        Args:
            force: detach, move to the CPU and resolve first, possibly by copying.

        Raises:
            RuntimeError: if the tensor requires grad, or is a lazily conjugated or negated view.
            TypeError: if NumPy has no such dtype (bfloat16, complex32, float8).

        >>> import kajo
        >>> x = kajo.ones(2)
        >>> x.numpy()[0] = 5.0
        >>> x
        tensor([5., 1.])
        """
        import numpy

        t = self.detach().cpu().resolve_conj().resolve_neg() if force else self
        if t.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if t.is_conj():
            raise RuntimeError(
                "Can't call numpy() on Tensor that has conjugate bit set. Use "
                "tensor.resolve_conj().numpy() instead."
            )
        if t.is_neg():
            raise RuntimeError(
                "Can't call numpy() on Tensor that has negative bit set. Use "
                "tensor.resolve_neg().numpy() instead."
            )
        if t.is_meta:
            raise TypeError("numpy(): can't convert a meta tensor to numpy: it has no data")
        try:
            return numpy.asarray(memoryview(t))
        except BufferError as error:
            raise TypeError(f"Got unsupported ScalarType {t.dtype}: {error}") from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(
        self, array: Any, context: Any = None, return_scalar: bool = False
    ) -> Tensor:
        import numpy

        import kajo

        return kajo.from_numpy(numpy.asarray(array))

    def __dlpack__(self, **options: Any) -> Any:
        """A DLPack capsule of this tensor, for zero-copy exchange with other libraries."""
        from kajo.utils.dlpack import to_dlpack

        return to_dlpack(self, **options)

    __dlpack_c_exchange_api__ = _core._dlpack_exchange_api

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    @property
    def __cuda_array_interface__(self) -> Any:
        """Where the data is on a GPU, which it never is.

        Raises:
            AttributeError: always, so that other libraries see no such interface.
        """
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: {self.type()}"
        )

    # ---- copying and pickling ------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment: call .detach() or .clone() first"
            )
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        from kajo.storage import copy_with_storage

        result: Tensor = copy_with_storage(self, memo)
        if type(self) is not Tensor:
            result = _core._make_subclass(type(self), result)
        result.requires_grad_(self.requires_grad)
        memo[id(self)] = result
        if self.grad is not None:
            from copy import deepcopy

            result.grad = deepcopy(self.grad, memo)
        if self.__dict__:
            from copy import deepcopy

            result.__dict__.update(deepcopy(self.__dict__, memo))
        return result

    def __reduce_ex__(self, protocol: Any) -> Any:
        from kajo.storage import reduce_tensor

        return reduce_tensor(self)

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)

    # ---- storage -------------------------------------------------------------------------------------

    def untyped_storage(self) -> Any:
        """The bytes that this tensor is a view of.

        >>> import kajo
        >>> kajo.arange(4)[1:].untyped_storage().nbytes()
        32
        """
        from kajo.storage import UntypedStorage

        return UntypedStorage._of(self)

    def storage(self) -> Any:
        """The elements that this tensor is a view of, with their dtype.

        >>> import kajo
        >>> kajo.arange(4)[1:].storage().size()
        4
        """
        from kajo.storage import TypedStorage

        return TypedStorage._of(self)

    def storage_type(self) -> type:
        """The class of `storage()`.

        >>> import kajo
        >>> kajo.arange(4).storage_type().__name__
        'TypedStorage'
        """
        from kajo.storage import TypedStorage

        return TypedStorage

    def set_(
        self, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = ()
    ) -> Tensor:
        """Make this tensor a view of another tensor's or storage's memory.

        Raises:
            RuntimeError: if the view reaches outside a storage that cannot grow.

        >>> import kajo
        >>> x = kajo.zeros(2)
        >>> x.set_(kajo.tensor([1.0, 2.0]))
        tensor([1., 2.])
        """
        if source is None:
            source = _core.empty(0, dtype=self.dtype)
        if isinstance(source, Tensor):
            if source.dtype != self.dtype:
                raise RuntimeError(
                    f"set_(): Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}"
                )
            if size is None:
                return _core._set_tensor(self, source)
        else:
            source = source._tensor_of(self.dtype)
            if size is None:
                size = (source.numel() - storage_offset,)
        return _core._set_tensor(self, source, storage_offset, tuple(size), tuple(stride))

    def share_memory_(self) -> Tensor:
        """Move the storage to memory that other processes can map; returns self.

        >>> import kajo
        >>> kajo.ones(2).share_memory_().is_shared()
        True
        """
        from kajo.multiprocessing import share_tensor

        share_tensor(self)
        return self

    def is_shared(self) -> bool:
        """Whether other processes can map the storage.

        >>> import kajo
        >>> kajo.ones(2).is_shared()
        False
        """
        return bool(getattr(self, "_shared", False))

    def pin_memory(self, device: Any = None) -> Tensor:
        """Page-locked memory matters to GPUs only: here the tensor itself.

        >>> import kajo
        >>> kajo.ones(2).pin_memory()
        tensor([1., 1.])
        """
        return self

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the memory is page-locked for a GPU: never on the CPU.

        >>> import kajo
        >>> kajo.ones(2).is_pinned()
        False
        """
        return False

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (Tensor, int, float, complex, bool)):
            same: Any = element == self
            return bool(same.any().item())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

    def __complex__(self) -> complex:
        return complex(self.item())

    def __reversed__(self) -> Tensor:
        return self if self.dim() == 0 else self.flip(0)

    def __iter__(self) -> Iterator[Tensor]:
        if self.dim() == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *self.__dict__})

    def __hash__(self) -> int:
        return id(self)

    def new(self, *arguments: Any) -> Tensor:
        """A tensor of this one's dtype: empty, of the given sizes (uninitialised), or with data.

        >>> import kajo
        >>> kajo.ones(2).new([1, 2])
        tensor([1., 2.])
        """
        if not arguments or isinstance(arguments[0], (int, Size)):
            return _core.empty(*(arguments or (0,)), dtype=self.dtype, device=self.device)
        return self.new_tensor(*arguments)

    def new_tensor(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Tensor:
        """A tensor with a copy of `data`, of this tensor's dtype and device unless given.

        >>> import kajo
        >>> kajo.ones(1, dtype=kajo.float64).new_tensor([1, 2])
        tensor([1., 2.], dtype=kajo.float64)
        """
        return _core.tensor(
            data,
            dtype=dtype or self.dtype,
            device=device or self.device,
            requires_grad=requires_grad,
        )


def _is_foreign(function: Any) -> bool:
    """Whether a function is PyTorch's, which asks again whenever it is called with our tensors."""
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "torch"


def _dispatched(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The call as the subclass's `__torch_dispatch__` answers it, if it has one."""
    own = cls.__torch_dispatch__ is not Tensor.__torch_dispatch__
    if own and getattr(func, "__name__", "") not in ("__get__", "__set__", "__delete__"):
        return cls.__torch_dispatch__(func, types, args, kwargs or {})
    return _core._disabled_torch_function_impl(func, types, args, kwargs)


def _as_class(result: Any, cls: type) -> Any:
    """A result with its tensors as instances of `cls`."""
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) or cls is Tensor else result.as_subclass(cls)
    if isinstance(result, (tuple, list)) and type(result) is not Size:
        items = [_as_class(item, cls) for item in result]
        named = getattr(type(result), "_make", type(result))
        return named(items)
    return result


@functools.cache
def _results_as_they_are() -> frozenset[Any]:
    """Operations whose results keep their class: what belongs to a tensor rather than to its data."""
    properties: Any = Tensor  # whose attributes are descriptors when asked of the class
    return frozenset((properties._base.__get__, properties.grad.__get__))


# Methods written in Python that `__torch_function__` overrides as a whole.
_OVERRIDABLE = (
    "__repr__ __format__ backward register_hook register_post_accumulate_grad_hook retain_grad numpy "
    "__array__ __array_wrap__ __dlpack__ __dlpack_device__ __deepcopy__ untyped_storage storage "
    "storage_type set_ share_memory_ is_shared pin_memory is_pinned __contains__ __complex__ "
    "__reversed__ new new_tensor"
)
for _name in _OVERRIDABLE.split():
    setattr(Tensor, _name, _core._overridable(Tensor.__dict__[_name]))

_core._set_tensor_class(Tensor)
_core._set_size_class(Size)
Tensor.__module__ = "kajo"
Size.__module__ = "kajo"
