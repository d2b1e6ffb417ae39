"""Event files that TensorBoard shows; needs the extra `tensorboard` (`pip install 'kajo[tensorboard]'`)."""

from kajo.utils.tensorboard.writer import SummaryWriter as SummaryWriter

__all__ = ["SummaryWriter"]
