"""Kullback-Leibler divergences: KL(p || q) = E_p[log p(x) - log q(x)].

Divergences between families follow from the entropy of p and the moments that log q needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import kajo
import kajo.nn.functional as F
from kajo import Tensor
from kajo.distributions.bernoulli import Bernoulli
from kajo.distributions.beta import Beta
from kajo.distributions.binomial import Binomial
from kajo.distributions.categorical import Categorical
from kajo.distributions.cauchy import Cauchy
from kajo.distributions.continuous_bernoulli import ContinuousBernoulli
from kajo.distributions.dirichlet import Dirichlet
from kajo.distributions.distribution import Distribution
from kajo.distributions.exp_family import ExponentialFamily
from kajo.distributions.exponential import Exponential
from kajo.distributions.gamma import Gamma
from kajo.distributions.geometric import Geometric
from kajo.distributions.gumbel import Gumbel
from kajo.distributions.half_normal import HalfNormal
from kajo.distributions.independent import Independent
from kajo.distributions.laplace import Laplace
from kajo.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from kajo.distributions.multivariate_normal import MultivariateNormal
from kajo.distributions.normal import Normal
from kajo.distributions.one_hot_categorical import OneHotCategorical
from kajo.distributions.pareto import Pareto
from kajo.distributions.poisson import Poisson
from kajo.distributions.transformed_distribution import TransformedDistribution
from kajo.distributions.uniform import Uniform
from kajo.distributions.utils import _sum_rightmost, euler_constant

__all__ = ["kl_divergence", "register_kl"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# From the classes of p and q to a function of them.
_KL_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[_Function], _Function]:
    """A decorator that registers a function of p and q for :func:`kl_divergence`.

    It serves subclasses too; where several fit, the most specific class of p decides, then that of q.

    Raises:
        TypeError: if a type is no subclass of Distribution.
    """
    for side, cls in (("p", type_p), ("q", type_q)):
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            raise TypeError(f"Expected type_{side} to be a Distribution subclass but got {cls}")

    def register(function: _Function) -> _Function:
        _KL_REGISTRY[type_p, type_q] = function
        return function

    return register


def kl_divergence(p: Any, q: Any) -> Tensor:
    """The Kullback-Leibler divergence of p from q, of the batch's shape.

    Raises:
        NotImplementedError: if no function is registered for their types.

    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    found = [
        (type(p).__mro__.index(cls_p), type(q).__mro__.index(cls_q), function)
        for (cls_p, cls_q), function in _KL_REGISTRY.items()
        if isinstance(p, cls_p) and isinstance(q, cls_q)
    ]
    if not found:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return min(found, key=lambda entry: entry[:2])[2](p, q)


def _between(*pairs: tuple[type, type]) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        for pair in pairs:
            _KL_REGISTRY[pair] = function
        return function

    return register


def _xlogx(x: Tensor) -> Tensor:
    return kajo.special.xlogy(x, x)


# ---- within a family


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (F.softplus(-q.logits) - F.softplus(-p.logits))
    one = one.masked_fill(q.probs == 0, kajo.inf).masked_fill(p.probs == 0, 0)
    zero = (1 - p.probs) * (F.softplus(q.logits) - F.softplus(p.logits))
    zero = zero.masked_fill(q.probs == 1, kajo.inf).masked_fill(p.probs == 1, 0)
    return one + zero


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    divergence = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    return divergence.masked_fill(p.total_count > q.total_count, kajo.inf)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill(q.probs == 0, kajo.inf).masked_fill(p.probs == 0, 0)
    return terms.sum(-1)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    # Chyzak and Nielsen (2019).
    joint = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return joint.log() - (4 * p.scale * q.scale).log()


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    norm = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return norm + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using "
            "Bregman divergences"
        )
    parameters = [x.detach().requires_grad_() for x in p._natural_params]
    normalizer = p._log_normalizer(*parameters)
    gradients = kajo.autograd.grad(normalizer.sum(), parameters, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for mine, other, gradient in zip(parameters, q._natural_params, gradients):
        result = result - _sum_rightmost((other - mine) * gradient, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + b.lgamma()
        - a.lgamma()
        + (a - b) * a.digamma()
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - kajo.log1p(-q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc) / q.scale
    moment = kajo.exp((1 + ratio).lgamma() - distance)
    return -ratio.log() + distance + ratio * euler_constant + moment - (1 + euler_constant)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * kajo.exp(-distance / p.scale) - 1


@_between(
    (MultivariateNormal, MultivariateNormal),
    (MultivariateNormal, LowRankMultivariateNormal),
    (LowRankMultivariateNormal, MultivariateNormal),
    (LowRankMultivariateNormal, LowRankMultivariateNormal),
)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot "
            "be computed"
        )
    half_logs = [x.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) for x in (p, q)]
    batch = kajo.broadcast_shapes(p.batch_shape, q.batch_shape)
    n = p.event_shape[0]
    factor = q.scale_tril.expand(batch + (n, n))
    spread = kajo.linalg.solve_triangular(factor, p.scale_tril.expand(batch + (n, n)), upper=False)
    shift = (q.loc - p.loc).expand(batch + (n,)).unsqueeze(-1)
    distance = kajo.linalg.solve_triangular(factor, shift, upper=False)
    squares = spread.pow(2).sum((-2, -1)) + distance.pow(2).sum((-2, -1))
    return half_logs[1] - half_logs[0] + 0.5 * (squares - n)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    divergence = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return divergence.masked_fill(p.scale < q.scale, kajo.inf)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    taken = len(p.event_shape) - len(p.base_dist.event_shape)
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), taken)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    divergence = ((q.high - q.low) / (p.high - p.low)).log()
    return divergence.masked_fill((q.low > p.low) | (q.high < p.high), kajo.inf)


