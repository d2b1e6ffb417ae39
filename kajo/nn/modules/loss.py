"""Losses as modules. Each calls the function of `kajo.nn.functional` that it names."""

from __future__ import annotations

import warnings
from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules._loss_base import _Loss, _WeightedLoss
from kajo.nn.modules._margin_loss import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from kajo.nn.modules.linear_cross_entropy import LinearCrossEntropyLoss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class L1Loss(_Loss):
    """|input - target|, reduced.

    See :func:`kajo.nn.functional.l1_loss`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.L1Loss()(kajo.zeros(2), kajo.ones(2))
        tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """(input - target)^2, reduced.

    See :func:`kajo.nn.functional.mse_loss`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.MSELoss()(kajo.zeros(2), kajo.ones(2))
        tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """0.5 d^2 / beta where |d| < beta, else |d| - 0.5 beta, d = input - target, reduced.

    See :func:`kajo.nn.functional.smooth_l1_loss`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        beta: where the square ends.

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.SmoothL1Loss()(kajo.zeros(2), kajo.ones(2))
        tensor(0.5000)
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """0.5 d^2 where |d| <= delta, else delta (|d| - 0.5 delta), reduced.

    See :func:`kajo.nn.functional.huber_loss`.

    Args:
        reduction: "none", "mean" or "sum".
        delta: where the square ends.

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.HuberLoss()(kajo.zeros(2), kajo.ones(2))
        tensor(0.5000)
    """

    def __init__(
        self,
        reduction: str = "mean",
        delta: float = 1.0,
    ) -> None:
        super().__init__(None, None, reduction)
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class NLLLoss(_WeightedLoss):
    """-weight[target] input[target], for log-probabilities, reduced.

    See :func:`kajo.nn.functional.nll_loss`.

    Args:
        weight: a factor for each class.
        size_average, reduce: the older spelling of `reduction`.
        ignore_index: targets of this value do not count.
        reduction: "none", "mean" or "sum".

    Shape:
        (N, C, *) and (N, *) of indices to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.NLLLoss()(kajo.tensor([[-0.5, -1.0]]), kajo.tensor([1]))
        tensor(1.)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(_WeightedLoss):
    """-weight[target] log_softmax(input)[target], reduced.

    See :func:`kajo.nn.functional.cross_entropy`.

    Args:
        weight: a factor for each class.
        size_average, reduce: the older spelling of `reduction`.
        ignore_index: targets of this value do not count.
        reduction: "none", "mean" or "sum".
        label_smoothing: the share of the target that is spread over all classes.

    Shape:
        (N, C, *) of logits and (N, *) of indices, or (N, C, *) of probabilities, to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.CrossEntropyLoss()(kajo.zeros(1, 2), kajo.tensor([1]))
        tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class PoissonNLLLoss(_Loss):
    """exp(input) - target input, reduced.

    See :func:`kajo.nn.functional.poisson_nll_loss`.

    Args:
        log_input: whether the input is the logarithm of the expectation.
        full: add an approximation of log(target!).
        size_average, reduce: the older spelling of `reduction`.
        eps: keeps the logarithm finite.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.PoissonNLLLoss()(kajo.zeros(1), kajo.ones(1))
        tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    """0.5 (log(var) + (input - target)^2 / var), reduced.

    See :func:`kajo.nn.functional.gaussian_nll_loss`.

    Args:
        full: add 0.5 log(2 pi).
        eps: the least variance.
        reduction: "none", "mean" or "sum".

    Shape:
        (*), (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.GaussianNLLLoss()(kajo.ones(2), kajo.zeros(2), kajo.ones(2))
        tensor(0.5000)
    """

    def __init__(
        self,
        *,
        full: bool = False,
        eps: float = 1e-6,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.gaussian_nll_loss(
            input,
            target,
            var,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class KLDivLoss(_Loss):
    """target (log(target) - input), for log-probabilities, reduced.

    See :func:`kajo.nn.functional.kl_div`.

    Args:
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean", "batchmean" or "sum".
        log_target: whether the target holds logarithms.

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.KLDivLoss()(kajo.tensor([[0.5, 0.5]]).log(), kajo.tensor([[0.5, 0.5]]))
        tensor(0.)
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class BCELoss(_WeightedLoss):
    """-(target log(input) + (1 - target) log(1 - input)), reduced.

    See :func:`kajo.nn.functional.binary_cross_entropy`.

    Args:
        weight: a factor for each element.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.BCELoss()(kajo.tensor([0.5]), kajo.tensor([1.0]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class CTCLoss(_Loss):
    """-log of the probability of a label sequence, summed over its alignments, reduced.

    See :func:`kajo.nn.functional.ctc_loss`.

    Args:
        blank: the class that stands for no label.
        reduction: "none", "mean" or "sum".
        zero_infinity: count sequences that cannot be aligned as 0.

    Shape:
        (T, N, C), (N, S), (N,) and (N,) to a scalar.

    Example:
        >>> import kajo
        >>> arguments = (kajo.zeros(2, 1, 2).log_softmax(2), kajo.tensor([[1]]), kajo.tensor([2]), kajo.tensor([1]))
        >>> kajo.nn.CTCLoss()(*arguments)
        tensor(0.2877)
    """

    def __init__(
        self,
        blank: int = 0,
        reduction: str = "mean",
        zero_infinity: bool = False,
    ) -> None:
        super().__init__(None, None, reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            blank=self.blank,
            reduction=self.reduction,
            zero_infinity=self.zero_infinity,
        )


class NLLLoss2d(NLLLoss):
    """The older name of :class:`NLLLoss` for images.

    Args:
        weight, size_average, ignore_index, reduce, reduction: as there.

    Example:
        >>> import kajo, warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     loss = kajo.nn.NLLLoss2d()
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "NLLLoss2d has been deprecated. Please use NLLLoss instead as a drop-in replacement.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of sigmoid(input), computed without overflow, reduced.

    See :func:`kajo.nn.functional.binary_cross_entropy_with_logits`.

    Args:
        weight: a factor for each element.
        size_average, reduce: the older spelling of `reduction`.
        reduction: "none", "mean" or "sum".
        pos_weight: a factor for the positive part, broadcast.

    Shape:
        (*) and (*) to a scalar.

    Example:
        >>> import kajo
        >>> kajo.nn.BCEWithLogitsLoss()(kajo.zeros(1), kajo.ones(1))
        tensor(0.6931)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )
