"""Element by element: the batch stands before all dimensions that broadcast."""

from __future__ import annotations

import functools
from typing import Any

from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch
from kajo.func._batching.register import bound, padded, rank_of, register, rule

__all__ = ["NAMES", "pointwise"]

NAMES = """
abs absolute acos acosh add addcdiv addcmul alias_copy angle arccos arccosh arcsin arcsinh arctan arctan2
arctanh asin asinh atan atan2 atanh bfloat16 bitwise_and bitwise_left_shift bitwise_not bitwise_or
bitwise_right_shift bitwise_xor bool byte cdouble ceil celu cfloat chalf char clamp clamp_max clamp_min clip
complex conj conj_physical copysign cos cosh cpu deg2rad detach detach_copy digamma div divide double elu eq
erf erfc erfcx erfinv exp exp2 expm1 fix float float_power floor floor_divide fmax fmin fmod frac frexp gcd ge
gelu greater greater_equal gt half hardshrink hardsigmoid hardswish hardtanh heaviside hypot i0 igamma igammac
imag int isclose isfinite isinf isnan isneginf isposinf isreal lcm ldexp le leaky_relu lerp less less_equal
lgamma log log10 log1p log2 log_sigmoid logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
logit long lt maximum minimum mish mul multiply mvlgamma nan_to_num ne neg negative nextafter not_equal polar
polygamma positive pow rad2deg real reciprocal relu relu6 remainder resolve_conj resolve_neg round rsqrt rsub
selu sgn short sigmoid sign signbit silu sin sinc sinh softplus softshrink softsign sqrt square sub subtract
tan tanh tanhshrink threshold true_divide trunc view_as_real
view_as_real_copy where xlogy one_hot
special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.digamma
special.entr special.erf special.erfc special.erfcx special.erfinv special.exp2 special.expit special.expm1
special.gammainc special.gammaincc special.gammaln special.i0 special.i0e special.i1 special.i1e special.log1p
special.log_ndtr special.logit special.modified_bessel_i0 special.modified_bessel_i1
special.modified_bessel_k0 special.modified_bessel_k1 special.multigammaln special.ndtr special.ndtri
special.polygamma special.psi special.round special.scaled_modified_bessel_k0
special.scaled_modified_bessel_k1 special.sinc special.spherical_bessel_j0 special.xlog1py special.xlogy
special.zeta special.chebyshev_polynomial_t special.chebyshev_polynomial_u special.chebyshev_polynomial_v
special.chebyshev_polynomial_w special.hermite_polynomial_h special.hermite_polynomial_he
special.laguerre_polynomial_l special.legendre_polynomial_p special.shifted_chebyshev_polynomial_t
special.shifted_chebyshev_polynomial_u special.shifted_chebyshev_polynomial_v
special.shifted_chebyshev_polynomial_w
"""


def pointwise(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation on corresponding elements of all tensors among the arguments."""
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
    rank = max(map(rank_of, tensors))
    place: Any = functools.partial(padded, batch, rank=rank)
    if any(batch.has(x) and rank_of(x) == 0 for x in tensors):
        kind = _common_type(tensors)
        if kind is not None:
            place = functools.partial(_converted, batch, rank=rank, kind=kind)
    values = [place(x) if isinstance(x, Tensor) else x for x in args]
    options = {k: place(x) if isinstance(x, Tensor) else x for k, x in kwargs.items()}
    return batch.wrap(func(*values, **options))


def _common_type(tensors: list[Tensor]) -> Any:
    """The type in which samples meet, where it is not that in which their values would meet.

    A tensor without dimensions gives way to others; its value has a dimension and does not.
    """
    operands = [x for x in tensors if x.dtype is not _core.bool] or tensors
    if len({x.dtype for x in operands}) == 1:
        return None
    before = _core._set_overriding(2)
    try:
        if len(operands) == 2:
            return _core.result_type(*operands)
    finally:
        _core._set_overriding(before)
    whole = [x.dtype for x in operands if rank_of(x)] or [x.dtype for x in operands]
    return functools.reduce(_core.promote_types, whole)


def _converted(batch: Batch, x: Tensor, rank: int, kind: Any) -> Tensor:
    value = padded(batch, x, rank)
    is_kept = value.dtype is _core.bool or rank_of(x) > 0
    return value if is_kept else value.to(kind)


register(NAMES, pointwise, composites=True)
for _name in ("real", "imag", "data"):
    RULES[getattr(Tensor, _name).__get__] = pointwise


@rule("view_as_complex view_as_complex_copy")
def _as_complex(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = batch.value(args[0])
    return batch.wrap(func(value if value.stride(-1) == 1 else value.contiguous()))


@rule("clone contiguous")
def _copied(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    # What a memory format says of a sample it would say of other dimensions of the value.
    return batch.wrap(func(batch.value(args[0])))


@rule("to type_as")
def _cast(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    found.pop("memory_format", None)
    other = found.pop("other", None)
    self = found.pop("self")
    if other is not None:
        found["dtype"], found["device"] = other.dtype, other.device
    return batch.wrap(batch.value(self).to(**found)) if batch.has(self) else self.to(**found)


@rule("zeros_like ones_like empty_like full_like")
def _like(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    found.pop("memory_format", None)
    fill = found.get("fill_value")
    if isinstance(fill, Tensor):
        found.pop("fill_value")
        dtype = found.get("dtype") or found["self"].dtype
        return _core.zeros_like(**found) + fill.to(dtype)
    return batch.wrap(func(**found | {"self": batch.lift(found["self"])}))


@rule("new_zeros new_ones new_empty new_full")
def _new(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    fill = found.get("fill_value")
    if isinstance(fill, Tensor):
        found.pop("fill_value")
        dtype = found.get("dtype") or found["self"].dtype
        return found.pop("self").new_zeros(**found) + fill.to(dtype)
    value = batch.lift(found["self"])
    size = found["size"] if isinstance(found["size"], (tuple, list)) else (found["size"],)
    return batch.wrap(func(**found | {"self": value, "size": (batch.size, *size)}))
