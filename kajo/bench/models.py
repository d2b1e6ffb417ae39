"""The models that are timed, for either framework: functions that make a maker."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import Any

from kajo.bench.work import Make


def perceptron(*widths: int, activation: str = "ReLU") -> Make:
    """Linear layers of these widths with an activation between them.

    Example:
        >>> import kajo
        >>> len(perceptron(4, 3, 2)(kajo))
        3
    """

    def make(framework: ModuleType) -> Any:
        nn = framework.nn
        layers: list[Any] = []
        for inner, outer in pairwise(widths):
            layers += [nn.Linear(inner, outer), getattr(nn, activation)()]
        return nn.Sequential(*layers[:-1])

    return make


def small_convolutional(side: int = 28, width: int = 32) -> Make:
    """Two 3x3 convolutions, dropout and two linear layers on grey images of `side` pixels squared.

    Example:
        >>> import kajo
        >>> small_convolutional(8, 4)(kajo)(kajo.zeros(1, 1, 8, 8)).shape
        kajo.Size([1, 10])
    """

    def make(framework: ModuleType) -> Any:
        nn = framework.nn
        pooled = (side - 4) // 2
        return nn.Sequential(
            *(nn.Conv2d(1, width, 3), nn.ReLU(), nn.Conv2d(width, 2 * width, 3), nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten()),
            *(nn.Linear(2 * width * pooled * pooled, 4 * width), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(4 * width, 10), nn.LogSoftmax(dim=1)),
        )

    return make


def residual(
    widths: tuple[int, ...] = (64, 128, 256, 512), blocks: tuple[int, ...] = (2, 2, 2, 2)
) -> Make:
    """A residual network for small colour images; with the defaults it is ResNet-18.

    Example:
        >>> import kajo
        >>> residual((4, 8), (1, 1))(kajo)(kajo.zeros(2, 3, 8, 8)).shape
        kajo.Size([2, 10])
    """

    def make(framework: ModuleType) -> Any:
        nn = framework.nn

        def normalised(inner: int, outer: int, kernel: int, stride: int) -> Any:
            convolution = nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm2d(outer))

        class Block(nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self, inner: int, outer: int, stride: int) -> None:
                super().__init__()
                self.first = normalised(inner, outer, 3, stride)
                self.second = normalised(outer, outer, 3, 1)
                same = stride == 1 and inner == outer
                self.shortcut = nn.Identity() if same else normalised(inner, outer, 1, stride)

            def forward(self, x: Any) -> Any:
                y = self.second(nn.functional.relu(self.first(x)))
                return nn.functional.relu(y + self.shortcut(x))

        layers: list[Any] = [normalised(3, widths[0], 3, 1), nn.ReLU()]
        inner = widths[0]
        for stage, (outer, count) in enumerate(zip(widths, blocks)):
            for block in range(count):
                layers.append(Block(inner, outer, 2 if stage > 0 and block == 0 else 1))
                inner = outer
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inner, 10))
        return nn.Sequential(*layers, *head)

    return make


def transformer(
    vocabulary: int, context: int, depth: int, heads: int, width: int, dropout: float = 0.0
) -> Make:
    """A language model of attention blocks, in the shape of GPT-2.

    Example:
        >>> import kajo
        >>> indices = kajo.zeros(2, 8, dtype=kajo.int64)
        >>> transformer(11, 8, 1, 2, 16)(kajo)(indices).shape
        kajo.Size([2, 8, 11])
    """

    def make(framework: ModuleType) -> Any:
        nn = framework.nn

        class Attention(nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.project_in = nn.Linear(width, 3 * width, bias=False)
                self.project_out = nn.Linear(width, width, bias=False)
                self.drop = nn.Dropout(dropout)

            def forward(self, x: Any) -> Any:
                batch, length, _ = x.size()
                query, key, value = (
                    part.view(batch, length, heads, width // heads).transpose(1, 2)
                    for part in self.project_in(x).split(width, dim=2)
                )
                probability = dropout if self.training else 0.0
                attended = nn.functional.scaled_dot_product_attention(
                    query, key, value, dropout_p=probability, is_causal=True
                )
                joined = attended.transpose(1, 2).contiguous().view(batch, length, width)
                return self.drop(self.project_out(joined))

        class Block(nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.attend = nn.Sequential(nn.LayerNorm(width), Attention())
                self.think = nn.Sequential(
                    *(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU()),
                    *(nn.Linear(4 * width, width), nn.Dropout(dropout)),
                )

            def forward(self, x: Any) -> Any:
                x = x + self.attend(x)
                return x + self.think(x)

        class Transformer(nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.tokens = nn.Embedding(vocabulary, width)
                self.places = nn.Embedding(context, width)
                self.blocks = nn.Sequential(*(Block() for _ in range(depth)))
                self.norm = nn.LayerNorm(width)
                self.head = nn.Linear(width, vocabulary, bias=False)

            def forward(self, indices: Any) -> Any:
                places = self.places(framework.arange(indices.size(1)))
                return self.head(self.norm(self.blocks(self.tokens(indices) + places)))

        return Transformer()

    return make


def recurrent(vocabulary: int, width: int, depth: int = 2, dropout: float = 0.2) -> Make:
    """A language model of LSTM layers over whole words.

    Example:
        >>> import kajo
        >>> recurrent(11, 4)(kajo)(kajo.zeros(3, 2, dtype=kajo.int64)).shape
        kajo.Size([3, 2, 11])
    """

    def make(framework: ModuleType) -> Any:
        nn = framework.nn

        class Recurrent(nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.words = nn.Embedding(vocabulary, width)
                self.memory = nn.LSTM(width, width, depth, dropout=dropout if depth > 1 else 0.0)
                self.head = nn.Linear(width, vocabulary)

            def forward(self, indices: Any) -> Any:
                return self.head(self.memory(self.words(indices))[0])

        return Recurrent()

    return make
