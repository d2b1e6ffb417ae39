"""Scaling of losses, so that gradients in float16 do not vanish."""

from __future__ import annotations

import enum
from collections import defaultdict
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(enum.Enum):
    """How far an optimiser is in this step."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _fresh() -> dict[str, Any]:
    return {"stage": OptState.READY, "found_inf": None}


class GradScaler:
    """Multiplies losses by a scale, divides gradients by it, skips steps with gradients that are not finite.

    After a skipped step the scale shrinks; after `growth_interval` steps without one it grows.

    Args:
        device: the kind of device.
        init_scale: the first scale.
        growth_factor: what it grows by, above 1.
        backoff_factor: what it shrinks by, below 1.
        growth_interval: after how many steps it grows.
        enabled: False makes every method do nothing but what plain training does.

    >>> import kajo
    >>> w = kajo.ones(1, requires_grad=True)
    >>> optimizer, scaler = kajo.optim.SGD([w], lr=0.5), GradScaler("cpu")
    >>> scaler.scale((w * 2).sum()).backward()
    >>> scaler.step(optimizer); scaler.update()
    >>> w
    tensor([0.], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        self._device = device
        self._enabled = enabled
        if device == "cuda" and enabled and not kajo.cuda.is_available():
            import warnings

            warnings.warn(
                "GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2
            )
            self._enabled = False
        if not self._enabled:
            return
        if not growth_factor > 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if not backoff_factor < 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale = init_scale
        self._scale: Tensor | None = None
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._per_optimizer: dict[int, dict[str, Any]] = defaultdict(_fresh)

    def _current(self) -> Tensor:
        if self._scale is None:
            self._scale = kajo.tensor(self._init_scale, dtype=kajo.float32)
        return self._scale

    def scale(self, outputs: Any) -> Any:
        """A tensor, or an iterable of them, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._current()
        if isinstance(outputs, (list, tuple)):
            scaled = [self.scale(value) for value in outputs]
            return (
                type(outputs)(scaled) if not hasattr(outputs, "_fields") else type(outputs)(*scaled)
            )
        if hasattr(outputs, "__iter__"):
            return map(self.scale, outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _check_scale(self, attempted: str) -> None:
        if self._scale is None:
            raise AssertionError(
                f"Attempted {attempted} but _scale is None.  This may indicate your script did not "
                "use scaler.scale(loss or outputs) earlier in the iteration."
            )

    def _divide(self, optimizer: Any) -> Tensor | None:
        """Divides the gradients by the scale; whether one is not finite, None if there is none."""
        inverse = self._current().double().reciprocal().float()
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        if not gradients:
            return None
        found = kajo.zeros((), dtype=kajo.float32)
        with kajo.no_grad():
            for gradient in gradients:
                if gradient.dtype == kajo.float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                values = gradient._values() if gradient.is_sparse else gradient
                if not values.isfinite().all():
                    found.fill_(1.0)
                gradient.mul_(inverse)
        return found

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of an optimiser by the scale, for example to clip them.

        Raises:
            RuntimeError: if that was done since the last :meth:`update`, or after :meth:`step`.
            AssertionError: if nothing has been scaled.
        """
        if not self._enabled:
            return
        self._check_scale("unscale_")
        state = self._per_optimizer[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        state["found_inf"] = self._divide(optimizer)
        state["stage"] = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Steps the optimiser unless a gradient is not finite.

        Returns:
            What the step returned; None where it was skipped.

        Raises:
            RuntimeError: if it was called before since the last :meth:`update`, or with a closure.
            AssertionError: if nothing has been scaled, or no parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scale("step")
        state = self._per_optimizer[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state["stage"] is OptState.READY:
            self.unscale_(optimizer)
        if state["found_inf"] is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None
        if not state["found_inf"]:
            result = optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """Adapts the scale after the steps of all optimisers.

        Args:
            new_scale: a number or tensor to take instead.

        Raises:
            AssertionError: if no optimiser has stepped or been unscaled, or `new_scale` is neither.
        """
        if not self._enabled:
            return
        self._check_scale("update")
        scale = self._current()
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (
                new_scale.numel() != 1 or new_scale.requires_grad
            ):
                raise AssertionError(
                    "new_scale should be a float or a 1-element tensor with requires_grad=False, "
                    f"but got a tensor of shape {tuple(new_scale.shape)}"
                )
            self._scale = kajo.as_tensor(new_scale, dtype=kajo.float32).reshape(()).clone()
        else:
            found = [
                s["found_inf"] for s in self._per_optimizer.values() if s["found_inf"] is not None
            ]
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            if any(bool(f) for f in found):
                scale.mul_(self._backoff_factor)
                self._growth_tracker = 0
            else:
                self._growth_tracker += 1
                if self._growth_tracker == self._growth_interval:
                    grown = scale * self._growth_factor
                    if grown.isfinite():
                        scale.copy_(grown)
                    self._growth_tracker = 0
        self._per_optimizer = defaultdict(_fresh)

    def _found_inf_per_device(self, optimizer: Any) -> dict[Any, Tensor]:
        found = self._per_optimizer[id(optimizer)]["found_inf"]
        return {} if found is None else {found.device: found}

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._per_optimizer:
            raise AssertionError(
                "A GradScaler instance may only be pickled at the beginning of an iteration, or at "
                "the end after scaler.update()."
            )
        return dict(self.__dict__)

    def get_scale(self) -> float:
        """The scale; 1 where scaling is off."""
        return float(self._current()) if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets what the scale grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale shrinks by."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets what the scale shrinks by."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets after how many steps the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether scaling is on."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs; empty where scaling is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues from a state.

        Raises:
            RuntimeError: if the state is empty though scaling is on.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of "
                "GradScaler."
            )
        self._init_scale = state_dict["scale"]
        self._scale = kajo.tensor(state_dict["scale"], dtype=kajo.float32)
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]
