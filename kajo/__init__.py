"""kajo: deep learning that speaks PyTorch's API on an engine of its own.

>>> import kajo
>>> x = kajo.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> (x ** 2).sum().backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from __future__ import annotations

import functools
import importlib
import math as _math
from typing import TYPE_CHECKING, Any

# `as` makes a name public for type checkers, and so does a star.
from kajo import _core as _core

from kajo import _composites as _composites  # isort: skip  # adds its operations to the core's
from kajo._core import *  # noqa: F403
from kajo._tensor import Size as Size
from kajo._tensor import Tensor as Tensor

# Functions of the package that take what no schema can say.
from kajo._composites.contraction import *  # isort: skip  # noqa: F403
from kajo._composites.factorisations import *  # isort: skip  # noqa: F403
from kajo._composites.histograms import *  # isort: skip  # noqa: F403
from kajo._composites.shapes import *  # isort: skip  # noqa: F403
from kajo._functions import *  # isort: skip  # noqa: F403
from kajo.autograd.grad_mode import enable_grad as enable_grad
from kajo.autograd.grad_mode import inference_mode as inference_mode
from kajo.autograd.grad_mode import no_grad as no_grad
from kajo.autograd.grad_mode import set_grad_enabled as set_grad_enabled
from kajo.random import get_rng_state as get_rng_state
from kajo.random import initial_seed as initial_seed
from kajo.random import manual_seed as manual_seed
from kajo.random import seed as seed
from kajo.random import set_rng_state as set_rng_state
from kajo.random import thread_safe_generator as thread_safe_generator
from kajo.version import __version__ as __version__

if TYPE_CHECKING:
    from kajo import accelerator as accelerator
    from kajo import amp as amp
    from kajo import autograd as autograd
    from kajo import cpu as cpu
    from kajo import cuda as cuda
    from kajo import debug as debug
    from kajo import distributions as distributions
    from kajo import fft as fft
    from kajo import func as func
    from kajo import futures as futures
    from kajo import hub as hub
    from kajo import library as library
    from kajo import linalg as linalg
    from kajo import masked as masked
    from kajo import multiprocessing as multiprocessing
    from kajo import nested as nested
    from kajo import nn as nn
    from kajo import optim as optim
    from kajo import overrides as overrides
    from kajo import profiler as profiler
    from kajo import signal as signal
    from kajo import special as special
    from kajo import testing as testing
    from kajo import train as train
    from kajo import utils as utils
    from kajo._control_flow import cond as cond
    from kajo._kinds import AVG as AVG
    from kajo._kinds import SUM as SUM
    from kajo._kinds import AggregationType as AggregationType
    from kajo._kinds import Tag as Tag
    from kajo._linalg.low_rank import lobpcg as lobpcg
    from kajo._linalg.low_rank import pca_lowrank as pca_lowrank
    from kajo._linalg.low_rank import svd_lowrank as svd_lowrank
    from kajo._operators import ops as ops
    from kajo._quantized import *  # noqa: F403
    from kajo._streams import AcceleratorError as AcceleratorError
    from kajo._streams import Event as Event
    from kajo._streams import OutOfMemoryError as OutOfMemoryError
    from kajo._streams import Stream as Stream
    from kajo._symbolic import *  # noqa: F403
    from kajo._tensor_str import set_printoptions as set_printoptions
    from kajo._type_info import finfo as finfo
    from kajo._type_info import iinfo as iinfo
    from kajo._typed_classes import *  # noqa: F403
    from kajo.amp._former_names import *  # noqa: F403
    from kajo.amp.autocast_mode import autocast as autocast
    from kajo.amp.autocast_mode import autocast_decrement_nesting as autocast_decrement_nesting
    from kajo.amp.autocast_mode import autocast_increment_nesting as autocast_increment_nesting
    from kajo.amp.autocast_mode import clear_autocast_cache as clear_autocast_cache
    from kajo.amp.autocast_mode import get_autocast_dtype as get_autocast_dtype
    from kajo.amp.autocast_mode import is_autocast_cache_enabled as is_autocast_cache_enabled
    from kajo.amp.autocast_mode import is_autocast_enabled as is_autocast_enabled
    from kajo.amp.autocast_mode import set_autocast_cache_enabled as set_autocast_cache_enabled
    from kajo.amp.autocast_mode import set_autocast_dtype as set_autocast_dtype
    from kajo.amp.autocast_mode import set_autocast_enabled as set_autocast_enabled
    from kajo.amp.grad_scaler import GradScaler as GradScaler
    from kajo.func import vmap as vmap
    from kajo.futures import Future as Future
    from kajo.futures import fork as fork
    from kajo.futures import wait as wait
    from kajo.nn._functional_grid import grid_sampler as grid_sampler
    from kajo.nn._functional_grid import grid_sampler_2d as grid_sampler_2d
    from kajo.nn._functional_grid import grid_sampler_3d as grid_sampler_3d
    from kajo.nn._numbered import affine_grid_generator as affine_grid_generator
    from kajo.nn._numbered import cosine_embedding_loss as cosine_embedding_loss
    from kajo.nn._numbered import embedding_bag as embedding_bag
    from kajo.nn._numbered import embedding_renorm_ as embedding_renorm_
    from kajo.nn._numbered import instance_norm as instance_norm
    from kajo.nn._numbered import margin_ranking_loss as margin_ranking_loss
    from kajo.nn._numbered import poisson_nll_loss as poisson_nll_loss
    from kajo.nn._numbered import triplet_margin_loss as triplet_margin_loss
    from kajo.nn._recurrent import gru as gru
    from kajo.nn._recurrent import gru_cell as gru_cell
    from kajo.nn._recurrent import lstm as lstm
    from kajo.nn._recurrent import lstm_cell as lstm_cell
    from kajo.nn._recurrent import rnn_relu as rnn_relu
    from kajo.nn._recurrent import rnn_relu_cell as rnn_relu_cell
    from kajo.nn._recurrent import rnn_tanh as rnn_tanh
    from kajo.nn._recurrent import rnn_tanh_cell as rnn_tanh_cell
    from kajo.nn.functional import cosine_similarity as cosine_similarity
    from kajo.nn.functional import native_channel_shuffle as native_channel_shuffle
    from kajo.nn.functional import pairwise_distance as pairwise_distance
    from kajo.nn.functional import pdist as pdist
    from kajo.nn.functional import rms_norm as rms_norm
    from kajo.serialization import load as load
    from kajo.serialization import save as save
    from kajo.storage import TypedStorage as TypedStorage
    from kajo.storage import UntypedStorage as UntypedStorage

_core._set_package_folder(__path__[0])  # noqa: F405

_C = _core  # the name by which programs reach for what is not public
legacy_contiguous_format = _core.contiguous_format
inf = _math.inf
nan = _math.nan
pi = _math.pi
e = _math.e
has_lapack = has_openmp = has_spectral = True  # factorisations, threads, Fourier transforms
has_mkl = False  # whose place other libraries take
newaxis = None

# Names that live in a part.
_LAZY = {
    "autocast": "amp.autocast_mode",
    "autocast_decrement_nesting": "amp.autocast_mode",
    "autocast_increment_nesting": "amp.autocast_mode",
    "clear_autocast_cache": "amp.autocast_mode",
    "get_autocast_dtype": "amp.autocast_mode",
    "is_autocast_cache_enabled": "amp.autocast_mode",
    "is_autocast_enabled": "amp.autocast_mode",
    "set_autocast_cache_enabled": "amp.autocast_mode",
    "set_autocast_dtype": "amp.autocast_mode",
    "set_autocast_enabled": "amp.autocast_mode",
    "ops": "_operators",
    "save": "serialization",
    "load": "serialization",
    "set_printoptions": "_tensor_str",
    "UntypedStorage": "storage",
    "TypedStorage": "storage",
    "finfo": "_type_info",
    "iinfo": "_type_info",
    "lobpcg": "_linalg.low_rank",
    "pca_lowrank": "_linalg.low_rank",
    "svd_lowrank": "_linalg.low_rank",
    "cosine_similarity": "nn.functional",
    "grid_sampler": "nn._functional_grid",
    "grid_sampler_2d": "nn._functional_grid",
    "grid_sampler_3d": "nn._functional_grid",
    "gru": "nn._recurrent",
    "gru_cell": "nn._recurrent",
    "lstm": "nn._recurrent",
    "lstm_cell": "nn._recurrent",
    "rnn_relu": "nn._recurrent",
    "rnn_relu_cell": "nn._recurrent",
    "rnn_tanh": "nn._recurrent",
    "rnn_tanh_cell": "nn._recurrent",
    "affine_grid_generator": "nn._numbered",
    "cosine_embedding_loss": "nn._numbered",
    "embedding_bag": "nn._numbered",
    "embedding_renorm_": "nn._numbered",
    "instance_norm": "nn._numbered",
    "margin_ranking_loss": "nn._numbered",
    "poisson_nll_loss": "nn._numbered",
    "triplet_margin_loss": "nn._numbered",
    "native_channel_shuffle": "nn.functional",
    "pairwise_distance": "nn.functional",
    "pdist": "nn.functional",
    "rms_norm": "nn.functional",
    "vmap": "func",
    "GradScaler": "amp.grad_scaler",
    "cond": "_control_flow",
    **dict.fromkeys(
        ("qscheme", "per_tensor_affine", "per_channel_affine", "per_tensor_symmetric",
         "per_channel_symmetric", "per_channel_affine_float_qparams"),
        "_quantized",
    ),
    **dict.fromkeys(("AVG", "SUM", "AggregationType", "Tag"), "_kinds"),
    **dict.fromkeys(("Future", "fork", "wait"), "futures"),
    **dict.fromkeys(
        ("SymBool", "SymFloat", "SymInt", "sym_constrain_range", "sym_constrain_range_for_size", "sym_float", "sym_fresh_size", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt", "sym_sum"),
        "_symbolic",
    ),
    **dict.fromkeys(("AcceleratorError", "Event", "OutOfMemoryError", "Stream"), "_streams"),
    **dict.fromkeys(
        ("get_autocast_cpu_dtype", "get_autocast_gpu_dtype", "get_autocast_ipu_dtype", "get_autocast_xla_dtype", "is_autocast_cpu_enabled", "is_autocast_ipu_enabled", "is_autocast_xla_enabled", "set_autocast_cpu_dtype", "set_autocast_cpu_enabled", "set_autocast_gpu_dtype", "set_autocast_ipu_dtype", "set_autocast_ipu_enabled", "set_autocast_xla_dtype", "set_autocast_xla_enabled"),
        "amp._former_names",
    ),
    **dict.fromkeys(
        ("BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
         "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "set_default_tensor_type"),
        "_typed_classes",
    ),
}  # fmt: skip


@functools.cache
def _parts() -> frozenset[str]:
    """The parts of the package, which are imported when first named."""
    import pkgutil

    names = {part.name for part in pkgutil.iter_modules(__path__)}  # noqa: F405
    return frozenset(
        name for name in names - {"ops"} if not name.startswith("_") or name == "__future__"
    )


if not TYPE_CHECKING:  # which would take any name for right

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            value = getattr(importlib.import_module(f"kajo.{_LAZY[name]}"), name)
            globals()[name] = value
            return value
        if name in _parts():
            return importlib.import_module(f"kajo.{name}")
        raise AttributeError(f"module 'kajo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_parts(), *_LAZY} - {"annotations"})
