"""The sources of random numbers of GPUs: without a GPU none.

>>> import kajo
>>> kajo.cuda.get_rng_state_all()
[]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kajo.cuda._needs import needs_gpu

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed",
    "seed_all", "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def manual_seed(seed: int) -> None:
    """Seed the current GPU's generator; without a GPU nothing happens."""


def manual_seed_all(seed: int) -> None:
    """Seed all GPUs' generators; without a GPU nothing happens."""


def seed() -> None:
    """Seed the current GPU's generator from the system; without a GPU nothing happens."""


def seed_all() -> None:
    """Seed all GPUs' generators from the system; without a GPU nothing happens."""


def initial_seed() -> int:
    """The seed of the current GPU's generator; raises without a GPU."""
    needs_gpu("initial_seed")


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of a GPU's generator; raises without a GPU."""
    needs_gpu("get_rng_state")


def get_rng_state_all() -> list[Any]:
    """The states of all GPUs' generators."""
    return []


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Set the state of a GPU's generator; without a GPU nothing happens."""


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    """Set the states of all GPUs' generators; without a GPU nothing happens."""
