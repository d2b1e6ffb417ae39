"""Another order in memory for the weights of convolutions."""

from __future__ import annotations

from typing import Any

from kajo.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def convert_conv2d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Lay out the weights of all two-dimensional convolutions in a memory format.

    Args:
        module: whose convolutions are changed, itself included.
        memory_format: such as ``kajo.channels_last``.

    Returns:
        `module`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.Conv2d(8, 4, 3)
        >>> layer = kajo.nn.utils.convert_conv2d_weight_memory_format(layer, kajo.channels_last)
        >>> layer.weight.is_contiguous(memory_format=kajo.channels_last)
        True
    """
    return _converted(module, memory_format, (Conv2d, ConvTranspose2d))


def convert_conv3d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Lay out the weights of all three-dimensional convolutions in a memory format.

    Args:
        module: whose convolutions are changed, itself included.
        memory_format: such as ``kajo.channels_last_3d``.

    Returns:
        `module`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.Conv3d(8, 4, 3)
        >>> layer = kajo.nn.utils.convert_conv3d_weight_memory_format(layer, kajo.channels_last_3d)
        >>> layer.weight.is_contiguous(memory_format=kajo.channels_last_3d)
        True
    """
    return _converted(module, memory_format, (Conv3d, ConvTranspose3d))


def _converted(module: Any, memory_format: Any, kinds: tuple[Any, ...]) -> Any:
    for part in module.modules():
        if isinstance(part, kinds):
            weight = part.weight
            weight.data = weight.detach().clone().contiguous(memory_format=memory_format)
    return module
