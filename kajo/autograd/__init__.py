"""Automatic differentiation: gradients of anything that is computed with tensors.

>>> import kajo
>>> x = kajo.tensor([1.0, 2.0], requires_grad=True)
>>> kajo.autograd.grad((x ** 3).sum(), x)
(tensor([ 3., 12.]),)
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kajo import _core
from kajo._overriding import make_overridable
from kajo._tensor import Tensor
from kajo.autograd import forward_ad, functional, graph
from kajo.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from kajo.autograd.function import Function
from kajo.autograd.grad_mode import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from kajo.autograd.gradcheck import gradcheck, gradgradcheck
from kajo.autograd.variable import Variable

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "enforce_grad_layout_policy",
    "forward_ad",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]

if TYPE_CHECKING:
    from kajo.autograd import profiler as profiler
else:

    def __getattr__(name: str) -> Any:
        if name == "profiler":  # which few programs need
            return importlib.import_module("kajo.autograd.profiler")
        raise AttributeError(f"module 'kajo.autograd' has no attribute '{name}'")


_Tensors = Tensor | Sequence[Tensor] | graph.GradientEdge | Sequence[graph.GradientEdge]


def _described(place: Any) -> Tensor:
    """A tensor that tells shape and type of what the gradient at a tensor or edge must look like."""
    if isinstance(place, graph.GradientEdge):
        like: Tensor = place.node._gradient_like(place.output_nr)
        return like.requires_grad_()
    tensor: Tensor = place
    return tensor


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if isinstance(value, (Tensor, graph.GradientEdge)):
        return (value,)
    return tuple(value)


def _checked_seed(index: int, output: Any, gradient: Any, batched: bool) -> Tensor:
    """The gradient to start from at an output, which has to fit."""
    if not isinstance(gradient, Tensor):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    shape = gradient.shape[1:] if batched else gradient.shape
    if shape != output.shape:
        kind = " (its first dimension counts the gradients)" if batched else ""
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {gradient.shape}{kind} and "
            f"output[{index}] has a shape of {output.shape}."
        )
    if gradient.is_complex() != output.is_complex():
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. "
            f"Mismatch in dtype: grad_output[{index}] has a dtype of {gradient.dtype} and "
            f"output[{index}] has a dtype of {output.dtype}."
        )
    return gradient


def _seeds(outputs: Sequence[Any], gradients: Any, batched: bool = False) -> tuple[Any, ...]:
    """What to start from at each output; where there is None, the core takes ones."""
    if gradients is None:
        return (None,) * len(outputs)
    given = _as_tuple(gradients)
    seeds = tuple(
        None if g is None else _checked_seed(i, _described(o), g, batched)
        for i, (o, g) in enumerate(zip(outputs, given))
    )
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients")
    return seeds


def _carriers(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors that carry the history: of sparse ones their values."""
    if len(tensors) == 1 and type(tensors[0]) is Tensor:
        return tensors
    return tuple(t._history() if hasattr(type(t), "_history") else t for t in tensors)


def _carried(outputs: tuple[Any, ...], gradients: Any) -> Any:
    """Weights of sparse outputs as weights of their values."""
    if gradients is None or not any(hasattr(type(o), "_at_places") for o in outputs):
        return gradients
    return tuple(
        o._at_places(g) if g is not None and hasattr(type(o), "_at_places") else g
        for o, g in zip(outputs, _as_tuple(gradients), strict=True)
    )


def backward(
    tensors: _Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves that they were computed from.

    Args:
        tensors: what to differentiate.
        grad_tensors: a weight of the shape of each; may be left out for tensors of one element.
        retain_graph: keep what is saved for backward, for another call.
        create_graph: record the computation of the gradients, for higher derivatives.
        grad_variables: the former name of `grad_tensors`.
        inputs: accumulate into these tensors only.

    Raises:
        RuntimeError: if a weight is missing or of another shape, or nothing requires grad.

    >>> import kajo
    >>> x = kajo.tensor([1.0, 2.0], requires_grad=True)
    >>> kajo.autograd.backward(x * x, kajo.ones(2))
    >>> x.grad
    tensor([2., 4.])
    """
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    wanted: tuple[Any, ...] = ()
    if inputs is not None:
        wanted = _carriers(_as_tuple(inputs))
        if not wanted:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for tensor in wanted:
            if isinstance(tensor, Tensor) and not tensor.is_leaf:
                tensor.retain_grad()
    outputs = _as_tuple(tensors)
    roots = _carriers(outputs)
    seeds = _seeds(roots, _carried(outputs, grad_tensors))
    keep = create_graph if retain_graph is None else retain_graph
    _core._run_backward(roots, seeds, keep, create_graph, wanted, True, True)


def grad(
    outputs: _Tensors,
    inputs: _Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`; no `.grad` is touched.

    Args:
        outputs: what to differentiate; the gradients of several are summed.
        inputs: with respect to what.
        grad_outputs: a weight of the shape of each output; may be left out for one element.
        retain_graph: keep what is saved for backward; the default is `create_graph`.
        create_graph: record the computation of the gradients, for higher derivatives.
        only_inputs: always True.
        allow_unused: give None for inputs that the outputs do not depend on.
        is_grads_batched: the weights have a further first dimension, and so have the results: one
            gradient for each of its entries.
        materialize_grads: zeros in place of None.

    Returns:
        One gradient for each input.

    Raises:
        RuntimeError: if an input was not used, does not require grad, or a shape does not fit.
        ValueError: if `materialize_grads` meets `allow_unused=False`.

    >>> import kajo
    >>> x = kajo.tensor(3.0, requires_grad=True)
    >>> (first,) = kajo.autograd.grad(x ** 3, x, create_graph=True)
    >>> kajo.autograd.grad(first, x)
    (tensor(18.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True).",
            FutureWarning,
            stacklevel=2,
        )
    unused = materialize_grads if allow_unused is None else allow_unused
    asked = _as_tuple(inputs)
    roots, wanted = _carriers(_as_tuple(outputs)), _carriers(asked)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    seeds = _seeds(roots, _carried(_as_tuple(outputs), grad_outputs), is_grads_batched)
    keep = create_graph if retain_graph is None else retain_graph

    def run(weights: tuple[Any, ...], keep_graph: bool) -> tuple[Any, ...]:
        found = _core._run_backward(roots, weights, keep_graph, create_graph, wanted, unused, False)
        if not materialize_grads:
            return tuple(
                t._with_values(g) if g is not None and hasattr(type(t), "_with_values") else g
                for g, t in zip(found, asked)
            )
        return tuple(
            _core.zeros_like(_described(t)).requires_grad_(create_graph) if g is None else g
            for g, t in zip(found, wanted)
        )

    if not is_grads_batched:
        return run(seeds, keep)
    sizes = {len(s) for s in seeds if s is not None}
    if len(sizes) != 1:
        raise RuntimeError(
            f"grad(): the batched gradients differ in their first dimension: {sorted(sizes)}"
        )
    count = sizes.pop()
    rows = [
        run(tuple(None if s is None else s[i] for s in seeds), keep or i + 1 < count)
        for i in range(count)
    ]
    return tuple(None if column[0] is None else _core.stack(column) for column in zip(*rows))


make_overridable(globals(), ("backward", "grad"))
