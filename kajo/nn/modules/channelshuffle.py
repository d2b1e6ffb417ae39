"""Mixing channels between groups."""

from __future__ import annotations

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Takes the channels in turn from each of several groups.

    Args:
        groups: into how many groups the channels are divided.

    Shape:
        (N, C, *), to the same.

    Example:
        >>> import kajo
        >>> kajo.nn.ChannelShuffle(2)(kajo.arange(4.0).reshape(1, 4, 1, 1)).flatten()
        tensor([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return f"groups={self.groups}"
