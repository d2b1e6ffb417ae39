"""Activations as modules."""

from __future__ import annotations

import warnings
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules._softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from kajo.nn.modules.attention import MultiheadAttention
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "MultiheadAttention",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class ReLU(Module):
    """max(x, 0), for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.ReLU()(kajo.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.relu(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class ELU(Module):
    """x where x > 0, else alpha (exp(x) - 1), for each element x.

    Args:
        alpha: scale of the negative part.
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.ELU()(kajo.tensor([0.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(Module):
    """max(x, 0) + min(0, alpha (exp(x / alpha) - 1)), for each element x.

    Args:
        alpha: width of the negative part.
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.CELU()(kajo.tensor([0.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(Module):
    """s (max(x, 0) + min(0, a (exp(x) - 1))), a = 1.67326, s = 1.05070, for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.SELU()(kajo.tensor([0.0, 1.0]))
        tensor([0.0000, 1.0507])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.selu(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x where x >= 0, else negative_slope x, for each element x.

    Args:
        negative_slope: slope for negative x.
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.LeakyReLU()(kajo.tensor([-1.0, 2.0]))
        tensor([-0.0100,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class SiLU(Module):
    """x sigmoid(x), for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.SiLU()(kajo.tensor([0.0, 2.0]))
        tensor([0.0000, 1.7616])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.silu(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class Mish(Module):
    """x tanh(softplus(x)), for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Mish()(kajo.tensor([0.0, 2.0]))
        tensor([0.0000, 1.9440])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.mish(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class Hardsigmoid(Module):
    """min(max(x + 3, 0), 6) / 6, for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Hardsigmoid()(kajo.tensor([0.0, 4.0]))
        tensor([0.5000, 1.0000])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class Hardswish(Module):
    """x min(max(x + 3, 0), 6) / 6, for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Hardswish()(kajo.tensor([0.0, 4.0]))
        tensor([0., 4.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """1 / (1 + exp(-x)), for each element x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Sigmoid()(kajo.tensor([0.0]))
        tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.sigmoid(input)


class Tanh(Module):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), for each element x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Tanh()(kajo.tensor([0.0]))
        tensor([0.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.tanh(input)


class Tanhshrink(Module):
    """x - tanh(x), for each element x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Tanhshrink()(kajo.tensor([0.0]))
        tensor([0.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.tanhshrink(input)


class Softsign(Module):
    """x / (1 + |x|), for each element x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softsign()(kajo.tensor([1.0]))
        tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.softsign(input)


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x))), for each element x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.LogSigmoid()(kajo.tensor([0.0]))
        tensor([-0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, for each element x.

    Args:
        beta: steepness.
        threshold: above beta x = threshold the result is x.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softplus()(kajo.tensor([0.0]))
        tensor([0.6931])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(Module):
    """x - lambd, x + lambd or 0, for x above, below or within [-lambd, lambd], for each element x.

    Args:
        lambd: half-width of the zero part.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Softshrink()(kajo.tensor([0.2, 2.0]))
        tensor([0.0000, 1.5000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return str(self.lambd)


class Hardshrink(Module):
    """x where |x| > lambd, else 0, for each element x.

    Args:
        lambd: half-width of the zero part.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Hardshrink()(kajo.tensor([0.2, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return str(self.lambd)


class Hardtanh(Module):
    """min(max(x, min_val), max_val), for each element x.

    Args:
        min_val, max_val: the bounds.
        inplace: write the result into the input.
        min_value, max_value: the older names of the bounds.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Hardtanh()(kajo.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, value in (("min", "min", min_value), ("max", "max", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}_value` is deprecated and renamed to `{new}_val`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError("max_val must be larger than min_val")

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


class ReLU6(Hardtanh):
    """min(max(x, 0), 6), for each element x.

    Args:
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.ReLU6()(kajo.tensor([-1.0, 7.0]))
        tensor([0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return "inplace=True" if self.inplace else ""


class Threshold(Module):
    """x where x > threshold, else value, for each element x.

    Args:
        threshold: the bound.
        value: what stands in for the elements up to it.
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.Threshold(1.0, -1.0)(kajo.tensor([0.5, 2.0]))
        tensor([-1.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"threshold={self.threshold}, value={self.value}{inplace}"


class RReLU(Module):
    """x where x >= 0, else a x, with a drawn from [lower, upper] for each element in training.

    Args:
        lower, upper: the range of slopes; in evaluation their mean is the slope.
        inplace: write the result into the input.

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.RReLU()(kajo.tensor([2.0]))
        tensor([2.])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"


class GLU(Module):
    """a sigmoid(b), where a and b are the two halves of the input along `dim`.

    Args:
        dim: the dimension that is halved.

    Shape:
        (*, N, *) to (*, N / 2, *).

    Example:
        >>> import kajo
        >>> kajo.nn.GLU()(kajo.tensor([2.0, 0.0]))
        tensor([1.])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"dim={self.dim}"


class GELU(Module):
    """x Phi(x), with Phi the distribution function of the standard normal, for each element x.

    Args:
        approximate: "none", or "tanh" for 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    Shape:
        Any, to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.GELU()(kajo.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"approximate={self.approximate!r}"


class PReLU(Module):
    """x where x >= 0, else weight x, with a learned weight.

    Args:
        num_parameters: 1, or the number of channels (dimension 1 of the input).
        init: the weight's first value.
        device, dtype: of the weight.

    Shape:
        Any, to the same. ``weight``: (num_parameters,).

    Example:
        >>> import kajo
        >>> kajo.nn.PReLU()(kajo.tensor([2.0]))
        tensor([2.], grad_fn=<PreluKernelBackward0>)
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(kajo.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to its first value."""
        kajo.nn.init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"num_parameters={self.num_parameters}"
