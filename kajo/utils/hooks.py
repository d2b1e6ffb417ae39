"""Handles of registered hooks, and the machinery behind a module's full backward hooks."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, MutableMapping
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["BackwardHook", "RemovableHandle"]

_next_identifier = itertools.count()


class RemovableHandle:
    """Takes a registered hook out again: by ``remove()``, or at the end of a ``with`` block.

    Args:
        hooks_dict: the mapping that the hook is to be kept in, under ``handle.id``.
        extra_dict: one further mapping, or a list of them, that may also hold ``handle.id``.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.Linear(2, 2)
        >>> handle = layer.register_forward_hook(lambda module, args, output: None)
        >>> handle.remove()
    """

    id: int

    def __init__(self, hooks_dict: MutableMapping[int, Any], *, extra_dict: Any = None) -> None:
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = next(_next_identifier)
        extras = extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self.extra_dict_ref = tuple(weakref.ref(extra) for extra in extras if extra is not None)

    def remove(self) -> None:
        """Take the hook out. Doing so again changes nothing."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, ...]:
        return (self.hooks_dict_ref(), self.id, tuple(ref() for ref in self.extra_dict_ref))

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        from collections import OrderedDict

        hooks, self.id, extras = state
        # A dead mapping is replaced by a fresh one, so that remove() still finds something to ask.
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(weakref.ref(extra) for extra in extras if extra is not None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class _Mark(kajo.autograd.Function):
    """Identity whose node is the place where a module's gradients can be seen and replaced."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.mark_non_differentiable(*[t for t in tensors if not t.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return gradients


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


class BackwardHook:
    """Runs one call's full backward hooks, with gradients of the module's inputs and outputs.

    Args:
        module: the module, first argument of each hook.
        user_hooks: called as ``hook(module, grad_input, grad_output)`` once both are known.
        user_pre_hooks: called as ``hook(module, grad_output)`` before the module's own backward.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.Linear(2, 1)
        >>> handle = layer.register_full_backward_hook(lambda m, gi, go: print(tuple(go[0].shape)))
        >>> layer(kajo.ones(3, 2, requires_grad=True)).sum().backward()
        (3, 1)
    """

    def __init__(
        self,
        module: Any,
        user_hooks: list[Callable[..., Any]],
        user_pre_hooks: list[Callable[..., Any]],
    ) -> None:
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.output_positions: list[int] = []
        self.output_count = 0
        self.input_positions: list[int] | None = None
        self.input_count = 0

    @staticmethod
    def _mark(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int], Any]:
        """Send the tensors among `values` through one identity node; that node, or None."""
        positions = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
        needed = any(values[i].requires_grad for i in positions)
        if not (needed and kajo.is_grad_enabled()):
            return values, positions, None
        marked = _Mark.apply(*[values[i] for i in positions])
        node = next(t.grad_fn for t in marked if t.grad_fn is not None)
        result = list(values)
        for position, tensor in zip(positions, marked, strict=True):
            result[position] = tensor
        return tuple(result), positions, node

    @staticmethod
    def _spread(gradients: Any, positions: list[int], count: int) -> tuple[Any, ...]:
        result: list[Any] = [None] * count
        for position, gradient in zip(positions, gradients, strict=True):
            result[position] = gradient
        return tuple(result)

    def setup_input_hook(self, args: Any) -> Any:
        """Watch the gradients of `args`; returns the arguments to call the module with."""
        values, positions, node = self._mark(_as_tuple(args))
        self.input_count = len(values)
        if node is not None:
            self.input_positions = positions
            node.register_hook(self._run_on_inputs)
        return values if isinstance(args, tuple) else values[0]

    def setup_output_hook(self, result: Any) -> Any:
        """Watch the gradients of `result`; returns what the module's caller is to get."""
        values, positions, node = self._mark(_as_tuple(result))
        if node is not None:
            self.output_positions = positions
            self.output_count = len(values)
            node.register_prehook(self._run_on_outputs)
        return values if isinstance(result, tuple) else values[0]

    def _run_on_outputs(self, gradients: Any) -> Any:
        self.grad_outputs = self._spread(gradients, self.output_positions, self.output_count)
        for hook in self.user_pre_hooks:
            replaced = hook(self.module, self.grad_outputs)
            if replaced is None:
                continue
            given, expected = len(_as_tuple(replaced)), len(self.grad_outputs)
            if given != expected:
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {given}, but expected {expected}"
                )
            self.grad_outputs = _as_tuple(replaced)
        outputs = self.grad_outputs
        if self.input_positions is None:
            # No input asks for a gradient, so there is no later moment to call the hooks at.
            grad_inputs = self._spread([], [], self.input_count)
            for hook in self.user_hooks:
                replaced = hook(self.module, grad_inputs, outputs)
                if replaced is not None and any(g is not None for g in _as_tuple(replaced)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should "
                        "always return None or None for all gradients."
                    )
            self.grad_outputs = None
        return tuple(outputs[i] for i in self.output_positions)

    def _run_on_inputs(self, gradients: Any, _: Any) -> Any:
        if self.grad_outputs is None:
            raise RuntimeError(
                "Module backward hook for grad_input is called before the grad_output one. This "
                "happens because the gradient in your nn.Module flows to the Module's input "
                "without passing through the Module's output. Make sure that the output depends "
                "on the input and that the loss is computed based on the output."
            )
        positions = self.input_positions or []
        grad_inputs = self._spread(gradients, positions, self.input_count)
        for hook in self.user_hooks:
            replaced = hook(self.module, grad_inputs, self.grad_outputs)
            if replaced is None:
                continue
            given, expected = len(_as_tuple(replaced)), len(grad_inputs)
            if given != expected:
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {given}, but expected {expected}"
                )
            grad_inputs = _as_tuple(replaced)
        self.grad_outputs = None
        return tuple(grad_inputs[i] for i in positions)
