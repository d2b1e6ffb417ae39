"""Settings for how modules change their parameters: what PyTorch means to make the default one day."""

from __future__ import annotations

__all__ = [
    "get_overwrite_module_params_on_conversion",
    "get_swap_module_params_on_conversion",
    "set_overwrite_module_params_on_conversion",
    "set_swap_module_params_on_conversion",
]

_overwrite = False
_swap = False


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Choose whether ``module.to()`` and its kin put new parameters in the place of the old ones.

    By default the parameters stay the same objects, with other elements, so that an optimiser made
    before still knows them.

    >>> import kajo
    >>> linear = kajo.nn.Linear(1, 1)
    >>> weight = linear.weight
    >>> kajo.__future__.set_overwrite_module_params_on_conversion(True)
    >>> linear.double().weight is weight
    False
    >>> kajo.__future__.set_overwrite_module_params_on_conversion(False)
    """
    global _overwrite
    _overwrite = value


def get_overwrite_module_params_on_conversion() -> bool:
    """Whether ``module.to()`` and its kin put new parameters in the place of the old ones.

    >>> import kajo
    >>> kajo.__future__.get_overwrite_module_params_on_conversion()
    False
    """
    return _overwrite


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Choose whether parameters stay the same objects whatever they are converted to.

    This goes before :func:`set_overwrite_module_params_on_conversion`.

    >>> import kajo
    >>> linear = kajo.nn.Linear(1, 1)
    >>> weight = linear.weight
    >>> kajo.__future__.set_swap_module_params_on_conversion(True)
    >>> linear.to("meta").weight is weight
    True
    >>> kajo.__future__.set_swap_module_params_on_conversion(False)
    """
    global _swap
    _swap = value


def get_swap_module_params_on_conversion() -> bool:
    """Whether parameters stay the same objects whatever they are converted to.

    >>> import kajo
    >>> kajo.__future__.get_swap_module_params_on_conversion()
    False
    """
    return _swap
