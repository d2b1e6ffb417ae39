"""GPUs with CUDA: this build has none.

>>> import kajo
>>> kajo.cuda.is_available()
False
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_device", "device_count", "empty_cache", "is_available", "is_initialized", "manual_seed",
    "manual_seed_all", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether a GPU can be used."""
    return False


def is_initialized() -> bool:
    """Whether the driver was opened."""
    return False


def device_count() -> int:
    """The number of GPUs."""
    return 0


def current_device() -> int:
    """The number of the GPU in use.

    Raises:
        RuntimeError: where there is none.
    """
    raise RuntimeError("No CUDA GPUs are available")


def manual_seed(seed: int) -> None:
    """Seed the current GPU's generator; without a GPU nothing happens."""


def manual_seed_all(seed: int) -> None:
    """Seed all GPUs' generators; without a GPU nothing happens."""


def empty_cache() -> None:
    """Give cached GPU memory back; without a GPU nothing happens."""


def synchronize(device: Any = None) -> None:
    """Wait for a GPU.

    Raises:
        RuntimeError: where there is none.
    """
    raise RuntimeError("No CUDA GPUs are available")
