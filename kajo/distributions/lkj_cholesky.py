"""Random correlation matrices."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.beta import Beta
from kajo.distributions.distribution import Distribution

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors L of correlation matrices M = L L^T with the density ~ det(M)^(eta - 1).

    Samples are drawn by the onion method of Lewandowski, Kurowicka and Joe (2009).

    Args:
        dim: the size of the matrices, at least 2.
        concentration: eta; 1 for the uniform distribution.

    >>> LKJCholesky(3, 0.5).event_shape
    kajo.Size([3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _unexpanded: ClassVar[tuple[str, ...]] = ("dim",)

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None):
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        self.concentration = kajo.as_tensor(
            concentration,
            dtype=None if isinstance(concentration, Tensor) else kajo.get_default_dtype(),
        )
        marginal = self.concentration + 0.5 * (dim - 2)
        rows = kajo.arange(dim - 1, dtype=self.concentration.dtype)
        rows = kajo.cat([rows.new_zeros((1,)), rows])
        self._beta = Beta(rows + 0.5, marginal.unsqueeze(-1) - 0.5 * rows)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def _expand_further(self, new: Any, batch_shape: Size) -> None:
        new._beta = self._beta.expand(batch_shape + (self.dim,))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        radius = self._beta.sample(sample_shape).unsqueeze(-1)
        shape = self._extended_shape(sample_shape)
        normal = kajo.randn(shape, dtype=radius.dtype).tril(-1)
        sphere = normal / normal.norm(dim=-1, keepdim=True)
        sphere[..., 0, :].fill_(0.0)
        factor = radius.sqrt() * sphere
        rest = (1 - (factor**2).sum(-1)).clamp(min=kajo.finfo(factor.dtype).tiny)
        return factor + kajo.diag_embed(rest.sqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = kajo.arange(2, self.dim + 1)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        density = (order * diagonal.log()).sum(-1)
        below = self.dim - 1
        alpha = self.concentration + 0.5 * below
        norm = (
            0.5 * below * math.log(math.pi)
            + kajo.mvlgamma(alpha - 0.5, below)
            - kajo.lgamma(alpha) * below
        )
        return density - norm
