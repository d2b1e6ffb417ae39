"""Keeping gradients within bounds."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import kajo
from kajo import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _listed(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Any) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def get_total_norm(
    tensors: Any,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of several tensors as if they were one vector.

    Args:
        tensors: a tensor or an iterable of them.
        norm_type: of the norm; infinity for the largest magnitude.
        error_if_nonfinite: refuse a norm that is infinite or not a number.
        foreach: taken for compatibility.

    Returns:
        A scalar.

    Raises:
        RuntimeError: if the norm is not finite and that is asked for.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.get_total_norm([kajo.tensor([3.0]), kajo.tensor([4.0])])
        tensor(5.)
    """
    listed = _listed(tensors)
    norm_type = float(norm_type)
    if not listed:
        return kajo.tensor(0.0)
    with kajo.no_grad():
        norms = [kajo.linalg.vector_norm(t, norm_type) for t in listed]
        device = norms[0].device
        total = kajo.linalg.vector_norm(kajo.stack([n.to(device) for n in norms]), norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale gradients, in place, by min(1, max_norm / total_norm).

    Args:
        parameters: a tensor or an iterable of them.
        max_norm: the bound.
        total_norm: their norm.
        foreach: taken for compatibility.

    Example:
        >>> import kajo
        >>> w = kajo.ones(1, requires_grad=True)
        >>> (w * 4).backward()
        >>> kajo.nn.utils.clip_grads_with_norm_(w, 2.0, kajo.tensor(4.0))
        >>> w.grad
        tensor([2.0000])
    """
    # Multiplying always, by 1 where nothing is to be done, saves reading the norm.
    with kajo.no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for gradient in _gradients(parameters):
            gradient.mul_(factor.to(gradient.device))


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale gradients, in place, so that their common norm is at most `max_norm`.

    Args:
        parameters: a tensor or an iterable of them.
        max_norm: the bound.
        norm_type: of the norm; infinity for the largest magnitude.
        error_if_nonfinite: refuse a norm that is infinite or not a number.
        foreach: taken for compatibility.

    Returns:
        The norm before.

    Raises:
        RuntimeError: if the norm is not finite and that is asked for.

    Example:
        >>> import kajo
        >>> w = kajo.ones(1, requires_grad=True)
        >>> (w * 4).backward()
        >>> kajo.nn.utils.clip_grad_norm_([w], 1.0)
        tensor(4.)
    """
    if not isinstance(parameters, Tensor):
        generator = not hasattr(parameters, "__len__")
        parameters = list(parameters)
        if generator and not parameters:
            warnings.warn(
                "`parameters` is an empty generator, no gradient clipping will occur.",
                stacklevel=2,
            )
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The older name of :func:`clip_grad_norm_`.

    Args:
        parameters, max_norm, norm_type, error_if_nonfinite, foreach: as there.

    Returns:
        The norm before.

    Example: as there.
    """
    warnings.warn(
        "torch.nn.utils.clip_grad_norm is now deprecated in favor of "
        "torch.nn.utils.clip_grad_norm_.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Clamp every element of the gradients, in place, to [-clip_value, clip_value].

    Args:
        parameters: a tensor or an iterable of them.
        clip_value: the bound.
        foreach: taken for compatibility.

    Example:
        >>> import kajo
        >>> w = kajo.ones(1, requires_grad=True)
        >>> (w * 4).backward()
        >>> kajo.nn.utils.clip_grad_value_([w], 1.0)
        >>> w.grad
        tensor([1.])
    """
    bound = float(clip_value)
    with kajo.no_grad():
        for gradient in _gradients(parameters):
            gradient.clamp_(min=-bound, max=bound)
