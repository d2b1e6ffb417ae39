"""Trading time for memory: what is inside a checkpoint is computed again during backward.

>>> import kajo
>>> x = kajo.tensor(2.0, requires_grad=True)
>>> y = kajo.utils.checkpoint.checkpoint(lambda x: x ** 3, x, use_reentrant=False)
>>> y.backward(); x.grad
tensor(12.)
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.autograd.function import Function
from kajo.autograd.graph import saved_tensors_hooks

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
]


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function was not like the first."""


def noop_context_fn() -> tuple[Any, Any]:
    """Two contexts that do nothing: for the first run and for the second."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def _replayed(state: Tensor | None) -> Any:
    """The random stream as it was at the first run; afterwards it goes on as before."""
    if state is None:
        yield
        return
    with kajo.random.fork_rng():
        kajo.set_rng_state(state)
        yield


class CheckpointFunction(Function):
    """The re-entrant kind: backward runs the function again and differentiates it there."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        ctx.function = function
        ctx.random_state = kajo.get_rng_state() if preserve else None
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.rest = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        args = list(ctx.rest)
        for place, saved in zip(ctx.places, ctx.saved_tensors):
            args[place] = saved.detach().requires_grad_(saved.requires_grad)
        with kajo.enable_grad(), _replayed(ctx.random_state):
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (o, g)
            for o, g in zip(outputs, grads)
            if isinstance(o, Tensor) and o.requires_grad and g is not None
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        kajo.autograd.backward([o for o, _ in pairs], [g for _, g in pairs])
        return None, None, *(a.grad if isinstance(a, Tensor) else None for a in args)


class _Enough(Exception):
    """The second run has made all that backward wants."""


class _Frame:
    """What one checkpoint saved: numbers in the first run, tensors in the second."""

    def __init__(self, again: Callable[[], Any], early_stop: bool) -> None:
        self.again = again
        self.early_stop = early_stop
        self.shapes: list[tuple[Any, Any]] = []
        self.values: dict[int, Tensor] = {}

    def pack(self, tensor: Tensor) -> int:
        self.shapes.append((tensor.shape, tensor.dtype))
        return len(self.shapes) - 1

    def unpack(self, number: int) -> Tensor:
        if number not in self.values:
            self.recompute()
        return self.values.pop(number)

    def recompute(self) -> None:
        self.values.clear()
        count = 0

        def keep(tensor: Tensor) -> Tensor:
            nonlocal count
            if count >= len(self.shapes):
                raise CheckpointError(
                    "checkpoint: A different number of tensors was saved during the original forward and "
                    f"recomputation: more than {len(self.shapes)}"
                )
            if (tensor.shape, tensor.dtype) != self.shapes[count]:
                raise CheckpointError(
                    "checkpoint: Recomputed values for the following tensors have different metadata than "
                    f"during the forward pass: saved {self.shapes[count]}, recomputed {(tensor.shape, tensor.dtype)}"
                )
            self.values[count] = tensor.detach()
            count += 1
            if self.early_stop and count == len(self.shapes):
                raise _Enough
            return tensor

        with (
            kajo.enable_grad(),
            saved_tensors_hooks(keep, lambda t: t),
            contextlib.suppress(_Enough),
        ):
            self.again()
        if count != len(self.shapes):
            raise CheckpointError(
                "checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation: {len(self.shapes)} and {count}"
            )


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function` without keeping what it computes; backward calls it again.

    Args:
        function: what to call; called twice, it must do the same both times.
        *args, **kwargs: its arguments.
        use_reentrant: True: backward runs within backward, and some input must require grad; False:
            without these limits.
        context_fn: gives two context managers, for the first run and for the second.
        early_stop: end the second run when all that is wanted was computed.
        preserve_rng_state: give the second run the random numbers of the first; True by default.

    Returns:
        What `function` returns.

    Raises:
        ValueError: for unknown arguments of the re-entrant kind.
        CheckpointError: if the second run differs from the first.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: the use_reentrant parameter should be passed explicitly; use_reentrant=False "
            "is recommended.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        return CheckpointFunction.apply(function, preserve, *args)
    first, second = context_fn()
    state = kajo.get_rng_state() if preserve else None

    def again() -> Any:
        with _replayed(state), second:
            return function(*args, **kwargs)

    frame = _Frame(again, early_stop)
    with saved_tensors_hooks(frame.pack, frame.unpack), first:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Call functions or modules one after the other, each segment but the last in a checkpoint.

    Args:
        functions: a `nn.Sequential` or a list of callables.
        segments: into how many parts to cut them.
        input: the argument of the first.

    Returns:
        The result of the last.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps: Sequence[Callable[..., Any]] = (
        list(functions.children()) if hasattr(functions, "children") else list(functions)
    )
    reentrant = True if use_reentrant is None else use_reentrant

    def segment(start: int, end: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for step in steps[start:end]:
                value = step(value)
            return value

        return run

    size, start = len(steps) // segments, 0
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            segment(start, start + size),
            input,
            use_reentrant=reentrant,
            preserve_rng_state=preserve,
        )
    return segment(size * (segments - 1), len(steps))(input)
