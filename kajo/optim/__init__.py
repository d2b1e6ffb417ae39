"""Optimisers: they change parameters by their gradients.

Example:
    >>> import kajo
    >>> weight = kajo.ones(2, requires_grad=True)
    >>> optimizer = kajo.optim.AdamW([weight], lr=0.1)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> optimizer.zero_grad()
"""

from kajo.optim import lr_scheduler as lr_scheduler
from kajo.optim import swa_utils as swa_utils
from kajo.optim._adafactor import Adafactor as Adafactor
from kajo.optim._muon import Muon as Muon
from kajo.optim._swapping import (
    swap_in_optimizer_params_and_state as swap_in_optimizer_params_and_state,
)
from kajo.optim.adadelta import Adadelta as Adadelta
from kajo.optim.adagrad import Adagrad as Adagrad
from kajo.optim.adam import Adam as Adam
from kajo.optim.adamax import Adamax as Adamax
from kajo.optim.adamw import AdamW as AdamW
from kajo.optim.asgd import ASGD as ASGD
from kajo.optim.lbfgs import LBFGS as LBFGS
from kajo.optim.nadam import NAdam as NAdam
from kajo.optim.optimizer import Optimizer as Optimizer
from kajo.optim.radam import RAdam as RAdam
from kajo.optim.rmsprop import RMSprop as RMSprop
from kajo.optim.rprop import Rprop as Rprop
from kajo.optim.sgd import SGD as SGD
from kajo.optim.sparse_adam import SparseAdam as SparseAdam

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
    "swap_in_optimizer_params_and_state",
]
