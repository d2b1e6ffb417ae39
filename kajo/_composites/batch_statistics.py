"""The steps of batch normalisation, for those who put them together from parts of a batch."""

from __future__ import annotations

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _others(input: Tensor) -> list[int]:
    """All dimensions but that of the channels."""
    if input.dim() < 2:
        raise RuntimeError(
            f"batch_norm: expected an input of at least two dimensions, got shape {tuple(input.shape)}"
        )
    return [d for d in range(input.dim()) if d != 1]


def _by_channel(vector: Tensor, like: Tensor) -> Tensor:
    return vector.reshape([1, -1] + [1] * (like.dim() - 2))


def _wide(input: Tensor) -> Tensor:
    half = input.dtype in (_core.float16, _core.bfloat16)
    return input.to(_core.float32) if half else input


@operation(out="same")
def batch_norm_stats(input: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """The mean of each channel, and 1 / sqrt(variance + eps).

    Args:
        input: (N, C, ...).
        eps: added to the variance.

    >>> import kajo
    >>> kajo.batch_norm_stats(kajo.tensor([[1.0], [3.0]]), 0.0)
    (tensor([2.]), tensor([1.]))
    """
    variance, mean = _core.var_mean(_wide(input), _others(input), correction=0)
    return mean, (variance + eps).rsqrt()


@operation(out="same")
def batch_norm_elemt(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    invstd: Tensor,
    eps: float,
) -> Tensor:
    """(input - mean) invstd weight + bias, channel by channel.

    Args:
        input: (N, C, ...).
        weight, bias: (C,); None for 1 and 0.
        mean, invstd: (C,).
        eps: accepted; `invstd` has it already.

    >>> import kajo
    >>> kajo.batch_norm_elemt(kajo.ones(1, 1), None, None, kajo.zeros(1), kajo.tensor([2.0]), 0.0)
    tensor([[2.]])
    """
    _others(input)
    result = (_wide(input) - _by_channel(mean, input)) * _by_channel(invstd, input)
    if weight is not None:
        result = result * _by_channel(weight, input)
    if bias is not None:
        result = result + _by_channel(bias, input)
    return result.to(input.dtype)


@operation(out="same")
def batch_norm_gather_stats_with_counts(
    input: Tensor,
    mean: Tensor,
    invstd: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    momentum: float,
    eps: float,
    counts: Tensor,
) -> tuple[Tensor, Tensor]:
    """The statistics of a batch from those of its parts; updates the running ones.

    Args:
        input: a part of the batch, for its dtype only.
        mean, invstd: (parts, C).
        running_mean, running_var: (C,), changed in place; None for none.
        momentum: the share of the new statistics.
        eps: that `invstd` contains.
        counts: (parts,): how many values of a channel each part has.

    Returns:
        (mean, invstd) of the whole, (C,).

    >>> import kajo
    >>> mean, invstd = kajo.tensor([[0.0], [2.0]]), kajo.ones(2, 1)
    >>> none = None, None, 0.1, 0.0
    >>> kajo.batch_norm_gather_stats_with_counts(mean, mean, invstd, *none, kajo.tensor([2.0, 2.0]))
    (tensor([1.]), tensor([0.7071]))
    """
    shares = counts.to(mean.dtype).reshape(-1, 1)
    total = shares.sum()
    joint = (mean * shares).sum(0) / total
    variances = invstd.pow(-2) - eps + (mean - joint).square()
    variance = (variances * shares).sum(0) / total
    with_correction = variance * (total / (total - 1))
    for running, new in ((running_mean, joint), (running_var, with_correction)):
        if running is not None:
            running.copy_(running * (1 - momentum) + new * momentum)
    return joint, (variance + eps).rsqrt()


@operation(out="same")
def batch_norm_gather_stats(
    input: Tensor,
    mean: Tensor,
    invstd: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    momentum: float,
    eps: float,
    count: int,
) -> tuple[Tensor, Tensor]:
    """:func:`kajo.batch_norm_gather_stats_with_counts` for parts of one size.

    >>> import kajo
    >>> mean = kajo.tensor([[0.0], [2.0]])
    >>> kajo.batch_norm_gather_stats(mean, mean, kajo.ones(2, 1), None, None, 0.1, 0.0, 2)
    (tensor([1.]), tensor([0.7071]))
    """
    counts = _core.full((mean.shape[0],), count, dtype=mean.dtype)
    return batch_norm_gather_stats_with_counts(
        input, mean, invstd, running_mean, running_var, momentum, eps, counts
    )


@operation(out="same")
def batch_norm_update_stats(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, momentum: float
) -> tuple[Tensor, Tensor]:
    """The mean and variance of each channel; updates the running ones.

    Args:
        input: (N, C, ...).
        running_mean, running_var: (C,), changed in place; None for none.
        momentum: the share of the new statistics.

    Returns:
        (mean, variance), the variance without correction; the running one gets it with.

    >>> import kajo
    >>> kajo.batch_norm_update_stats(kajo.tensor([[1.0], [3.0]]), None, None, 0.1)
    (tensor([2.]), tensor([1.]))
    """
    variance, mean = _core.var_mean(_wide(input), _others(input), correction=0)
    count = input.numel() // max(input.shape[1], 1)
    with_correction = variance * (count / (count - 1) if count > 1 else float("nan"))
    for running, new in ((running_mean, mean), (running_var, with_correction)):
        if running is not None:
            running.copy_(running * (1 - momentum) + new * momentum)
    return mean, variance


@operation()
def batch_norm_backward_reduce(
    grad_out: Tensor,
    input: Tensor,
    mean: Tensor,
    invstd: Tensor,
    weight: Tensor | None,
    input_g: bool,
    weight_g: bool,
    bias_g: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sums over a batch that the gradient of batch normalisation consists of.

    Args:
        grad_out: the gradient of the result, (N, C, ...).
        input, mean, invstd, weight: of the forward pass.
        input_g, weight_g, bias_g: which gradients are wanted.

    Returns:
        (sum of grad_out, sum of grad_out (input - mean), gradient of the weight, of the bias), each
        (C,); None for what is not wanted.

    >>> import kajo
    >>> x = kajo.tensor([[1.0], [3.0]])
    >>> sums = x, x, kajo.tensor([2.0]), kajo.ones(1), None
    >>> kajo.batch_norm_backward_reduce(*sums, True, False, True)
    (tensor([4.]), tensor([2.]), None, tensor([4.]))
    """
    dims, gradient = _others(input), _wide(grad_out)
    total = gradient.sum(dims)
    moment = (gradient * (_wide(input) - _by_channel(mean, input))).sum(dims)
    return (  # type: ignore[return-value]
        total if input_g else None,
        moment if input_g else None,
        moment * invstd if weight_g else None,
        total if bias_g else None,
    )


@operation(out="same")
def batch_norm_backward_elemt(
    grad_out: Tensor,
    input: Tensor,
    mean: Tensor,
    invstd: Tensor,
    weight: Tensor | None,
    sum_dy: Tensor,
    sum_dy_xmu: Tensor,
    count: Tensor,
) -> Tensor:
    """The gradient of the input of batch normalisation from the sums over the whole batch.

    invstd weight (g - sum_dy / n - (x - mean) invstd^2 sum_dy_xmu / n).

    Args:
        grad_out, input, mean, invstd, weight: as for :func:`kajo.batch_norm_backward_reduce`.
        sum_dy, sum_dy_xmu: the first two of its results, added over the parts of the batch.
        count: the sizes of the parts, whose sum is n.

    >>> import kajo
    >>> x, one = kajo.tensor([[1.0], [3.0]]), kajo.ones(1)
    >>> sums = kajo.tensor([4.0]), kajo.tensor([2.0]), kajo.tensor([2])
    >>> kajo.batch_norm_backward_elemt(x, x, kajo.tensor([2.0]), one, None, *sums).tolist()
    [[0.0], [0.0]]
    """
    n = count.sum().to(mean.dtype)
    slope = invstd.square() * (sum_dy_xmu / n)
    centred = _wide(input) - _by_channel(mean, input)
    result = _wide(grad_out) - _by_channel(sum_dy / n, input) - centred * _by_channel(slope, input)
    factor = invstd if weight is None else invstd * weight
    return (result * _by_channel(factor, input)).to(input.dtype)
