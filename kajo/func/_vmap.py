"""`vmap`: a function of single samples made one of batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor
from kajo.func import _batching as _batching  # fills the table of rules
from kajo.func._batched import Batch, BatchedTensor, DataDependent, entered
from kajo.utils._pytree import (
    TreeSpec,
    _broadcast_to_and_flatten,
    tree_flatten,
    tree_map,
    tree_unflatten,
)

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function applied to each sample of a batch, all at once.

    What `func` does with one sample is carried out for all samples together. It may not ask for the
    value of a tensor (`.item()`, `if x > 0`) nor produce shapes that differ between samples.

    Args:
        func: takes tensors, or nested containers of them, and returns tensors.
        in_dims: which dimension of the arguments counts the samples; None for arguments that are the
            same for all; or a container of these, of the structure of the arguments or a prefix of it.
        out_dims: where the samples are to be counted in the results, likewise.
        randomness: what random operations in `func` do: "error", numbers that are "different" between
            samples, or the "same" for all.
        chunk_size: how many samples at most are done at once, to save memory; None for all.

    Returns:
        A function of batches. Keyword arguments are the same for all samples.

    Raises:
        ValueError: if `in_dims` or `out_dims` do not fit, or batches differ in size.

    >>> import kajo
    >>> rows = kajo.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> kajo.vmap(lambda row: row / row.sum())(rows)
    tensor([[0.3333, 0.6667],
            [0.4286, 0.5714]])
    >>> kajo.vmap(kajo.dot, in_dims=(0, None))(rows, kajo.ones(2))
    tensor([3., 7.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(
            f"vmap: chunk_size should be None or greater than 0. (got chunk_size={chunk_size})"
        )

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        dims, leaves, structure, size = _mapped(in_dims, args, func)
        if chunk_size is None or size <= chunk_size:
            return _run(func, dims, leaves, structure, size, out_dims, randomness, kwargs)
        pieces = []
        drawn = kajo.get_rng_state() if randomness == "same" else None
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            part = [x if d is None else x.narrow(d, start, count) for x, d in zip(leaves, dims)]
            if drawn is not None:
                kajo.set_rng_state(drawn)
            pieces.append(_run(func, dims, part, structure, count, out_dims, randomness, kwargs))
        return _joined(pieces, out_dims, func)

    return wrapped


def _call(func: Any, in_dims: Any) -> str:
    return f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"


def _name(func: Any) -> str:
    return str(getattr(func, "__name__", repr(func)))


def _mapped(in_dims: Any, args: Any, func: Any) -> tuple[list[Any], list[Any], TreeSpec, int]:
    """For each leaf of the arguments the dimension that is mapped; and the size of the batch."""
    if not isinstance(in_dims, (int, tuple)) or isinstance(in_dims, bool):
        raise ValueError(
            f"{_call(func, in_dims)}: expected `in_dims` to be int or a (potentially nested) tuple "
            f"matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    leaves, structure = tree_flatten(args)
    dims = _broadcast_to_and_flatten(in_dims, structure)
    if dims is None:
        raise ValueError(
            f"{_call(func, in_dims)}: in_dims is not compatible with the structure of `inputs`. in_dims "
            f"has structure {tree_flatten(in_dims)[1]} but inputs has structure {structure}."
        )
    places = [_place(func, in_dims, x, d) for x, d in zip(leaves, dims)]
    sizes = [x.shape[d] for x, d in zip(leaves, places) if d is not None]
    if not sizes:
        raise ValueError(f"{_call(func, in_dims)}: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return places, leaves, structure, int(sizes[0])


def _place(func: Any, in_dims: Any, x: Any, dim: Any) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{_call(func, in_dims)}: Got in_dim={dim} for an input but in_dim must be either an integer "
            "dimension or None."
        )
    if not isinstance(x, Tensor):
        raise ValueError(
            f"{_call(func, in_dims)}: Got in_dim={dim} for an input but the input is of type {type(x)}. "
            "We cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -x.dim() <= dim < x.dim():
        raise ValueError(
            f"{_call(func, in_dims)}: Got in_dim={dim} for some input, but that input is a Tensor of "
            f"dimensionality {x.dim()} so expected in_dim to satisfy -{x.dim()} <= in_dim < {x.dim()}."
        )
    return dim % x.dim()


def _run(
    func: Any,
    dims: list[Any],
    leaves: list[Any],
    structure: TreeSpec,
    size: int,
    out_dims: Any,
    randomness: str,
    kwargs: dict[str, Any],
) -> Any:
    with entered(size, randomness) as batch:
        samples = [
            x if d is None else batch.wrap(x.movedim(d, 0) if d else x)
            for x, d in zip(leaves, dims)
        ]
        try:
            results = func(*tree_unflatten(samples, structure), **kwargs)
        except DataDependent as refusal:
            if batch.level > 1:
                raise
            raise RuntimeError(str(refusal)) from refusal
    return _unwrapped(batch, results, out_dims, func)


def _out_places(results: Any, out_dims: Any, func: Any) -> tuple[list[Any], list[Any], TreeSpec]:
    leaves, structure = tree_flatten(results)
    if isinstance(out_dims, (int, type(None))) or isinstance(results, Tensor):
        single = out_dims
        if isinstance(results, Tensor) and isinstance(out_dims, tuple) and len(out_dims) == 1:
            (single,) = out_dims
        if not isinstance(single, (int, type(None))):
            raise _incompatible(func, out_dims, structure)
        return leaves, [single] * len(leaves), structure
    dims = _broadcast_to_and_flatten(out_dims, structure)
    if dims is None:
        raise _incompatible(func, out_dims, structure)
    if not all(isinstance(d, (int, type(None))) for d in dims):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python "
            "collection of ints representing where in the outputs the vmapped dimension should appear."
        )
    return leaves, dims, structure


def _incompatible(func: Any, out_dims: Any, structure: TreeSpec) -> ValueError:
    return ValueError(
        f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the "
        f"structure of `outputs`. out_dims has structure {tree_flatten(out_dims)[1]} but outputs has "
        f"structure {structure}."
    )


def _unwrapped(batch: Batch, results: Any, out_dims: Any, func: Any) -> Any:
    leaves, dims, structure = _out_places(results, out_dims, func)
    return tree_unflatten(
        [_unwrapped_leaf(batch, x, d, func) for x, d in zip(leaves, dims)], structure
    )


def _unwrapped_leaf(batch: Batch, x: Any, dim: int | None, func: Any) -> Any:
    if dim is None:
        if batch.has(x):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim "
                "is None"
            )
        return x
    if not isinstance(x, Tensor):
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(x)}. Did "
            "you mean to set out_dims= to None for output?"
        )
    value = batch.lift(x)
    if dim == 0:
        return value
    if not -value.dim() <= dim < value.dim():
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-value.dim()}, {value.dim() - 1}], "
            f"but got {dim})"
        )
    return value.movedim(0, dim)


def _joined(pieces: list[Any], out_dims: Any, func: Any) -> Any:
    """The results of all chunks, joined where they count the samples."""
    _, dims, structure = _out_places(pieces[0], out_dims, func)
    columns = zip(*(tree_flatten(piece)[0] for piece in pieces))
    return tree_unflatten(
        [c[0] if d is None else kajo.cat(list(c), d) for c, d in zip(columns, dims)], structure
    )


def everywhere(x: Tensor, batches: list[Batch]) -> Tensor:
    """The same tensor with a sample of its own at each level."""
    if not batches:
        return x
    *outer, batch = batches
    if batch.has(x):
        value = everywhere(batch.value(x), outer)
    else:
        inside = everywhere(x, outer)
        value = inside.unsqueeze(0).expand(batch.size, *inside.shape)
    return batch.wrap(value)  # type: ignore[no-any-return]


def debug_unwrap(tensor: Any, *, recurse: bool = True) -> Any:
    """The value behind a tensor that stands for a sample inside of `vmap`, to look at.

    Args:
        tensor: what the mapped function sees.
        recurse: go through all levels.
    """
    if type(tensor) is not BatchedTensor:
        return tensor
    return debug_unwrap(tensor._value) if recurse else tensor._value


def without_batches(tree: Any) -> Any:
    """`debug_unwrap` for each tensor of a tree."""
    return tree_map(debug_unwrap, tree)
