"""What a module's hooks are kept in, and the functions that register them.

A hook for one module is registered by a method of it, a hook for all modules by one of the
``register_module_...`` functions here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from kajo.utils.hooks import RemovableHandle

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]

_ONE_KIND = (
    "Cannot use both regular backward hooks and full backward hooks on a single Module. "
    "Please use only one of them."
)


class GlobalHooks:
    """The hooks of all modules: one mapping for each kind."""

    def __init__(self) -> None:
        self.forward: Hooks = OrderedDict()
        # Ordered, because handles refer to them weakly, which plain dicts do not allow.
        self.forward_always: OrderedDict[int, bool] = OrderedDict()
        self.forward_with_kwargs: OrderedDict[int, bool] = OrderedDict()
        self.forward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.backward_pre: Hooks = OrderedDict()
        self.backward_is_full: bool | None = None
        self.buffer_registration: Hooks = OrderedDict()
        self.module_registration: Hooks = OrderedDict()
        self.parameter_registration: Hooks = OrderedDict()

    def any_on_call(self) -> bool:
        """Whether a call of a module has to look for hooks here."""
        return any(self.on_call())

    def on_call(self) -> tuple[Hooks, ...]:
        """The mappings that a call of a module looks into."""
        return (self.forward, self.forward_pre, self.backward, self.backward_pre)


global_hooks = GlobalHooks()


def _register(hooks: Hooks, hook: Hook, *, flags: Any = (), prepend: bool = False) -> Any:
    handle = RemovableHandle(hooks, extra_dict=list(flags) or None)
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, args)` called before the forward of every module.

    Args:
        hook: returns None, or the arguments to use in place of ``args``.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> import kajo
        >>> from kajo.nn.modules.module import register_module_forward_pre_hook
        >>> with register_module_forward_pre_hook(lambda module, args: print(module)):
        ...     _ = kajo.nn.ReLU()(kajo.ones(1))
        ReLU()
    """
    return _register(global_hooks.forward_pre, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Have `hook(module, args, output)` called after the forward of every module.

    Args:
        hook: returns None, or what the call is to give in place of ``output``.
        with_kwargs: call it as ``hook(module, args, kwargs, output)``.
        always_call: call it also when the forward raises, with ``output`` None.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> import kajo
        >>> from kajo.nn.modules.module import register_module_forward_hook
        >>> with register_module_forward_hook(lambda module, args, output: output + 1):
        ...     kajo.nn.ReLU()(kajo.ones(1))
        tensor([2.])
    """
    flags = [
        flag
        for flag, wanted in (
            (global_hooks.forward_with_kwargs, with_kwargs),
            (global_hooks.forward_always, always_call),
        )
        if wanted
    ]
    return _register(global_hooks.forward, hook, flags=flags)


def _set_global_backward_kind(full: bool) -> None:
    if global_hooks.backward_is_full not in (None, full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    global_hooks.backward_is_full = full


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Have `hook` called at the last node of every module: the old kind of backward hook.

    Args:
        hook: called as ``hook(module, grad_input, grad_output)`` of that node alone.

    Returns:
        A handle that takes the hook out again.

    Raises:
        RuntimeError: if full backward hooks are registered.

    Example:
        >>> from kajo.nn.modules.module import register_module_full_backward_hook  # the better one
        >>> register_module_full_backward_hook(lambda *args: None).remove()
    """
    _set_global_backward_kind(False)
    return _register(global_hooks.backward, hook)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, grad_output)` called before the backward of every module.

    Args:
        hook: returns None, or the gradients to use in place of ``grad_output``.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> from kajo.nn.modules.module import register_module_full_backward_pre_hook
        >>> register_module_full_backward_pre_hook(lambda module, grad_output: None).remove()
    """
    return _register(global_hooks.backward_pre, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, grad_input, grad_output)` called after the backward of every module.

    Args:
        hook: returns None, or the gradients to use in place of ``grad_input``.

    Returns:
        A handle that takes the hook out again.

    Raises:
        RuntimeError: if backward hooks of the old kind are registered.

    Example:
        >>> from kajo.nn.modules.module import register_module_full_backward_hook
        >>> register_module_full_backward_hook(lambda module, gi, go: None).remove()
    """
    _set_global_backward_kind(True)
    return _register(global_hooks.backward, hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, name, buffer)` called when any module gets a buffer.

    Args:
        hook: returns None, or the buffer to register instead.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> from kajo.nn.modules.module import register_module_buffer_registration_hook
        >>> register_module_buffer_registration_hook(lambda module, name, buffer: None).remove()
    """
    return _register(global_hooks.buffer_registration, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, name, submodule)` called when any module gets a submodule.

    Args:
        hook: returns None, or the submodule to register instead.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> from kajo.nn.modules.module import register_module_module_registration_hook
        >>> register_module_module_registration_hook(lambda module, name, sub: None).remove()
    """
    return _register(global_hooks.module_registration, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(module, name, param)` called when any module gets a parameter.

    Args:
        hook: returns None, or the parameter to register instead.

    Returns:
        A handle that takes the hook out again.

    Example:
        >>> from kajo.nn.modules.module import register_module_parameter_registration_hook
        >>> register_module_parameter_registration_hook(lambda module, name, p: None).remove()
    """
    return _register(global_hooks.parameter_registration, hook)


class ModuleHooks:
    """The part of a module that registers hooks on it."""

    _backward_pre_hooks: Hooks
    _backward_hooks: Hooks
    _is_full_backward_hook: bool | None
    _forward_hooks: Hooks
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: Hooks
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, args)` called before ``forward``.

        Args:
            hook: returns None, or the arguments to use instead (a tuple, or a single value).
            prepend: put it before the hooks that are there.
            with_kwargs: call it as ``hook(module, args, kwargs)``; it returns None or both.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> module = kajo.nn.ReLU()
            >>> handle = module.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
            >>> module(kajo.ones(1))
            tensor([2.])
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return _register(self._forward_pre_hooks, hook, flags=flags, prepend=prepend)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Have `hook(module, args, output)` called after ``forward``.

        Args:
            hook: returns None, or what the call is to give in place of ``output``.
            prepend: put it before the hooks that are there.
            with_kwargs: call it as ``hook(module, args, kwargs, output)``.
            always_call: call it also when ``forward`` raises, with ``output`` None.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> module = kajo.nn.ReLU()
            >>> handle = module.register_forward_hook(lambda module, args, output: output + 1)
            >>> module(kajo.ones(1))
            tensor([2.])
        """
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        flags += [self._forward_hooks_always_called] if always_call else []
        return _register(self._forward_hooks, hook, flags=flags, prepend=prepend)

    def _set_backward_kind(self, full: bool) -> None:
        if self._is_full_backward_hook not in (None, full):
            raise RuntimeError(_ONE_KIND)
        self._is_full_backward_hook = full

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Have `hook` called at the last node of the module: the old kind of backward hook.

        Args:
            hook: called as ``hook(module, grad_input, grad_output)`` of that node alone; for a
                module of several operations ``grad_input`` is not that of the module. Prefer
                :meth:`register_full_backward_hook`.

        Returns:
            A handle that takes the hook out again.

        Raises:
            RuntimeError: if the module has full backward hooks.

        Example:
            >>> import kajo
            >>> handle = kajo.nn.ReLU().register_backward_hook(lambda *args: None)
        """
        self._set_backward_kind(False)
        return _register(self._backward_hooks, hook)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(module, grad_output)` called before the module's backward.

        Args:
            hook: returns None, or the gradients to use in place of ``grad_output``.
            prepend: put it before the hooks that are there.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> module = kajo.nn.ReLU()
            >>> handle = module.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 5,))
            >>> x = kajo.ones(1, requires_grad=True)
            >>> module(x).sum().backward()
            >>> x.grad
            tensor([5.])
        """
        return _register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(module, grad_input, grad_output)` called after the module's backward.

        Args:
            hook: gets one gradient (or None) for each positional argument and each output of the
                module; returns None, or the gradients to use in place of ``grad_input``.
            prepend: put it before the hooks that are there.

        Returns:
            A handle that takes the hook out again.

        Raises:
            RuntimeError: if the module has backward hooks of the old kind.

        Example:
            >>> import kajo
            >>> module = kajo.nn.ReLU()
            >>> handle = module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 5,))
            >>> x = kajo.ones(1, requires_grad=True)
            >>> module(x).sum().backward()
            >>> x.grad
            tensor([5.])
        """
        self._set_backward_kind(True)
        return _register(self._backward_hooks, hook, prepend=prepend)

    def _backward_hooks_by_kind(self) -> tuple[list[Hook], list[Hook]]:
        """The full backward hooks and those of the old kind, global ones first."""
        full: list[Hook] = []
        old: list[Hook] = []
        (full if global_hooks.backward_is_full else old).extend(global_hooks.backward.values())
        (full if self._is_full_backward_hook else old).extend(self._backward_hooks.values())
        return full, old

    def _all_backward_pre_hooks(self) -> list[Hook]:
        return [*global_hooks.backward_pre.values(), *self._backward_pre_hooks.values()]
