"""Streams and events of GPUs; all of them need a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from kajo.cuda._needs import needs_gpu

__all__ = [
    "Event", "ExternalStream", "GreenContext", "Stream", "StreamContext", "current_stream",
    "default_stream", "get_stream_from_external", "set_stream", "stream",
]  # fmt: skip


class Stream:
    """A queue of work of a GPU.

    Args:
        device: which GPU.
        priority: lower numbers go first.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        raise RuntimeError("cuda.Stream requires CUDA support")


class ExternalStream(Stream):
    """A stream that another library made.

    Args:
        stream_ptr: its address.
        device: which GPU.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(self, stream_ptr: int, device: Any = None, **kwargs: Any) -> None:
        super().__init__(device)


class Event:
    """A point in the work of a GPU.

    Args:
        enable_timing: keep the time.
        blocking, interprocess, external: how it is waited for, and by whom.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(
        self,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
        external: bool = False,
    ) -> None:
        raise RuntimeError("cuda.Event requires CUDA support")


class GreenContext:
    """A share of a GPU's processors."""

    @staticmethod
    def create(num_sms: int, device_id: int = 0) -> GreenContext:
        """Set processors aside.

        Raises:
            RuntimeError: without a GPU.
        """
        raise RuntimeError("cuda.GreenContext requires CUDA support")


class StreamContext(AbstractContextManager[None]):
    """A block whose work goes to a stream; None leaves it as it is.

    Args:
        stream: the stream.

    >>> import kajo
    >>> with kajo.cuda.stream(None):
    ...     pass
    """

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def stream(stream: Stream | None) -> StreamContext:
    """A block whose work goes to a stream; None leaves it as it is."""
    return StreamContext(stream)


def set_stream(stream: Stream | None) -> None:
    """Send work to a stream from here on; None changes nothing, and without a GPU there is no other."""


def current_stream(device: Any = None) -> Stream:
    """The stream that work goes to; raises without a GPU."""
    needs_gpu("current_stream")


def default_stream(device: Any = None) -> Stream:
    """The stream that work goes to unless another is chosen; raises without a GPU."""
    needs_gpu("default_stream")


def get_stream_from_external(data_ptr: int, device: Any = None) -> Stream:
    """The stream at an address; raises without a GPU."""
    needs_gpu("get_stream_from_external")
