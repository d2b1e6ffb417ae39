"""The table of workloads: from one addition of four numbers to an update of a transformer."""

from __future__ import annotations

import operator
from typing import Any

from kajo.bench.models import perceptron, recurrent, residual, small_convolutional, transformer
from kajo.bench.work import (
    Backward,
    Call,
    Inference,
    Layer,
    LoadingPass,
    Make,
    Training,
    Work,
    integers,
    normal,
    positive_definite,
)

MEGA = 1 << 20
CROSS_ENTROPY = "nn.functional.cross_entropy"


def _constant(values: list[list[float]]) -> Make:
    return lambda framework: framework.tensor(values)


def _positive_part(a: Any) -> Any:
    return a[a > 0]


def _first_row(a: Any) -> Any:
    return a[1]


TRUTH_TABLE = _constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
EXCLUSIVE_OR = _constant([[0.0], [1.0], [1.0], [0.0]])

OVERHEAD: dict[str, Work] = {
    "tiny_add": Call(operator.add, (normal(2, 2), normal(2, 2))),
    "tiny_add_grad": Call(operator.add, (normal(2, 2, grad=True), normal(2, 2))),
    "tiny_view": Call(".view", (normal(4, 4),), (16,)),
    "tiny_index": Call(_first_row, (normal(4, 4),)),
    "tiny_item": Call(".item", (normal(),)),
    "tiny_backward": Backward(Call(operator.mul, (normal(2, 2, grad=True), normal(2, 2)))),
    "train_xor_sgd": Training(
        lambda framework: framework.nn.Sequential(
            perceptron(2, 2, 1, activation="Sigmoid")(framework), framework.nn.Sigmoid()
        ),
        (TRUTH_TABLE,),
        EXCLUSIVE_OR,
        "nn.functional.binary_cross_entropy",
        "SGD",
        {"lr": 0.5},
    ),
    "train_xor_adam": Training(
        perceptron(2, 2, 1, activation="Tanh"),
        (TRUTH_TABLE,),
        EXCLUSIVE_OR,
        "nn.functional.binary_cross_entropy_with_logits",
        "Adam",
        {"lr": 0.05},
    ),
}

MODELS: dict[str, Work] = {
    "train_mlp": Training(
        perceptron(784, 512, 256, 10),
        (normal(128, 784),),
        integers(10, 128),
        CROSS_ENTROPY,
        "Adam",
    ),
    "train_cnn": Training(
        small_convolutional(),
        (normal(64, 1, 28, 28),),
        integers(10, 64),
        "nn.functional.nll_loss",
        "Adadelta",
    ),
    "train_resnet18": Training(
        residual(),
        (normal(32, 3, 32, 32),),
        integers(10, 32),
        CROSS_ENTROPY,
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4},
    ),
    "infer_resnet18": Inference(residual(), normal(32, 3, 32, 32)),
    "train_gpt": Training(
        transformer(65, 64, 4, 4, 128),
        (integers(65, 12, 64),),
        integers(65, 12 * 64),
        CROSS_ENTROPY,
        "AdamW",
        classes=65,
    ),
    "train_gpt_medium": Training(
        transformer(65, 256, 6, 6, 384, dropout=0.2),
        (integers(65, 4, 256),),
        integers(65, 4 * 256),
        CROSS_ENTROPY,
        "AdamW",
        classes=65,
        clip=1.0,
    ),
    "train_lstm": Training(
        recurrent(2000, 200),
        (integers(2000, 35, 20),),
        integers(2000, 35 * 20),
        CROSS_ENTROPY,
        "SGD",
        {"lr": 1.0},
        classes=2000,
    ),
}

PRODUCTS: dict[str, Work] = {
    **{f"matmul_{n}": Call("matmul", (normal(n, n), normal(n, n))) for n in (64, 256, 1024, 2048)},
    "bmm_96x128x64": Call("bmm", (normal(96, 128, 64), normal(96, 64, 128))),
    "matmul_bf16_1024": Call(
        "matmul", (normal(1024, 1024, dtype="bfloat16"), normal(1024, 1024, dtype="bfloat16"))
    ),
}

