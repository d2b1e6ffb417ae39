"""Calls of every public operation, for what is found out by calling them all.

What arguments an operation takes is read from its schemas and tried with few elements. What that does not
find, and what is no operation, is called as `SPECIAL` says.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import kajo
from kajo._documentation.listing import NAMESPACES
from kajo.nn import functional as F

Call = Callable[[Any], Any]

SMALL, LARGE = 4, 320
MOST_TRIALS = 4000
# What an argument of each type may be, in the order in which it is tried; tensors are those of `tensors`.
KINDS = ("matrix", "index", "vector", "indices", "batch", "truths", "images", "complex", "number")
CANDIDATES: dict[str, tuple[Any, ...]] = {
    "Tensor": KINDS,
    "Tensor[]": (["matrix", "matrix"], ["vector", "vector"], ["index"]),
    "Tensor?[]": (["index"],),
    "Scalar": (2,),
    "int": (1, 0, 2),
    "int[]": ([1], [0, 1], [2, 2], [1, 1, 1]),
    "float": (0.5,),
    "float[]": ([0.5],),
    "bool": (True,),
    "str": ("sum", "mean", "prod"),
    "ScalarType": (kajo.float64,),
    "Any": (*KINDS, 2, [1], [2, 2]),
}


def tensors(n: int, dtype: Any = kajo.float32) -> dict[str, Any]:
    """What a tensor argument may be, by its kind, with sides of n elements; numbers in a dtype."""
    source = kajo.Generator().manual_seed(7)
    made = {
        "matrix": kajo.rand(n, n, generator=source) + n * kajo.eye(n),  # positive definite
        "vector": kajo.rand(n, generator=source),
        "batch": kajo.rand(2, n, n, generator=source),
        "images": kajo.rand(1, 2, n, n, generator=source),
        "number": kajo.tensor(0.5),
    }
    parts = kajo.rand(2, n, n, generator=source)
    return {
        **{kind: tensor.to(dtype) for kind, tensor in made.items()},
        "indices": kajo.randint(0, n, (n, n), generator=source),
        "index": kajo.randint(0, n, (n,), generator=source),
        "truths": parts[0] < 0.5,
        "complex": kajo.complex(parts[0], parts[1]),
    }


def leaves_of(value: Any) -> Iterator[Any]:
    """The tensors in nested results or arguments."""
    if isinstance(value, kajo.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from leaves_of(item)
    elif isinstance(value, dict):
        yield from leaves_of(list(value.values()))


def with_gradients(values: Any) -> list[Any]:
    """The tensors among some values that gradients are computed for."""
    floating = (t for t in leaves_of(values) if t.is_floating_point() or t.is_complex())
    return [t.requires_grad_() for t in floating]


class Arguments(dict[str, Any]):
    """Tensors by kind, and others at random; those with numbers of a floating dtype in `leaves`."""

    def __init__(self, made: dict[str, Any], each: Callable[[Any], Any] | None = None) -> None:
        """`each` is what becomes of every leaf; gradients are computed for it by default."""
        self.dtype = made["matrix"].dtype
        self.side = len(made["vector"])
        self.leaves: list[Any] = []
        self._each = each or (lambda tensor: tensor.requires_grad_())
        super().__init__({kind: self._leaf(tensor.clone()) for kind, tensor in made.items()})

    def random(self, *shape: int) -> Any:
        """Numbers between 0 and 1, the same every time."""
        source = kajo.Generator().manual_seed(len(shape))
        return self._leaf(kajo.rand(*shape, generator=source).to(self.dtype))

    def _leaf(self, tensor: Any) -> Any:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        self.leaves.append(self._each(tensor))
        return self.leaves[-1]


# ---- arguments by schema ----------------------------------------------------------------------------


def parameters(schema: str) -> Iterator[tuple[str, str, bool]]:
    """(type, name, whether it has to be given) of each parameter of a schema."""
    inside = schema[schema.index("(") + 1 : schema.rindex(") -> ")]
    for part in re.split(r", (?![^\[]*\])", inside):
        match = re.match(r"([\w\[\]?]+?)(\[\d\])?(\?)? (\w+)(=.*)?$", part)
        if match:
            kind, fixed, optional, name, default = match.groups()
            yield kind + ("[]" if fixed else ""), name, default is None and not optional


def plain_functions() -> Iterator[tuple[str, Any, str]]:
    """Functions that are no operations but made of some: the part, the function and a schema of it."""
    for part in NAMESPACES:
        module = importlib.import_module(part)
        for name in dir(module):
            value = inspect.unwrap(getattr(module, name))
            home = getattr(value, "__module__", "") or ""
            if name.startswith("_") or not isinstance(value, FunctionType):
                continue
            if home.startswith(("kajo._composites", "kajo._linalg", "kajo.nn.")):
                found = inspect.signature(value).parameters.values()
                words = ", ".join(f"Any {str(p).split(':')[0]}{_default_of(p)}" for p in found)
                yield part, getattr(module, name), f"{name}({words}) -> Any"


def _default_of(parameter: inspect.Parameter) -> str:
    return "" if parameter.default is inspect.Parameter.empty else f"={parameter.default!r}"


def drawn(choice: Any, made: dict[str, Any]) -> Any:
    """The argument that a candidate stands for; tensors are copied, as calls may write to them."""
    if isinstance(choice, list) and choice and isinstance(choice[0], str):
        return [drawn(item, made) for item in choice]
    return made[choice].clone() if isinstance(choice, str) and choice in made else choice


def arguments_of(
    names: list[str], choices: tuple[Any, ...], made: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a call by name."""
    return {name: drawn(choice, made) for name, choice in zip(names, choices)}


