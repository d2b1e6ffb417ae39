"""The global source of random numbers.

>>> import kajo
>>> _ = kajo.manual_seed(0)
>>> kajo.rand(2)
tensor([0.4963, 0.7682])
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from kajo._core import Generator, _current_generator
from kajo._core import default_generator as default_generator
from kajo._tensor import Tensor

__all__ = [
    "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
    "thread_safe_generator",
]  # fmt: skip


def manual_seed(seed: int) -> Generator:
    """Restart the global stream from `seed`; returns the generator.

    The same seed gives the same numbers as PyTorch's CPU generator.

    Raises:
        ValueError: if the seed does not fit into 64 bits.
    """
    seed = int(seed)
    if not -0x8000_0000_0000_0000 <= seed <= 0xFFFF_FFFF_FFFF_FFFF:
        raise ValueError(f"manual_seed(): the seed must fit into 64 bits, got {seed}")
    return _current_generator().manual_seed(seed)


def seed() -> int:
    """Restart the global stream from a random seed; returns the seed."""
    return int(_current_generator().seed())


def initial_seed() -> int:
    """The seed that the global stream started from."""
    return int(_current_generator().initial_seed())


def get_rng_state() -> Tensor:
    """The state of the global stream: 5056 bytes, exchangeable with PyTorch's."""
    state: Tensor = _current_generator().get_state()
    return state


def set_rng_state(new_state: Tensor) -> None:
    """Continue the global stream from a state of `get_rng_state`."""
    _current_generator().set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """Within the block the global stream may be used freely; afterwards it goes on as before."""
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def thread_safe_generator() -> Generator | None:
    """The generator of a loader's worker that is a thread; None elsewhere, which means the global one.

    Returns:
        What a random operation in this thread draws from anyway.

    >>> import kajo
    >>> kajo.rand(2, generator=kajo.random.thread_safe_generator()).shape
    kajo.Size([2])
    """
    from kajo.utils.data import get_worker_info

    worker = get_worker_info()
    return None if worker is None or worker.rng is None else worker.rng.torch_generator


# ---- what generators can do besides drawing -----------------------------------------------------------


def _clone_state(self: Generator) -> Generator:
    """Another generator that draws the same numbers from here on."""
    return _restored(self.initial_seed(), self.get_state())


def _without_offset(self: Generator, *_: Any) -> int:
    """The place in a stream that is addressed by number, as GPUs have.

    Raises:
        RuntimeError: always; the state says where a CPU's stream is.
    """
    raise RuntimeError("CPU Generator does not use offset")


def _without_graphs(self: Generator, *_: Any) -> Generator:
    """The state that graphs of a GPU's work share.

    Raises:
        NotImplementedError: always, on the CPU.
    """
    raise NotImplementedError("a CPU Generator has no state that graphs share")


def _set_pickled(self: Generator, state: tuple[int, int | None, Tensor]) -> None:
    """Continue from the seed, the offset and the state that `__reduce__` gave."""
    seed, _, stream = state
    self.manual_seed(seed)
    self.set_state(stream)


def _restored(seed: int, state: Tensor) -> Generator:
    generator = Generator()
    _set_pickled(generator, (seed, None, state))
    return generator


def _reduce(self: Generator) -> Any:
    return Generator, (self.device,), (self.initial_seed(), None, self.get_state())


for _name, _method in {
    "clone_state": _clone_state,
    "get_offset": _without_offset,
    "set_offset": _without_offset,
    "graphsafe_get_state": _without_graphs,
    "graphsafe_set_state": _without_graphs,
    "__setstate__": _set_pickled,
    "__reduce__": _reduce,
}.items():
    setattr(Generator, _name, _method)
