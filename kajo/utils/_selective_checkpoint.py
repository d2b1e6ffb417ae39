"""Selective checkpoints: some operations' results are kept, the others are computed again.

An operation that is kept is left out of the second run. What it saved for backward is kept with its
result, except for its own arguments, which the second run has anyway.
"""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.autograd.graph import saved_tensors_hooks
from kajo.overrides import TorchFunctionMode
from kajo.utils._pytree import tree_flatten, tree_map_only

__all__ = [
    "SAC_IGNORED_OPS",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "create_selective_checkpoint_contexts",
]


class CheckpointPolicy(enum.Enum):
    """What becomes of the result of an operation in a selective checkpoint.

    ``*_SAVE``: it is kept. ``*_RECOMPUTE``: it is computed again. ``*_CPU_OFFLOAD``: it is kept in
    main memory. ``MUST`` and ``PREFER`` are the same here.
    """

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


_RECOMPUTES = (CheckpointPolicy.MUST_RECOMPUTE, CheckpointPolicy.PREFER_RECOMPUTE)
_OFFLOADS = (CheckpointPolicy.MUST_CPU_OFFLOAD, CheckpointPolicy.PREFER_CPU_OFFLOAD)

_IGNORED_NAMES = (
    "size", "stride", "dim", "numel", "storage_offset", "is_contiguous", "detach", "element_size",
    "is_floating_point", "is_complex", "__get__", "__len__",
)  # fmt: skip

SAC_IGNORED_OPS = {
    getattr(Tensor, name) for name in _IGNORED_NAMES if hasattr(Tensor, name) and name != "__get__"
}
"""Functions that no policy is asked about: they compute nothing."""


class SelectiveCheckpointContext:
    """What a policy is told besides the operation and its arguments.

    Attributes:
        is_recompute: always False: policies are asked in the first run only.
        op_output: the result of the operation.
    """

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


class _Through(threading.local):
    pack: Any = None
    unpack: Any = None


_through = _Through()


@contextlib.contextmanager
def saving_through(pack: Any, unpack: Any) -> Iterator[None]:
    """Within the block, selective contexts hand what is to be computed again to these hooks."""
    before = _through.pack, _through.unpack
    _through.pack, _through.unpack = pack, unpack
    try:
        yield
    finally:
        _through.pack, _through.unpack = before


