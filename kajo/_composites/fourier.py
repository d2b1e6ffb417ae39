"""Discrete Fourier transforms: the eighteen of `kajo.fft` from one table.

Several dimensions are transformed one after the other by the operations that the core has for one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kajo import _core
from kajo._operation import Dims, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


# ---- one dimension after the other ------------------------------------------------------------------

_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _complex(dtype: Any) -> Any:
    return _core.complex128 if dtype in (_core.float64, _core.complex128) else _core.complex64


def _transformed(
    input: Tensor, transform: str, dims: list[int], sizes: list[int], norm: str
) -> Tensor:
    """The transform of the values; `sizes` are those of the signal along `dims`."""
    inverse = transform in ("ifftn", "irfftn")
    points = math.prod(sizes)
    scale = 1.0
    if norm == "ortho":
        scale = 1 / math.sqrt(points)
    elif (norm == "backward") == inverse:
        scale = 1 / points
    result = input
    if transform == "rfftn":
        result = _core.fft_from_real(result, dims[-1], scale)
    elif transform == "irfftn":
        for dim in dims[:-1]:
            result = _core.fft_complex(result, dim, True, 1.0)
        return _core.fft_to_real(result, dims[-1], sizes[-1], scale)
    else:
        result = _core.fft_complex(result, dims[-1], inverse, scale)
    for dim in dims[:-1]:
        result = _core.fft_complex(result, dim, inverse, 1.0)
    return result


def _resized(input: Tensor, size: int, dim: int) -> Tensor:
    """Cut or filled with zeros at the end of a dimension."""
    have = input.shape[dim]
    if size <= have:
        return input if size == have else input.narrow(dim, 0, size)
    shape = list(input.shape)
    shape[dim] = size - have
    return _core.cat([input, input.new_zeros(shape)], dim)


# ---- the table -----------------------------------------------------------------------------------


class _Family(NamedTuple):
    transform: str  # of the library
    conjugate: str  # what is conjugated, which also swaps the norms: "", "input" or "result"
    formula: str
    examples: tuple[tuple[str, str], ...]  # for one, two and any number of dimensions


_FAMILIES = {
    "fft": _Family(
        "fftn",
        "",
        "Fourier transform: X[k] is the sum over j of x[j] exp(-2 pi i j k / n)",
        (
            ("kajo.fft.fft(kajo.tensor([1.0, 0.0]))", "tensor([1.+0.j, 1.+0.j])"),
            ("kajo.fft.fft2(kajo.ones(1, 2))", "tensor([[2.+0.j, 0.+0.j]])"),
            ("kajo.fft.fftn(kajo.ones(2))", "tensor([2.+0.j, 0.+0.j])"),
        ),
    ),
    "ifft": _Family(
        "ifftn",
        "",
        "inverse Fourier transform: x[j] is the mean over k of X[k] exp(2 pi i j k / n)",
        (
            ("kajo.fft.ifft(kajo.tensor([2.0, 0.0]))", "tensor([1.+0.j, 1.+0.j])"),
            ("kajo.fft.ifft2(kajo.ones(1, 2))", "tensor([[1.+0.j, 0.+0.j]])"),
            ("kajo.fft.ifftn(kajo.ones(2))", "tensor([1.+0.j, 0.+0.j])"),
        ),
    ),
    "rfft": _Family(
        "rfftn",
        "",
        "Fourier transform of a real signal: its first n // 2 + 1 frequencies along the last dimension,"
        " of which the others are conjugates",
        (
            ("kajo.fft.rfft(kajo.ones(4))", "tensor([4.+0.j, 0.+0.j, 0.+0.j])"),
            ("kajo.fft.rfft2(kajo.ones(2, 2)).shape", "kajo.Size([2, 2])"),
            ("kajo.fft.rfftn(kajo.ones(2, 2, 6)).shape", "kajo.Size([2, 2, 4])"),
        ),
    ),
    "irfft": _Family(
        "irfftn",
        "",
        "inverse of the Fourier transform of a real signal, of n points along the last dimension:"
        " by default the even count that belongs to the number of frequencies",
        (
            ("kajo.fft.irfft(kajo.tensor([4.0, 0.0, 0.0]))", "tensor([1., 1., 1., 1.])"),
            ("kajo.fft.irfft2(kajo.ones(2, 2)).shape", "kajo.Size([2, 2])"),
            ("kajo.fft.irfftn(kajo.ones(2, 2, 4)).shape", "kajo.Size([2, 2, 6])"),
        ),
    ),
    "hfft": _Family(
        "irfftn",
        "input",
        "real Fourier transform of a signal that is its own mirrored conjugate and given by its first half",
        (
            ("kajo.fft.hfft(kajo.tensor([1.0, 0.0, 0.0]))", "tensor([1., 1., 1., 1.])"),
            ("kajo.fft.hfft2(kajo.ones(2, 2)).shape", "kajo.Size([2, 2])"),
            ("kajo.fft.hfftn(kajo.ones(2, 2, 4)).shape", "kajo.Size([2, 2, 6])"),
        ),
    ),
    "ihfft": _Family(
        "rfftn",
        "result",
        "inverse Fourier transform of real frequencies: the first half of the signal, whose rest is its"
        " mirrored conjugate",
        (
            ("kajo.fft.ihfft(kajo.ones(2)).real", "tensor([1., 0.])"),
            ("kajo.fft.ihfft2(kajo.ones(2, 2)).shape", "kajo.Size([2, 2])"),
            ("kajo.fft.ihfftn(kajo.ones(2, 2, 6)).shape", "kajo.Size([2, 2, 4])"),
        ),
    ),
}


def _computed(
    name: str,
    family: _Family,
    input: Tensor,
    dims: list[int],
    sizes: Sequence[int | None],
    norm: str | None,
) -> Tensor:
    """What the transform `name` does, once it is known along which dimensions."""
    real = family.transform == "rfftn"
    mode = "backward" if norm is None else norm
    if mode not in _OPPOSITE:
        raise RuntimeError(
            f'{name}(): Invalid normalization mode: "{norm}": use "backward", "forward" or "ortho"'
        )
    if real and input.is_complex():
        raise RuntimeError(f"{name}(): expects a real input tensor, but got {input.dtype}")
    if input.dtype in (_core.float16, _core.bfloat16):
        raise RuntimeError(
            f"{name}(): Unsupported dtype {input.dtype}: convert it to float32 first"
        )
    if not dims and family.transform in ("rfftn", "irfftn"):
        raise RuntimeError(f"{name}(): must transform at least one axis")
    if not input.is_floating_point() and not input.is_complex():
        input = input.to(_core.get_default_dtype())
    source = input if real else input.to(_complex(input.dtype))
    if not dims:
        return source
    lengths = [source.shape[dim] if size is None else size for size, dim in zip(sizes, dims)]
    halved = family.transform == "irfftn"
    if halved and sizes[-1] is None:
        lengths[-1] = 2 * (source.shape[dims[-1]] - 1)
    for at, (size, dim) in enumerate(zip(lengths, dims)):
        if size < 1:
            raise RuntimeError(f"{name}(): Invalid number of data points ({size}) specified")
        kept = size // 2 + 1 if halved and at == len(dims) - 1 else size
        source = _resized(source, kept, dim)
    if family.conjugate:
        mode = _OPPOSITE[mode]
    if family.conjugate == "input":
        source = source.conj()
    result = _transformed(source, family.transform, dims, lengths, mode)
    return result.conj_physical() if family.conjugate == "result" else result


def _wrapped(name: str, input: Tensor, dim: int) -> int:
    if input.dim() == 0:
        raise IndexError(
            f"{name}(): Dimension specified as {dim} but tensor has no dimensions: give it one"
        )
    if not -input.dim() <= dim < input.dim():
        raise IndexError(
            f"{name}(): Dimension out of range (expected to be in range of [{-input.dim()}, "
            f"{input.dim() - 1}], but got {dim})"
        )
    return dim % input.dim()


def _axes(name: str, input: Tensor, s: Any, dim: Any) -> tuple[list[int], list[int | None]]:
    """The dimensions, and their lengths where given."""
    sizes = None if s is None else [s] if isinstance(s, int) else list(s)
    if dim is not None:
        dims = [_wrapped(name, input, d) for d in ([dim] if isinstance(dim, int) else dim)]
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"{name}(): FFT dims must be unique, got {dim}")
        if sizes is not None and len(sizes) != len(dims):
            raise RuntimeError(
                f"{name}(): When given, dim and shape arguments must have the same length, "
                f"got {len(dims)} and {len(sizes)}"
            )
    else:
        if sizes is not None and len(sizes) > input.dim():
            raise RuntimeError(
                f"{name}(): Got shape with {len(sizes)} values but input tensor only has "
                f"{input.dim()} dimensions."
            )
        dims = list(
            range(input.dim() - (input.dim() if sizes is None else len(sizes)), input.dim())
        )
    return dims, [None if n == -1 else n for n in (sizes or [-1] * len(dims))]


# ---- the operations ------------------------------------------------------------------------------

_TEXT = """The {formula}; {where}.

