"""Functions with a gradient of their own.

>>> import kajo
>>> class Cube(kajo.autograd.Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x ** 3
...     @staticmethod
...     def backward(ctx, grad):
...         (x,) = ctx.saved_tensors
...         return grad * 3 * x ** 2
>>> x = kajo.tensor(2.0, requires_grad=True)
>>> y = Cube.apply(x); y
tensor(8., grad_fn=<CubeBackward>)
>>> y.backward(); x.grad
tensor(12.)
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What `forward` and `backward` of a function share."""

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True
    to_save: tuple[Any, ...] = ()
    saved_for_forward: tuple[Any, ...] = ()
    dirty_tensors: tuple[Tensor, ...] = ()
    non_differentiable: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, which finds them in `saved_tensors`.

        Raises:
            TypeError: if something is neither a tensor nor None.
        """
        for i, t in enumerate(tensors):
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Name the inputs that `forward` has changed in place; they must be among the results."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Name the results that have no gradient."""
        self.non_differentiable = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Nothing to do: tensors that share storage are known to. Deprecated."""
        import warnings

        warnings.warn(
            "`mark_shared_storage` is deprecated: tensors with shared storages are tracked anyway.",
            FutureWarning,
            stacklevel=2,
        )

    def set_materialize_grads(self, value: bool) -> None:
        """False: `backward` gets None where a result was not used, in place of zeros."""
        self.materialize_grads = bool(value)


class _Recorded(_core.Node, FunctionCtx):
    """A context that is also a node in the graph."""

    _forward_cls: type[Function]
    _recorded = False
    _saved_for_jvp: tuple[Any, ...] | None = None
    _metadata: dict[Any, Any] | None = None

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given, checked against changes since.

        Raises:
            RuntimeError: if the graph was freed or a tensor was changed in place.
        """
        if self._saved_for_jvp is not None:
            return self._saved_for_jvp
        if not self._recorded:
            return self.to_save
        saved: tuple[Any, ...] = super().saved_tensors
        self.maybe_clear_saved_tensors()
        return saved

    saved_variables = saved_tensors

    def maybe_clear_saved_tensors(self) -> None:
        """Free what was saved, if the function's class says `clear_saved_tensors_on_access`."""
        if self._forward_cls.clear_saved_tensors_on_access:
            self._release_saved()

    @property
    def metadata(self) -> dict[Any, Any]:
        """What programs note about this node; empty at first."""
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    @property
    def requires_grad(self) -> bool:
        """Whether an argument of `forward` requires grad."""
        return any(self.needs_input_grad)