# ---- where p reaches outside the support of q


@_between(
    *((p, Pareto) for p in (Beta, ContinuousBernoulli)),
    *((p, q) for p in (Exponential, Gamma) for q in (Beta, ContinuousBernoulli, Pareto, Uniform)),
    *(
        (p, q)
        for p in (Gumbel, Laplace, Normal)
        for q in (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
    ),
    *((Pareto, q) for q in (Beta, ContinuousBernoulli, Uniform)),
    *((Poisson, q) for q in (Bernoulli, Binomial)),
)
def _infinite(p: Any, q: Any) -> Any:
    mean = getattr(p, "loc", None)
    mean = p.mean if mean is None else mean
    return kajo.full_like(mean, kajo.inf)


# ---- between families: -H(p) - E_p[log q]


def _mean_log(p: Any) -> Any:
    """E log x."""
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Gamma):
        return p.concentration.digamma() - p.rate.log()
    if isinstance(p, Exponential):
        return -euler_constant - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    return (_xlogx(p.high) - _xlogx(p.low)) / (p.high - p.low) - 1  # Uniform


def _below_zero(p: Any) -> Any:
    """Where p reaches below 0."""
    return p.low < 0 if isinstance(p, Uniform) else kajo.zeros((), dtype=kajo.bool)


def _outside_unit(p: Any) -> Any:
    """Where p reaches outside [0, 1]."""
    return (p.low < 0) | (p.high > 1) if isinstance(p, Uniform) else kajo.zeros((), dtype=kajo.bool)


def _finite_mean(p: Any) -> Tensor:
    mean: Tensor = p.mean
    return mean


@register_kl(Bernoulli, Poisson)
def _to_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@_between(*((p, Exponential) for p in (Beta, ContinuousBernoulli, Gamma, Pareto, Uniform)))
def _to_exponential(p: Any, q: Any) -> Any:
    divergence = -p.entropy() - q.rate.log() + q.rate * _finite_mean(p)
    return divergence.masked_fill(_below_zero(p), kajo.inf)


@_between(*((p, Gamma) for p in (Beta, Exponential, Pareto, Uniform)))
def _to_gamma(p: Any, q: Any) -> Any:
    a = q.concentration
    log_q = a * q.rate.log() - a.lgamma() + (a - 1) * _mean_log(p) - q.rate * _finite_mean(p)
    return (-p.entropy() - log_q).masked_fill(_below_zero(p), kajo.inf)


@_between(
    *(
        (p, Normal)
        for p in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto, Uniform)
    )
)
def _to_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    spread = p.variance + (p.mean - q.loc).pow(2)
    return -p.entropy() + 0.5 * (2 * math.pi * variance).log() + spread / (2 * variance)


@_between(*((p, ContinuousBernoulli) for p in (Beta, Uniform)))
@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _to_continuous_bernoulli(p: Any, q: Any) -> Any:
    log_q = p.mean * q.logits + kajo.log1p(-q.probs) + q._cont_bern_log_norm()
    return (-p.entropy() - log_q).masked_fill(_outside_unit(p), kajo.inf)


@_between(*((p, Uniform) for p in (Beta, ContinuousBernoulli)))
def _to_uniform(p: Any, q: Any) -> Any:
    divergence = -p.entropy() + (q.high - q.low).log()
    if isinstance(p, Beta):
        return divergence.masked_fill((q.low > 0) | (q.high < 1), kajo.inf)
    return divergence.masked_fill((q.low >= 0) | (q.high <= 1), kajo.inf)


def _mean_exp(p: Any, scale: Tensor) -> Any:
    """E exp(-x / scale)."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate + scale.reciprocal())
    if isinstance(p, Gamma):
        return (1 + (p.rate * scale).reciprocal()).pow(-p.concentration)
    if isinstance(p, Normal):
        return kajo.exp(-p.loc / scale + 0.5 * (p.scale / scale).pow(2))
    width = p.high - p.low  # Uniform
    return scale * (kajo.exp(-p.low / scale) - kajo.exp(-p.high / scale)) / width


@_between(*((p, Gumbel) for p in (Exponential, Gamma, Normal, Uniform)))
def _to_gumbel(p: Any, q: Any) -> Any:
    location = q.loc / q.scale
    log_q = -q.scale.log() - (p.mean / q.scale - location)
    log_q = log_q - location.exp() * _mean_exp(p, q.scale)
    return -p.entropy() - log_q


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    ratio = distance / p.scale
    absolute = math.sqrt(2 / math.pi) * p.scale * kajo.exp(-0.5 * ratio.pow(2))
    absolute = absolute + distance * kajo.erf(math.sqrt(0.5) * ratio)
    return -p.entropy() + (2 * q.scale).log() + absolute / q.scale


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    mirrored = (_xlogx(1 - p.low) - _xlogx(1 - p.high)) / (p.high - p.low) - 1
    norm = (a + b).lgamma() - a.lgamma() - b.lgamma()
    log_q = norm + (a - 1) * _mean_log(p) + (b - 1) * mirrored
    return (-p.entropy() - log_q).masked_fill(_outside_unit(p), kajo.inf)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    log_q = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_log(p)
    return (-p.entropy() - log_q).masked_fill(p.low < q.scale, kajo.inf)
