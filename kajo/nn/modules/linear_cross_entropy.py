"""A linear layer and the cross-entropy of what it gives, as one loss."""

from __future__ import annotations

import math
from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.linear import Linear
from kajo.nn.modules.module import Module


class LinearCrossEntropyLoss(Module):
    """Cross-entropy of x W^T + b, reduced.

    Args:
        in_features: size of each sample.
        num_classes: C.
        out_features: further dimensions of the logits.
        bias: whether there is a b.
        device, dtype: of the parameters.
        reduction: "none", "mean" or "sum".
        weight: a factor for each class.
        ignore_index: targets of this value do not count.
        label_smoothing: the share of the target that is spread over all classes.
        options: see :class:`LinearCrossEntropyOptions`.

    Shape:
        (N, in_features) and (N, *out_features) of indices to a scalar.

    Example:
        >>> import kajo
        >>> loss = kajo.nn.LinearCrossEntropyLoss(4, 3)
        >>> loss(kajo.randn(2, 4), kajo.tensor([0, 2])).shape
        kajo.Size([])
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        super().__init__()
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be ({num_classes},), got {tuple(weight.shape)}"
            )
        if not 0.0 <= label_smoothing <= 1.0:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        self.reduction = reduction
        self.register_buffer("weight", weight)
        self.num_classes = num_classes
        self.out_features = tuple(out_features)
        rows = num_classes * math.prod(self.out_features)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the arguments; see the class."""
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*shape, -1),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


# Pickles name the class by this place.
LinearCrossEntropyLoss.__module__ = "kajo.nn.modules.loss"