ELEMENTS: dict[str, Work] = {
    "add_16m": Call("add", (normal(4096, 4096), normal(4096, 4096))),
    "add_bcast_16m": Call("add", (normal(4096, 4096), normal(4096))),
    "add_1m": Call("add", (normal(MEGA), normal(MEGA))),
    **{
        f"{name}_1m": Call(name, (normal(MEGA),))
        for name in ("exp", "tanh", "sigmoid", "erf", "sin")
    },
    "gelu_4m": Call("nn.functional.gelu", (normal(2048, 2048),)),
}

REDUCTIONS: dict[str, Work] = {
    "sum_16m": Call("sum", (normal(4096, 4096),)),
    "sum_dim0_16m": Call("sum", (normal(4096, 4096),), (0,)),
    "sum_dim1_16m": Call("sum", (normal(4096, 4096),), (1,)),
    "max_dim1_4m": Call("max", (normal(2048, 2048),), (1,)),
    "softmax_4m": Call("softmax", (normal(2048, 2048),), (1,)),
    "layer_norm_4m": Call("nn.functional.layer_norm", (normal(2048, 2048),), ((2048,),)),
}

MOVES: dict[str, Work] = {
    "transpose_copy_16m": Call(".contiguous", (lambda framework: framework.randn(4096, 4096).t(),)),
    "cat_4m": Call(
        lambda cat, a: cat((a, a), 1),
        (lambda framework: framework.cat, normal(2048, 1024)),
    ),
    "gather_rows_64k": Call(operator.getitem, (normal(50000, 64), integers(50000, 65536))),
    "embedding_grad": Backward(
        Call("nn.functional.embedding", (integers(50000, 8192), normal(50000, 64, grad=True)))
    ),
    "sort_1m": Call("sort", (normal(256, 4096),), (1,)),
    "topk_1m": Call("topk", (normal(256, 4096),), (10, 1)),
    "cumsum_4m": Call("cumsum", (normal(2048, 2048),), (1,)),
    "mask_select_1m": Call(_positive_part, (normal(MEGA),)),
    "randn_1m": Call("randn", (), (MEGA,)),
}

LAYERS: dict[str, Work] = {
    **{
        name: Layer("nn.Conv2d", settings, normal(*shape))
        for name, shape, settings in (
            ("conv3x3_64_56", (16, 64, 56, 56), (64, 64, 3, 1, 1)),
            ("conv3x3_128_28", (16, 128, 28, 28), (128, 128, 3, 1, 1)),
            ("conv3x3_512_7", (16, 512, 7, 7), (512, 512, 3, 1, 1)),
            ("conv1x1_64_256", (16, 64, 56, 56), (64, 256, 1, 1, 0)),
            ("conv7x7_s2_rgb", (16, 3, 224, 224), (3, 64, 7, 2, 3)),
            ("conv3x3_mnist", (128, 1, 28, 28), (1, 32, 3, 1, 0)),
        )
    },
    "conv3x3_64_56_grad": Layer(
        "nn.Conv2d", (64, 64, 3, 1, 1), normal(16, 64, 56, 56, grad=True), backward=True
    ),
    "maxpool_56": Call("nn.functional.max_pool2d", (normal(16, 64, 56, 56),), (2,)),
    "batch_norm_56": Layer("nn.BatchNorm2d", (64,), normal(16, 64, 56, 56), history=True),
    "attention_causal": Call(
        lambda attend, query: attend(query, query, query, is_causal=True),
        (
            lambda framework: framework.nn.functional.scaled_dot_product_attention,
            normal(4, 12, 512, 64),
        ),
    ),
    "lstm_cell_fwd": Layer("nn.LSTM", (128, 128), normal(50, 16, 128)),
}

LIBRARIES: dict[str, Work] = {
    "cholesky_512": Call("linalg.cholesky", (positive_definite(512),)),
    "svd_256": Call("linalg.svd", (normal(256, 256),)),
    "fft_1m": Call("fft.rfft", (normal(1024, 1024),)),
    "dataloader_tensors_20k": LoadingPass((normal(20000, 784), integers(10, 20000)), 128),
}

WORKLOADS: dict[str, Work] = {
    **OVERHEAD,
    **MODELS,
    **PRODUCTS,
    **ELEMENTS,
    **REDUCTIONS,
    **MOVES,
    **LAYERS,
    **LIBRARIES,
}
