"""The geometric distribution."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.utils import broadcast_all
from kajo.nn.functional import binary_cross_entropy_with_logits

__all__ = ["Geometric"]


class Geometric(ProbabilityDistribution):
    """The number of failures before the first success.

    Args:
        probs: the probability of success, in (0, 1].
        logits: its log-odds, instead.

    >>> import kajo
    >>> Geometric(kajo.tensor([0.25])).mean
    tensor([3.])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self._set_parameter(
            None if probs is None else broadcast_all(probs)[0],
            None if logits is None else broadcast_all(logits)[0],
        )
        super().__init__(self._param.size(), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs of distribution {self!r} to be positive but found invalid "
                f"values:\n{self.probs}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return kajo.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        tiny = kajo.finfo(self.probs.dtype).tiny
        with kajo.no_grad():
            uniform = self.probs.new_empty(shape).uniform_(tiny, 1)
            return (uniform.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        certain = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-certain).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        loss = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return loss / self.probs
