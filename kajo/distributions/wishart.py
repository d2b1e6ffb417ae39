"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.chi2 import Chi2
from kajo.distributions.exp_family import ExponentialFamily
from kajo.distributions.multivariate_normal import MatrixScaled, _one_of

__all__ = ["Wishart"]

# How often samples that rounding made singular are drawn again.
_TRIES = 10


def _mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of the multivariate lgamma."""
    return kajo.digamma(x.unsqueeze(-1) - 0.5 * kajo.arange(p, dtype=x.dtype)).sum(-1)


class Wishart(MatrixScaled, ExponentialFamily):
    """Matrices X X^T of n independent normal vectors with a covariance matrix (n may be fractional).

    Samples are made by the Bartlett decomposition.

    Args:
        df: n, above the size of the matrices less 1.
        covariance_matrix: (..., p, p), positive definite.
        precision_matrix: its inverse, instead.
        scale_tril: its lower Cholesky factor, instead; the cheapest.

    Raises:
        ValueError: if not exactly one matrix is given, a shape is too small or df too low.

    >>> import kajo
    >>> Wishart(kajo.tensor(3.0), kajo.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    arg_constraints = {
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
        "df": constraints.greater_than(0),
    }
    _chi2: Chi2
    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ):
        matrices = _one_of(covariance_matrix, precision_matrix, scale_tril)
        matrix = next(m for m in matrices.values() if m is not None)
        df = kajo.as_tensor(df, dtype=matrix.dtype)
        batch = kajo.broadcast_shapes(matrix.shape[:-2], df.shape)
        p = matrix.shape[-1]
        if (df <= p - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        self.df = df.expand(batch)
        self._set_matrix(matrices, batch + (p, p))
        super().__init__(batch, Size((p, p)), validate_args=validate_args)
        if (self.df < p).any():
            warnings.warn(
                f"Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim "
                f"(df {self.df}, ndim {p}).",
                stacklevel=2,
            )
        self._set_chi2(self)

    @staticmethod
    def _set_chi2(distribution: Any) -> None:
        p = distribution._event_shape[-1]
        below = kajo.arange(p, dtype=distribution.df.dtype)
        distribution._chi2 = Chi2(distribution.df.unsqueeze(-1) - below)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        self._set_chi2(new)
        return new

    @property
    def mean(self) -> Tensor:
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self._event_shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, kajo.nan)
        return factor[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df[..., None, None] * (covariance.pow(2) + outer)

    def _bartlett_sampling(self, sample_shape: Any = ()) -> Tensor:
        p = self._event_shape[-1]
        smallest = kajo.finfo(self._unbroadcasted_scale_tril.dtype).eps
        roots = self._chi2.rsample(sample_shape).sqrt().clamp(min=smallest)
        noise = roots.diag_embed(dim1=-2, dim2=-1)
        rows, columns = kajo.tril_indices(p, p, offset=-1)
        below = Size(sample_shape) + self._batch_shape + (p * (p - 1) // 2,)
        noise[..., rows, columns] = kajo.randn(below, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Tensor:
        sample_shape = Size(sample_shape)
        tries = _TRIES if max_try_correction is None else max_try_correction
        sample = self._redrawn(self._bartlett_sampling(sample_shape), tries)
        singular = ~constraints.positive_definite.check(sample)
        for _ in range(tries):
            if not singular.any():
                return sample
            again = self._bartlett_sampling(sample_shape)
            sample = kajo.where(singular[..., None, None], again, sample)
            singular = ~constraints.positive_definite.check(sample)
        if singular.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
        return sample

    def _redrawn(self, sample: Tensor, tries: int) -> Tensor:
        """The first draws, drawn again where they are regular: so a seed gives PyTorch's samples."""
        chosen = constraints.positive_definite.check(sample)
        batch = tuple(range(-len(self._batch_shape), 0))
        chosen = chosen.amax(batch) if batch else chosen
        for _ in range(tries if chosen.any() else 0):
            again = self._bartlett_sampling(chosen[chosen].shape)
            sample[chosen] = again
            singular = ~constraints.positive_definite.check(again)
            chosen[chosen.clone()] = singular.amax(batch) if batch else singular
            if not chosen.any():
                break
        return sample

    def _half_log_determinant(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        trace = kajo.cholesky_solve(value, self._unbroadcasted_scale_tril)
        return (
            -nu * (p * math.log(2) / 2 + self._half_log_determinant())
            - kajo.mvlgamma(nu / 2, p)
            + (nu - p - 1) / 2 * kajo.linalg.slogdet(value).logabsdet
            - trace.diagonal(dim1=-2, dim2=-1).sum(-1) / 2
        )

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        return (
            (p + 1) * (p * math.log(2) / 2 + self._half_log_determinant())
            + kajo.mvlgamma(nu / 2, p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        p = self._event_shape[-1]
        return -self.precision_matrix / 2, (self.df - p - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-kajo.linalg.slogdet(-2 * x).logabsdet + math.log(2) * p) + kajo.mvlgamma(
            half, p
        )
