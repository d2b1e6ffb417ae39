"""Learning rate schedules.

A scheduler is made around an optimiser, sets its rates for epoch 0, and sets those of the next
epoch at each ``step``.
"""

from kajo.optim._schedule_base import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from kajo.optim._schedule_base import LRScheduler as LRScheduler
from kajo.optim._schedules import ConstantLR as ConstantLR
from kajo.optim._schedules import CosineAnnealingLR as CosineAnnealingLR
from kajo.optim._schedules import CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts
from kajo.optim._schedules import ExponentialLR as ExponentialLR
from kajo.optim._schedules import LambdaLR as LambdaLR
from kajo.optim._schedules import LinearLR as LinearLR
from kajo.optim._schedules import MultiplicativeLR as MultiplicativeLR
from kajo.optim._schedules import MultiStepLR as MultiStepLR
from kajo.optim._schedules import PolynomialLR as PolynomialLR
from kajo.optim._schedules import StepLR as StepLR
from kajo.optim._schedules_combined import ChainedScheduler as ChainedScheduler
from kajo.optim._schedules_combined import ReduceLROnPlateau as ReduceLROnPlateau
from kajo.optim._schedules_combined import SequentialLR as SequentialLR
from kajo.optim._schedules_cyclic import CyclicLR as CyclicLR
from kajo.optim._schedules_cyclic import OneCycleLR as OneCycleLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_LRScheduler = LRScheduler
