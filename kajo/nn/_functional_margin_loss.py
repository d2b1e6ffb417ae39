"""Losses of margins, similarities and several labels."""

from __future__ import annotations

from collections.abc import Callable

import kajo
from kajo import Tensor
from kajo.nn import _reduction
from kajo.nn._functional_activation import logsigmoid
from kajo.nn._functional_distance import pairwise_distance
from kajo.nn._functional_loss import _reduced, warn_about_sizes


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target input)), reduced.

    Args:
        input: any shape.
        target: 1 or -1, the same shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.soft_margin_loss(kajo.zeros(1), kajo.ones(1))
        tensor(0.6931)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    shape = kajo.broadcast_shapes(input.shape, target.shape)
    if shape != target.shape:
        raise RuntimeError(
            f"soft_margin_loss(): output with shape {list(target.shape)} doesn't match the broadcast "
            f"shape {list(shape)}: give input and target the same shape"
        )
    return _reduced(kajo.log1p(kajo.exp(-target * input)), number)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target (input1 - input2) + margin), reduced.

    Args:
        input1, input2: of one shape.
        target: 1 where input1 is to be larger, else -1; the same shape.
        margin: by how much.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the inputs' shape.

    Raises:
        RuntimeError: if the three do not have the same number of dimensions.

    Example:
        >>> import kajo
        >>> one = kajo.ones(1)
        >>> kajo.nn.functional.margin_ranking_loss(one, one + 2, one)
        tensor(2.)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduced((-target * (input1 - input2) + margin).clamp_min(0), number)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1, reduced.

    Args:
        input: distances, any shape.
        target: 1 or -1, the same shape.
        margin: how far apart unlike things are to be.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the input's shape.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.hinge_embedding_loss(kajo.tensor([0.5, 0.25]), kajo.tensor([1.0, -1.0]))
        tensor(0.6250)
    """
    warn_about_sizes(input, target)
    number = _reduction.number_of(size_average, reduce, reduction)
    zero = kajo.zeros_like(input)
    unlike = kajo.where(target != 1, (margin - input).clamp_min(0), zero)
    return _reduced(unlike + kajo.where(target != -1, input, zero), number)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x1, x2) where target is 1, max(0, cos(x1, x2) - margin) where it is -1, reduced.

    Args:
        input1, input2: (N, D) or (D,).
        target: (N,) or ().
        margin: in [-1, 1].
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of the target's shape.

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> x = kajo.ones(1, 2)
        >>> kajo.nn.functional.cosine_embedding_loss(x, x, -kajo.ones(1))
        tensor(1.)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if target.dim() not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    expected = target.dim() + 1
    if not (input1.dim() == input2.dim() == expected):
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {expected}D input tensors, but found inputs "
            f"with sizes {list(input1.size())} and {list(input2.size())}."
        )
    tiny = 1e-12
    product = (input1 * input2).sum(-1)
    lengths = (((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)).sqrt()
    cosine = product / lengths
    zero = kajo.zeros_like(cosine)
    like = kajo.where(target == 1, 1 - cosine, zero)
    unlike = kajo.where(target == -1, (cosine - margin).clamp_min(0), zero)
    return _reduced(like + unlike, number)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum over labels y and non-labels i of max(0, 1 - (input[y] - input[i])) / C, reduced.

    Args:
        input: scores, (N, C) or (C,).
        target: the labels of each sample, then -1, then anything; the input's shape.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" one value a sample.

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.multilabel_margin_loss(kajo.tensor([1.0, 0.5]), kajo.tensor([0, -1]))
        tensor(0.2500)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    valid = input.dim() in (0, 1) or (input.dim() == 2 and input.size(1) != 0)
    if not valid:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.size())}"
        )
    if target.size() != input.size():
        raise RuntimeError(
            f"inconsistent target size: {list(target.size())} for input of size: "
            f"{list(input.size())}"
        )
    scores = input.reshape(-1, input.size(-1) if input.dim() else 1)
    labels = target.reshape(scores.size())
    if labels.numel() and (int(labels.min()) < -1 or int(labels.max()) >= scores.size(1)):
        raise RuntimeError("multilabel_margin_loss: target out of range")
    used = (labels < 0).cumsum(1) == 0
    index = labels.clamp_min(0)
    is_label = kajo.zeros_like(scores).scatter_add(1, index, used.to(scores.dtype)) > 0
    gap = 1 - scores.gather(1, index).unsqueeze(2) + scores.unsqueeze(1)
    counted = used.unsqueeze(2) & ~is_label.unsqueeze(1)
    loss = kajo.where(counted, gap.clamp_min(0), kajo.zeros_like(gap)).sum((1, 2))
    loss = loss / scores.size(1)
    return _reduced(loss if input.dim() == 2 else loss.squeeze(0), number)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of the binary cross-entropy of sigmoid(input), reduced.

    Args:
        input: scores, (..., C).
        target: 0 or 1, the same shape.
        weight: a factor for each class.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" a tensor of shape (...).

    Example:
        >>> import kajo
        >>> kajo.nn.functional.multilabel_soft_margin_loss(kajo.zeros(1, 2), kajo.ones(1, 2))
        tensor(0.6931)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return _reduced(loss.sum(input.dim() - 1) / input.size(input.dim() - 1), number)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum over i != y of max(0, w[y] (margin - input[y] + input[i]))^p / C, reduced.

    Args:
        input: scores, (N, C) or (C,).
        target: the class y of each sample, (N,) or ().
        p: 1 or 2.
        margin: by how much the right class is to lead.
        weight: a factor for each class, (C,).
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" one value a sample.

    Raises:
        ValueError: if p is neither 1 nor 2.
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import kajo
        >>> F = kajo.nn.functional
        >>> F.multi_margin_loss(kajo.tensor([[1.0, 0.5]]), kajo.tensor([0]))
        tensor(0.2500)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if p != 1 and p != 2:
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    if not (input.dim() in (0, 1) or (input.dim() == 2 and input.size(1) != 0)):
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.size())}"
        )
    scores = input.reshape(-1, input.size(-1) if input.dim() else 1)
    labels = target.reshape(-1)
    if target.dim() > 1 or labels.numel() != scores.size(0):
        raise RuntimeError(
            f"inconsistent target size, expected {scores.size(0)} but got {list(target.size())}"
        )
    if weight is not None and weight.numel() != scores.size(1):
        raise RuntimeError(
            f"inconsistent weight size, expected {scores.size(1)} but got {list(weight.size())}"
        )
    if labels.numel() and (int(labels.min()) < 0 or int(labels.max()) >= scores.size(1)):
        raise RuntimeError("multi_margin_loss: target out of range")
    column = labels.unsqueeze(1)
    gap = (margin - scores.gather(1, column) + scores).clamp_min(0)
    gap = gap if p == 1 else gap * gap
    if weight is not None:
        gap = gap * weight[labels].unsqueeze(1)
    loss = gap.scatter(1, column, 0.0).sum(1) / scores.size(1)
    return _reduced(loss if target.dim() else loss.squeeze(0), number)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm distance, reduced.

    Args:
        anchor, positive, negative: (N, D) or (D,).
        margin: by how much the negative is to be farther; above 0.
        p: of the norm.
        eps: added to each difference.
        swap: use d(positive, negative) where it is less than d(anchor, negative).
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" (N,).

    Raises:
        ValueError: if the margin is not positive.
        RuntimeError: if the numbers of dimensions differ.

    Example:
        >>> import kajo
        >>> a = kajo.zeros(1, 2)
        >>> kajo.nn.functional.triplet_margin_loss(a, a, a)
        tensor(1.)
    """
    number = _reduction.number_of(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and "
            f"negative {negative.dim()}D inputs"
        )
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = kajo.minimum(far, pairwise_distance(positive, negative, p, eps))
    return _reduced((margin + near - far).clamp_min(0), number)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with any distance d, reduced.

    Args:
        anchor, positive, negative: of one shape.
        distance_function: d; default the Euclidean distance.
        margin: by how much the negative is to be farther; above 0.
        swap: use d(positive, negative) where it is less than d(anchor, negative).
        reduction: "none", "mean" or "sum".

    Returns:
        A scalar, or with "none" what the distance gives.

    Raises:
        ValueError: if the margin is not positive, or the numbers of dimensions differ.

    Example:
        >>> import kajo
        >>> a = kajo.zeros(1, 2)
        >>> kajo.nn.functional.triplet_margin_with_distance_loss(a, a, a)
        tensor(1.)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and "
            f"negative {negative.ndim}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = kajo.minimum(far, distance(positive, negative))
    return _reduced((margin + near - far).clamp_min(0), _reduction.get_enum(reduction))


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of a label sequence, summed over its alignments, reduced.

    Args:
        log_probs: log-probabilities, (T, N, C) or (T, C).
        targets: labels without blanks, (N, S), or all sequences joined, (sum of lengths,).
        input_lengths: (N,) or (), each at most T.
        target_lengths: (N,) or ().
        blank: the class that stands for no label.
        reduction: "none", "sum", or "mean", which divides by the target lengths first.
        zero_infinity: count sequences that cannot be aligned as 0.

    Returns:
        A scalar, or with "none" (N,).

    Example:
        >>> import kajo
        >>> scores = kajo.zeros(2, 1, 2).log_softmax(2)
        >>> labels, lengths = kajo.tensor([[1]]), (kajo.tensor([2]), kajo.tensor([1]))
        >>> kajo.nn.functional.ctc_loss(scores, labels, *lengths)
        tensor(0.2877)
    """
    number = _reduction.get_enum(reduction)
    return kajo.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, number, zero_infinity
    )
