"""One call that updates all parameters of a group: the formulas of the optimisers.

Every function here is the definition of one update in tensor operations, under the signature of
the fused kernel ``kajo._core.<same name>``. :data:`STEPS`, filled once at import, decides between
the two: the kernel where the core has one and the tensors qualify (see ``_core._fits_step``), else
the form here, which also serves complex, sparse and differentiable updates.

Contract shared by all kernels:

* ``params``, ``grads`` and every state list have the same length; an optional list that is not in
  use is empty. Entry ``i`` of each list has the shape, dtype and device of ``params[i]``, with any
  strides; ``steps[i]`` is a 0-d float32 or float64 tensor on the CPU.
* Everything but ``grads`` is updated in place. ``steps`` are advanced by one first, and ``step``
  in a formula is the advanced value.
* Numbers are Python floats. Values derived from them (bias corrections, step sizes) are computed
  in float64 once per parameter; element-wise work is done in the tensor's dtype, in float32 for
  float16 and bfloat16, in the order in which the formula is written.
* ``grad`` in a formula is ``-grads[i]`` with ``maximize``, plus ``weight_decay * param`` where the
  weight decay is not decoupled. ``lerp(a, b, w)`` is ``a + w * (b - a)`` for ``w < 0.5`` and
  ``b - (b - a) * (1 - w)`` otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import kajo
from kajo import _core

if TYPE_CHECKING:
    from kajo import Tensor

Tensors: TypeAlias = "list[Tensor]"
Step: TypeAlias = "Callable[..., None]"

STEPS: dict[str, Step] = {}
"""Name of an update to the function that runs it."""


def _step(composite: Step) -> Step:
    """Enter an update in :data:`STEPS`, in front of it the core's kernel where there is one."""
    name = composite.__name__
    kernel: Step = getattr(_core, name, composite)

    @functools.wraps(composite)
    def run(
        params: Tensors, grads: Tensors, *lists: Tensors, fused: Any = False, **scalars: Any
    ) -> None:
        takes = _core._fits_step(params, grads, bool(fused), tuple(scalars.values()))
        (kernel if takes else composite)(params, grads, *lists, **scalars)

    STEPS[name] = run
    return run


def number(value: Any) -> Any:
    """A hyperparameter as a number, or as the tensor it is where gradients flow through it."""
    if isinstance(value, kajo.Tensor) and not kajo.is_grad_enabled():
        return value.item()
    return value


def _advance(step: Tensor) -> float:
    step.add_(1)
    value: float = step.item()
    return value


def _real(tensor: Tensor) -> Tensor:
    """A complex tensor as its real and imaginary parts: updates treat them as two numbers."""
    return kajo.view_as_real(tensor.resolve_conj()) if kajo.is_complex(tensor) else tensor


def _gradient(param: Tensor, grad: Tensor, weight_decay: Any, maximize: bool) -> Tensor:
    grad = -grad if maximize else grad
    if isinstance(weight_decay, kajo.Tensor):
        return grad + param * weight_decay
    if weight_decay != 0:
        if grad.is_sparse:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        grad = grad.add(param, alpha=weight_decay)
    return grad


def _add_scaled(param: Tensor, update: Tensor, scale: Any) -> None:
    if isinstance(scale, kajo.Tensor):
        param.add_(update * scale)
    else:
        param.add_(update, alpha=scale)


def _kept(state: Tensor) -> Tensor:
    """What a differentiable step saves of a state, which the next step writes."""
    return state.clone() if kajo.is_grad_enabled() else state


def _add_quotient(param: Tensor, numerator: Tensor, denominator: Tensor, scale: Any) -> None:
    numerator, denominator = _kept(numerator), _kept(denominator)
    if isinstance(scale, kajo.Tensor):
        param.add_(numerator / denominator * scale)
    else:
        param.addcdiv_(numerator, denominator, value=scale)


def _average(average: Tensor, value: Tensor, decay: Any) -> None:
    average.lerp_(value, 1 - decay)


def _average_of_squares(average: Tensor, value: Tensor, decay: Any) -> None:
    if isinstance(decay, kajo.Tensor):
        average.mul_(decay).add_(value * value * (1 - decay))
    else:
        average.mul_(decay).addcmul_(value, value, value=1 - decay)


