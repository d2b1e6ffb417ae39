"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kajo
from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_lr,
    check_non_negative,
    new_step,
    step_dtype,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["ASGD"]


class ASGD(FirstOrderOptimizer):
    """Gradient descent that also keeps the average of the parameters (state ``ax``).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        lambd: decay of the parameter at each step, times the current rate.
        alpha: power by which the learning rate falls with the steps.
        t0: step after which averaging starts.
        weight_decay: factor of the parameter that is added to its gradient.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        maximize: ascend instead of descend.
        differentiable: let gradients flow through the step.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.ASGD([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_non_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        lr = kajo.as_tensor(group["lr"], dtype=step_dtype()).clone().detach()
        return {
            "step": new_step(),
            "eta": lr.reshape(()),
            "mu": new_step(1.0),
            "ax": zeros_for(param),
        }

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        _fused.asgd_step_(
            params,
            grads,
            [state["ax"] for state in states],
            [state["mu"] for state in states],
            [state["eta"] for state in states],
            [state["step"] for state in states],
            lr=_fused.number(group["lr"]),
            lambd=group["lambd"],
            alpha=group["alpha"],
            t0=group["t0"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
        )
