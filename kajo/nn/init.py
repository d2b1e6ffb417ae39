"""First values for parameters. All write into the tensor they are given, outside the graph."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = (
    *("linear", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"),
)
_GAIN = {
    **dict.fromkeys(_LINEAR, 1),
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights before a nonlinearity are larger, to keep the variance.

    Args:
        nonlinearity: "linear", "conv2d" and so on, "sigmoid" (1), "tanh" (5/3), "relu" (sqrt 2),
            "leaky_relu" (sqrt(2 / (1 + slope^2))) or "selu" (3/4).
        param: the slope of "leaky_relu", 0.01 if not given.

    Returns:
        The factor.

    Raises:
        ValueError: if the name is unknown or the slope is not a number.

    Example:
        >>> import kajo
        >>> kajo.nn.init.calculate_gain("leaky_relu", 1.0)
        1.0
    """
    if nonlinearity in _GAIN:
        return _GAIN[nonlinearity]
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        elif isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + param**2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many numbers go into, and come out of, one output and one input of a weight."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    receptive_field = math.prod(tensor.shape[2:])
    return tensor.size(1) * receptive_field, tensor.size(0) * receptive_field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def _warn_if_empty(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the uniform distribution over [a, b).

    Args:
        tensor: what to fill.
        a, b: the bounds.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> kajo.nn.init.uniform_(kajo.empty(2, 3)).shape
        kajo.Size([2, 3])
    """
    with kajo.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution.

    Args:
        tensor: what to fill.
        mean, std: its parameters.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> kajo.nn.init.normal_(kajo.empty(2, 3)).shape
        kajo.Size([2, 3])
    """
    with kajo.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with draws from the normal distribution, given that they are in [a, b].

    Args:
        tensor: what to fill.
        mean, std: of the normal distribution before it is cut.
        a, b: the bounds, as values.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> bool(kajo.nn.init.trunc_normal_(kajo.empty(100)).abs().max() <= 2)
        True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / (std * math.sqrt(2.0)))) / 2.0

    # Drawing again what falls outside is exact; where most would, draw evenly and thin out.
    often_inside = below(b) - below(a) > 0.3
    peak = min(max(mean, a), b)
    with kajo.no_grad():
        missing = kajo.ones_like(tensor, dtype=kajo.bool)
        while bool(missing.any()):
            drawn = kajo.empty_like(tensor)
            if often_inside:
                drawn.normal_(mean, std, generator=generator)
                accepted = missing & (drawn >= a) & (drawn <= b)
            else:
                drawn.uniform_(a, b, generator=generator)
                level = kajo.empty_like(tensor).uniform_(generator=generator)
                density = ((peak - mean) ** 2 - (drawn - mean) ** 2) / (2 * std**2)
                accepted = missing & (level <= density.exp())
            tensor.copy_(kajo.where(accepted, drawn, tensor))
            missing &= ~accepted
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Args:
        tensor: what to fill.
        val: the value.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> kajo.nn.init.constant_(kajo.empty(2), 0.5)
        tensor([0.5000, 0.5000])
    """
    with kajo.no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    Args:
        tensor: what to fill.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> kajo.nn.init.ones_(kajo.empty(2))
        tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    Args:
        tensor: what to fill.

    Returns:
        `tensor`.

    Example:
        >>> import kajo
        >>> kajo.nn.init.zeros_(kajo.empty(2))
        tensor([0., 0.])
    """
    with kajo.no_grad():
        return tensor.zero_()


