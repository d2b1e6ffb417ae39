"""Numbers that may be known by their relations only, and functions that take them and plain ones.

kajo's own shapes are plain integers. The classes wrap a node, anything that computes with Python's
operators, so that programs can ask for them, and tools can hand expressions through.

>>> import kajo
>>> int(kajo.SymInt(2) * 3 + 1)
7
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from kajo._tensor import Tensor

__all__ = [
    "SymBool", "SymFloat", "SymInt", "sym_constrain_range", "sym_constrain_range_for_size",
    "sym_float", "sym_fresh_size", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt",
    "sym_sum",
]  # fmt: skip


class _Symbol:
    """A number or truth value that its node knows."""

    node: Any

    def __init__(self, node: Any) -> None:
        self.node = node.node if isinstance(node, _Symbol) else node

    def __bool__(self) -> bool:
        return bool(self.node)

    def __int__(self) -> int:
        return int(self.node)

    def __float__(self) -> float:
        return float(self.node)

    def __repr__(self) -> str:
        return str(self.node)

    def __hash__(self) -> int:
        return hash(self.node)

    def __eq__(self, other: object) -> Any:
        return SymBool(self.node == _node(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.node != _node(other))

    def __sym_max__(self, other: Any) -> Any:
        return _wrapped(max(self.node, _node(other)))

    def __sym_min__(self, other: Any) -> Any:
        return _wrapped(min(self.node, _node(other)))


class SymInt(_Symbol):
    """An integer, such as a size, that its node knows.

    Args:
        node: what computes.
    """

    def __index__(self) -> int:
        return int(self.node)

    def is_integer(self) -> bool:
        """Always True."""
        return True


class SymFloat(_Symbol):
    """A number that its node knows.

    Args:
        node: what computes.
    """

    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return float(self.node).is_integer()


class SymBool(_Symbol):
    """A truth value that its node knows.

    Args:
        node: what computes.
    """

    def __and__(self, other: Any) -> SymBool:
        return SymBool(self.node & _node(other))

    def __or__(self, other: Any) -> SymBool:
        return SymBool(self.node | _node(other))

    def __sym_not__(self) -> SymBool:
        return SymBool(not self.node)


def _node(value: Any) -> Any:
    return value.node if isinstance(value, _Symbol) else value


def _wrapped(result: Any) -> Any:
    """The result of an operation in the class of its kind."""
    if isinstance(result, bool):
        return SymBool(result)
    return SymFloat(result) if isinstance(result, float) else SymInt(result)


def _operator(function: Callable[..., Any], reflected: bool) -> Callable[..., Any]:
    def compute(self: _Symbol, *others: Any) -> Any:
        values = [self.node, *map(_node, others)]
        return _wrapped(function(*(reversed(values) if reflected else values)))

    return compute


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for _class in (SymInt, SymFloat):
        setattr(_class, f"__{_name}__", _operator(getattr(operator, _name), False))
        setattr(_class, f"__r{_name}__", _operator(getattr(operator, _name), True))
for _name in ("lt", "le", "gt", "ge", "neg", "pos", "abs"):
    for _class in (SymInt, SymFloat):
        setattr(_class, f"__{_name}__", _operator(getattr(operator, _name), False))
for _name in ("and", "or", "xor", "lshift", "rshift"):
    _function = getattr(operator, f"{_name}_" if _name in ("and", "or") else _name)
    setattr(SymInt, f"__{_name}__", _operator(_function, False))
    setattr(SymInt, f"__r{_name}__", _operator(_function, True))


def sym_int(a: Any) -> Any:
    """A number's whole part, towards zero."""
    return SymInt(int(a)) if isinstance(a, _Symbol) else int(a)


def sym_float(a: Any) -> Any:
    """A number as a float."""
    return SymFloat(float(a)) if isinstance(a, _Symbol) else float(a)


def sym_not(a: Any) -> Any:
    """Whether something is not true."""
    return SymBool(not a) if isinstance(a, _Symbol) else not a


def sym_max(a: Any, b: Any) -> Any:
    """The larger of two numbers, a float if one of them is."""
    return _chosen(max, a, b)


def sym_min(a: Any, b: Any) -> Any:
    """The smaller of two numbers, a float if one of them is."""
    return _chosen(min, a, b)


def _chosen(function: Callable[..., Any], a: Any, b: Any) -> Any:
    kind = (
        sym_float if isinstance(a, (float, SymFloat)) or isinstance(b, (float, SymFloat)) else _same
    )
    result = function(_node(kind(a)), _node(kind(b)))
    return _wrapped(result) if isinstance(a, _Symbol) or isinstance(b, _Symbol) else result


def _same(a: Any) -> Any:
    return a


def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """`t` if `b`, else `f`, which are of one type."""
    if type(t) is not type(f):
        raise TypeError(f"sym_ite(): t and f must be of one type, got {type(t)} and {type(f)}")
    return t if b else f


def sym_sqrt(a: Any) -> Any:
    """The square root of a number."""
    return SymFloat(math.sqrt(float(a))) if isinstance(a, _Symbol) else math.sqrt(a)


def sym_sum(args: Any) -> Any:
    """The sum of a list of numbers."""
    return sum(args)


def sym_fresh_size(expr: Any) -> Any:
    """A size as one that nothing is known of: a plain integer stays itself.

    >>> import kajo
    >>> kajo.sym_fresh_size(3)
    3
    """
    return expr


_LARGEST = 2**63 - 1


def sym_constrain_range(size: Any, *, min: int | None = None, max: int | None = None) -> None:
    """Promises that a number lies between bounds, which is checked.

    Args:
        size: a number, or a tensor of one.
        min, max: the bounds, which it may reach; None for none.

    Raises:
        RuntimeError: if it does not.

    >>> import kajo
    >>> kajo.sym_constrain_range(3, min=1, max=5)
    """
    low = -_LARGEST - 1 if min is None else min
    high = _LARGEST if max is None else max
    if high < low:
        raise RuntimeError(f"Max must be greater than or equal to min, got {high} and {low}.")
    value = size.item() if isinstance(size, Tensor) else int(size)
    if not low <= value <= high:
        raise RuntimeError(f"Invalid value range for {value} between [{low}, {high}].")


def sym_constrain_range_for_size(
    size: Any, *, min: int | None = None, max: int | None = None
) -> None:
    """:func:`kajo.sym_constrain_range` for what is to be a size: at least 0."""
    sym_constrain_range(size, min=0 if min is None else min, max=max)
