"""Tensors with elements that do not count.

The functions take a `mask` beside the tensor, True where an element counts; a :class:`MaskedTensor`
carries it along.

>>> import kajo
>>> x = kajo.tensor([[1.0, 5.0], [3.0, 4.0]])
>>> kajo.masked.mean(x, 1, mask=kajo.tensor([[True, False], [True, True]]))
tensor([1.0000, 3.5000])
"""

from __future__ import annotations

from kajo.masked._ops import *  # noqa: F403
from kajo.masked.maskedtensor import MaskedTensor as MaskedTensor
from kajo.masked.maskedtensor import as_masked_tensor as as_masked_tensor
from kajo.masked.maskedtensor import is_masked_tensor as is_masked_tensor
from kajo.masked.maskedtensor import masked_tensor as masked_tensor
