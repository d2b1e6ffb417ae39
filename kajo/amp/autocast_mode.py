"""Autocast: casts the arguments of operations to the precision that suits each."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from kajo import Tensor, _core
from kajo.amp._policies import BY_CASE, FLOAT32, LOWER_PRECISION, LOWERED, PROMOTE, RAISED
from kajo.overrides import TorchFunctionMode
from kajo.utils._pytree import tree_leaves, tree_map_only

__all__ = [
    "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
    "custom_bwd", "custom_fwd", "get_autocast_dtype",
    "is_autocast_available", "is_autocast_cache_enabled", "is_autocast_enabled",
    "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled",
]  # fmt: skip

# Kinds of devices, of which only the CPU is here; the others keep what programs set for them.
_DTYPES = {"cpu": _core.bfloat16, "hpu": _core.bfloat16, "xla": _core.bfloat16} | dict.fromkeys(
    ("cuda", "ipu", "maia", "mps", "mtia", "privateuseone", "xpu"), _core.float16
)


class _State(threading.local):
    """Of one thread: what is on, in which dtype, and the casts of leaves made so far."""

    def __init__(self) -> None:
        self.enabled = dict.fromkeys(_DTYPES, False)
        self.dtypes = dict(_DTYPES)
        self.caching = True
        self.nesting = 0
        self.switched = False  # whether `set_autocast_enabled` brought the mode
        # By the identity of the leaf, which is kept so that it stays the leaf's.
        self.casts: dict[int, tuple[Tensor, Tensor]] = {}


_state = _State()


def _checked(device_type: str) -> str:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if device_type not in _DTYPES:
        raise RuntimeError(
            f"User specified an unsupported autocast device_type '{device_type}': use one of {', '.join(_DTYPES)}"
        )
    return device_type


def is_autocast_available(device_type: str) -> bool:
    """Whether autocast knows a kind of device.

    >>> is_autocast_available("cpu")
    True
    """
    return device_type in _DTYPES


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a kind of device in this thread.

    >>> import kajo
    >>> with kajo.autocast('cpu'):
    ...     print(kajo.is_autocast_enabled('cpu'))
    True
    """
    return _state.enabled[_checked(device_type)]


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switches autocast on or off for a kind of device in this thread.

    >>> import kajo
    >>> kajo.set_autocast_enabled('cpu', False)
    """
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _state.enabled[_checked(device_type)] = enabled
    if device_type != "cpu":
        return
    modes = _core._modes()
    if enabled and _MODE not in modes:
        _core._push_mode(_MODE)
        _state.switched = True
    elif not enabled and _state.switched and modes[-1:] == [_MODE]:
        _core._pop_mode()
        _state.switched = False


def get_autocast_dtype(device_type: str) -> _core._dtype:
    """The dtype of 16 bits that autocast uses.

    >>> get_autocast_dtype("cpu")
    kajo.bfloat16
    """
    return _state.dtypes[_checked(device_type)]


def set_autocast_dtype(device_type: str, dtype: _core._dtype) -> None:
    """Sets the dtype of 16 bits that autocast uses.

    >>> import kajo
    >>> kajo.set_autocast_dtype('cpu', kajo.bfloat16)
    >>> kajo.get_autocast_dtype('cpu')
    kajo.bfloat16
    """
    _state.dtypes[_checked(device_type)] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether casts of parameters are kept until the outermost block ends.

    >>> import kajo
    >>> kajo.is_autocast_cache_enabled()
    True
    """
    return _state.caching


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Sets whether casts of parameters are kept until the outermost block ends.

    >>> import kajo
    >>> kajo.set_autocast_cache_enabled(True)
    """
    _state.caching = enabled


def autocast_increment_nesting() -> int:
    """Begins a block by hand; returns how many there are in this thread.

    >>> import kajo
    >>> kajo.autocast_increment_nesting(), kajo.autocast_decrement_nesting()
    (1, 0)
    """
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Ends a block that was begun by hand; returns how many are left in this thread.

    >>> import kajo
    >>> kajo.autocast_increment_nesting(), kajo.autocast_decrement_nesting()
    (1, 0)
    """
    _state.nesting -= 1
    return _state.nesting


def clear_autocast_cache() -> None:
    """Drops the casts of parameters that are kept.

    >>> import kajo
    >>> kajo.clear_autocast_cache()
    """
    _state.casts.clear()


def _lowered(value: Tensor) -> Tensor:
    """A floating tensor in 16 bits; wider than 32 stays. Casts of parameters are kept."""
    dtype = _state.dtypes["cpu"]
    if not value.is_floating_point() or value.dtype in (dtype, _core.float64):
        return value
    if not (_state.caching and value.requires_grad and value.is_leaf):
        return value.to(dtype)
    kept = _state.casts.get(id(value))
    if kept is None or (kept[1].requires_grad is not _core.is_grad_enabled()):
        kept = _state.casts[id(value)] = (value, value.to(dtype))
    return kept[1]


def _raised(value: Tensor) -> Tensor:
    """A tensor of 16 bits in float32."""
    narrow = value.dtype in (_core.bfloat16, _core.float16)
    return value.to(_core.float32) if narrow else value


def _widened(values: list[Tensor]) -> Callable[[Tensor], Tensor]:
    floating = [v.dtype for v in values if v.is_floating_point() and v.dtype != _core.float64]
    if not floating:
        return lambda value: value
    widest = functools.reduce(_core.promote_types, floating)
    return lambda value: value.to(widest) if value.dtype in floating else value


