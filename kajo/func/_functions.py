"""Functions with a gradient of their own inside of `vmap`."""

from __future__ import annotations

from typing import Any, NamedTuple

from kajo import Tensor
from kajo.autograd.function import Function, FunctionCtx
from kajo.func._batched import Batch
from kajo.utils._pytree import _broadcast_to_and_flatten, tree_flatten, tree_map, tree_unflatten

__all__ = ["VmapInfo", "apply_to_batch"]


class VmapInfo(NamedTuple):
    """What the static method `vmap` of a function is told.

    Attributes:
        batch_size: the number of samples.
        randomness: "error", "different" or "same".
    """

    batch_size: int
    randomness: str


def apply_to_batch(batch: Batch, cls: Any, args: tuple[Any, ...]) -> Any:
    """`cls.apply` for samples of a batch.

    Raises:
        RuntimeError: if the function says neither how nor that it can be derived.
    """
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an "
            "overriden vmap staticmethod. Please set generate_vmap_rule=False or delete the overriden "
            "vmap staticmethod to avoid ambiguity."
        )
    if own:
        return by_rule(batch, cls.__name__, cls.vmap, args, {})
    if not cls.generate_vmap_rule and not cls.__module__.startswith("kajo."):
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override "
            "and implement the vmap staticmethod or set generate_vmap_rule=True."
        )
    values = [batch.value(x) for x in args]
    mapped = tuple(batch.has(x) for x in args)
    results = _Generated.apply(batch, cls, mapped, *values)
    return batch.wrap(results)


def by_rule(
    batch: Batch, name: str, rule: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What a rule, rule(info, in_dims, *args) -> (results, out_dims), makes of samples of a batch."""
    in_dims = tree_map(lambda x: 0 if batch.has(x) else None, args)
    values, named = tree_map(batch.value, args), tree_map(batch.value, kwargs)
    results, out_dims = rule(VmapInfo(batch.size, batch.randomness), in_dims, *values, **named)
    leaves, structure = tree_flatten(results)
    dims = _broadcast_to_and_flatten(out_dims, structure, lambda d: d is None)
    if dims is None:
        raise RuntimeError(
            f"{name}.vmap(): out_dims {out_dims} do not fit the structure of the results"
        )
    return tree_unflatten(
        [x if d is None else batch.wrap(x.movedim(d, 0)) for x, d in zip(leaves, dims)], structure
    )


class _Context(FunctionCtx):
    """What `forward` and `backward` of the function see: samples."""

    saved_tensors: tuple[Any, ...] = ()


class _Generated(Function):
    """A function carried out on samples, with its history between the values."""

    @staticmethod
    def forward(ctx: Any, batch: Batch, cls: Any, mapped: Any, *values: Any) -> Any:
        """Runs the function's `forward`; returns values."""
        samples = [batch.wrap(v) if is_mapped else v for v, is_mapped in zip(values, mapped)]
        inner = _Context()
        inner.needs_input_grad = ctx.needs_input_grad[3:]
        if cls.setup_context is not Function.setup_context:
            results = cls.forward(*samples)
            cls.setup_context(inner, tuple(samples), results)
        else:
            results = cls.forward(inner, *samples)
        ctx.batch, ctx.cls, ctx.mapped, ctx.inner = batch, cls, mapped, inner
        ctx.saved_mapped = tuple(batch.has(t) for t in inner.to_save)
        ctx.save_for_backward(*(batch.value(t) for t in inner.to_save))
        ctx.mark_non_differentiable(*(batch.value(t) for t in inner.non_differentiable))
        inner.to_save = ()
        many = results if isinstance(results, tuple) else (results,)
        out = tuple(
            (batch.value(r) if batch.has(r) else batch.lift(r).clone())
            if isinstance(r, Tensor)
            else r
            for r in many
        )
        return out if isinstance(results, tuple) else out[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Runs the function's `backward`; what all samples share gets the sum of their gradients."""
        batch, inner = ctx.batch, ctx.inner
        inner.saved_tensors = tuple(
            batch.wrap(t) if is_mapped and t is not None else t
            for t, is_mapped in zip(ctx.saved_tensors, ctx.saved_mapped)
        )
        given = [None if g is None else batch.wrap(g) for g in gradients]
        found = ctx.cls.backward(inner, *given)
        inner.saved_tensors = ()
        many = found if isinstance(found, tuple) else (found,)
        out: list[Any] = [None, None, None]
        for gradient, is_mapped in zip(many, ctx.mapped):
            if isinstance(gradient, Tensor):
                value = batch.lift(gradient)
                out.append(value if is_mapped else value.sum(0))
            else:
                out.append(None)
        return tuple(out)
