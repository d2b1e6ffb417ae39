"""L-BFGS: a quasi-Newton method for full batches, with a strong Wolfe line search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kajo
from kajo.optim.optimizer import Closure, Optimizer, ParamsT, check_lr

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["LBFGS"]


_STATE_ORDER = (
    *("func_evals", "n_iter", "al", "d", "t", "old_dirs", "old_stps", "ro", "H_diag"),
    *("prev_flat_grad", "prev_loss"),
)


@dataclass
class _Point:
    """A point on the search line: step, loss, gradient, and slope along the direction."""

    t: Any
    loss: float
    grad: Tensor
    slope: Tensor


def _cubic_minimum(a: _Point, b: _Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Minimise the cubic through two points with given slopes, within bounds."""
    low, high = bounds if bounds is not None else (min(a.t, b.t), max(a.t, b.t))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = square.sqrt()
    left, right = (a, b) if a.t <= b.t else (b, a)
    fraction = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    return min(max(right.t - (right.t - left.t) * fraction, low), high)


class _WolfeSearch:
    """Looks along ``direction`` for a step that meets the strong Wolfe conditions."""

    SUFFICIENT_DECREASE = 1e-4
    CURVATURE = 0.9
    MAX_EVALUATIONS = 25

    def __init__(
        self,
        evaluate: Callable[[Any], tuple[float, Tensor]],
        direction: Tensor,
        start: _Point,
        tolerance: float,
    ) -> None:
        self.evaluate = evaluate
        self.direction = direction
        self.start = start
        self.tolerance = tolerance
        self.evaluations = 0

    def _at(self, t: Any) -> _Point:
        loss, grad = self.evaluate(t)
        self.evaluations += 1
        return _Point(t, loss, grad, grad.dot(self.direction))

    def _too_high(self, point: _Point) -> bool:
        limit = self.start.loss + self.SUFFICIENT_DECREASE * point.t * self.start.slope
        return bool(point.loss > limit)

    def _flat_enough(self, point: _Point) -> bool:
        return bool(abs(point.slope) <= -self.CURVATURE * self.start.slope)

    def run(self, t: Any) -> _Point:
        """Return the best point found."""
        bracket, iterations, done = self._bracket(t)
        if not done:
            self._zoom(bracket, iterations)
        return min(bracket, key=lambda point: point.loss)

    def _bracket(self, t: Any) -> tuple[list[_Point], int, bool]:
        """Widen the step until an acceptable point must lie between two that are known."""
        previous, point = self.start, self._at(t)
        for iteration in range(self.MAX_EVALUATIONS):
            if self._too_high(point) or (iteration > 1 and point.loss >= previous.loss):
                return [previous, point], iteration, False
            if self._flat_enough(point):
                return [point], iteration, True
            if point.slope >= 0:
                return [previous, point], iteration, False
            bounds = (point.t + 0.01 * (point.t - previous.t), point.t * 10)
            t = _cubic_minimum(previous, point, bounds)
            previous, point = point, self._at(t)
        return [self.start, point], self.MAX_EVALUATIONS, False

    def _zoom(self, bracket: list[_Point], iterations: int) -> None:
        """Narrow the bracket in place until one of its points is acceptable."""
        scale = self.direction.abs().max()
        stalled = False
        low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        while iterations < self.MAX_EVALUATIONS:
            if abs(bracket[1].t - bracket[0].t) * scale < self.tolerance:
                return
            t, stalled = self._inside(bracket, stalled)
            point = self._at(t)
            iterations += 1
            if self._too_high(point) or point.loss >= bracket[low].loss:
                bracket[high] = point
                low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
                continue
            done = self._flat_enough(point)
            if not done and point.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
            if done:
                return

    @staticmethod
    def _inside(bracket: list[_Point], stalled: bool) -> tuple[Any, bool]:
        """Choose a step inside the bracket, away from its ends when progress has stalled."""
        t = _cubic_minimum(bracket[0], bracket[1])
        least, most = (f(bracket[0].t, bracket[1].t) for f in (min, max))
        margin = 0.1 * (most - least)
        if min(most - t, t - least) >= margin:
            return t, False
        if stalled or t >= most or t <= least:
            nearer_most = abs(t - most) < abs(t - least)
            return (most - margin if nearer_most else least + margin), False
        return t, True


