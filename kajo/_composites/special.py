"""Special functions, and the parts of a floating-point number."""

from __future__ import annotations

import math

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor


@operation(method=True, inplace=True, out="cast")
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension p, element by element.

    log(pi) p (p - 1) / 4 plus the sum of lgamma(input - i / 2) for i = 0, ..., p - 1.

    Args:
        p: the dimension, at least 1; elements should be larger than (p - 1) / 2.

    Raises:
        RuntimeError: if p is less than 1.

    >>> import kajo
    >>> kajo.mvlgamma(kajo.tensor([2.0, 3.0]), 2)
    tensor([0.4516, 1.5502])
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma(): p has to be greater than or equal to 1, got {p}")
    dtype = input.dtype if input.is_floating_point() else _core.get_default_dtype()
    steps = _core.arange(p, dtype=dtype, device=input.device) * -0.5
    shifted = input.unsqueeze(-1) + steps
    return _core.lgamma(shifted).sum(-1) + 0.25 * p * (p - 1) * math.log(math.pi)


@operation(method=True, results="mantissa exponent", out="same")
def frexp(input: Tensor) -> tuple[Tensor, Tensor]:
    """Mantissa and exponent: input = mantissa * 2**exponent, the mantissa's size in [0.5, 1).

    Returns:
        (mantissa, exponent), the exponent int32. Zero, infinity and nan have exponent 0.

    Raises:
        RuntimeError: if the input is not of floating-point type.

    >>> import kajo
    >>> mantissa, exponent = kajo.frexp(kajo.tensor([1.0, 12.0, -0.25]))
    >>> mantissa
    tensor([ 0.5000,  0.7500, -0.5000])
    >>> exponent
    tensor([ 1,  4, -1], dtype=kajo.int32)
    """
    if not input.is_floating_point():
        raise RuntimeError(
            f"frexp() only supports floating-point dtypes, got {input.dtype}: "
            "convert the input with .to(...) first"
        )
    return _core.frexp_mantissa(input), _core.frexp_exponent(input.detach()).to(_core.int32)
