"""Losses that compare values, probabilities or class scores."""

from __future__ import annotations

import warnings

import kajo
from kajo import Tensor, _core
from kajo.nn import _reduction


def _reduced(loss: Tensor, number: int) -> Tensor:
    """`loss` as it is, its mean, or its sum."""
    if number == 0:
        return loss
    return loss.mean() if number == 1 else loss.sum()


def _reduced_with_weight(loss: Tensor, weight: Tensor, number: int) -> Tensor:
    """The same for a loss with a weight for each element: the mean is the weighted one."""
    weighted = loss * weight
    if number == 0:
        return weighted
    return weighted.sum() / weight.expand_as(loss).sum() if number == 1 else weighted.sum()


def warn_about_sizes(input: Tensor, target: Tensor) -> None:
    """Warns where a loss is to broadcast its input against its target, which is rarely meant.

    >>> import warnings
    >>> import kajo
    >>> from kajo.nn._functional_loss import warn_about_sizes
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     warn_about_sizes(kajo.ones(4, 1), kajo.ones(4))
    >>> len(caught)
    1
    """
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def _check_weight(weight: Tensor, input: Tensor) -> None:
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)^2, for each pair of elements, reduced.

    Args:
        input: any shape.
        target: the same shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        weight: a weight for each element.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.mse_loss(kajo.tensor([1.0, 3.0]), kajo.tensor([1.0, 1.0]))
        tensor(2.)
    """
    warn_about_sizes(input, target)
    number = _reduction.number_of(size_average, reduce, reduction)
    if weight is None:
        return _core.mse_loss(input, target, number)
    _check_weight(weight, input)
    return _reduced_with_weight(_core.mse_loss(input, target, 0), weight, number)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|, for each pair of elements, reduced.

    Args:
        input: any shape.
        target: the same shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        weight: a weight for each element.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.l1_loss(kajo.tensor([1.0, 3.0]), kajo.tensor([1.0, 1.0]))
        tensor(1.)
    """
    warn_about_sizes(input, target)
    number = _reduction.number_of(size_average, reduce, reduction)
    if weight is None:
        return _core.l1_loss(input, target, number)
    _check_weight(weight, input)
    return _reduced_with_weight(_core.l1_loss(input, target, 0), weight, number)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """0.5 d^2 where |d| <= delta, else delta (|d| - 0.5 delta), with d = input - target, for each pair of elements, reduced.

    Args:
        input: any shape.
        target: the same shape.
        reduction: "none", "mean" or "sum".
        delta: where the square ends.
        weight: a weight for each element.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.huber_loss(kajo.tensor([1.0, 3.0]), kajo.tensor([1.0, 1.0]))
        tensor(0.7500)
    """
    warn_about_sizes(input, target)
    number = _reduction.get_enum(reduction)
    if weight is None:
        return _core.huber_loss(input, target, number, delta)
    _check_weight(weight, input)
    return _reduced_with_weight(_core.huber_loss(input, target, 0, delta), weight, number)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """0.5 d^2 / beta where |d| < beta, else |d| - 0.5 beta, with d = input - target, reduced.

    Args:
        input: any shape.
        target: the same shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        beta: where the square ends; 0 gives the absolute difference.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.smooth_l1_loss(kajo.tensor([1.0, 3.0]), kajo.tensor([1.0, 1.0]))
        tensor(0.7500)
    """
    warn_about_sizes(input, target)
    number = _reduction.number_of(size_average, reduce, reduction)
    if beta == 0.0:
        return _core.l1_loss(input, target, number)
    return _core.smooth_l1_loss(input, target, number, beta)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(target log(input) + (1 - target) log(1 - input)), logarithms not below -100, reduced.

    Args:
        input: probabilities, any shape.
        target: values in [0, 1], the same shape.
        weight: a factor for each element.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Raises:
        ValueError: if the shapes differ.
        RuntimeError: if an element of `input` is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.binary_cross_entropy(kajo.tensor([0.5]), kajo.tensor([1.0]))
        tensor(0.6931)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(kajo.broadcast_shapes(target.size(), weight.size()))
    return _core.binary_cross_entropy(input, target, weight, number)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy of sigmoid(input), computed without overflow, reduced.

    Args:
        input: logits, any shape.
        target: values in [0, 1], the same shape.
        weight: a factor for each element.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        pos_weight: a factor for the positive part, broadcast.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.binary_cross_entropy_with_logits(kajo.tensor([0.0]), kajo.tensor([1.0]))
        tensor(0.6931)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size ({input.size()})"
        )
    return _core.binary_cross_entropy_with_logits(input, target, weight, pos_weight, number)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log(target) - input): the Kullback-Leibler divergence of log-probabilities, reduced.

    Args:
        input: log-probabilities, any shape.
        target: probabilities, the same shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "sum", "batchmean" (the sum over the size of dimension 0), or "mean".
        log_target: whether `target` holds logarithms.

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> p = kajo.tensor([[0.5, 0.5]])
        >>> kajo.nn.functional.kl_div(p.log(), p, reduction="batchmean")
        tensor(0.)
    """
    warn_about_sizes(input, target)
    if size_average is None and reduce is None and reduction == "batchmean":
        total = _core.kl_div(input, target, _reduction.get_enum("sum"), log_target=log_target)
        return total / input.size(0) if input.dim() != 0 else total
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size. 'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition. 'mean' will be changed to behave the same as 'batchmean' in the next "
            "major release.",
            stacklevel=2,
        )
    number = _reduction.number_of(size_average, reduce, reduction)
    return _core.kl_div(input, target, number, log_target=log_target)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight[target] input[target]: the negative log-likelihood of the right class, reduced.

    Args:
        input: log-probabilities, (C,), (N, C) or (N, C, d1, ...).
        target: class indices, (), (N,) or (N, d1, ...).
        weight: a factor for each class, (C,); "mean" divides by the sum of those used.
        ignore_index: targets of this value do not count.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the target's shape.

    Raises:
        ValueError: if the shapes do not fit.
        IndexError: if a target is not a class.

    Example:
        >>> import kajo
        >>> scores = kajo.tensor([[-0.5, -1.0]])
        >>> kajo.nn.functional.nll_loss(scores, kajo.tensor([1]))
        tensor(1.)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if input.dim() < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {input.dim()})")
    if input.dim() != 1 and input.size(0) != target.size(0):
        raise ValueError(
            f"Expected input batch_size ({input.size(0)}) to match target batch_size "
            f"({target.size(0)})."
        )
    if input.dim() <= 2:
        return _core.nll_loss(input, target, weight, number, ignore_index)
    if input.dim() == 4:
        return _core.nll_loss2d(input, target, weight, number, ignore_index)
    expected = (input.size(0), *input.shape[2:])
    if tuple(target.shape) != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")
    flat_input = input.reshape(input.size(0), input.size(1), 1, -1)
    flat_target = target.reshape(input.size(0), 1, -1)
    loss = _core.nll_loss2d(flat_input, flat_target, weight, number, ignore_index)
    return loss.reshape(expected) if number == 0 else loss


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-weight[target] log_softmax(input)[target], reduced.

    Args:
        input: logits, (C,), (N, C) or (N, C, d1, ...).
        target: class indices, (), (N,) or (N, d1, ...); or probabilities, shaped as `input`.
        weight: a factor for each class, (C,).
        ignore_index: targets of this value do not count.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        label_smoothing: the share, in [0, 1], of the target that is spread over all classes.

    Returns:
        A scalar, or with "none" a tensor of the shape of a target of indices.

    Raises:
        RuntimeError, ValueError: if the shapes do not fit.
        IndexError: if a target is not a class.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.cross_entropy(kajo.zeros(1, 2), kajo.tensor([1]))
        tensor(0.6931)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    return _core.cross_entropy(input, target, weight, number, ignore_index, label_smoothing)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(input) - target input, the negative log-likelihood of a Poisson count, reduced.

    Args:
        input: the logarithm of the expected count, any shape.
        target: counts, the same shape.
        log_input: False: `input` is the expectation, and the loss is
            input - target log(input + eps).
        full: add Stirling's approximation of log(target!) for targets above 1.
        size_average, reduce: the older spelling of `reduction`.
        eps: keeps the logarithm finite.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.poisson_nll_loss(kajo.zeros(1), kajo.ones(1))
        tensor(1.)
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    warn_about_sizes(input, target)
    number = _reduction.number_of(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * kajo.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return _reduced(loss, number)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """0.5 (log(max(var, eps)) + (input - target)^2 / max(var, eps)), reduced.

    Args:
        input: expectations, any shape.
        target: values, the same shape.
        var: variances: the same shape, or with the last dimension 1 or missing, or a number.
        full: add 0.5 log(2 pi).
        eps: the least variance; its bound takes no part in the gradient.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Raises:
        ValueError: if a variance is negative, or shapes do not fit.

    Example:
        >>> import kajo
        >>> one = kajo.ones(2)
        >>> kajo.nn.functional.gaussian_nll_loss(one, one + 1, one)
        tensor(0.5000)
    """
    if target.dim() != input.dim():
        warn_about_sizes(input, target)
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * kajo.ones_like(input)
    elif bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif not (
            input.size()[:-1] == var.size()[:-1] and var.size(-1) == 1
        ) and not _broadcasts_over_one(input, var):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with kajo.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.9189385332046727  # log(2 pi) / 2
    return _reduced(loss, _reduction.get_enum(reduction))


def _broadcasts_over_one(input: Tensor, var: Tensor) -> bool:
    """Whether `var` differs from `input` in one dimension only, where it has size 1."""
    if input.dim() != var.dim():
        return False
    differing = [(a, b) for a, b in zip(input.size(), var.size(), strict=True) if a != b]
    return len(differing) == 1 and differing[0][1] == 1


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: object = None,
) -> Tensor:
    """Cross-entropy of input linear_weight^T + linear_bias, reduced.

    Args:
        input: (N, D) or (D,).
        linear_weight: (C, D), or (C, d1, ..., D) for logits of shape (N, C, d1, ...).
        target: as for :func:`cross_entropy`.
        linear_bias: (C,) or (C, d1, ...).
        weight: a factor for each class, (C,).
        reduction: "none", "mean" or "sum".
        ignore_index: targets of this value do not count; None for -100.
        label_smoothing: the share of the target that is spread over all classes.
        options: wishes about how to compute it.

    Returns:
        A scalar, or with "none" a tensor of the shape of a target of indices.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.linear_cross_entropy(kajo.zeros(1, 3), kajo.ones(2, 3), kajo.tensor([1]))
        tensor(0.6931)
    """
    shape = linear_weight.shape[:-1]
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}"
        )
    if weight is not None and tuple(weight.shape) != (shape[0],):
        raise RuntimeError(f"expected weight shape to be ({shape[0]},), got {tuple(weight.shape)}")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
    if len(shape) > 1 and input.dim() < 2:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires "
            f"batched input, (N, {input.size(-1)}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = _core.linear(input, linear_weight.reshape(-1, linear_weight.size(-1)), bias)
    logits = logits.reshape(*input.shape[:-1], *shape)
    index = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
