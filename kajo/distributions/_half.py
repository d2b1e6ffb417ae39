"""Absolute values of distributions that are symmetric about 0."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions.transformed_distribution import TransformedDistribution
from kajo.distributions.transforms import AbsTransform


class HalfDistribution(TransformedDistribution):
    """|x| of a symmetric x: twice the density on one side."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _symmetric: Any  # the class of the distribution of x

    def __init__(self, scale: Any, validate_args: bool | None = None):
        base = self._symmetric(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(type(self), _instance)
        return super().expand(batch_shape, _instance=new)

    @property
    def scale(self) -> Tensor:
        """The scale of the symmetric distribution."""
        return self.base_dist.scale

    @property
    def mode(self) -> Tensor:
        return kajo.zeros_like(self.scale)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value = kajo.as_tensor(value, dtype=self.scale.dtype)
        return kajo.where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -kajo.inf)

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Tensor) -> Tensor:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() - math.log(2)
