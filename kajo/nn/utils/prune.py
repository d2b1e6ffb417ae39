"""Setting weights to zero and holding them there: masks on parameters.

The parameter ``name`` becomes ``name_orig``, the buffer ``name_mask`` says what stays, and before
each forward the attribute ``name`` is made their product.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn.modules.module import Module

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


def _checked_amount(amount: Any) -> Any:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if float(amount) < 0 or (not whole and float(amount) > 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
        )
    return amount


def _count(amount: Any, size: int) -> int:
    """How many of `size` units an amount, absolute or a share, means."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * size)
    if count > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )
    return count


class BasePruningMethod(ABC):
    """How masks are found and applied; a subclass gives ``PRUNING_TYPE`` and ``compute_mask``.

    Example: see :func:`l1_unstructured`.
    """

    # "global", "unstructured" or "structured": what a second pruning still looks at.
    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for scores `t` on top of `default_mask`, both of one shape."""

    def apply_mask(self, module: Any) -> Tensor:
        """The parameter times its mask."""
        mask = getattr(module, self._tensor_name + "_mask")
        original: Tensor = getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune the parameter `name` of a module, on top of what is pruned already.

        Args:
            module: changed in place.
            name: of the parameter.
            *args, **kwargs: of the constructor.
            importance_scores: of the parameter's shape; None for the parameter itself.

        Returns:
            The method that now hangs on the module.
        """
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        old = None
        for identifier, hook in list(module._forward_pre_hooks.items()):
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
                old = hook
                del module._forward_pre_hooks[identifier]
        if old is not None:
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            method = container
        original: Any = getattr(module, name if old is None else name + "_orig")
        scores = original if importance_scores is None else importance_scores
        if scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}"
            )
        if old is None:
            before = kajo.ones_like(original)
        else:
            before = module._buffers[name + "_mask"].detach().clone()
        mask = method.compute_mask(scores.detach(), before)
        if old is None:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Any = None
    ) -> Tensor:
        """A pruned copy of a tensor, without any module.

        Args:
            t: any shape.
            default_mask: what is pruned already; None for nothing.
            importance_scores: of that shape; None for `t` itself.
        """
        scores = t if importance_scores is None else importance_scores
        before = kajo.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, before).to(dtype=t.dtype)

    def remove(self, module: Any) -> None:
        """Make the parameter an ordinary one, with the zeros in it."""
        value = self.apply_mask(module)
        delattr(module, self._tensor_name)
        original = module._parameters.pop(self._tensor_name + "_orig")
        original.data = value.data
        del module._buffers[self._tensor_name + "_mask"]
        setattr(module, self._tensor_name, original)


