"""Resilient propagation: steps by the sign of the gradient, with a size per element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kajo
from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_lr,
    new_step,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Rprop"]


class Rprop(FirstOrderOptimizer):
    """Rprop, for full batches.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: first step size of every element.
        etas: factors by which a step size shrinks and grows.
        step_sizes: smallest and largest step size.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        maximize: ascend instead of descend.
        differentiable: let gradients flow through the step.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.Rprop([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        lr = float(group["lr"])
        start = complex(lr, lr) if kajo.is_complex(param) else lr
        return {
            "step": new_step(),
            "prev": zeros_for(param),
            "step_size": kajo.full_like(param, start),
        }

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        eta_minus, eta_plus = group["etas"]
        step_size_min, step_size_max = group["step_sizes"]
        _fused.rprop_step_(
            params,
            grads,
            [state["prev"] for state in states],
            [state["step_size"] for state in states],
            [state["step"] for state in states],
            eta_minus=eta_minus,
            eta_plus=eta_plus,
            step_size_min=step_size_min,
            step_size_max=step_size_max,
            maximize=group["maximize"],
        )
