"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.distribution import Distribution
from kajo.distributions.utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]


def _batch_mv(matrix: Tensor, vector: Tensor) -> Tensor:
    """Matrix times vector over the batch."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(factor: Tensor, vector: Tensor) -> Tensor:
    """x^T M^-1 x with M = L L^T, over the batch."""
    shape = kajo.broadcast_shapes(factor.shape[:-1], vector.shape)
    column = vector.expand(shape).unsqueeze(-1)
    solved = kajo.linalg.solve_triangular(factor, column, upper=False)
    return solved.pow(2).sum((-2, -1))


def _precision_to_scale_tril(precision: Tensor) -> Tensor:
    """The Cholesky factor of the inverse, from the factor of the matrix read backwards."""
    flipped = kajo.linalg.cholesky(precision.flip((-2, -1)))
    inverse_factor = flipped.flip((-2, -1)).mT
    identity = kajo.eye(precision.shape[-1], dtype=precision.dtype)
    return kajo.linalg.solve_triangular(inverse_factor, identity, upper=False)


class MatrixScaled(Distribution):
    """What is given by a covariance matrix, its inverse, or its Cholesky factor."""

    _unbroadcasted_scale_tril: Tensor

    def _set_matrix(self, matrices: dict[str, Tensor | None], matrix_shape: Any) -> None:
        """Keeps the one matrix that is given, expanded, and the factor that follows from it."""
        name, matrix = next((name, m) for name, m in matrices.items() if m is not None)
        self._matrix_name = name
        self.__dict__[name] = matrix.expand(matrix_shape)
        self._unbroadcasted_scale_tril = {
            "scale_tril": lambda m: m,
            "covariance_matrix": kajo.linalg.cholesky,
            "precision_matrix": _precision_to_scale_tril,
        }[name](matrix)

    def _expand_further(self, new: Any, batch_shape: Size) -> None:
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        new._matrix_name = self._matrix_name

    def _full(self, matrix: Tensor) -> Tensor:
        n = matrix.shape[-1]
        return matrix.expand(self._batch_shape + Size((n, n)))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance matrix."""
        return self._full(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        factor = self._unbroadcasted_scale_tril
        return self._full(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        return self._full(kajo.cholesky_inverse(self._unbroadcasted_scale_tril))


def _one_of(covariance: Any, precision: Any, scale_tril: Any) -> dict[str, Any]:
    given = {
        "covariance_matrix": covariance,
        "scale_tril": scale_tril,
        "precision_matrix": precision,
    }
    if sum(m is not None for m in given.values()) != 1:
        raise ValueError(
            "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
    for name, matrix in given.items():
        if matrix is not None and matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
    return given


class MultivariateNormal(MatrixScaled):
    """Normal vectors with a mean and one of a covariance matrix, its inverse, its Cholesky factor.

    Args:
        loc: (..., n), the mean.
        covariance_matrix: (..., n, n), positive definite.
        precision_matrix: its inverse, instead.
        scale_tril: its lower Cholesky factor, instead; the cheapest.

    Raises:
        ValueError: if not exactly one matrix is given, or a shape is too small.

    >>> import kajo
    >>> MultivariateNormal(kajo.zeros(2), kajo.eye(2)).log_prob(kajo.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = _one_of(covariance_matrix, precision_matrix, scale_tril)
        matrix = next(m for m in matrices.values() if m is not None)
        batch = kajo.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        n = loc.shape[-1]
        self.loc = loc.expand(batch + (n,))
        if self._validates(validate_args):
            self._check_matrix(matrices)
        self._set_matrix(matrices, batch + (n, n))
        super().__init__(batch, Size((n,)), validate_args=validate_args)

    def _validates(self, validate_args: bool | None) -> bool:
        return self._validate_args if validate_args is None else validate_args

    def _check_matrix(self, matrices: dict[str, Any]) -> None:
        # Before it is factorised, which would refuse it with another exception.
        for name, matrix in matrices.items():
            constraint = self.arg_constraints[name]
            if matrix is not None and not constraint.check(matrix).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(matrix).__name__} of shape {tuple(matrix.shape)}) of "
                    f"distribution {type(self).__name__} to satisfy the constraint {constraint!r}, but found "
                    f"invalid values:\n{matrix}"
                )

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return (
            self._unbroadcasted_scale_tril.pow(2)
            .sum(-1)
            .expand(self._batch_shape + self._event_shape)
        )

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _standard_normal(shape, self.loc.dtype, self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - self._half_log_determinant()

    def _half_log_determinant(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        entropy = 0.5 * n * (1.0 + math.log(2 * math.pi)) + self._half_log_determinant()
        return entropy.expand(self._batch_shape)
