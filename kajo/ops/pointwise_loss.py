"""Element-wise operations: what losses reduce."""

from __future__ import annotations

from .expression import Expr, Number, eq, where
from .operation import pointwise
from .primitives import abs_, max_, sign
from .primitives_elementary import exp, log, log1p, sigmoid, softplus


def _opposite(slope: Expr) -> tuple[Expr, Expr]:
    return slope, -slope


@pointwise(partials=lambda y, x, t: _opposite(2 * (x - t)))
def mse_loss(input: Expr, target: Expr) -> Expr:
    return (input - target) ** 2


@pointwise(node_name="AbsBackward0", allows="float int",
           partials=lambda y, x, t: _opposite(sign(x - t)))  # fmt: skip
def l1_loss(input: Expr, target: Expr) -> Expr:
    return abs_(input - target)


def _clipped(d: Expr, limit: Expr) -> Expr:
    return where(d <= -limit, -limit, where(d >= limit, limit, d))


def _smooth_l1_partials(y: Expr, x: Expr, t: Expr, *, beta: Expr) -> tuple[Expr, Expr]:
    d = x - t
    return _opposite(where(d <= -beta, -1, where(d >= beta, 1, d / beta)))


@pointwise(node_name="SmoothL1LossBackward0", partials=_smooth_l1_partials)
def smooth_l1_loss(input: Expr, target: Expr, *, beta: Number = 1.0) -> Expr:
    d = abs_(input - target)
    return where(d < beta, 0.5 * d**2 / beta, d - 0.5 * beta)


def _huber_partials(y: Expr, x: Expr, t: Expr, *, delta: Expr) -> tuple[Expr, Expr]:
    return _opposite(_clipped(x - t, delta))


@pointwise(partials=_huber_partials)
def huber_loss(input: Expr, target: Expr, *, delta: Number = 1.0) -> Expr:
    d = abs_(input - target)
    return where(d < delta, 0.5 * d**2, delta * (d - 0.5 * delta))


def _entropy_partials(y: Expr, x: Expr, t: Expr) -> tuple[Expr, Expr]:
    return (x - t) / max_((1 - x) * x, 1e-12), log1p(-x) - log(x)


@pointwise(domain=(0.02, 0.98), partials=_entropy_partials)
def binary_cross_entropy(input: Expr, target: Expr) -> Expr:
    return (target - 1) * max_(log1p(-input), -100) - target * max_(log(input), -100)


@pointwise(partials=lambda y, x, t: (sigmoid(x) - t, -x))
def binary_cross_entropy_with_logits(input: Expr, target: Expr) -> Expr:
    return (1 - target) * input + softplus(-input)


def _weighted_partials(y: Expr, x: Expr, t: Expr, w: Expr) -> tuple[Expr, Expr, Expr]:
    weight = 1 + (w - 1) * t
    return (
        (1 - t) - weight * sigmoid(-x),
        (w - 1) * softplus(-x) - x,
        t * softplus(-x),
    )


@pointwise(name="binary_cross_entropy_with_logits", partials=_weighted_partials)
def binary_cross_entropy_with_logits_pos_weight(
    input: Expr, target: Expr, pos_weight: Expr
) -> Expr:
    return (1 - target) * input + (1 + (pos_weight - 1) * target) * softplus(-input)


def _kl_by_target(t: Expr) -> Expr:
    return where(eq(t, 0), 0, log(t) + 1)


@pointwise(node_name="SubBackward0", domain=(0.02, 0.98),
           partials=lambda y, x, t: (-t, _kl_by_target(t) - x))  # fmt: skip
def kl_div(input: Expr, target: Expr) -> Expr:
    return where(eq(target, 0), 0, target * log(target)) - target * input


@pointwise(name="kl_div", node_name="MulBackward0")
def kl_div_log_target(input: Expr, target: Expr) -> Expr:
    return exp(target) * (target - input)


@pointwise(name="soft_margin_loss", node_name="SoftMarginLossBackward0",
           partials=lambda y, x, t: (-t * sigmoid(-t * x), -x * sigmoid(-t * x)))  # fmt: skip
def soft_margin_loss(input: Expr, target: Expr) -> Expr:
    return softplus(-target * input)


def _hinge_partials(y: Expr, x: Expr, t: Expr, *, margin: Expr) -> tuple[Expr, None]:
    return where(eq(t, 1), 0, where(margin - x < 0, 0, -1)) + where(eq(t, -1), 0, 1), None


@pointwise(name="hinge_embedding_loss", node_name="AddBackward0", partials=_hinge_partials)
def hinge_embedding_loss(input: Expr, target: Expr, *, margin: Number = 1.0) -> Expr:
    hinge = max_(margin - input, 0)
    return where(eq(target, 1), 0, hinge) + where(eq(target, -1), 0, input)
