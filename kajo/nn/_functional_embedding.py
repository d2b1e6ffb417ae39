"""Looking up rows of a table."""

from __future__ import annotations

import warnings
from typing import Any

import kajo
from kajo import Tensor, _core

one_hot = _core.one_hot


def shorten_rows(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows that `input` names, in place, so that their norms are at most `max_norm`."""
    with kajo.no_grad():
        used = input.reshape(-1).unique()
        rows = weight.index_select(0, used)
        length = rows.norm(norm_type, 1, keepdim=True)
        factor = kajo.where(length > max_norm, max_norm / (length + 1e-7), kajo.ones_like(length))
        weight.index_copy_(0, used, rows * factor)


def _row_number(padding_idx: int | None, weight: Tensor) -> int:
    """`padding_idx` counted from the start, -1 for none."""
    if padding_idx is None:
        return -1
    rows = weight.size(0)
    if not -rows <= padding_idx < rows:
        raise AssertionError("padding_idx must be within num_embeddings")
    return padding_idx % rows


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that `input` names.

    Args:
        input: row numbers, any shape, int32 or int64.
        weight: (V, D).
        padding_idx: a row that gets no gradient.
        max_norm: rows that are longer are shortened to it, in place.
        norm_type: of the norm.
        scale_grad_by_freq: divide each row's gradient by how often it was used.
        sparse: ask for a sparse gradient.

    Returns:
        A tensor of shape (*, D).

    Raises:
        IndexError: if a number is not a row.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.embedding(kajo.tensor([1, 0]), kajo.eye(2))
        tensor([[0., 1.],
                [1., 0.]])
    """
    row = _row_number(padding_idx, weight)
    if max_norm is not None:
        input = input.contiguous()
        shorten_rows(weight, input, max_norm, norm_type)
    if sparse and weight.requires_grad:
        from kajo.sparse._gradients import SparseEmbedding

        if scale_grad_by_freq:
            raise RuntimeError(
                "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
            )
        return SparseEmbedding.apply(weight, input, row)
    return _core.embedding(weight, input, row, scale_grad_by_freq)


_INTEGERS = (kajo.int32, kajo.int64)


def _check_bags(input: Tensor, offsets: Tensor | None, per_sample_weights: Tensor | None) -> None:
    if per_sample_weights is not None and input.size() != per_sample_weights.size():
        raise ValueError(
            "embedding_bag: If per_sample_weights "
            f"({per_sample_weights.shape}) is not None, then it must have the same shape as the "
            f"input ({input.shape})"
        )
    if input.dim() == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
            f"of fixed length sequences. However, found offsets of type {type(offsets)}"
        )
    if input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
        if offsets.dtype not in _INTEGERS:
            raise RuntimeError(
                f"embedding_bag(): offsets must be of type int32 or int64, but got {offsets.dtype}"
            )
        if offsets.numel() and int(offsets[0]) != 0:
            raise RuntimeError(
                "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start "
                f"from position 0. However, got {int(offsets[0])}"
            )
        if offsets.numel() and int(offsets[-1]) > input.size(0):
            raise RuntimeError(
                "offsets[-1] can not be greater than input's length "
                f"{input.size(0)} but got offsets[-1] of {int(offsets[-1])}"
            )
        if (offsets.diff() < 0).any():
            raise RuntimeError(
                f"embedding_bag(): offsets must not decrease, but got {offsets.tolist()}"
            )
    if input.dim() not in (1, 2):
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )


