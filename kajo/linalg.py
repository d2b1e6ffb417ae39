"""Linear algebra: factorisations, solutions of equations, norms.

>>> import kajo
>>> kajo.linalg.cross(kajo.tensor([1.0, 0, 0]), kajo.tensor([0.0, 1, 0]))
tensor([0., 0., 1.])
"""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo._core import _LinAlgError as LinAlgError

_core_names = [name for name in dir(getattr(_core, "linalg", None)) if not name.startswith("_")]
globals().update({name: getattr(_core.linalg, name) for name in _core_names})

__all__ = ["LinAlgError", *_core_names]


def _matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """:func:`kajo.matmul`."""
    return kajo.matmul(input, other) if out is None else kajo.matmul(input, other, out=out)


def _diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """:func:`kajo.diagonal` of the last two dimensions."""
    return kajo.diagonal(A, offset, dim1, dim2)


def _cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along a dimension of size 3."""
    return kajo.cross(input, other, dim)


def _vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products along a dimension; `x` is conjugated."""
    return (x.conj() * y).sum(dim)


def _vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of the elements as a vector, over all or some dimensions."""
    return kajo.norm(x, ord, dim, keepdim, dtype=dtype)


def _multi_dot(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """The product of several matrices in the cheapest order; the ends may be vectors."""
    factors = list(tensors)
    if len(factors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(factors)}")
    first, last = factors[0].dim() == 1, factors[-1].dim() == 1
    factors[0] = factors[0].unsqueeze(0) if first else factors[0]
    factors[-1] = factors[-1].unsqueeze(1) if last else factors[-1]
    result = kajo.chain_matmul(*factors)
    result = result.squeeze(-1) if last else result
    result = result.squeeze(0) if first else result
    return result if out is None else out.copy_(result)


_composites = {
    "cross": _cross,
    "diagonal": _diagonal,
    "matmul": _matmul,
    "multi_dot": _multi_dot,
    "vecdot": _vecdot,
    "vector_norm": _vector_norm,
}
for _name, _function in _composites.items():
    if _name not in _core_names:
        _function.__name__ = _function.__qualname__ = _name
        globals()[_name] = _function
        __all__.append(_name)
