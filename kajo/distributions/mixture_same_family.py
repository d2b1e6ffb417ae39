"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.categorical import Categorical
from kajo.distributions.distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A component is drawn, then a value from it.

    Args:
        mixture_distribution: a :class:`Categorical` over K components, of the batch's shape.
        component_distribution: a batch of distributions, K in its last batch dimension.

    Raises:
        ValueError: if the mixture is no Categorical, or shapes do not fit.

    >>> import kajo
    >>> from kajo.distributions import Categorical, Normal
    >>> mixture = MixtureSameFamily(Categorical(kajo.ones(2)), Normal(kajo.tensor([-1.0, 3.0]), 1.0))
    >>> mixture.mean
    tensor(1.)
    """

    arg_constraints: Any = {}
    has_rsample = False

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution need to be an instance of torch.distributions.Distribution"
            )
        batch = mixture_distribution.batch_shape
        for mine, component in zip(
            reversed(batch), reversed(component_distribution.batch_shape[:-1])
        ):
            if mine != 1 and component != 1 and mine != component:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({batch}) is not compatible with "
                    "`component_distribution.batch_shape` "
                    f"({component_distribution.batch_shape})"
                )
        components = mixture_distribution.logits.shape[-1]
        if components != component_distribution.batch_shape[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({components}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({component_distribution.batch_shape[-1]})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = components
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(
            component_distribution.batch_shape[:-1],
            component_distribution.event_shape,
            validate_args=validate_args,
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = Size(batch_shape)
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        new._component_distribution = self._component_distribution.expand(
            batch_shape + (self._num_component,)
        )
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component = self._num_component
        new._event_ndims = self._event_ndims
        super(MixtureSameFamily, new).__init__(batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        """The components' support."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """The distribution of the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Tensor:
        probs = self._mixture_distribution.probs
        return self._pad_mixture_dimensions(probs)

    def _pad(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, value: Tensor) -> Tensor:
        missing = len(self._batch_shape) - len(self._mixture_distribution.batch_shape)
        shape = value.shape
        return value.reshape(
            shape[:-1] + Size([1] * missing) + shape[-1:] + Size([1] * self._event_ndims)
        )

    @property
    def mean(self) -> Tensor:
        return (self._weights() * self._component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Tensor:
        weights, component = self._weights(), self._component_distribution
        axis = -1 - self._event_ndims
        within = (weights * component.variance).sum(axis)
        between = (weights * (component.mean - self._pad(self.mean)).pow(2.0)).sum(axis)
        return within + between

    def cdf(self, value: Tensor) -> Tensor:
        return (
            self._component_distribution.cdf(self._pad(value)) * self._mixture_distribution.probs
        ).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self._component_distribution.log_prob(self._pad(value))
        log_mix = kajo.log_softmax(self._mixture_distribution.logits, dim=-1)
        return kajo.logsumexp(log_prob + log_mix, dim=-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with kajo.no_grad():
            sample_shape = Size(sample_shape)
            axis = len(sample_shape) + len(self._batch_shape)
            event = self._event_shape
            chosen = self._mixture_distribution.sample(sample_shape)
            samples = self._component_distribution.sample(sample_shape)
            index = chosen.reshape(chosen.shape + Size([1] * (len(event) + 1)))
            index = index.repeat(Size([1] * len(chosen.shape)) + Size([1]) + event)
            return samples.gather(axis, index).squeeze(axis)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"
