"""Running an optimiser on other parameters and another state for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from kajo import Tensor
from kajo.optim.optimizer import Optimizer

__all__ = ["swap_in_optimizer_params_and_state"]


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer,
    swapin_parameters: dict[str, Tensor],
    swapin_optim_state: dict[str, Any],
) -> Iterator[None]:
    """Within this context the optimiser has the given parameters and state, afterwards its own again.

    What the optimiser changes in place stays changed in the tensors that were given.

    Args:
        optimizer: whose state has been made.
        swapin_parameters: as many tensors as the optimiser has parameters, in their order.
        swapin_optim_state: as ``state_dict()`` gives it; its tensors are used, not copied.

    Raises:
        ValueError: if the number of parameters or groups differs.

    Example:
        >>> import kajo
        >>> own, other = (kajo.zeros(1, requires_grad=True) for _ in range(2))
        >>> optimizer = kajo.optim.SGD([own], lr=1.0)
        >>> swap = kajo.optim.swap_in_optimizer_params_and_state
        >>> with swap(optimizer, {"weight": other}, optimizer.state_dict()):
        ...     other.sum().backward()
        ...     optimizer.step()
        >>> own.item(), other.item()
        (0.0, -1.0)
    """
    groups, state = optimizer.param_groups, optimizer.state
    given = list(swapin_parameters.values())
    packed = swapin_optim_state["param_groups"]
    count = sum(len(group["params"]) for group in groups)
    if len(given) != count:
        raise ValueError(
            f"swap_in_optimizer_params_and_state(): the optimizer has {count} parameters, got "
            f"{len(given)}"
        )
    if [len(group["params"]) for group in packed] != [len(group["params"]) for group in groups]:
        raise ValueError(
            "swap_in_optimizer_params_and_state(): the state has other parameter groups than the "
            "optimizer"
        )
    by_number = dict(zip((n for group in packed for n in group["params"]), given, strict=True))
    swapped = [{**group, "params": [by_number[n] for n in group["params"]]} for group in packed]
    for own, new in zip(groups, swapped, strict=True):
        if "param_names" in own:
            new.setdefault("param_names", own["param_names"])
    inner = type(state)(state.default_factory)
    for key, value in swapin_optim_state["state"].items():
        inner[by_number.get(key, key)] = dict(value) if isinstance(value, dict) else value
    optimizer.param_groups, optimizer.state = swapped, inner
    try:
        yield
    finally:
        optimizer.param_groups, optimizer.state = groups, state
