"""Weights divided by their largest singular value before each forward."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook that divides by the spectral norm before each forward.

    The module keeps the parameter as ``name_orig`` and the singular vectors as the buffers
    ``name_u`` and ``name_v``.

    Args:
        name: of the parameter.
        n_power_iterations: steps of power iteration before a forward in training mode.
        dim: of the outputs.
        eps: keeps norms above zero.

    Raises:
        ValueError: if there is no iteration.

    Example: see :func:`spectral_norm`.
    """

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Tensor) -> Tensor:
        """(outputs, everything else)."""
        return weight.movedim(self.dim, 0).flatten(1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """The weight divided by its norm; the vectors take a step first if wished."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with kajo.no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.mT.mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
            # The graph keeps these values while the buffers go on.
            u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        with kajo.no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        delattr(module, self.name)
        for suffix in ("_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divide a parameter by its largest singular value before each forward.

    :func:`kajo.nn.utils.parametrizations.spectral_norm` does so whenever it is read.

    Args:
        module: changed in place.
        name: of the parameter.
        n_power_iterations: steps of power iteration before a forward in training mode.
        eps: keeps norms above zero.
        dim: of the outputs; None for 1 in transposed convolutions, else 0.

    Returns:
        `module`.

    Raises:
        RuntimeError: if it is done already.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.spectral_norm(kajo.nn.Linear(3, 2))
        >>> list(layer.state_dict())
        ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
    if dim is None:
        transposed = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
        dim = int(type(module).__name__ in transposed)
    made = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    with kajo.no_grad():
        matrix = made.reshape_weight_to_matrix(weight)
        rows, columns = matrix.shape
        u = F.normalize(weight.new_empty(rows).normal_(0, 1), dim=0, eps=eps)
        v = F.normalize(weight.new_empty(columns).normal_(0, 1), dim=0, eps=eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    # A plain attribute until the first forward: the optimiser must not see it.
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(made)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Undo :func:`spectral_norm`.

    Args:
        module: changed in place.
        name: of the parameter.

    Returns:
        `module`.

    Raises:
        ValueError: if there is nothing to undo.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.spectral_norm(kajo.nn.Linear(3, 2))
        >>> list(kajo.nn.utils.remove_spectral_norm(layer).state_dict())
        ['bias', 'weight']
    """
    for identifier, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[identifier]
            return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}")
