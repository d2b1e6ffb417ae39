"""Trading time for memory: what is inside a checkpoint is computed again during backward.

>>> import kajo
>>> x = kajo.tensor(2.0, requires_grad=True)
>>> y = kajo.utils.checkpoint.checkpoint(lambda x: x ** 3, x, use_reentrant=False)
>>> y.backward(); x.grad
tensor(12.)
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import kajo
from kajo import Tensor, _core
from kajo.autograd.function import Function
from kajo.autograd.graph import get_gradient_edge, saved_tensors_hooks
from kajo.overrides import TorchFunctionMode
from kajo.utils._selective_checkpoint import (
    SAC_IGNORED_OPS,
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
    saving_through,
)

__all__ = [
    "SAC_IGNORED_OPS",
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "DefaultDeviceType",
    "GraphExecGroup",
    "SelectiveCheckpointContext",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function was not like the first."""


class _Settings(threading.local):
    debug: bool | None = None
    early_stop: bool | None = None
    group: GraphExecGroup | None = None


_settings = _Settings()


@contextlib.contextmanager
def _set(name: str, value: Any) -> Iterator[None]:
    before = getattr(_settings, name)
    setattr(_settings, name, value)
    try:
        yield
    finally:
        setattr(_settings, name, before)


def set_checkpoint_debug_enabled(enabled: bool | None) -> contextlib.AbstractContextManager[None]:
    """Within the block, checkpoints tell (True) or do not tell (False) the operations of both runs
    when these differ, whatever their ``debug`` says; None leaves it to them."""
    return _set("debug", enabled)


def set_checkpoint_early_stop(enable: bool) -> contextlib.AbstractContextManager[None]:
    """Within the block, the second runs of checkpoints made there end early or do not, whatever
    their ``early_stop`` says."""
    return _set("early_stop", enable)


class GraphExecGroup:
    """Within the block, what a checkpoint computed again is kept for further calls of backward.

    These have to go over parts of the graph that do not overlap. Only for ``use_reentrant=False``.

    >>> import kajo
    >>> kajo.utils.checkpoint.GraphExecGroup() is not None
    True
    """

    def __init__(self) -> None:
        self._frames: weakref.WeakSet[_Frame] = weakref.WeakSet()

    def __enter__(self) -> GraphExecGroup:
        if _settings.group is not None:
            raise RuntimeError("GraphExecGroup contexts cannot be nested")
        _settings.group = self
        return self

    def __exit__(self, *_: object) -> None:
        _settings.group = None
        for frame in self._frames:
            frame.values.clear()


