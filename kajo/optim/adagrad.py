"""Adagrad: steps scaled by the sum of all squared gradients so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import kajo
from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_flags,
    check_lr,
    check_non_negative,
    new_step,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Adagrad"]


class Adagrad(FirstOrderOptimizer):
    """Adagrad; gradients may be sparse.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        lr_decay: the learning rate is divided by ``1 + steps * lr_decay``.
        weight_decay: factor of the parameter that is added to its gradient.
        initial_accumulator_value: where the sums of squares start.
        eps: added to denominators for numerical stability.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        maximize: ascend instead of descend.
        differentiable: let gradients flow through the step.
        fused: accepted for compatibility.

    Raises:
        ValueError: if an option is out of its range.
        RuntimeError: if flags contradict each other.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.Adagrad([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.9000, 0.9000])
    """

    _supports_sparse: ClassVar[bool] = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_non_negative("lr_decay value", lr_decay)
        check_non_negative("weight_decay value", weight_decay)
        check_non_negative("initial_accumulator_value value", initial_accumulator_value)
        check_non_negative("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_flags(foreach=foreach, fused=fused, differentiable=differentiable)
        # Other processes may share the sums before the first step, so they exist from the start.
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._new_state(group, param)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        value = group["initial_accumulator_value"]
        start = complex(value, value) if kajo.is_complex(param) else value
        return {
            "step": new_step(),
            "sum": kajo.full_like(param, start, memory_format=kajo.preserve_format),
        }

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        _fused.adagrad_step_(
            params,
            grads,
            [state["sum"] for state in states],
            [state["step"] for state in states],
            lr=_fused.number(group["lr"]),
            lr_decay=group["lr_decay"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
            fused=group["fused"],
        )

    def share_memory(self) -> None:
        """Move the sums of squares to memory that processes share."""
        for state in self.state.values():
            state["sum"].share_memory_()
