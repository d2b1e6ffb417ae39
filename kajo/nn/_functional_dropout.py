"""Dropout in its forms."""

from __future__ import annotations

import math
import warnings

import kajo
from kajo import Tensor, _core


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element set to zero with probability p, the others divided by 1 - p.

    Args:
        input: any shape.
        p: the probability.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.dropout(kajo.ones(2), training=False)
        tensor([1., 1.])
    """
    _check_probability(p)
    return (_core.dropout_ if inplace else _core.dropout)(input, p, training)


def _apply_mask(
    input: Tensor, p: float, training: bool, inplace: bool, per_channel: bool, keep_moments: bool
) -> Tensor:
    """Dropout with one draw a channel, or with values that keep mean and variance, or both."""
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        return input.mul_(0.0) if inplace else input * kajo.zeros((), dtype=input.dtype)
    shape = list(input.shape)
    if per_channel:
        if input.dim() < 2:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        shape[2:] = [1] * (input.dim() - 2)
    kept = input.new_empty(shape).bernoulli_(1 - p)
    if not keep_moments:
        kept = kept.div_(1 - p)
        return input.mul_(kept) if inplace else input * kept
    # The value that SELU goes to for large negative input takes the place of what is dropped.
    saturation = 1.7580993408473766
    scale = 1.0 / math.sqrt((saturation**2 * p + 1) * (1 - p))
    shift = (kept - 1).mul_(saturation * scale).add_(saturation * scale * p)
    kept = kept.mul_(scale)
    return input.mul_(kept).add_(shift) if inplace else input * kept + shift


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance of normalised input, for networks with SELU.

    Args:
        input: any shape.
        p: the probability that an element is replaced.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.alpha_dropout(kajo.ones(2))
        tensor([1., 1.])
    """
    _check_probability(p)
    return _apply_mask(input, p, training, inplace, False, True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """:func:`alpha_dropout` with one draw for each channel.

    Args:
        input: (N, C, ...).
        p: the probability that a channel is replaced.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.feature_alpha_dropout(kajo.ones(1, 2))
        tensor([[1., 1.]])
    """
    _check_probability(p)
    return _apply_mask(input, p, training, inplace, True, True)


def _channel_dropout(
    name: str, spatial: int, input: Tensor, p: float, training: bool, inplace: bool
) -> Tensor:
    _check_probability(p)
    batched = spatial + 2
    if input.dim() not in (batched - 1, batched):
        if name == "dropout1d":
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that "
                "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
                "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
            )
        warnings.warn(
            f"{name}: Received a {input.dim()}-D input to {name}, which is deprecated and will "
            f"result in an error in a future release. To retain the behavior and silence this "
            f"warning, please use dropout instead. Note that {name} exists to provide "
            f"channel-wise dropout on inputs with {spatial} spatial dimensions, a channel "
            f"dimension, and an optional batch dimension (i.e. {batched - 1}D or {batched}D "
            "inputs).",
            stacklevel=3,
        )
    if name == "dropout2d" and input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one without "
            "a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout "
            "behavior, please switch to using dropout1d instead.",
            stacklevel=3,
        )
    if input.dim() == batched or name == "dropout2d":
        return _apply_mask(input, p, training, inplace, True, False)
    if inplace:
        _apply_mask(input.unsqueeze(0), p, training, True, True, False)
        return input
    return _apply_mask(input.unsqueeze(0), p, training, False, True, False).squeeze(0)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        input: (N, C, L) or (C, L).
        p: the probability.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.dropout1d(kajo.ones(1, 2, 1), p=0.0).sum()
        tensor(2.)
    """
    return _channel_dropout("dropout1d", 1, input, p, training, inplace)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        input: (N, C, H, W) or (C, H, W).
        p: the probability.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.dropout2d(kajo.ones(1, 2, 1, 1), p=0.0).sum()
        tensor(2.)
    """
    return _channel_dropout("dropout2d", 2, input, p, training, inplace)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels set to zero with probability p, the others divided by 1 - p.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        p: the probability.
        training: False gives the input as it is.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Raises:
        ValueError: if p is not in [0, 1].

    Example:
        >>> import kajo
        >>> kajo.nn.functional.dropout3d(kajo.ones(1, 2, 1, 1, 1), p=0.0).sum()
        tensor(2.)
    """
    return _channel_dropout("dropout3d", 3, input, p, training, inplace)
