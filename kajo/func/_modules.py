"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor, nn
from kajo.nn.utils import stateless

__all__ = [
    "functional_call",
    "functionalize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
]


def functional_call(
    module: nn.Module,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in place of its parameters and buffers.

    Args:
        module: the module; it is left as it is.
        parameter_and_buffer_dicts: tensors by name, or several such dicts.
        args: the argument, or a tuple of arguments.
        kwargs: keyword arguments.
        tie_weights: give a tensor that has several names in the module the new value under all of them.
        strict: refuse names that are missing or not known.

    Raises:
        ValueError: if several dicts have the same name.

    >>> import kajo
    >>> layer = kajo.nn.Linear(1, 1, bias=False)
    >>> kajo.func.functional_call(layer, {"weight": kajo.full((1, 1), 3.0)}, kajo.ones(1))
    tensor([3.])
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        tensors = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        names = [name for part in parameter_and_buffer_dicts for name in part]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"{repeated[0]} appears in multiple dictionaries; behavior of functional call is ambiguous"
            )
        tensors = {name: t for part in parameter_and_buffer_dicts for name, t in part.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    return stateless.functional_call(
        module, tensors, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def stack_module_state(
    models: Sequence[nn.Module],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of modules of one kind, stacked: an ensemble for `vmap`.

    Returns:
        (parameters, buffers) by name; the parameters are leaves that require grad as the first's do.

    Raises:
        RuntimeError: if there are no modules, or they differ in class or mode.

    >>> import kajo
    >>> models = [kajo.nn.Linear(2, 3) for _ in range(4)]
    >>> parameters, buffers = kajo.func.stack_module_state(models)
    >>> parameters["weight"].shape
    kajo.Size([4, 3, 2])
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(named: Callable[[nn.Module], dict[str, Tensor]]) -> dict[str, Tensor]:
        first, *others = map(named, models)
        out = {}
        for name, tensor in first.items():
            parts = [tensor, *(other[name] for other in others)]
            flags = {part.requires_grad for part in parts}
            if len(flags) > 1:
                raise RuntimeError(
                    f"Expected {name} from each model to have the same .requires_grad"
                )
            out[name] = kajo.stack(parts).detach().requires_grad_(tensor.requires_grad)
        return out

    return stacked(lambda m: dict(m.named_parameters())), stacked(lambda m: dict(m.named_buffers()))


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: nothing here needs functions to be free of in-place operations.

    Raises:
        RuntimeError: if `remove` is neither "mutations" nor "mutations_and_views".
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='{remove}'): remove must be 'mutations' or 'mutations_and_views'"
        )
    return func


def replace_all_batch_norm_modules_(root: nn.Module) -> nn.Module:
    """Make the batch normalisations of a module forget running statistics, which `vmap` cannot share.

    Returns:
        The module, changed.
    """
    for module in root.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return root
