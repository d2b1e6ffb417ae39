"""Differentiation inside `vmap`: each sample's gradients, from the gradients of all values."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch

__all__: list[str] = []


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _grad(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs")
    given = dict(zip(names, args)) | kwargs
    outputs, inputs = _tuple(given.pop("outputs")), _tuple(given.pop("inputs"))
    seeds = given.pop("grad_outputs", None)
    weights = (None,) * len(outputs) if seeds is None else _tuple(seeds)
    weights = tuple(kajo.ones_like(o) if w is None else w for o, w in zip(outputs, weights))
    kept = given.get("retain_graph")
    given["retain_graph"] = given.get("create_graph", False) if kept is None else kept
    if all(map(batch.has, outputs)) and all(map(batch.has, inputs)):
        # A sample's outputs depend on its own inputs alone: one pass does for all.
        found = func(
            tuple(map(batch.value, outputs)),
            tuple(map(batch.value, inputs)),
            tuple(map(batch.lift, weights)),
            **given,
        )
        return tuple(None if g is None else batch.wrap(g) for g in found)
    return _row_by_row(batch, func, outputs, inputs, weights, given)


def _row_by_row(
    batch: Batch,
    func: Any,
    outputs: tuple[Any, ...],
    inputs: tuple[Any, ...],
    weights: tuple[Any, ...],
    given: dict[str, Any],
) -> Any:
    """One pass for each sample, where values belong to several samples."""
    rows = []
    for i in range(batch.size):
        seeds = []
        for output, weight in zip(outputs, weights):
            seed = batch.sample(weight, i)
            if batch.has(output):
                whole = kajo.zeros_like(batch.value(output))
                whole[i] = seed
                seed = whole
            seeds.append(seed)
        options = given | {"retain_graph": given["retain_graph"] or i + 1 < batch.size}
        found = func(
            tuple(map(batch.value, outputs)),
            tuple(map(batch.value, inputs)),
            tuple(seeds),
            **options,
        )
        rows.append(
            [None if g is None else g[i] if batch.has(x) else g for g, x in zip(found, inputs)]
        )
    return tuple(
        None if column[0] is None else batch.wrap(kajo.stack(column)) for column in zip(*rows)
    )


def _backward(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise RuntimeError(
        "vmap: backward() accumulates into tensors outside; use kajo.func.grad or kajo.autograd.grad "
        "inside of vmap"
    )


if not isinstance(kajo.autograd.grad, _core.Overridable):
    raise AssertionError("kajo.autograd.grad must be overridable")
RULES[kajo.autograd.grad] = _grad
RULES[Tensor.backward] = _backward
