"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._probability import ProbabilityDistribution
from kajo.distributions.transformed_distribution import TransformedDistribution
from kajo.distributions.transforms import SigmoidTransform
from kajo.distributions.utils import broadcast_all, clamp_probs

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(ProbabilityDistribution):
    """The logits of relaxed Bernoulli numbers (Maddison et al., 2017).

    Args:
        temperature: the relaxation; near 0 it is a Bernoulli distribution.
        probs: the probability of 1.
        logits: its log-odds, instead.

    >>> import kajo
    >>> LogitRelaxedBernoulli(kajo.tensor(1.0), probs=0.5).log_prob(kajo.tensor(0.0))
    tensor(-1.3863)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    _unexpanded: ClassVar[tuple[str, ...]] = ("temperature",)

    def __init__(
        self,
        temperature: Tensor,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ):
        self.temperature = temperature
        self._set_parameter(
            None if probs is None else broadcast_all(probs)[0],
            None if logits is None else broadcast_all(logits)[0],
        )
        super().__init__(self._param.size(), validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        uniforms = clamp_probs(kajo.rand(shape, dtype=probs.dtype))
        noise = uniforms.log() - (-uniforms).log1p()
        return (noise + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers in (0, 1) near 0 and 1 through which gradients flow.

    Args:
        temperature: the relaxation; near 0 it is a Bernoulli distribution.
        probs: the probability of 1.
        logits: its log-odds, instead.

    >>> import kajo
    >>> 0 < RelaxedBernoulli(kajo.tensor(0.5), probs=0.3).rsample() < 1
    tensor(True)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        temperature: Tensor,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ):
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(RelaxedBernoulli, _instance)
        return super().expand(batch_shape, _instance=new)

    @property
    def temperature(self) -> Tensor:
        """The relaxation."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """The log-odds of 1."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self.base_dist.probs
