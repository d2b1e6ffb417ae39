"""Window functions: their formulas, and the operations `hann_window` and its like.

A formula gives the samples of a window in float64. `span` is the number of steps in one period: a
window is symmetric where that is one less than the number of samples, and periodic where both agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


# ---- formulas --------------------------------------------------------------------------------------


def places(length: int) -> Tensor:
    """0, 1, ... in float64."""
    return _core.arange(length, dtype=_core.float64)


def cosine_sum(length: int, span: int, weights: Sequence[float]) -> Tensor:
    """The sum over k of (-1)^k weights[k] cos(2 pi k n / span); ones for a single sample."""
    if length == 1:
        return _core.ones(1, dtype=_core.float64)
    angle = places(length) * (2 * math.pi / max(span, 1))
    window = _core.zeros(length, dtype=_core.float64)
    for order, weight in enumerate(weights):
        window = window + weight * (-1) ** order * (angle * order).cos()
    return window


def triangle(length: int, span: int) -> Tensor:
    """1 - |2 n / span - 1|; ones for a single sample."""
    if length == 1:
        return _core.ones(1, dtype=_core.float64)
    return 1 - (places(length) * (2 / max(span, 1)) - 1).abs()


def kaiser(length: int, span: int, beta: float) -> Tensor:
    """I0(beta sqrt(1 - (2 n / span - 1)^2)) / I0(beta); ones for a single sample."""
    import numpy

    if length == 1:
        return _core.ones(1, dtype=_core.float64)
    place = places(length) * (2 / max(span, 1)) - 1
    radius = (1 - place * place).clamp(min=0).sqrt() * beta
    samples = numpy.i0(radius.numpy()) / numpy.i0(beta)
    return _core._from_buffer(numpy.ascontiguousarray(samples))


# ---- operations ------------------------------------------------------------------------------------


def _window(
    name: str,
    length: int,
    periodic: bool,
    formula: Callable[..., Tensor],
    parameters: tuple[Any, ...],
    options: tuple[Any, Any, Any, bool],
) -> Tensor:
    dtype, layout, device, requires_grad = options
    kind = _core.get_default_dtype() if dtype is None else dtype
    if layout is not None and layout is not _core.strided:
        raise RuntimeError(f"{name}(): is not implemented for sparse types, got {layout}")
    if kind.is_complex and length != 1:
        raise NotImplementedError(f"{name}(): not implemented for {kind}: use a real dtype")
    if not kind.is_floating_point and not kind.is_complex:
        raise RuntimeError(f"{name}(): expects floating point dtypes, got {kind}")
    if length < 0:
        raise RuntimeError(
            f"{name}(): requires non-negative window_length, got window_length={length}"
        )
    samples = formula(length, length if periodic else length - 1, *parameters)
    return samples.to(device=device, dtype=kind).requires_grad_(requires_grad)


@operation()
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hann window: half a cosine, raised: 0.5 - 0.5 cos(2 pi n / span).

    Args:
        window_length: the number of samples.
        periodic: span is window_length, so that copies continue each other; else one less, which
            makes the window symmetric.
        dtype, layout, device, pin_memory, requires_grad: of the result.

    Returns:
        A vector of window_length samples.

    Raises:
        RuntimeError: if the length is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    options = dtype, layout, device, requires_grad
    return _window("hann_window", window_length, periodic, cosine_sum, ((0.5, 0.5),), options)


@operation()
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hamming window: alpha - beta cos(2 pi n / span).

    Args:
        window_length, periodic: as for :func:`kajo.hann_window`.
        alpha, beta: the weights of the constant and of the cosine.
        dtype, layout, device, pin_memory, requires_grad: of the result.

    Returns:
        A vector of window_length samples.

    Raises:
        RuntimeError: if the length is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    options = dtype, layout, device, requires_grad
    weights = ((alpha, beta),)
    return _window("hamming_window", window_length, periodic, cosine_sum, weights, options)


@operation()
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Blackman window: 0.42 - 0.5 cos(2 pi n / span) + 0.08 cos(4 pi n / span).

    Args:
        window_length, periodic: as for :func:`kajo.hann_window`.
        dtype, layout, device, pin_memory, requires_grad: of the result.

    Returns:
        A vector of window_length samples.

    Raises:
        RuntimeError: if the length is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.blackman_window(4)[1:]
    tensor([0.3400, 1.0000, 0.3400])
    """
    options = dtype, layout, device, requires_grad
    weights = ((0.42, 0.5, 0.08),)
    return _window("blackman_window", window_length, periodic, cosine_sum, weights, options)


@operation()
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The triangular window: 1 - |2 n / span - 1|.

    Args:
        window_length, periodic: as for :func:`kajo.hann_window`.
        dtype, layout, device, pin_memory, requires_grad: of the result.

    Returns:
        A vector of window_length samples.

    Raises:
        RuntimeError: if the length is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    options = dtype, layout, device, requires_grad
    return _window("bartlett_window", window_length, periodic, triangle, (), options)


@operation()
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Kaiser window: I0(beta sqrt(1 - (2 n / span - 1)^2)) / I0(beta), I0 a Bessel function.

    Args:
        window_length, periodic: as for :func:`kajo.hann_window`.
        beta: how narrow it is.
        dtype, layout, device, pin_memory, requires_grad: of the result.

    Returns:
        A vector of window_length samples.

    Raises:
        RuntimeError: if the length is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.kaiser_window(4, beta=2.0)
    tensor([0.4387, 0.8348, 1.0000, 0.8348])
    """
    options = dtype, layout, device, requires_grad
    return _window("kaiser_window", window_length, periodic, kaiser, (beta,), options)