@_step
def sgd_step_(
    params: Tensors,
    grads: Tensors,
    momentum_buffers: Tensors,
    *,
    lr: Any,
    momentum: float,
    dampening: float,
    weight_decay: Any,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> None:
    """Stochastic gradient descent; ``momentum_buffers`` is empty when ``momentum`` is 0.

    ``buffer = grad`` on the ``first`` step (whatever it held), else ``momentum * buffer +
    (1 - dampening) * grad``; ``update = grad + momentum * buffer`` with ``nesterov``, else
    ``buffer`` (``grad`` without momentum); ``param -= lr * update``.
    """
    for i, param in enumerate(params):
        update = _gradient(param, grads[i], weight_decay, maximize)
        if momentum != 0:
            buffer = momentum_buffers[i]
            if first:
                buffer.copy_(update.detach())
            else:
                buffer.mul_(momentum).add_(update, alpha=1 - dampening)
            update = update.add(buffer, alpha=momentum) if nesterov else buffer
        _add_scaled(param, update, -lr)


@_step
def adam_step_(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_avg_sqs: Tensors,
    max_exp_avg_sqs: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    beta1: Any,
    beta2: Any,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    amsgrad: bool,
    maximize: bool,
) -> None:
    """Adam, and AdamW when ``decoupled``; ``max_exp_avg_sqs`` is empty without ``amsgrad``.

    ``param *= 1 - lr * weight_decay`` when decoupled; ``m = lerp(m, grad, 1 - beta1)``;
    ``v = beta2 * v + (1 - beta2) * grad * grad``; ``vmax = max(vmax, v)`` takes the place of ``v``
    with ``amsgrad``; ``denominator = sqrt(v) / sqrt(1 - beta2**step) + eps``;
    ``param += -(lr / (1 - beta1**step)) * (m / denominator)``.
    """
    for i, param in enumerate(params):
        step = _advance(steps[i])
        grad = _gradient(param, grads[i], 0 if decoupled else weight_decay, maximize)
        if decoupled and weight_decay != 0:
            param.mul_(1 - lr * weight_decay)
        grad, target = _real(grad), _real(param)
        exp_avg, exp_avg_sq = _real(exp_avgs[i]), _real(exp_avg_sqs[i])
        _average(exp_avg, grad, beta1)
        _average_of_squares(exp_avg_sq, grad, beta2)
        if amsgrad:
            largest = _real(max_exp_avg_sqs[i])
            largest.copy_(kajo.maximum(_kept(largest), _kept(exp_avg_sq)))
            exp_avg_sq = largest
        correction1, correction2 = 1 - beta1**step, 1 - beta2**step
        denominator = (exp_avg_sq.sqrt() / correction2**0.5).add_(eps)
        _add_quotient(target, exp_avg, denominator, -(lr / correction1))


@_step
def rmsprop_step_(
    params: Tensors,
    grads: Tensors,
    square_avgs: Tensors,
    grad_avgs: Tensors,
    momentum_buffers: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
) -> None:
    """RMSprop; ``grad_avgs`` is empty unless ``centered``, the buffers when ``momentum`` is 0.

    ``s = alpha * s + (1 - alpha) * grad * grad``; ``g = lerp(g, grad, 1 - alpha)`` and
    ``average = sqrt(s - g * g) + eps`` when centered, else ``sqrt(s) + eps``;
    ``buffer = momentum * buffer + grad / average; param -= lr * buffer`` with momentum, else
    ``param -= lr * (grad / average)``.
    """
    for i, param in enumerate(params):
        _advance(steps[i])
        grad = _real(_gradient(param, grads[i], weight_decay, maximize))
        target, square_avg = _real(param), _real(square_avgs[i])
        _average_of_squares(square_avg, grad, alpha)
        if centered:
            grad_avg = _real(grad_avgs[i])
            _average(grad_avg, grad, alpha)
            grad_avg = _kept(grad_avg)
            average = square_avg.addcmul(grad_avg, grad_avg, value=-1).sqrt()
        else:
            average = square_avg.sqrt()
        average = average + eps
        if momentum > 0:
            buffer = _real(momentum_buffers[i])
            buffer.mul_(momentum).addcdiv_(grad, average)
            _add_scaled(target, buffer, -lr)
        else:
            _add_quotient(target, grad, average, -lr)


def _adagrad_sparse(param: Tensor, grad: Any, total: Tensor, rate: Any, eps: float) -> None:
    grad = grad.coalesce()
    where = tuple(grad.indices().unbind(0))
    values = grad.values()
    total[where] += values.pow(2)
    param[where] += values / total[where].sqrt().add_(eps) * -rate


@_step
def adagrad_step_(
    params: Tensors,
    grads: Tensors,
    sums: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Adagrad.

    ``rate = lr / (1 + (step - 1) * lr_decay)``; ``s = s + grad * grad``;
    ``param += -rate * (grad / (sqrt(s) + eps))``.
    """
    for i, param in enumerate(params):
        step = _advance(steps[i])
        rate = lr / (1 + (step - 1) * lr_decay)
        grad = _gradient(param, grads[i], weight_decay, maximize)
        if grad.is_sparse:
            _adagrad_sparse(param, grad, sums[i], rate, eps)
            continue
        grad, total = _real(grad), _real(sums[i])
        total.addcmul_(grad, grad, value=1)
        _add_quotient(_real(param), grad, total.sqrt() + eps, -rate)


@_step
def adadelta_step_(
    params: Tensors,
    grads: Tensors,
    square_avgs: Tensors,
    acc_deltas: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Adadelta.

    ``s = rho * s + (1 - rho) * grad * grad``;
    ``delta = sqrt(d + eps) / sqrt(s + eps) * grad``;
    ``d = rho * d + (1 - rho) * delta * delta``; ``param -= lr * delta``.
    """
    for i, param in enumerate(params):
        _advance(steps[i])
        grad = _real(_gradient(param, grads[i], weight_decay, maximize))
        square_avg, acc_delta = _real(square_avgs[i]), _real(acc_deltas[i])
        _average_of_squares(square_avg, grad, rho)
        deviation = (square_avg + eps).sqrt()
        delta = (acc_delta + eps).sqrt() / deviation * grad
        _average_of_squares(acc_delta, delta, rho)
        _add_scaled(_real(param), delta, -lr)


@_step
def adamax_step_(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_infs: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Adamax.

    ``m = lerp(m, grad, 1 - beta1)``; ``u = max(beta2 * u, abs(grad) + eps)``;
    ``param += -(lr / (1 - beta1**step)) * (m / u)``.
    """
    for i, param in enumerate(params):
        step = _advance(steps[i])
        grad = _real(_gradient(param, grads[i], weight_decay, maximize))
        exp_avg, exp_inf = _real(exp_avgs[i]), _real(exp_infs[i])
        _average(exp_avg, grad, beta1)
        exp_inf.copy_(kajo.maximum(exp_inf * beta2, grad.abs() + eps))
        _add_quotient(_real(param), exp_avg, exp_inf, -(lr / (1 - beta1**step)))


@_step
def nadam_step_(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_avg_sqs: Tensors,
    mu_products: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """NAdam; ``mu_products`` are 0-d tensors like ``steps``.

    ``mu(t) = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))``; ``mu_product *= mu(step)``;
    ``m`` and ``v`` as in Adam; ``denominator = sqrt(v / (1 - beta2**step)) + eps``;
    ``param -= lr * (1 - mu(step)) / (1 - mu_product) * (grad / denominator)``;
    ``param -= lr * mu(step + 1) / (1 - mu_product * mu(step + 1)) * (m / denominator)``.
    """
    for i, param in enumerate(params):
        step = _advance(steps[i])
        grad = _gradient(param, grads[i], 0 if decoupled else weight_decay, maximize)
        if decoupled and weight_decay != 0:
            param.mul_(1 - lr * weight_decay)
        grad, target = _real(grad), _real(param)
        exp_avg, exp_avg_sq = _real(exp_avgs[i]), _real(exp_avg_sqs[i])
        mu = beta1 * (1.0 - 0.5 * (0.96 ** (step * momentum_decay)))
        mu_next = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * momentum_decay)))
        mu_products[i].mul_(mu)
        product = mu_products[i].item()
        _average(exp_avg, grad, beta1)
        _average_of_squares(exp_avg_sq, grad, beta2)
        denominator = (exp_avg_sq / (1 - beta2**step)).sqrt() + eps
        _add_quotient(target, grad, denominator, -lr * (1.0 - mu) / (1.0 - product))
        _add_quotient(target, exp_avg, denominator, -lr * mu_next / (1.0 - product * mu_next))


@_step
def radam_step_(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_avg_sqs: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """RAdam.

    ``m`` and ``v`` as in Adam; ``rho_inf = 2 / (1 - beta2) - 1``;
    ``rho = rho_inf - 2 * step * beta2**step / (1 - beta2**step)``; the update is
    ``lr * m / (1 - beta1**step)``, times ``sqrt(1 - beta2**step) / (sqrt(v) + eps)`` and
    ``sqrt((rho-4)(rho-2) rho_inf / ((rho_inf-4)(rho_inf-2) rho))`` when ``rho > 5``.
    """
    rho_inf = 2 / (1 - beta2) - 1
    for i, param in enumerate(params):
        step = _advance(steps[i])
        grad = _gradient(param, grads[i], 0 if decoupled else weight_decay, maximize)
        if decoupled and weight_decay != 0:
            param.mul_(1 - lr * weight_decay)
        grad, target = _real(grad), _real(param)
        exp_avg, exp_avg_sq = _real(exp_avgs[i]), _real(exp_avg_sqs[i])
        _average(exp_avg, grad, beta1)
        _average_of_squares(exp_avg_sq, grad, beta2)
        correction1, correction2 = 1 - beta1**step, 1 - beta2**step
        rho = rho_inf - 2 * step * (beta2**step) / correction2
        update = exp_avg / correction1 * lr
        if rho > 5.0:
            rectified = (rho - 4) * (rho - 2) * rho_inf
            rectification = (rectified / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
            adaptive = correction2**0.5 / (exp_avg_sq.sqrt() + eps)
            update = update * adaptive * rectification
        target.add_(update, alpha=-1)


@_step
def asgd_step_(
    params: Tensors,
    grads: Tensors,
    averages: Tensors,
    mus: Tensors,
    etas: Tensors,
    steps: Tensors,
    *,
    lr: Any,
    lambd: float,
    alpha: float,
    t0: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Averaged SGD; ``mus`` and ``etas`` are 0-d tensors like ``steps``.

    ``param *= 1 - lambd * eta``; ``param -= eta * grad``; ``average = param`` while ``mu`` is 1,
    else ``average += mu * (param - average)``; then ``eta = lr / (1 + lambd * lr * step)**alpha``
    and ``mu = 1 / max(1, step - t0)``.
    """
    for i, param in enumerate(params):
        step = _advance(steps[i])
        grad = _real(_gradient(param, grads[i], weight_decay, maximize))
        target, average = _real(param), _real(averages[i])
        eta, mu = etas[i].item(), mus[i].item()
        target.mul_(1 - lambd * eta)
        _add_scaled(target, grad, -eta)
        if mu == 1:
            average.copy_(target)
        else:
            average.add_(target.sub(average).mul_(mu))
        etas[i].copy_(kajo.as_tensor(lr / ((1 + lambd * lr * step) ** alpha)))
        mus[i].fill_(1 / max(1, step - t0))


@_step
def rprop_step_(
    params: Tensors,
    grads: Tensors,
    previous_grads: Tensors,
    step_sizes: Tensors,
    steps: Tensors,
    *,
    eta_minus: float,
    eta_plus: float,
    step_size_min: float,
    step_size_max: float,
    maximize: bool,
) -> None:
    """Rprop.

    ``sign = sign(grad * previous)``; ``size *= eta_plus, eta_minus or 1`` for a sign above, below
    or equal to 0, then is clamped; where the sign is below 0, ``grad = 0``;
    ``param -= sign(grad) * size``; ``previous = grad``.
    """
    for i, param in enumerate(params):
        _advance(steps[i])
        grad = _real(-grads[i] if maximize else grads[i])
        previous, size = _real(previous_grads[i]), _real(step_sizes[i])
        sign = grad.mul(previous.detach().clone()).sign()
        factor = kajo.ones_like(size).masked_fill(sign > 0, eta_plus)
        size.mul_(factor.masked_fill(sign < 0, eta_minus)).clamp_(step_size_min, step_size_max)
        grad = grad.masked_fill(sign < 0, 0)
        _real(param).addcmul_(grad.sign(), size, value=-1)
        previous.copy_(grad)
