"""Weights that stay orthogonal while they are learned."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.modules.module import Module
from kajo.nn.utils.parametrize import register_parametrization

__all__ = ["orthogonal"]


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _is_orthogonal(q: Tensor, eps: float | None = None) -> bool:
    rows, columns = q.shape[-2:]
    if rows < columns:
        q, columns = q.mH, rows
    if eps is None:
        eps = 10.0 * max(q.shape[-2:]) * kajo.finfo(q.dtype).eps
    identity = kajo.eye(columns, dtype=q.dtype, device=q.device)
    return bool(kajo.allclose(q.mH @ q, identity, atol=eps))


def _made_orthogonal(a: Tensor) -> Tensor:
    """The nearest thing to `a`, tall, that Householder reflections give, with the signs of `a`."""
    reflections, scales = kajo.geqrf(a)
    q = kajo.linalg.householder_product(reflections, scales)
    return q * reflections.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    base: Tensor

    def __init__(
        self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        """The orthogonal matrix of any matrix; wide ones by way of their transpose."""
        rows, columns = X.shape[-2:]
        wide = rows < columns
        if wide:
            X, rows, columns = X.mT, columns, rows
        if self.orthogonal_map == _OrthMaps.householder:
            q = self._reflected(X)
        else:
            q = self._rotated(X, rows, columns)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def _rotated(self, X: Tensor, rows: int, columns: int) -> Tensor:
        a = X.tril()
        if rows != columns:
            a = kajo.cat([a, a.new_zeros(rows, rows - columns).expand(*a.shape[:-2], -1, -1)], -1)
        a = a - a.mH
        if self.orthogonal_map == _OrthMaps.matrix_exp:
            q = kajo.matrix_exp(a)
        else:
            identity = kajo.eye(rows, dtype=a.dtype, device=a.device)
            q = kajo.linalg.solve(identity - 0.5 * a, identity + 0.5 * a)
        return q[..., :columns] if rows != columns else q

    def _reflected(self, X: Tensor) -> Tensor:
        below = X.tril(-1)
        scales = 2.0 / (1.0 + (below * below).sum(-2))
        q = kajo.linalg.householder_product(below, scales)
        # The diagonal holds signs, which are not learned.
        return q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    def right_inverse(self, Q: Tensor) -> Tensor:
        """What gives `Q`, or if it is not orthogonal the orthogonal matrix of its factorisation."""
        with kajo.no_grad():
            return self._origin_of(Q)

    def _origin_of(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape "
                f"{Q.shape}."
            )
        rows, columns = Q.shape[-2:]
        wide = rows < columns
        if wide:
            Q, rows, columns = Q.mT, columns, rows
        if hasattr(self, "base"):
            parameter = self._as_base(Q, rows, columns)
        elif self.orthogonal_map != _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        else:
            parameter, scales = kajo.geqrf(Q)
            diagonal = parameter.diagonal(dim1=-2, dim2=-1)
            diagonal.sgn_()
            # A reflection that does nothing has the sign of no reflection.
            diagonal[scales == 0.0] *= -1
        return parameter.mT if wide else parameter

    def _as_base(self, Q: Tensor, rows: int, columns: int) -> Tensor:
        """Keeps the matrix apart, so that what is learned is a turn away from it."""
        if rows == columns:
            self.base = Q.clone() if _is_orthogonal(Q) else _made_orthogonal(Q)
        else:
            more = kajo.randn(*Q.shape[:-2], rows, rows - columns, dtype=Q.dtype, device=Q.device)
            self.base = _made_orthogonal(kajo.cat([Q, more], -1))
        return -kajo.eye(rows, columns, dtype=Q.dtype, device=Q.device).expand_as(Q).contiguous()


def orthogonal(
    module: Any,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Any:
    """Keep a parameter orthogonal: its columns, or where it is wide its rows, are orthonormal.

    Args:
        module: changed in place.
        name: of the parameter, a matrix or a batch of matrices.
        orthogonal_map: how an orthogonal matrix is made of any matrix: "matrix_exp" or "cayley" of its
            skew-symmetric part, or "householder" reflections. None for "matrix_exp" where the matrix is
            square or complex, else "householder".
        use_trivialization: keep the present matrix apart, as a buffer ``base``, and learn a turn away
            from it.

    Returns:
        `module`.

    Raises:
        ValueError: if there is no such parameter, or it is no matrix, or the map has another name.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.parametrizations.orthogonal(kajo.nn.Linear(3, 2))
        >>> kajo.allclose(layer.weight @ layer.weight.T, kajo.eye(2), atol=1e-6)
        True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.dim() < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.dim()} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _OrthMaps.__members__:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, _OrthMaps[orthogonal_map], use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
