"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import kajo
from kajo import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def _check_one_device(parameters: list[Tensor]) -> None:
    if len({p.device for p in parameters}) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported."
        )


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of the parameters, one after the other.

    Args:
        parameters: tensors on one device.

    Returns:
        A vector.

    Raises:
        TypeError: if they are on several devices.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.parameters_to_vector([kajo.ones(1), kajo.zeros(1, 2)])
        tensor([1., 0., 0.])
    """
    listed = list(parameters)
    _check_one_device(listed)
    return kajo.cat([p.reshape(-1) for p in listed])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make parts of a vector the values of the parameters.

    Args:
        vec: a vector, as :func:`parameters_to_vector` gives it.
        parameters: tensors on one device.

    Raises:
        TypeError: if `vec` is no tensor, or the parameters are on several devices.

    Example:
        >>> import kajo
        >>> w = kajo.nn.Parameter(kajo.zeros(2))
        >>> kajo.nn.utils.vector_to_parameters(kajo.tensor([1.0, 2.0]), [w])
        >>> w.detach()
        tensor([1., 2.])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    listed = list(parameters)
    _check_one_device(listed)
    start = 0
    for parameter in listed:
        count = parameter.numel()
        parameter.data = vec[start : start + count].view_as(parameter).data
        start += count
