"""Adam: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kajo
from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_betas,
    check_flags,
    check_lr,
    check_non_negative,
    new_step,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Adam"]


class Adam(FirstOrderOptimizer):
    """Adam, and with ``decoupled_weight_decay`` AdamW.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square.
        eps: added to denominators for numerical stability.
        weight_decay: factor of the parameter that is added to its gradient.
        amsgrad: divide by the largest average of squares so far.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        maximize: ascend instead of descend.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.
        differentiable: let gradients flow through the step.
        fused: accepted for compatibility.
        decoupled_weight_decay: shrink the parameter itself instead of changing its gradient.

    Raises:
        ValueError: if an option is out of its range.
        RuntimeError: if flags contradict each other.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.Adam([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr, foreach=foreach, capturable=capturable)
        check_non_negative("epsilon value", eps)
        check_betas(betas)
        check_non_negative("weight_decay value", weight_decay)
        _check_beta_types(betas, foreach=foreach, capturable=capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_flags(foreach=foreach, fused=fused, differentiable=differentiable)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        state = {
            "step": new_step(),
            "exp_avg": zeros_for(param),
            "exp_avg_sq": zeros_for(param),
        }
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_for(param)
        return state

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        beta1, beta2 = group["betas"]
        _fused.adam_step_(
            params,
            grads,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["max_exp_avg_sq"] for state in states] if group["amsgrad"] else [],
            [state["step"] for state in states],
            lr=_fused.number(group["lr"]),
            beta1=_fused.number(beta1),
            beta2=_fused.number(beta2),
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
            amsgrad=group["amsgrad"],
            maximize=group["maximize"],
            fused=group["fused"],
        )


def _check_beta_types(betas: tuple[Any, Any], *, foreach: bool | None, capturable: bool) -> None:
    """Refuse a mixture of numbers and tensors, and tensors that have no place to be read."""
    are_tensors = [isinstance(beta, kajo.Tensor) for beta in betas]
    if any(are_tensors) and not all(are_tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas):
        if not are_tensors[index]:
            continue
        if foreach and not capturable:
            raise ValueError(
                f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True"
            )
        if beta.numel() != 1:
            raise ValueError(f"Tensor betas[{index}] must be 1-element")
