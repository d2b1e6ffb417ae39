"""Transforms that treat the parts of a value each in its own way."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.distributions import constraints
from kajo.distributions._transform import Transform
from kajo.distributions.utils import _sum_rightmost


class _Parts(Transform):
    """Transforms for parts of a value along a dimension."""

    transforms: list[Transform]
    dim: int

    def _set_parts(self, transforms: Sequence[Transform], dim: int, cache_size: int) -> None:
        assert all(isinstance(t, Transform) for t in transforms)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in transforms]
        self.dim = dim

    @property
    def bijective(self) -> Any:
        """Whether all parts are."""
        return all(t.bijective for t in self.transforms)


class CatTransform(_Parts):
    """Transforms for parts of the given lengths that lie behind each other along a dimension.

    Args:
        tseq: a transform a part.
        dim: the dimension.
        lengths: the lengths of the parts; 1 each by default.

    >>> from kajo.distributions.transforms import AffineTransform, ExpTransform
    >>> CatTransform([ExpTransform(), AffineTransform(1.0, 1.0)])(kajo.zeros(2))
    tensor([1., 1.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ):
        super().__init__(cache_size=cache_size)
        self._set_parts(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        assert len(self.lengths) == len(self.transforms)

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size along the dimension."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _slices(self, value: Tensor) -> list[Tensor]:
        assert -value.dim() <= self.dim < value.dim()
        assert value.size(self.dim) == self.length
        return list(value.split(self.lengths, self.dim))

    def _call(self, x: Tensor) -> Tensor:
        return kajo.cat([t(part) for t, part in zip(self.transforms, self._slices(x))], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = zip(self.transforms, self._slices(y))
        return kajo.cat([t.inv(part) for t, part in parts], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        terms = []
        for t, before, after in zip(self.transforms, self._slices(x), self._slices(y)):
            term = t.log_abs_det_jacobian(before, after)
            terms.append(_sum_rightmost(term, self.event_dim - t.event_dim))
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim
        return kajo.cat(terms, dim) if dim < 0 else functools.reduce(operator.add, terms)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the parts."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the parts."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Parts):
    """Transforms for the slices along a dimension.

    Args:
        tseq: a transform a slice.
        dim: the dimension.

    >>> from kajo.distributions.transforms import AffineTransform, ExpTransform
    >>> StackTransform([ExpTransform(), AffineTransform(1.0, 1.0)])(kajo.zeros(2))
    tensor([1., 1.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0):
        super().__init__(cache_size=cache_size)
        self._set_parts(tseq, dim, cache_size)

    def with_cache(self, cache_size: int = 1) -> Any:
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _slices(self, value: Tensor) -> list[Tensor]:
        assert -value.dim() <= self.dim < value.dim()
        assert value.size(self.dim) == len(self.transforms)
        return list(value.unbind(self.dim))

    def _call(self, x: Tensor) -> Tensor:
        return kajo.stack([t(part) for t, part in zip(self.transforms, self._slices(x))], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = zip(self.transforms, self._slices(y))
        return kajo.stack([t.inv(part) for t, part in parts], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        parts = zip(self.transforms, self._slices(x), self._slices(y))
        return kajo.stack([t.log_abs_det_jacobian(*pair) for t, *pair in parts], self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
