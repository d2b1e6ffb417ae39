"""Data parallelism within one process."""

from __future__ import annotations

from typing import Any

from kajo.nn.modules.module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """Calls a module on the device it is on; for several devices run one process for each.

    Args:
        module: what is called.
        device_ids, output_device, dim: taken for compatibility.

    Example:
        >>> import kajo
        >>> kajo.nn.DataParallel(kajo.nn.ReLU())(kajo.ones(1))
        tensor([1.])
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.dim = dim
        self.device_ids: list[Any] = []
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives for the arguments."""
        return self.module(*inputs, **kwargs)
