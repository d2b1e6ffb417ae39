"""The half-normal distribution."""

from __future__ import annotations

import math

from kajo import Tensor
from kajo.distributions._half import HalfDistribution
from kajo.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(HalfDistribution):
    """|x| of a normal number x about 0.

    Args:
        scale: the standard deviation of x.

    >>> HalfNormal(1.0).mean
    tensor(0.7979)
    """

    _symmetric = Normal

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)