def found_arguments(operation: Any, schema: str) -> tuple[list[str], tuple[Any, ...]] | None:
    """Names of arguments and candidates for them that an operation takes; None if none are found."""
    needed = [(kind, name) for kind, name, required in parameters(schema) if required]
    if any(kind not in CANDIDATES for kind, _ in needed):
        return None
    names = [name for _, name in needed]
    few = tensors(SMALL)
    trials = itertools.product(*(CANDIDATES[kind] for kind, _ in needed))
    for choices in itertools.islice(trials, MOST_TRIALS):
        try:
            operation(**arguments_of(names, choices, few))
        except Exception:  # whatever refuses the arguments
            continue
        return names, choices
    return None


def prepared(
    operation: Any, names: list[str], choices: tuple[Any, ...], made: dict[str, Any]
) -> Any:
    """A function that gives a call's result and what gradients are computed for."""

    def call() -> tuple[Any, list[Any]]:
        arguments = arguments_of(names, choices, made)
        inputs = [] if operation.__name__.endswith("_") else with_gradients(arguments)
        return operation(**arguments), inputs

    return call


def special(name: str, made: dict[str, Any]) -> Any:
    """Likewise for a call of `SPECIAL`."""

    def call() -> tuple[Any, list[Any]]:
        arguments = Arguments(made)
        return SPECIAL[name](arguments), [] if name.endswith("_") else arguments.leaves

    return call


# ---- other calls ------------------------------------------------------------------------------------


def of_sparse(work: Call) -> Call:
    """A call on a sparse matrix that gives its result, or the result's elements."""
    return lambda t: work((t["matrix"] * (t["matrix"] > 0.9)).to_sparse())


def compressed(kind: str, block: int) -> Call:
    """A compressed matrix with one value, or block of them, in every row."""

    def call(t: Arguments) -> Any:
        values = t["vector"] if block == 1 else t.random(t.side, block, block)
        make = getattr(kajo, f"sparse_{kind}_tensor")
        size = (block * t.side, block * t.side)
        return make(kajo.arange(t.side + 1), kajo.arange(t.side), values, size).to_dense()

    return call


def recurrent(kind: str) -> Call:
    def call(t: Arguments) -> Any:
        module = getattr(kajo.nn, kind)(24, 48, num_layers=2)
        t.leaves.extend(module.parameters())
        return module(t.random(12, 40, 24))

    return call


def steps(kind: str) -> Call:
    """Parameters after three steps of an optimiser."""

    def call(t: Arguments) -> Any:
        parameter = kajo.nn.Parameter(t["matrix"].detach().clone())
        optimiser = getattr(kajo.optim, kind)([parameter], lr=0.1)
        for _ in range(3):
            parameter.grad = t["batch"][0].detach().clone()
            optimiser.step()
        return parameter.detach()

    return call


def transformer(t: Arguments) -> Any:
    layer = kajo.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.1)
    t.leaves.extend(layer.parameters())
    return layer(t.random(40, 16, 64))


