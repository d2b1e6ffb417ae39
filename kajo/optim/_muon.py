"""Muon: momentum made orthogonal, for the weight matrices of hidden layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import kajo
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_lr,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Muon"]

_RATE_FACTORS: dict[str | None, Callable[[int, int], float]] = {
    None: lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "original": lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}
"""Name of ``adjust_lr_fn`` to the factor of the learning rate for a matrix of that shape."""

_MAX_ITERATIONS = 100


class Muon(FirstOrderOptimizer):
    """Muon: each update is the momentum of a matrix, moved to the nearest orthogonal matrix.

    Args:
        params: matrices, ``(name, matrix)`` pairs, or groups; give the rest to AdamW.
        lr: learning rate.
        weight_decay: at each step a parameter is multiplied by ``1 - lr * weight_decay``.
        momentum: decay rate of the running average of the gradient.
        nesterov: look ahead along the momentum.
        ns_coefficients: coefficients of the Newton-Schulz iteration.
        eps: smallest norm that the momentum is divided by.
        ns_steps: number of Newton-Schulz iterations.
        adjust_lr_fn: how the rate depends on the shape: ``"original"`` (the same as None) or
            ``"match_rms_adamw"``.

    Raises:
        ValueError: if an option is out of its range or a parameter is no matrix.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, 2, requires_grad=True)
        >>> optimizer = kajo.optim.Muon([weight], lr=0.1)
        >>> optimizer.defaults["momentum"]
        0.95
    """

    _supports_complex: ClassVar[bool] = False

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        for name, value in (("learning rate", lr), ("momentum", momentum)):
            if not value >= 0.0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in _RATE_FACTORS:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with "
                        f"size: {param.size()}"
                    )

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": zeros_for(param)}

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        lr, momentum = group["lr"], group["momentum"]
        factor = _RATE_FACTORS[group["adjust_lr_fn"]]
        for param, grad, state in zip(params, grads, states, strict=True):
            buffer = state["momentum_buffer"]
            buffer.lerp_(grad, 1 - momentum)
            update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
            update = _orthogonalize(
                update, group["ns_coefficients"], group["ns_steps"], group["eps"]
            )
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(update.to(param.dtype), alpha=-lr * factor(*param.shape))


def _orthogonalize(
    matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """Move the singular values of a matrix towards 1 by Newton-Schulz iterations in bfloat16."""
    if steps >= _MAX_ITERATIONS:
        raise ValueError(
            f"Muon: number of steps must be less than {_MAX_ITERATIONS} for computational "
            f"efficiency, but ns_steps is {steps}"
        )
    if len(coefficients) != 3:
        raise ValueError(
            f"Muon: coefficients must be a tuple of exactly 3 values, but got {coefficients}"
        )
    a, b, c = coefficients
    x = matrix.bfloat16()
    is_tall = matrix.size(0) > matrix.size(1)
    x = x.T if is_tall else x
    x = x.div(x.norm().clamp(min=eps))
    for _ in range(steps):
        gram = x @ x.T
        polynomial = kajo.addmm(gram, gram, gram, beta=b, alpha=c)
        x = kajo.addmm(x, polynomial, x, beta=a)
    return x.T if is_tall else x
