"""Losses that ask for a margin, as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules._loss_base import _Loss, _WeightedLoss
from kajo.nn.modules.distance import PairwiseDistance


class HingeEmbeddingLoss(_Loss):
    """input where target is 1, max(0, margin - input) where it is -1, reduced.

    See :func:`kajo.nn.functional.hinge_embedding_loss`.

    Args:
        margin: how far apart unlike things are to be.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.HingeEmbeddingLoss()(kajo.tensor([0.5, 0.25]), kajo.tensor([1.0, -1.0]))
        tensor(0.6250)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """Sum over labels y and others i of max(0, 1 - (input[y] - input[i])) / C, reduced.

    See :func:`kajo.nn.functional.multilabel_margin_loss`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, C) and (N, C) of labels, then -1, to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.MultiLabelMarginLoss()(kajo.tensor([1.0, 0.5]), kajo.tensor([0, -1]))
        tensor(0.2500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target input)), reduced.

    See :func:`kajo.nn.functional.soft_margin_loss`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) of 1 or -1 to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.SoftMarginLoss()(kajo.zeros(1), kajo.ones(1))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over classes of the binary cross-entropy of sigmoid(input), reduced.

    See :func:`kajo.nn.functional.multilabel_soft_margin_loss`.

    Args:
        weight: a factor for each class.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, C) and (N, C) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.MultiLabelSoftMarginLoss()(kajo.zeros(1, 2), kajo.ones(1, 2))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.multilabel_soft_margin_loss(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
        )


class CosineEmbeddingLoss(_Loss):
    """1 - cos(x1, x2) where target is 1, max(0, cos(x1, x2) - margin) where it is -1, reduced.

    See :func:`kajo.nn.functional.cosine_embedding_loss`.

    Args:
        margin: in [-1, 1].
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, D), (N, D) and (N,) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.CosineEmbeddingLoss()(kajo.ones(1, 2), kajo.ones(1, 2), -kajo.ones(1))
        tensor(1.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.cosine_embedding_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
        )


class MarginRankingLoss(_Loss):
    """max(0, -target (input1 - input2) + margin), reduced.

    See :func:`kajo.nn.functional.margin_ranking_loss`.

    Args:
        margin: by how much the larger is to lead.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N,), (N,) and (N,) of 1 or -1 to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.MarginRankingLoss()(kajo.ones(1), kajo.ones(1) + 2, kajo.ones(1))
        tensor(2.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.margin_ranking_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
        )


class TripletMarginLoss(_Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm distance, reduced.

    See :func:`kajo.nn.functional.triplet_margin_loss`.

    Args:
        margin: by how much the negative is to be farther.
        p: of the norm.
        eps: added to each difference.
        swap: use d(positive, negative) where it is less.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, D) three times to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.TripletMarginLoss()(kajo.zeros(1, 2), kajo.zeros(1, 2), kajo.zeros(1, 2))
        tensor(1.)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class MultiMarginLoss(_WeightedLoss):
    """Sum over i != y of max(0, w[y] (margin - input[y] + input[i]))^p / C, reduced.

    See :func:`kajo.nn.functional.multi_margin_loss`.

    Args:
        p: 1 or 2.
        margin: by how much the right class is to lead.
        weight: a factor for each class.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, C) and (N,) of indices to a scalar.

    Raises:
        ValueError: if p is neither 1 nor 2, or the weight not one-dimensional.

    Example:
        >>> import kajo
        >>> kajo.nn.MultiMarginLoss()(kajo.tensor([[1.0, 0.5]]), kajo.tensor([0]))
        tensor(0.2500)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p != 1 and p != 2:
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D "
                "instead"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with any distance d, reduced.

    See :func:`kajo.nn.functional.triplet_margin_with_distance_loss`.

    Args:
        distance_function: d; default the Euclidean distance.
        margin: by how much the negative is to be farther.
        swap: use d(positive, negative) where it is less.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, *) three times to a scalar.

    Raises:
        ValueError: if the margin is not positive.

    Example:
        >>> import kajo
        >>> x = kajo.zeros(1, 2)
        >>> kajo.nn.TripletMarginWithDistanceLoss()(x, x, x)
        tensor(1.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


for _class in (
    HingeEmbeddingLoss,
    MultiLabelMarginLoss,
    SoftMarginLoss,
    MultiLabelSoftMarginLoss,
    CosineEmbeddingLoss,
    MarginRankingLoss,
    TripletMarginLoss,
    MultiMarginLoss,
    TripletMarginWithDistanceLoss,
):
    _class.__module__ = "kajo.nn.modules.loss"
