"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.chi2 import Chi2
from kajo.distributions.distribution import Distribution
from kajo.distributions.utils import _standard_normal, broadcast_all

__all__ = ["StudentT"]


class StudentT(Distribution):
    """A normal number divided by the root of a chi-squared one over its degrees of freedom.

    Args:
        df: the degrees of freedom, above 0.
        loc: the centre.
        scale: the scale, above 0.

    >>> StudentT(4.0).variance
    tensor(2.)
    """

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ):
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.size(), validate_args=validate_args)

    def _expand_further(self, new: Any, batch_shape: Size) -> None:
        new._chi2 = self._chi2.expand(batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc.masked_fill(self.df <= 1, kajo.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.df.masked_fill(self.df <= 2, 3.0)
        variance = self.scale.pow(2) * finite / (finite - 2)
        variance = variance.masked_fill((self.df <= 2) & (self.df > 1), kajo.inf)
        return variance.masked_fill(self.df <= 1, kajo.nan)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        normal = _standard_normal(shape, dtype=self.df.dtype, device=self.df.device)
        chi2 = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (normal * kajo.rsqrt(chi2 / self.df))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        norm = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + kajo.lgamma(0.5 * self.df)
            - kajo.lgamma(0.5 * (self.df + 1.0))
        )
        return -0.5 * (self.df + 1.0) * kajo.log1p(y**2.0 / self.df) - norm

    def entropy(self) -> Tensor:
        half, upper = 0.5 * self.df, 0.5 * (self.df + 1)
        log_beta = kajo.lgamma(half) + math.lgamma(0.5) - kajo.lgamma(upper)
        return (
            self.scale.log()
            + upper * (kajo.digamma(upper) - kajo.digamma(half))
            + 0.5 * self.df.log()
            + log_beta
        )
