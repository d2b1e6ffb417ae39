"""Parameters that are functions of other parameters, computed whenever they are read."""

from __future__ import annotations

import contextlib
import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.modules.container import ModuleDict, ModuleList
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

# Inside cached(): how many are open, and the values by module and name.
_open_caches = 0
_values: dict[tuple[int, str], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside it each parametrised tensor is computed once, at its first reading.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils import parametrize
        >>> layer = kajo.nn.utils.parametrizations.weight_norm(kajo.nn.Linear(2, 2))
        >>> with parametrize.cached():
        ...     layer.weight is layer.weight
        True
    """
    global _open_caches
    _open_caches += 1
    try:
        yield
    finally:
        _open_caches -= 1
        if not _open_caches:
            _values.clear()


def _hold(value: Tensor, original: Tensor) -> Tensor:
    """`value` as what `original` was: a parameter or a plain tensor."""
    if isinstance(original, Parameter):
        return Parameter(value, original.requires_grad)
    return value


class ParametrizationList(ModuleList):
    """The parametrisations of one tensor, first to last, and what they start from.

    That is the parameter or buffer ``original``, or, where the first ``right_inverse`` gives a
    sequence, ``original0``, ``original1`` and so on.

    Args:
        modules: the parametrisations.
        original: the tensor so far.
        unsafe: do not check that shape and dtype stay as they were.

    Raises:
        ValueError: if ``right_inverse`` gives something else, or shape or dtype would change.

    Example: see :func:`register_parametrization`.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        start: Any = original
        with kajo.no_grad():
            for module in reversed(list(self)):
                inverse = getattr(module, "right_inverse", None)
                # One that refuses leaves the tensor as it is, to be set later.
                with contextlib.suppress(NotImplementedError):
                    start = start if inverse is None else inverse(start)
        if not isinstance(start, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(start).__name__}"
            )
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if isinstance(start, Tensor) else len(start)
        if isinstance(start, Tensor):
            self._keep("original", self._with_value(original, start), original)
        else:
            for i, part in enumerate(start):
                if not isinstance(part, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors "
                        f"(list, tuple...). Got element {i} of type {type(part).__name__}."
                    )
                self._keep(f"original{i}", _hold(part, original), original)
        if not unsafe:
            self._check_result(original)

    @staticmethod
    def _with_value(original: Tensor, start: Tensor) -> Tensor:
        """`original` itself with the value it is to have: an optimizer may know it already."""
        if start.dtype != original.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {start.dtype}"
            )
        if start is not original:
            with kajo.no_grad():
                original.data = start
        return original

    def _keep(self, name: str, value: Any, original: Tensor) -> None:
        if isinstance(original, Parameter):
            self.register_parameter(name, value)
        else:
            self.register_buffer(name, value)

    def _check_result(self, original: Tensor) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(
                f"A parametrization must return a tensor. Got {type(result).__name__}."
            )
        if result.dtype != original.dtype:
            raise ValueError(
                "Registering a parametrization may not change the dtype of the tensor, unless the "
                f"`unsafe` flag is enabled.\nunparametrized dtype: {original.dtype}\n"
                f"parametrized dtype: {result.dtype}"
            )
        if self.is_tensor and result.shape != original.shape:
            raise ValueError(
                "Registering a parametrization may not change the shape of the tensor, unless the "
                f"`unsafe` flag is enabled.\nunparametrized shape: {tuple(original.shape)}\n"
                f"parametrized shape: {tuple(result.shape)}"
            )

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrised tensor becomes `value`.

        Args:
            value: of the parametrised tensor's shape.

        Raises:
            RuntimeError: if a parametrisation has no ``right_inverse``.
        """
        start: Any = value
        with kajo.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                start = module.right_inverse(start)
            for original, part in zip(
                self._originals(), [start] if self.is_tensor else start, strict=True
            ):
                original.data = part

    def forward(self) -> Tensor:
        """The parametrised tensor, computed anew."""
        value: Any = None
        for i, module in enumerate(self):
            value = module(*self._originals()) if i == 0 else module(value)
        return value


def _parametrized_class(module: Module) -> None:
    """Give the module a class of its own, whose properties are the parametrised tensors."""
    base = type(module)

    def getstate(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()."
        )

    def deep_copy(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        copied = self.__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__ = deepcopy(self.__dict__, memo)
        for slot in copyreg._slotnames(type(self)):  # type: ignore[attr-defined]
            if hasattr(self, slot):
                setattr(copied, slot, deepcopy(getattr(self, slot), memo))
        return copied

    members: dict[str, Any] = {"__getstate__": getstate}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = deep_copy
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _add_property(module: Module, name: str) -> None:
    def get(self: Any) -> Tensor:
        if not _open_caches:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _values:
            _values[key] = self.parametrizations[name]()
        return _values[key]

    def put(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(get, put))


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Any:
    """Make a parameter or buffer of a module a function of another one.

    Reading ``module.tensor_name`` calls `parametrization` on the original, which becomes
    ``module.parametrizations.tensor_name.original``. Registered again, functions are chained.
    With a method ``right_inverse`` the tensor can be assigned to.

    Args:
        module: changed in place.
        tensor_name: of its parameter or buffer.
        parametrization: a module from tensor to tensor.
        unsafe: allow it to change shape and dtype.

    Returns:
        `module`.

    Raises:
        ValueError: if there is no such tensor, or its shape or dtype would change.

    Example:
        >>> import kajo
        >>> class Symmetric(kajo.nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).mT
        >>> layer = kajo.nn.Linear(3, 3)
        >>> layer = kajo.nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.mT).all())
        True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        _chain(module.parametrizations[tensor_name], parametrization, unsafe)
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _parametrized_class(module)
        module.parametrizations = ModuleDict()
    _add_property(module, tensor_name)
    module.parametrizations[tensor_name] = parametrizations
    return module


