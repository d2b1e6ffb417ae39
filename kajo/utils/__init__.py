"""Tools beside the tensors: data loading, checkpointing, DLPack and hook handles."""

from __future__ import annotations

import importlib
from typing import Any

# Parts that are imported when first named.
_PARTS = (
    "benchmark", "checkpoint", "data", "deterministic", "dlpack", "hooks", "safetensors",
    "tensorboard",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"kajo.utils.{name}")
    raise AttributeError(f"module 'kajo.utils' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS} - {"Any", "annotations", "importlib"})
