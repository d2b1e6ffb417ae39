"""Convolution, pooling, normalisation and losses: the batch joins the batch dimension or the channels."""

from __future__ import annotations

import math
from typing import Any

from kajo import Tensor, _core
from kajo.func._batched import RULES, Batch, UnbatchedWrite, Unsupported
from kajo.func._batching import sampling
from kajo.func._batching.pointwise import pointwise
from kajo.func._batching.register import bound, every, rank_of, register, rule

__all__: list[str] = []

_CONVOLUTIONS = {f"conv{transposed}{n}d": n for n in (1, 2, 3) for transposed in ("", "_transpose")}


def _convolution(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    spatial = _CONVOLUTIONS[func.__name__]
    input, weight, bias = found["input"], found["weight"], found["bias"]
    if rank_of(input) == spatial + 1:
        return func(**found | {"input": input.unsqueeze(0)}).squeeze(0)
    if rank_of(input) != spatial + 2:
        raise Unsupported
    if not batch.has(weight) and not batch.has(bias):
        result = func(**found | {"input": batch.value(input).flatten(0, 1)})
        return batch.wrap(result.unflatten(0, (batch.size, input.shape[0])))
    found["bias"] = None
    if batch.has(weight):
        # The samples' channels side by side, each sample a group of its own.
        found["input"] = batch.lift(input).movedim(0, 1).flatten(1, 2)
        found["weight"] = batch.value(weight).flatten(0, 1)
        groups = found["groups"]
        result = func(**found | {"groups": batch.size * groups})
        wrapped = batch.wrap(result.unflatten(1, (batch.size, -1)).movedim(1, 0))
    else:
        wrapped = func(**found)
    return wrapped if bias is None else wrapped + bias.reshape(-1, *[1] * spatial)


register(" ".join(_CONVOLUTIONS), _convolution)

# Operations on planes, with the number of their dimensions; what stands before them is a stack.
_PLANES = {
    **{
        f"{name}{n}d{suffix}": n + 1
        for name in ("avg_pool", "max_pool", "adaptive_avg_pool", "adaptive_max_pool")
        for n in (1, 2, 3)
        for suffix in ("", "_with_indices")
    },
    "channel_shuffle": 3,
    "pixel_shuffle": 3,
    "pixel_unshuffle": 3,
}


def _planes(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self = next(iter(found.values()))
    name = next(iter(found))
    rank = rank_of(self)
    least = rank if func.__name__ == "channel_shuffle" else _PLANES[func.__name__] + 1
    value = batch.value(self)
    if rank < least:  # the batch takes the place of the batch dimension
        return batch.wrap(func(**found | {name: value}))
    stack = value.shape[: rank + 2 - least]
    flat = value.reshape(math.prod(stack), *value.shape[len(stack) :])
    results = func(**found | {name: flat})
    many = results if isinstance(results, tuple) else (results,)
    out = tuple(r.unflatten(0, tuple(stack)) for r in many)
    return batch.wrap(out if isinstance(results, tuple) else out[0])


for _name in _PLANES:
    for _operation in every(_name):
        if hasattr(_operation, "schemas"):
            register(_name, _planes)
            break


@rule("constant_pad_nd resample")
def _constant_pad(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    return batch.wrap(func(**found | {"self": batch.value(found["self"])}))


@rule("pad")
def _pad(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    self = found["self"]
    value = batch.value(self)
    if found["mode"] == "constant":
        if len(found["pad"]) // 2 > rank_of(self):
            raise RuntimeError("pad(): more dimensions are padded than the tensor has")
        return batch.wrap(func(**found | {"self": value}))
    spatial = len(found["pad"]) // 2
    if rank_of(self) == spatial + 1:
        return batch.wrap(func(**found | {"self": value}))
    flat = func(**found | {"self": value.flatten(0, 1)})
    return batch.wrap(flat.unflatten(0, tuple(value.shape[:2])))


# ---- normalisation -----------------------------------------------------------------------------------


def _wide(x: Any) -> Any:
    """In a precision in which several steps may be rounded one by one."""
    is_short = isinstance(x, Tensor) and x.dtype in (_core.float16, _core.bfloat16)
    return x.float() if is_short else x


@rule("layer_norm")
def _layer_norm(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    weight, bias = found["weight"], found["bias"]
    if not batch.has(weight) and not batch.has(bias):
        return batch.wrap(func(**found | {"input": batch.value(found["input"])}))
    found |= {"weight": None, "bias": None}
    result = batch.wrap(func(**found | {"input": _wide(batch.lift(found["input"]))}))
    result = result if weight is None else result * weight
    return (result if bias is None else result + bias).to(found["input"].dtype)


@rule("group_norm")
def _group_norm(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    input, weight, bias = found["input"], found["weight"], found["bias"]
    per_channel = (-1, *(1 for _ in range(rank_of(input) - 2)))
    if batch.has(weight) or batch.has(bias):
        found |= {"weight": None, "bias": None}
    rows = batch.lift(input).flatten(0, 1)
    flat = func(**found | {"input": rows if found["weight"] is weight else _wide(rows)})
    result = batch.wrap(flat.unflatten(0, (batch.size, input.shape[0])))
    if found["weight"] is None and weight is not None:
        result = result * weight.reshape(per_channel)
    if found["bias"] is None and bias is not None:
        result = result + bias.reshape(per_channel)
    return result.to(input.dtype)


@rule("batch_norm")
def _batch_norm(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    input, training = _wide(found["input"]), found["training"]
    if rank_of(input) < 2:
        raise Unsupported
    mean, variance = found["running_mean"], found["running_var"]
    per_channel = (1, -1, *(1 for _ in range(rank_of(input) - 2)))
    dims = [d for d in range(rank_of(input)) if d != 1]
    if training or mean is None:
        center, spread = input.mean(dims), input.var(dims, correction=0)
        if mean is not None and training:
            count = input.numel() // input.shape[1]
            share = found["momentum"]
            for name, running, now in (
                ("running_mean", mean, center),
                ("running_var", variance, spread * (count / max(count - 1, 1))),
            ):
                if batch.has(now) and not batch.has(running):
                    raise RuntimeError(
                        f"batch_norm(): the statistics `{name}` are the same for all samples of vmap and "
                        "cannot take up a batch that differs between them. Use "
                        "track_running_stats=False or kajo.func.replace_all_batch_norm_modules_."
                    ) from UnbatchedWrite()
                running.mul_(1 - share).add_(now.detach() * share)
    else:
        center, spread = mean.detach(), variance.detach()
    scale = (spread + found["eps"]).rsqrt()
    if found["weight"] is not None:
        scale = scale * found["weight"]
    result = (input - center.reshape(per_channel)) * scale.reshape(per_channel)
    result = result if found["bias"] is None else result + found["bias"].reshape(per_channel)
    return result.to(found["input"].dtype)


# ---- losses --------------------------------------------------------------------------------------------

_PAIRWISE = """
binary_cross_entropy binary_cross_entropy_with_logits hinge_embedding_loss huber_loss kl_div l1_loss mse_loss
smooth_l1_loss soft_margin_loss poisson_nll_loss
"""


def _pairwise_loss(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    reduction = found["reduction"]
    loss = pointwise(batch, func, (), found | {"reduction": 0})
    if reduction == 0:
        return loss
    return loss.mean() if reduction == 1 else loss.sum()


for _name in _PAIRWISE.split():
    if hasattr(_core, _name) and hasattr(getattr(_core, _name), "schemas"):
        register(_name, _pairwise_loss)


def _class_loss(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Losses of class scores: the samples' rows form one long batch."""
    found = bound(func, args, kwargs)
    scores, target, weight = found["self"], found["target"], found["weight"]
    if batch.has(weight):
        return _weighted(func, found)
    reduction, rank = found["reduction"], rank_of(scores)
    rows, classes = _wide(batch.lift(scores)), _wide(batch.lift(target))
    if rank > 1:
        rows, classes = rows.flatten(0, 1), classes.flatten(0, 1)
    found["weight"] = _wide(weight)
    losses = func(**found | {"self": rows, "target": classes, "reduction": 0})
    if rank > 1:
        losses = losses.unflatten(0, (batch.size, scores.shape[0]))
    if reduction == 0:
        return batch.wrap(losses.to(scores.dtype))
    total = batch.wrap(losses.reshape(batch.size, losses[0].numel()).sum(1))
    if reduction == 1:
        total = total / _count(scores, target, found, weight)
    return total.to(scores.dtype)


def _weighted(func: Any, found: dict[str, Any]) -> Any:
    """Losses of classes whose weights differ between samples."""
    scores, target, weight = found["self"], found["target"], found["weight"]
    reduction, dim = found["reduction"], min(rank_of(scores) - 1, 1)
    if func.__name__ == "cross_entropy":
        scores = scores.log_softmax(dim)
    along = weight.reshape(-1, *[1] * (rank_of(scores) - 1 - dim))
    smoothing, classes = found.get("label_smoothing", 0.0), scores.shape[dim]
    if target.is_floating_point():
        smooth = target * (1 - smoothing) + smoothing / classes
        losses = -(scores * smooth * along).sum(dim)
        total: Any = max(losses.numel(), 1)
    else:
        counted = target != found["ignore_index"]
        named = target.where(counted, 0)
        # By the classes' own weights there is no gradient.
        weights = weight.detach()[named] * counted
        losses = -scores.gather(dim, named.unsqueeze(dim)).squeeze(dim) * weights
        if smoothing:
            spread = -(scores * along).sum(dim) * counted
            losses = losses * (1 - smoothing) + spread * (smoothing / classes)
        total = weights.sum()
    if reduction == 0:
        return losses
    return losses.sum() / total if reduction == 1 else losses.sum()


def _count(scores: Tensor, target: Tensor, found: dict[str, Any], weight: Any) -> Any:
    """What the mean of class losses divides by: the weights of the classes that count."""
    rank = rank_of(scores)
    if target.is_floating_point():
        return max(math.prod(scores.shape) // scores.shape[0 if rank == 1 else 1], 1)
    counted = target != found["ignore_index"]
    if weight is None:
        return counted.sum()
    return (weight[target.where(counted, 0)] * counted).sum()


for _name in ("nll_loss", "nll_loss2d", "cross_entropy"):
    if hasattr(getattr(_core, _name, None), "schemas"):
        RULES[getattr(_core, _name)] = _class_loss


@rule("scaled_dot_product_attention")
def _attention(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    names = ("query", "key", "value", "attn_mask")
    tensors = {name: found[name] for name in names if isinstance(found[name], Tensor)}
    if found["dropout_p"] > 0:
        return sampling.sample_by_sample(batch, func, args, kwargs)
    rank = max(map(rank_of, tensors.values()))
    values = {}
    for name, x in tensors.items():
        value = batch.lift(x)
        for _ in range(rank - rank_of(x)):
            value = value.unsqueeze(1)
        values[name] = value
    return batch.wrap(func(**found | values))