def _chain(parametrizations: ParametrizationList, added: Module, unsafe: bool) -> None:
    if unsafe:
        parametrizations.unsafe = True
    elif not parametrizations.unsafe:
        value = parametrizations()
        result = added(value)
        for what in ("dtype", "shape"):
            before, after = getattr(value, what), getattr(result, what)
            if before != after:
                raise ValueError(
                    f"Registering a parametrization may not change the {what} of the tensor, unless "
                    f"the `unsafe` flag is enabled: it was {before} and becomes {after}"
                )
    parametrizations.append(added)


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module, or one tensor of it, has parametrisations.

    Args:
        module: any module.
        tensor_name: which tensor; None for any.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.parametrize.is_parametrized(kajo.nn.Linear(2, 2))
        False
    """
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a parametrised tensor an ordinary one again.

    Args:
        module: changed in place.
        tensor_name: of the tensor.
        leave_parametrized: keep the present value; else the original.

    Returns:
        `module`.

    Raises:
        ValueError: if it is not parametrised, or has several originals to choose from.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(kajo.nn.Linear(2, 2))
        >>> type(parametrize.remove_parametrizations(layer, "weight")).__name__
        'Linear'
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if not parametrizations.is_tensor and not leave_parametrized:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    first = parametrizations._originals()[0]
    if leave_parametrized:
        with kajo.no_grad():
            value = getattr(module, tensor_name).detach()
        if parametrizations.is_tensor:
            first.data = value
        else:
            first = _hold(value, first)
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if isinstance(first, Parameter):
        module.register_parameter(tensor_name, first)
    else:
        module.register_buffer(tensor_name, first)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before its tensors were parametrised.

    Args:
        module: any module.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.parametrizations.weight_norm(kajo.nn.Linear(2, 2))
        >>> kajo.nn.utils.parametrize.type_before_parametrizations(layer).__name__
        'Linear'
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Copy the parametrisations of a module, and their originals, to another one.

    Args:
        from_module: whose parametrisations are copied.
        to_module: changed in place.
        tensor_name: of one tensor; None for all.

    Returns:
        `to_module`.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils import parametrizations, parametrize
        >>> source = parametrizations.weight_norm(kajo.nn.Linear(2, 2))
        >>> copy = parametrize.transfer_parametrizations_and_params(source, kajo.nn.Linear(2, 2))
        >>> bool((copy.weight == source.weight).all())
        True
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(
                to_module, name, _hold(getattr(from_module, name).detach(), source._originals()[0])
            )
        for parametrization in source:
            register_parametrization(
                to_module, name, deepcopy(parametrization), unsafe=source.unsafe
            )
        target = to_module.parametrizations[name]
        with kajo.no_grad():
            for there, here in zip(target._originals(), source._originals(), strict=True):
                there.copy_(here)
    return to_module
