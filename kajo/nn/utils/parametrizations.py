"""Ready parametrisations of weights: a length and a direction, a bounded spectral norm, orthogonal."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module
from kajo.nn.utils._orthogonal import orthogonal
from kajo.nn.utils.parametrize import register_parametrization
from kajo.nn.utils.weight_norm import _norm_except

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """g v / ||v||."""
        return weight_v * (weight_g / _norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Length and direction."""
        return _norm_except(weight, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Write a parameter as g v / ||v||: ``original0`` is its length g, ``original1`` the direction v.

    Args:
        module: changed in place.
        name: of the parameter.
        dim: along which lengths are kept; None for one length.

    Returns:
        `module`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.parametrizations.weight_norm(kajo.nn.Linear(3, 2))
        >>> layer.parametrizations.weight.original0.shape
        kajo.Size([2, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def take_former_names(state_dict: Any, prefix: str, *_: Any) -> None:
        former = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in former):
            for i, key in enumerate(former):
                now = f"{prefix}parametrizations.{name}.original{i}"
                state_dict[now] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(take_former_names)
    return module


class _SpectralNorm(Module):
    """Divides by the largest singular value, followed by power iteration."""

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if not -weight.dim() <= dim < weight.dim():
            raise IndexError(
                "Dimension out of range (expected to be in range of "
                f"[-{weight.dim()}, {weight.dim() - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % weight.dim()
        self.eps = eps
        if weight.dim() > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight.detach())
            rows, columns = matrix.shape
            u = matrix.new_empty(rows).normal_(0, 1)
            v = matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim, 0).flatten(1) if weight.dim() > 1 else weight

    def _iterate(self, matrix: Tensor, times: int) -> None:
        # The vectors are changed in place, so that copies of the module on other devices follow.
        with kajo.no_grad():
            for _ in range(times):
                self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.mT.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight divided by its spectral norm."""
        if weight.dim() == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: what has norm 1 stays as it is."""
        return value


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divide a parameter by its largest singular value, whenever it is read.

    Args:
        module: changed in place.
        name: of the parameter.
        n_power_iterations: steps of power iteration at each reading in training mode.
        eps: keeps norms above zero.
        dim: of the outputs; None for 1 in transposed convolutions, else 0.

    Returns:
        `module`.

    Raises:
        ValueError: if there is no such parameter, or no iteration.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.parametrizations.spectral_norm(kajo.nn.Linear(3, 3))
        >>> round(float(kajo.linalg.matrix_norm(layer.eval().weight, 2)), 2)
        1.0
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        transposed = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
        dim = int(type(module).__name__ in transposed)
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, made)