class BackwardCFunction(_Recorded):
    """The context of one call, which is also its node in the graph."""

    _output_like: tuple[Any, ...] = ()

    def _apply_backward(
        self, grads: tuple[Any, ...], wanted: tuple[bool, ...] | None = None
    ) -> tuple[Any, ...]:
        if wanted is None:
            return self._gradients(grads)
        # Where only some gradients were asked for, `needs_input_grad` tells.
        before, self.needs_input_grad = self.needs_input_grad, wanted
        try:
            return self._gradients(grads)
        finally:
            self.needs_input_grad = before

    def _gradients(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        function = self._forward_cls
        if function.backward is Function.backward and function.vjp is Function.vjp:
            raise NotImplementedError(
                "You must implement either the backward or vjp method for your custom "
                "autograd.Function to use it with backward mode AD."
            )
        if function.backward is not Function.backward and function.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        formula = function.vjp if function.vjp is not Function.vjp else function.backward
        given = self._positioned(grads)
        results = formula(self, given) if function.boxed_grads_call else formula(self, *given)
        return self._checked(results if isinstance(results, tuple) else (results,))

    def _positioned(self, grads: tuple[Any, ...]) -> list[Any]:
        """A gradient for each result of `forward`: None for what is no tensor."""
        remaining = iter(grads)
        out: list[Any] = []
        for like in self._output_like:
            gradient = next(remaining) if like is not None else None
            if gradient is None and like is not None and self.materialize_grads:
                shape, dtype, device = like
                gradient = _core.zeros(shape, dtype=dtype, device=device)
            out.append(gradient)
        return out

    def _checked(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        expected = len(self.needs_input_grad)
        extra = results[expected:]
        if len(results) < expected or any(g is not None for g in extra):
            raise RuntimeError(
                f"function {type(self).__name__} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(results)})"
            )
        for gradient in results:
            if gradient is not None and not isinstance(gradient, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(gradient).__name__})")
        return results[:expected]


class _FunctionMeta(type):
    def __init__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> None:
        super().__init__(name, bases, attributes)
        # grad_fn is an instance of it, and shows its name.
        cls._backward_cls = type(f"{name}Backward", (BackwardCFunction,), {"_forward_cls": cls})


class Function(_Recorded, metaclass=_FunctionMeta):
    """Base class of functions that bring their own gradient; called through `apply`.

    A subclass defines the static methods `forward(ctx, *args)` and `backward(ctx, *grads)`, or
    `forward(*args)`, `setup_context(ctx, inputs, output)` and `backward`. `backward` returns one
    gradient for each argument of `forward`, None for what has none.

    Attributes:
        generate_vmap_rule: `vmap` follows from `forward` and `backward`.
        clear_saved_tensors_on_access: `saved_tensors` may be read once, which frees them.
        boxed_grads_call: `backward(ctx, grads)` gets the gradients as one list, which it may empty.
    """

    _backward_cls: type
    generate_vmap_rule = False
    clear_saved_tensors_on_access = False
    boxed_grads_call = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import warnings

        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, "
            "so you should invoke them on the class itself.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method: call Function.apply(...)."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result; to be overridden."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what `backward` needs, where `forward` takes no context; to be overridden."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the arguments from those of the results; to be overridden."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The derivative along a direction; to be overridden where it is wanted."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        """What the function does for a whole batch; to be defined for use in `vmap`.

        Unless `generate_vmap_rule` is set: then it follows from `forward` and `backward`.

        Args:
            info: has the `batch_size` and the `randomness`.
            in_dims: for each argument the dimension that counts the samples, or None.
            *args: the arguments, with all samples.

        Returns:
            The results and their out_dims.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap static method or "
            "set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the function and record it.

        Args:
            *args: handed to `forward`; gradients flow to those that are tensors.

        Returns:
            What `forward` returned.
        """
        separate = cls.setup_context is not Function.setup_context
        if kwargs:
            import inspect

            context_argument = () if separate else (None,)
            bound = inspect.signature(cls.forward).bind(*context_argument, *args, **kwargs)
            bound.apply_defaults()
            args = bound.args[len(context_argument) :]
        batched = sys.modules.get("kajo.func._batched")
        if batched is not None and (batch := batched.innermost(args, {})) is not None:
            from kajo.func._functions import apply_to_batch

            return apply_to_batch(batch, cls, args)
        context = cls._backward_cls()
        recording = _core.is_grad_enabled()
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        context.needs_input_grad = needs
        levels = _core._forward_levels()
        tangents = [_tangents(args, level) for level in range(levels)]
        before, limit = _core._set_grad_enabled(False), _core._set_forward_limit(0)
        try:
            if separate:
                result = cls.forward(*args)
                cls.setup_context(context, args, result)
            else:
                result = cls.forward(context, *args)
        finally:
            _core._set_grad_enabled(before)
            _core._set_forward_limit(limit)
        forward_saved = context.saved_for_forward or context.to_save
        plain = context.non_differentiable
        if recording and any(needs):
            result = _record(context, args, result)
        for level, found in enumerate(tangents):
            if any(t is not None for t in found):
                _push_forward(context, args, found, result, forward_saved, plain, level)
        return result


def _record(context: Any, args: tuple[Any, ...], result: Any) -> Any:
    """Make the call the history of its results; returns what `apply` returns."""
    items = result if isinstance(result, tuple) else (result,)
    outputs = [item for item in items if isinstance(item, Tensor)]
    if not outputs:
        return result
    context._output_like = tuple(
        (item.shape, item.dtype, item.device) if isinstance(item, Tensor) else None
        for item in items
    )
    for tensor in context.dirty_tensors:
        if not isinstance(tensor, Tensor) or not any(tensor is o for o in outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )
    inputs = tuple(a if isinstance(a, Tensor) else None for a in args)
    saved, context.to_save = context.to_save, ()
    context._recorded = True
    recorded = iter(
        _core._record_function(
            context,
            type(context).__name__,
            inputs,
            tuple(outputs),
            saved,
            context.dirty_tensors,
            context.non_differentiable,
        )
    )
    # What is named here would keep itself alive through its own history.
    context.dirty_tensors = context.non_differentiable = ()
    renewed = tuple(next(recorded) if isinstance(item, Tensor) else item for item in items)
    return renewed if isinstance(result, tuple) else renewed[0]


def _tangents(args: tuple[Any, ...], level: int) -> list[Any]:
    return [_core._tangent(a, level) if isinstance(a, Tensor) else None for a in args]


def _push_forward(
    context: Any,
    args: tuple[Any, ...],
    tangents: list[Any],
    result: Any,
    saved: Any,
    plain: tuple[Any, ...],
    level: int,
) -> None:
    """Give the results the tangents that `jvp` makes of those of the arguments."""
    from kajo.autograd.forward_ad import _tangent_of_result

    filled = [
        _core.zeros_like(a) if t is None and _is_dual_type(a) and context.materialize_grads else t
        for a, t in zip(args, tangents)
    ]
    context._saved_for_jvp = saved
    limit = _core._set_forward_limit(level)
    try:
        found = context._forward_cls.jvp(context, *filled)
    finally:
        _core._set_forward_limit(limit)
        del context._saved_for_jvp
    results = result if isinstance(result, tuple) else (result,)
    pushed = found if isinstance(found, tuple) else (found,)
    if len(pushed) != len(results):
        raise RuntimeError(
            f"{context._forward_cls.__name__}: Function's jvp returned an invalid number of "
            f"forward gradients (expected {len(results)} but got {len(pushed)})"
        )
    for item, tangent in zip(results, pushed):
        if not any(item is t for t in plain):
            _tangent_of_result(item, tangent, level)


def _is_dual_type(value: Any) -> bool:
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex())


class InplaceFunction(Function):
    """The former base class of functions that may work in place."""


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a `backward` that cannot be differentiated again.

    Raises:
        RuntimeError: when its results are differentiated.
    """

    @functools.wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        before = _core._set_grad_enabled(False)
        try:
            results = function(ctx, *grads)
        finally:
            _core._set_grad_enabled(before)
        tracked = any(isinstance(g, Tensor) and g.requires_grad for g in grads)
        if not (before and tracked):
            return results
        items = results if isinstance(results, tuple) else (results,)
        guarded = tuple(
            _NotTwice.apply(item.detach().requires_grad_()) if isinstance(item, Tensor) else item
            for item in items
        )
        return guarded if isinstance(results, tuple) else guarded[0]

    return wrapper


class _NotTwice(Function):
    """Raises when its gradient is asked for."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