def eye_(tensor: Tensor) -> Tensor:
    """Fill with the identity matrix.

    Args:
        tensor: what to fill.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it is not a matrix.

    Example:
        >>> import kajo
        >>> kajo.nn.init.eye_(kajo.empty(2, 2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with kajo.no_grad():
        tensor.zero_()
        tensor.diagonal().fill_(1)
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it hands channels through unchanged.

    Args:
        tensor: what to fill.
        groups: of the convolution.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has not 3 to 5 dimensions, or groups do not divide the outputs.

    Example:
        >>> import kajo
        >>> kajo.nn.init.dirac_(kajo.empty(1, 1, 3))
        tensor([[[0., 1., 0.]]])
    """
    dimensions = tensor.ndimension()
    if dimensions not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    sizes = tensor.size()
    if sizes[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    in_group = sizes[0] // groups
    center = tuple(size // 2 for size in sizes[2:])
    with kajo.no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(in_group, sizes[1])):
                place = (group * in_group + channel, channel, *center)
                tensor[place] = 1
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)).

    Args:
        tensor: what to fill.
        gain: see :func:`calculate_gain`.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.init.xavier_uniform_(kajo.empty(2, 3)).shape
        kajo.Size([2, 3])
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from N(0, std^2), std = gain sqrt(2 / (fan_in + fan_out)).

    Args:
        tensor: what to fill.
        gain: see :func:`calculate_gain`.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.init.xavier_normal_(kajo.empty(2, 3)).shape
        kajo.Size([2, 3])
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with draws from U(-b, b), b = gain sqrt(3 / fan).

    Args:
        tensor: what to fill.
        a: the negative slope, for "leaky_relu".
        mode: "fan_in" keeps the variance forward, "fan_out" backward.
        nonlinearity: what follows; see :func:`calculate_gain`.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.init.kaiming_uniform_(kajo.empty(2, 3), nonlinearity="relu").shape
        kajo.Size([2, 3])
    """
    if _warn_if_empty(tensor):
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill with draws from N(0, std^2), std = gain / sqrt(fan).

    Args:
        tensor: what to fill.
        a: the negative slope, for "leaky_relu".
        mode: "fan_in" keeps the variance forward, "fan_out" backward.
        nonlinearity: what follows; see :func:`calculate_gain`.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.init.kaiming_normal_(kajo.empty(2, 3), nonlinearity="relu").shape
        kajo.Size([2, 3])
    """
    if _warn_if_empty(tensor):
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a random matrix with orthonormal rows or columns, times a gain.

    Args:
        tensor: what to fill.
        gain: the factor.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> q = kajo.nn.init.orthogonal_(kajo.empty(3, 3))
        >>> kajo.allclose(q @ q.t(), kajo.eye(3), atol=1e-5)
        True
    """
    if tensor.ndimension() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    flat = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    if rows < columns:
        flat = flat.t().contiguous()
    q, r = kajo.linalg.qr(flat)
    # With the signs of r's diagonal taken out the distribution is uniform over such matrices.
    q = q * r.diagonal().sign()
    if rows < columns:
        q = q.t()
    with kajo.no_grad():
        tensor.view_as(q).copy_(q)
        tensor.mul_(gain)
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix with normal draws, and a share of each column with 0.

    Args:
        tensor: what to fill.
        sparsity: the share that is 0.
        std: of the draws.
        generator: where the random numbers come from; default the global one.

    Returns:
        `tensor`.

    Raises:
        ValueError: if it is not a matrix.

    Example:
        >>> import kajo
        >>> (kajo.nn.init.sparse_(kajo.empty(4, 2), 0.5) == 0).sum()
        tensor(4)
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with kajo.no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[kajo.randperm(rows)[:zeros], column] = 0
    return tensor


def _make_deprecated(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The older spelling of an initialiser: its name without the underscore."""
    new, old = function.__name__, function.__name__[:-1]

    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = f"The older name of :func:`{new}`."
    return deprecated


uniform = _make_deprecated(uniform_)
normal = _make_deprecated(normal_)
constant = _make_deprecated(constant_)
eye = _make_deprecated(eye_)
dirac = _make_deprecated(dirac_)
xavier_uniform = _make_deprecated(xavier_uniform_)
xavier_normal = _make_deprecated(xavier_normal_)
kaiming_uniform = _make_deprecated(kaiming_uniform_)
kaiming_normal = _make_deprecated(kaiming_normal_)
orthogonal = _make_deprecated(orthogonal_)
sparse = _make_deprecated(sparse_)
