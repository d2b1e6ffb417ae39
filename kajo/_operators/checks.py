"""Whether what is registered for an operation fits together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kajo
from kajo._operators.registry import Overload, _rebuilt, _tensors
from kajo._tensor import Tensor

__all__ = ["OpCheckError", "run_checks"]


class OpCheckError(Exception):
    """A check of an operation failed."""


class _Call:
    """An operation and the arguments that it is checked with."""

    def __init__(self, op: Overload, args: Any, kwargs: dict[str, Any], tolerances: Any) -> None:
        self.op = op
        self.values = op._schema.bind(args, kwargs)
        self.tolerances = tolerances

    def copies(self, copy: Callable[[Tensor], Tensor]) -> list[Any]:
        copied: list[Any] = _rebuilt(self.values, (copy(t) for t in _tensors(self.values)))
        return copied

    def run(self, values: list[Any]) -> Any:
        arguments = self.op._schema.arguments
        placed = [v for a, v in zip(arguments, values) if not a.keyword_only]
        named = {a.name: v for a, v in zip(arguments, values) if a.keyword_only}
        return self.op(*placed, **named)


def _same_leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def _check_schema(call: _Call) -> None:
    values = call.copies(lambda t: t.detach().clone())
    before = call.copies(lambda t: t.detach().clone())
    result = call.run(values)
    for argument, old, new in zip(call.op._schema.arguments, before, values):
        for a, b in zip(_tensors([old]), _tensors([new])):
            if not argument.mutable and not kajo.allclose(a, b, rtol=0, atol=0, equal_nan=True):
                raise OpCheckError(
                    f"Argument {argument.name} is not defined as mutable but was mutated"
                )
    places = {t.untyped_storage().data_ptr() for t in _tensors(values)} - {0}
    for number, tensor in enumerate(_tensors([result])):
        if tensor.untyped_storage().data_ptr() in places:
            raise OpCheckError(f"Result {number} is not defined to alias an argument but does")


def _check_autograd_registration(call: _Call) -> None:
    op = call.op
    if op.implicit is not None or op.autograd_kernel is not None or op.backward is not None:
        return
    if any(t.requires_grad for t in _tensors(call.values)):
        raise OpCheckError(
            f"{op}: arguments require grad, but no autograd formula was registered; use "
            "register_autograd"
        )


def _check_fake(call: _Call) -> None:
    real = call.run(call.copies(lambda t: t.detach().clone()))
    fake = call.run(
        call.copies(lambda t: kajo.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta"))
    )
    found, wanted = list(_tensors([fake])), list(_tensors([real]))
    if len(found) != len(wanted):
        raise OpCheckError(
            f"the fake function gives {len(found)} tensors, the operation {len(wanted)}"
        )
    for f, w in zip(found, wanted):
        for what, a, b in (
            ("Shapes", w.shape, f.shape),
            ("Dtypes", w.dtype, f.dtype),
            ("Strides", w.stride(), f.stride()),
        ):
            if a != b:
                raise OpCheckError(
                    f"When comparing the output of {call.op} on meta and concrete Tensors, found "
                    f"mismatched tensor metadata: {what} {a} and {b} are not equal!"
                )


def _check_again(call: _Call) -> None:
    first, second = _derived(call), _derived(call)
    for a, b in zip(first, second):
        kajo.testing.assert_close(a, b, equal_nan=True, **call.tolerances)


def _derived(call: _Call) -> list[Tensor]:
    """The results and the gradients."""
    values = call.copies(_same_leaf)
    results = list(_tensors([call.run(values)]))
    leaves = [t for t in _tensors(values) if t.requires_grad]
    tracked = [t for t in results if t.requires_grad]
    if not leaves or not tracked:
        return results
    seeds = [kajo.ones_like(t) for t in tracked]
    grads = kajo.autograd.grad(tracked, leaves, seeds, allow_unused=True, materialize_grads=True)
    return [*results, *grads]


_CHECKS: dict[str, Callable[[_Call], None]] = {
    "test_schema": _check_schema,
    "test_autograd_registration": _check_autograd_registration,
    "test_faketensor": _check_fake,
    "test_aot_dispatch_static": _check_again,
    "test_aot_dispatch_dynamic": _check_again,
}


def run_checks(
    op: Overload,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    names: list[str],
    raise_exception: bool,
    tolerances: dict[str, float],
) -> dict[str, Any]:
    """The outcome of each check: "SUCCESS" or the exception."""
    for name in names:
        if name not in _CHECKS:
            raise ValueError(f"opcheck(): there is no check {name!r}; there are {sorted(_CHECKS)}")
    outcomes: dict[str, Any] = {}
    for name in names:
        try:
            _CHECKS[name](_Call(op, args, kwargs, tolerances))
            outcomes[name] = "SUCCESS"
        except Exception as error:
            if raise_exception:
                raise OpCheckError(f"opcheck(op, ...): {name} failed with {error}") from error
            outcomes[name] = error
    return outcomes
