"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Size, Tensor
from kajo.distributions import constraints
from kajo.distributions.distribution import Distribution
from kajo.distributions.utils import broadcast_all, lazy_property

__all__ = ["VonMises"]


def _log_bessel(x: Tensor, order: int) -> Tensor:
    """log I_0(x) or log I_1(x) for x > 0."""
    scaled = kajo.special.i0e(x) if order == 0 else kajo.special.i1e(x)
    return kajo.log(scaled) + x


class VonMises(Distribution):
    """Angles with the density exp(k cos(x - l)) / (2 pi I_0(k)).

    Samples are drawn by the rejection method of Best and Fisher (1979).

    Args:
        loc: l, an angle in radians.
        concentration: k, above 0.

    >>> import kajo
    >>> VonMises(kajo.tensor(1.0), kajo.tensor(4.0)).mean
    tensor(1.)
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, Size(), validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self.concentration * kajo.cos(value - self.loc)
        return log_prob - math.log(2 * math.pi) - _log_bessel(self.concentration, 0)

    @lazy_property
    def _proposal_r(self) -> Tensor:
        k = self.concentration.double()
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        # The formula cancels for small k; there the first terms of the series are exact.
        return kajo.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with kajo.no_grad():
            shape = self._extended_shape(sample_shape)
            r, k = self._proposal_r, self.concentration.double()
            x = kajo.empty(shape, dtype=kajo.float64)
            done = kajo.zeros(shape, dtype=kajo.bool)
            while not done.all():
                first, second, third = kajo.rand((3, *shape), dtype=kajo.float64).unbind()
                z = kajo.cos(math.pi * first)
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = ((c * (2 - c) - second) > 0) | ((c / second).log() + 1 - c >= 0)
                if accept.any():
                    x = kajo.where(accept, (third - 0.5).sign() * f.acos(), x)
                    done = done | accept
            angle = (x + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
            return angle.to(self.loc.dtype)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The circular variance 1 - I_1(k) / I_0(k)."""
        k = self.concentration
        return 1 - (_log_bessel(k, 1) - _log_bessel(k, 0)).exp()
