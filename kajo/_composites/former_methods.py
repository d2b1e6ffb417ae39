"""Methods of older programs: some still work, others tell what took their place."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from kajo._tensor import Tensor

__all__: list[str] = []
METHODS = ("eig", "lstsq", "reinforce", "resize", "resize_as", "solve", "symeig")


def resize(self: Tensor, *sizes: Any) -> Tensor:
    """The same elements in another shape: use `reshape`.

    Raises:
        RuntimeError: if the number of elements differs.

    >>> import kajo, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     kajo.ones(2, 3).resize(3, 2).shape
    kajo.Size([3, 2])
    """
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return _resized(self, sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes)


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """The same elements in the shape of another tensor: use `reshape_as`.

    Raises:
        RuntimeError: if the number of elements differs.
    """
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return _resized(self, tensor.shape)


def _resized(input: Tensor, sizes: Any) -> Tensor:
    count = 1
    for n in sizes:
        count *= n
    if count != input.numel():
        raise RuntimeError(
            f"resize(): {tuple(sizes)} has {count} elements, but the tensor of shape "
            f"{tuple(input.shape)} has {input.numel()}; use resize_() to change their number"
        )
    return input.contiguous().view(tuple(sizes))


def _removed(name: str, advice: str) -> NoReturn:
    raise RuntimeError(f"{name}(): was removed. {advice}")


def eig(self: Tensor, eigenvectors: bool = False) -> Any:
    """Removed: use `kajo.linalg.eig` or `kajo.linalg.eigvals`.

    Raises:
        RuntimeError: always.
    """
    _removed(
        "eig", "Use linalg.eig(A), or linalg.eigvals(A) for the values only; both are complex."
    )


def symeig(self: Tensor, eigenvectors: bool = False) -> Any:
    """Removed: use `kajo.linalg.eigh` or `kajo.linalg.eigvalsh`.

    Raises:
        RuntimeError: always.
    """
    _removed(
        "symeig",
        "Use linalg.eigh(A), or linalg.eigvalsh(A) for the values only; they read the lower triangle "
        "unless UPLO='U' is given.",
    )


def lstsq(self: Tensor, other: Tensor) -> Any:
    """Removed: use `kajo.linalg.lstsq`.

    Raises:
        RuntimeError: always.
    """
    _removed("lstsq", "Use linalg.lstsq(A, B).solution, whose arguments are the other way round.")


def solve(self: Tensor, other: Tensor) -> Any:
    """Removed: use `kajo.linalg.solve`.

    Raises:
        RuntimeError: always.
    """
    _removed(
        "solve",
        "Use linalg.solve(A, B), whose arguments are the other way round; for the factors linalg.lu.",
    )


def reinforce(self: Tensor, reward: Any) -> Any:
    """Removed: use `kajo.distributions`.

    Raises:
        RuntimeError: always.
    """
    _removed(
        "reinforce",
        "Use distributions: m = Categorical(probs); action = m.sample(); "
        "loss = -m.log_prob(action) * reward.",
    )
