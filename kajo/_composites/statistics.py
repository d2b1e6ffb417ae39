"""Quantiles, covariances, finite differences."""

from __future__ import annotations

import warnings
from typing import Any

from kajo import _core
from kajo._operation import Dims, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()

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
    if dim is not None and not -max(input.dim(), 1) <= dim < max(input.dim(), 1):
        raise IndexError(
            f"{name}() Dimension out of range (expected to be in range of [{-max(input.dim(), 1)}, {max(input.dim(), 1) - 1}], but got {dim})"
        )
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


@operation(method=True, out="same")
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


@operation(method=True, out="same")
def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """:func:`kajo.quantile` of the elements that are not NaN.

    >>> import kajo
    >>> kajo.nanquantile(kajo.tensor([1.0, float("nan"), 3.0]), 0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


@operation(method=True)
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

    Raises:
        RuntimeError: for more than two dimensions, truth values, or weights that do not fit.

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
    _check_weights("fweights", fweights, count, integral=True)
    _check_weights("aweights", aweights, count, integral=False)
    weights = fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        total = _core.tensor(count)
        mean = rows.sum(1, keepdim=True) / total
    else:
        total = weights.sum()
        mean = (rows * weights).sum(1, keepdim=True) / total
    if weights is not None and aweights is not None and correction:
        freedom = total - correction * (weights * aweights).sum() / total
    else:
        freedom = total - correction
    if bool(freedom <= 0):
        warnings.warn("cov(): degrees of freedom is <= 0", UserWarning, stacklevel=2)
    centred = rows - mean
    weighted = centred if weights is None else centred * weights
    result: Tensor = (weighted @ centred.t().conj()) / freedom.clamp(min=0)
    return result.squeeze()


def _check_weights(name: str, weights: Tensor | None, count: int, *, integral: bool) -> None:
    if weights is None:
        return
    if weights.dim() > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.dim()} dimensions"
        )
    floating = weights.is_floating_point() or weights.is_complex()
    if floating == integral or weights.dtype == _core.bool:
        kind = "integral" if integral else "floating point"
        raise RuntimeError(
            f"cov(): expected {name} to have {kind} dtype but got {name} with {weights.dtype} dtype"
        )
    if weights.numel() != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got {weights.numel()} != {count}"
        )
    if count and bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


@operation(method=True)
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
    c = _core.cov(input)
    if c.dim() == 0:
        return c / c
    deviation = c.diagonal().sqrt()
    ratio = c / deviation.unsqueeze(1) / deviation.unsqueeze(0)
    if not ratio.is_complex():
        return ratio.clamp(-1, 1)
    return _core.complex(ratio.real.clamp(-1, 1), ratio.imag.clamp(-1, 1))


@operation()
def gradient(
    input: Tensor, *, spacing: Any = None, dim: Dims | None = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Derivatives from samples: central differences inside, one-sided ones at the ends.

    Args:
        spacing: the distance of the samples (1 by default), one for each dimension, or vectors of
            coordinates.
        dim: the dimension or dimensions; None for all.
        edge_order: 1 or 2, the accuracy at the ends.

    Returns:
        One tensor for each dimension.

    Raises:
        RuntimeError: if a dimension is too short or named twice, or `spacing` does not fit `dim`.

    >>> import kajo
    >>> kajo.gradient(kajo.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    if edge_order not in (1, 2):
        raise RuntimeError("gradient(): only supports edge_order=1 and edge_order=2.")
    if input.dtype == _core.uint8:
        raise RuntimeError(
            "gradient(): does not support uint8 input, whose differences would wrap."
        )
    axes = _axes(input, dim)
    single = not isinstance(spacing, (list, tuple))
    steps = [1 if spacing is None else spacing] * len(axes) if single else list(spacing)
    if len(steps) != len(axes):
        raise RuntimeError(
            f"gradient(): expected spacing to be unspecified, a scalar or a list of length {len(axes)}, but got {len(steps)}"
        )
    results = []
    for axis, step in zip(axes, steps):
        if input.shape[axis] < edge_order + 1:
            raise RuntimeError(
                f"gradient(): expected each dimension size to be at least edge_order+1, but got {tuple(input.shape)}"
            )
        along = input.movedim(axis, -1)
        if isinstance(step, Tensor) and (step.dim() or not single):
            _check_coordinates(input, axis, step)
            values = _derivative_at(along, step, edge_order)
        else:
            values = _derivative(along, step, edge_order)
        results.append(values.movedim(-1, axis))
    return tuple(results)


def _axes(input: Tensor, dim: Any) -> list[int]:
    given = range(input.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
    axes: list[int] = []
    for axis in given:
        if not -input.dim() <= axis < input.dim():
            raise IndexError(
                f"gradient(): Dimension out of range (expected to be in range of [{-input.dim()}, {input.dim() - 1}], but got {axis})"
            )
        if axis % input.dim() in axes:
            raise RuntimeError(
                f"gradient(): dim {axis % input.dim()} appears multiple times in the list of dims"
            )
        axes.append(axis % input.dim())
    return axes


def _check_coordinates(input: Tensor, axis: int, places: Tensor) -> None:
    if places.device != input.device:
        raise RuntimeError(
            f"gradient(): expected each tensor to be on the same device, but got {input.device} and {places.device}"
        )
    if places.dim() != 1 or places.numel() != input.shape[axis]:
        raise RuntimeError(
            f"gradient(): expected one coordinate for each of the {input.shape[axis]} samples along dimension {axis}, but got {tuple(places.shape)}"
        )


def _derivative(x: Tensor, step: Any, edge_order: int) -> Tensor:
    if edge_order == 1:
        first = x[..., 1:2] - x[..., :1]
        last = x[..., -1:] - x[..., -2:-1]
    else:
        first = -1.5 * x[..., :1] + 2 * x[..., 1:2] - 0.5 * x[..., 2:3]
        last = 0.5 * x[..., -3:-2] - 2 * x[..., -2:-1] + 1.5 * x[..., -1:]
    inner = (x[..., 2:] - x[..., :-2]) / step / 2
    return _core.cat([first / step, inner, last / step], -1)


def _derivative_at(x: Tensor, places: Tensor, edge_order: int) -> Tensor:
    """From the parabola through three neighbours at distances h and k."""
    h, k = places.diff()[:-1], places.diff()[1:]
    inner = (
        -k / (h * (h + k)) * x[..., :-2]
        + (k - h) / (h * k) * x[..., 1:-1]
        + h / (k * (h + k)) * x[..., 2:]
    )
    if edge_order == 1:
        first = (x[..., 1:2] - x[..., :1]) / places.diff()[:1]
        last = (x[..., -1:] - x[..., -2:-1]) / places.diff()[-1:]
        return _core.cat([first, inner, last], -1)
    a, b = h[:1], k[:1]
    first = (
        -(2 * a + b) / (a * (a + b)) * x[..., :1]
        + (a + b) / (a * b) * x[..., 1:2]
        - a / (b * (a + b)) * x[..., 2:3]
    )
    a, b = h[-1:], k[-1:]
    last = (
        b / (a * (a + b)) * x[..., -3:-2]
        - (a + b) / (a * b) * x[..., -2:-1]
        + (2 * b + a) / (b * (a + b)) * x[..., -1:]
    )
    return _core.cat([first, inner, last], -1)
