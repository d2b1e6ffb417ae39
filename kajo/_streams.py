"""Streams, events and the errors of devices, whatever the device.

Work on the CPU has ended when the call that asks for it returns: a stream there is always empty, and an
event has always happened.

>>> import kajo
>>> kajo.Stream("cpu").query(), kajo.Event().query()
(True, True)
"""

from __future__ import annotations

from typing import Any

from kajo import _core

__all__ = ["AcceleratorError", "Event", "OutOfMemoryError", "Stream"]


class AcceleratorError(RuntimeError):
    """Work on a device other than the CPU failed."""


class OutOfMemoryError(RuntimeError):
    """A device other than the CPU has no memory left."""


def _device(name: str, given: Any) -> Any:
    """The device of a stream or event: the CPU unless one is named, which has to be here."""
    if isinstance(given, int) and not isinstance(given, bool):
        raise RuntimeError("Cannot access accelerator device when none is available.")
    if given is not None and not isinstance(given, (str, _core.device)):
        raise TypeError(
            f"{name}(): argument 'device' must be kajo.device, not {type(given).__name__}"
        )
    device = _core.device("cpu" if given is None else given)
    if device.type not in ("cpu", "meta"):
        raise RuntimeError(f"{name}(): kajo has no support for {device.type} devices")
    return device


def _without_events(device: Any) -> RuntimeError:
    return RuntimeError(f"{device.type} backend doesn't support events.")


class Stream:
    """A queue of work of one device, done in order.

    Args:
        device: where; by default the CPU.
        priority: accepted; there is one queue.

    Raises:
        RuntimeError: if there is no such device.

    >>> import kajo
    >>> with kajo.Stream() as stream:
    ...     x = kajo.ones(2) + 1
    >>> stream.synchronize(); x
    tensor([2., 2.])
    """

    def __init__(
        self,
        device: Any = None,
        *,
        priority: int = 0,
        stream_id: int = 0,
        device_index: int = -1,
        device_type: int = 0,
    ) -> None:
        self._device = _device("Stream", device)
        self._identity = (self._device.type, device_index, stream_id)

    @property
    def device(self) -> Any:
        """The device."""
        return self._device

    @property
    def device_index(self) -> int:
        """Which of the devices of its kind; -1: the current one."""
        return self._identity[1]

    @property
    def device_type(self) -> int:
        """The number of the kind of device: 0 is the CPU."""
        return 0 if self._device.type == "cpu" else 16

    @property
    def stream_id(self) -> int:
        """Which of the device's streams."""
        return self._identity[2]

    @property
    def native_handle(self) -> int:
        """The driver's name of the stream.

        Raises:
            RuntimeError: on the CPU, which has no driver.
        """
        raise RuntimeError("Backend doesn't support getting stream native handle.")

    def query(self) -> bool:
        """Whether all work is done."""
        return True

    def synchronize(self) -> None:
        """Wait until all work is done."""

    def is_capturing(self) -> bool:
        """Whether work is noted for a graph in place of being done: never."""
        return False

    def record_event(self, event: Event | None = None) -> Event:
        """An event that happens when the work so far is done.

        Raises:
            RuntimeError: on the CPU, which has no events.
        """
        raise _without_events(self._device)

    def wait_event(self, event: Event) -> None:
        """Let the work that follows wait for an event, which on the CPU has happened."""

    def wait_stream(self, stream: Stream) -> None:
        """Let the work that follows wait for another stream.

        Raises:
            RuntimeError: on the CPU, which has no events.
        """
        raise _without_events(self._device)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        kind, index, number = self._identity
        return f"kajo.Stream device_type={kind}, device_index={index}, stream_id={number}"


class Event:
    """A point in the work of a stream, which others can wait for.

    Args:
        device: where; by default the CPU.
        enable_timing: keep the time at which it happens.
        blocking, interprocess: accepted.

    Raises:
        RuntimeError: if there is no such device.
    """

    def __init__(
        self,
        device: Any = None,
        *,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
    ) -> None:
        self._device = _device("Event", device)
        self._timed = bool(enable_timing)

    @property
    def device(self) -> Any:
        """The device."""
        return self._device

    @property
    def event_id(self) -> int:
        """The driver's number of the event; 0 before it is recorded."""
        return 0

    def record(self, stream: Stream | None = None) -> None:
        """Let it happen when the stream's work so far is done.

        Raises:
            RuntimeError: on the CPU, which has no events.
        """
        raise _without_events(self._device)

    def query(self) -> bool:
        """Whether it has happened: what was never recorded has."""
        return True

    def wait(self, stream: Stream | None = None) -> None:
        """Let a stream's further work wait for it."""

    def synchronize(self) -> None:
        """Wait until it has happened."""

    def elapsed_time(self, other: Event) -> float:
        """Milliseconds between two events that were recorded.

        Raises:
            ValueError: if one of them takes no time or was not recorded.
        """
        if not (self._timed and other._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        raise ValueError("Both events must be recorded before calculating elapsed time.")

    def ipc_handle(self) -> bytes:
        """What names the event in other processes.

        Raises:
            NotImplementedError: on the CPU, where processes share no events.
        """
        raise NotImplementedError("Event ipc is not supported on the CPU")

    @classmethod
    def from_ipc_handle(cls, device: Any, handle: bytes) -> Event:
        """The event of another process.

        Raises:
            NotImplementedError: on the CPU, where processes share no events.
        """
        raise NotImplementedError("Event ipc is not supported on the CPU")

    def __repr__(self) -> str:
        return (
            f"kajo.Event device_type={self._device.type}, device_index=-1, event_flag=0, event_id=0"
        )


for _class in (AcceleratorError, Event, OutOfMemoryError, Stream):
    _class.__module__ = "kajo"
