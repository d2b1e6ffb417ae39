"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.exp_family import ExponentialFamily
from kajo.distributions.utils import broadcast_all, clamp_probs
from kajo.nn.functional import binary_cross_entropy_with_logits

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ProbabilityDistribution, ExponentialFamily):
    """The density C(p) p^x (1 - p)^(1 - x) on [0, 1] (Loaiza-Ganem and Cunningham, 2019).

    Args:
        probs: p, in (0, 1).
        logits: its log-odds, instead.
        lims: where p lies so near 1/2 that Taylor series replace the formulas.

    >>> import kajo
    >>> ContinuousBernoulli(kajo.tensor([0.5])).mean
    tensor([0.5000])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _unexpanded: ClassVar[tuple[str, ...]] = ("_lims",)

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ):
        self._set_parameter(
            None if probs is None else broadcast_all(probs)[0],
            None if logits is None else broadcast_all(logits)[0],
        )
        if logits is None:
            validate = self._validate_args if validate_args is None else validate_args
            if validate and not constraints.unit_interval.check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def _outside_unstable_region(self) -> Tensor:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Tensor:
        """p, away from 1/2."""
        return kajo.where(self._outside_unstable_region(), self.probs, self._lims[0])

    def _cont_bern_log_norm(self) -> Tensor:
        cut = self._cut_probs()
        below = kajo.where(cut <= 0.5, cut, 0.0)
        above = kajo.where(cut >= 0.5, cut, 1.0)
        norm = kajo.log(kajo.abs(kajo.log1p(-cut) - kajo.log(cut))) - kajo.where(
            cut <= 0.5, kajo.log1p(-2.0 * below), kajo.log(2.0 * above - 1.0)
        )
        x = (self.probs - 0.5).pow(2)
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return kajo.where(self._outside_unstable_region(), norm, series)

    @property
    def mean(self) -> Tensor:
        cut = self._cut_probs()
        exact = cut / (2.0 * cut - 1.0) + 1.0 / (kajo.log1p(-cut) - kajo.log(cut))
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return kajo.where(self._outside_unstable_region(), exact, series)

    @property
    def variance(self) -> Tensor:
        cut = self._cut_probs()
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut).pow(2)
        exact = exact + 1.0 / (kajo.log1p(-cut) - kajo.log(cut)).pow(2)
        x = (self.probs - 0.5).pow(2)
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return kajo.where(self._outside_unstable_region(), exact, series)

    @property
    def stddev(self) -> Tensor:
        return self.variance.sqrt()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(kajo.rand(shape, dtype=self.probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        loss = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._cont_bern_log_norm() - loss

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut_probs()
        exact = kajo.pow(cut, value) * kajo.pow(1.0 - cut, 1.0 - value) + cut - 1.0
        inside = kajo.where(self._outside_unstable_region(), exact / (2.0 * cut - 1.0), value)
        return kajo.where(value <= 0.0, 0.0, kajo.where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        cut = self._cut_probs()
        exact = (kajo.log1p(-cut + value * (2.0 * cut - 1.0)) - kajo.log1p(-cut)) / (
            kajo.log(cut) - kajo.log1p(-cut)
        )
        return kajo.where(self._outside_unstable_region(), exact, value)

    def entropy(self) -> Tensor:
        low = kajo.log1p(-self.probs)
        return self.mean * (low - kajo.log(self.probs)) - self._cont_bern_log_norm() - low

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = kajo.where(outside, x, self._lims[0] - 0.5)
        exact = kajo.log(kajo.abs(kajo.special.expm1(cut))) - kajo.log(kajo.abs(cut))
        return kajo.where(outside, exact, 0.5 * x + kajo.pow(x, 2) / 24.0 - kajo.pow(x, 4) / 2880.0)
