"""The base class of everything that has parameters."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import kajo
from kajo import Tensor, _core
from kajo.nn.modules._conversion import ModuleConversion
from kajo.nn.modules._hooks import (
    ModuleHooks,
    global_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from kajo.nn.modules._state import ModuleState, _IncompatibleKeys
from kajo.nn.modules._walking import ModuleWalking
from kajo.nn.parameter import Buffer, Parameter
from kajo.utils.hooks import BackwardHook

__all__ = [
    "Module",
    "_IncompatibleKeys",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

T = TypeVar("T", bound="Module")
T_destination = TypeVar("T_destination", bound="dict[str, Any]")

# Every attribute a module starts with, and how its first value is made. Pickles name these.
_STATE: dict[str, Callable[[], Any]] = {
    "training": lambda: True,
    "_parameters": dict,
    "_buffers": dict,
    "_non_persistent_buffers_set": set,
    "_backward_pre_hooks": OrderedDict,
    "_backward_hooks": OrderedDict,
    "_is_full_backward_hook": lambda: None,
    "_forward_hooks": OrderedDict,
    "_forward_hooks_with_kwargs": OrderedDict,
    "_forward_hooks_always_called": OrderedDict,
    "_forward_pre_hooks": OrderedDict,
    "_forward_pre_hooks_with_kwargs": OrderedDict,
    "_state_dict_hooks": OrderedDict,
    "_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_post_hooks": OrderedDict,
    "_modules": dict,
}


def _addindent(text: str, spaces: int) -> str:
    """Indent every line of `text` but the first."""
    return text.replace("\n", "\n" + " " * spaces)


def _explain(error: Exception, module: Module, args: Any, kwargs: Any) -> None:
    from kajo.debug._shape_errors import explain

    explain(error, module, args, kwargs)


def _type_name(value: Any) -> str:
    return cast(str, value.type()) if isinstance(value, Tensor) else type(value).__name__


class Module(ModuleHooks, ModuleState, ModuleConversion, ModuleWalking, _core.ModuleBase):
    """A part of a network: it has parameters, buffers and submodules, and ``forward``.

    A subclass calls ``super().__init__()`` first, assigns parameters and modules to attributes,
    and defines ``forward``; calling the module runs ``forward`` with the hooks around it.

    Attributes:
        training: True in training mode; set by :meth:`train` and :meth:`eval`.

    Example:
        >>> import kajo
        >>> class Double(kajo.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = kajo.nn.Linear(2, 2)
        ...     def forward(self, x):
        ...         return self.layer(x) * 2
        >>> Double()(kajo.ones(1, 2)).shape
        kajo.Size([1, 2])
    """

    training: bool
    call_super_init: bool = False
    dump_patches: bool = False
    T_destination = T_destination

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cooperative = self.call_super_init
        if kwargs and not cooperative:
            raise TypeError(
                f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                f"'{next(iter(kwargs))}'"
            )
        if args and not cooperative:
            raise TypeError(
                f"{type(self).__name__}.__init__() takes 1 positional argument but "
                f"{len(args) + 1} were given"
            )
        # Straight into __dict__: __setattr__ would look for what is only now being made.
        self.__dict__.update({name: make() for name, make in _STATE.items()})
        if cooperative:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it.

        Raises:
            NotImplementedError: where it is not defined.

        Example: see :class:`Module`.
        """
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # Calling: the base calls `forward` itself where there are no hooks -----------------------

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        called: set[int] | None = None
        try:
            if not (
                self._forward_hooks
                or self._forward_pre_hooks
                or self._backward_hooks
                or self._backward_pre_hooks
                or global_hooks.any_on_call()
            ):
                return self.forward(*args, **kwargs)
            called = set()
            return self._call_with_hooks(args, kwargs, called)
        except Exception as error:
            _explain(error, self, args, kwargs)
            if called is not None:
                self._run_always_called(args, kwargs, called)
            raise

    def _call_with_hooks(self, args: Any, kwargs: Any, called: set[int]) -> Any:
        args, kwargs = self._run_forward_pre_hooks(args, kwargs)
        full_hooks, old_hooks = self._backward_hooks_by_kind()
        pre_hooks = self._all_backward_pre_hooks()
        watch = BackwardHook(self, full_hooks, pre_hooks) if full_hooks or pre_hooks else None
        if watch is not None:
            args = watch.setup_input_hook(args)
        result = self.forward(*args, **kwargs)
        for identifier, hook, with_kwargs in self._forward_hooks_in_order():
            called.add(identifier)
            replaced = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if replaced is not None:
                result = replaced
        if watch is not None:
            result = watch.setup_output_hook(result)
        if old_hooks:
            self._attach_old_backward_hooks(old_hooks, result)
        return result

    def _run_forward_pre_hooks(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        both = itertools.chain(global_hooks.forward_pre.items(), self._forward_pre_hooks.items())
        for identifier, hook in both:
            if identifier in self._forward_pre_hooks_with_kwargs:
                replaced = hook(self, args, kwargs)
                if replaced is None:
                    continue
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, "
                        f"new_kwargs), but got {replaced}."
                    )
                args, kwargs = replaced
            else:
                replaced = hook(self, args)
                if replaced is not None:
                    args = replaced if isinstance(replaced, tuple) else (replaced,)
        return args, kwargs

    def _forward_hooks_in_order(self) -> list[tuple[int, Callable[..., Any], bool]]:
        tables: tuple[tuple[Any, Any], ...] = (
            (global_hooks.forward, global_hooks.forward_with_kwargs),
            (self._forward_hooks, self._forward_hooks_with_kwargs),
        )
        return [
            (identifier, hook, identifier in with_kwargs)
            for hooks, with_kwargs in tables
            for identifier, hook in hooks.items()
        ]

    def _run_always_called(self, args: Any, kwargs: Any, called: set[int]) -> None:
        """After an error: the forward hooks that asked to be called whatever happens."""
        always = {**global_hooks.forward_always, **self._forward_hooks_always_called}
        for identifier, hook, with_kwargs in self._forward_hooks_in_order():
            if identifier not in always or identifier in called:
                continue
            try:
                hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was "
                    f"silenced as another error was raised in forward: {error}",
                    stacklevel=3,
                )

    def _attach_old_backward_hooks(self, hooks: list[Callable[..., Any]], result: Any) -> None:
        found = result
        while not isinstance(found, Tensor):
            if isinstance(found, Mapping):
                found = next((v for v in found.values() if isinstance(v, Tensor)), None)
            else:
                found = found[0]
        node = found.grad_fn
        if node is not None:
            for hook in hooks:
                node.register_hook(functools.partial(hook, self))

    # Registration --------------------------------------------------------------------------

    def _check_new_name(self, kind: str, name: Any, own: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if hasattr(self, name) and name not in own:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` a buffer: part of the state, moved with the module, not learned.

        Args:
            name: the attribute it is to be found under.
            tensor: the buffer; None keeps the name without a value.
            persistent: whether ``state_dict()`` holds it.

        Raises:
            TypeError: if `tensor` is neither a tensor nor None, or the name not a string.
            KeyError: if the name is taken, empty or has a dot.

        Example:
            >>> import kajo
            >>> module = kajo.nn.Module()
            >>> module.register_buffer("mean", kajo.zeros(3))
            >>> module.mean
            tensor([0., 0., 0.])
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_type_name(tensor)}' object to buffer '{name}' "
                "(kajo Tensor or None required)"
            )
        for hook in global_hooks.buffer_registration.values():
            replaced = hook(self, name, tensor)
            tensor = tensor if replaced is None else replaced
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` a parameter of this module.

        Args:
            name: the attribute it is to be found under.
            param: the parameter; None keeps the name without a value.

        Raises:
            TypeError: if `param` is neither a parameter nor None, or the name not a string.
            KeyError: if the name is taken, empty or has a dot.
            ValueError: if `param` is not a leaf of the graph.

        Example:
            >>> import kajo
            >>> module = kajo.nn.Module()
            >>> module.register_parameter("weight", kajo.nn.Parameter(kajo.zeros(3)))
            >>> [name for name, _ in module.named_parameters()]
            ['weight']
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_new_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_name(param)}' object to parameter '{name}' "
                "(kajo.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, "
                "compute the value in the forward() method."
            )
        if param is not None:
            for hook in global_hooks.parameter_registration.values():
                replaced = hook(self, name, param)
                param = param if replaced is None else replaced
        self._parameters[name] = param

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` a submodule of this one.

        Args:
            name: the attribute it is to be found under.
            module: the submodule; None keeps the name without a value.

        Raises:
            TypeError: if `module` is neither a module nor None, or the name not a string.
            KeyError: if the name is taken, empty or has a dot.

        Example:
            >>> import kajo
            >>> module = kajo.nn.Module()
            >>> module.add_module("act", kajo.nn.ReLU())
            >>> module.act
            ReLU()
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_type_name(module)} is not a Module subclass")
        self._check_new_name("module", name, self._modules)
        self._modules[name] = self._run_module_registration(name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as :meth:`add_module`.

        Args:
            name, module: as there.

        Example:
            >>> import kajo
            >>> module = kajo.nn.Module()
            >>> module.register_module("act", kajo.nn.ReLU())
        """
        self.add_module(name, module)

    def _run_module_registration(self, name: str, module: Any) -> Any:
        for hook in global_hooks.module_registration.values():
            replaced = hook(self, name, module)
            module = module if replaced is None else replaced
        return module

    # Attributes: the base looks up parameters, buffers and submodules -------------------------

    def _forget(self, name: str, *tables: str) -> None:
        """Drop `name` wherever it stands, so that one name means one thing."""
        self.__dict__.pop(name, None)
        for table in tables:
            self.__dict__.get(table, {}).pop(name, None)
        self.__dict__.get("_non_persistent_buffers_set", set()).discard(name)

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        parameters, modules = tables.get("_parameters"), tables.get("_modules")
        buffers = tables.get("_buffers")
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as parameter '{name}' "
                    "(kajo.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, "_parameters", "_buffers")
            modules[name] = self._run_module_registration(name, value)
        elif modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as child module '{name}' "
                    "(kajo.nn.Module or None expected)"
                )
            modules[name] = self._run_module_registration(name, value)
        elif (
            isinstance(value, Tensor)
            and isinstance(value, Buffer)
            and not (buffers is not None and name in buffers)
        ):
            if buffers is None:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            self._forget(name, "_parameters", "_modules")
            self.register_buffer(name, value, getattr(value, "persistent", True))
        elif buffers is not None and name in buffers:
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"cannot assign '{_type_name(value)}' as buffer '{name}' "
                "(kajo.nn.Buffer, kajo.Tensor or None expected)"
            )
        persistent = name not in self._non_persistent_buffers_set
        if isinstance(value, Buffer):
            persistent = getattr(value, "persistent", persistent)
        self.register_buffer(name, value, persistent)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del cast(Any, table)[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        names.update(self._parameters, self._modules, self._buffers)
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, make in _STATE.items():
            if name not in self.__dict__:
                self.__dict__[name] = make()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    # Changing all ---------------------------------------------------------------------------

    def apply(self: T, fn: Callable[[Module], Any]) -> T:
        """Call `fn` with every module below this one, then with this one.

        Args:
            fn: such as a function that initialises weights.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> _ = kajo.nn.Sequential(kajo.nn.ReLU()).apply(lambda m: print(type(m).__name__))
            ReLU
            Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # Modes ---------------------------------------------------------------------------------

    def train(self: T, mode: bool = True) -> T:
        """Set training mode here and below: dropout drops, batch norm uses the batch.

        Args:
            mode: False sets evaluation mode.

        Returns:
            This module.

        Raises:
            ValueError: if `mode` is not a bool.

        Example:
            >>> import kajo
            >>> kajo.nn.Dropout().train(False).training
            False
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: T) -> T:
        """Set evaluation mode here and below: the same as ``train(False)``.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Dropout().eval()(kajo.ones(2))
            tensor([1., 1.])
        """
        return self.train(False)

    def requires_grad_(self: T, requires_grad: bool = True) -> T:
        """Say whether gradients are computed for the parameters here and below.

        Args:
            requires_grad: False freezes them.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).requires_grad_(False).weight.requires_grad
            False
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters.

        Args:
            set_to_none: drop them; otherwise fill them with zeros.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1)
            >>> layer(kajo.ones(1)).backward()
            >>> layer.zero_grad()
            >>> layer.weight.grad is None
            True
        """
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                parameter.grad = kajo.zeros_like(parameter.grad)

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed; for overriding.

        Returns:
            One line, or several.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(2, 3).extra_repr()
            'in_features=2, out_features=3, bias=True'
        """
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        children = [
            f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()
        ]
        name = self._get_name()
        if len(extra_lines) == 1 and not children:
            return f"{name}({extra})"
        lines = extra_lines + children
        if not lines:
            return f"{name}()"
        return name + "(\n  " + "\n  ".join(lines) + "\n)"


_core._set_module_calls(Module._call_impl, global_hooks.on_call(), _explain)
