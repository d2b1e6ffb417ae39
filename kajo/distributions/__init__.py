"""Probability distributions: samples, densities, divergences, transforms.

>>> import kajo
>>> from kajo.distributions import Normal
>>> Normal(0.0, 1.0).cdf(kajo.tensor(0.0))
tensor(0.5000)
"""

from kajo.distributions import constraints as constraints
from kajo.distributions import transforms as transforms
from kajo.distributions.bernoulli import Bernoulli as Bernoulli
from kajo.distributions.beta import Beta as Beta
from kajo.distributions.binomial import Binomial as Binomial
from kajo.distributions.categorical import Categorical as Categorical
from kajo.distributions.cauchy import Cauchy as Cauchy
from kajo.distributions.chi2 import Chi2 as Chi2
from kajo.distributions.constraint_registry import biject_to as biject_to
from kajo.distributions.constraint_registry import transform_to as transform_to
from kajo.distributions.continuous_bernoulli import ContinuousBernoulli as ContinuousBernoulli
from kajo.distributions.dirichlet import Dirichlet as Dirichlet
from kajo.distributions.distribution import Distribution as Distribution
from kajo.distributions.exp_family import ExponentialFamily as ExponentialFamily
from kajo.distributions.exponential import Exponential as Exponential
from kajo.distributions.fishersnedecor import FisherSnedecor as FisherSnedecor
from kajo.distributions.gamma import Gamma as Gamma
from kajo.distributions.generalized_pareto import GeneralizedPareto as GeneralizedPareto
from kajo.distributions.geometric import Geometric as Geometric
from kajo.distributions.gumbel import Gumbel as Gumbel
from kajo.distributions.half_cauchy import HalfCauchy as HalfCauchy
from kajo.distributions.half_normal import HalfNormal as HalfNormal
from kajo.distributions.independent import Independent as Independent
from kajo.distributions.inverse_gamma import InverseGamma as InverseGamma
from kajo.distributions.kl import kl_divergence as kl_divergence
from kajo.distributions.kl import register_kl as register_kl
from kajo.distributions.kumaraswamy import Kumaraswamy as Kumaraswamy
from kajo.distributions.laplace import Laplace as Laplace
from kajo.distributions.lkj_cholesky import LKJCholesky as LKJCholesky
from kajo.distributions.log_normal import LogNormal as LogNormal
from kajo.distributions.logistic_normal import LogisticNormal as LogisticNormal
from kajo.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal as LowRankMultivariateNormal,
)
from kajo.distributions.mixture_same_family import MixtureSameFamily as MixtureSameFamily
from kajo.distributions.multinomial import Multinomial as Multinomial
from kajo.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from kajo.distributions.negative_binomial import NegativeBinomial as NegativeBinomial
from kajo.distributions.normal import Normal as Normal
from kajo.distributions.one_hot_categorical import OneHotCategorical as OneHotCategorical
from kajo.distributions.one_hot_categorical import (
    OneHotCategoricalStraightThrough as OneHotCategoricalStraightThrough,
)
from kajo.distributions.pareto import Pareto as Pareto
from kajo.distributions.poisson import Poisson as Poisson
from kajo.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
from kajo.distributions.relaxed_categorical import (
    RelaxedOneHotCategorical as RelaxedOneHotCategorical,
)
from kajo.distributions.studentT import StudentT as StudentT
from kajo.distributions.transformed_distribution import (
    TransformedDistribution as TransformedDistribution,
)
from kajo.distributions.transforms import *  # noqa: F403
from kajo.distributions.transforms import __all__ as _transforms
from kajo.distributions.uniform import Uniform as Uniform
from kajo.distributions.von_mises import VonMises as VonMises
from kajo.distributions.weibull import Weibull as Weibull
from kajo.distributions.wishart import Wishart as Wishart

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "Wishart",
    "biject_to",
    "kl_divergence",
    "register_kl",
    "transform_to",
    *_transforms,
]