class DefaultDeviceType:
    """The type of device whose random numbers matter where no tensor tells."""

    _device_type: ClassVar[str] = "cpu"

    @staticmethod
    def set_device_type(device: str = "cpu") -> None:
        """Choose it."""
        DefaultDeviceType._device_type = device

    @staticmethod
    def get_device_type() -> str:
        """Return it."""
        return DefaultDeviceType._device_type


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tensors of the same values that are leaves and require grad as before; other values stay.

    Raises:
        RuntimeError: if ``inputs`` is no tuple.

    >>> import kajo
    >>> x = kajo.ones(1, requires_grad=True) * 2
    >>> kajo.utils.checkpoint.detach_variable((x, 3))
    (tensor([2.], requires_grad=True), 3)
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
    return tuple(
        value.detach().requires_grad_(value.requires_grad) if isinstance(value, Tensor) else value
        for value in inputs
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if no tensor of the inputs requires grad."""
    if not any(value.requires_grad for value in inputs if isinstance(value, Tensor)):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The numbers of the devices other than the CPU that tensors are on, and their random states.

    >>> import kajo
    >>> kajo.utils.checkpoint.get_device_states(kajo.ones(1))
    ([], [])
    """
    numbers = sorted(
        {a.device.index or 0 for a in args if isinstance(a, Tensor) and a.device.type == "cuda"}
    )
    devices: Any = kajo.cuda
    return numbers, [devices.get_rng_state(number) for number in numbers]


def set_device_states(
    devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None
) -> None:
    """Set the random states of devices that :func:`get_device_states` gave.

    Args:
        devices: their numbers.
        states: a state for each.
        device_type: by default that of :class:`DefaultDeviceType`.
    """
    kind = device_type or DefaultDeviceType.get_device_type()
    if kind in ("cpu", "meta"):
        return
    for device, state in zip(devices, states, strict=True):
        getattr(kajo, kind).set_rng_state(state, device)


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


def _precision_now() -> Callable[[], Any]:
    """Makes the context of mixed precision that there is now."""
    if "kajo.amp.autocast_mode" not in sys.modules:
        return contextlib.nullcontext
    enabled, dtype = kajo.is_autocast_enabled("cpu"), kajo.get_autocast_dtype("cpu")
    keeps_casts = kajo.is_autocast_cache_enabled()
    return lambda: kajo.autocast("cpu", dtype, enabled, keeps_casts)


class _Probed:
    """A function with a further argument, a leaf that shows whether all leaves get gradients."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.leaf = kajo.empty(0, requires_grad=True)
        self.node = get_gradient_edge(self.leaf).node

    def __call__(self, leaf: Tensor, *args: Any) -> Any:
        return self.function(*args)

    def gets_gradients(self) -> bool:
        """Whether the backward pass that is running reaches the leaf."""
        return bool(_core._will_run(self.node))


class CheckpointFunction(Function):
    """The re-entrant kind: backward runs the function again and differentiates it there."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.function = function
        ctx.random_state = kajo.get_rng_state() if preserve else None
        ctx.precision = _precision_now()
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.rest = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if isinstance(ctx.function, _Probed) and not ctx.function.gets_gradients():
            raise RuntimeError(
                "When use_reentrant=True, checkpoint is incompatible with grad() or passing an "
                "`inputs` parameter to backward(). Set use_reentrant=False, or call backward() "
                "without passing the `inputs` argument."
            )
        args = list(ctx.rest)
        for place, saved in zip(ctx.places, ctx.saved_tensors):
            args[place] = saved.detach().requires_grad_(saved.requires_grad)
        with kajo.enable_grad(), _replayed(ctx.random_state), ctx.precision():
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


class _Listed(TorchFunctionMode):
    """Lists the operations of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        shapes = [tuple(a.shape) for a in args if isinstance(a, Tensor)]
        self.lines.append(f"{getattr(func, '__name__', func)} {shapes}")
        return func(*args, **(kwargs or {}))


class _Frame:
    """What one checkpoint saved: numbers in the first run, tensors in the second."""

    def __init__(self, again: Callable[[], Any], early_stop: bool, checks: bool) -> None:
        self.again = again
        self.early_stop = early_stop
        self.checks = checks
        self.described: list[tuple[Any, Any, Any]] = []
        self.values: dict[int, Tensor] = {}
        self.first_run: _Listed | None = None

    def pack(self, tensor: Tensor) -> int:
        self.described.append((tensor.shape, tensor.dtype, tensor.device))
        return len(self.described) - 1

    def unpack(self, number: int) -> Tensor:
        if number not in self.values:
            self.recompute()
        group = _settings.group
        if group is None:
            return self.values.pop(number)
        group._frames.add(self)
        return self.values[number]

    def recompute(self) -> None:
        """Run the function again, keeping what it saves."""
        self.values.clear()
        found: list[tuple[Any, Any, Any]] = []

        def keep(tensor: Tensor) -> Tensor:
            number = len(found)
            found.append((tensor.shape, tensor.dtype, tensor.device))
            if number < len(self.described):
                self.values[number] = tensor.detach()
            if self.early_stop and len(found) == len(self.described):
                raise _Enough
            return tensor

        second_run = _Listed() if self.first_run is not None else None
        with (
            kajo.enable_grad(),
            saved_tensors_hooks(keep, lambda tensor: tensor),
            saving_through(keep, None),
            second_run or contextlib.nullcontext(),
            contextlib.suppress(_Enough),
        ):
            self.again()
        self._check(found, second_run)

    def _check(self, found: list[tuple[Any, Any, Any]], second_run: _Listed | None) -> None:
        problem = None
        if len(found) != len(self.described):
            problem = (
                "A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.described)}\n"
                f"Number of tensors saved during recomputation: {len(found)}."
            )
        elif self.checks and found != self.described:
            names = ("shape", "dtype", "device")
            lines = [
                f"tensor at position {i}:\nsaved metadata: {dict(zip(names, first, strict=True))}\n"
                f"recomputed metadata: {dict(zip(names, second, strict=True))}"
                for i, (first, second) in enumerate(zip(self.described, found, strict=True))
                if first != second
            ]
            problem = (
                "Recomputed values for the following tensors have different metadata than during "
                "the forward pass.\n" + "\n".join(lines)
            )
        if problem is None:
            return
        self.values.clear()
        if self.first_run is None or second_run is None:
            advice = "Pass debug=True to checkpoint() to see the operations of both runs."
            raise CheckpointError(f"checkpoint: {problem}\n\n{advice}")
        runs = (("original forward", self.first_run), ("recomputation", second_run))
        listed = "\n\n".join("\n".join([f"Operations of the {n}:", *r.lines]) for n, r in runs)
        raise CheckpointError(f"checkpoint: {problem}\n\n{listed}")


_DETERMINISM_CHECKS = ("default", "none")


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
        context_fn: gives two context managers, for the first run and for the second; see
            :func:`create_selective_checkpoint_contexts`.
        determinism_check: "default" compares shapes, dtypes and devices of both runs, "none" does not.
        debug: tell the operations of both runs when these differ.
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
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return CheckpointFunction.apply(function, preserve, *args)
        probed = _Probed(function)
        return CheckpointFunction.apply(probed, preserve, probed.leaf, *args)
    if determinism_check not in _DETERMINISM_CHECKS:
        raise ValueError(
            f"determinism_check should be one of {list(_DETERMINISM_CHECKS)}, but got "
            f"{determinism_check}"
        )
    if not kajo.is_grad_enabled():
        return function(*args, **kwargs)
    first, second = context_fn()
    state = kajo.get_rng_state() if preserve else None
    precision = _precision_now()

    def again() -> Any:
        with _replayed(state), precision(), second:
            return function(*args, **kwargs)

    if _settings.early_stop is not None:
        early_stop = _settings.early_stop
    frame = _Frame(again, early_stop, determinism_check == "default")
    if debug if _settings.debug is None else _settings.debug:
        frame.first_run = _Listed()
    with (
        saved_tensors_hooks(frame.pack, frame.unpack),
        saving_through(frame.pack, frame.unpack),
        frame.first_run or contextlib.nullcontext(),
        first,
    ):
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
    if use_reentrant is None:
        warnings.warn(
            "checkpoint_sequential: the use_reentrant parameter should be passed explicitly; "
            "use_reentrant=False is recommended.",
            stacklevel=2,
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
