"""Element-wise operations: the activations of nn.functional.

Where the derivative is given, it is for the sake of a kink (which side counts), of infinities, or
so that only the result must be saved.
"""

from __future__ import annotations

import math

from .expression import Expr, Number, eq, where
from .operation import pointwise
from .primitives import abs_, max_, min_
from .primitives_elementary import exp, expm1, log1p, sigmoid, softplus, tanh
from .primitives_special import gelu, gelu_slope

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@pointwise(allows="float int", partials=lambda y, x: (where(y <= 0, 0, 1),))
def relu(input: Expr) -> Expr:
    """The larger of each element and 0.

    >>> import kajo
    >>> kajo.relu(kajo.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return where(input < 0, 0, input)


@pointwise(node_name="HardtanhBackward0", allows="float int",
           partials=lambda y, x: (where((x > 0) & (x < 6), 1, 0),))  # fmt: skip
def relu6(input: Expr) -> Expr:
    return where(input < 0, 0, where(input > 6, 6, input))


@pointwise(partials=lambda y, x, *, min_val, max_val: (where((x > min_val) & (x < max_val), 1, 0),),
           allows="float int")  # fmt: skip
def hardtanh(input: Expr, *, min_val: Number = -1.0, max_val: Number = 1.0) -> Expr:
    return min_(max_(input, min_val), max_val)


@pointwise
def leaky_relu(input: Expr, *, negative_slope: Number = 0.01) -> Expr:
    return where(input > 0, input, negative_slope * input)


@pointwise(name="prelu", node_name="PreluKernelBackward0",
           partials=lambda y, x, w: (where(x > 0, 1, w), where(x > 0, 0, x)))  # fmt: skip
def prelu(input: Expr, weight: Expr) -> Expr:
    """input where it is positive, else weight * input: one weight for all, or one a channel
    (dimension 1).

    >>> import kajo
    >>> kajo.prelu(kajo.tensor([-2.0, 3.0]), kajo.tensor(0.25))
    tensor([-0.5000,  3.0000])
    """
    return where(input > 0, input, weight * input)


@pointwise
def elu(
    input: Expr, *, alpha: Number = 1.0, scale: Number = 1.0, input_scale: Number = 1.0
) -> Expr:
    negative = (alpha * scale) * expm1(input * input_scale)
    return where(input > 0, scale * input, negative)


@pointwise(node_name="EluBackward0")
def selu(input: Expr) -> Expr:
    """scale * (max(0, x) + min(0, alpha * (exp(x) - 1))), with the two constants that keep
    activations normalised.

    >>> import kajo
    >>> kajo.selu(kajo.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """
    return where(input > 0, SELU_SCALE * input, (SELU_SCALE * SELU_ALPHA) * expm1(input))


@pointwise
def celu(input: Expr, *, alpha: Number = 1.0) -> Expr:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    >>> import kajo
    >>> kajo.celu(kajo.tensor([-1.0, 1.0]), 2.0)
    tensor([-0.7869,  1.0000])
    """
    return where(input > 0, input, alpha * expm1(input / alpha))


@pointwise
def gelu_(input: Expr) -> Expr:
    return gelu(input)


@pointwise(node_name="GeluBackwardBackward0")
def gelu_slope_(input: Expr) -> Expr:
    return gelu_slope(input)


GELU_TANH_INNER, GELU_TANH_CUBE = math.sqrt(2 / math.pi), 0.044715


def _gelu_tanh_partials(y: Expr, x: Expr) -> tuple[Expr]:
    c = min_(max_(x, -40), 40)
    inner = (2 * GELU_TANH_INNER) * (c + GELU_TANH_CUBE * c**3)
    slope = (2 * GELU_TANH_INNER) * (1 + (3 * GELU_TANH_CUBE) * c**2)
    s = sigmoid(inner)
    return (s + c * s * (1 - s) * slope,)


@pointwise(name="gelu", node_name="GeluBackward0", partials=_gelu_tanh_partials)
def gelu_tanh(input: Expr) -> Expr:
    """x / 2 * (1 + tanh(u)), by (1 + tanh(u)) / 2 = sigmoid(2u), which keeps the left tail."""
    c = max_(input, -40)
    return c * sigmoid((2 * GELU_TANH_INNER) * (c + GELU_TANH_CUBE * c**3))


@pointwise(allows="float complex")
def silu(input: Expr) -> Expr:
    return input * sigmoid(input)


@pointwise
def mish(input: Expr) -> Expr:
    """x * tanh(softplus(x)), by tanh(log(1 + e)) = n / (n + 2) with n = e * (e + 2)."""
    e = exp(min_(input, 20))
    n = e * (e + 2)
    return input * (n / (n + 2))


def _softplus_partials(y: Expr, x: Expr, *, beta: Expr, threshold: Expr) -> tuple[Expr]:
    return (where(x * beta > threshold, 1, sigmoid(x * beta)),)


@pointwise(partials=_softplus_partials)
def softplus_(input: Expr, *, beta: Number = 1.0, threshold: Number = 20.0) -> Expr:
    return where(input * beta > threshold, input, softplus(input * beta) / beta)


@pointwise(name="logsigmoid", node_name="LogSigmoidBackward0", partials=lambda y, x: (sigmoid(-x),))
def logsigmoid(input: Expr) -> Expr:
    return min_(input, 0) - log1p(exp(-abs_(input)))


@pointwise(partials=lambda y, x: (where((x > -3) & (x < 3), 1 / 6, 0),))
def hardsigmoid(input: Expr) -> Expr:
    return min_(max_(input + 3, 0), 6) / 6


@pointwise(partials=lambda y, x: (where(x <= -3, 0, where(x >= 3, 1, x / 3 + 0.5)),))
def hardswish(input: Expr) -> Expr:
    return input * min_(max_(input + 3, 0), 6) / 6


@pointwise(node_name="DivBackward0", rule="float", allows="float int", keeps_result=False)
def softsign(input: Expr) -> Expr:
    return input / (1 + abs_(input))


@pointwise(node_name="SubBackward0", rule="float", allows="float int complex",
           partials=lambda y, x: (tanh(x) ** 2,))  # fmt: skip
def tanhshrink(input: Expr) -> Expr:
    return input - tanh(input)


def _hardshrink_partials(y: Expr, x: Expr, *, lambd: Expr) -> tuple[Expr]:
    return (where((x < -lambd) | (x > lambd), 1, 0),)


@pointwise(partials=_hardshrink_partials)
def hardshrink(input: Expr, *, lambd: Number = 0.5) -> Expr:
    """input where its size exceeds lambd, else 0.

    >>> import kajo
    >>> kajo.hardshrink(kajo.tensor([-1.0, 0.3, 0.6]))
    tensor([-1.0000,  0.0000,  0.6000])
    """
    return where((input >= -lambd) & (input <= lambd), 0, input)


@pointwise(partials=_hardshrink_partials)
def softshrink(input: Expr, *, lambd: Number = 0.5) -> Expr:
    inside = where(eq(input, input), 0, input)  # nan stays
    return where(input > lambd, input - lambd, where(input < -lambd, input + lambd, inside))


@pointwise(
    allows="float int", partials=lambda y, x, *, threshold, value: (where(x <= threshold, 0, 1),)
)
def threshold(input: Expr, *, threshold: Number = 0.0, value: Number = 0.0) -> Expr:
    """input where it is larger than threshold, else value.

    >>> import kajo
    >>> kajo.threshold(kajo.tensor([-1.0, 0.5, 2.0]), 0.6, -9.0)
    tensor([-9., -9.,  2.])
    """
    return where(input <= threshold, value, input)


@pointwise(name="glu", node_name="GluBackward0")
def gated(input: Expr, gate: Expr) -> Expr:
    """The product that glu makes of its two halves."""
    return input * sigmoid(gate)


@pointwise(name="rrelu", node_name="RreluWithNoiseBackward0", partials=lambda y, x, n: (n, None))
def rrelu_noise(input: Expr, noise: Expr) -> Expr:
    """The noise is the slope drawn for negative inputs and 1 for others."""
    return where(eq(noise, 1), input, noise * input)
