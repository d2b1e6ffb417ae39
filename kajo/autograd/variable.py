"""`Variable`: the former name of tensors that take part in differentiation."""

from __future__ import annotations

from typing import Any

from kajo._tensor import Tensor

__all__ = ["Variable"]


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """Gives back the tensor that it is called with, with `requires_grad` set.

    >>> import kajo
    >>> kajo.autograd.Variable(kajo.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Any:
        return data.detach().requires_grad_(requires_grad)
