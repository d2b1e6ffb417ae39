"""Adafactor: averages of squared gradients kept as a row and a column for each matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import kajo
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_lr,
    new_step,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["Adafactor"]


class Adafactor(FirstOrderOptimizer):
    """Adafactor: steps relative to the size of a parameter, with state far below its size.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: largest relative step size.
        beta2_decay: power of the step count by which averages of squares gain inertia.
        eps: smallest average of squares (None: the machine epsilon) and smallest parameter size.
        d: an update whose root mean square is larger is scaled down to it.
        weight_decay: at each step a parameter is multiplied by ``1 - lr * weight_decay``.
        foreach: accepted for compatibility.
        maximize: ascend instead of descend.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, 2, requires_grad=True)
        >>> optimizer = kajo.optim.Adafactor([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([[0.9000, 0.9000],
                [0.9000, 0.9000]])
    """

    _supports_complex: ClassVar[bool] = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        state: dict[str, Any] = {"step": new_step()}
        if param.dim() > 1:
            state["row_var"] = param.new_zeros((*param.shape[:-1], 1))
            state["col_var"] = param.new_zeros((*param.shape[:-2], 1, param.shape[-1]))
        else:
            state["variance"] = kajo.zeros_like(param)
        return state

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
    ) -> None:
        lr, (eps1, eps2) = group["lr"], group["eps"]
        for param, grad, state in zip(params, grads, states, strict=True):
            grad = -grad if group["maximize"] else grad
            smallest = kajo.finfo(param.dtype).eps if eps1 is None else eps1
            state["step"].add_(1)
            step = state["step"].item()
            gain = min(1.0, step ** group["beta2_decay"])
            relative_step = min(lr, 1 / step**0.5)
            size = param.norm(2).item() / param.numel() ** 0.5
            rate = max(eps2, size) * relative_step
            if group["weight_decay"] != 0:
                param.mul_(1 - lr * group["weight_decay"])
            variance = _averaged_squares(state, grad, gain, smallest)
            update = variance.clamp_(min=smallest * smallest).rsqrt_().mul_(grad)
            root_mean_square = update.norm(2).item() / update.numel() ** 0.5
            param.add_(update, alpha=-float(rate) / max(1.0, root_mean_square / group["d"]))


def _averaged_squares(state: dict[str, Any], grad: Tensor, gain: float, smallest: float) -> Tensor:
    """Move the averages by ``gain`` and return those of all elements, newly allocated."""
    if grad.dim() <= 1:
        average: Tensor = state["variance"]
        average.lerp_(grad.square(), gain)
        return average.clone()
    row: Tensor = state["row_var"]
    column: Tensor = state["col_var"]
    row.lerp_(grad.norm(dim=-1, keepdim=True).square_().div_(grad.size(-1)), gain)
    column.lerp_(grad.norm(dim=-2, keepdim=True).square_().div_(grad.size(-2)), gain)
    return (row @ column).div_(row.mean(dim=-2, keepdim=True).clamp_(min=smallest))