IMAGES = (6, 16, 24, 24)
SPECIAL: dict[str, Call] = {
    "clamp": lambda t: kajo.clamp(t["matrix"], t["vector"]),
    "clip": lambda t: kajo.clip(t["matrix"], 0.2, 0.7),
    "clamp_": lambda t: kajo.clamp_(t["matrix"].detach(), 0.2, 0.7),
    "clip_": lambda t: kajo.clip_(t["matrix"].detach(), 0.2, 0.7),
    "float_power_": lambda t: t["matrix"].detach().double().float_power_(2),
    "cross": lambda t: kajo.cross(t.random(90000, 3), t.random(90000, 3), dim=1),
    "linalg.cross": lambda t: kajo.linalg.cross(t.random(90000, 3), t.random(90000, 3)),
    "kron": lambda t: kajo.kron(t.random(40, 40), t.random(20, 20)),
    "diagflat": lambda t: kajo.diagflat(t["vector"]),
    "diag_embed": lambda t: kajo.diag_embed(t["vector"].expand(4, -1)),
    "linalg.vander": lambda t: kajo.linalg.vander(t["vector"]),
    "quantile": lambda t: kajo.quantile(t["matrix"], 0.3, dim=0),
    "nanquantile": lambda t: kajo.nanquantile(t["matrix"], 0.3, dim=1),
    "segment_reduce": lambda t: kajo.segment_reduce(
        t["matrix"], "mean", lengths=kajo.tensor([t.side // 2] * 2)
    ),
    "istft": lambda t: kajo.istft(kajo.stft(t.random(60000), 64, return_complex=True), 64),
    "stft": lambda t: kajo.stft(t.random(60000), 64, return_complex=True),
    "view_as_complex": lambda t: kajo.view_as_complex(t.random(90000, 2)) * 2,
    "view_as_complex_copy": lambda t: kajo.view_as_complex_copy(t.random(90000, 2)),
    "unflatten": lambda t: t["matrix"].unflatten(1, (2, -1)).sum(0),
    "view": lambda t: t["matrix"].view(-1, 2).sum(0),
    "view_copy": lambda t: kajo.view_copy(t["matrix"], (-1, 2)),
    "reshape": lambda t: t["matrix"].t().reshape(-1, 2),
    "split_with_sizes": lambda t: t["matrix"].split_with_sizes([1, t.side - 1]),
    "split_with_sizes_copy": lambda t: kajo.split_with_sizes_copy(t["matrix"], [1, t.side - 1]),
    "unsafe_split_with_sizes": lambda t: t["matrix"].unsafe_split_with_sizes([1, t.side - 1]),
    # factorisations and what is solved with them
    "lu_unpack": lambda t: kajo.lu_unpack(*kajo.linalg.lu_factor(t["matrix"])),
    "lu_solve": lambda t: kajo.lu_solve(t["matrix"], *kajo.linalg.lu_factor(t["matrix"])),
    "linalg.lu_solve": lambda t: kajo.linalg.lu_solve(
        *kajo.linalg.lu_factor(t["matrix"]), t["matrix"]
    ),
    "linalg.ldl_solve": lambda t: kajo.linalg.ldl_solve(
        *kajo.linalg.ldl_factor(t["matrix"]), t["matrix"].detach()
    ),
    "svd of a batch": lambda t: kajo.linalg.svdvals(t.random(64, 24, 24)),
    # sparse
    "coalesce": of_sparse(lambda s: s.coalesce().values()),
    "sparse_mask": lambda t: t["matrix"].sparse_mask((t["matrix"] > 0.9).to_sparse()).values(),
    "to_sparse_bsr": lambda t: t["matrix"].to_sparse_bsr((2, 2)).values(),
    "to_sparse_bsc": lambda t: t["matrix"].to_sparse_bsc((2, 2)).values(),
    "smm": of_sparse(lambda s: kajo.smm(s, kajo.ones(s.shape[1], 4)).to_dense()),
    "sparse_coo_tensor": lambda t: kajo.sparse_coo_tensor(
        t["indices"].view(2, -1), t.random(t["indices"].numel() // 2), (t.side, t.side)
    ).to_dense(),
    "sparse_csr_tensor": compressed("csr", 1),
    "sparse_csc_tensor": compressed("csc", 1),
    "sparse_bsr_tensor": compressed("bsr", 2),
    "sparse_bsc_tensor": compressed("bsc", 2),
    "sparse_compressed_tensor": lambda t: kajo.sparse_compressed_tensor(
        kajo.arange(t.side + 1), t["index"], t["vector"], (t.side, t.side), layout=kajo.sparse_csr
    ).to_dense(),
    "product with sparse": of_sparse(lambda s: s @ kajo.ones(s.shape[1], 64)),
    # networks
    "batch_norm": lambda t: kajo.batch_norm(
        t.random(*IMAGES), None, None, None, None, True, 0.1, 1e-5
    ),
    "native_batch_norm": lambda t: kajo.native_batch_norm(
        t.random(*IMAGES), None, None, None, None, True, 0.1, 1e-5
    ),
    "layer_norm": lambda t: kajo.layer_norm(t["matrix"], [t.side], t["vector"], t["vector"]),
    "native_layer_norm": lambda t: kajo.native_layer_norm(
        t["matrix"], [t.side], t["vector"], t["vector"], 1e-5
    ),
    "native_group_norm": lambda t: kajo.native_group_norm(
        t.random(*IMAGES), None, None, 6, 16, 576, 4, 1e-5
    ),
    "native_dropout": lambda t: kajo.native_dropout(t["matrix"], 0.5, True),
    "conv1d": lambda t: kajo.conv1d(t.random(6, 16, 500), t.random(24, 16, 5), t.random(24)),
    "conv2d": lambda t: kajo.conv2d(t.random(*IMAGES), t.random(24, 16, 3, 3), t.random(24)),
    "conv2d in groups": lambda t: kajo.conv2d(t.random(*IMAGES), t.random(32, 4, 3, 3), groups=4),
    "conv2d by Winograd": lambda t: kajo.conv2d(
        t.random(4, 64, 24, 24), t.random(64, 64, 3, 3), padding=1
    ),
    "conv2d of every channel": lambda t: kajo.conv2d(
        t.random(*IMAGES), t.random(16, 1, 3, 3), groups=16
    ),
    "conv3d": lambda t: kajo.conv3d(t.random(2, 4, 12, 12, 12), t.random(8, 4, 3, 3, 3)),
    "conv_transpose1d": lambda t: kajo.conv_transpose1d(t.random(6, 16, 500), t.random(16, 8, 5)),
    "conv_transpose2d": lambda t: kajo.conv_transpose2d(t.random(*IMAGES), t.random(16, 8, 3, 3)),
    "conv_transpose3d": lambda t: kajo.conv_transpose3d(
        t.random(2, 4, 12, 12, 12), t.random(4, 4, 3, 3, 3)
    ),
    "convolution": lambda t: kajo.convolution(
        t.random(*IMAGES), t.random(16, 16, 3, 3), None, [2, 2], [1, 1], [1, 1], False, [0, 0], 1
    ),
    "conv_tbc": lambda t: kajo.conv_tbc(t.random(60, 8, 32), t.random(3, 32, 32), t.random(32)),
    "ctc_loss": lambda t: kajo.ctc_loss(
        t.random(60, 30, 12).log_softmax(2),
        kajo.arange(11).add(1).expand(30, -1),
        [60] * 30,
        [11] * 30,
    ),
    "embedding_bag": lambda t: F.embedding_bag(t["indices"], t["matrix"]),
    "embedding": lambda t: F.embedding(t["indices"], t["matrix"]),
    "grid_sample": lambda t: F.grid_sample(
        t.random(*IMAGES), t.random(6, 50, 50, 2), align_corners=False
    ),
    "interpolate": lambda t: F.interpolate(t.random(*IMAGES), scale_factor=2, mode="bicubic"),
    "cross_entropy": lambda t: F.cross_entropy(t["matrix"], t["index"]),
    "fold": lambda t: F.fold(F.unfold(t.random(*IMAGES), 3), (24, 24), 3),
    "fractional_max_pool2d": lambda t: F.fractional_max_pool2d(
        t.random(*IMAGES), 2, output_size=12
    ),
    "attention": lambda t: F.scaled_dot_product_attention(
        *(t.random(4, 8, 70, 32) for _ in range(3))
    ),
    "causal attention": lambda t: F.scaled_dot_product_attention(
        t.random(4, 8, 70, 32), t.random(4, 8, 70, 32), t.random(4, 8, 70, 32), is_causal=True
    ),
    "cdist": lambda t: kajo.cdist(t["matrix"], t["matrix"]),
    "einsum": lambda t: kajo.einsum("bij,jk->ik", t["batch"], t["matrix"]),
    "unique": lambda t: kajo.unique(t["indices"], return_inverse=True, return_counts=True),
    "sums of 16 bits": lambda t: t["matrix"].bfloat16().sum(),
    "accumulated places": lambda t: t["matrix"].index_put(
        (t["index"],), t["matrix"], accumulate=True
    ),
    "Fourier transform": lambda t: kajo.fft.fft2(t["matrix"]),
    **{kind: recurrent(kind) for kind in ("RNN", "GRU", "LSTM")},
    "transformer": transformer,
    **{kind: steps(kind) for kind in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta")},
}
