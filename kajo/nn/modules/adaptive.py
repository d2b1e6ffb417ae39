"""Softmax over very many classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.container import ModuleList, Sequential
from kajo.nn.modules.linear import Linear
from kajo.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


_ASMoutput.__name__ = _ASMoutput.__qualname__ = "ASMoutput"


class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax in two levels: frequent classes in a head, rare ones in smaller clusters.

    Args:
        in_features: D.
        n_classes: how many classes, the most frequent first.
        cutoffs: where the clusters begin.
        div_value: by how much each cluster's features are fewer than the one's before.
        head_bias: whether the head has a bias.
        device, dtype: of the parameters.

    Shape:
        (N, D) and targets (N,), or (D,) and (), to a tuple of log-probabilities of the targets
        and their mean, negated: the loss.

    Raises:
        ValueError: if the cutoffs are not positive, rising, and below `n_classes`.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])
        >>> layer(kajo.randn(3, 8), kajo.tensor([1, 7, 15])).output.shape
        kajo.Size([3])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        bounds = list(cutoffs)
        if not bounds:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            bounds != sorted(bounds)
            or min(bounds) <= 0
            or max(bounds) > n_classes - 1
            or len(set(bounds)) != len(bounds)
            or any(int(c) != c for c in bounds)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an "
                "increasing order, where each value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*bounds, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        options = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **options)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // div_value ** (i + 1))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, **options),
                    Linear(hidden, size, bias=False, **options),
                )
            )

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        self.head.reset_parameters()
        for to_hidden, to_output in self.tail:
            to_hidden.reset_parameters()
            to_output.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> Any:
        """Log-probabilities of the targets, and the loss; see the class."""
        if target.dim() == 1:
            if input.size(0) != target.size(0):
                raise RuntimeError(
                    "Input and target should have the same size in the batch dimension."
                )
            if input.dim() != 2:
                raise RuntimeError(
                    "1D target tensor expects 2D input tensors, but found inputs with size "
                    f"{input.size()}"
                )
        elif target.dim() == 0:
            if input.dim() != 1:
                raise RuntimeError(
                    "0D target tensor expects 1D input tensors, but found inputs with size "
                    f"{input.size()}"
                )
        else:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        batched = target.dim() > 0
        rows = input if batched else input.unsqueeze(0)
        labels = target if batched else target.unsqueeze(0)
        if labels.numel() and (int(labels.min()) < 0 or int(labels.max()) >= self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{int(labels.min())}, {int(labels.max())}] were found. "
            )
        # A label of a cluster counts for the head as that cluster.
        in_head = labels
        output = rows.new_zeros(labels.size(0))
        for i, cluster in enumerate(self.tail):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            members = ((labels >= low) & (labels < high)).nonzero().squeeze(1)
            if members.numel() == 0:
                continue
            in_head = in_head.index_fill(0, members, self.shortlist_size + i)
            scores = F.log_softmax(cluster(rows.index_select(0, members)), dim=1)
            inside = (labels.index_select(0, members) - low).unsqueeze(1)
            output = output.index_copy(0, members, scores.gather(1, inside).squeeze(1))
        head = F.log_softmax(self.head(rows), dim=1)
        output = output + head.gather(1, in_head.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """Log-probabilities of all classes.

        Args:
            input: (N, D).

        Returns:
            (N, n_classes).

        Example:
            >>> import kajo
            >>> layer = kajo.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])
            >>> layer.log_prob(kajo.randn(3, 8)).shape
            kajo.Size([3, 20])
        """
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            inside = F.log_softmax(cluster(input), dim=1)
            parts.append(inside + head[:, self.shortlist_size + i].unsqueeze(1))
        return kajo.cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each sample.

        Args:
            input: (N, D).

        Returns:
            (N,) int64.

        Example:
            >>> import kajo
            >>> layer = kajo.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])
            >>> layer.predict(kajo.randn(3, 8)).shape
            kajo.Size([3])
        """
        return self.log_prob(input).argmax(1)
