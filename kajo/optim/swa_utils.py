"""Averages of weights over training: stochastic weight averaging and exponential averages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import kajo
from kajo.nn import Module
from kajo.optim._schedule_base import LRScheduler
from kajo.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Return the function that moves an exponential average of one parameter.

    Args:
        decay: share of the old average that is kept.

    Raises:
        ValueError: if it is not between 0 and 1.

    Example:
        >>> import kajo
        >>> average = kajo.optim.swa_utils.get_ema_avg_fn(0.5)
        >>> average(kajo.zeros(1), kajo.ones(1), 1)
        tensor([0.5000])
    """
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with kajo.no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """Return the function that moves exponential averages of a list of parameters in place.

    Args:
        decay: share of the old average that is kept.

    Raises:
        ValueError: if it is not between 0 and 1.

    Example:
        >>> import kajo
        >>> averages = [kajo.zeros(1)]
        >>> kajo.optim.swa_utils.get_ema_multi_avg_fn(0.5)(averages, [kajo.ones(1)], 1)
        >>> averages
        [tensor([0.5000])]
    """
    _check_decay(decay)
    update_one = get_ema_avg_fn(decay)

    def ema_update(ema_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        with kajo.no_grad():
            for average, current in zip(ema_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(current, 1 - decay)
                else:
                    average.copy_(update_one(average, current, num_averaged))

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Return the function that moves an equal average of one parameter.

    Example:
        >>> import kajo
        >>> average = kajo.optim.swa_utils.get_swa_avg_fn()
        >>> average(kajo.zeros(1), kajo.ones(1), 1)
        tensor([0.5000])
    """

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with kajo.no_grad():
            share: Tensor = (current_param - averaged_param) / (num_averaged + 1)
            return averaged_param + share

    return swa_update


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """Return the function that moves equal averages of a list of parameters in place.

    Example:
        >>> import kajo
        >>> averages = [kajo.zeros(1)]
        >>> kajo.optim.swa_utils.get_swa_multi_avg_fn()(averages, [kajo.ones(1)], 1)
        >>> averages
        [tensor([0.5000])]
    """
    update_one = get_swa_avg_fn()

    def swa_update(averaged_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        with kajo.no_grad():
            for average, current in zip(averaged_param_list, current_param_list, strict=True):
                if average.is_floating_point() or average.is_complex():
                    average.lerp_(current, float(1 / (num_averaged + 1)))
                else:
                    average.copy_(update_one(average, current, num_averaged))

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's.

    Args:
        model: the model to average.
        device: where to keep the copy.
        avg_fn: moves the average of one parameter: ``f(average, current, count)``.
        multi_avg_fn: moves the averages of a list of parameters in place.
        use_buffers: whether to average buffers as well; else they are copied.

    Raises:
        AssertionError: if both functions are given.

    Example:
        >>> import kajo
        >>> model = kajo.nn.Linear(1, 1)
        >>> averaged = kajo.optim.swa_utils.AveragedModel(model)
        >>> averaged.update_parameters(model)
        >>> averaged.n_averaged
        tensor(1)
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count = kajo.tensor(0, dtype=kajo.long, device=device)
        self.register_buffer("n_averaged", count)
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(model.parameters(), buffers)]

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of the model into the averages.

        Args:
            model: the model as it is now.
        """
        averages, current = self._averaged(self.module), self._averaged(model)
        current = [new.to(old.device) for new, old in zip(current, averages, strict=True)]
        if self.n_averaged == 0:
            for average, value in zip(averages, current, strict=True):
                average.copy_(value)
        elif self.avg_fn is not None:
            for average, value in zip(averages, current, strict=True):
                average.copy_(self.avg_fn(average, value, self.n_averaged))
        else:
            move = self.multi_avg_fn or get_swa_multi_avg_fn()
            move(averages, current, self.n_averaged)
        if not self.use_buffers:
            pairs = zip(self.module.buffers(), model.buffers(), strict=True)
            for own, other in pairs:
                own.detach().copy_(other.detach())
        self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norm layers in one pass over data.

    Args:
        loader: batches; of a list or tuple the first entry is the input.
        model: the model.
        device: where to move the inputs.

    Example:
        >>> import kajo
        >>> model = kajo.nn.BatchNorm1d(1)
        >>> kajo.optim.swa_utils.update_bn([kajo.full((2, 1), 3.0)], model)
        >>> model.running_mean
        tensor([3.])
    """
    layers = [
        module
        for module in model.modules()
        if isinstance(module, kajo.nn.modules.batchnorm._BatchNorm)
    ]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    for layer in layers:
        layer.reset_running_stats()
        # Without momentum the running statistics are plain averages over all batches.
        layer.momentum = None
    model.train()
    try:
        with kajo.no_grad():
            for batch in loader:
                batch = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(batch if device is None else batch.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(was_training)


def _linear(share: float) -> float:
    return share


def _cosine(share: float) -> float:
    return (1 - math.cos(math.pi * share)) / 2


_ANNEAL = {"cos": _cosine, "linear": _linear}


class SWALR(LRScheduler):
    """The rate goes to a given one in some epochs and stays there.

    Args:
        optimizer: whose rates are set.
        swa_lr: the rate to go to, or one for each group.
        anneal_epochs: epochs on the way.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: last epoch of the run that is continued.

    Raises:
        ValueError: if an option is out of its range.

    Example:
        >>> import kajo
        >>> optimizer = kajo.optim.SGD([kajo.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = kajo.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=1)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = swa_lr if isinstance(swa_lr, (list, tuple)) else None
        if rates is not None and len(rates) != len(optimizer.param_groups):
            raise ValueError(
                "swa_lr must have the same length as optimizer.param_groups: swa_lr has "
                f"{len(rates)}, optimizer.param_groups has {len(optimizer.param_groups)}"
            )
        if anneal_strategy not in _ANNEAL:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for index, group in enumerate(optimizer.param_groups):
            group["swa_lr"] = swa_lr if rates is None else rates[index]
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, epoch: float) -> float:
        done = max(0, min(1, epoch / max(1, self.anneal_epochs)))
        return _ANNEAL[self._anneal_strategy](done)

    def get_lr(self) -> list[Any]:
        """Compute the rates of the groups for the epoch ``last_epoch``."""
        self._warn_outside_step()
        # The rate that the schedule began with follows from the present one and its share.
        epoch = self._step_count - 1
        if self.anneal_epochs == 0:
            epoch = max(1, epoch)
        before, now = self._share(epoch - 1), self._share(epoch)
        rates = []
        for group in self.optimizer.param_groups:
            target = group["swa_lr"]
            start = target if before == 1 else (group["lr"] - before * target) / (1 - before)
            rates.append(target * now + start * (1 - now))
        return rates
