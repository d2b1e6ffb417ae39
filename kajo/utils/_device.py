"""The device of new tensors, chosen for a block or from now on.

A mode that hands `device=` to every function that makes a tensor from nothing.

>>> import kajo
>>> with kajo.device("meta"):
...     x = kajo.zeros(2)
>>> x.device
device(type='meta')
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from kajo import _core
from kajo.overrides import TorchFunctionMode

__all__ = ["DeviceContext"]

# Functions that make tensors without one to take the device from, by the module that has them.
_CONSTRUCTORS = {
    "kajo": (
        "arange as_tensor asarray empty empty_permuted empty_strided eye full hamming_window "
        "hann_window bartlett_window blackman_window kaiser_window linspace logspace ones rand "
        "randint randn randperm range scalar_tensor sparse_bsc_tensor sparse_bsr_tensor "
        "sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor tensor "
        "tril_indices triu_indices zeros"
    ),
    "kajo.fft": "fftfreq rfftfreq",
    "kajo.signal.windows": (
        "bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann "
        "kaiser nuttall"
    ),
}


@functools.cache
def _constructors() -> frozenset[Any]:
    import importlib

    found: list[Any] = []
    for module, names in _CONSTRUCTORS.items():
        try:
            place = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        found += [getattr(place, name) for name in names.split() if hasattr(place, name)]
    return frozenset(found)


class DeviceContext(TorchFunctionMode):
    """Makes a device the default of functions that make tensors.

    Args:
        device: the device.
    """

    def __init__(self, device: Any) -> None:
        self.device = _core.device(device)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = dict(kwargs or {})
        if options.get("device") is None and func in _constructors():
            options["device"] = self.device
        return func(*args, **options)


class _Entered(threading.local):
    """The contexts of the blocks that this thread is in."""

    def __init__(self) -> None:
        self.contexts: list[DeviceContext] = []


_entered = _Entered()


def enter(device: _core._device) -> _core._device:
    """Begin a block in which `device` is the default."""
    context = DeviceContext(device)
    context.__enter__()
    _entered.contexts.append(context)
    return device


def leave(device: _core._device) -> None:
    """End the block that was entered last."""
    _entered.contexts.pop().__exit__(None, None, None)


def decorate(device_and_arguments: Any) -> Callable[..., Any]:
    """A function that runs in a block of the device: what `@kajo.device(...)` makes of one.

    Raises:
        TypeError: if it is not given one function.
    """
    device, arguments = device_and_arguments
    if len(arguments) != 1 or not callable(arguments[0]):
        raise TypeError("a device is called with a function, to run it with the device as default")
    (function,) = arguments

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with device:
            return function(*args, **kwargs)

    return wrapper


class _Default:
    """The context of `set_default_device`, which encloses every block."""

    context: DeviceContext | None = None


def set_default(device: Any) -> None:
    """Make `device` the default of this thread, below all other modes; None takes it away."""
    inner = []
    while _core._modes():
        mode = _core._pop_mode()
        if mode is not _Default.context:
            inner.append(mode)
    _Default.context = None if device is None else DeviceContext(device)
    for mode in [*([_Default.context] if _Default.context else []), *reversed(inner)]:
        _core._push_mode(mode)


def current() -> _core._device:
    """The device of new tensors."""
    for mode in reversed(_core._modes()):
        if isinstance(mode, DeviceContext):
            return mode.device
    return _core.device("cpu")
