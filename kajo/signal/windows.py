"""Window functions of NumPy's and SciPy's kind: symmetric unless told otherwise.

>>> import kajo
>>> kajo.signal.windows.bartlett(5)
tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

from kajo import Tensor, _core
from kajo._composites.windows import cosine_sum as _cosine_sum
from kajo._composites.windows import kaiser as _kaiser_samples
from kajo._composites.windows import places as _places
from kajo._composites.windows import triangle as _triangle

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming",
    "hamming", "hann", "kaiser", "nuttall",
]  # fmt: skip

_OPTIONS = """
    Args:
        M: the number of samples.{parameters}
        sym: whether the window is symmetric, for filters; else it is periodic, for spectra: span is
            then M rather than M - 1.
        dtype, layout, device, requires_grad: of the result; float32 or float64.

    Returns:
        A vector of M samples, the largest of which is 1 or near it.

    Raises:
        ValueError: if M is negative, or an argument is out of its range.
"""
_KEYWORDS = {
    "sym": (True, "bool"),
    "dtype": (None, "Any"),
    "layout": (None, "Any"),
    "device": (None, "Any"),
    "requires_grad": (False, "bool"),
}


def _window(**parameters: str) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Gives a formula(M, span, sym, **parameters) what all windows share: options, checks, text."""

    def decorate(formula: Callable[..., Tensor]) -> Callable[..., Tensor]:
        name = formula.__name__

        @functools.wraps(formula)
        def window(
            M: int,
            *,
            sym: bool = True,
            dtype: Any = None,
            layout: Any = None,
            device: Any = None,
            requires_grad: bool = False,
            **given: Any,
        ) -> Tensor:
            kind = _core.get_default_dtype() if dtype is None else dtype
            if M < 0:
                raise ValueError(f"{name} requires non-negative window length, got M={M}")
            if layout not in (None, _core.strided):
                raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
            if kind not in (_core.float32, _core.float64):
                raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
            samples = formula(M, M - 1 if sym else M, sym, **given)
            return samples.to(device=device, dtype=kind).requires_grad_(requires_grad)

        own = [p for p in inspect.signature(formula).parameters.values() if p.name in parameters]
        shared = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for key, (default, kind) in _KEYWORDS.items()
        ]
        first = inspect.Parameter("M", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="int")
        window.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [first, *own, *shared], return_annotation="Tensor"
        )
        lines = "".join(f"\n        {key}: {text}" for key, text in parameters.items())
        summary, example = (formula.__doc__ or "").split("\n\n", 1)
        window.__doc__ = f"{summary}\n{_OPTIONS.format(parameters=lines)}\n{example}"
        return window

    return decorate


@_window()
def bartlett(M: int, span: int, sym: bool) -> Tensor:
    """The triangular window: 1 - |2 n / span - 1|.

    >>> import kajo
    >>> kajo.signal.windows.bartlett(4, sym=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _triangle(M, span)


@_window()
def blackman(M: int, span: int, sym: bool) -> Tensor:
    """The Blackman window: 0.42 - 0.5 cos(2 pi n / span) + 0.08 cos(4 pi n / span).

    >>> import kajo
    >>> kajo.signal.windows.blackman(5)[1:-1]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return _cosine_sum(M, span, (0.42, 0.5, 0.08))


@_window()
def cosine(M: int, span: int, sym: bool) -> Tensor:
    """Half a period of a sine: sin(pi (n + 1/2) / (span + 1)).

    >>> import kajo
    >>> kajo.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return ((_places(M) + 0.5) * (math.pi / max(span + 1 if M > 1 else M, 1))).sin()


def _middle(M: int, span: int) -> float:
    return (span if M > 1 else M - 1) / 2


@_window(center="where the window is largest; the middle by default.", tau="the decay.")
def exponential(
    M: int, span: int, sym: bool, *, center: float | None = None, tau: float = 1.0
) -> Tensor:
    """The exponential window: exp(-|n - center| / tau).

    >>> import kajo
    >>> kajo.signal.windows.exponential(3, tau=1.0)
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"exponential: Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("exponential: Center must be None for symmetric windows")
    return (-(_places(M) - (_middle(M, span) if center is None else center)).abs() / tau).exp()


@_window(std="the standard deviation, in samples.")
def gaussian(M: int, span: int, sym: bool, *, std: float = 1.0) -> Tensor:
    """The Gaussian window: exp(-((n - middle) / std)^2 / 2).

    >>> import kajo
    >>> kajo.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"gaussian: Standard deviation must be positive, got: {std} instead.")
    return (((_places(M) - _middle(M, span)) / std) ** 2 * -0.5).exp()


@_window(a="the weights of the cosines, whose signs alternate.")
def general_cosine(M: int, span: int, sym: bool, *, a: Iterable[float]) -> Tensor:
    """A sum of cosines: the sum over k of (-1)^k a[k] cos(2 pi k n / span).

    >>> import kajo
    >>> kajo.signal.windows.general_cosine(3, a=[0.5, 0.5])
    tensor([0., 1., 0.])
    """
    if not isinstance(a, Iterable):
        raise TypeError("general_cosine: Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("general_cosine: Coefficients cannot be empty")
    return _cosine_sum(M, span, weights)


@_window(alpha="the weight of the constant.")
def general_hamming(M: int, span: int, sym: bool, *, alpha: float = 0.54) -> Tensor:
    """A raised cosine: alpha - (1 - alpha) cos(2 pi n / span).

    >>> import kajo
    >>> kajo.signal.windows.general_hamming(3, alpha=0.75)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return _cosine_sum(M, span, (alpha, 1.0 - alpha))


@_window()
def hamming(M: int, span: int, sym: bool) -> Tensor:
    """The Hamming window: 0.54 - 0.46 cos(2 pi n / span).

    >>> import kajo
    >>> kajo.signal.windows.hamming(3)
    tensor([0.0800, 1.0000, 0.0800])
    """
    return _cosine_sum(M, span, (0.54, 0.46))


@_window()
def hann(M: int, span: int, sym: bool) -> Tensor:
    """The Hann window: 0.5 - 0.5 cos(2 pi n / span).

    >>> import kajo
    >>> kajo.signal.windows.hann(4, sym=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _cosine_sum(M, span, (0.5, 0.5))


@_window(beta="how narrow it is.")
def kaiser(M: int, span: int, sym: bool, *, beta: float = 12.0) -> Tensor:
    """The Kaiser window: I0(beta sqrt(1 - (2 n / span - 1)^2)) / I0(beta), I0 a Bessel function.

    >>> import kajo
    >>> kajo.signal.windows.kaiser(3, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    if beta < 0:
        raise ValueError(f"kaiser: beta must be non-negative, got: {beta} instead.")
    return _kaiser_samples(M, span, beta)


@_window()
def nuttall(M: int, span: int, sym: bool) -> Tensor:
    """Nuttall's minimum four-term Blackman-Harris window.

    >>> import kajo
    >>> kajo.signal.windows.nuttall(5)[1:-1]
    tensor([0.2270, 1.0000, 0.2270])
    """
    return _cosine_sum(M, span, (0.3635819, 0.4891775, 0.1365995, 0.0106411))
