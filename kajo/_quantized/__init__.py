"""Tensors whose elements are codes of a few bits, with a scale that turns them into numbers.

>>> import kajo
>>> q = kajo.quantize_per_tensor(kajo.tensor([0.0, 0.26, 1.0]), 0.1, 10, kajo.quint8)
>>> q.int_repr(), q.dequantize()
(tensor([10, 13, 20], dtype=kajo.uint8), tensor([0.0000, 0.3000, 1.0000]))
"""

from __future__ import annotations

from kajo._quantized._schemes import (
    per_channel_affine,
    per_channel_affine_float_qparams,
    per_channel_symmetric,
    per_tensor_affine,
    per_tensor_symmetric,
    qscheme,
)

__all__ = [
    "per_channel_affine",
    "per_channel_affine_float_qparams",
    "per_channel_symmetric",
    "per_tensor_affine",
    "per_tensor_symmetric",
    "qscheme",
]
