"""What is measured over a range of sizes: operations over elements, models over batch, width, depth and length."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kajo.bench.models import perceptron, recurrent, small_convolutional, transformer
from kajo.bench.work import Backward, Call, Layer, Training, Work, integers, normal

LARGEST = 28
CROSS_ENTROPY = "nn.functional.cross_entropy"


@dataclass(frozen=True)
class Curve:
    """Work that depends on a size, the sizes, and the bytes that it takes at most."""

    work: Callable[[int], Work]
    sizes: tuple[int, ...]
    bytes: Callable[[int], float]


def powers(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    """Powers of two."""
    return tuple(1 << k for k in range(first, last + 1, step))


def halves(n: int) -> tuple[int, int]:
    """A power of two as the shape of a matrix, as square as can be."""
    rows = 1 << ((n.bit_length() - 1) // 2)
    return rows, n // rows


def over_elements(work: Callable[[int], Work], arrays: float, largest: int = LARGEST) -> Curve:
    """An operation on 1 to 2^largest elements, with so many arrays of them in memory."""
    return Curve(work, powers(0, largest), lambda n: 4.0 * arrays * n)


def elementwise(name: str) -> Curve:
    """A function of each element."""
    return over_elements(lambda n: Call(name, (normal(n),)), 2)


def along_rows(name: str, *arguments: object, arrays: float = 2) -> Curve:
    """A function of the rows of a matrix."""
    return over_elements(lambda n: Call(name, (normal(*halves(n)),), arguments), arrays)


OPERATIONS: dict[str, Curve] = {
    "add": over_elements(lambda n: Call("add", (normal(n), normal(n))), 3),
    "add_rows": over_elements(lambda n: Call("add", (normal(*halves(n)), normal(halves(n)[1]))), 2),
    "add_columns": over_elements(
        lambda n: Call("add", (normal(*halves(n)), normal(halves(n)[0], 1))), 2
    ),
    "add_in_place": over_elements(lambda n: Call(".add_", (normal(n), normal(n))), 2),
    "multiply_number": over_elements(lambda n: Call("mul", (normal(n),), (0.5,)), 2),
    "add_backward": over_elements(
        lambda n: Backward(Call("add", (normal(n, grad=True), normal(n, grad=True)))), 7, 26
    ),
    **{
        name: elementwise(name) for name in ("exp", "tanh", "sigmoid", "erf", "sin", "relu", "sqrt")
    },
    "gelu": elementwise("nn.functional.gelu"),
    "greater": over_elements(lambda n: Call("gt", (normal(n),), (0.0,)), 1.25),
    "to_bfloat16": over_elements(
        lambda n: Call(lambda a, T: a.to(T.bfloat16), (normal(n), lambda framework: framework)), 1.5
    ),
    "clone": elementwise("clone"),
    "transpose_copy": over_elements(
        lambda n: Call(lambda a: a.t().contiguous(), (normal(*halves(n)),)), 2
    ),
    "sum": elementwise("sum"),
    "amax": elementwise("amax"),
    "sum_rows": along_rows("sum", 1, arrays=1),
    "sum_columns": along_rows("sum", 0, arrays=1),
    "mean_all": elementwise("mean"),
    "var_rows": along_rows("var", 1, arrays=1),
    "argmax_rows": along_rows("argmax", 1, arrays=1),
    "softmax": along_rows("softmax", 1),
    "layer_norm": over_elements(
        lambda n: Call("nn.functional.layer_norm", (normal(*halves(n)),), ((halves(n)[1],),)), 2
    ),
    "cumsum": along_rows("cumsum", 1),
    "cat": over_elements(
        lambda n: Call(
            lambda cat, a: cat((a, a), 1), (lambda framework: framework.cat, normal(*halves(n)))
        ),
        3,
    ),
    "gather_rows": over_elements(
        lambda n: Call(operator.getitem, (normal(n, 16), integers(n, n))), 34, 24
    ),
    "mask_select": over_elements(lambda n: Call(lambda a: a[a > 0], (normal(n),)), 3, 26),
    "randn": over_elements(lambda n: Call("randn", (), (n,)), 1, 26),
    "sort": over_elements(lambda n: Call("sort", (normal(n),)), 8, 22),
    "topk": over_elements(lambda n: Call("topk", (normal(n),), (1,)), 2, 26),
    "matmul": Curve(
        lambda n: Call("matmul", (normal(n, n), normal(n, n))),
        (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072),
        lambda n: 12.0 * n * n,
    ),
    "matmul_vector": Curve(
        lambda n: Call("matmul", (normal(n, n), normal(n))), powers(0, 14), lambda n: 4.0 * n * n
    ),
    "matmul_thin": Curve(
        lambda n: Call("matmul", (normal(n, 64), normal(64, 64))),
        powers(0, 20),
        lambda n: 512.0 * n,
    ),
    "linear_backward": Curve(
        lambda n: Layer("nn.Linear", (n, n), normal(128, n), backward=True),
        powers(0, 11),
        lambda n: 16.0 * n * n,
    ),
    "convolution_side": Curve(
        lambda n: Layer("nn.Conv2d", (32, 32, 3, 1, 1), normal(4, 32, n, n)),
        (1, 2, 4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 128, 224, 256),
        lambda n: 2048.0 * n * n,
    ),
    "convolution_channels": Curve(
        lambda n: Layer("nn.Conv2d", (n, n, 3, 1, 1), normal(8, n, 14, 14)),
        powers(0, 9),
        lambda n: 64.0 * n * n + 25088.0 * n,
    ),
    "attention_length": Curve(
        lambda n: Call(
            "nn.functional.scaled_dot_product_attention",
            tuple(normal(1, 8, n, 64) for _ in range(3)),
        ),
        powers(0, 12),
        lambda n: 8192.0 * n + 32.0 * n * n,
    ),
}


def _mlp(batch: int = 64, width: int = 256, depth: int = 2) -> Work:
    model = perceptron(width, *(width,) * depth, 10)
    return Training(model, (normal(batch, width),), integers(10, batch), CROSS_ENTROPY, "Adam")


def _cnn(batch: int = 16, width: int = 16, side: int = 28) -> Work:
    images = normal(batch, 1, side, side)
    return Training(
        small_convolutional(side, width), (images,), integers(10, batch), CROSS_ENTROPY, "SGD"
    )


def _gpt(batch: int = 4, width: int = 128, depth: int = 2, length: int = 64) -> Work:
    model = transformer(65, length, depth, max(1, width // 32), width)
    words, targets = integers(65, batch, length), integers(65, batch * length)
    return Training(model, (words,), targets, CROSS_ENTROPY, "AdamW", classes=65)


def _lstm(batch: int = 16, width: int = 128, depth: int = 1, length: int = 32) -> Work:
    words, targets = integers(500, length, batch), integers(500, length * batch)
    model = recurrent(500, width, depth)
    return Training(model, (words,), targets, CROSS_ENTROPY, "SGD", classes=500)


def _model(make: Callable[..., Work], axis: str, sizes: Iterable[int]) -> Curve:
    return Curve(lambda n: make(**{axis: n}), tuple(sizes), lambda n: 0.0)


MODELS: dict[str, Curve] = {
    "mlp_batch": _model(_mlp, "batch", powers(0, 12)),
    "mlp_width": _model(_mlp, "width", powers(0, 11)),
    "mlp_depth": _model(_mlp, "depth", powers(0, 6)),
    "cnn_batch": _model(_cnn, "batch", powers(0, 7)),
    "cnn_width": _model(_cnn, "width", powers(0, 6)),
    "cnn_side": _model(_cnn, "side", (8, 16, 32, 64, 128)),
    "gpt_batch": _model(_gpt, "batch", powers(0, 6)),
    "gpt_width": _model(_gpt, "width", powers(5, 9)),
    "gpt_depth": _model(_gpt, "depth", powers(0, 4)),
    "gpt_length": _model(_gpt, "length", powers(0, 10)),
    "lstm_batch": _model(_lstm, "batch", powers(0, 8)),
    "lstm_width": _model(_lstm, "width", powers(0, 10)),
    "lstm_depth": _model(_lstm, "depth", powers(0, 4)),
    "lstm_length": _model(_lstm, "length", powers(0, 8)),
}

CURVES: dict[str, Curve] = {**OPERATIONS, **MODELS}
