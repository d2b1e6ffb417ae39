"""Running a module on several devices."""

from kajo.nn.parallel.data_parallel import DataParallel

__all__ = ["DataParallel"]
