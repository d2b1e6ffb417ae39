"""Adadelta: steps scaled by the ratio of past updates to past gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_lr,
    check_non_negative,
    new_step,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Adadelta"]


class Adadelta(FirstOrderOptimizer):
    """Adadelta.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        rho: decay rate of the running averages of squares.
        eps: added to denominators for numerical stability.
        weight_decay: factor of the parameter that is added to its gradient.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.
        maximize: ascend instead of descend.
        differentiable: let gradients flow through the step.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.Adadelta([weight], lr=1.0)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9968, 0.9968])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_non_negative("epsilon value", eps)
        check_non_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {
            "step": new_step(),
            "square_avg": zeros_for(param),
            "acc_delta": zeros_for(param),
        }

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        _fused.adadelta_step_(
            params,
            grads,
            [state["square_avg"] for state in states],
            [state["acc_delta"] for state in states],
            [state["step"] for state in states],
            lr=_fused.number(group["lr"]),
            rho=group["rho"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
        )
