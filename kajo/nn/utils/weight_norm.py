"""Weights as a length and a direction, computed before each forward."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


def _norm_except(v: Tensor, dim: int) -> Tensor:
    """The length of each slice of `v` along `dim`; of all of it for -1."""
    if dim == -1:
        return v.norm()
    others = [i for i in range(v.dim()) if i != dim % v.dim()]
    return v.norm(2, others, keepdim=True) if others else v.abs()


class WeightNorm:
    """The hook that computes g v / ||v|| before each forward.

    Args:
        name: of the parameter.
        dim: along which lengths are kept; -1 for one length.

    Example: see :func:`weight_norm`.
    """

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        """The weight from length and direction."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / _norm_except(v, self.dim))

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"], module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int = 0) -> Any:
    """Replace a parameter by its length ``name_g`` and its direction ``name_v``.

    Args:
        module: changed in place.
        name: of the parameter.
        dim: along which lengths are kept; None for one length.

    Returns:
        `module`.

    Raises:
        RuntimeError: if it is done already.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.weight_norm(kajo.nn.Linear(3, 2))
        >>> layer.weight_g.shape, layer.weight_v.shape
        (kajo.Size([2, 1]), kajo.Size([2, 3]))
    """
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
            )
    made = WeightNorm(name, dim)
    weight = getattr(module, name)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(_norm_except(weight, made.dim).data))
    module.register_parameter(name + "_v", Parameter(weight.data))
    setattr(module, name, made.compute_weight(module))
    module.register_forward_pre_hook(made)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Undo :func:`weight_norm`.

    Args:
        module: changed in place.
        name: of the parameter.

    Returns:
        `module`.

    Raises:
        ValueError: if there is nothing to undo.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.weight_norm(kajo.nn.Linear(3, 2))
        >>> [n for n, _ in kajo.nn.utils.remove_weight_norm(layer).named_parameters()]
        ['bias', 'weight']
    """
    for identifier, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[identifier]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
