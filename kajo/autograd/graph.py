"""The graph that backward walks: its nodes, what they save, and hooks on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from kajo import _core
from kajo._core import Node
from kajo._tensor import Tensor

__all__ = [
    "GradientEdge",
    "Node",
    "NodeHookHandle",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class NodeHookHandle:
    """Takes a hook on a node away again: by `remove()`, or at the end of a `with` block."""

    def __init__(self, node: Any, hook_id: int) -> None:
        self._node = node
        self.id = hook_id

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._node is not None:
            self._node._remove_hook(self.id)
            self._node = None

    def __enter__(self) -> NodeHookHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor flows to: output `output_nr` of `node`."""

    node: Any
    output_nr: int


def _accumulator(leaf: Tensor) -> Any:
    with _enabled():
        node: Any = leaf.view_as(leaf).grad_fn
        return node.next_functions[0][0]


@contextmanager
def _enabled() -> Iterator[None]:
    before = _core._set_grad_enabled(True)
    try:
        yield
    finally:
        _core._set_grad_enabled(before)


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The node that gets the gradient of `tensor`, and which of its outputs the tensor is.

    Raises:
        RuntimeError: if the tensor does not require grad.

    >>> import kajo
    >>> x = kajo.ones(1, requires_grad=True)
    >>> kajo.autograd.graph.get_gradient_edge(x).node.name()
    'AccumulateGrad'
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    node = tensor.grad_fn
    return GradientEdge(_accumulator(tensor) if node is None else node, tensor.output_nr)


class saved_tensors_hooks:
    """Within the block, what operations save for backward goes through `pack_hook`, and comes back
    through `unpack_hook`.

    Args:
        pack_hook: takes the tensor, returns anything.
        unpack_hook: takes that and returns a tensor with the same contents.

    >>> import kajo
    >>> x = kajo.tensor(2.0, requires_grad=True)
    >>> with kajo.autograd.graph.saved_tensors_hooks(lambda t: t.item(), kajo.tensor):
    ...     y = x * x
    >>> y.backward(); x.grad
    tensor(4.)
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _disabled.message is not None:
            raise RuntimeError(_disabled.message)
        _core._push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *_: object) -> None:
        _core._pop_saved_tensors_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Within the block, what operations save for backward is kept in main memory.

    Args:
        pin_memory: use page-locked memory; matters to GPUs only.
        device_type: the device whose tensors are moved.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> tuple[Any, Tensor]:
            return tensor.device, tensor.cpu()

        def unpack(packed: tuple[Any, Tensor]) -> Tensor:
            device, tensor = packed
            return tensor.to(device)

        super().__init__(pack, unpack)


class _Disabled(threading.local):
    message: str | None = None


_disabled = _Disabled()


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Within the block, `saved_tensors_hooks` raises RuntimeError with this message."""
    before, _disabled.message = _disabled.message, error_message
    try:
        yield
    finally:
        _disabled.message = before


class _MultiHandle:
    """Takes several hooks away together."""

    def __init__(self, handles: Sequence[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _MultiHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> _MultiHandle:
    """Call `fn` when the gradients of all of `tensors` are there, or that of any of them.

    Args:
        tensors: tensors that require grad.
        fn: gets the list of gradients (None for unused tensors), or, for "any", the first one.
        mode: "all" or "any".

    Returns:
        A handle whose `remove()` takes the hook away.

    Raises:
        ValueError: for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    places = [get_gradient_edge(t).node for t in tensors]
    pending = _Arrivals(places)

    def all_hook(index: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            found = pending.arrived(index, gradient)
            if found is not None:
                fn(found)

        return hook

    def any_hook(gradient: Tensor) -> None:
        if pending.is_first():
            fn(gradient)

    if mode == "any":
        return _MultiHandle([t.register_hook(any_hook) for t in tensors])
    return _MultiHandle([t.register_hook(all_hook(i)) for i, t in enumerate(tensors)])


class _Arrivals:
    """The gradients that have come in one backward pass, of those that it will compute."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes
        self.lock = threading.Lock()
        self.found: dict[int, list[Any]] = {}  # by backward pass
        self.last_pass = -1

    def arrived(self, index: int, gradient: Tensor) -> list[Any] | None:
        """All gradients, None for those without, once the last one is there."""
        task = _core._current_task()
        with self.lock:
            found = self.found.setdefault(task, [None] * len(self.nodes))
            found[index] = gradient
            missing = [n for n, g in zip(self.nodes, found) if g is None]
            if any(_core._will_run(node) for node in missing):
                return None
            return self.found.pop(task)

    def is_first(self) -> bool:
        """Whether this is the first gradient of the backward pass."""
        task = _core._current_task()
        with self.lock:
            first, self.last_pass = task != self.last_pass, task
        return first


def increment_version(tensor: Tensor | Sequence[Tensor]) -> None:
    """Say that a tensor was changed by means that autograd does not see.

    >>> import kajo
    >>> x = kajo.zeros(1)
    >>> kajo.autograd.graph.increment_version(x); x._version
    1
    """
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        _core._bump_version(t)


class _Mutation(threading.local):
    active = False


_mutation = _Mutation()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[Any]:
    """Within the block, tensors that were saved for backward may be changed in place: backward
    uses the values that they had.

    >>> import kajo
    >>> x = kajo.tensor([2.0], requires_grad=True)
    >>> with kajo.autograd.graph.allow_mutation_on_saved_tensors():
    ...     a = x * 1
    ...     b = a * a
    ...     _ = a.zero_()
    ...     b.sum().backward()
    >>> x.grad
    tensor([4.])
    """
    if _mutation.active:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    copies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
    ended = threading.Event()

    def unpack(saved: Tensor) -> Tensor:
        if ended.is_set():
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in "
                "which the graph was originally recorded."
            )
        return saved

    _mutation.active = True
    try:
        with saved_tensors_hooks(_kept, unpack):
            yield copies
    finally:
        _mutation.active = False
        ended.set()


def _kept(tensor: Tensor) -> Tensor:
    """A copy of the values with the history of the original."""
    with _enabled():
        return tensor.clone() if tensor.requires_grad else tensor.detach().clone()
