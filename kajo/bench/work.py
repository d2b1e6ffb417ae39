"""What a unit of work is: data that makes a step for a framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from types import ModuleType
from typing import Any

Step = Callable[[], Any]
Make = Callable[[ModuleType], Any]


def normal(*shape: int, grad: bool = False, dtype: str = "float32") -> Make:
    """An operand with normally distributed elements.

    Example:
        >>> import kajo
        >>> normal(2, 3)(kajo).shape
        kajo.Size([2, 3])
    """

    def make(framework: ModuleType) -> Any:
        tensor = framework.randn(shape).to(getattr(framework, dtype))
        return tensor.requires_grad_() if grad else tensor

    return make


def integers(high: int, *shape: int) -> Make:
    """An operand with whole numbers from 0 to below `high`.

    Example:
        >>> import kajo
        >>> bool((integers(5, 100)(kajo) < 5).all())
        True
    """
    return lambda framework: framework.randint(0, high, shape)


def positive_definite(n: int) -> Make:
    """An operand that has a Cholesky factor.

    Example:
        >>> import kajo
        >>> positive_definite(3)(kajo).shape
        kajo.Size([3, 3])
    """

    def make(framework: ModuleType) -> Any:
        root = framework.randn(n, n)
        return root @ root.t() + n * framework.eye(n)

    return make


@dataclass(frozen=True)
class Call:
    """A call of one function with operands made beforehand.

    Args:
        function: its path in the framework (``"nn.functional.gelu"``), the name of a method after a dot
            (``".view"``), or a function that takes the operands.
        operands: what makes each operand.
        settings: further keyword arguments.

    Example:
        >>> import kajo
        >>> step = Call("add", (normal(2), normal(2))).step(kajo)
        >>> step().shape
        kajo.Size([2])
    """

    function: str | Callable[..., Any]
    operands: tuple[Make, ...]
    arguments: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def values(self, framework: ModuleType) -> list[Any]:
        """The operands, with the framework's generator as it is."""
        return [make(framework) for make in self.operands]

    def bind(self, framework: ModuleType, values: list[Any]) -> Step:
        """The call with these operands."""
        function = self.function
        if not isinstance(function, str):
            return partial(function, *values, *self.arguments, **self.settings)
        if function.startswith("."):
            method = getattr(values[0], function[1:])
            return partial(method, *values[1:], *self.arguments, **self.settings)
        return partial(attrgetter(function)(framework), *values, *self.arguments, **self.settings)

    def step(self, framework: ModuleType) -> Step:
        """One call on operands of its own."""
        return self.bind(framework, self.values(framework))


@dataclass(frozen=True)
class Backward:
    """A call, the sum of its result and the gradients of its operands.

    Example:
        >>> import kajo
        >>> Backward(Call("exp", (normal(2, grad=True),))).step(kajo)()
    """

    call: Call

    def step(self, framework: ModuleType) -> Step:
        """One pass forward and backward."""
        forward = self.call.step(framework)

        def step() -> None:
            forward().sum().backward()

        return step


@dataclass(frozen=True)
class Layer:
    """A module applied to an input, without gradients unless `backward`.

    Example:
        >>> import kajo
        >>> Layer("nn.Linear", (3, 2), normal(4, 3)).step(kajo)().shape
        kajo.Size([4, 2])
    """

    module: str
    arguments: tuple[Any, ...]
    operand: Make
    history: bool = False
    backward: bool = False

    def step(self, framework: ModuleType) -> Step:
        """One application."""
        module = attrgetter(self.module)(framework)(*self.arguments)
        value = self.operand(framework)

        def forward() -> Any:
            with framework.no_grad():
                return module(value)

        def forward_and_backward() -> None:
            module(value).sum().backward()

        if self.backward:
            return forward_and_backward
        return partial(module, value) if self.history else forward


@dataclass(frozen=True)
class Training:
    """An update of a model: gradients to none, forward, loss, backward, optimiser.

    Args:
        model: makes the model.
        inputs: what makes each of the model's inputs.
        target: what makes the loss's second argument.
        loss: the path of the loss function.
        classes: predictions are laid out as rows of so many classes, where given.
        optimizer: the name of the optimiser and its settings.
        clip: the norm that gradients are clipped to, where given.

    Example:
        >>> import kajo
        >>> linear = lambda framework: framework.nn.Linear(3, 1)
        >>> Training(linear, (normal(4, 3),), normal(4, 1), "nn.functional.mse_loss", "SGD").step(kajo)()
    """

    model: Make
    inputs: tuple[Make, ...]
    target: Make
    loss: str
    optimizer: str
    settings: dict[str, Any] = field(default_factory=dict)
    classes: int | None = None
    clip: float | None = None

    def step(self, framework: ModuleType) -> Step:
        """One update of a model of its own."""
        model = self.model(framework)
        inputs = [make(framework) for make in self.inputs]
        target = self.target(framework)
        loss = attrgetter(self.loss)(framework)
        parameters = list(model.parameters())
        optimizer = getattr(framework.optim, self.optimizer)(parameters, **self.settings)
        classes, clip = self.classes, self.clip

        def step() -> None:
            optimizer.zero_grad()
            predicted = model(*inputs)
            if classes is not None:
                predicted = predicted.view(-1, classes)
            loss(predicted, target).backward()
            if clip is not None:
                framework.nn.utils.clip_grad_norm_(parameters, clip)
            optimizer.step()

        return step


@dataclass(frozen=True)
class Inference:
    """A model in evaluation mode, applied without gradients.

    Example:
        >>> import kajo
        >>> linear = lambda framework: framework.nn.Linear(3, 1)
        >>> Inference(linear, normal(4, 3)).step(kajo)().shape
        kajo.Size([4, 1])
    """

    model: Make
    operand: Make

    def step(self, framework: ModuleType) -> Step:
        """One application of a model of its own."""
        model, value = self.model(framework).eval(), self.operand(framework)

        def step() -> Any:
            with framework.no_grad():
                return model(value)

        return step


@dataclass(frozen=True)
class LoadingPass:
    """One pass of a data loader over a data set in memory.

    Example:
        >>> import kajo
        >>> LoadingPass((normal(10, 2), integers(3, 10)), 4).step(kajo)()
    """

    columns: tuple[Make, ...]
    batch: int
    workers: int = 0

    def step(self, framework: ModuleType) -> Step:
        """One pass, in shuffled order."""
        data = framework.utils.data
        columns = data.TensorDataset(*(make(framework) for make in self.columns))
        loader = data.DataLoader(
            columns, batch_size=self.batch, shuffle=True, num_workers=self.workers
        )

        def step() -> None:
            for _ in loader:
                pass

        return step


Work = Call | Backward | Layer | Training | Inference | LoadingPass
