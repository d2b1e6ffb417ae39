"""What distributions share: broadcasting of parameters, probabilities and logits, lazy attributes.

>>> import kajo
>>> from kajo.distributions.utils import probs_to_logits
>>> probs_to_logits(kajo.tensor([0.5]), is_binary=True)
tensor([0.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import kajo
import kajo.nn.functional as F
from kajo import Tensor

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.57721566490153286060

_Value = TypeVar("_Value")


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """The values as tensors of one shape; numbers take dtype and device from the tensors.

    Raises:
        ValueError: if a value is neither a number nor a tensor.

    >>> [t.shape for t in broadcast_all(kajo.zeros(2), 1.0)]
    [kajo.Size([2]), kajo.Size([2])]
    """
    if not all(isinstance(v, (Tensor, int, float)) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    tensors = [v for v in values if isinstance(v, Tensor)]
    options: dict[str, Any] = {"dtype": kajo.get_default_dtype()}
    if tensors:
        options = {"dtype": tensors[0].dtype, "device": tensors[0].device}
    return kajo.broadcast_tensors(
        *(v if isinstance(v, Tensor) else kajo.tensor(v, **options) for v in values)
    )


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    return kajo.normal(
        kajo.zeros(shape, dtype=dtype, device=device), kajo.ones(shape, dtype=dtype, device=device)
    )


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last `dim` dimensions."""
    if dim == 0:
        return value
    return value.reshape(*value.shape[: value.dim() - dim], -1).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of logits: the sigmoid for two outcomes, else the softmax over the last dimension.

    >>> logits_to_probs(kajo.zeros(4))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return kajo.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1 by the dtype's rounding unit, so that logarithms are finite.

    >>> bool(clamp_probs(kajo.tensor(0.0)) > 0)
    True
    """
    eps = kajo.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits of probabilities: log(p / (1 - p)) for two outcomes, else log(p).

    >>> probs_to_logits(kajo.tensor([0.5]), is_binary=True)
    tensor([0.])
    """
    clamped = clamp_probs(probs)
    return kajo.log(clamped) - kajo.log1p(-clamped) if is_binary else kajo.log(clamped)


class lazy_property(Generic[_Value]):
    """An attribute computed on first use, with recording, and kept.

    Of the class it is a property.
    """

    def __init__(self, wrapped: Callable[[Any], _Value]):
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__

    def __get__(self, instance: Any, cls: type | None = None) -> _Value:
        if instance is None:
            return property(self.wrapped)  # type: ignore[return-value]
        with kajo.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of matrices, row by row, as vectors.

    Args:
        mat: (..., n, n).
        diag: the diagonal up to which the triangle goes.

    Raises:
        ValueError: if the diagonal lies outside the matrix.

    >>> tril_matrix_to_vec(kajo.tensor([[1, 2], [3, 4]]))
    tensor([1, 3, 4])
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = kajo.tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Lower triangular matrices from vectors that hold the triangle row by row.

    Raises:
        ValueError: if no triangle has as many elements.

    >>> vec_to_tril_matrix(kajo.tensor([1, 3, 4]))
    tensor([[1, 0],
            [3, 4]])
    """
    # n + (n - 1) + ... with |diag| diagonals more or less: (n + diag)(n + diag + 1) / 2 elements for diag <= 0.
    count = vec.shape[-1]
    size = (
        -(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5
    ) / 2
    n = round(size)
    if abs(size - n) > kajo.finfo(vec.dtype if vec.is_floating_point() else kajo.float32).eps * 8:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as the lower triangular "
            "part of a square D x D matrix."
        )
    rows, columns = kajo.tril_indices(n, n, diag)
    result = vec.new_zeros(*vec.shape[:-1], n, n)
    result[..., rows, columns] = vec
    return result