def _name(function: Any) -> str:
    name = getattr(function, "full_name", None)
    if name is None:
        name = getattr(function, "__name__", "")
        module = getattr(function, "__module__", None) or ""
        part = module.rpartition(".")[2]
        name = f"{part}.{name}" if part in ("linalg", "fft") else name
    return str(name)


def _run(func: Any, args: Any, kwargs: Any, cast: Callable[[Tensor], Tensor]) -> Any:
    return func(*tree_map_only(Tensor, cast, args), **tree_map_only(Tensor, cast, kwargs))


class _Autocast(TorchFunctionMode):
    """Sees every operation while autocast is on somewhere in this thread."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if not _state.enabled["cpu"] or kwargs.get("out") is not None:
            return func(*args, **kwargs)
        name = _name(func)
        if name in BY_CASE:
            treatment = BY_CASE[name]((args, kwargs))
        elif name in LOWER_PRECISION:
            treatment = LOWERED
        elif name in FLOAT32:
            treatment = RAISED
        elif name in PROMOTE:
            given = tree_leaves((args, kwargs))
            cast = _widened([value for value in given if isinstance(value, Tensor)])
            return _run(func, args, kwargs, cast)
        else:
            return self._through(func, args, kwargs)
        if treatment.operands is None:
            result = func(*args, **kwargs)
        else:
            cast = _lowered if treatment.operands == "lower" else _raised
            result = _run(func, args, kwargs, cast)
        return _lowered(result) if treatment.lowers_result else result

    def _through(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Calls what is made of other operations, so that autocast sees those."""
        inner = getattr(func, "__wrapped__", None)
        if inner is None and getattr(func, "body", None) is not None:
            inner = func.undispatched
        if inner is None:
            return func(*args, **kwargs)
        with self:
            return inner(*args, **kwargs)


_MODE = _Autocast()


class autocast:
    """A block, or a function as its decorator, in which operations run in mixed precision.

    Matrix products and convolutions run in `dtype`; losses, factorisations and transforms in float32;
    all others in what they get. Backward passes need no autocast: gradients have their inputs' dtypes.

    Args:
        device_type: "cpu"; "cuda" has no effect without a GPU.
        dtype: bfloat16 (the default on the CPU) or float16.
        enabled: False switches it off inside of another block.
        cache_enabled: whether casts of parameters are kept until the outermost block ends.

    Raises:
        ValueError: if `device_type` is no text.
        RuntimeError: if autocast does not know the kind of device.

    >>> import kajo
    >>> linear = kajo.nn.Linear(2, 2)
    >>> with kajo.autocast("cpu"):
    ...     y = linear(kajo.ones(1, 2))
    >>> y.dtype, kajo.get_autocast_dtype("cpu")
    (kajo.bfloat16, kajo.bfloat16)
    """

    def __init__(
        self,
        device_type: str,
        dtype: _core._dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ):
        self.device = _checked(device_type)
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._enabled = enabled
        self._cache_enabled = _state.caching if cache_enabled is None else cache_enabled
        if self.device != "cpu" and enabled:
            warnings.warn(
                f"User provided device_type of '{self.device}', but {self.device.upper()} is not "
                "available. Disabling",
                stacklevel=2,
            )
            self._enabled = False
        supported = (_core.bfloat16, _core.float16)
        if self.device == "cpu" and enabled and self.fast_dtype not in supported:
            warnings.warn(
                f"In CPU autocast, but the target dtype {self.fast_dtype} is not supported. Disabling "
                "autocast. CPU Autocast only supports dtype of kajo.bfloat16, kajo.float16 currently.",
                stacklevel=2,
            )
            self._enabled = False

    def __enter__(self) -> autocast:
        self._before = (
            _state.enabled[self.device],
            _state.dtypes[self.device],
            _state.caching,
        )
        _state.enabled[self.device] = self._enabled
        _state.dtypes[self.device] = self.fast_dtype
        _state.caching = self._cache_enabled
        _state.nesting += 1
        self._pushed = self.device == "cpu" and self._enabled
        if self._pushed:
            _core._push_mode(_MODE)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pushed:
            _core._pop_mode()
        _state.nesting -= 1
        if _state.nesting == 0:
            clear_autocast_cache()
        _state.enabled[self.device], _state.dtypes[self.device], _state.caching = self._before

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func`, run in such a block."""

        @functools.wraps(func)
        def inside(*args: Any, **kwargs: Any) -> Any:
            block = autocast(self.device, self.fast_dtype, self._enabled, self._cache_enabled)
            with block:
                return func(*args, **kwargs)

        return inside


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: _core._dtype | None = None,
) -> Any:
    """A decorator for `forward` of an :class:`kajo.autograd.Function`.

    Args:
        device_type: the kind of device.
        cast_inputs: where autocast is on, floating tensors are cast to it and forward runs without
            autocast; None runs it as it is called.
    """
    _checked(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    def cast(value: Tensor) -> Tensor:
        eligible = value.is_floating_point() and value.dtype != _core.float64
        return value.to(cast_inputs) if eligible and cast_inputs is not None else value

    @functools.wraps(fwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = is_autocast_enabled(device_type)
        if cast_inputs is None or not ctx._fwd_used_autocast:
            return fwd(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            return fwd(
                ctx, *tree_map_only(Tensor, cast, args), **tree_map_only(Tensor, cast, kwargs)
            )

    return decorated


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """A decorator for `backward` of a Function: it runs with or without autocast as forward did."""
    _checked(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return decorated
