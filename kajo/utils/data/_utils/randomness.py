"""The random streams that reading data may draw from, and their states as plain data."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

import kajo
from kajo import _core

_STREAM_TYPES = (kajo.Generator, random.Random, np.random.Generator, np.random.RandomState)


def _plain(value: Any) -> Any:
    """NumPy's parts of a state as lists and numbers, which any checkpoint can hold."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value


def stream_state(stream: Any) -> Any:
    """The state of a generator of kajo, Python or NumPy, or of a module that acts as one."""
    if isinstance(stream, kajo.Generator):
        return stream.get_state()
    if isinstance(stream, np.random.Generator):
        return _plain(stream.bit_generator.state)
    if hasattr(stream, "getstate"):
        return stream.getstate()
    return _plain(stream.get_state())


def set_stream_state(stream: Any, state: Any) -> None:
    """Continue a generator from a state of :func:`stream_state`."""
    if isinstance(stream, np.random.Generator):
        stream.bit_generator.state = state
    elif hasattr(stream, "setstate"):
        version, words, sample = state
        stream.setstate((version, tuple(words), sample))
    else:
        stream.set_state(state)


def program_streams() -> list[Any]:
    """The streams that are used where no generator is named."""
    return [_core._current_generator(), random, np.random]


def states_of(streams: list[Any]) -> list[Any]:
    """The states of several streams."""
    return [stream_state(stream) for stream in streams]


def set_states(streams: list[Any], states: list[Any]) -> None:
    """Continue several streams from their states."""
    for stream, state in zip(streams, states, strict=True):
        set_stream_state(stream, state)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, kajo.Tensor):
        return bool(a.equal(b))
    return bool(a == b)


class Watched:
    """Streams whose states are told only when they have changed."""

    def __init__(self, streams: list[Any]) -> None:
        self.streams = streams
        self._known = states_of(streams)

    def set(self, states: list[Any]) -> None:
        """Continue from these states."""
        set_states(self.streams, states)
        self._known = states_of(self.streams)

    def news(self) -> list[Any] | None:
        """The states, or None if nothing was drawn since they were told last."""
        states = states_of(self.streams)
        if all(map(_same, states, self._known)):
            return None
        self._known = states
        return states


@contextlib.contextmanager
def streams_kept() -> Iterator[None]:
    """Within the block the program's streams may be used freely; afterwards they go on as before."""
    streams = program_streams()
    states = states_of(streams)
    try:
        yield
    finally:
        set_states(streams, states)


def own_streams(loader: Any) -> list[Any]:
    """The generators that a loader and its samplers hold, each once, in a fixed order."""
    samplers = [loader.batch_sampler, loader.sampler]
    samplers += [getattr(sampler, "sampler", None) for sampler in samplers]
    shared = program_streams()
    found: dict[int, Any] = {}
    for holder in [loader, *samplers]:
        for value in getattr(holder, "__dict__", {}).values():
            if isinstance(value, _STREAM_TYPES) and value not in shared:
                found.setdefault(id(value), value)
    return list(found.values())
