"""Functions of functions: derivatives, and the same function for a whole batch.

They nest: `vmap(grad(f))` gives the gradient of each sample.

>>> import kajo
>>> x = kajo.tensor([1.0, 2.0, 3.0])
>>> kajo.func.vmap(kajo.func.grad(lambda t: t ** 3))(x)
tensor([ 3., 12., 27.])
"""

from __future__ import annotations

from kajo.func._gradients import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
)
from kajo.func._modules import (
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from kajo.func._rearrange import rearrange
from kajo.func._vmap import debug_unwrap, vmap

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "rearrange",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]
