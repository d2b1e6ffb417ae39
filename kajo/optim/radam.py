"""RAdam: Adam that waits until its averages can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_betas,
    check_lr,
    check_non_negative,
    new_step,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["RAdam"]


class RAdam(FirstOrderOptimizer):
    """RAdam.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square.
        eps: added to denominators for numerical stability.
        weight_decay: factor of the parameter that is added to its gradient.
        decoupled_weight_decay: shrink the parameter itself instead of changing its gradient.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        maximize: ascend instead of descend.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.
        differentiable: let gradients flow through the step.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.RAdam([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_non_negative("epsilon value", eps)
        check_betas(betas)
        check_non_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {
            "step": new_step(),
            "exp_avg": zeros_for(param),
            "exp_avg_sq": zeros_for(param),
        }

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        beta1, beta2 = group["betas"]
        _fused.radam_step_(
            params,
            grads,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["step"] for state in states],
            lr=_fused.number(group["lr"]),
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )
