"""Discrete Fourier transforms.

Every transform takes `norm`: "backward" (the default) divides the inverse by the number of points,
"forward" the forward one, "ortho" both by its square root. Names ending in 2 or n transform
several dimensions.

>>> import kajo
>>> kajo.fft.fft(kajo.tensor([1.0, 0.0, 0.0, 0.0]))
tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor, _core
from kajo._overriding import make_overridable
from kajo.autograd.function import Function

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn",
    "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq",
    "rfftn",
]  # fmt: skip

_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _raw(name: str, input: Tensor, n: int, dim: int, norm: str) -> Tensor:
    """NumPy's transform of the values."""
    import numpy

    array = getattr(numpy.fft, name)(input.detach().numpy(), n, dim, norm)
    return kajo.from_numpy(numpy.ascontiguousarray(array))


class _Complex(Function):
    """fft and ifft; each is the other's transpose, up to the norm."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, name: str, dim: int, norm: str) -> Tensor:
        ctx.options = name, dim, norm
        return _raw(name, input, input.shape[dim], dim, norm)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        name, dim, norm = ctx.options
        other = "ifft" if name == "fft" else "fft"
        return _Complex.apply(gradient, other, dim, _OPPOSITE[norm]), None, None, None


class _RealToHalf(Function):
    """rfft."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, dim: int, norm: str) -> Tensor:
        ctx.options = input.shape[dim], dim, norm
        return _raw("rfft", input, input.shape[dim], dim, norm)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        n, dim, norm = ctx.options
        whole = _resized(gradient, n, dim)
        return _Complex.apply(whole, "ifft", dim, _OPPOSITE[norm]).real, None, None


class _HalfToReal(Function):
    """irfft."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, n: int, dim: int, norm: str) -> Tensor:
        ctx.options = input.shape[dim], n, dim, norm
        return _raw("irfft", input, n, dim, norm)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        half, n, dim, norm = ctx.options
        result = _RealToHalf.apply(gradient, dim, _OPPOSITE[norm])
        # Every frequency but the first, and the last of an even count, stands for two.
        weights = [2.0] * half
        weights[0] = 1.0
        if n % 2 == 0:
            weights[-1] = 1.0
        shape = [1] * gradient.dim()
        shape[dim] = half
        return result * kajo.tensor(weights, dtype=gradient.dtype).view(shape), None, None, None


def _checked_norm(name: str, norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in _OPPOSITE:
        raise RuntimeError(f'{name}(): Invalid normalization mode: "{norm}"')
    return norm


def _resized(input: Tensor, n: int, dim: int) -> Tensor:
    """Cut or filled with zeros at the end of a dimension."""
    size = input.shape[dim]
    if n == size:
        return input
    if n < size:
        return input.narrow(dim, 0, n)
    shape = list(input.shape)
    shape[dim] = n - size
    return _core.cat([input, input.new_zeros(shape)], dim)


def _prepare(name: str, input: Tensor, dim: int, real: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"fft_{name}(): argument 'input' must be Tensor, not {type(input).__name__}"
        )
    if input.dim() == 0 or not -input.dim() <= dim < input.dim():
        bound = max(input.dim(), 1)
        raise IndexError(
            f"{name}(): Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    if real and input.is_complex():
        raise RuntimeError(f"{name}(): Expected a real input tensor, but got {input.dtype}")
    if input.dtype in (kajo.float16, kajo.bfloat16):
        raise RuntimeError(
            f"{name}(): Unsupported dtype {input.dtype}: convert the tensor to float32 first"
        )
    return (
        input
        if input.is_floating_point() or input.is_complex()
        else input.to(kajo.get_default_dtype())
    )


def _length(name: str, n: int | None, default: int) -> int:
    length = default if n is None else n
    if length < 1:
        raise RuntimeError(f"{name}(): Invalid number of data points ({length}) specified")
    return length


def _complex_type(input: Tensor) -> Tensor:
    if input.is_complex():
        return input
    return input.to(kajo.complex128 if input.dtype == kajo.float64 else kajo.complex64)


def _complex_transform(
    name: str, input: Tensor, n: int | None, dim: int, norm: str | None
) -> Tensor:
    source = _complex_type(_prepare(name, input, dim, False))
    source = _resized(source, _length(name, n, source.shape[dim]), dim)
    return _Complex.apply(source, name, dim, _checked_norm(name, norm))  # type: ignore[no-any-return]


def fft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The Fourier transform along a dimension, cut or filled to `n` points first."""
    return _written(_complex_transform("fft", input, n, dim, norm), out)


def ifft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The inverse of :func:`fft`."""
    return _written(_complex_transform("ifft", input, n, dim, norm), out)


def rfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The first n // 2 + 1 frequencies of a real signal; the others are their conjugates."""
    source = _prepare("rfft", input, dim, True)
    source = _resized(source, _length("rfft", n, source.shape[dim]), dim)
    return _written(_RealToHalf.apply(source, dim, _checked_norm("rfft", norm)), out)


def irfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The real signal of `n` points (by default the even count) with the given frequencies."""
    source = _complex_type(_prepare("irfft", input, dim, False))
    length = _length("irfft", n, 2 * (source.shape[dim] - 1))
    source = _resized(source, length // 2 + 1, dim)
    return _written(_HalfToReal.apply(source, length, dim, _checked_norm("irfft", norm)), out)


def hfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The real Fourier transform of a signal that is its own mirrored conjugate, given by half."""
    mode = _OPPOSITE[_checked_norm("hfft", norm)]
    return irfft(_complex_type(_prepare("hfft", input, dim, False)).conj(), n, dim, mode, out=out)


def ihfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Tensor:
    """The inverse of :func:`hfft`."""
    mode = _OPPOSITE[_checked_norm("ihfft", norm)]
    return _written(rfft(_prepare("ihfft", input, dim, True), n, dim, mode).conj(), out)


def _written(result: Tensor, out: Tensor | None) -> Tensor:
    return result if out is None else out.resize_(result.shape).copy_(result)


def _axes(name: str, input: Tensor, s: Any, dim: Any) -> list[tuple[int | None, int]]:
    """Pairs of length and dimension."""
    sizes = [s] if isinstance(s, int) else None if s is None else list(s)
    if dim is None:
        axes = (
            list(range(input.dim()))
            if sizes is None
            else list(range(input.dim() - len(sizes), input.dim()))
        )
    else:
        axes = [dim] if isinstance(dim, int) else list(dim)
    if sizes is not None and len(sizes) != len(axes):
        raise RuntimeError(
            f"{name}(): When given, dim and shape arguments must have the same length"
        )
    if len({a % max(input.dim(), 1) for a in axes}) != len(axes):
        raise RuntimeError(f"{name}(): FFT dims must be unique")
    lengths = [None] * len(axes) if sizes is None else [None if n == -1 else n for n in sizes]
    return list(zip(lengths, axes))


def _several(
    name: str, input: Tensor, s: Any, dim: Any, norm: str | None, last: Callable[..., Tensor],
    others: Callable[..., Tensor], last_first: bool,
) -> Tensor:  # fmt: skip
    axes = _axes(name, input, s, dim)
    if not axes:
        if last is not others:
            raise RuntimeError(f"{name} must transform at least one axis")
        return _complex_type(input)
    (length, axis), result = axes[-1], input
    if last_first:
        result = last(result, length, axis, norm)
    for n, a in axes[:-1]:
        result = others(result, n, a, norm)
    return result if last_first else last(result, length, axis, norm)


def fftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`fft` over several dimensions, all by default."""
    return _written(_several("fftn", input, s, dim, norm, fft, fft, True), out)


def ifftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`fftn`."""
    return _written(_several("ifftn", input, s, dim, norm, ifft, ifft, True), out)


def rfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`rfft` over the last of several dimensions, :func:`fft` over the others."""
    return _written(_several("rfftn", input, s, dim, norm, rfft, fft, True), out)


def irfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`rfftn`."""
    return _written(_several("irfftn", input, s, dim, norm, irfft, ifft, False), out)


def hfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`hfft` over the last of several dimensions, :func:`fft` over the others."""
    return _written(_several("hfftn", input, s, dim, norm, hfft, fft, False), out)


def ihfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`hfftn`."""
    return _written(_several("ihfftn", input, s, dim, norm, ihfft, ifft, True), out)


def fft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`fft` over two dimensions."""
    return fftn(input, s, dim, norm, out=out)


def ifft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`fft2`."""
    return ifftn(input, s, dim, norm, out=out)


def rfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`rfftn` over two dimensions."""
    return rfftn(input, s, dim, norm, out=out)


def irfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`rfft2`."""
    return irfftn(input, s, dim, norm, out=out)


def hfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """:func:`hfftn` over two dimensions."""
    return hfftn(input, s, dim, norm, out=out)


def ihfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Any = (-2, -1),
    norm: str | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """The inverse of :func:`hfft2`."""
    return ihfftn(input, s, dim, norm, out=out)


def fftfreq(n: int, d: float = 1.0, **options: Any) -> Tensor:
    """The frequencies of the n results of :func:`fft`, for samples d apart.

    >>> import kajo
    >>> kajo.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    order = [*range((n + 1) // 2), *range(-(n // 2), 0)]
    options.setdefault("dtype", kajo.get_default_dtype())
    return (
        kajo.tensor(order, **options) * (1.0 / (n * d))
        if not options.get("requires_grad")
        else kajo.tensor([k / (n * d) for k in order], **options)
    )


def rfftfreq(n: int, d: float = 1.0, **options: Any) -> Tensor:
    """The frequencies of the results of :func:`rfft` of n samples d apart."""
    options.setdefault("dtype", kajo.get_default_dtype())
    return kajo.tensor([k / (n * d) for k in range(n // 2 + 1)], **options)


def _shifted(input: Tensor, dim: Any, sign: int) -> Tensor:
    axes = list(range(input.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    steps = [input.shape[a] // 2 if sign > 0 else -(input.shape[a] // 2) for a in axes]
    return input.roll(steps, axes) if axes else input.clone()


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency zero moved to the middle.

    >>> import kajo
    >>> kajo.fft.fftshift(kajo.arange(4))
    tensor([2, 3, 0, 1])
    """
    return _shifted(input, dim, 1)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Undoes :func:`fftshift`."""
    return _shifted(input, dim, -1)


make_overridable(globals(), __all__)