Args:
    input: {input}.
    {length}
    {dim}
    norm: which direction is divided by the number of points: "backward" (the default) the inverse,
        "forward" the forward one, "ortho" both, by its square root.
    out: where to write the result.

Returns:
    {result}.

Raises:
    RuntimeError: for a 16-bit dtype, or a length below 1.
    IndexError: if there is no such dimension.

>>> import kajo
>>> {example}
{printed}
"""
_LENGTH = "n: the number of points, to which the signal is cut or filled with zeros first."
_LENGTHS = "s: the number of points along each dimension, to which it is cut or filled first; -1 leaves it."
_WHERE = ("along one dimension", "over two dimensions", "over several dimensions")
_DIM = (
    "dim: the dimension.",
    "dim: the dimensions; the last two by default.",
    "dim: the dimensions; by default all, or the last ones where `s` is given.",
)


def _forms(name: str, family: _Family) -> tuple[tuple[str, Callable[..., Tensor]], ...]:
    """The functions of a family: along one dimension, over two, over any number."""
    one, two, several = name, f"{name}2", f"{name}n"

    def transform(
        input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None
    ) -> Tensor:
        return _computed(one, family, input, [_wrapped(one, input, dim)], [n], norm)

    def transform_two(
        input: Tensor, s: Dims | None = None, dim: Dims = (-2, -1), norm: str | None = None
    ) -> Tensor:
        return _computed(two, family, input, *_axes(two, input, s, dim), norm)

    def transform_several(
        input: Tensor, s: Dims | None = None, dim: Dims | None = None, norm: str | None = None
    ) -> Tensor:
        return _computed(several, family, input, *_axes(several, input, s, dim), norm)

    return (one, transform), (two, transform_two), (several, transform_several)


for _name, _family in _FAMILIES.items():
    for _at, (_full, _body) in enumerate(_forms(_name, _family)):
        _body.__name__ = _body.__qualname__ = _full
        _body.__module__ = "kajo.fft"  # which shows them, and whose examples are run
        _body.__doc__ = _TEXT.format(
            formula=_family.formula,
            where=_WHERE[_at],
            input="real" if _family.transform == "rfftn" else "real or complex",
            length=_LENGTH if _at == 0 else _LENGTHS,
            dim=_DIM[_at],
            result="A real tensor" if _family.transform == "irfftn" else "A complex tensor",
            example=_family.examples[_at][0],
            printed=_family.examples[_at][1],
        )
        operation(namespace="fft", out="cast")(_body)


# ---- frequencies -----------------------------------------------------------------------------------


def _frequencies(
    name: str, order: list[int], step: float, dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    kind = _core.get_default_dtype() if dtype is None else dtype
    if not kind.is_floating_point and not kind.is_complex:
        raise RuntimeError(f"{name}(): requires a floating point or complex dtype, got {kind}")
    result = (_core.tensor(order, dtype=_core.float64) * step).to(device=device, dtype=kind)
    return result.requires_grad_(requires_grad)


def _checked_count(name: str, n: int) -> int:
    if n < 0:
        raise RuntimeError(
            f"{name}(): Trying to create tensor with negative dimension {n}: n must be at least 0"
        )
    return n


@operation(namespace="fft", out="cast")
def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the n results of :func:`fft`, for samples d apart.

    Args:
        n: how many.
        d: the distance between samples.
        dtype, layout, device, pin_memory, requires_grad: of the result.
        out: where to write the result.

    Returns:
        [0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1] / (n d).

    Raises:
        RuntimeError: if n is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    order = [*range((_checked_count("fftfreq", n) + 1) // 2), *range(-(n // 2), 0)]
    return _frequencies("fftfreq", order, 1 / (n * d) if n else 0.0, dtype, device, requires_grad)


@operation(namespace="fft", out="cast")
def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the n // 2 + 1 results of :func:`rfft` of n samples d apart.

    Args:
        n: how many samples.
        d: the distance between samples.
        dtype, layout, device, pin_memory, requires_grad: of the result.
        out: where to write the result.

    Returns:
        [0, 1, ..., n // 2] / (n d).

    Raises:
        RuntimeError: if n is negative or the dtype has no fractions.

    >>> import kajo
    >>> kajo.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    order = list(range(_checked_count("rfftfreq", n) // 2 + 1))
    return _frequencies("rfftfreq", order, 1 / (n * d) if n else 0.0, dtype, device, requires_grad)


def _shifted(name: str, input: Tensor, dim: Any, sign: int) -> Tensor:
    axes = list(range(input.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    if not axes:
        raise RuntimeError(f"{name}(): `shifts` required: there is no dimension to shift along")
    axes = [_wrapped(name, input, axis) for axis in axes]
    return input.roll([sign * (input.shape[axis] // 2) for axis in axes], axes)


@operation(namespace="fft")
def fftshift(input: Tensor, dim: Dims | None = None) -> Tensor:
    """Frequency zero moved to the middle.

    Args:
        input: the result of a transform.
        dim: the dimensions along which to move; all by default.

    Returns:
        A tensor of the same shape.

    Raises:
        IndexError: if there is no such dimension.

    >>> import kajo
    >>> kajo.fft.fftshift(kajo.arange(4))
    tensor([2, 3, 0, 1])
    """
    return _shifted("fftshift", input, dim, 1)


@operation(namespace="fft")
def ifftshift(input: Tensor, dim: Dims | None = None) -> Tensor:
    """Undoes :func:`fftshift`.

    Args:
        input: a spectrum with frequency zero in the middle.
        dim: the dimensions along which to move; all by default.

    Returns:
        A tensor of the same shape.

    Raises:
        IndexError: if there is no such dimension.

    >>> import kajo
    >>> kajo.fft.ifftshift(kajo.tensor([2, 3, 0, 1]))
    tensor([0, 1, 2, 3])
    """
    return _shifted("ifftshift", input, dim, -1)
