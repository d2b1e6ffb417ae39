"""What variants are made of: operands of any type, and work with and without gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from kajo.bench.work import Backward, Call, Inference, Make, Work, normal

MEGA = 1 << 20
F = "nn.functional."
Family = dict[str, Work]


def positive(*shape: int, dtype: str = "float32") -> Make:
    """An operand with elements from 0.5 to 1.5."""
    return lambda framework: (framework.rand(shape) + 0.5).to(getattr(framework, dtype))


def booleans(*shape: int) -> Make:
    """An operand with true elements at random places."""
    return lambda framework: framework.rand(shape) > 0.5


def typed(dtype: str, *shape: int) -> Make:
    """An operand of any type."""
    if dtype == "bool":
        return booleans(*shape)
    if dtype.startswith(("int", "uint")):
        return lambda framework: framework.randint(1, 100, shape).to(getattr(framework, dtype))
    return normal(*shape, dtype=dtype)


def both(name: str, function: Any, *makes: Any, **settings: Any) -> Family:
    """A call without gradients, and one with them: `makes` are normal's arguments or operands."""

    def operands(grad: bool) -> tuple[Make, ...]:
        return tuple(
            normal(*make, grad=grad) if isinstance(make, tuple) else make for make in makes
        )

    return {
        name: Call(function, operands(False), settings=settings),
        f"{name}_grad": Backward(Call(function, operands(True), settings=settings)),
    }


def layer(name: str, make: Any, *shape: int, dtype: str = "float32") -> Family:
    """A module applied in evaluation mode, and in training with gradients of input and parameters."""

    def module(framework: ModuleType) -> Any:
        return make(framework.nn).to(getattr(framework, dtype))

    def first(out: Any) -> Any:
        return out[0] if isinstance(out, tuple) else out

    return {
        name: Inference(module, normal(*shape, dtype=dtype)),
        f"{name}_grad": Backward(
            Call(lambda net, x: first(net(x)), (module, normal(*shape, grad=True, dtype=dtype)))
        ),
    }


def merged(*families: Family) -> Family:
    """One family of several."""
    return {name: work for family in families for name, work in family.items()}
