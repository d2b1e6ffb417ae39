"""Normalisations that also return their statistics."""

from __future__ import annotations

from collections.abc import Sequence

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _statistics(
    rows: Tensor, eps: float, weight: Tensor | None, bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The mean and the inverse deviation of each row, in the dtype of the parameters."""
    parameter = weight if weight is not None else bias
    half = rows.dtype in (_core.float16, _core.bfloat16)
    wide = rows.to(_core.float32) if half else rows
    variance, mean = _core.var_mean(wide, -1, correction=0)
    dtype = rows.dtype if parameter is None else parameter.dtype
    return mean.to(dtype), (variance + eps).rsqrt().to(dtype)


@operation()
def native_layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`kajo.layer_norm` with the mean and the inverse deviation of each layer.

    Returns:
        (output, mean, rstd), the last two with sizes of 1 in place of the normalised dimensions.

    >>> import kajo
    >>> kajo.native_layer_norm(kajo.tensor([[1.0, 3.0]]), [2], None, None, 0.0)
    (tensor([[-1.,  1.]]), tensor([[2.]]), tensor([[1.]]))
    """
    output = _core.layer_norm(input, normalized_shape, weight, bias, eps)
    outer = input.dim() - len(normalized_shape)
    rows = input.flatten(outer) if input.numel() else input.new_empty((*input.shape[:outer], 0))
    shape = [*input.shape[:outer], *[1] * len(normalized_shape)]
    mean, rstd = _statistics(rows.detach(), eps, weight, bias)
    return output, mean.reshape(shape), rstd.reshape(shape)


@operation()
def native_group_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`kajo.group_norm` of (N, C, ...) with the mean and the inverse deviation of each group.

    Returns:
        (output, mean, rstd), the last two of shape (N, group).

    >>> import kajo
    >>> kajo.native_group_norm(kajo.tensor([[[1.0, 3.0]]]), None, None, 1, 1, 2, 1, 0.0)[1]
    tensor([[2.]])
    """
    if input.numel() != N * C * HxW:
        raise RuntimeError(
            f"native_group_norm(): expected input of {N} * {C} * {HxW} elements, but got shape {tuple(input.shape)}"
        )
    output = _core.group_norm(input, group, weight, bias, eps)
    rows = input.reshape(N, group, -1) if input.numel() else input.new_empty((N, group, 0))
    mean, rstd = _statistics(rows, eps, weight, bias)
    # Without elements, too, they belong to the history.
    history = output.flatten()[:0].sum().to(mean.dtype)
    return output, mean + history, rstd + history


@operation(out="same")
def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`kajo.batch_norm` with the mean and the inverse deviation of each channel.

    Returns:
        (output, mean, rstd); the last two are empty outside of training.

    >>> import kajo
    >>> x = kajo.tensor([[1.0], [3.0]])
    >>> kajo.native_batch_norm(x, None, None, None, None, True, 0.1, 0.0)[1]
    tensor([2.])
    """
    output = _core.batch_norm(
        input, weight, bias, running_mean, running_var, training, momentum, eps, False
    )
    if not training:
        nothing = input.new_empty(0) if weight is None else weight.new_empty(0)
        return output, nothing.detach(), nothing.detach().clone()
    rows = input.transpose(0, 1).flatten(1)
    mean, rstd = _statistics(rows.detach(), eps, weight, running_mean if weight is None else bias)
    return output, mean, rstd
