"""The base of all optimisers: parameter groups, state, checkpoints, hooks."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import kajo
from kajo import _core
from kajo.utils.hooks import RemovableHandle

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

ParamsT: TypeAlias = "Iterable[Any]"
StateDict: TypeAlias = "dict[str, Any]"
Group: TypeAlias = "dict[str, Any]"
Closure: TypeAlias = "Callable[[], Any] | None"


class _Required:
    """Marks a default that every parameter group has to give itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

_NO_RANGE = nullcontext()

_global_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_global_post_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()


def _register(hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any]) -> Any:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every ``step`` of every optimiser.

    ``args`` begins with the optimiser.

    Args:
        hook: returns None, or new ``(args, kwargs)`` for the step.

    Returns:
        A handle whose ``remove()`` takes the hook out.

    Example:
        >>> from kajo.optim.optimizer import register_optimizer_step_pre_hook
        >>> handle = register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: None)
        >>> handle.remove()
    """
    handle: RemovableHandle = _register(_global_pre_hooks, hook)
    return handle


def register_optimizer_step_post_hook(hook: Callable[..., None]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every ``step`` of every optimiser.

    Args:
        hook: its result is ignored.

    Returns:
        A handle whose ``remove()`` takes the hook out.

    Example:
        >>> from kajo.optim.optimizer import register_optimizer_step_post_hook
        >>> handle = register_optimizer_step_post_hook(lambda optimizer, args, kwargs: None)
        >>> handle.remove()
    """
    handle: RemovableHandle = _register(_global_post_hooks, hook)
    return handle