class LBFGS(Optimizer):
    """L-BFGS. The closure is evaluated several times in a step; there is one parameter group.

    Args:
        params: tensors, or one group.
        lr: learning rate.
        max_iter: most iterations in a step.
        max_eval: most evaluations of the closure in a step (default ``max_iter * 5 // 4``).
        tolerance_grad: stop when no gradient is larger.
        tolerance_change: stop when loss and parameters change less.
        history_size: pairs of parameter and gradient differences that are kept.
        line_search_fn: ``"strong_wolfe"``, or None for fixed steps.

    Raises:
        ValueError: if there is more than one group, or the learning rate is negative.

    Example:
        >>> import kajo
        >>> weight = kajo.ones(2, requires_grad=True)
        >>> optimizer = kajo.optim.LBFGS([weight], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((weight - 3) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> loss = optimizer.step(closure)
        >>> [round(value, 3) for value in weight.tolist()]
        [3.0, 3.0]
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params: list[Tensor] = self.param_groups[0]["params"]

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._params = self.param_groups[0]["params"]

    def _flat_grad(self) -> Tensor:
        pieces = []
        for param in self._params:
            grad: Any = param.grad
            if grad is None:
                grad = kajo.zeros_like(param)
            elif grad.is_sparse:
                grad = grad.to_dense()
            grad = kajo.view_as_real(grad.resolve_conj()) if kajo.is_complex(grad) else grad
            pieces.append(grad.reshape(-1))
        return kajo.cat(pieces, 0)

    def _move(self, t: Any, direction: Tensor) -> None:
        offset = 0
        for param in self._params:
            target = kajo.view_as_real(param) if kajo.is_complex(param) else param
            piece = direction[offset : offset + target.numel()].view_as(target)
            target.add_(piece, alpha=float(t))
            offset += target.numel()

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[float, Tensor]:
        with kajo.enable_grad():
            loss = closure()
            loss = loss.item() if isinstance(loss, kajo.Tensor) else float(loss)
        return loss, self._flat_grad()

    def _search(
        self, closure: Callable[[], Any], t: Any, direction: Tensor, start: _Point, tolerance: float
    ) -> tuple[_Point, int]:
        origin = [param.clone(memory_format=kajo.contiguous_format) for param in self._params]

        def evaluate(step: Any) -> tuple[float, Tensor]:
            self._move(step, direction)
            result = self._evaluate(closure)
            for param, value in zip(self._params, origin, strict=True):
                param.copy_(value)
            return result

        search = _WolfeSearch(evaluate, direction, start, tolerance)
        return search.run(t), search.evaluations

    @staticmethod
    def _direction(state: dict[str, Any], flat_grad: Tensor, history_size: int) -> Tensor:
        """Remember the last step and multiply the gradient by the approximate inverse Hessian."""
        dirs, stps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y = flat_grad.sub(state["prev_flat_grad"])
        s = state["d"].mul(state["t"])
        ys = y.dot(s)
        if ys > 1e-10:
            if len(dirs) == history_size:
                for history in (dirs, stps, ro):
                    history.pop(0)
            dirs.append(y)
            stps.append(s)
            ro.append(1.0 / ys)
            state["H_diag"] = ys / y.dot(y)
        al = state.setdefault("al", [None] * history_size)
        q = flat_grad.neg()
        for i in reversed(range(len(dirs))):
            al[i] = stps[i].dot(q) * ro[i]
            q.add_(dirs[i] * -al[i])
        direction = q.mul(state["H_diag"])
        for i in range(len(dirs)):
            beta = dirs[i].dot(direction) * ro[i]
            direction.add_(stps[i] * (al[i] - beta))
        return direction

    def step(self, closure: Closure = None) -> Any:
        """Run up to ``max_iter`` iterations.

        Args:
            closure: clears the gradients, computes the loss, calls ``backward``, returns the loss.

        Returns:
            The loss at the start of the step.

        Raises:
            TypeError: if there is no closure.
            RuntimeError: if ``line_search_fn`` is unknown.
        """
        if closure is None:
            raise TypeError("LBFGS.step: missing the closure that computes the loss")
        with kajo.no_grad():
            loss = self._run(closure)
        state = self.state[self._params[0]]
        # Checkpoints list the state in PyTorch's order.
        ordered = {key: state[key] for key in (*_STATE_ORDER, *state) if key in state}
        state.clear()
        state.update(ordered)
        return loss

    def _run(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with kajo.enable_grad():
            first_loss = closure()
        loss = first_loss.item() if isinstance(first_loss, kajo.Tensor) else float(first_loss)
        flat_grad = self._flat_grad()
        evaluations = 1
        state["func_evals"] += 1
        if flat_grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                state["d"] = flat_grad.neg()
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
                t = min(1.0, 1.0 / flat_grad.abs().sum()) * group["lr"]
            else:
                state["d"] = self._direction(state, flat_grad, group["history_size"])
                t = group["lr"]
            if "prev_flat_grad" in state:
                state["prev_flat_grad"].copy_(flat_grad)  # in place, as whoever shares it expects
            else:
                state["prev_flat_grad"] = flat_grad.clone()
            state.update(t=t, prev_loss=loss)
            slope = flat_grad.dot(state["d"])
            if slope > -group["tolerance_change"]:
                break
            last = iteration == group["max_iter"]
            start = _Point(0, loss, flat_grad, slope)
            point, count = self._advance(closure, group, state["d"], t, start, last=last)
            loss, flat_grad, state["t"] = point.loss, point.grad, point.t
            evaluations += count
            state["func_evals"] += count
            if last or evaluations >= group["max_eval"] or self._converged(group, state, point):
                break
        return first_loss

    def _advance(
        self,
        closure: Callable[[], Any],
        group: dict[str, Any],
        direction: Tensor,
        t: Any,
        start: _Point,
        *,
        last: bool,
    ) -> tuple[_Point, int]:
        """Move along the direction; return where to and how often the closure was evaluated."""
        if group["line_search_fn"] is None:
            self._move(t, direction)
            if last:
                return _Point(t, start.loss, start.grad, start.slope), 0
            loss, grad = self._evaluate(closure)
            return _Point(t, loss, grad, start.slope), 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("LBFGS: only 'strong_wolfe' is supported as line_search_fn")
        point, count = self._search(closure, t, direction, start, group["tolerance_change"])
        self._move(point.t, direction)
        return point, count

    @staticmethod
    def _converged(group: dict[str, Any], state: dict[str, Any], point: _Point) -> bool:
        return bool(
            point.grad.abs().max() <= group["tolerance_grad"]
            or state["d"].mul(point.t).abs().max() <= group["tolerance_change"]
            or abs(point.loss - state["prev_loss"]) < group["tolerance_change"]
        )
