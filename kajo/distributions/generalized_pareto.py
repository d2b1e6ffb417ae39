"""The generalised Pareto distribution."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions.distribution import Distribution
from kajo.distributions.utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """The survival function (1 + c z)^(-1 / c) of z = (x - l) / s; exp(-z) for c = 0.

    Args:
        loc: l, the least value.
        scale: s, above 0.
        concentration: c; below 0 the support ends at l - s / c.

    >>> import kajo
    >>> GeneralizedPareto(0.0, 1.0, 0.5).mean
    tensor(2.)
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    @property
    def _is_exponential(self) -> Tensor:
        return kajo.isclose(self.concentration, self.concentration.new_zeros(()))

    @property
    def _safe_concentration(self) -> Tensor:
        """The concentration, and 1 where a limit takes the place of the formula."""
        return self.concentration.masked_fill(self._is_exponential, 1.0)

    def _z(self, value: Tensor) -> Tensor:
        return (value - self.loc) / self.scale

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(kajo.rand(shape, dtype=self.loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z, c = self._z(value), self._safe_concentration
        general = -(1 + 1 / c) * kajo.log1p(c * z)
        return kajo.where(self._is_exponential, -z, general) - kajo.log(self.scale)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of more than `value`."""
        if self._validate_args:
            self._validate_sample(value)
        z, c = self._z(value), self._safe_concentration
        return kajo.where(self._is_exponential, -z, -kajo.log1p(c * z) / c)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of at most `value`."""
        return kajo.log1p(-kajo.exp(self.log_survival_function(value)))

    def cdf(self, value: Tensor) -> Tensor:
        return kajo.exp(self.log_cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        c, survival = self._safe_concentration, kajo.log1p(-value)
        general = self.loc + self.scale * kajo.expm1(-c * survival) / c
        return kajo.where(self._is_exponential, self.loc - self.scale * survival, general)

    @property
    def mean(self) -> Tensor:
        c = self.concentration
        mean = self.loc + self.scale / (1 - c.masked_fill(c >= 1, 0.5))
        return mean.masked_fill(c >= 1, kajo.nan)

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        valid = c.masked_fill(c >= 0.5, 0.25)
        variance = self.scale**2 / ((1 - valid) ** 2 * (1 - 2 * valid))
        return variance.masked_fill(c >= 0.5, kajo.nan)

    def entropy(self) -> Tensor:
        return (kajo.log(self.scale) + self.concentration + 1).broadcast_to(self._batch_shape)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From loc on, up to loc - scale / concentration where that is negative."""
        upper = self.loc - self.scale / self.concentration
        upper = kajo.where(self.concentration < 0, upper, kajo.inf)
        return constraints.interval(self.loc, upper)
