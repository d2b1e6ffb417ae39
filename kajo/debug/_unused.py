"""Parameters that a loss does not depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kajo import Tensor

if TYPE_CHECKING:
    from kajo.nn import Module

__all__ = ["unused_parameters"]


def unused_parameters(model: Module, loss: Any) -> list[str]:
    """The names of the parameters that get no gradient from `loss`.

    The graph is walked, nothing is computed; call it before ``backward``, which frees nothing that
    this needs, or after. Parameters that do not require a gradient are not named.

    Args:
        model: whose parameters are asked about.
        loss: a tensor that depends on them, or several in a tuple, a list or a dict's values.

    Returns:
        Names as in ``model.named_parameters()``, in that order.

    Raises:
        TypeError: if `loss` is no tensor and holds none.

    Example:
        >>> import kajo
        >>> model = kajo.nn.ModuleDict({"used": kajo.nn.Linear(2, 1), "idle": kajo.nn.Linear(2, 1)})
        >>> kajo.debug.unused_parameters(model, model["used"](kajo.ones(3, 2)).mean())
        ['idle.weight', 'idle.bias']
    """
    used: set[int] = set()
    seen: set[Any] = set()
    waiting = []
    for tensor in _tensors_in(loss):
        if tensor.grad_fn is not None:
            waiting.append(tensor.grad_fn)
        used.add(id(tensor))
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.name().endswith("AccumulateGrad"):
            used.add(id(node.variable))
        waiting += [before for before, _ in node.next_functions if before is not None]
    return [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and id(parameter) not in used
    ]


def _tensors_in(loss: Any) -> list[Tensor]:
    if isinstance(loss, Tensor):
        return [loss]
    parts = loss.values() if isinstance(loss, dict) else loss
    if not isinstance(loss, (tuple, list, dict)) or not loss:
        raise TypeError(
            f"unused_parameters(): expected a loss that is a tensor, but got {type(loss).__name__}"
        )
    return [tensor for part in parts for tensor in _tensors_in(part)]
