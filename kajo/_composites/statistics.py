"""Quantiles, covariances, finite differences."""

from __future__ import annotations

from typing import Any

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["corrcoef", "cov", "gradient", "nanquantile", "quantile"]
METHODS = ("corrcoef", "cov", "nanquantile", "quantile")

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    name: str,
    input: Tensor,
    q: Any,
    dim: int | None,
    keepdim: bool,
    interpolation: str,
    skip_nan: bool,
) -> Tensor:
    if input.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input.dtype not in (_core.float32, _core.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        q = _core.tensor(float(q), dtype=input.dtype)
    if q.dim() > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q.dtype != input.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if bool(((q < 0) | (q > 1)).any()):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    flat = input.flatten() if dim is None else input
    axis = 0 if dim is None else dim
    if flat.dim() == 0:
        flat, axis = flat.reshape(1), 0
    ordered = flat.movedim(axis, -1)
    ordered = ordered.sort(-1)[0]
    missing = ordered.isnan()
    count = ordered.shape[-1] - missing.sum(-1, keepdim=True) if skip_nan else ordered.shape[-1]
    last = (count - 1).clamp(min=0).to(q.dtype) if isinstance(count, Tensor) else count - 1
    ranks = q.reshape(-1) * last
    if not isinstance(last, Tensor):
        ranks = ranks.expand([*ordered.shape[:-1], ranks.shape[-1]])
    if not skip_nan:
        ranks = ranks.masked_fill(missing.any(-1, keepdim=True), ordered.shape[-1] - 1)
    values = _interpolated(ordered, ranks, interpolation)
    result = values.movedim(-1, 0)
    if keepdim:
        shape = (
            [1] * input.dim()
            if dim is None
            else [1 if i == axis % input.dim() else n for i, n in enumerate(input.shape)]
        )
        result = result.reshape([q.numel(), *shape])
    return result if q.dim() else result.squeeze(0)


def _interpolated(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    if interpolation == "lower":
        ranks = ranks.floor()
    elif interpolation == "higher":
        ranks = ranks.ceil()
    elif interpolation == "nearest":
        ranks = ranks.round()
    below = ranks.to(_core.int64)
    low = ordered.gather(-1, below)
    if interpolation not in ("linear", "midpoint"):
        return low
    high = ordered.gather(-1, ranks.ceil().to(_core.int64))
    weight = _core.full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - below
    return _core.lerp(low, high, weight)


def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The values below which given fractions of the elements lie; nan where an element is nan.

    Args:
        q: a fraction in [0, 1], or a vector of them, which becomes the first dimension.
        dim: along which dimension; None for all elements.
        interpolation: "linear", "lower", "higher", "midpoint" or "nearest".

    Raises:
        RuntimeError: for an empty tensor, another dtype than float32 and float64, or wrong fractions.

    >>> import kajo
    >>> kajo.quantile(kajo.tensor([3.0, 1.0, 2.0]), 0.25)
    tensor(1.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """:func:`kajo.quantile` of the elements that are not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariances of the rows, whose columns are observations.

    Args:
        input: (variables, observations), or one variable.
        correction: subtracted from the number of observations.
        fweights: how often each observation occurred; integers.
        aweights: the importance of each observation.

    >>> import kajo
    >>> kajo.cov(kajo.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype == _core.bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input.reshape(1, -1) if input.dim() < 2 else input
    count = rows.shape[1]
    weights = None
    if fweights is not None:
        if fweights.is_floating_point() or fweights.is_complex():
            raise RuntimeError(
                f"cov(): expected fweights to have integral dtype but got fweights with {fweights.dtype} dtype"
            )
        weights = fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        total: Any = count
        mean = rows.sum(1, keepdim=True) / total
    else:
        if weights.numel() != count:
            raise RuntimeError(
                f"cov(): expected weights to have the same numel as there are observations in the input but got {weights.numel()} != {count}"
            )
        total = weights.sum()
        mean = (rows * weights).sum(1, keepdim=True) / total
    if weights is not None and aweights is not None and correction:
        factor = total - correction * (weights * aweights).sum() / total
    else:
        factor = total - correction
    centred = rows - mean
    weighted = centred if weights is None else centred * weights
    scale = factor.clamp(min=0) if isinstance(factor, Tensor) else max(factor, 0)
    result: Tensor = (weighted @ centred.t().conj()) / scale
    return result.squeeze() if input.dim() < 2 else result


def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the rows, whose columns are observations.

    >>> import kajo
    >>> kajo.corrcoef(kajo.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    c = cov(input)
    if c.dim() == 0:
        return c / c
    deviation = c.diagonal().sqrt()
    ratio = c / deviation.unsqueeze(1) / deviation.unsqueeze(0)
    return ratio if ratio.is_complex() else ratio.clamp(-1, 1)


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Derivatives from samples: central differences inside, one-sided ones at the ends.

    Args:
        spacing: the distance of the samples, one for each dimension, or vectors of coordinates.
        dim: the dimension or dimensions; None for all.
        edge_order: 1 or 2, the accuracy at the ends.

    Returns:
        One tensor for each dimension.

    >>> import kajo
    >>> kajo.gradient(kajo.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    axes = list(range(input.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    axes = [a % input.dim() for a in axes]
    if edge_order not in (1, 2):
        raise RuntimeError("gradient only supports edge_order=1 and edge_order=2.")
    spacings = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(axes)
    if len(spacings) != len(axes):
        raise RuntimeError(
            f"gradient expected spacing to be unspecified, a scalar or a list of length {len(axes)}, but got {len(spacings)}"
        )
    results = []
    for axis, step in zip(axes, spacings):
        n = input.shape[axis]
        if n < edge_order + 1:
            raise RuntimeError("gradient expected each dimension size to be at least edge_order+1")
        x = input.movedim(axis, -1)
        places = (
            step
            if isinstance(step, Tensor) and step.dim()
            else _core.arange(n, dtype=x.dtype if x.is_floating_point() else None) * step
        )
        results.append(_derivative(x, places, edge_order).movedim(-1, axis))
    return tuple(results)


def _derivative(x: Tensor, places: Tensor, edge_order: int) -> Tensor:
    h = places[1:] - places[:-1]
    slopes = (x[..., 1:] - x[..., :-1]) / h
    before, after = h[:-1], h[1:]
    inner = (slopes[..., :-1] * after + slopes[..., 1:] * before) / (before + after)
    first, last = slopes[..., :1], slopes[..., -1:]
    if edge_order == 2:
        first = first + (first - slopes[..., 1:2]) * h[0] / (h[0] + h[1])
        last = last + (last - slopes[..., -2:-1]) * h[-1] / (h[-1] + h[-2])
    return _core.cat([first, inner, last], -1)
