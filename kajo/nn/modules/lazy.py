"""Modules that learn their sizes from the first input."""

from __future__ import annotations

from typing import Any

import kajo
from kajo.nn.modules.module import Module
from kajo.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Lets a module have parameters without a shape until it is first called.

    A subclass names ``cls_to_become``, makes ``UninitializedParameter`` in ``__init__``, and gives
    them their shapes in ``initialize_parameters(*inputs)``. After the first call the module is of
    class ``cls_to_become``.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyLinear(2)
        >>> layer.has_uninitialized_params()
        True
        >>> _ = layer(kajo.ones(1, 3))
        >>> layer.weight.shape
        kajo.Size([2, 3])
    """

    cls_to_become: type[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        module: Any = self
        self._load_hook = module._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = module.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        module: Any = self
        for name, tensor in module._local_state().items():
            # A tensor without a shape cannot be detached.
            kept = keep_vars or is_lazy(tensor)
            destination[prefix + name] = tensor if kept else tensor.detach()

    def _lazy_load_hook(self, state_dict: Any, prefix: str, *args: Any) -> None:
        """A saved tensor tells the shape as well as an input would."""
        module: Any = self
        for name, tensor in module._local_state().items():
            loaded = state_dict.get(prefix + name)
            if loaded is not None and is_lazy(tensor) and not is_lazy(loaded):
                with kajo.no_grad():
                    tensor.materialize(loaded.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes; each subclass defines it.

        Args:
            args, kwargs: what the module is called with.

        Raises:
            NotImplementedError: where it is not defined.

        Example: see :class:`LazyModuleMixin`.
        """
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no shape yet.

        Returns:
            True before the first call.

        Example: see :class:`LazyModuleMixin`.
        """
        module: Any = self
        return any(is_lazy(tensor) for tensor in module._local_state().values())

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {type(self).__name__} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _replicate_for_data_parallel(self) -> Module:
        raise RuntimeError(
            "Modules with uninitialized parameters can't be used with `DataParallel`. "
            "Run a dummy forward pass to correctly initialize the modules"
        )
