"""Functions of kajo that are functions of `kajo.nn.functional` with numbers for words."""

from __future__ import annotations

from collections.abc import Sequence

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn._functional_embedding import bag_numbers, shorten_rows

_REDUCTIONS = ("none", "mean", "sum")
_MODES = ("sum", "mean", "max")


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


def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Shorten the rows of a table that `indices` names to a norm of at most `max_norm`, in place.

    Args:
        input: the table, (V, D).
        indices: row numbers, int32 or int64.
        max_norm: the longest that a row may be.
        norm_type: of the norm.

    Returns:
        The table.

    Raises:
        RuntimeError: if the indices are no integers.
        IndexError: if a number is not a row.

    >>> import kajo
    >>> kajo.embedding_renorm_(kajo.tensor([[3.0, 4.0], [3.0, 4.0]]), kajo.tensor([1]), 1.0, 2.0)
    tensor([[3.0000, 4.0000],
            [0.6000, 0.8000]])
    """
    _check_indices("embedding_renorm_", indices)
    shorten_rows(input, indices, max_norm, norm_type)
    return input


def _check_indices(name: str, indices: Tensor) -> None:
    if indices.dtype not in (kajo.int64, kajo.int32):
        raise RuntimeError(
            f"{name}(): expected argument 'indices' of dtype int64 or int32, got {indices.dtype}"
        )


def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """:func:`kajo.nn.functional.embedding_bag` with what its gradient needs; 0: sum, 1: mean, 2: max.

    Args:
        weight: (V, D).
        indices: row numbers of all bags, (N,).
        offsets: where each bag begins, (B,).
        scale_grad_by_freq, sparse, per_sample_weights, include_last_offset, padding_idx: as there.
        mode: 0, 1 or 2.

    Returns:
        (the bags, (B, D); the bag of each index, empty where a sum has no use for it; how many indices
        count in each bag, 0 for sums; for a maximum the index of each element, else as before).

    Raises:
        RuntimeError: if shapes, dtypes, offsets or indices do not fit.

    >>> import kajo
    >>> kajo.embedding_bag(kajo.eye(2), kajo.tensor([0, 1, 1]), kajo.tensor([0, 2]), mode=1)[0]
    tensor([[0.5000, 0.5000],
            [0.0000, 1.0000]])
    """
    name = "embedding_bag"
    _check_indices(name, indices)
    _check_indices(name, offsets)
    if mode not in (0, 1, 2):
        raise RuntimeError(f"{name}(): `mode` must be 0 (sum), 1 (mean) or 2 (max), got {mode}")
    if indices.dim() != 1 or offsets.dim() != 1 or weight.dim() != 2:
        raise RuntimeError(
            f"{name}(): expected a matrix and two vectors, got shapes {tuple(weight.shape)}, "
            f"{tuple(indices.shape)} and {tuple(offsets.shape)}"
        )
    if per_sample_weights is not None and mode != 0:
        raise RuntimeError(f"{name}(): per_sample_weights only supported with mode='sum'")
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < weight.shape[0]:
        raise RuntimeError(
            f"{name}(): indices must be in [0, {weight.shape[0]}), got values from "
            f"{int(indices.min())} to {int(indices.max())}"
        )
    if padding_idx is not None and not -weight.shape[0] <= padding_idx < weight.shape[0]:
        raise RuntimeError(f"{name}(): padding_idx must be within the number of rows")
    options = (scale_grad_by_freq, _MODES[mode], sparse, per_sample_weights, include_last_offset)
    try:
        bags = F.embedding_bag(indices, weight, offsets, None, 2.0, *options, padding_idx)
    except ValueError as error:
        raise RuntimeError(f"{name}(): {error}") from None
    return bags, *_bag_statistics(
        weight.detach(), indices, offsets, mode, per_sample_weights is not None,
        include_last_offset, padding_idx,
    )  # fmt: skip


def _bag_statistics(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    mode: int,
    weighted: bool,
    include_last_offset: bool,
    padding_idx: int | None,
) -> tuple[Tensor, Tensor, Tensor]:
    bag, count = bag_numbers(indices, offsets, include_last_offset)
    bag = bag.to(indices.dtype)
    if mode == 0:
        none = indices.new_zeros(count)
        narrow = weight.dtype in (kajo.float32, kajo.float16, kajo.bfloat16)
        unused = narrow and padding_idx is None
        return (indices.new_empty(0) if unused else bag), none, none.clone()
    counted = kajo.ones_like(indices, dtype=kajo.bool)
    if padding_idx is not None:
        counted = indices != padding_idx % weight.shape[0]
    sizes = kajo.bincount(bag[counted].long(), minlength=count).to(indices.dtype)
    if mode == 1:
        return bag, sizes, sizes.clone()
    largest = indices.new_zeros((count, weight.shape[1]))
    for number in range(count):
        members = indices[(bag == number) & counted]
        if members.numel():
            largest[number] = members[weight[members].argmax(0)]
    return bag, sizes, largest
