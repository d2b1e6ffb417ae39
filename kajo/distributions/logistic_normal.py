"""The logistic-normal distribution."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions.normal import Normal
from kajo.distributions.transformed_distribution import TransformedDistribution
from kajo.distributions.transforms import StickBreakingTransform

__all__ = ["LogisticNormal"]


class LogisticNormal(TransformedDistribution):
    """Probability vectors made of K - 1 normal numbers by stick breaking.

    Args:
        loc: (..., K - 1), their means.
        scale: their standard deviations.

    >>> import kajo
    >>> LogisticNormal(kajo.zeros(3), kajo.ones(3)).event_shape
    kajo.Size([4])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(LogisticNormal, _instance)
        return super().expand(batch_shape, _instance=new)

    @property
    def loc(self) -> Tensor:
        """The means of the normal numbers."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviations of the normal numbers."""
        return self.base_dist.base_dist.scale
