"""Activations and the softmax family."""

from __future__ import annotations

import warnings
from typing import Any

import kajo
from kajo import Tensor, _core

gelu = _core.gelu
softplus = _core.softplus
softshrink = _core.softshrink
hardshrink = _core.hardshrink
prelu = _core.prelu
logsigmoid = _core.log_sigmoid
relu_ = _core.relu_
selu_ = _core.selu_
celu_ = _core.celu_
elu_ = _core.elu_
hardtanh_ = _core.hardtanh_
leaky_relu_ = _core.leaky_relu_
threshold_ = _core.threshold_
rrelu_ = _core.rrelu_


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.relu(kajo.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return _core.relu_(input) if inplace else _core.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6), for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.relu6(kajo.tensor([-1.0, 7.0]))
        tensor([0., 6.])
    """
    return _core.hardtanh_(input, 0.0, 6.0) if inplace else _core.relu6(input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1), for each element x.

    Args:
        input: any shape, floating point.
        alpha: scale of the negative part.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.elu(kajo.tensor([0.0, 2.0]))
        tensor([0., 2.])
    """
    return _core.elu_(input, alpha) if inplace else _core.elu(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """s (max(x, 0) + min(0, a (exp(x) - 1))), a = 1.67326, s = 1.05070, for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.selu(kajo.tensor([0.0, 1.0]))
        tensor([0.0000, 1.0507])
    """
    return _core.selu_(input) if inplace else _core.selu(input)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(x, 0) + min(0, alpha (exp(x / alpha) - 1)), for each element x.

    Args:
        input: any shape, floating point.
        alpha: width of the negative part.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.celu(kajo.tensor([0.0, 2.0]))
        tensor([0., 2.])
    """
    return _core.celu_(input, alpha) if inplace else _core.celu(input, alpha)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x >= 0, else negative_slope x, for each element x.

    Args:
        input: any shape, floating point.
        negative_slope: slope for negative x.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.leaky_relu(kajo.tensor([-1.0, 2.0]))
        tensor([-0.0100,  2.0000])
    """
    return (
        _core.leaky_relu_(input, negative_slope)
        if inplace
        else _core.leaky_relu(input, negative_slope)
    )


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x), for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.silu(kajo.tensor([0.0, 2.0]))
        tensor([0.0000, 1.7616])
    """
    return _core.silu_(input) if inplace else _core.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)), for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.mish(kajo.tensor([0.0, 2.0]))
        tensor([0.0000, 1.9440])
    """
    return _core.mish_(input) if inplace else _core.mish(input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6, for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.hardsigmoid(kajo.tensor([0.0, 4.0]))
        tensor([0.5000, 1.0000])
    """
    return _core.hardsigmoid_(input) if inplace else _core.hardsigmoid(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x min(max(x + 3, 0), 6) / 6, for each element x.

    Args:
        input: any shape, floating point.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.hardswish(kajo.tensor([0.0, 4.0]))
        tensor([0., 4.])
    """
    return _core.hardswish_(input) if inplace else _core.hardswish(input)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """min(max(x, min_val), max_val), for each element x.

    Args:
        input: any shape, floating point.
        min_val: lower bound.
        max_val: upper bound.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.hardtanh(kajo.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (
        _core.hardtanh_(input, min_val, max_val)
        if inplace
        else _core.hardtanh(input, min_val, max_val)
    )


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), for each element x.

    Args:
        input: any shape.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.sigmoid(kajo.tensor([0.0]))
        tensor([0.5000])
    """
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), for each element x.

    Args:
        input: any shape.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.tanh(kajo.tensor([0.0]))
        tensor([0.])
    """
    return input.tanh()


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x), for each element x.

    Args:
        input: any shape.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.tanhshrink(kajo.tensor([0.0]))
        tensor([0.])
    """
    return input - input.tanh()


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), for each element x.

    Args:
        input: any shape.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.softsign(kajo.tensor([1.0]))
        tensor([0.5000])
    """
    return input / (input.abs() + 1)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value, for each element x.

    Args:
        input: any shape.
        threshold: the bound.
        value: what stands in for the elements up to it.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.threshold(kajo.tensor([0.5, 2.0]), 1.0, -1.0)
        tensor([-1.,  2.])
    """
    return (_core.threshold_ if inplace else _core.threshold)(input, threshold, value)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """x where x >= 0, else a x, with a drawn from [lower, upper] for each element.

    Args:
        input: any shape, floating point.
        lower, upper: the range of slopes; outside training their mean is the slope.
        training: draw the slopes.
        inplace: write the result into `input`.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.rrelu(kajo.tensor([2.0]))
        tensor([2.])
    """
    return (_core.rrelu_ if inplace else _core.rrelu)(input, lower, upper, training)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), where a and b are the two halves of `input` along `dim`.

    Args:
        input: of even size along `dim`.
        dim: the dimension that is halved.

    Returns:
        A tensor of half the size along `dim`.

    Raises:
        RuntimeError: if `input` has no dimension, or an odd size along `dim`.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.glu(kajo.tensor([2.0, 0.0]))
        tensor([1.])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}"
        )
    values, gates = input.chunk(2, dim)
    return values * gates.sigmoid()


def _softmax_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that is used when none is given; giving none is discouraged."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """exp(x_i) / sum_j exp(x_j) along a dimension.

    Args:
        input: any shape.
        dim: the dimension along which the result sums to one.
        dtype: convert the input to this type first.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.softmax(kajo.zeros(2), dim=0)
        tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _softmax_dim("softmax", input.dim(), _stacklevel)
    return kajo.softmax(input, dim, dtype=dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """softmax(-x) along a dimension.

    Args:
        input: any shape.
        dim: the dimension along which the result sums to one.
        dtype: convert the input to this type first.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.softmin(kajo.zeros(2), dim=0)
        tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _softmax_dim("softmin", input.dim(), _stacklevel)
    return kajo.softmax(-input, dim, dtype=dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """x_i - log(sum_j exp(x_j)) along a dimension.

    Args:
        input: any shape.
        dim: the dimension along which the exponentials of the result sum to one.
        dtype: convert the input to this type first.

    Returns:
        A tensor of the input's shape.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.log_softmax(kajo.zeros(2), dim=0)
        tensor([-0.6931, -0.6931])
    """
    if dim is None:
        dim = _softmax_dim("log_softmax", input.dim(), _stacklevel)
    return kajo.log_softmax(input, dim, dtype=dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """softmax((logits + g) / tau), with g drawn from the Gumbel distribution.

    Args:
        logits: unnormalised logarithms of probabilities, any shape.
        tau: temperature; the smaller, the nearer to one-hot.
        hard: give one-hot samples, with the gradient of the soft ones.
        eps: not used.
        dim: the dimension along which the result sums to one.

    Returns:
        A tensor of the shape of `logits`.

    Example:
        >>> import kajo
        >>> kajo.nn.functional.gumbel_softmax(kajo.zeros(4), hard=True).sum()
        tensor(1.)
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = kajo.empty_like(logits, memory_format=kajo.contiguous_format)
    noise = -noise.exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = kajo.zeros_like(logits, memory_format=kajo.contiguous_format)
    # The soft samples cancel in the value and stay in the gradient.
    return one_hot.scatter_(dim, index, 1.0) - soft.detach() + soft