def _check_rows(weight: Tensor, per_sample_weights: Tensor | None, padding_idx: int | None) -> None:
    if weight.dim() != 2:
        raise ValueError(
            f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}"
        )
    if per_sample_weights is not None and per_sample_weights.dtype != weight.dtype:
        raise RuntimeError(
            f"embedding_bag(): per_sample_weights must have the type of weight, {weight.dtype}, but "
            f"got {per_sample_weights.dtype}"
        )
    rows = weight.size(0)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but "
            f"got {padding_idx}"
        )


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of rows of `weight`, one for each bag of row numbers.

    Args:
        input: (B, S): B bags; or (N,): all bags joined.
        weight: (V, D).
        offsets: for (N,): where each bag begins, (B,).
        max_norm, norm_type, scale_grad_by_freq, sparse: as for :func:`embedding`.
        mode: "sum", "mean" or "max".
        per_sample_weights: a factor for each number, for "sum" only.
        include_last_offset: whether `offsets` ends with where the last bag ends.
        padding_idx: a row that does not count.

    Returns:
        (B, D); an empty bag gives 0.

    Raises:
        ValueError: if the shapes do not fit, or the mode is unknown.
        RuntimeError: for a number or an offset that is out of range, or dtypes that do not fit.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.embedding_bag(kajo.tensor([[0, 1]]), kajo.eye(2), mode="sum")
        tensor([[1., 1.]])
    """
    if weight.dtype == kajo.long and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag("
            "weight, input, ...)` is deprecated, and should now be `embedding_bag(input, weight, "
            "...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    _check_bags(input, offsets, per_sample_weights)
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and (scale_grad_by_freq or sparse):
        option = "scaling the gradient by the frequency" if scale_grad_by_freq else "sparse weights"
        raise ValueError(f"max mode does not support {option}")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only "
            f"supported for mode='sum' (got mode='{mode}'). Please open a feature request on "
            "GitHub."
        )
    _check_rows(weight, per_sample_weights, padding_idx)
    if (
        mode != "max"
        and padding_idx is None
        and max_norm is None
        and not (scale_grad_by_freq or sparse)
        and weight.dtype in (kajo.float32, kajo.float64)
        and all(type(t) in (Tensor, kajo.nn.Parameter) for t in (input, weight))
    ):
        return _summed_bags(input, weight, offsets, mode, per_sample_weights, include_last_offset)
    if input.dim() == 2:
        bags, length = input.shape
        bag = kajo.arange(bags, device=input.device).repeat_interleave(length)
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    else:
        assert offsets is not None
        if include_last_offset:
            end = int(offsets[-1])
            input = input[:end]
            per_sample_weights = None if per_sample_weights is None else per_sample_weights[:end]
        bag, bags = bag_numbers(input, offsets, include_last_offset)
        if bags == 0:
            return weight.new_zeros((0, weight.size(1)))
    try:
        rows = embedding(
            input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
        )
    except IndexError as error:
        raise RuntimeError(f"embedding_bag(): {error}") from None
    if padding_idx is not None:
        counted = input != _row_number(padding_idx, weight)
        rows, bag = rows[counted], bag[counted]
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights[counted]
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(1)
    return _reduce_bags(rows, bag, bags, mode)


def _summed_bags(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None,
    mode: str,
    per_sample_weights: Tensor | None,
    include_last_offset: bool,
) -> Tensor:
    """Sums or means of bags without a copy of their rows."""
    if offsets is None:
        bags, length = input.shape
        starts = kajo.arange(bags + 1, device=input.device) * length
        count: Any = max(length, 1)
    else:
        starts = offsets
        if not include_last_offset:
            starts = kajo.cat([offsets, offsets.new_full((1,), input.numel())])
        count = starts.diff().clamp_min(1).unsqueeze(1).to(weight.dtype)
    if per_sample_weights is not None:
        per_sample_weights = per_sample_weights.reshape(-1)
    try:
        result = _core.sum_rows(weight, input.reshape(-1), starts, per_sample_weights)
    except IndexError as error:
        raise RuntimeError(f"embedding_bag(): {error}") from None
    return result / count if mode == "mean" else result


def bag_numbers(input: Tensor, offsets: Tensor, include_last_offset: bool) -> tuple[Tensor, int]:
    """The bag of each of the joined row numbers, and how many bags there are."""
    starts = offsets[:-1] if include_last_offset else offsets
    places = kajo.arange(input.numel(), device=input.device)
    return kajo.searchsorted(starts.long(), places, right=True) - 1, starts.numel()


def _reduce_bags(rows: Tensor, bag: Tensor, bags: int, mode: str) -> Tensor:
    result = rows.new_zeros((bags, rows.size(1)))
    if mode == "max":
        index = bag.unsqueeze(1).expand_as(rows)
        return result.scatter_reduce(0, index, rows, "amax", include_self=False)
    result = result.index_add(0, bag, rows)
    if mode == "mean":
        count = kajo.bincount(bag, minlength=bags).clamp_min(1)
        result = result / count.unsqueeze(1).to(rows.dtype)
    return result
