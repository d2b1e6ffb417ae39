"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kajo.optim.adam import Adam
from kajo.optim.optimizer import ParamsT

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters instead of entering their gradients.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running averages of the gradient and of its square.
        eps: added to denominators for numerical stability.
        weight_decay: at each step a parameter is multiplied by ``1 - lr * weight_decay``.
        amsgrad: divide by the largest average of squares so far.
        maximize: ascend instead of descend.
        foreach: accepted for compatibility; the whole group is always updated in one call.
        capturable: as in PyTorch, refused by :meth:`step` where parameters are on the CPU.
        differentiable: let gradients flow through the step.
        fused: accepted for compatibility.

    Raises:
        ValueError: if an option is out of its range.
        RuntimeError: if flags contradict each other.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.AdamW([weight], lr=0.1, weight_decay=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight.detach()
        tensor([0.8500, 0.8500])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
