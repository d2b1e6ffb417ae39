"""Operations of your own: kernels, gradients and shapes written in Python, under a name.

>>> import kajo
>>> @kajo.library.custom_op("example::cube", mutates_args=())
... def cube(x: kajo.Tensor) -> kajo.Tensor:
...     return kajo.from_numpy(x.numpy(force=True) ** 3)
>>> def setup_context(ctx, inputs, output):
...     ctx.save_for_backward(*inputs)
>>> def backward(ctx, grad):
...     (x,) = ctx.saved_tensors
...     return grad * 3 * x ** 2
>>> cube.register_autograd(backward, setup_context=setup_context)
>>> x = kajo.tensor([1.0, 2.0], requires_grad=True)
>>> cube(x).sum().backward(); x.grad
tensor([ 3., 12.])
>>> kajo.ops.example.cube(kajo.tensor([3.0]))
tensor([27.])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from kajo._operators import Overload, find, overload_of, register
from kajo._operators.checks import OpCheckError as OpCheckError
from kajo._operators.checks import run_checks
from kajo._operators.registry import EVERY_DEVICE, FakeContext
from kajo._operators.schema import inferred, parse

__all__ = [
    "CustomOpDef",
    "Library",
    "OpCheckError",
    "custom_op",
    "define",
    "fallthrough_kernel",
    "get_ctx",
    "get_kernel",
    "impl",
    "impl_abstract",
    "infer_schema",
    "opcheck",
    "register_autocast",
    "register_autograd",
    "register_fake",
    "register_kernel",
    "register_torch_dispatch",
    "register_vmap",
    "triton_op",
    "wrap_triton",
]

_Devices = str | Sequence[str] | None


def _device_names(devices: _Devices) -> list[str]:
    if devices is None:
        return [EVERY_DEVICE]
    return [devices] if isinstance(devices, str) else list(devices)


class CustomOpDef:
    """An operation made by :func:`custom_op`: called like the function, with what is registered."""

    def __init__(self, overload: Overload, function: Callable[..., Any]) -> None:
        self._overload = overload
        self._init_fn = function
        self._namespace, self._name = overload.namespace, overload._opname
        self._qualname = f"{self._namespace}::{self._name}"
        self._opoverload = overload
        self.__name__ = self._name
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._overload(*args, **kwargs)

    def register_kernel(
        self, device_types: _Devices, fn: Callable[..., Any] | None = None, /
    ) -> Callable[..., Any]:
        """Give an implementation for devices, such as "cpu"; also a decorator."""
        return register_kernel(self, device_types, fn)

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """Give a function that tells the result's shape and type without its values."""
        return register_fake(self, fn)

    def register_autograd(
        self,
        backward: Callable[..., Any],
        /,
        *,
        setup_context: Callable[..., Any] | None = None,
    ) -> None:
        """Give the gradient; see :func:`register_autograd`."""
        register_autograd(self, backward, setup_context=setup_context)

    def register_vmap(self, func: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """Give the rule for a batch: func(info, in_dims, *args) -> (results, out_dims)."""
        return register_vmap(self, func)

    def set_kernel_enabled(
        self, device_type: str, enabled: bool = True
    ) -> AbstractContextManager[None]:
        """Within the block, use the kernel registered for a device, or leave it out."""
        return self._overload.kernel_disabled(device_type, not enabled)


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    device_types: _Devices = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Make a function an operation, which nothing looks into: not autograd, not a recording.

    Args:
        name: "namespace::name".
        fn: the function; left out, this is a decorator.
        mutates_args: the names of the arguments that it changes in place, or "unknown".
        device_types: the devices that it is for; None: all.
        schema: its signature; by default from the annotations.
        tags: accepted and ignored.

    Returns:
        The operation, a `CustomOpDef`.

    Raises:
        ValueError: if the name has no namespace, or an annotation is missing or unsupported.

    >>> import kajo
    >>> @kajo.library.custom_op("example::shifted", mutates_args=())
    ... def shifted(x: kajo.Tensor, by: float = 1.0) -> kajo.Tensor:
    ...     return x + by
    >>> shifted(kajo.zeros(2), by=3.0)
    tensor([3., 3.])
    """

    def make(function: Callable[..., Any]) -> CustomOpDef:
        namespace, _, operation = name.partition("::")
        if not operation:
            raise ValueError(f"custom_op(): expected a name like 'namespace::name', got {name!r}")
        found = (
            inferred(function, name, mutates_args)
            if schema is None
            else parse(operation + schema, namespace)
        )
        overload = register(Overload(found, checks_aliases=True), replace=True)
        for device in _device_names(device_types):
            overload.kernels[device] = function
        return CustomOpDef(overload, function)

    return make if fn is None else make(fn)


def infer_schema(
    prototype_function: Callable[..., Any],
    /,
    *,
    mutates_args: str | Iterable[str],
    op_name: str | None = None,
    tags: Any = (),
) -> str:
    """The schema that the annotations of a function tell.

    Args:
        prototype_function: the function.
        mutates_args: the names of the arguments that it changes in place, or "unknown".
        op_name: a name for the schema.
        tags: accepted and ignored.

    Raises:
        ValueError: if an annotation is missing or unsupported.

    >>> import kajo
    >>> def scaled(x: kajo.Tensor, factor: float = 2.0) -> kajo.Tensor: ...
    >>> kajo.library.infer_schema(scaled, mutates_args=())
    '(Tensor x, float factor=2.0) -> Tensor'
    """
    return (op_name or "") + inferred(prototype_function, "", mutates_args).signature()


# ---- registration by name -------------------------------------------------------------------------


def register_kernel(
    op: Any,
    device_types: _Devices,
    func: Callable[..., Any] | None = None,
    /,
    *,
    lib: Library | None = None,
) -> Callable[..., Any]:
    """Give an operation an implementation for devices.

    Args:
        op: the operation or its name.
        device_types: such as "cpu"; None: all.
        func: the implementation; left out, this is a decorator.
    """

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        for device in _device_names(device_types):
            overload_of(op).kernels[device] = function
        return function

    return make if func is None else make(func)


def register_fake(
    op: Any,
    func: Callable[..., Any] | None = None,
    /,
    *,
    lib: Library | None = None,
    _stacklevel: int = 1,
    allow_override: bool = True,
) -> Callable[..., Any]:
    """Tell the shape and type of an operation's result: what it gives for meta tensors.

    >>> import kajo
    >>> @kajo.library.custom_op("example::rows", mutates_args=())
    ... def rows(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x.sum(1)
    >>> @kajo.library.register_fake("example::rows")
    ... def _(x):
    ...     return x.new_empty(x.shape[0])
    >>> rows(kajo.empty(3, 4, device="meta")).shape
    kajo.Size([3])
    """

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        overload_of(op).fake = function
        return function

    return make if func is None else make(func)


def impl_abstract(
    qualname: Any,
    func: Callable[..., Any] | None = None,
    *,
    lib: Library | None = None,
    _stacklevel: int = 1,
) -> Callable[..., Any]:
    """The former name of :func:`register_fake`."""
    return register_fake(qualname, func, lib=lib)


def get_ctx() -> FakeContext | None:
    """Within a function that tells shapes: what it may ask for sizes that depend on data; else None."""
    return FakeContext.current


def register_autograd(
    op: Any,
    backward: Callable[..., Any],
    /,
    *,
    setup_context: Callable[..., Any] | None = None,
    lib: Library | None = None,
) -> None:
    """Give an operation its gradient.

    Args:
        op: the operation or its name.
        backward: backward(ctx, *grads) -> one gradient for each argument, None for what has none; a
            list for a list of tensors.
        setup_context: setup_context(ctx, inputs, output), which saves what `backward` needs; with
            keyword-only arguments also keyword_only_inputs.

    Raises:
        RuntimeError: for operations that change their arguments.
    """
    overload = overload_of(op)
    if overload._schema.is_mutable or not overload._schema.returns:
        raise RuntimeError(
            f"Cannot register autograd formula for non-functional operator {overload.name()} with "
            f"schema {overload._schema}. Please create a functional operator and register an "
            "autograd formula for that."
        )
    overload.backward, overload.setup_context = backward, setup_context


def register_vmap(
    op: Any,
    func: Callable[..., Any] | None = None,
    /,
    *,
    lib: Library | None = None,
) -> Callable[..., Any]:
    """Give an operation its rule for a batch: func(info, in_dims, *args) -> (results, out_dims).

    >>> import kajo
    >>> @kajo.library.custom_op("example::doubled", mutates_args=())
    ... def doubled(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x * 2
    >>> @kajo.library.register_vmap("example::doubled")
    ... def _(info, in_dims, x):
    ...     return doubled(x), in_dims[0]
    >>> kajo.vmap(doubled)(kajo.ones(2))
    tensor([2., 2.])
    """
    from kajo.func._batched import BatchedTensor
    from kajo.func._functions import by_rule
    from kajo.utils._pytree import tree_leaves

    overload = overload_of(op)

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        def handle(cls: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
            levels = [x._batch for x in tree_leaves((args, kwargs)) if type(x) is BatchedTensor]
            batch = max(levels, key=lambda level: level.level)
            return by_rule(batch, overload.name(), function, args, kwargs)

        overload.for_class[BatchedTensor] = handle
        return function

    return make if func is None else make(func)


def register_autocast(
    op: Any, device_type: str, cast_inputs: Any, /, *, lib: Library | None = None
) -> None:
    """Let an operation run in another dtype where autocast is on.

    Args:
        op: the operation or its name.
        device_type: the kind of device.
        cast_inputs: the dtype that floating-point arguments (but those of float64) are cast to;
            autocast is off inside of the operation.

    Raises:
        RuntimeError: if autocast does not know the kind of device.
        ValueError: if `op` is no operation.

    >>> import kajo
    >>> @kajo.library.custom_op("example::copied", mutates_args=())
    ... def copied(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x.clone()
    >>> kajo.library.register_autocast("example::copied", "cpu", kajo.bfloat16)
    >>> with kajo.autocast("cpu"):
    ...     copied(kajo.ones(1)).dtype
    kajo.bfloat16
    """
    from kajo.amp.autocast_mode import get_autocast_dtype

    overload = overload_of(op)
    get_autocast_dtype(device_type)
    overload.autocast[device_type] = cast_inputs


def register_torch_dispatch(
    op: Any,
    torch_dispatch_class: Any,
    func: Callable[..., Any] | None = None,
    /,
    *,
    lib: Library | None = None,
) -> Callable[..., Any]:
    """Tell what an operation does for tensors of a subclass.

    Args:
        op: the operation or its name.
        torch_dispatch_class: the subclass of Tensor.
        func: func(cls, operation, types, args, kwargs) -> the result; left out, this is a decorator.

    >>> import kajo
    >>> @kajo.library.custom_op("example::same", mutates_args=())
    ... def same(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x.clone()
    >>> class Mine(kajo.Tensor): pass
    >>> @kajo.library.register_torch_dispatch("example::same", Mine)
    ... def _(cls, operation, types, args, kwargs):
    ...     return kajo.zeros(1)
    >>> same(kajo.ones(1).as_subclass(Mine))
    tensor([0.])
    """

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        overload_of(op).for_class[torch_dispatch_class] = function
        return function

    return make if func is None else make(func)


# ---- kernels --------------------------------------------------------------------------------------


def fallthrough_kernel(*_: Any, **__: Any) -> None:
    """Given to :meth:`Library.impl`, it says that a dispatch key has no implementation of its own.

    Raises:
        NotImplementedError: if it is called.
    """
    raise NotImplementedError("fallthrough_kernel() should never be called.")


class _Kernel:
    """An implementation as it was found; later ones do not change it."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function, self._name = function, name

    def call_boxed(self, dispatch_keys: Any, *args: Any, **kwargs: Any) -> Any:
        """The result for these arguments; the keys are accepted."""
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<kernel of {self._name}>"


def get_kernel(op: Any, dispatch_key: str) -> Any:
    """The implementation that an operation has now for a dispatch key, to call it later.

    Args:
        op: the operation or its name.
        dispatch_key: such as "CPU" or "CompositeExplicitAutograd".

    Returns:
        An object with `call_boxed(dispatch_keys, *args, **kwargs)`.

    Raises:
        RuntimeError: if there is no such operation, or no implementation.
        ValueError: if there is no such key.

    >>> import kajo
    >>> @kajo.library.custom_op("example::doubled", mutates_args=())
    ... def doubled(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x * 2
    >>> before = kajo.library.get_kernel("example::doubled", "CPU")
    >>> _ = kajo.library.register_kernel("example::doubled", "cpu", lambda x: before.call_boxed("CPU", x) + 1)
    >>> doubled(kajo.ones(1))
    tensor([3.])
    """
    if not isinstance(op, (str, Overload)):
        raise ValueError(f"get_kernel({op}): got unexpected type for op: {type(op)}")
    if dispatch_key not in {*_DEVICE_KEYS, "Meta", "Autograd", "AutogradCPU", _IMPLICIT}:
        raise ValueError(f"Invalid dispatch key: {dispatch_key}")
    overload = overload_of(op)
    found = _implementation(overload, dispatch_key) or overload.kernels.get(EVERY_DEVICE)
    found = found or overload.implicit
    if found is None:
        raise RuntimeError(f"get_kernel(): {overload.name()} has no kernel for {dispatch_key}")
    return _Kernel(found, overload.name())


# ---- kernels of Triton ----------------------------------------------------------------------------


def triton_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    schema: str | None = None,
) -> Any:
    """:func:`custom_op` for a function that calls kernels of Triton, and operations.

    Args:
        name: "namespace::name".
        fn: the function; left out, this is a decorator.
        mutates_args: the names of the arguments that it changes in place, or "unknown".
        schema: its signature; by default from the annotations.
    """
    return custom_op(name, fn, mutates_args=mutates_args, schema=schema)


def wrap_triton(triton_kernel: Callable[..., Any], /) -> Any:
    """A kernel of Triton as something that can be recorded: the kernel itself, as nothing records it.

    Raises:
        ModuleNotFoundError: if Triton is not installed.
        RuntimeError: if it is no kernel of Triton.
    """
    from importlib import import_module

    import_module("triton")
    if not type(triton_kernel).__module__.startswith("triton."):
        raise RuntimeError(
            "wrap_triton() only works on functions annotated with triton.jit or triton.autotune"
        )
    return triton_kernel


# ---- libraries ------------------------------------------------------------------------------------

_IMPLICIT = "CompositeImplicitAutograd"
# Where an implementation goes by the name of its dispatch key.
_DEVICE_KEYS = {
    "CPU": "cpu",
    "CUDA": "cuda",
    "CompositeExplicitAutograd": EVERY_DEVICE,
    "": EVERY_DEVICE,
}


class Library:
    """A set of operations of one namespace.

    Args:
        ns: the namespace.
        kind: "DEF" or "FRAGMENT" to define operations, "IMPL" to implement what others define.
        dispatch_key: the default of `impl`.

    Raises:
        ValueError: for another kind.

    >>> import kajo
    >>> library = kajo.library.Library("example_library", "DEF")
    >>> library.define("scale(Tensor x, float factor=2.0) -> Tensor")
    'scale'
    >>> library.impl("scale", lambda x, factor=2.0: x * factor, "CPU")
    >>> kajo.ops.example_library.scale(kajo.ones(2))
    tensor([2., 2.])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Declare an operation by its schema; returns its name.

        Raises:
            RuntimeError: if it is no schema, or there is an operation of that name.
        """
        found = parse(schema, self.ns)
        register(Overload(found))
        name = found.name.split("::")[1]
        return f"{name}.{found.overload_name}" if found.overload_name else name

    def impl(
        self,
        op_name: Any,
        fn: Callable[..., Any],
        dispatch_key: str = "",
        *,
        with_keyset: bool = False,
        allow_override: bool = False,
    ) -> None:
        """Implement an operation for a dispatch key.

        Args:
            op_name: its name or the operation.
            fn: the implementation.
            dispatch_key: "CPU", "Meta", "Autograd", "CompositeImplicitAutograd" or
                "CompositeExplicitAutograd"; the default is the library's.

        Raises:
            RuntimeError: if there is an implementation for that key.
            TypeError: if `fn` cannot be called.
        """
        if not callable(fn):
            raise TypeError(
                f"Input function is required to be a callable but found type {type(fn)}"
            )
        overload = (
            find(self._qualified(op_name)) if isinstance(op_name, str) else overload_of(op_name)
        )
        if fn is fallthrough_kernel:
            return
        key = dispatch_key or self.dispatch_key or _IMPLICIT
        if _implementation(overload, key) is not None and not allow_override:
            raise RuntimeError(
                "This is not allowed since there's already a kernel registered from python "
                f"overriding {overload.name()}'s behavior for {key} dispatch key and "
                f"{self.ns} namespace."
            )
        _implement(overload, key, fn)

    def _qualified(self, name: str) -> str:
        return name if "::" in name else f"{self.ns}::{name}"


def _implementation(overload: Overload, key: str) -> Callable[..., Any] | None:
    if key == "CompositeImplicitAutograd":
        return overload.implicit
    if key == "Meta":
        return overload.fake
    if key.startswith("Autograd"):
        return overload.autograd_kernel
    return overload.kernels.get(_DEVICE_KEYS.get(key, key.lower()))


def _implement(overload: Overload, key: str, function: Callable[..., Any]) -> None:
    if key == "CompositeImplicitAutograd":
        overload.implicit = function
    elif key == "Meta":
        overload.fake = function
    elif key.startswith("Autograd"):
        overload.autograd_kernel = function
    else:
        overload.kernels[_DEVICE_KEYS.get(key, key.lower())] = function


def define(
    qualname: Any, schema: str, *, lib: Library | None = None, tags: Any = ()
) -> str | Callable[..., Any]:
    """Declare an operation.

    Args:
        qualname: its name, "namespace::name"; or a `Library`, and this decorates the implementation.
        schema: "(Tensor x) -> Tensor".
        lib: the library that it belongs to.

    Raises:
        ValueError: if the name has no namespace, or the schema starts with a name.

    >>> import kajo
    >>> kajo.library.define("example::half", "(Tensor x) -> Tensor")
    'half'
    >>> @kajo.library.impl("example::half", "cpu")
    ... def half(x):
    ...     return x / 2
    >>> kajo.ops.example.half(kajo.ones(1))
    tensor([0.5000])
    """
    if isinstance(qualname, Library):
        library = qualname
        name = library.define(schema)

        def implements(function: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(name, function)
            return function

        return implements
    if not isinstance(qualname, str):
        raise ValueError(f"define(qualname, schema): expected a str, got {type(qualname)}")
    namespace, _, operation = qualname.partition("::")
    if not operation:
        raise ValueError(f"define(): expected a name like 'namespace::name', got {qualname!r}")
    if not schema.lstrip().startswith("("):
        raise ValueError(
            f"define(qualname, schema, ...): expected schema to look like '(...) -> ...' but got {schema!r}"
        )
    return (lib or Library(namespace, "FRAGMENT")).define(operation + schema)


def impl(
    qualname: Any,
    types: str | Sequence[str],
    func: Any = None,
    *,
    lib: Library | None = None,
) -> Any:
    """Implement an operation for devices.

    Args:
        qualname: its name; or a `Library`, with the operation's name as `types` and a dispatch key as
            `func`.
        types: devices such as "cpu", or "default" for all.
        func: the implementation; left out, this is a decorator.
    """
    if isinstance(qualname, Library):
        library, name, key = qualname, types, func or ""

        def implements(function: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(name, function, key)
            return function

        return implements

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        overload = find(qualname)
        for kind in [types] if isinstance(types, str) else types:
            _implement(overload, "" if kind == "default" else kind, function)
        return function

    return make if func is None else make(func)


def opcheck(
    op: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    test_utils: str | Sequence[str] = (
        "test_schema",
        "test_autograd_registration",
        "test_faketensor",
        "test_aot_dispatch_dynamic",
    ),
    raise_exception: bool = True,
    atol: float | None = None,
    rtol: float | None = None,
) -> dict[str, Any]:
    """Whether what is registered for an operation fits together, for one call.

    Args:
        op: the operation.
        args, kwargs: of the call.
        test_utils: which checks: that it changes and returns what its schema says ("test_schema"),
            that it has a gradient if it needs one ("test_autograd_registration"), that the fake
            function tells the truth ("test_faketensor"), and that results and gradients are the same
            when computed again ("test_aot_dispatch_dynamic").
        raise_exception: raise at the first failure.
        atol, rtol: tolerances of the last check.

    Returns:
        For each check "SUCCESS" or the exception.

    Raises:
        OpCheckError: if a check fails.

    >>> import kajo
    >>> @kajo.library.custom_op("example::plain", mutates_args=())
    ... def plain(x: kajo.Tensor) -> kajo.Tensor:
    ...     return x * 1
    >>> _ = plain.register_fake(lambda x: kajo.empty_like(x))
    >>> kajo.library.opcheck(plain, (kajo.ones(2),), test_utils="test_faketensor")
    {'test_faketensor': 'SUCCESS'}
    """
    names = [test_utils] if isinstance(test_utils, str) else list(test_utils)
    tolerances = {"atol": atol, "rtol": rtol}
    given = {k: v for k, v in tolerances.items() if v is not None}
    if len(given) == 1:
        raise ValueError("opcheck(): give both of atol and rtol, or none")
    return run_checks(overload_of(op), args, kwargs or {}, names, raise_exception, given)
