"""Joining and splitting dimensions."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn.modules.module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Joins the dimensions from `start_dim` to `end_dim` into one.

    Args:
        start_dim, end_dim: first and last of them.

    Shape:
        (*, S_start, ..., S_end, *) to (*, S_start ... S_end, *).

    Example:
        >>> import kajo
        >>> kajo.nn.Flatten()(kajo.ones(2, 3, 4)).shape
        kajo.Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one dimension into several.

    Args:
        dim: the dimension, by number or name.
        unflattened_size: the sizes it becomes; for a name, pairs of name and size.

    Shape:
        (*, S, *) to (*, U_1, ..., U_n, *), with U_1 ... U_n = S.

    Raises:
        TypeError: if the sizes are not a tuple or list of numbers.

    Example:
        >>> import kajo
        >>> kajo.nn.Unflatten(1, (3, 4))(kajo.ones(2, 12)).shape
        kajo.Size([2, 3, 4])
    """

    def __init__(self, dim: int | str, unflattened_size: Any) -> None:
        super().__init__()
        if isinstance(dim, int):
            self._check_sizes(unflattened_size)
        elif isinstance(dim, str):
            self._check_pairs(unflattened_size)
        else:
            raise TypeError("invalid argument type for dim parameter")
        self.dim: Any = dim
        self.unflattened_size = unflattened_size

    @staticmethod
    def _check_pairs(pairs: Any) -> None:
        if not isinstance(pairs, tuple):
            raise TypeError(
                "unflattened_size must be a tuple of tuples, but found type " + type(pairs).__name__
            )
        for position, pair in enumerate(pairs):
            if not isinstance(pair, tuple):
                raise TypeError(
                    "unflattened_size must be tuple of tuples, but found element of type "
                    f"{type(pair).__name__} at pos {position}"
                )

    @staticmethod
    def _check_sizes(sizes: Any) -> None:
        if not isinstance(sizes, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(sizes).__name__}"
            )
        for position, size in enumerate(sizes):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, but found element of type "
                    f"{type(size).__name__} at pos {position}"
                )

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
