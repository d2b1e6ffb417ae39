"""Under which names an event is shown: those that programs written for PyTorch look for.

What PyTorch composes of several operations is often one here. Its event is shown under the name of the
composition and, inside of it, under those of what PyTorch calls; all take the time of the one event.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kajo.autograd.profiler_util import FunctionEvent

_CONVOLUTION = ("aten::convolution", "aten::_convolution")

# Outer to inner, below the event's own name.
_INNER: dict[str, tuple[str, ...]] = {
    "aten::batch_norm": ("aten::_batch_norm_impl_index", "aten::native_batch_norm"),
    "aten::group_norm": ("aten::native_group_norm",),
    "aten::item": ("aten::_local_scalar_dense",),
    "aten::layer_norm": ("aten::native_layer_norm",),
    "aten::log_softmax": ("aten::_log_softmax",),
    "aten::max_pool2d": ("aten::max_pool2d_with_indices",),
    "aten::nll_loss": ("aten::nll_loss_forward",),
    "aten::scaled_dot_product_attention": ("aten::_scaled_dot_product_flash_attention_for_cpu",),
    "aten::softmax": ("aten::_softmax",),
    **{f"aten::conv{n}d": _CONVOLUTION for n in (1, 2, 3)},
    **{f"aten::conv_transpose{n}d": _CONVOLUTION for n in (1, 2, 3)},
}

_RENAMED = {
    "aten::cross_entropy": "aten::cross_entropy_loss",
    "AccumulateGrad": "torch::autograd::AccumulateGrad",
}

# Questions about a tensor, which are no operations in PyTorch.
QUESTIONS = frozenset(
    f"aten::{name}"
    for name in ("dim", "is_complex", "is_floating_point", "nelement", "numel", "size", "stride")
)

# By the dimensions of the operands.
_PRODUCTS = {(1, 1): "aten::dot", (2, 1): "aten::mv", (2, 2): "aten::mm", (3, 3): "aten::bmm"}


def _inner_names(event: FunctionEvent) -> tuple[str, ...]:
    shapes = event.input_shapes or []
    if event.name == "aten::linear":
        has_bias = len(shapes) != 2 and (len(shapes) < 3 or bool(shapes[2]))
        return ("aten::addmm",) if has_bias else ("aten::matmul", "aten::mm")
    if event.name == "aten::matmul" and len(shapes) == 2:
        product = _PRODUCTS.get((len(shapes[0]), len(shapes[1])))
        return () if product is None else (product,)
    return _INNER.get(event.name, ())


def named(event: FunctionEvent) -> list[FunctionEvent]:
    """An event as it is shown: itself and what is shown inside of it, outermost first.

    >>> import kajo
    >>> with kajo.autograd.profiler.profile() as profile:
    ...     _ = kajo.ones(2).softmax(0)
    >>> [event.name for event in profile.function_events]
    ['aten::ones', 'aten::softmax', 'aten::_softmax']
    """
    inner = _inner_names(event)
    event.name = _RENAMED.get(event.name, event.name)
    if event.kind == "autograd":
        inner = (event.name,)
        event.name = f"autograd::engine::evaluate_function: {event.name}"
    chain = [event]
    for name in inner:
        outer = chain[-1]
        below = copy.copy(outer)
        below.name = name
        below.cpu_parent = outer
        for child in below.cpu_children:
            child.cpu_parent = below
        outer.cpu_children = [below]
        chain.append(below)
    return chain
