"""Distributions that are given by probabilities or by their logits."""

from __future__ import annotations

from typing import Any, ClassVar

import kajo
from kajo import Size, Tensor
from kajo.distributions.distribution import Distribution
from kajo.distributions.utils import lazy_property, logits_to_probs, probs_to_logits


class ProbabilityDistribution(Distribution):
    """What is given as `probs` or as `logits`; the other is computed when it is asked for."""

    _is_binary: ClassVar[bool] = True

    def _set_parameter(self, probs: Any, logits: Any) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        name, value = ("probs", probs) if logits is None else ("logits", logits)
        self.__dict__[name] = value
        self._parameter_name = name

    @property
    def _param(self) -> Tensor:
        return self.__dict__[self._parameter_name]

    def _expand_further(self, new: Any, batch_shape: Size) -> None:
        new._parameter_name = self._parameter_name

    @lazy_property
    def logits(self) -> Tensor:
        """The logits: log(p / (1 - p)) for two outcomes, else log(p)."""
        return probs_to_logits(self.probs, is_binary=self._is_binary)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=self._is_binary)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()

    def _log1p_exp_logits(self) -> Tensor:
        """log(1 + exp(logits)), without overflow."""
        return kajo.logaddexp(self.logits, self.logits.new_zeros(()))
