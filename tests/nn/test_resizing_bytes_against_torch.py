"""Images of bytes are resized as PyTorch does it, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import kajo

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("options", [{}, {"align_corners": True}, {"antialias": True}])
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_same_bytes(mode: str, options: dict[str, Any], channels: int) -> None:
    pixels = numpy.random.default_rng(0).integers(0, 256, (2, channels, 11, 9), dtype=numpy.uint8)
    for size in ((5, 7), (20, 13), (11, 9), (40, 9)):
        ours, theirs = (
            m.nn.functional.interpolate(m.from_numpy(pixels), size, mode=mode, **options).numpy()
            for m in (kajo, torch)
        )
        assert (ours == theirs).all(), size
