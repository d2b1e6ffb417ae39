"""Reductions and normalisations that leave out what a mask has as False.

An element that is left out is replaced by the identity of the operation: 0 for sums, 1 for products,
minus infinity for maxima. Gradients flow to the other elements only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp",
    "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum", "var",
]  # fmt: skip

_ARGUMENTS = """
    Args:
        input: any tensor, or a masked one, whose mask counts too.
        {own}
        dtype: of the result{dtype}.
        mask: which elements count, of a shape that broadcasts to the input's; all where it is None.

    Returns:
        {returns}

    Raises:
        IndexError: if there is no such dimension, or the mask has more dimensions than the input.
        RuntimeError: if the mask does not broadcast to the input.
"""
_DIMS = """dim: the dimensions to reduce; all by default.
        keepdim: keep them with size 1."""
_DIM = "dim: the dimension along which to work."
_REDUCED = "What is left; the identity of the operation where nothing counts."


def _documented(
    own: str = _DIMS, returns: str = _REDUCED, dtype: str = ""
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Puts what the operations have in common between the summary and the example of a docstring."""

    def decorate(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        summary, example = (function.__doc__ or "").split("\n\n", 1)
        shared = _ARGUMENTS.format(own=own, returns=returns, dtype=dtype)
        function.__doc__ = f"{summary}\n{shared}\n{example}"
        return function

    return decorate


def _dims(input: Tensor, dim: Any) -> list[int]:
    """The dimensions to reduce, counted from the first."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return list(range(input.dim()))
    bound = max(input.dim(), 1)
    found: list[int] = []
    for d in [dim] if isinstance(dim, int) else dim:
        if not -bound <= d < bound:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {d})"
            )
        if d % bound in found:
            raise RuntimeError(f"dim={d % bound} appears multiple times in the list of dims")
        found.append(d % bound)
    return found if input.dim() else []


def _parts(name: str, input: Any, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The plain values and the mask that holds for them, in their shape."""
    from kajo.masked.maskedtensor import is_masked_tensor

    if is_masked_tensor(input):
        own = input.get_mask()
        mask = own if mask is None else own & mask
        input = input.get_data()
    if not isinstance(input, Tensor):
        raise ValueError(f"masked.{name}(): expected a Tensor, got {type(input).__name__}")
    if mask is None:
        return input, None
    if mask.dim() > input.dim():
        raise IndexError(
            f"masked.{name}(): expected a broadcastable mask, got one of shape {mask.shape} for an input "
            f"of shape {input.shape}"
        )
    return input, mask.expand(input.shape).to(kajo.bool)


def _identity(name: str, dtype: Any, lowest: bool) -> Any:
    """The smallest number of a dtype, or the largest."""
    if dtype.is_floating_point or dtype.is_complex:
        return -math.inf if lowest else math.inf
    if dtype is kajo.bool:
        raise NotImplementedError(
            f"masked.{name}(): no identity among truth values: use an integer dtype"
        )
    bounds: Any = kajo.iinfo(dtype)
    return bounds.min if lowest else bounds.max


def _filled(input: Tensor, mask: Tensor | None, value: Any) -> Tensor:
    """The input with a value in place of what is left out."""
    if mask is None:
        return input
    return kajo.where(mask, input, kajo.tensor(value, dtype=input.dtype, device=input.device))


def _summed(
    name: str, input: Any, mask: Tensor | None, dtype: Any, identity: int
) -> tuple[Tensor, Any]:
    """What sums and products start from: integers are counted in 64 bits."""
    values, mask = _parts(name, input, mask)
    if dtype is None:
        plain = values.is_floating_point() or values.is_complex()
        dtype = values.dtype if plain else kajo.int64
    return _filled(values.to(dtype), mask, identity), dtype


@_documented(dtype="; int64 for integers by default")
def sum(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The sum of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.sum(x, 0, mask=mask)
    tensor(4.)
    """
    values, kind = _summed("sum", input, mask, dtype, 0)
    dims = _dims(values, dim)
    return values.sum(dims, bool(keepdim), dtype=kind) if dims else values.clone()


@_documented(dtype="; int64 for integers by default")
def prod(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The product of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.prod(x, 0, mask=mask)
    tensor(3.)
    """
    result, kind = _summed("prod", input, mask, dtype, 1)
    # Only integers would be counted in another type; autocast may choose one for the others.
    counted = None if result.is_floating_point() or result.is_complex() else kind
    for d in sorted(_dims(result, dim), reverse=True):
        result = result.prod(d, bool(keepdim), dtype=counted)
    return result


def _cumulated(name: str, input: Any, dim: int, dtype: Any, mask: Tensor | None) -> Tensor:
    values, mask = _parts(name, input, mask)
    kind = values.dtype if dtype is None else dtype
    (axis,) = _dims(values, dim) or (0,)
    filled = _filled(values.to(kind), mask, 0 if name == "cumsum" else 1)
    result: Tensor = getattr(filled, name)(axis, dtype=kind)
    return result


@_documented(_DIM, "A tensor of the input's shape.")
def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The sums of the elements that count up to each place.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.cumsum(x, 0, mask=mask)
    tensor([1., 1., 4.])
    """
    return _cumulated("cumsum", input, dim, dtype, mask)


@_documented(_DIM, "A tensor of the input's shape.")
def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The products of the elements that count up to each place.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.cumprod(x, 0, mask=mask)
    tensor([1., 1., 3.])
    """
    return _cumulated("cumprod", input, dim, dtype, mask)


def _extreme(
    name: str, input: Any, dim: Any, keepdim: bool | None, dtype: Any, mask: Tensor | None
) -> Tensor:
    """amax, amin, argmax, argmin."""
    values, mask = _parts(name, input, mask)
    kind = values.dtype if dtype is None else dtype
    if mask is not None:
        values = _filled(values, mask, _identity(name, values.dtype, name.endswith("max")))
    if name.startswith("arg"):
        return getattr(values, name)(dim, bool(keepdim)).to(kind)  # type: ignore[no-any-return]
    result: Tensor = getattr(values, name)(_dims(values, dim), bool(keepdim))
    return result.to(kind)


@_documented()
def amax(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The largest of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, True, False])
    >>> kajo.masked.amax(x, 0, mask=mask)
    tensor(2.)
    """
    return _extreme("amax", input, dim, keepdim, dtype, mask)


@_documented()
def amin(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The smallest of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([False, True, True])
    >>> kajo.masked.amin(x, 0, mask=mask)
    tensor(2.)
    """
    return _extreme("amin", input, dim, keepdim, dtype, mask)


_WHERE = """dim: the dimension to search; the flattened input by default.
        keepdim: keep it with size 1."""


@_documented(_WHERE, "The indices; 0 where nothing counts.", "; the input's by default")
def argmax(
    input: Any,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Where the largest of the elements that count is.

    >>> import kajo
    >>> x, mask = kajo.tensor([1, 2, 3]), kajo.tensor([True, True, False])
    >>> kajo.masked.argmax(x, 0, mask=mask)
    tensor(1)
    """
    return _extreme("argmax", input, dim, keepdim, dtype, mask)


@_documented(_WHERE, "The indices; 0 where nothing counts.", "; the input's by default")
def argmin(
    input: Any,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Where the smallest of the elements that count is.

    >>> import kajo
    >>> x, mask = kajo.tensor([1, 2, 3]), kajo.tensor([False, True, True])
    >>> kajo.masked.argmin(x, 0, mask=mask)
    tensor(1)
    """
    return _extreme("argmin", input, dim, keepdim, dtype, mask)


def _count(values: Tensor, mask: Tensor | None, dims: list[int], keepdim: bool) -> Tensor:
    ones = kajo.ones_like(values, dtype=kajo.int64) if mask is None else mask.to(kajo.int64)
    return ones.sum(dims, keepdim) if dims else ones


@_documented(returns="The means; NaN where nothing counts.")
def mean(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The mean of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.mean(x, 0, mask=mask)
    tensor(2.)
    """
    values, mask = _parts("mean", input, mask)
    kind = values.dtype if dtype is None else dtype
    if not (kind.is_floating_point or kind.is_complex):
        raise ValueError(
            f"masked.mean(): expected a floating point or complex dtype, got {kind}: give dtype="
        )
    dims = _dims(values, dim)
    total = sum(values, dim, keepdim=keepdim, dtype=kind, mask=mask)
    return total / _count(values, mask, dims, bool(keepdim))


@_documented(
    _WHERE.replace("the flattened input", "the last"), "The medians; NaN where nothing counts."
)
def median(
    input: Any,
    dim: int = -1,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The median of the elements that count, the lower of two.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 2.0, 3.0, 9.0]), kajo.tensor([True, True, True, False])
    >>> kajo.masked.median(x, 0, mask=mask)
    tensor(2.)
    """
    values, mask = _parts("median", input, mask)
    kind = values.dtype if dtype is None else dtype
    axis = (_dims(values, dim) or [0])[0]
    fractional = values.is_floating_point()
    wide = values if fractional else values.to(kajo.float64)
    result: Tensor = _filled(wide, mask, math.nan).nanmedian(axis, bool(keepdim)).values
    if fractional:
        return result
    if bool(result.isnan().any()):
        raise ValueError(
            "masked median expects no fully masked out rows if dtype is not floating point"
        )
    return result.to(kind)


@_documented()
def logsumexp(
    input: Any,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The logarithm of the sum of the exponentials of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.zeros(3), kajo.tensor([True, False, False])
    >>> kajo.masked.logsumexp(x, 0, mask=mask)
    tensor(0.)
    """
    values, mask = _parts("logsumexp", input, mask)
    kind = values.dtype if dtype is None else dtype
    if mask is not None:
        values = _filled(values, mask, _identity("logsumexp", values.dtype, True))
    return values.logsumexp(_dims(values, dim), keepdim).to(kind)


def logaddexp(
    input: Any,
    other: Any,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """log(exp(input) + exp(other)), element by element, of what the two masks let count.

    Args:
        input, other: two tensors.
        dtype: of the result.
        input_mask, other_mask: which elements of each count; all where it is None.

    Returns:
        A tensor of the inputs' shape.

    Raises:
        RuntimeError: if shapes do not fit.

    >>> import kajo
    >>> x, mask = kajo.zeros(2), kajo.tensor([True, False])
    >>> kajo.masked.logaddexp(x, x, input_mask=mask)
    tensor([0.6931, 0.0000])
    """
    a, input_mask = _parts("logaddexp", input, input_mask)
    b, other_mask = _parts("logaddexp", other, other_mask)
    kind = a.dtype if dtype is None else dtype
    if input_mask is not None:
        a = _filled(a, input_mask, _identity("logaddexp", a.dtype, True))
    if other_mask is not None:
        b = _filled(b, other_mask, _identity("logaddexp", b.dtype, True))
    return kajo.logaddexp(a, b).to(kind)


@_documented("ord: the order of the norm, a number or an infinity.\n        " + _DIMS)
def norm(
    input: Any,
    ord: float | None = 2.0,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The norm of the vector of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([3.0, 9.0, 4.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.norm(x, 2.0, 0, mask=mask)
    tensor(5.)
    """
    values, mask = _parts("norm", input, mask)
    order = 2.0 if ord is None else float(ord)
    dims = _dims(values, dim)
    filled = _filled(values, mask, math.inf if order == -math.inf else 0)
    return kajo.linalg.vector_norm(filled, order, dims, bool(keepdim), dtype=dtype)


def _variance(
    name: str,
    input: Any,
    dim: Any,
    unbiased: bool | None,
    correction: float | None,
    keepdim: bool | None,
    dtype: Any,
    mask: Tensor | None,
) -> Tensor:
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 1.0 if unbiased is None or unbiased else 0.0
    values, mask = _parts(name, input, mask)
    kind = values.dtype if dtype is None else dtype
    if not (kind.is_floating_point or kind.is_complex):
        kind = kajo.float32
    if values.dtype is kajo.bool:
        raise RuntimeError(f"masked.{name}(): truth values have no differences: use another dtype")
    dims = _dims(values, dim)
    count = _count(values, mask, dims, True)
    middle = sum(values, dim, keepdim=True, dtype=kind, mask=mask) / count
    offset = values - middle
    total = sum(offset * offset.conj(), dim, keepdim=keepdim, dtype=kind, mask=mask)
    if not keepdim:
        count = count.reshape(total.shape)
    if correction:
        count = (count.to(total.real.dtype if kind.is_complex else kind) - correction).clamp(min=0)
    result = total / count
    if dtype is not None:
        result = result.to(dtype)
    return result.sqrt() if name == "std" else result


_VARIANCE = (
    _DIMS
    + """
        unbiased: False for correction=0, True for 1.
        correction: what is subtracted from the count before it divides; 1 by default."""
)


@_documented(_VARIANCE, "The variances; NaN where too little counts.")
def var(
    input: Any,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The variance of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 9.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.var(x, 0, mask=mask)
    tensor(2.)
    """
    return _variance("var", input, dim, unbiased, correction, keepdim, dtype, mask)


@_documented(_VARIANCE, "The standard deviations; NaN where too little counts.")
def std(
    input: Any,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The standard deviation of the elements that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([1.0, 9.0, 3.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.std(x, 0, correction=0, mask=mask)
    tensor(1.)
    """
    return _variance("std", input, dim, unbiased, correction, keepdim, dtype, mask)


def _normalized(name: str, input: Any, dim: int, dtype: Any, mask: Tensor | None) -> Tensor:
    """softmax, log_softmax, softmin."""
    values, mask = _parts(name, input, mask)
    (axis,) = _dims(values, dim) or (0,)
    if mask is not None:
        values = _filled(values, mask, _identity(name, values.dtype, name != "softmin"))
    if name == "softmin":
        return (-values).softmax(axis, dtype=dtype)
    result: Tensor = getattr(values, name)(axis, dtype=dtype)
    return result


_SAME = "A tensor of the input's shape; NaN along where nothing counts."


@_documented(_DIM, _SAME)
def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """exp(x) over the sum of the exponentials that count; 0 where an element does not.

    >>> import kajo
    >>> x, mask = kajo.zeros(3), kajo.tensor([True, False, True])
    >>> kajo.masked.softmax(x, 0, mask=mask)
    tensor([0.5000, 0.0000, 0.5000])
    """
    return _normalized("softmax", input, dim, dtype, mask)


@_documented(_DIM, _SAME)
def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The logarithm of :func:`softmax`; minus infinity where an element does not count.

    >>> import kajo
    >>> x, mask = kajo.zeros(3), kajo.tensor([True, False, True])
    >>> kajo.masked.log_softmax(x, 0, mask=mask)
    tensor([-0.6931,    -inf, -0.6931])
    """
    return _normalized("log_softmax", input, dim, dtype, mask)


@_documented(_DIM, _SAME)
def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """:func:`softmax` of the negative.

    >>> import kajo
    >>> x, mask = kajo.zeros(3), kajo.tensor([True, False, True])
    >>> kajo.masked.softmin(x, 0, mask=mask)
    tensor([0.5000, 0.0000, 0.5000])
    """
    return _normalized("softmin", input, dim, dtype, mask)


@_documented(
    "ord: the order of the norm.\n        " + _DIM + "\n        eps: the least that is divided by.",
    "A tensor of the input's shape; 0 where an element does not count.",
)
def normalize(
    input: Any,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The elements over the norm of those that count.

    >>> import kajo
    >>> x, mask = kajo.tensor([3.0, 9.0, 4.0]), kajo.tensor([True, False, True])
    >>> kajo.masked.normalize(x, 2.0, 0, mask=mask)
    tensor([0.6000, 0.0000, 0.8000])
    """
    values, mask = _parts("normalize", input, mask)
    length = norm(values, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    filled = _filled(values if dtype is None else values.to(dtype), mask, 0)
    return filled / length.clamp(min=eps)
