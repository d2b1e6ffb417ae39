"""Exponential families."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Distributions with the density exp(<t(x), theta> - F(theta) + k(x)).

    theta are the natural parameters, F the log normaliser, k the carrier measure. The entropy follows
    from their derivatives (Nielsen and Nock, Entropies and cross-entropies of exponential families).
    """

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Tensor:
        raise NotImplementedError

    def entropy(self) -> Tensor:
        parameters = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*parameters)
        gradients = kajo.autograd.grad(normalizer.sum(), parameters, create_graph=True)
        result = normalizer.clone() - self._mean_carrier_measure
        for parameter, gradient in zip(parameters, gradients):
            result = result - (parameter * gradient).reshape(*self._batch_shape, -1).sum(-1)
        return result
