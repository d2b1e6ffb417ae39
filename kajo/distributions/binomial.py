"""The binomial distribution."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.utils import broadcast_all

__all__ = ["Binomial"]


class Binomial(ProbabilityDistribution):
    """How many of n independent trials succeed.

    Args:
        total_count: n.
        probs: the probability that a trial succeeds.
        logits: its log-odds, instead.

    >>> import kajo
    >>> Binomial(10, kajo.tensor([0.5])).mean
    tensor([5.])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ):
        self._set_parameter(probs, logits)
        count, parameter = broadcast_all(total_count, self._param)
        self.total_count = count.type_as(parameter)
        self.__dict__[self._parameter_name] = parameter
        super().__init__(parameter.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The integers from 0 to n."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with kajo.no_grad():
            return kajo.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        ways = (
            kajo.lgamma(self.total_count + 1)
            - kajo.lgamma(value + 1)
            - kajo.lgamma(self.total_count - value + 1)
        )
        return value * self.logits + ways - self.total_count * self._log1p_exp_logits()

    def entropy(self) -> Tensor:
        self._same_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(kajo.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self._same_count("enumerate_support")
        return self._enumerated(kajo.arange(1 + count, dtype=self._param.dtype), expand)

    def _same_count(self, asked: str) -> int:
        count = int(self.total_count.max())
        if not self.total_count.min() == count:
            raise NotImplementedError(
                f"Inhomogeneous total count not supported by `{asked}`: make a distribution for each count."
            )
        return count
