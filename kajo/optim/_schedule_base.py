"""The base of the learning rate schedules."""

from __future__ import annotations

import warnings
from typing import Any

import kajo
from kajo.optim.optimizer import Optimizer

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler."
)


def copied(value: Any) -> Any:
    """A rate that later in-place changes of the group do not reach."""
    return value.clone() if isinstance(value, kajo.Tensor) else value


def set_rate(group: dict[str, Any], value: Any, name: str = "lr") -> None:
    """Set a group's rate; one that is a tensor is filled, so that who holds it sees the change."""
    if isinstance(group[name], kajo.Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = value


def check_is_optimizer(optimizer: Any) -> None:
    """Refuse what is no optimiser.

    Raises:
        TypeError: naming the type.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


class LRScheduler:
    """Base of schedules: a subclass gives ``get_lr``, the rates of the epoch ``last_epoch``.

    Args:
        optimizer: whose rates are set.
        last_epoch: last epoch of the run that is continued; -1: a new run.

    Raises:
        TypeError: if ``optimizer`` is none.
        KeyError: if a run is continued and a group has no ``initial_lr``.

    Example:
        >>> import kajo
        >>> optimizer = kajo.optim.SGD([kajo.ones(1, requires_grad=True)], lr=1.0)
        >>> scheduler = kajo.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    # Left out of the state: they belong to the program, not to the run.
    _not_saved: tuple[str, ...] = ("optimizer",)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_is_optimizer(optimizer)
        self.optimizer = optimizer
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", copied(group["lr"]))
        else:
            for index, group in enumerate(optimizer.param_groups):
                if "initial_lr" not in group:
                    raise KeyError(
                        f"param 'initial_lr' is not specified in param_groups[{index}] when "
                        f"resuming scheduler with last_epoch >= 0"
                    )
        self.base_lrs: list[Any] = [copied(g["initial_lr"]) for g in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return the state as a dictionary: everything but the optimiser."""
        return {key: value for key, value in self.__dict__.items() if key not in self._not_saved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that :meth:`state_dict` returned.

        Args:
            state_dict: the state.
        """
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the rates of the groups as last set."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Compute the rates of the groups for the epoch ``last_epoch``.

        Raises:
            NotImplementedError: on this base class; each schedule has its own.
        """
        raise NotImplementedError(f"{type(self).__name__}.get_lr: the subclass has to define it")

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _warn_about_order(self) -> None:
        if self._step_count != 1:
            return
        if not getattr(self.optimizer.step, "_has_step_hooks", False):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                "`lr_scheduler.step()`.",
                UserWarning,
                stacklevel=4,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in "
                "the opposite order: `optimizer.step()` before `lr_scheduler.step()`. Otherwise "
                "the first value of the learning rate schedule is skipped.",
                UserWarning,
                stacklevel=4,
            )

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch.

        Args:
            epoch: deprecated: go to this epoch instead.
        """
        self._warn_about_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                values = self.get_lr()
            else:
                self.last_epoch = epoch
                closed_form = getattr(self, "_get_closed_form_lr", self.get_lr)
                values = closed_form()
        finally:
            self._get_lr_called_within_step = False
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_rate(group, value)
        self._last_lr = [copied(group["lr"]) for group in self.optimizer.param_groups]

    def _rates(self) -> list[Any]:
        return [copied(group["lr"]) for group in self.optimizer.param_groups]
