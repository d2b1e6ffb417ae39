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

from kajo._core import Generator, default_generator
from kajo._tensor import Tensor

__all__ = ["fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def manual_seed(seed: int) -> Generator:
    """Restart the global stream from `seed`; returns the generator.

    The same seed gives the same numbers as PyTorch's CPU generator.

    Raises:
        ValueError: if the seed does not fit into 64 bits.
    """
    seed = int(seed)
    if not -0x8000_0000_0000_0000 <= seed <= 0xFFFF_FFFF_FFFF_FFFF:
        raise ValueError(f"manual_seed(): the seed must fit into 64 bits, got {seed}")
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Restart the global stream from a random seed; returns the seed."""
    return int(default_generator.seed())


def initial_seed() -> int:
    """The seed that the global stream started from."""
    return int(default_generator.initial_seed())


def get_rng_state() -> Tensor:
    """The state of the global stream: 5056 bytes, exchangeable with PyTorch's."""
    state: Tensor = default_generator.get_state()
    return state


def set_rng_state(new_state: Tensor) -> None:
    """Continue the global stream from a state of `get_rng_state`."""
    default_generator.set_state(new_state)


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


def _restored(seed: int, state: Tensor) -> Generator:
    generator = Generator().manual_seed(seed)
    generator.set_state(state)
    return generator


def _reduce(self: Generator) -> Any:
    return _restored, (self.initial_seed(), self.get_state())


Generator.__reduce__ = _reduce  # type: ignore[method-assign, assignment]
