"""Variants of layers and models: convolutions, sequences, training steps."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

from variant_work import F, Family, booleans, both, layer, merged

from kajo.bench.models import perceptron, recurrent, residual, small_convolutional, transformer
from kajo.bench.work import Call, Inference, Make, Training, integers, normal

CONVOLUTIONS: Family = merged(
    *(
        layer(
            f"conv2d_{n}x{inner}x{side}_{outer}k{kernel}s{stride}",
            lambda nn, inner=inner, outer=outer, kernel=kernel, stride=stride: nn.Conv2d(
                inner, outer, kernel, stride, kernel // 2
            ),
            n,
            inner,
            side,
            side,
        )
        for n, inner, side, outer, kernel, stride in (
            (1, 3, 224, 64, 7, 2),
            (8, 3, 32, 32, 3, 1),
            (32, 16, 32, 16, 3, 1),
            (16, 64, 28, 128, 3, 2),
            (1, 256, 14, 256, 3, 1),
            (16, 128, 14, 256, 1, 1),
            (16, 256, 14, 512, 1, 2),
            (32, 6, 14, 16, 5, 1),
            (4, 3, 64, 96, 11, 4),
            (8, 32, 27, 64, 5, 1),
            (64, 1, 28, 8, 3, 1),
            (1, 64, 112, 64, 3, 1),
        )
    ),
    layer("conv2d_depthwise", lambda nn: nn.Conv2d(64, 64, 3, 1, 1, groups=64), 16, 64, 28, 28),
    layer("conv2d_depthwise_s2k5", lambda nn: nn.Conv2d(96, 96, 5, 2, 2, groups=96), 8, 96, 28, 28),
    layer("conv2d_depthwise_k7", lambda nn: nn.Conv2d(96, 96, 7, 1, 3, groups=96), 4, 96, 28, 28),
    layer("conv2d_groups", lambda nn: nn.Conv2d(128, 128, 3, 1, 1, groups=32), 8, 128, 28, 28),
    layer("conv2d_dilated", lambda nn: nn.Conv2d(64, 64, 3, 1, 2, 2), 8, 64, 28, 28),
    layer("conv1d", lambda nn: nn.Conv1d(64, 64, 5, padding=2), 16, 64, 256),
    layer("conv1d_audio", lambda nn: nn.Conv1d(1, 32, 80, 4), 8, 1, 8000),
    layer("conv1d_dilated", lambda nn: nn.Conv1d(64, 64, 2, dilation=8), 8, 64, 512),
    layer("conv3d", lambda nn: nn.Conv3d(16, 32, 3, padding=1), 2, 16, 16, 28, 28),
    layer("conv_transpose2d", lambda nn: nn.ConvTranspose2d(64, 32, 4, 2, 1), 16, 64, 16, 16),
    layer("conv_transpose2d_k2", lambda nn: nn.ConvTranspose2d(64, 32, 2, 2), 8, 64, 28, 28),
    layer("conv_transpose1d", lambda nn: nn.ConvTranspose1d(32, 16, 4, 2, 1), 8, 32, 256),
    layer("conv2d_float64", lambda nn: nn.Conv2d(32, 32, 3, 1, 1), 8, 32, 28, 28, dtype="float64"),
    layer(
        "conv2d_bfloat16", lambda nn: nn.Conv2d(64, 64, 3, 1, 1), 8, 64, 28, 28, dtype="bfloat16"
    ),
    layer("conv1x1_bfloat16", lambda nn: nn.Conv2d(128, 256, 1), 8, 128, 28, 28, dtype="bfloat16"),
    *(
        layer(name, make, 16, 64, 28, 28)
        for name, make in (
            ("max_pool2d", lambda nn: nn.MaxPool2d(2)),
            ("max_pool2d_k3s2", lambda nn: nn.MaxPool2d(3, 2, 1)),
            ("avg_pool2d", lambda nn: nn.AvgPool2d(2)),
            ("avg_pool2d_k3s1", lambda nn: nn.AvgPool2d(3, 1, 1)),
            ("adaptive_avg_pool2d_1", lambda nn: nn.AdaptiveAvgPool2d(1)),
            ("adaptive_avg_pool2d_7", lambda nn: nn.AdaptiveAvgPool2d(7)),
            ("adaptive_max_pool2d", lambda nn: nn.AdaptiveMaxPool2d(4)),
            ("batch_norm2d", lambda nn: nn.BatchNorm2d(64)),
            ("group_norm", lambda nn: nn.GroupNorm(8, 64)),
            ("instance_norm", lambda nn: nn.InstanceNorm2d(64, affine=True)),
            ("dropout2d", lambda nn: nn.Dropout2d()),
            ("upsample", lambda nn: nn.Upsample(scale_factor=2)),
            ("relu6", lambda nn: nn.ReLU6()),
            ("local_response_norm", lambda nn: nn.LocalResponseNorm(5)),
        )
    ),
    layer("batch_norm1d", lambda nn: nn.BatchNorm1d(256), 512, 256),
    layer("batch_norm1d_sequences", lambda nn: nn.BatchNorm1d(64), 32, 64, 128),
    layer("batch_norm2d_7", lambda nn: nn.BatchNorm2d(512), 16, 512, 7, 7),
    layer("batch_norm2d_bfloat16", lambda nn: nn.BatchNorm2d(64), 16, 64, 28, 28, dtype="bfloat16"),
    layer("max_pool1d", lambda nn: nn.MaxPool1d(2), 16, 64, 512),
    layer("max_pool3d", lambda nn: nn.MaxPool3d(2), 2, 16, 16, 28, 28),
    layer("avg_pool1d", lambda nn: nn.AvgPool1d(4), 16, 64, 512),
)


def attention(
    name: str, batch: int, heads: int, length: int, width: int, **settings: Any
) -> Family:
    """Attention of equal lengths."""
    shape = (batch, heads, length, width)
    return both(name, F + "scaled_dot_product_attention", shape, shape, shape, **settings)


SEQUENCES: Family = merged(
    attention("attention_64x8x32x64", 64, 8, 32, 64),
    attention("attention_16x8x128x64", 16, 8, 128, 64),
    attention("attention_1x8x1024x64", 1, 8, 1024, 64),
    attention("attention_2x4x512x32", 2, 4, 512, 32),
    attention("attention_causal_8x12x128x64", 8, 12, 128, 64, is_causal=True),
    attention("attention_causal_1x12x1024x64", 1, 12, 1024, 64, is_causal=True),
    attention("attention_4x8x64x128", 4, 8, 64, 128),
    {
        "attention_bfloat16": Call(
            F + "scaled_dot_product_attention",
            tuple(normal(8, 8, 128, 64, dtype="bfloat16") for _ in range(3)),
        ),
        "attention_decoding": Call(
            F + "scaled_dot_product_attention",
            (normal(4, 12, 1, 64), normal(4, 12, 512, 64), normal(4, 12, 512, 64)),
        ),
        "attention_masked": Call(
            lambda T, q, m: T.nn.functional.scaled_dot_product_attention(q, q, q, attn_mask=m),
            (lambda T: T, normal(8, 8, 128, 64), booleans(8, 1, 128, 128)),
        ),
    },
    *(
        layer(
            f"{kind}_{length}x{batch}x{width}",
            lambda nn, kind=kind, width=width: getattr(nn, kind)(width, width),
            length,
            batch,
            width,
        )
        for kind in ("LSTM", "GRU", "RNN")
        for length, batch, width in ((20, 1, 64), (35, 20, 128), (100, 16, 64), (20, 64, 512))
    ),
    layer("LSTM_two_layers", lambda nn: nn.LSTM(128, 128, 2), 35, 20, 128),
    layer("LSTM_bidirectional", lambda nn: nn.LSTM(64, 64, bidirectional=True), 35, 20, 64),
    layer("LSTM_batch_first", lambda nn: nn.LSTM(64, 128, batch_first=True), 32, 50, 64),
    layer("GRU_bidirectional", lambda nn: nn.GRU(64, 64, bidirectional=True), 35, 20, 64),
    layer("LSTM_projected", lambda nn: nn.LSTM(64, 128, proj_size=64), 35, 20, 64),
    layer("LSTM_float64", lambda nn: nn.LSTM(64, 64), 35, 20, 64, dtype="float64"),
    layer("LSTMCell", lambda nn: nn.LSTMCell(128, 128), 64, 128),
    layer("GRUCell", lambda nn: nn.GRUCell(128, 128), 64, 128),
    layer(
        "encoder_layer",
        lambda nn: nn.TransformerEncoderLayer(256, 8, 1024, 0.0, batch_first=True),
        8,
        64,
        256,
    ),
    layer(
        "encoder_layer_small",
        lambda nn: nn.TransformerEncoderLayer(64, 4, 128, batch_first=True),
        32,
        20,
        64,
    ),
)


def classify(
    model: Make, *shape: int, classes: int = 10, optimizer: str = "Adam", **settings: Any
) -> Training:
    """A training step of a classifier."""
    return Training(
        model,
        (normal(*shape),),
        integers(classes, shape[0]),
        F + "cross_entropy",
        optimizer,
        settings,
    )


def language(model: Make, vocabulary: int, *shape: int) -> Training:
    """A training step of a language model."""
    count = math.prod(shape)
    return Training(
        model,
        (integers(vocabulary, *shape),),
        integers(vocabulary, count),
        F + "cross_entropy",
        "AdamW",
        {},
        vocabulary,
        1.0,
    )


def sequential(*layers: tuple[Any, ...]) -> Make:
    """A chain of modules: each a name of nn and its arguments."""

    def make(framework: ModuleType) -> Any:
        nn = framework.nn
        return nn.Sequential(*(getattr(nn, name)(*arguments) for name, *arguments in layers))

    return make


VGG = sequential(
    *(
        layer
        for inner, outer in ((3, 32), (32, 64), (64, 128))
        for layer in (
            ("Conv2d", inner, outer, 3, 1, 1),
            ("BatchNorm2d", outer),
            ("ReLU",),
            ("MaxPool2d", 2),
        )
    ),
    ("Flatten",),
    ("Linear", 2048, 256),
    ("ReLU",),
    ("Dropout",),
    ("Linear", 256, 10),
)
MOBILE = sequential(
    ("Conv2d", 3, 32, 3, 2, 1),
    ("BatchNorm2d", 32),
    ("ReLU6",),
    *(
        layer
        for inner, outer in ((32, 64), (64, 128), (128, 128))
        for layer in (
            ("Conv2d", inner, inner, 3, 1, 1, 1, inner),
            ("BatchNorm2d", inner),
            ("ReLU6",),
            ("Conv2d", inner, outer, 1),
            ("BatchNorm2d", outer),
            ("ReLU6",),
        )
    ),
    ("AdaptiveAvgPool2d", 1),
    ("Flatten",),
    ("Linear", 128, 10),
)
LENET = sequential(
    ("Conv2d", 1, 6, 5, 1, 2),
    ("Tanh",),
    ("AvgPool2d", 2),
    ("Conv2d", 6, 16, 5),
    ("Tanh",),
    ("AvgPool2d", 2),
    ("Flatten",),
    ("Linear", 400, 120),
    ("Tanh",),
    ("Linear", 120, 84),
    ("Tanh",),
    ("Linear", 84, 10),
)
GENERATOR = sequential(
    ("ConvTranspose2d", 64, 128, 4),
    ("BatchNorm2d", 128),
    ("ReLU",),
    ("ConvTranspose2d", 128, 64, 4, 2, 1),
    ("BatchNorm2d", 64),
    ("ReLU",),
    ("ConvTranspose2d", 64, 32, 4, 2, 1),
    ("BatchNorm2d", 32),
    ("ReLU",),
    ("ConvTranspose2d", 32, 3, 4, 2, 1),
    ("Tanh",),
    ("AdaptiveAvgPool2d", 1),
    ("Flatten",),
    ("Linear", 3, 10),
)
SOUND = sequential(
    ("Conv1d", 1, 32, 80, 16),
    ("BatchNorm1d", 32),
    ("ReLU",),
    ("MaxPool1d", 4),
    ("Conv1d", 32, 64, 3),
    ("BatchNorm1d", 64),
    ("ReLU",),
    ("AdaptiveAvgPool1d", 1),
    ("Flatten",),
    ("Linear", 64, 10),
)

SMALL_RESIDUAL = residual((16, 32, 64), (1, 1, 1))

MODELS: Family = {
    "logistic": classify(perceptron(20, 2), 32, 20, classes=2, optimizer="SGD", lr=0.1),
    "mlp_tiny": classify(perceptron(4, 16, 16, 3), 16, 4, classes=3),
    "mlp_64": classify(perceptron(64, 128, 64, 10, activation="GELU"), 64, 64),
    "mlp_deep": classify(
        perceptron(*[64] * 12, 10), 64, 64, optimizer="SGD", lr=0.01, momentum=0.9
    ),
    "mlp_wide": classify(perceptron(1024, 2048, 1024, 10), 256, 1024, optimizer="AdamW"),
    "mlp_rmsprop": classify(perceptron(100, 100, 10), 32, 100, optimizer="RMSprop"),
    "mlp_adagrad": classify(perceptron(100, 100, 10), 32, 100, optimizer="Adagrad"),
    "lenet_64": classify(LENET, 64, 1, 28, 28, optimizer="SGD", lr=0.01),
    "lenet_1": classify(LENET, 1, 1, 28, 28, optimizer="SGD", lr=0.01),
    "cnn_16": classify(small_convolutional(28, 8), 16, 1, 28, 28),
    "vgg_16": classify(VGG, 16, 3, 32, 32),
    "mobile_16": classify(MOBILE, 16, 3, 64, 64),
    "generator_8": classify(GENERATOR, 8, 64, 1, 1),
    "sound_8": classify(SOUND, 8, 1, 8000),
    "resnet_small": classify(SMALL_RESIDUAL, 16, 3, 32, 32),
    "vgg_infer_1": Inference(VGG, normal(1, 3, 32, 32)),
    "mobile_infer_1": Inference(MOBILE, normal(1, 3, 64, 64)),
    "mlp_infer_1": Inference(perceptron(784, 512, 256, 10), normal(1, 784)),
    "resnet_infer_1": Inference(SMALL_RESIDUAL, normal(1, 3, 32, 32)),
    "gpt_small": language(transformer(65, 64, 2, 4, 128), 65, 16, 64),
    "gpt_tiny": language(transformer(65, 32, 2, 2, 32), 65, 8, 32),
    "gpt_infer": Inference(transformer(65, 64, 2, 4, 128), integers(65, 1, 64)),
    "lstm_language": language(recurrent(1000, 64, 1), 1000, 35, 16),
    "lstm_language_wide": language(recurrent(5000, 256, 2), 5000, 35, 20),
}