def _with_step_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a ``step`` so that hooks run around it, once even when it calls its parent's."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        args = (self, *args)
        for hook in chain(_global_pre_hooks.values(), self._optimizer_step_pre_hooks.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"{type(self).__name__}.step: {hook} must return None or a tuple of "
                        f"(new_args, new_kwargs), but got {changed}."
                    )
                args, kwargs = changed
        self._stepping = True
        try:
            with self._range("step"):
                result = step(*args, **kwargs)
        finally:
            self._stepping = False
        self._opt_called = True
        for hook in chain(self._optimizer_step_post_hooks.values(), _global_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    hooked._has_step_hooks = True  # type: ignore[attr-defined]
    return hooked


class Optimizer:
    """Base of all optimisers; a subclass gives ``__init__`` and ``step``.

    Args:
        params: iterable of tensors, of ``(name, tensor)`` pairs, or of dictionaries with a key
            ``"params"`` and the options of that group.
        defaults: the options that hold for groups which do not give their own.

    Raises:
        TypeError: if ``params`` is a tensor or holds anything else than the above.
        ValueError: if there is no parameter, or one is not a leaf or stands in two groups.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.SGD([weight], lr=0.5)
        >>> (weight * kajo.tensor([1.0, 2.0])).sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.5000, 0.0000])
    """

    OptimizerPreHook: TypeAlias = "Callable[..., Any]"
    OptimizerPostHook: TypeAlias = "Callable[..., None]"

    # Optimisers whose state counts steps keep the count as a tensor; SparseAdam keeps a number.
    _step_is_tensor: ClassVar[bool] = True

    defaults: dict[str, Any]
    state: defaultdict[Any, Any]
    param_groups: list[Group]
    # Set by the first step; schedules warn when they are stepped before it.
    _opt_called: bool
    _optimizer_step_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_step_post_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _optimizer_load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_step_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._make_hooks()
        if isinstance(params, kajo.Tensor):
            raise TypeError(
                f"{type(self).__name__}: params argument given to the optimizer should be an "
                f"iterable of Tensors or dicts, but got {params.type()}; write [tensor] instead"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError(f"{type(self).__name__}: optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self) -> None:
        self._stepping = False
        self._optimizer_step_pre_hooks = OrderedDict()
        self._optimizer_step_post_hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks = OrderedDict()

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:
        """Have the hooks of steps called around `func`; the ``step`` of every subclass has it already."""
        return _with_step_hooks(func)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._make_hooks()
        self.__dict__.update(state)
        # Checkpoints of earlier versions lack the options added since and count steps in numbers.
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)
        if self._step_is_tensor:
            for entry in self.state.values():
                if isinstance(entry, dict) and isinstance(entry.get("step"), (int, float)):
                    entry["step"] = kajo.tensor(float(entry["step"]), dtype=step_dtype())

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for index, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {index}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
            lines.append("")
        return "\n".join(lines[:-1]) + "\n)"

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new arguments."""
        handle: RemovableHandle = _register(self._optimizer_step_pre_hooks, hook)
        return handle

    def register_step_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        handle: RemovableHandle = _register(self._optimizer_step_post_hooks, hook)
        return handle

    def _register_ordered(
        self, hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any], prepend: bool
    ) -> RemovableHandle:
        handle: RemovableHandle = _register(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def register_state_dict_pre_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before :meth:`state_dict` collects the state."""
        return self._register_ordered(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what :meth:`state_dict` is about to return."""
        return self._register_ordered(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before a state is loaded; it may replace it."""
        return self._register_ordered(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after a state was loaded."""
        return self._register_ordered(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    def state_dict(self) -> StateDict:
        """Return the state as a dictionary that can be saved.

        Returns:
            ``{"state": {index: per-parameter state}, "param_groups": [options with indices]}``;
            parameters are numbered in the order of the groups. Tensors are not copied.

        Example:
            >>> import kajo
            >>> optimizer = kajo.optim.SGD([kajo.ones(2, requires_grad=True)], lr=0.5)
            >>> optimizer.state_dict()["param_groups"][0]["params"]
            [0]
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        index_of: dict[int, int] = {}
        packed_groups = []
        for group in self.param_groups:
            for param in group["params"]:
                index_of.setdefault(id(param), len(index_of))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [index_of[id(param)] for param in group["params"]]
            packed_groups.append(packed)
        packed_state = {
            index_of[id(key)] if isinstance(key, kajo.Tensor) else key: value
            for key, value in self.state.items()
        }
        result: StateDict = {"state": packed_state, "param_groups": packed_groups}
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            changed = post_hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over a state that :meth:`state_dict` returned; parameters are matched by order.

        Args:
            state_dict: the state; it is not changed. Floating point state is converted to the
                dtype and device of its parameter, step counts keep their dtype.

        Raises:
            ValueError: if the number of groups, or of parameters in a group, differs.

        Example:
            >>> import kajo
            >>> weight = kajo.ones(2, requires_grad=True)
            >>> optimizer = kajo.optim.SGD([weight], lr=0.5)
            >>> other = kajo.optim.SGD([weight], lr=0.1)
            >>> other.load_state_dict(optimizer.state_dict())
            >>> other.param_groups[0]["lr"]
            0.5
        """
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = pre_hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        saved_groups = deepcopy(state_dict["param_groups"])
        self._check_groups_match(saved_groups)

        saved_ids = chain.from_iterable(group["params"] for group in saved_groups)
        own_params = chain.from_iterable(group["params"] for group in self.param_groups)
        group_of = {id(param): group for group in self.param_groups for param in group["params"]}
        param_of = dict(zip(saved_ids, own_params, strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in param_of:
                param = param_of[key]
                state[param] = _cast_state(param, value, group_of[id(param)])
            else:
                state[key] = value
        for own, saved in zip(self.param_groups, saved_groups, strict=True):
            if "param_names" in own and "param_names" not in saved:
                saved["param_names"] = own["param_names"]
            saved["params"] = own["params"]
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    def _check_groups_match(self, saved_groups: list[Group]) -> None:
        if len(self.param_groups) != len(saved_groups):
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: loaded state dict has a different number "
                f"of parameter groups ({len(saved_groups)}, the optimizer has "
                f"{len(self.param_groups)})"
            )
        for index, (own, saved) in enumerate(zip(self.param_groups, saved_groups, strict=True)):
            if len(own["params"]) != len(saved["params"]):
                raise ValueError(
                    f"{type(self).__name__}.load_state_dict: loaded state dict contains a "
                    f"parameter group that doesn't match the size of optimizer's group (group "
                    f"{index}: {len(saved['params'])} saved, {len(own['params'])} here)"
                )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: True sets ``grad`` to None; False fills it with zeros in place.

        Example:
            >>> import kajo
            >>> weight = kajo.ones(2, requires_grad=True)
            >>> weight.sum().backward()
            >>> kajo.optim.SGD([weight]).zero_grad()
            >>> weight.grad is None
            True
        """
        with self._range("zero_grad"):
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is None:
                        continue
                    if set_to_none:
                        param.grad = None
                        continue
                    if param.grad.grad_fn is not None:
                        param.grad.detach_()
                    else:
                        param.grad.requires_grad_(False)
                    param.grad.zero_()

    def _range(self, method: str) -> Any:
        """What a profile shows a method as."""
        if not _core._is_profiling():
            return _NO_RANGE
        from kajo.autograd.profiler import record_function

        return record_function(f"Optimizer.{method}#{type(self).__name__}.{method}")

    def step(self, closure: Closure = None) -> Any:
        """Update the parameters from their gradients.

        Args:
            closure: recomputes the loss and its gradients; required by some optimisers.

        Returns:
            What ``closure`` returned, else None.

        Raises:
            NotImplementedError: on this base class; each optimiser has its own.
        """
        raise NotImplementedError(f"{type(self).__name__}.step: the subclass has to define it")

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with their own options.

        Args:
            param_group: ``{"params": tensor or iterable of tensors, option: value, ...}``.

        Raises:
            TypeError: if it is no dictionary, or the parameters are no ordered tensors.
            ValueError: if a parameter is not a leaf, is in another group already, or an option
                without default is missing.

        Example:
            >>> import kajo
            >>> optimizer = kajo.optim.SGD([kajo.ones(2, requires_grad=True)], lr=0.5)
            >>> optimizer.add_param_group({"params": kajo.ones(3, requires_grad=True), "lr": 0.1})
            >>> len(optimizer.param_groups)
            2
        """
        if not isinstance(param_group, dict):
            raise TypeError(
                f"add_param_group: param_group must be a dict, but got {type(param_group)}"
            )
        _normalize_params(param_group)
        for param in param_group["params"]:
            self._check_param(param)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"add_param_group: parameter group didn't specify a value of required "
                    f"optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        params = param_group["params"]
        if len({id(param) for param in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error",
                stacklevel=3,
            )
        if self.param_groups and (
            ("param_names" in param_group) != ("param_names" in self.param_groups[0])
        ):
            raise ValueError(
                "add_param_group: all optimizer param groups should be with/without names; "
                "give every group as (name, tensor) pairs or none"
            )
        known = {id(param) for group in self.param_groups for param in group["params"]}
        if any(id(param) in known for param in params):
            raise ValueError(
                "add_param_group: some parameters appear in more than one parameter group"
            )
        self.param_groups.append(param_group)

    def _check_param(self, param: Any) -> None:
        if not isinstance(param, kajo.Tensor):
            raise TypeError(
                "optimizer can only optimize Tensors, but one of the params is "
                f"{type(param).__name__}"
            )
        if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
            raise ValueError(
                "can't optimize a non-leaf Tensor; make it a leaf with .detach().requires_grad_()"
            )


def _normalize_params(group: Group) -> None:
    """Turn the ``"params"`` of a group into a list of tensors, splitting off given names."""
    params = group["params"]
    if isinstance(params, kajo.Tensor):
        group["params"] = [params]
        return
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    params = list(params)
    named = [isinstance(param, tuple) for param in params]
    if params and all(named):
        group["param_names"] = [name for name, _ in params]
        params = [param for _, param in params]
    elif any(named):
        raise ValueError("all optimizer params should be with/without names; names are missing")
    group["params"] = params


def _cast_state(param: Tensor, value: Any, group: Group, key: str | None = None) -> Any:
    """Move loaded state to the dtype and device of its parameter."""
    if isinstance(value, kajo.Tensor):
        if key == "step":
            moves = group.get("capturable") or group.get("fused")
            return value.to(dtype=kajo.float32, device=param.device) if moves else value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, Mapping):
        return {name: _cast_state(param, item, group, name) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_cast_state(param, item, group) for item in value)
    return value


def step_dtype() -> Any:
    """The dtype in which optimisers count their steps."""
    return kajo.float64 if kajo.get_default_dtype() == kajo.float64 else kajo.float32


def new_step(value: float = 0.0) -> Tensor:
    """A step count: a 0-d tensor, so that it is saved and loaded with the rest of the state."""
    return kajo.tensor(value, dtype=step_dtype())


def zeros_for(param: Tensor) -> Tensor:
    """State of zeros in the layout of a parameter."""
    return kajo.zeros_like(param, memory_format=kajo.preserve_format)


def check_non_negative(name: str, value: Any) -> None:
    """Refuse an option below zero (or NaN).

    Raises:
        ValueError: naming the option and its value.
    """
    if not value >= 0.0:
        raise ValueError(f"Invalid {name}: {value}")


def check_lr(lr: Any, *, foreach: bool | None = None, capturable: bool = True) -> None:
    """Refuse a learning rate that no optimiser can use.

    Raises:
        ValueError: if it is negative, or a tensor of more than one element.
    """
    if isinstance(lr, kajo.Tensor):
        if foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        if lr.numel() != 1:
            raise ValueError(f"Tensor lr must be 1-element, got shape {tuple(lr.shape)}")
    check_non_negative("learning rate", lr)


def check_betas(betas: tuple[Any, Any]) -> None:
    """Refuse decay rates outside ``[0, 1)``.

    Raises:
        ValueError: naming the index and the value.
    """
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")


def check_flags(*, foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Refuse combinations of implementation flags that contradict each other.

    Raises:
        RuntimeError: naming the flags.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def _check_devices(group: Group, params: list[Tensor]) -> None:
    """Refuse what is only for other devices, or for real numbers.

    Raises:
        AssertionError: if the step shall go into a graph of a GPU that is not there.
        RuntimeError: if one call shall update what is no floating tensor.
    """
    if not group.get("fused"):
        if group.get("capturable") and any(param.device.type == "cpu" for param in params):
            raise AssertionError(
                "If capturable=True, params and state_steps must be on supported devices: "
                "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla']; leave it out on the CPU."
            )
        return
    for param in params:
        if not param.is_floating_point():
            raise RuntimeError(
                "`fused=True` requires all the params to be floating point Tensors of supported "
                f"devices, but got {param.dtype} and {param.device.type}; use fused=False"
            )


class FirstOrderOptimizer(Optimizer):
    """An optimiser whose step updates each group from its gradients in one call.

    A subclass gives ``_new_state`` (the state of a parameter before its first step) and
    ``_update`` (one call that updates all parameters of a group).
    """

    _supports_sparse: ClassVar[bool] = False
    _supports_complex: ClassVar[bool] = True

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {}

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__}._update")

    def step(self, closure: Closure = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: clears the gradients, computes the loss, calls ``backward`` and returns the
                loss.

        Returns:
            What ``closure`` returned, else None.

        Raises:
            RuntimeError: if a gradient is sparse or complex and the method has no form for it.

        Example:
            >>> import kajo
            >>> weight = kajo.ones(2, requires_grad=True)
            >>> optimizer = kajo.optim.Adam([weight], lr=0.1)
            >>> weight.sum().backward()
            >>> optimizer.step()
            >>> weight.detach()
            tensor([0.9000, 0.9000])
        """
        loss = None
        if closure is not None:
            with kajo.enable_grad():
                loss = closure()
        before = kajo.is_grad_enabled()
        try:
            for group in self.param_groups:
                _core._set_grad_enabled(bool(group.get("differentiable", False)))
                self._step_group(group)
        finally:
            _core._set_grad_enabled(before)
        return loss

    def _step_group(self, group: Group) -> None:
        params = [param for param in group["params"] if param.grad is not None]
        if not params:
            return
        _check_devices(group, params)
        grads = [param.grad for param in params]
        states = []
        takes_all = self._supports_sparse and self._supports_complex
        for param, grad in zip(params, grads, strict=True):
            if not takes_all:
                self._check_grad(param, grad)
            state = self.state.get(param)
            if not state:
                state = self._new_state(group, param)
                if state:
                    self.state[param] = state
            states.append(state)
        self._update(group, params, grads, states)

    def _check_grad(self, param: Tensor, grad: Tensor) -> None:
        if not self._supports_sparse and type(grad) is not kajo.Tensor and grad.is_sparse:
            hint = ", please consider SparseAdam instead" if "Adam" in type(self).__name__ else ""
            raise RuntimeError(f"{type(self).__name__} does not support sparse gradients{hint}")
        if not self._supports_complex and kajo.is_complex(param):
            raise RuntimeError(f"{type(self).__name__} does not support complex parameters")
