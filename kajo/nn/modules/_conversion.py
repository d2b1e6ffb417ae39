"""Changing the dtype, device and memory of a module's tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import kajo
from kajo import Tensor
from kajo import __future__ as settings
from kajo.nn.parameter import Parameter, is_lazy

if TYPE_CHECKING:
    pass

T = TypeVar("T", bound="ModuleConversion")


def _parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, bool, Any]:
    """The four forms of the arguments of ``to`` as device, dtype, non_blocking, memory_format."""
    wanted = dict(kwargs)
    positional = list(args)
    device, dtype = wanted.pop("device", None), wanted.pop("dtype", None)
    memory_format = wanted.pop("memory_format", None)
    other = wanted.pop("tensor", None)
    if positional and isinstance(positional[0], Tensor):
        other = positional.pop(0)
    if other is not None:
        device, dtype = other.device, other.dtype
    elif positional and isinstance(positional[0], kajo.dtype):
        dtype = positional.pop(0)
    elif positional and isinstance(positional[0], (str, int, kajo.device, type(None))):
        device = positional.pop(0)
        if positional and isinstance(positional[0], (kajo.dtype, type(None))):
            dtype = positional.pop(0)
    non_blocking = wanted.pop("non_blocking", False)
    if positional:
        non_blocking = positional.pop(0)
    wanted.pop("copy", None)
    if wanted or len(positional) > 1 or not isinstance(non_blocking, bool):
        given = ", ".join([*(type(a).__name__ for a in args), *kwargs])
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({given}), but expected "
            "(device, dtype, non_blocking), (dtype, non_blocking) or (tensor, non_blocking), "
            "and memory_format"
        )
    if isinstance(device, (str, int)):
        device = kajo.device(device)
    return device, dtype, non_blocking, memory_format


class ModuleConversion:
    """The part of a module that converts its tensors."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    children: Callable[[], Any]

    def _apply(self: T, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> T:
        """Put ``fn(tensor)`` in place of each parameter, its gradient, and each buffer."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for name, parameter in self._parameters.items():
            if parameter is not None:
                self._parameters[name] = self._converted(parameter, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    @staticmethod
    def _converted(parameter: Any, fn: Callable[[Tensor], Tensor]) -> Any:
        with kajo.no_grad():
            value = fn(parameter)
            gradient = None if parameter.grad is None else fn(parameter.grad)
        gradient_required = parameter.grad is not None and parameter.grad.requires_grad
        if value is parameter:
            return parameter
        alike = value.device.type == parameter.device.type and not isinstance(value, Parameter)
        stays = alike and not settings.get_overwrite_module_params_on_conversion()
        if is_lazy(parameter) or stays or settings.get_swap_module_params_on_conversion():
            # The same object stays, so an optimiser made before still knows it.
            parameter.grad = None
            parameter.data = value
            result = parameter
        else:
            result = Parameter(value, parameter.requires_grad)
        if gradient is not None:
            # A gradient of another dtype than its tensor would be refused, so it goes in last.
            result.grad = gradient.requires_grad_(gradient_required)
        return result

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Move and convert all parameters and buffers.

        Args:
            args, kwargs: ``to(device, dtype, non_blocking)``, ``to(dtype, non_blocking)``,
                ``to(tensor, non_blocking)``, and ``memory_format``, which applies to tensors of
                4 or 5 dimensions. A dtype applies to floating-point and complex tensors only.

        Returns:
            This module.

        Raises:
            TypeError: if the dtype is neither floating-point nor complex.
            NotImplementedError: if tensors without data (on "meta") are moved elsewhere.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).to(kajo.float64).weight.dtype
            kajo.float64
        """
        device, dtype, non_blocking, memory_format = _parse_to(args, kwargs)
        if dtype is not None:
            if not (dtype.is_floating_point or dtype.is_complex):
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got "
                    f"desired dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may "
                    "change, and some modules might not work as expected when using complex "
                    "tensors as parameters or buffers.",
                    stacklevel=2,
                )

        def convert(tensor: Tensor) -> Tensor:
            wanted = dtype if tensor.is_floating_point() or tensor.is_complex() else None
            if tensor.is_meta and device is not None and device.type != "meta":
                raise NotImplementedError(
                    "Cannot copy out of meta tensor; no data! Please use "
                    "torch.nn.Module.to_empty() instead of torch.nn.Module.to() when moving "
                    "module from meta to a different device."
                )
            if memory_format is not None and tensor.dim() in (4, 5):
                return tensor.to(device, wanted, non_blocking, memory_format=memory_format)
            return tensor.to(device, wanted, non_blocking)

        return self._apply(convert)

    def to_empty(self: T, *, device: Any, recurse: bool = True) -> T:
        """Move to a device without copying: the tensors there have unset values.

        Args:
            device: where to.
            recurse: include submodules.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.Linear(1, 1, device="meta").to_empty(device="cpu")
            >>> layer.weight.is_meta
            False
        """
        return self._apply(lambda tensor: kajo.empty_like(tensor, device=device), recurse=recurse)

    def type(self: T, dst_type: Any) -> T:
        """Convert all parameters and buffers to a dtype, integers too.

        Args:
            dst_type: a dtype.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).type(kajo.float64).weight.dtype
            kajo.float64
        """
        return self._apply(lambda tensor: tensor.type(dst_type))

    def _to_floating(self: T, dtype: Any) -> T:
        return self._apply(
            lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor
        )

    def float(self: T) -> T:
        """Convert floating-point parameters and buffers to float32.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).float().weight.dtype
            kajo.float32
        """
        return self._to_floating(kajo.float32)

    def double(self: T) -> T:
        """Convert floating-point parameters and buffers to float64.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).double().weight.dtype
            kajo.float64
        """
        return self._to_floating(kajo.float64)

    def half(self: T) -> T:
        """Convert floating-point parameters and buffers to float16.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).half().weight.dtype
            kajo.float16
        """
        return self._to_floating(kajo.float16)

    def bfloat16(self: T) -> T:
        """Convert floating-point parameters and buffers to bfloat16.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).bfloat16().weight.dtype
            kajo.bfloat16
        """
        return self._to_floating(kajo.bfloat16)

    def cuda(self: T, device: Any = None) -> T:
        """Move all parameters and buffers to one of the CUDA devices.

        Args:
            device: its index, or None for the current one.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> hasattr(kajo.nn.Linear(1, 1), "cuda")
            True
        """
        name = "cuda" if device is None or not isinstance(device, int) else f"cuda:{device}"
        target = device if isinstance(device, kajo.device) else kajo.device(name)
        return self._apply(lambda tensor: tensor.to(target))

    def xpu(self: T, device: Any = None) -> T:
        """Move all parameters and buffers to one of the XPU devices.

        Args:
            device: its index, or None for the current one.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> hasattr(kajo.nn.Linear(1, 1), "xpu")
            True
        """
        name = "xpu" if device is None or not isinstance(device, int) else f"xpu:{device}"
        target = device if isinstance(device, kajo.device) else kajo.device(name)
        return self._apply(lambda tensor: tensor.to(target))

    def ipu(self: T, device: Any = None) -> T:
        """Move all parameters and buffers to one of the IPU devices.

        Args:
            device: its index, or None for the current one.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> hasattr(kajo.nn.Linear(1, 1), "ipu")
            True
        """
        name = "ipu" if device is None or not isinstance(device, int) else f"ipu:{device}"
        target = device if isinstance(device, kajo.device) else kajo.device(name)
        return self._apply(lambda tensor: tensor.to(target))

    def mtia(self: T, device: Any = None) -> T:
        """Move all parameters and buffers to one of the MTIA devices.

        Args:
            device: its index, or None for the current one.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> hasattr(kajo.nn.Linear(1, 1), "mtia")
            True
        """
        name = "mtia" if device is None or not isinstance(device, int) else f"mtia:{device}"
        target = device if isinstance(device, kajo.device) else kajo.device(name)
        return self._apply(lambda tensor: tensor.to(target))

    def cpu(self: T) -> T:
        """Move all parameters and buffers to the CPU.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).cpu().weight.device
            device(type='cpu')
        """
        return self._apply(lambda tensor: tensor.to(kajo.device("cpu")))

    def share_memory(self: T) -> T:
        """Move all parameters and buffers to memory that processes share.

        Returns:
            This module.

        Example:
            >>> import kajo
            >>> kajo.nn.Linear(1, 1).share_memory().weight.is_shared()
            True
        """
        return self._apply(lambda tensor: tensor.share_memory_())
