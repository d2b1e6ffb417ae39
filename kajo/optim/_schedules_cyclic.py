"""Schedules that move rate and momentum against each other in every batch."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from kajo.optim._schedule_base import LRScheduler, check_is_optimizer, set_rate
from kajo.optim.optimizer import Optimizer


def _per_group(optimizer: Optimizer, name: str, value: Any) -> list[Any]:
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(f"expected {groups} values for {name}, got {len(value)}")
    return list(value)


def _uses_beta1(optimizer: Optimizer, name: str) -> bool:
    """Whether the optimiser's momentum is the first of its ``betas``."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            f"{name}: optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        )
    return "betas" in optimizer.defaults


def _set_momentum(group: dict[str, Any], uses_beta1: bool, value: Any) -> None:
    if uses_beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def _triangular(_: float) -> float:
    return 1.0


def _triangular2(cycle: float) -> float:
    return float(1 / (2.0 ** (cycle - 1)))


def _exp_range(gamma: float, iterations: float) -> float:
    return float(gamma**iterations)


class CyclicLR(LRScheduler):
    """The rate goes up and down between two bounds, the momentum the other way.

    Args:
        optimizer: whose rates are set.
        base_lr: lower bound, or one for each group.
        max_lr: upper bound, or one for each group.
        step_size_up: batches of a rise.
        step_size_down: batches of a fall (default: as many).
        mode: ``"triangular"``: the same in each cycle; ``"triangular2"``: half as high in each
            next one; ``"exp_range"``: times ``gamma`` to the number of batches.
        gamma: see ``mode``.
        scale_fn: function that scales the height, in place of ``mode``.
        scale_mode: whether ``scale_fn`` gets the number of the ``"cycle"`` or ``"iterations"``.
        cycle_momentum: whether the momentum moves too.
        base_momentum: its lower bound, or one for each group.
        max_momentum: its upper bound, or one for each group.
        last_epoch: last batch of the run that is continued.

    Raises:
        ValueError: if ``mode`` is unknown, bounds do not fit the groups, or there is no momentum.
        TypeError: if ``optimizer`` is none.

    Example:
        >>> import kajo
        >>> optimizer = kajo.optim.SGD([kajo.ones(1, requires_grad=True)], lr=1.0, momentum=0.9)
        >>> scheduler = kajo.optim.lr_scheduler.CyclicLR(optimizer, 0.0, 1.0, step_size_up=2)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    _not_saved = ("optimizer", "_scale_fn_ref")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_is_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = _per_group(optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                set_rate(group, rate)
        self.max_lrs = _per_group(optimizer, "max_lr", max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        self._choose_scale()
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer, "CyclicLR")
            self.base_momentums = _per_group(optimizer, "base_momentum", base_momentum)
            self.max_momentums = _per_group(optimizer, "max_momentum", max_momentum)
            if last_epoch == -1:
                for low, high, group in zip(
                    self.base_momentums, self.max_momentums, optimizer.param_groups, strict=True
                ):
                    _set_momentum(group, self.use_beta1, high)
                    group["max_momentum"] = high
                    group["base_momentum"] = low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _choose_scale(self) -> None:
        self._scale_fn_ref: Callable[[float], float]
        if self._scale_fn_custom is not None:
            return
        functions: dict[str, Callable[[float], float]] = {
            "triangular": _triangular,
            "triangular2": _triangular2,
            "exp_range": partial(_exp_range, self.gamma),
        }
        self._scale_fn_ref = functions[self.mode]
        self.scale_mode = "iterations" if self.mode == "exp_range" else "cycle"

    def scale_fn(self, x: float) -> float:
        """Return the factor of the height for a cycle or batch."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return self._scale_fn_ref(x)

    def get_lr(self) -> list[Any]:
        """Compute the rates of the batch ``last_epoch``, and set its momentum."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(
                self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True
            ):
                _set_momentum(group, self.use_beta1, high - (high - low) * height * scale)
        return [
            low + (high - low) * height * scale
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return the state; a function given as ``scale_fn`` is left out."""
        state = super().state_dict()
        custom = state.pop("_scale_fn_custom")
        is_object = custom is not None and not isinstance(custom, types.FunctionType)
        state["_scale_fn_custom"] = custom.__dict__.copy() if is_object else None
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that :meth:`state_dict` returned; ``scale_fn`` stays as it is."""
        state = dict(state_dict)
        attributes = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        self._choose_scale()


def _cosine(start: Any, end: Any, share: float) -> Any:
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


def _linear(start: Any, end: Any, share: float) -> Any:
    return (end - start) * share + start


_ANNEAL = {"cos": _cosine, "linear": _linear}


class OneCycleLR(LRScheduler):
    """The rate rises once to a maximum and falls far below its start, the momentum the other way.

    Args:
        optimizer: whose rates are set.
        max_lr: the maximum, or one for each group.
        total_steps: batches of the run; or give both of the next two.
        epochs: epochs of the run.
        steps_per_epoch: batches of an epoch.
        pct_start: share of the run in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: whether the momentum moves too.
        base_momentum: its lower bound, or one for each group.
        max_momentum: its upper bound, or one for each group.
        div_factor: the rate starts at ``max_lr / div_factor``.
        final_div_factor: it ends at its start divided by this.
        three_phase: fall back to the start first, then to the end.
        last_epoch: last batch of the run that is continued.

    Raises:
        ValueError: if an option is out of its range, or the run goes on after its end.
        TypeError: if ``optimizer`` is none.

    Example:
        >>> import kajo
        >>> optimizer = kajo.optim.SGD([kajo.ones(1, requires_grad=True)], lr=1.0, momentum=0.9)
        >>> scheduler = kajo.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
        >>> [round(rate, 4) for rate in scheduler.get_last_lr()]
        [0.04]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_is_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _run_length(total_steps, epochs, steps_per_epoch)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in _ANNEAL:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = self._phases(pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        max_lrs = _per_group(optimizer, "max_lr", max_lr)
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer, "OneCycleLR")
            highs = _per_group(optimizer, "max_momentum", max_momentum)
            lows = _per_group(optimizer, "base_momentum", base_momentum)
            if last_epoch == -1:
                for low, high, group in zip(lows, highs, optimizer.param_groups, strict=True):
                    _set_momentum(group, self.use_beta1, high)
                    group["max_momentum"] = high
                    group["base_momentum"] = low
        super().__init__(optimizer, last_epoch)

    def _phases(self, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
        def phase(end: float, lrs: tuple[str, str], momenta: tuple[str, str]) -> dict[str, Any]:
            return {
                "end_step": end,
                "start_lr": lrs[0],
                "end_lr": lrs[1],
                "start_momentum": momenta[0],
                "end_momentum": momenta[1],
            }

        rise = ("max_momentum", "base_momentum")
        fall = ("base_momentum", "max_momentum")
        top = float(pct_start * self.total_steps) - 1
        first = phase(top, ("initial_lr", "max_lr"), rise)
        if not three_phase:
            return [first, phase(self.total_steps - 1, ("max_lr", "min_lr"), fall)]
        back = float(2 * pct_start * self.total_steps) - 2
        return [
            first,
            phase(back, ("max_lr", "initial_lr"), fall),
            phase(self.total_steps - 1, ("initial_lr", "min_lr"), ("max_momentum",) * 2),
        ]

    def get_lr(self) -> list[Any]:
        """Compute the rates of the batch ``last_epoch``, and set its momentum."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        anneal = _ANNEAL[self._anneal_func_type]
        start, phase = 0.0, self._schedule_phases[-1]
        for index, phase in enumerate(self._schedule_phases):
            if step <= phase["end_step"] or index == len(self._schedule_phases) - 1:
                break
            start = phase["end_step"]
        share = (step - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(anneal(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                bounds = group[phase["start_momentum"]], group[phase["end_momentum"]]
                _set_momentum(group, self.use_beta1, anneal(*bounds, share))
        return rates


def _run_length(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    given = {"total_steps": total_steps}
    if total_steps is None:
        if epochs is None or steps_per_epoch is None:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in given.items():
        if value <= 0 or not isinstance(value, int):
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return int(total_steps if total_steps is not None else epochs * steps_per_epoch)
