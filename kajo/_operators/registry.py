"""What is registered for each operation, and how a call finds its kernel and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from kajo import _core
from kajo._operators.schema import Schema
from kajo._tensor import Tensor
from kajo.autograd.function import Function
from kajo.utils._pytree import tree_map_only

__all__ = ["Overload", "Packet", "find", "ops", "overload_of", "register"]

EVERY_DEVICE = "*"


class Overload:
    """One operation with one schema; called like a function.

    `kernels` holds its implementations by kind of device. An operation that is `implicit` has none
    of its own: it is made of other operations, which bring their gradients.
    """

    def __init__(self, schema: Schema, *, checks_aliases: bool = False) -> None:
        self._schema = schema
        self.namespace, self._opname = schema.name.split("::")
        self._overloadname = schema.overload_name or "default"
        self.__name__ = f"{self._opname}.{self._overloadname}"
        self.checks_aliases = checks_aliases
        self.kernels: dict[str, Callable[..., Any]] = {}
        self.implicit: Callable[..., Any] | None = None
        self.autograd_kernel: Callable[..., Any] | None = None
        self.fake: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.setup_context: Callable[..., Any] | None = None
        self.autocast: dict[str, Any] = {}  # the dtype of arguments by kind of device
        self.for_class: dict[type, Callable[..., Any]] = {}
        self._disabled: set[str] = set()
        self._function = _function_for(self)

    def name(self) -> str:
        """The full name, such as `mylib::scale`."""
        return str(self._schema).split("(")[0]

    def __str__(self) -> str:
        return f"{self.namespace}.{self._opname}.{self._overloadname}"

    def __repr__(self) -> str:
        return (
            f"<OpOverload(op='{self.namespace}.{self._opname}', overload='{self._overloadname}')>"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = self._schema.bind(args, kwargs)
        tensors = list(_tensors(values))
        for cls, rule in self.for_class.items():
            types = tuple({type(t) for t in tensors if isinstance(t, cls)})
            if types:
                return rule(cls, self, types, args, kwargs)
        if self.autocast:
            device = next((t.device.type for t in tensors), "cpu")
            if device in self.autocast and _is_autocast_enabled(device):
                return self._in_dtype(device, args, kwargs)
        if self.autograd_kernel is not None and _needs_derivative(tensors):
            return self.autograd_kernel(*args, **kwargs)
        if self.implicit is not None and not self.kernels:
            return self._apply(self.implicit, values)
        if self._schema.is_mutable:
            result = self.run(values, tensors)
            for argument, value in zip(self._schema.arguments, values):
                if argument.mutable:
                    for tensor in _tensors([value]):
                        _core._bump_version(tensor)
            return result
        if _needs_derivative(tensors):
            form: list[Any] = []
            flat = self._function.apply(values, form, *tensors)
            return _rebuilt(form[0], iter(flat if isinstance(flat, tuple) else (flat,)))
        return self.run(values, tensors)

    def _in_dtype(self, device: str, args: Any, kwargs: Any) -> Any:
        """The call with the dtype that autocast is to use, and without autocast inside."""
        from kajo.amp.autocast_mode import autocast

        dtype = self.autocast[device]

        def cast(tensor: Tensor) -> Tensor:
            eligible = tensor.is_floating_point() and tensor.dtype != _core.float64
            return tensor.to(dtype) if eligible else tensor

        with autocast(device, enabled=False):
            return self(*tree_map_only(Tensor, cast, args), **tree_map_only(Tensor, cast, kwargs))

    def run(self, values: list[Any], tensors: Sequence[Tensor]) -> Any:
        """The result of the kernel for where the tensors are; nothing is recorded.

        Raises:
            NotImplementedError: if there is no kernel for it.
        """
        device = next((t.device.type for t in tensors), "cpu")
        kernel = self._kernel(device)
        before = _core._set_grad_enabled(False)
        try:
            result = self._apply(kernel, values)
        finally:
            _core._set_grad_enabled(before)
        self._check_result(result, tensors)
        return result

    def _apply(self, kernel: Callable[..., Any], values: list[Any]) -> Any:
        arguments = self._schema.arguments
        placed = [v for a, v in zip(arguments, values) if not a.keyword_only]
        named = {a.name: v for a, v in zip(arguments, values) if a.keyword_only}
        return kernel(*placed, **named)

    def _kernel(self, device: str) -> Callable[..., Any]:
        if device == "meta":
            if self.fake is not None:
                return FakeContext.around(self.fake)
            if self.checks_aliases:
                raise RuntimeError(
                    f"There was no fake impl registered for {self.name()}: it is needed to tell the "
                    "shape and type of the result without computing it. Please use "
                    f"`{self._opname}.register_fake` to add one."
                )
        kernel = None if device in self._disabled else self.kernels.get(device)
        kernel = kernel or self.kernels.get(EVERY_DEVICE) or self.implicit
        if kernel is None:
            raise NotImplementedError(
                f"Could not run '{self.name()}' with arguments from the '{device.upper()}' backend: "
                f"there are kernels for {sorted(self.kernels) or 'no device'}; register one"
            )
        return kernel

    def _check_result(self, result: Any, inputs: Sequence[Tensor]) -> None:
        returns = self._schema.returns
        if returns == ("Tensor",) and not isinstance(result, Tensor):
            raise RuntimeError(f"{self.name()}: Unable to cast {result!r} to Tensor")
        if not self.checks_aliases:
            return
        seen = {t.untyped_storage().data_ptr() for t in inputs} - {0}
        for tensor in _tensors([result]):
            place = tensor.untyped_storage().data_ptr()
            if any(tensor is t for t in inputs) or place in seen:
                raise RuntimeError(
                    f"{self.name()}: The output of this custom operator (1) must not also be an "
                    "input to this custom operator and (2) may not alias any inputs to this custom "
                    "operator or other returns; return a clone() of it, or leave it out"
                )
            seen |= {place} - {0}

    @contextmanager
    def kernel_disabled(self, device: str, disabled: bool) -> Iterator[None]:
        """Within the block, the kernel for a device is left out, or not."""
        before = set(self._disabled)
        (self._disabled.add if disabled else self._disabled.discard)(device)
        try:
            yield
        finally:
            self._disabled = before


class FakeContext:
    """What a function that tells shapes may ask for: sizes that depend on data."""

    current: ClassVar[FakeContext | None] = None

    @classmethod
    def around(cls, fake: Callable[..., Any]) -> Callable[..., Any]:
        """A function during whose calls there is a context."""

        def called(*args: Any, **kwargs: Any) -> Any:
            before, FakeContext.current = FakeContext.current, cls()
            try:
                return fake(*args, **kwargs)
            finally:
                FakeContext.current = before

        return called

    def new_dynamic_size(self, *, min: int = 0, max: int | None = None) -> int:
        """A size that only the data tell.

        Raises:
            RuntimeError: for meta tensors, which have none.
        """
        raise RuntimeError(
            "new_dynamic_size(): the operation's result has a size that depends on data, which meta "
            "tensors do not have"
        )

    create_unbacked_symint = new_dynamic_size


def _is_autocast_enabled(device: str) -> bool:
    from kajo.amp.autocast_mode import is_autocast_enabled

    return is_autocast_enabled(device)


def _needs_derivative(tensors: Sequence[Tensor]) -> bool:
    levels = _core._forward_levels()
    return any(
        (t.requires_grad and _core.is_grad_enabled())
        or any(_core._tangent(t, level) is not None for level in range(levels))
        for t in tensors
    )


# ---- trees of tensors -----------------------------------------------------------------------------


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _rebuilt(form: Any, leaves: Iterator[Any]) -> Any:
    """`form` with its tensors replaced, one by one."""
    if isinstance(form, Tensor):
        return next(leaves)
    if isinstance(form, (list, tuple)):
        return type(form)(_rebuilt(f, leaves) for f in form)
    return form


def _flat_gradients(form: list[Any], gradients: Sequence[Any]) -> list[Any]:
    """A gradient for each tensor among the arguments, from one for each argument."""
    found: list[Any] = []
    for value, gradient in zip(form, gradients):
        if isinstance(value, Tensor):
            found.append(gradient)
        elif isinstance(value, (list, tuple)):
            each = [None] * len(value) if gradient is None else gradient
            found += _flat_gradients(list(value), each)
    return found


# ---- gradients ------------------------------------------------------------------------------------


def _function_for(op: Overload) -> type[Function]:
    """The function that puts calls of `op` into the graph, over the tensors of its arguments."""

    def forward(ctx: Any, values: list[Any], form: list[Any], *tensors: Tensor) -> Any:
        result = op.run(values, tensors)
        form.append(result)
        ctx.form_of_values, ctx.form_of_result = _outline(values), _outline(result)
        ctx.placed = sum(not a.keyword_only for a in op._schema.arguments)
        if op.setup_context is not None:
            with _grouped_needs(ctx):
                _set_up(op, ctx, values, result)
        return tuple(_tensors([result]))

    def backward(ctx: Any, *grads: Any) -> Any:
        if op.backward is None:
            raise RuntimeError(
                f"Trying to backward through {op} but no autograd formula was registered. Please "
                "use register_autograd to add one."
            )
        grouped = _rebuilt(ctx.form_of_result, iter(grads))
        with _grouped_needs(ctx):
            found = op.backward(ctx, *(grouped if isinstance(grouped, tuple) else (grouped,)))
        gradients = found if isinstance(found, tuple) else (found,)
        if len(gradients) != ctx.placed:
            raise RuntimeError(
                f"Expected the gradient of {op} to return {ctx.placed} values, one for each "
                f"argument, but got {len(gradients)}"
            )
        rest = [None] * (len(ctx.form_of_values) - ctx.placed)
        return (None, None, *_flat_gradients(ctx.form_of_values, [*gradients, *rest]))

    name = f"GeneratedBackwardFor_{op.namespace}_{op._opname}_{op._overloadname}"
    return type(
        name, (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


def _set_up(op: Overload, ctx: Any, values: list[Any], result: Any) -> None:
    assert op.setup_context is not None
    arguments = op._schema.arguments
    inputs = tuple(v for a, v in zip(arguments, values) if not a.keyword_only)
    named = {a.name: v for a, v in zip(arguments, values) if a.keyword_only}
    if named:
        op.setup_context(ctx=ctx, inputs=inputs, keyword_only_inputs=named, output=result)
    else:
        op.setup_context(ctx=ctx, inputs=inputs, output=result)


_MARK: Tensor = _core.empty(0)


def _outline(values: Any) -> Any:
    """The same tree with something small in place of the tensors."""
    if isinstance(values, Tensor):
        return _MARK
    if isinstance(values, (list, tuple)):
        return type(values)(_outline(v) for v in values)
    return values


@contextmanager
def _grouped_needs(ctx: Any) -> Iterator[None]:
    """`needs_input_grad` as the user's functions see it: one for each argument."""
    flat = ctx.needs_input_grad
    leaves = iter(flat[2:])
    grouped = _rebuilt(ctx.form_of_values, leaves)
    ctx.needs_input_grad = tuple(
        wants if _has_tensor([form]) else False
        for form, wants in zip(ctx.form_of_values[: ctx.placed], grouped)
    )
    try:
        yield
    finally:
        ctx.needs_input_grad = flat


