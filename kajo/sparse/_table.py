"""The table of operations on sparse tensors, and what its functions have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import kajo
from kajo.sparse._tensor import SparseTensor

__all__ = ["TABLE", "axis_of", "handles", "of_coo"]

# What an operation of a name is for sparse tensors.
TABLE: dict[str, Callable[..., Any]] = {}

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


def handles(*names: str) -> Callable[[_Handler], _Handler]:
    """Puts a function into the table under the names of operations."""

    def register(function: _Handler) -> _Handler:
        for name in names:
            TABLE[name] = function
        return function

    return register


def axis_of(x: SparseTensor, dim: int) -> int:
    """The dimension that `dim` names."""
    n = len(x._size)
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return dim % n


def of_coo(x: SparseTensor, name: str) -> SparseTensor:
    """The tensor itself, if it is in coordinate format."""
    if x._kind is not kajo.sparse_coo:
        raise RuntimeError(f"{name} expected sparse coordinate tensor layout but got {x._kind}")
    return x
