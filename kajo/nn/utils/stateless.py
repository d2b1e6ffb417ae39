"""Calling a module with other parameters than its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from kajo import Tensor
from kajo.nn.modules.module import Module

__all__ = ["functional_call"]


class _Absent:
    """In place of what a module does not have."""


_ABSENT = _Absent()


def _place(module: Module, path: str) -> tuple[dict[str, Any], str]:
    """The table of the module that has `path`, and the name in it."""
    owner_path, _, name = path.rpartition(".")
    owner = module.get_submodule(owner_path)
    for table in (owner._parameters, owner._buffers):
        if name in table:
            return table, name
    if not isinstance(vars(owner).get(name, _ABSENT), Tensor | _Absent):
        raise TypeError(f"functional_call(): {path} of the module is no tensor")
    return vars(owner), name


def _with_tied(module: Module, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`given`, and for each tensor with several names all of them."""
    names: dict[int, list[str]] = {}
    for walk in (module.named_parameters, module.named_buffers):
        for name, tensor in walk(remove_duplicate=False):
            names.setdefault(id(tensor), []).append(name)
    result = dict(given)
    for group in names.values():
        known = [name for name in group if name in given]
        if len({id(given[name]) for name in known}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(known)}, which are tied. "
                "Consider using tie_weights=False"
            )
        for name in group if known else ():
            result[name] = given[known[0]]
    return result


@contextlib.contextmanager
def _reparametrize_module(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    tie_weights: bool = False,
    strict: bool = False,
) -> Iterator[None]:
    tensors = dict(parameters_and_buffers)
    if tie_weights:
        tensors = _with_tied(module, tensors)
    if strict:
        own = {n for n, _ in module.named_parameters(remove_duplicate=False)}
        own |= {n for n, _ in module.named_buffers(remove_duplicate=False)}
        missing, unexpected = sorted(own - set(tensors)), sorted(set(tensors) - own)
        lines = [
            f"{what} key(s): " + ", ".join(keys) + "."
            for what, keys in (("Unexpected", unexpected), ("Missing", missing))
            if keys
        ]
        if lines:
            raise RuntimeError(
                f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(lines)
            )
    saved: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for path, tensor in tensors.items():
            table, name = _place(module, path)
            saved.append((table, name, table.get(name, _ABSENT)))
            table[name] = tensor
        yield
    finally:
        for table, name, tensor in reversed(saved):
            if tensor is _ABSENT:
                del table[name]
            else:
                table[name] = tensor


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """What `module` gives with these tensors in place of its own.

    Args:
        module: called, and left as it was.
        parameters_and_buffers: tensors by path; those not named stay, those that it has not got it has
            for the call.
        args, kwargs: for the call; a single argument need not be a tuple.
        tie_weights: use one tensor for all names of a parameter that has several.
        strict: refuse missing and unexpected names.

    Returns:
        What the module gives.

    Raises:
        RuntimeError: with `strict`, if names are missing or not expected.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.Linear(2, 1, bias=False)
        >>> weights = {"weight": kajo.ones(1, 2)}
        >>> kajo.nn.utils.stateless.functional_call(layer, weights, kajo.ones(2))
        tensor([2.])
    """
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights, strict):
        return module(*args, **(kwargs or {}))
