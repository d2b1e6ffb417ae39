"""The error of what needs a GPU."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["needs_gpu"]


def needs_gpu(name: str) -> NoReturn:
    """Refuse a call that only a GPU can answer.

    Raises:
        AssertionError: always.
    """
    raise AssertionError(f"cuda.{name}(): kajo not compiled with CUDA enabled")
