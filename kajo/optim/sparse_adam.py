"""Adam for sparse gradients: only rows that occur in a gradient are touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kajo.optim import _fused
from kajo.optim.optimizer import (
    FirstOrderOptimizer,
    Group,
    ParamsT,
    check_betas,
    check_lr,
    zeros_for,
)

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["SparseAdam"]


class SparseAdam(FirstOrderOptimizer):
    """Adam that updates only the elements a sparse gradient names, and only their averages.

    Args:
        params: dense tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square.
        eps: added to denominators for numerical stability.
        maximize: ascend instead of descend.

    Raises:
        ValueError: if an option is out of its range or a parameter is sparse.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(4, 2, requires_grad=True)
        >>> optimizer = kajo.optim.SparseAdam([weight], lr=0.1)
        >>> optimizer.defaults["lr"]
        0.1
    """

    _supports_sparse: ClassVar[bool] = True
    _step_is_tensor: ClassVar[bool] = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        sparse = [
            (number, index)
            for number, group in enumerate(self.param_groups)
            for index, param in enumerate(group["params"])
            if param.is_sparse
        ]
        if sparse:
            raise ValueError(
                f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors"
            )

    def _check_grad(self, param: Tensor, grad: Tensor) -> None:
        if not grad.is_sparse:
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )

    def _new_state(self, group: Group, param: Tensor) -> dict[str, Any]:
        return {"step": 0, "exp_avg": zeros_for(param), "exp_avg_sq": zeros_for(param)}

    def _update(
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Any],
        states: list[dict[str, Any]],
    ) -> None:
        beta1, beta2 = group["betas"]
        lr = _fused.number(group["lr"])
        for param, grad, state in zip(params, grads, states, strict=True):
            state["step"] += 1
            grad = grad.coalesce()
            values = -grad.values() if group["maximize"] else grad.values()
            if values.numel() == 0:
                continue
            where = tuple(grad.indices().unbind(0))
            average, square = state["exp_avg"], state["exp_avg_sq"]
            old_average, old_square = average[where], square[where]
            new_average = old_average + values.sub(old_average).mul_(1 - beta1)
            new_square = old_square + values.pow(2).sub_(old_square).mul_(1 - beta2)
            average[where] = new_average
            square[where] = new_square
            correction1, correction2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
            step_size = lr * correction2**0.5 / correction1
            param[where] += -step_size * new_average / new_square.sqrt().add_(group["eps"])