class _Saved:
    """What stands for a saved tensor: the tensor, or what the checkpoint's hooks gave for it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor: Tensor | None = tensor
        self.packed: Any = None
        self.unpack: Any = None

    def hand_on(self) -> None:
        """Leave it to the checkpoint, which computes it again."""
        self.packed, self.unpack = _through.pack(self.tensor), _through.unpack
        self.tensor = None

    def value(self) -> Tensor:
        """The tensor."""
        if self.tensor is None:
            tensor: Tensor = self.unpack(self.packed)
            return tensor
        return self.tensor


class _Kept:
    """The result of an operation, and which of its arguments it saved for backward."""

    def __init__(self, result: Any, arguments: list[int], offload: bool) -> None:
        def keep(tensor: Tensor) -> Tensor:
            return tensor.detach().cpu() if offload else tensor.detach()

        self.arguments = arguments
        self.meta = [
            (t.requires_grad, t.device) for t in tree_flatten(result)[0] if isinstance(t, Tensor)
        ]
        self.result = tree_map_only(Tensor, keep, result)
        self.versions = [t._version for t in tree_flatten(self.result)[0] if isinstance(t, Tensor)]

    def again(self, allow_mutation: bool) -> Any:
        """The result for the second run.

        Raises:
            RuntimeError: if it was changed in place since.
        """
        kept = [t for t in tree_flatten(self.result)[0] if isinstance(t, Tensor)]
        if not allow_mutation and [t._version for t in kept] != self.versions:
            raise RuntimeError(
                "Tensor cached during selective activation checkpoint has been mutated"
            )
        meta = iter(self.meta)

        def leaf(tensor: Tensor) -> Tensor:
            requires_grad, device = next(meta)
            return tensor.to(device).detach().requires_grad_(requires_grad)

        return tree_map_only(Tensor, leaf, self.result)


def _is_ignored(function: Any) -> bool:
    return getattr(function, "__name__", "") in _IGNORED_NAMES


def _writes_to_arguments(function: Any, kwargs: dict[str, Any]) -> bool:
    """Whether leaving the operation out would leave an argument as it was."""
    name = getattr(function, "__name__", "")
    in_place = name.endswith("_") if not name.endswith("__") else name.startswith("__i")
    return in_place or name == "__setitem__" or kwargs.get("out") is not None


def _same_place(a: Tensor, b: Tensor) -> bool:
    return (
        a.layout is kajo.strided
        and b.layout is kajo.strided
        and a.device.type != "meta"
        and a.data_ptr() == b.data_ptr()
        and a.dtype == b.dtype
        and a.shape == b.shape
        and a.stride() == b.stride()
    )


def _tensors(args: Any, kwargs: Any) -> list[Tensor]:
    return [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]


class _FirstRun(TorchFunctionMode):
    """Asks the policy about each operation and keeps what it says."""

    def __init__(self, policy: Callable[..., Any], kept: list[_Kept | None]) -> None:
        super().__init__()
        self.policy = policy
        self.kept = kept

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if _is_ignored(func):
            return func(*args, **kwargs)
        saved: list[_Saved] = []

        def pack(tensor: Tensor) -> _Saved:
            saved.append(_Saved(tensor))
            return saved[-1]

        with saved_tensors_hooks(pack, _Saved.value):
            result = func(*args, **kwargs)
        context = SelectiveCheckpointContext(is_recompute=False, op_output=result)
        policy = self.policy(context, func, *args, **kwargs)
        if isinstance(policy, bool):
            policy = CheckpointPolicy.MUST_SAVE if policy else CheckpointPolicy.PREFER_RECOMPUTE
        if policy in _RECOMPUTES or _writes_to_arguments(func, kwargs):
            for item in saved:
                item.hand_on()
            self.kept.append(None)
        else:
            self.kept.append(self._keep(result, saved, _tensors(args, kwargs), policy in _OFFLOADS))
        return result

    def _keep(
        self, result: Any, saved: list[_Saved], arguments: list[Tensor], offload: bool
    ) -> _Kept:
        places = []
        for item in saved:
            found = [i for i, a in enumerate(arguments) if _same_place(item.tensor, a)]  # type: ignore[arg-type]
            if found:
                places.append(found[0])
                item.hand_on()
            elif item.tensor is not None:
                item.tensor = item.tensor.detach()
        return _Kept(result, places, offload)


class _SecondRun(TorchFunctionMode):
    """Leaves out the operations whose results were kept."""

    def __init__(self, kept: list[_Kept | None], allow_mutation: bool) -> None:
        super().__init__()
        self.kept = kept
        self.allow_mutation = allow_mutation
        self.number = 0

    def __enter__(self) -> Any:
        self.number = 0
        return super().__enter__()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if _is_ignored(func):
            return func(*args, **kwargs)
        kept = self.kept[self.number] if self.number < len(self.kept) else None
        self.number += 1
        if kept is None:
            return func(*args, **kwargs)
        arguments = _tensors(args, kwargs)
        for place in kept.arguments:
            _through.pack(arguments[place])
        return kept.again(self.allow_mutation)


def _operation_name(function: Any) -> str:
    name = getattr(function, "__name__", None) or str(function)
    return name.strip("_").split("::")[-1].split(".")[0]


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> tuple[Any, Any]:
    """Contexts for ``checkpoint(..., context_fn=...)`` that keep the results of some operations.

    Args:
        policy_fn_or_list: a function of a :class:`SelectiveCheckpointContext`, the operation and its
            arguments that returns a :class:`CheckpointPolicy`; or a list of the operations whose
            results are kept. Operations are the functions that the program calls, told apart by name:
            ``kajo.mm`` also stands for ``Tensor.mm``.
        allow_cache_entry_mutation: whether results that are kept may be changed in place.

    Returns:
        The context of the first run and that of the second.

    Raises:
        TypeError: if the argument is neither.
        ValueError: if the list holds anything that is no operation.

    Example:
        >>> import functools, kajo
        >>> from kajo.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts
        >>> keep = functools.partial(create_selective_checkpoint_contexts, [kajo.mm])
        >>> x = kajo.ones(2, 2, requires_grad=True)
        >>> y = checkpoint(lambda x: x.mm(x).exp(), x, use_reentrant=False, context_fn=keep)
        >>> y.sum().backward()
    """
    policy = policy_fn_or_list
    if isinstance(policy_fn_or_list, Sequence):
        for operation in policy_fn_or_list:
            if not callable(operation):
                raise ValueError(
                    f"Expected op in `op_list` to be an operation but got: {operation} of type "
                    f"{type(operation)}."
                )
        names = {_operation_name(operation) for operation in policy_fn_or_list}

        def policy(context: Any, operation: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
            saves = _operation_name(operation) in names
            return CheckpointPolicy.MUST_SAVE if saves else CheckpointPolicy.PREFER_RECOMPUTE

    elif not callable(policy_fn_or_list):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    kept: list[_Kept | None] = []
    return _FirstRun(policy, kept), _SecondRun(kept, allow_cache_entry_mutation)
