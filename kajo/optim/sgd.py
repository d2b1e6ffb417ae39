"""Stochastic gradient descent."""

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
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["SGD"]


class SGD(FirstOrderOptimizer):
    """Stochastic gradient descent, with momentum where asked.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        momentum: factor that the running sum of gradients keeps at each step.
        dampening: the gradient enters that sum times ``1 - dampening``.
        weight_decay: factor of the parameter that is added to its gradient.
        nesterov: look ahead along the momentum; needs momentum and no dampening.
        maximize: ascend instead of descend.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        differentiable: let gradients flow through the step.
        fused: accepted for compatibility.

    Raises:
        ValueError: if an option is out of its range.
        RuntimeError: if flags contradict each other.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.SGD([weight], lr=0.5, momentum=0.9)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.5000, 0.5000])
    """

    _supports_sparse: ClassVar[bool] = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_non_negative("momentum value", momentum)
        check_non_negative("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_flags(foreach=foreach, fused=fused, differentiable=differentiable)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": None} if group["momentum"] != 0 else {}

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        if group["momentum"] == 0:
            self._run(group, params, grads, [], first=False)
            return
        is_first = [state.get("momentum_buffer") is None for state in states]
        for first in (False, True):
            chosen = [i for i, value in enumerate(is_first) if value is first]
            if not chosen:
                continue
            if first:
                for i in chosen:
                    states[i]["momentum_buffer"] = kajo.empty_like(grads[i]).detach()
            self._run(
                group,
                [params[i] for i in chosen],
                [grads[i] for i in chosen],
                [states[i]["momentum_buffer"] for i in chosen],
                first=first,
            )

    def _run(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        buffers: list[Tensor],
        *,
        first: bool,
    ) -> None:
        _fused.sgd_step_(
            params,
            grads,
            buffers,
            lr=_fused.number(group["lr"]),
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=_fused.number(group["weight_decay"]),
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            fused=group["fused"],
            first=first,
        )