def _has_tensor(form: Any) -> bool:
    return any(True for _ in _tensors(form))


# ---- names ----------------------------------------------------------------------------------------


class Packet:
    """All overloads of one name; a call takes the first that fits."""

    def __init__(self, namespace: str, name: str) -> None:
        self._qualified_op_name = f"{namespace}::{name}"
        self.__name__ = name
        self._overloads: dict[str, Overload] = {}

    def __getattr__(self, name: str) -> Overload:
        try:
            return self.__dict__["_overloads"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(
                f"The underlying op of '{self}' has no overload name '{name}'"
            ) from None

    def overloads(self) -> list[str]:
        """The names of the overloads."""
        return list(self._overloads)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        overloads = list(self._overloads.values())
        for overload in overloads[:-1]:
            try:
                overload._schema.bind(args, kwargs)
            except RuntimeError:
                continue
            return overload(*args, **kwargs)
        return overloads[-1](*args, **kwargs)

    def __str__(self) -> str:
        return self._qualified_op_name.replace("::", ".")

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self}')>"


class _OpNamespace:
    """The operations of one namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._packets: dict[str, Packet] = {}

    def __getattr__(self, name: str) -> Packet:
        packets: dict[str, Packet] = self.__dict__["_packets"]
        if name in packets:
            return packets[name]
        raise AttributeError(f"'_OpNamespace' '{self.name}' object has no attribute '{name}'")

    def __dir__(self) -> list[str]:
        return [*self._packets]


class _Ops:
    """`kajo.ops`: operations that programs have defined, by namespace."""

    def __init__(self) -> None:
        self._namespaces: dict[str, _OpNamespace] = {}

    def __getattr__(self, name: str) -> _OpNamespace:
        if name.startswith("__"):
            raise AttributeError(name)
        spaces: dict[str, _OpNamespace] = self.__dict__["_namespaces"]
        return spaces.setdefault(name, _OpNamespace(name))

    def __dir__(self) -> list[str]:
        return [*self._namespaces]


ops = _Ops()


def register(overload: Overload, *, replace: bool = False) -> Overload:
    """Make an operation callable under `kajo.ops`.

    Raises:
        RuntimeError: if there is one of that name.
    """
    packets = getattr(ops, overload.namespace)._packets
    packet = packets.setdefault(overload._opname, Packet(overload.namespace, overload._opname))
    if overload._overloadname in packet._overloads and not replace:
        raise RuntimeError(
            f"Tried to register an operator ({overload._schema}) with the same name and overload "
            "name multiple times"
        )
    packet._overloads[overload._overloadname] = overload
    return overload


def find(qualified: str) -> Overload:
    """The operation of a name such as `mylib::scale` or `mylib::scale.out`.

    Raises:
        RuntimeError: if there is none.
    """
    name, _, overload = qualified.partition(".")
    namespace, separator, operation = name.partition("::")
    packet = getattr(ops, namespace)._packets.get(operation) if separator else None
    if packet is None or (overload or "default") not in packet._overloads:
        raise RuntimeError(f"operator {qualified} does not exist: define it first")
    found: Overload = packet._overloads[overload or "default"]
    return found


def overload_of(op: Any) -> Overload:
    """The operation that a name, overload, packet or definition stands for."""
    if isinstance(op, str):
        return find(op)
    if isinstance(op, Packet):
        return next(iter(op._overloads.values()))
    if isinstance(op, Overload):
        return op
    overload = getattr(op, "_overload", None)
    if isinstance(overload, Overload):
        return overload
    raise ValueError(f"expected an operator or the name of one, got {type(op).__name__}")
