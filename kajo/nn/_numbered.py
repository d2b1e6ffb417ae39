"""Functions of kajo that are functions of `kajo.nn.functional` with numbers for words."""

from __future__ import annotations

from collections.abc import Sequence

from kajo import Tensor
from kajo.nn import functional as F

_REDUCTIONS = ("none", "mean", "sum")


def _word(reduction: int) -> str:
    if reduction not in (0, 1, 2):
        raise ValueError(f"{reduction} is not a valid value for reduction: use 0, 1 or 2")
    return _REDUCTIONS[reduction]


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """:func:`kajo.nn.functional.margin_ranking_loss`; reduction 0: none, 1: mean, 2: sum.

    >>> import kajo
    >>> kajo.margin_ranking_loss(kajo.ones(2), kajo.zeros(2), kajo.tensor([1.0, -1.0]), reduction=1)
    tensor(0.5000)
    """
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_word(reduction))


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """:func:`kajo.nn.functional.cosine_embedding_loss`; reduction 0: none, 1: mean, 2: sum."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_word(reduction))


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """:func:`kajo.nn.functional.poisson_nll_loss`; reduction 0: none, 1: mean, 2: sum."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_word(reduction))


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """:func:`kajo.nn.functional.triplet_margin_loss`; reduction 0: none, 1: mean, 2: sum."""
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_word(reduction)
    )


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """:func:`kajo.nn.functional.instance_norm` with the parameters before the statistics.

    >>> import kajo
    >>> x = kajo.tensor([[[1.0, 3.0]]])
    >>> kajo.instance_norm(x, None, None, None, None, True, 0.1, 0.0, False)
    tensor([[[-1.,  1.]]])
    """
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """:func:`kajo.nn.functional.affine_grid`."""
    return F.affine_grid(theta, list(size), align_corners)
