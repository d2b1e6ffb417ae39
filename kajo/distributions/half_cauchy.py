"""The half-Cauchy distribution."""

from __future__ import annotations

import kajo
from kajo import Tensor
from kajo.distributions._half import HalfDistribution
from kajo.distributions.cauchy import Cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(HalfDistribution):
    """|x| of a Cauchy number x about 0.

    Args:
        scale: the scale of x.

    >>> import kajo
    >>> HalfCauchy(1.0).cdf(kajo.tensor(1.0))
    tensor(0.5000)
    """

    _symmetric = Cauchy

    @property
    def mean(self) -> Tensor:
        return kajo.full(self._extended_shape(), kajo.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
