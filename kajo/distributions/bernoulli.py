"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.exp_family import ExponentialFamily
from kajo.distributions.utils import broadcast_all
from kajo.nn.functional import binary_cross_entropy_with_logits

__all__ = ["Bernoulli"]


class Bernoulli(ProbabilityDistribution, ExponentialFamily):
    """1 with probability p, else 0.

    Args:
        probs: the probability of 1.
        logits: its log-odds, instead.

    >>> import kajo
    >>> Bernoulli(kajo.tensor([0.3])).log_prob(kajo.tensor([1.0]))
    tensor([-1.2040])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self._set_parameter(
            None if probs is None else broadcast_all(probs)[0],
            None if logits is None else broadcast_all(logits)[0],
        )
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        mode = (self.probs >= 0.5).to(self.probs)
        mode[self.probs == 0.5] = kajo.nan
        return mode

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with kajo.no_grad():
            return kajo.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(kajo.arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (kajo.logit(self.probs),)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        return kajo.log1p(kajo.exp(x))
