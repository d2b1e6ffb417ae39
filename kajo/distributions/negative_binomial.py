"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import kajo
import kajo.nn.functional as F
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.gamma import Gamma
from kajo.distributions.utils import broadcast_all, lazy_property

__all__ = ["NegativeBinomial"]


class NegativeBinomial(ProbabilityDistribution):
    """The number of successes before the n-th failure.

    Args:
        total_count: n, above or equal 0; it need not be an integer.
        probs: the probability of success, in [0, 1).
        logits: its log-odds, instead.

    >>> import kajo
    >>> NegativeBinomial(3.0, kajo.tensor([0.5])).mean
    tensor([3.])
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ):
        self._set_parameter(probs, logits)
        count, parameter = broadcast_all(total_count, self._param)
        self.total_count = count.type_as(parameter)
        self.__dict__[self._parameter_name] = parameter
        super().__init__(parameter.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * kajo.exp(self.logits)

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / kajo.sigmoid(-self.logits)

    @lazy_property
    def _gamma(self) -> Gamma:
        return Gamma(self.total_count, kajo.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with kajo.no_grad():
            return kajo.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        powers = n * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        norm = -kajo.lgamma(n + value) + kajo.lgamma(1.0 + value) + kajo.lgamma(n)
        return powers - norm.masked_fill(n + value == 0.0, 0.0)
