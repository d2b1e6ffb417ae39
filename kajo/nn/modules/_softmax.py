"""Softmax and its kin as modules."""

from __future__ import annotations

from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module


class Softmax2d(Module):
    """Softmax over the channels at each place of an image.

    Shape:
        (N, C, H, W) or (C, H, W), to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softmax2d()(kajo.zeros(2, 1, 1)).flatten()
        tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)


class Softmin(Module):
    """softmax(-x) along a dimension.

    Args:
        dim: the dimension.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softmin(dim=0)(kajo.zeros(2))
        tensor([0.5000, 0.5000])
    """

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"dim={self.dim}"


class Softmax(Module):
    """exp(x_i) / sum_j exp(x_j) along a dimension.

    Args:
        dim: the dimension.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softmax(dim=0)(kajo.zeros(2))
        tensor([0.5000, 0.5000])
    """

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """x_i - log(sum_j exp(x_j)) along a dimension.

    Args:
        dim: the dimension.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.LogSoftmax(dim=0)(kajo.zeros(2))
        tensor([-0.6931, -0.6931])
    """

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"dim={self.dim}"


for _class in (
    Softmax2d,
    Softmin,
    Softmax,
    LogSoftmax,
):
    _class.__module__ = "kajo.nn.modules.activation"
