"""Saving a module's state and loading it again."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import kajo
from kajo import Tensor
from kajo.nn.parameter import Parameter, is_lazy
from kajo.utils.hooks import RemovableHandle

if TYPE_CHECKING:
    from kajo.nn.modules.module import Module

EXTRA_STATE_KEY = "_extra_state"


class _IncompatibleKeys(
    namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"]),
):
    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _HookWithModule:
    """A load hook that gets its module first, without keeping the module alive."""

    def __init__(self, hook: Callable[..., Any], module: Any) -> None:
        self.hook = hook
        self.module: Any = weakref.ref(module)
        functools.update_wrapper(self, hook)

    def __call__(self, *args: Any) -> Any:
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args)

    def __getstate__(self) -> dict[str, Any]:
        return {"hook": self.hook, "module": self.module()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["hook"], state["module"])  # type: ignore[misc]


class ModuleState:
    """The part of a module that saves and loads its state."""

    _version: int = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Callable[..., Any]]
    _state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        handle = RemovableHandle(self._state_dict_hooks)
        self._state_dict_hooks[handle.id] = hook
        return handle

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have `hook` called when this module has written its state.

        Args:
            hook: called as ``hook(module, state_dict, prefix, local_metadata)``; changes
                ``state_dict`` in place and returns None.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1)
            >>> handle = layer.register_state_dict_post_hook(lambda m, s, p, meta: s.pop("bias"))
            >>> handle.remove()
        """
        cast(Any, hook)._from_public_api = True
        handle = RemovableHandle(self._state_dict_hooks)
        self._state_dict_hooks[handle.id] = hook
        return handle

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have `hook(module, prefix, keep_vars)` called before this module writes its state.

        Args:
            hook: the function; what it returns is not looked at.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1)
            >>> handle = layer.register_state_dict_pre_hook(lambda m, p, k: print("saving"))
            >>> _ = layer.state_dict()
            saving
        """
        handle = RemovableHandle(self._state_dict_pre_hooks)
        self._state_dict_pre_hooks[handle.id] = hook
        return handle

    def get_extra_state(self) -> Any:
        """What ``state_dict()`` is to hold besides tensors; a subclass overrides this.

        Returns:
            Any value that can be pickled.

        Raises:
            RuntimeError: where it is not overridden.

        Example:
            >>> import kajo
            >>> class Counter(kajo.nn.Module):
            ...     def get_extra_state(self):
            ...         return 7
            ...     def set_extra_state(self, state):
            ...         self.count = state
            >>> Counter().state_dict()["_extra_state"]
            7
        """
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called: "
            f"{type(self).__name__} does not override it."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what ``get_extra_state`` gave; a subclass overrides this.

        Args:
            state: the value read from the state dict.

        Raises:
            RuntimeError: where it is not overridden.

        Example: see :meth:`get_extra_state`.
        """
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called: "
            f"{type(self).__name__} does not override it."
        )

    def _overrides(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(ModuleState, name)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Write this module's own tensors, not those of its submodules."""
        for name, tensor in self._local_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._overrides("get_extra_state"):
            destination[prefix + EXTRA_STATE_KEY] = self.get_extra_state()

    def _local_state(self) -> dict[str, Tensor]:
        persistent = (
            item
            for item in self._buffers.items()
            if item[0] not in self._non_persistent_buffers_set
        )
        named = (*self._parameters.items(), *persistent)
        return {name: tensor for name, tensor in named if tensor is not None}

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """All parameters and persistent buffers of this module and those below it, by name.

        Args:
            destination: a mapping to write into; default a new one.
            prefix: put before every name.
            keep_vars: give the parameters themselves, not tensors detached from the graph.

        Returns:
            An ordered mapping from name to tensor; the tensors share the module's memory.

        Example:
            >>> import kajo
            >>> list(kajo.nn.Linear(2, 3).state_dict())
            ['weight', 'bias']
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead.",
                FutureWarning,
                stacklevel=2,
            )
            defaults = (destination, prefix, keep_vars)
            given: Any = (*args, *defaults[len(args) :])
            destination, prefix, keep_vars = given
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, local_metadata)
            if result is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = result
        return destination

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        handle = RemovableHandle(self._load_state_dict_pre_hooks)
        wrapped = _HookWithModule(hook, self) if with_module else hook
        self._load_state_dict_pre_hooks[handle.id] = wrapped
        return handle

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have `hook` called before this module reads its state.

        Args:
            hook: called as ``hook(module, state_dict, prefix, local_metadata, strict,
                missing_keys, unexpected_keys, error_msgs)``; may change ``state_dict``.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1)
            >>> handle = layer.register_load_state_dict_pre_hook(lambda *args: print("loading"))
            >>> layer.load_state_dict(layer.state_dict())
            loading
            <All keys matched successfully>
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have `hook(module, incompatible_keys)` called when this module has read its state.

        Args:
            hook: may change the two lists ``missing_keys`` and ``unexpected_keys`` in place;
                returns None.

        Returns:
            A handle that takes the hook out again.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1)
            >>> handle = layer.register_load_state_dict_post_hook(
            ...     lambda module, keys: keys.missing_keys.clear())
            >>> layer.load_state_dict({})
            <All keys matched successfully>
        """
        handle = RemovableHandle(self._load_state_dict_post_hooks)
        self._load_state_dict_post_hooks[handle.id] = hook
        return handle

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Read this module's own tensors; what does not fit is noted in the three lists."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
        assign = local_metadata.get("assign_to_params_buffers", False)
        local_state = self._local_state()
        for name, tensor in local_state.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_one(name, tensor, key, state_dict[key], assign)
                if error:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        extra_key = prefix + EXTRA_STATE_KEY
        if self._overrides("set_extra_state"):
            if extra_key in state_dict:
                self.set_extra_state(state_dict[extra_key])
            elif strict:
                missing_keys.append(extra_key)
        elif strict and extra_key in state_dict:
            unexpected_keys.append(extra_key)
        if strict:
            unexpected_keys.extend(self._unexpected(state_dict, prefix, local_state))

    def _unexpected(self, state_dict: Any, prefix: str, local_state: Any) -> list[str]:
        found = []
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + EXTRA_STATE_KEY:
                continue
            first, *below = key[len(prefix) :].split(".", 1)
            if first not in (self._modules if below else local_state):
                found.append(key)
        return found

    def _load_one(self, name: str, tensor: Any, key: str, loaded: Any, assign: bool) -> str | None:
        """Put `loaded` into, or with `assign` in place of, `tensor`; what went wrong, or None."""
        if not isinstance(loaded, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or '
                f"Tensor-like object from checkpoint but received {type(loaded)}"
            )
        if not is_lazy(tensor):
            if tensor.dim() == 0 and loaded.dim() == 1 and len(loaded) == 1:
                loaded = loaded[0]
            if loaded.shape != tensor.shape:
                return (
                    f"size mismatch for {key}: copying a param with shape {loaded.shape} from "
                    f"checkpoint, the shape in current model is {tensor.shape}."
                )
        if tensor.is_meta and not loaded.is_meta and not assign:
            warnings.warn(
                f"for {key}: copying from a non-meta parameter in the checkpoint to a meta "
                "parameter in the current model, which is a no-op. (Did you mean to pass "
                "`assign=True` to assign items in the state dictionary to their corresponding "
                "key in the module instead of copying them in place?)",
                stacklevel=2,
            )
        try:
            with kajo.no_grad():
                if not assign:
                    tensor.copy_(loaded)
                    return None
                if isinstance(tensor, Parameter):
                    if not isinstance(loaded, Parameter):
                        loaded = Parameter(loaded, requires_grad=tensor.requires_grad)
                    else:
                        loaded.requires_grad_(tensor.requires_grad)
                setattr(self, name, loaded)
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{tensor.size()} and whose dimensions in the checkpoint are {loaded.size()}, "
                f"an exception occurred : {error.args}."
            )
        return None

    def _load_tree(
        self, state_dict: Any, prefix: str, metadata: Any, assign: bool, strict: bool, notes: Any
    ) -> None:
        missing, unexpected, errors = notes
        local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
        if assign:
            local_metadata["assign_to_params_buffers"] = assign
        # The nested call says strict=True so that every key that does not fit is listed.
        self._load_from_state_dict(
            state_dict, prefix, local_metadata, True, missing, unexpected, errors
        )
        for name, child in self._modules.items():
            if child is not None:
                below = prefix + name + "."
                part = {k: v for k, v in state_dict.items() if k.startswith(below)}
                child._load_tree(part, below, metadata, assign, strict, notes)
        keys = _IncompatibleKeys(missing, unexpected)
        for hook in self._load_state_dict_post_hooks.values():
            if hook(self, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                    "expected to return new values, if incompatible_keys need to be modified, "
                    "it should be done inplace."
                )

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Copy the tensors of `state_dict` into this module and those below it.

        Args:
            state_dict: a mapping from name to tensor, as :meth:`state_dict` gives it.
            strict: refuse names that are missing or not expected.
            assign: put the tensors in place of the module's instead of copying their values.

        Returns:
            A named tuple of the lists ``missing_keys`` and ``unexpected_keys``.

        Raises:
            TypeError: if `state_dict` is not a mapping.
            RuntimeError: if shapes differ or, with `strict`, names do. All that is wrong is listed.

        Example:
            >>> import kajo
            >>> first, second = kajo.nn.Linear(2, 3), kajo.nn.Linear(2, 3)
            >>> second.load_state_dict(first.state_dict())
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        copied: Any = OrderedDict(state_dict)
        if metadata is not None:
            metadata = {key: dict(value) for key, value in metadata.items()}
            copied._metadata = metadata
        self._load_tree(copied, "", metadata, assign, strict, (missing, unexpected, errors))
        if strict:
            named = (("Missing", missing), ("Unexpected", unexpected))
            lines = [
                f"{what} key(s) in state_dict: " + ", ".join(f'"{key}"' for key in keys) + ". "
                for what, keys in named
                if keys
            ]
            errors = lines + errors
        if errors:
            text = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{text}"
            )
        return _IncompatibleKeys(missing, unexpected)