class PruningContainer(BasePruningMethod):
    """Several prunings of one parameter, each of what the ones before have left.

    Args:
        *args: methods, or one iterable of them.

    Example: see :func:`l1_unstructured`, called twice.
    """

    def __init__(self, *args: Any) -> None:
        methods = args[0] if len(args) == 1 and isinstance(args[0], Iterable) else args
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for i, method in enumerate(methods):
            if i == 0:
                self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method for the same parameter.

        Raises:
            TypeError: if it is no pruning method.
            ValueError: if it is for another parameter.
        """
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, index: Any) -> Any:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The newest method's mask over what is left, combined with `default_mask`."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype)
        if method.PRUNING_TYPE == "unstructured":
            left: Any = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim % t.dim()  # type: ignore[attr-defined]
            others = [d for d in range(t.dim()) if d != dim]
            kept = (mask.sum(others) if others else mask) != 0
            left = tuple([slice(None)] * dim + [kept])
        else:
            left = slice(None)
        result = mask.clone()
        result[left] = method.compute_mask(t[left], mask[left]).to(dtype=mask.dtype)
        return result


class Identity(BasePruningMethod):
    """Prunes nothing; makes the mask.

    Example: see :func:`identity`.
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask`."""
        return default_mask


class _Amount(BasePruningMethod):
    def __init__(self, amount: Any) -> None:
        self.amount = _checked_amount(amount)


class RandomUnstructured(_Amount):
    """Prunes elements at random.

    Args:
        amount: how many, or, a float, which share.

    Example: see :func:`random_unstructured`.
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` with random zeros."""
        count = _count(self.amount, t.numel())
        mask = default_mask.clone(memory_format=kajo.contiguous_format)
        if count:
            mask.view(-1)[kajo.rand_like(t).view(-1).topk(count).indices] = 0
        return mask


class L1Unstructured(_Amount):
    """Prunes the elements of the smallest absolute value.

    Args:
        amount: how many, or, a float, which share.

    Example: see :func:`l1_unstructured`.
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` with zeros where `t` is smallest."""
        count = _count(self.amount, t.numel())
        mask = default_mask.clone(memory_format=kajo.contiguous_format)
        if count:
            mask.view(-1)[t.abs().reshape(-1).topk(count, largest=False).indices] = 0
        return mask


class _Structured(_Amount):
    """Prunes whole slices along `dim`; a subclass gives each a score."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    @abstractmethod
    def _scores(self, t: Tensor) -> Tensor:
        """One number a slice; the smallest go."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """`default_mask` with whole slices of zeros."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {tuple(t.shape)} with {t.dim()} dims"
            )
        if not -t.dim() <= self.dim < t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {tuple(t.shape)}")
        count = _count(self.amount, t.size(self.dim))
        mask = default_mask.clone()
        if count:
            gone = self._scores(t).topk(count, largest=False).indices
            mask.index_fill_(self.dim, gone, 0)
        return mask


class RandomStructured(_Structured):
    """Prunes slices at random.

    Args:
        amount: how many slices, or, a float, which share.
        dim: along which they lie.

    Example: see :func:`random_structured`.
    """

    def _scores(self, t: Tensor) -> Tensor:
        return kajo.rand(t.size(self.dim))


class LnStructured(_Structured):
    """Prunes the slices of the smallest norm.

    Args:
        amount: how many slices, or, a float, which share.
        n: the order of the norm.
        dim: along which the slices lie.

    Example: see :func:`ln_structured`.
    """

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Tensor) -> Tensor:
        return t.movedim(self.dim, 0).flatten(1).norm(p=self.n, dim=1)


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask that is given.

    Args:
        mask: of the parameter's shape, zeros where to prune.

    Example: see :func:`custom_from_mask`.
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The product of both masks."""
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: Any, name: str) -> Any:
    """Prune nothing, but hang the mask on the module; returns it.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.identity(kajo.nn.Linear(2, 2), "bias")
        >>> list(layer.state_dict())
        ['weight', 'bias_orig', 'bias_mask']
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune elements of a parameter at random; `amount` of them, or that share; returns the module.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.random_unstructured(kajo.nn.Linear(2, 2), "weight", 3)
        >>> int((layer.weight == 0).sum())
        3
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune the smallest elements of a parameter; `amount` of them, or that share.

    Args:
        module: changed in place.
        name: of the parameter.
        amount: how many, or, a float, which share.
        importance_scores: looked at instead of the parameter.

    Returns:
        `module`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.l1_unstructured(kajo.nn.Linear(4, 2), "weight", 0.5)
        >>> int((layer.weight == 0).sum())
        4
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune slices of a parameter along `dim` at random; returns the module.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.random_structured(kajo.nn.Linear(3, 2), "weight", 1, dim=1)
        >>> int((layer.weight == 0).sum())
        2
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune the slices of a parameter along `dim` that have the smallest `n`-norm.

    Args:
        module: changed in place.
        name: of the parameter.
        amount: how many slices, or, a float, which share.
        n: the order of the norm.
        dim: along which the slices lie.
        importance_scores: looked at instead of the parameter.

    Returns:
        `module`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.ln_structured(kajo.nn.Linear(3, 2), "weight", 1, 2, dim=0)
        >>> int((layer.weight == 0).sum())
        3
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune a parameter where `mask` is zero; returns the module.

    Example:
        >>> import kajo
        >>> mask = kajo.tensor([1, 0])
        >>> layer = kajo.nn.utils.prune.custom_from_mask(kajo.nn.Linear(2, 2), "bias", mask)
        >>> bool(layer.bias[1] == 0)
        True
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one.

    Args:
        parameters: pairs of module and name.
        pruning_method: an unstructured method's class.
        importance_scores: by such pairs, what is looked at instead of the parameters.
        **kwargs: of the method.

    Raises:
        TypeError: if the arguments are of other types, or the method is not unstructured.

    Example:
        >>> import kajo
        >>> prune, layer = kajo.nn.utils.prune, kajo.nn.Linear(3, 2)
        >>> both = [(layer, "weight"), (layer, "bias")]
        >>> prune.global_unstructured(both, prune.L1Unstructured, amount=3)
        >>> int((layer.weight == 0).sum() + (layer.bias == 0).sum())
        3
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    pairs = list(parameters)
    given = {} if importance_scores is None else importance_scores
    if not isinstance(given, dict):
        raise TypeError("global_unstructured(): importance_scores is not a dict")
    if pruning_method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {pruning_method.PRUNING_TYPE}"
        )
    values = [getattr(module, name) for module, name in pairs]
    scores = [given.get(pair, value) for pair, value in zip(pairs, values, strict=True)]
    masks = [
        getattr(module, name + "_mask", kajo.ones_like(value))
        for (module, name), value in zip(pairs, values, strict=True)
    ]
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    joined = container.compute_mask(
        kajo.cat([s.detach().reshape(-1) for s in scores]), kajo.cat([m.reshape(-1) for m in masks])
    )
    sizes = [value.numel() for value in values]
    for (module, name), value, part in zip(pairs, values, joined.split(sizes), strict=True):
        custom_from_mask(module, name, mask=part.view_as(value))


def remove(module: Any, name: str) -> Any:
    """Make a pruned parameter an ordinary one, with the zeros in it; returns the module.

    Raises:
        ValueError: if it is not pruned.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.utils.prune.l1_unstructured(kajo.nn.Linear(2, 2), "weight", 1)
        >>> sorted(kajo.nn.utils.prune.remove(layer, "weight").state_dict())
        ['bias', 'weight']
    """
    for identifier, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[identifier]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Any) -> bool:
    """Whether a parameter of the module or of one inside it is pruned.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.prune.is_pruned(kajo.nn.Linear(2, 2))
        False
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for _, submodule in module.named_modules()
        for hook in submodule._forward_pre_hooks.values()
    )
