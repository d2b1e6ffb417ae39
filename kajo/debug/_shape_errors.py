"""Errors in a model say in which module they happened, with which arguments, and what may mend them."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kajo import Tensor
from kajo.debug._modules import described, path_of

if TYPE_CHECKING:
    from kajo.nn import Module

_TYPES = (RuntimeError, ValueError, IndexError, AssertionError, TypeError)
_LONGEST = 60


def explain(error: Exception, module: Module, args: Any, kwargs: Any) -> None:
    """Add to the error's message where in the model it happened; each module on the way out calls it.

    Left alone is what the program itself raises, and what is no plain error with one message.

    Args:
        error: which is on its way through the call of `module`.
        module: the one that was called, with `args` and `kwargs`.

    Example:
        >>> import kajo
        >>> model = kajo.nn.Sequential(kajo.nn.Linear(2, 3), kajo.nn.Linear(4, 1))
        >>> try:
        ...     _ = model(kajo.ones(1, 2))
        ... except RuntimeError as error:
        ...     print("In module 1, Linear" in str(error))
        True
    """
    found: _Explained | None = getattr(error, "_explained", None)
    if found is None:
        if type(error) not in _TYPES or len(error.args) != 1 or not isinstance(error.args[0], str):
            return
        if _raised_by_program(error.__traceback__):
            return
        found = _Explained(error.args[0], module, args, kwargs)
        error._explained = found  # type: ignore[attr-defined]
    else:
        path = path_of(found.module, module)
        if path is not None:
            found.path = path
    error.args = (found.text(),)


class _Explained:
    """The message of an error, and what is known of the module that it came from."""

    def __init__(self, message: str, module: Module, args: Any, kwargs: Any) -> None:
        self.message, self.module, self.path = message, module, ""
        given = [_described_argument(a) for a in args]
        given += [f"{name}={_described_argument(a)}" for name, a in kwargs.items()]
        self.arguments = ", ".join(given) or "nothing"
        self.hint = _hint(module, args, message)

    def text(self) -> str:
        where = described(self.module, self.path)
        text = f"{self.message}\nIn module {where}, called with {self.arguments}."
        return f"{text}\nLikely mend: {self.hint}." if self.hint else text


def _raised_by_program(trace: TracebackType | None) -> bool:
    """Whether a `raise` outside of the package made the error."""
    import dis

    from kajo import __path__ as folders

    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    if code.co_filename.startswith(folders[0]):
        return False
    return dis.opname[code.co_code[trace.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")


def _described_argument(value: Any) -> str:
    if isinstance(value, Tensor):
        dtype = str(value.dtype).rpartition(".")[2]
        return f"{dtype}[{', '.join(map(str, value.shape))}]"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(_described_argument(v) for v in value[:4])
        inner += ", ..." if len(value) > 4 else ""
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if value is None or isinstance(value, (bool, int, float, str)):
        text = repr(value)
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return type(value).__name__


# Hints: what is likely meant, by the module's kind -----------------------------------------------


def _hint(module: Module, args: Any, message: str) -> str:
    tensors = [a for a in args if isinstance(a, Tensor)]
    try:
        for kind in type(module).__mro__:
            rule = _RULES.get(kind.__name__.removeprefix("Lazy"))
            if rule is None or not tensors:
                continue
            hint = _type_hint(module, tensors[0]) or rule(module, *tensors)
            if hint:
                return hint
        return _general_hint(message)
    except Exception:  # a hint must never hide the error that it is about
        return ""


def _type_hint(module: Any, x: Tensor) -> str:
    weight = next((p for p in module.parameters(recurse=False) if p.is_floating_point()), None)
    if weight is None or x.dtype == weight.dtype or type(module).__name__.startswith("Embedding"):
        return ""
    dtype = str(weight.dtype)
    return f"convert the input, x.to({dtype}), or the module, module.to(x.dtype)"


def _move_last(x: Tensor, features: int) -> str:
    at = list(x.shape).index(features)
    return f"dimension {at} has the {features} features; move it last, x.movedim({at}, -1)"


def _linear(module: Any, x: Tensor, *_: Tensor) -> str:
    wanted = module.in_features
    if x.dim() == 0:
        return "the input needs at least one dimension, x.reshape(1, -1)"
    if x.shape[-1] == wanted:
        return ""
    for start in range(x.dim() - 1):
        if math.prod(x.shape[start:]) == wanted:
            return f"flatten the input first, x.flatten({start})"
    if wanted in x.shape:
        return _move_last(x, wanted)
    return (
        f"the input's last dimension is {x.shape[-1]}: make the layer with "
        f"in_features={x.shape[-1]}, or have the layer before it give {wanted}"
    )


def _convolution(module: Any, x: Tensor, *_: Tensor) -> str:
    spatial = len(module.kernel_size)
    if x.dim() not in (spatial + 1, spatial + 2):
        return (
            f"the input needs {spatial + 2} dimensions (batch, channels, {spatial} of space), it has "
            f"{x.dim()}"
        )
    channels = -spatial - 1
    if x.shape[channels] != module.in_channels:
        if x.shape[-1] == module.in_channels:
            return f"the channels come last in the input; move them, x.movedim(-1, {channels})"
        return (
            f"the input has {x.shape[channels]} channels: make the layer with "
            f"in_channels={x.shape[channels]}, or have the layer before it give {module.in_channels}"
        )
    return "the image is smaller than the kernel: use padding, a smaller kernel, or fewer poolings before"


def _channels_norm(module: Any, x: Tensor, *_: Tensor) -> str:
    wanted = getattr(module, "num_features", None) or module.num_channels
    if x.dim() < 2 or x.shape[1] == wanted:
        return ""
    if x.shape[-1] == wanted:
        return f"dimension 1 has to hold the {wanted} channels; move them, x.movedim(-1, 1)"
    return (
        f"dimension 1 of the input is {x.shape[1]}: make the layer for {x.shape[1]} channels, or "
        f"have the layer before it give {wanted}"
    )


def _layer_norm(module: Any, x: Tensor, *_: Tensor) -> str:
    wanted = tuple(module.normalized_shape)
    ends = tuple(x.shape[-len(wanted) :])
    if ends == wanted:
        return ""
    if len(wanted) == 1 and wanted[0] in x.shape:
        return _move_last(x, wanted[0])
    return f"the input ends in {ends}: make the layer with normalized_shape={ends}"


def _embedding(module: Any, x: Tensor, *_: Tensor) -> str:
    if x.is_floating_point():
        return "indices are integers, x.long()"
    lowest, highest = int(x.min()), int(x.max())
    if lowest < 0 or highest >= module.num_embeddings:
        return (
            f"indices go from {lowest} to {highest}, the table has {module.num_embeddings} rows: make "
            f"it with num_embeddings={highest + 1}, or look at how the indices are made"
        )
    return ""


def _recurrent(module: Any, x: Tensor, *_: Tensor) -> str:
    if x.dim() not in (2, 3):
        return "the input needs 3 dimensions (time, batch, features), or 2 without batch"
    if x.shape[-1] == module.input_size:
        return "the state has to be (layers * directions, batch, hidden); check batch_first"
    return (
        f"the input's last dimension is {x.shape[-1]}: make the layer with input_size={x.shape[-1]}, "
        f"or give it {module.input_size} features"
    )


def _attention(module: Any, query: Tensor, *_: Tensor) -> str:
    if query.shape[-1] != module.embed_dim:
        return (
            f"the query's last dimension is {query.shape[-1]}: make the layer with "
            f"embed_dim={query.shape[-1]}, or project the query to {module.embed_dim}"
        )
    order = "(batch, time, features)" if module.batch_first else "(time, batch, features)"
    return f"inputs are taken as {order}; check batch_first, and the shapes of the masks"


def _loss(module: Any, x: Tensor, *targets: Tensor) -> str:
    if not targets or x.shape == targets[0].shape:
        return ""
    target = targets[0]
    if x.numel() == target.numel():
        return f"give both one shape, for example target.reshape({tuple(x.shape)})"
    return f"the input is {tuple(x.shape)}, the target {tuple(target.shape)}: give both one shape"


def _class_loss(module: Any, x: Tensor, *targets: Tensor) -> str:
    if not targets:
        return ""
    target = targets[0]
    classes = x.shape[1] if x.dim() > 1 else x.shape[0]
    if target.is_floating_point() and target.shape != x.shape:
        return "classes are integers, target.long()"
    if not target.is_floating_point() and target.numel():
        chosen = target[target != module.ignore_index]
        if chosen.numel() and int(chosen.max()) >= classes:
            return (
                f"the target's largest class is {int(chosen.max())}, the input has {classes} classes "
                "(dimension 1), counted from 0"
            )
    wanted = x.shape[:1] + x.shape[2:]
    if target.shape != wanted:
        return f"the target needs shape {tuple(wanted)}, it has {tuple(target.shape)}"
    return ""


_Rule = Callable[..., str]
_RULES: dict[str, _Rule] = {
    "Linear": _linear,
    "_ConvNd": _convolution,
    "_BatchNorm": _channels_norm,
    "_InstanceNorm": _channels_norm,
    "GroupNorm": _channels_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm,
    "Embedding": _embedding,
    "EmbeddingBag": _embedding,
    "RNNBase": _recurrent,
    "RNNCellBase": _recurrent,
    "MultiheadAttention": _attention,
    "CrossEntropyLoss": _class_loss,
    "NLLLoss": _class_loss,
    "_Loss": _loss,
}


# What an operation's own message tells, in words that it contains.
_GENERAL = (
    ("must have the same dtype", "convert one of the two, a.to(b.dtype)"),
    (
        "shapes cannot be multiplied",
        "the last dimension of the first has to be the last but one of the second; transpose one, "
        "b.mT, or change a layer's size",
    ),
    (
        "must match the size of tensor b",
        "align the two from the last dimension: add one of size 1 where it is missing, "
        "x.unsqueeze(dim), or bring both to one size",
    ),
    (
        "is invalid for input of size",
        "let one dimension be worked out, x.view(x.shape[0], -1), and check the sizes before it",
    ),
    (
        "Sizes of tensors must match except in dimension",
        "the tensors may differ only in the dimension they are joined along: choose another dim, or "
        "crop or pad one",
    ),
)


def _general_hint(message: str) -> str:
    return next((hint for words, hint in _GENERAL if words in message), "")
