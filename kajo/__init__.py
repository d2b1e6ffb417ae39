"""kajo: deep learning that speaks PyTorch's API on an engine of its own.

>>> import kajo
>>> x = kajo.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> (x ** 2).sum().backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from __future__ import annotations

import importlib
import math as _math
from typing import Any

from kajo import _core
from kajo._core import (  # noqa: F401
    Generator,
    bfloat16,
    bool,
    build_info,
    cdouble,
    cfloat,
    channels_last,
    channels_last_3d,
    complex64,
    complex128,
    contiguous_format,
    default_generator,
    device,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    get_num_interop_threads,
    get_num_threads,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    layout,
    long,
    memory_format,
    preserve_format,
    set_num_interop_threads,
    set_num_threads,
    short,
    strided,
    tensor,
    uint8,
)
from kajo._tensor import Size, Tensor

# Every operation of the core that has a public name.
globals().update({name: getattr(_core, name) for name in _core._function_names})

from kajo._composites import *  # noqa: E402, F403
from kajo._functions import *  # noqa: E402, F403
from kajo.autograd.grad_mode import (  # noqa: E402
    enable_grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)
from kajo.random import (  # noqa: E402
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from kajo.version import __version__  # noqa: E402

inf = _math.inf
nan = _math.nan
pi = _math.pi
e = _math.e
newaxis = None

# Parts of the package that are imported when first named.
_PARTS = {
    "autograd", "amp", "backends", "cpu", "cuda", "distributions", "fft", "func", "hub", "jit", "linalg",
    "multiprocessing", "nn", "onnx", "optim", "overrides", "profiler", "random", "serialization", "sparse",
    "special", "storage", "testing", "train", "types", "utils", "version", "viz",
}  # fmt: skip

# Names that live in a part.
_LAZY = {
    "save": "serialization",
    "load": "serialization",
    "set_printoptions": "_tensor_str",
    "UntypedStorage": "storage",
    "TypedStorage": "storage",
    "finfo": "_type_info",
    "iinfo": "_type_info",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(f"kajo.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    if name in _PARTS:
        try:
            return importlib.import_module(f"kajo.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"kajo.{name}":
                raise
    raise AttributeError(f"module 'kajo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS, *_LAZY} - {"annotations"})
