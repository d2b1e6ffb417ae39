"""Batch normalisation."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules.lazy import LazyModuleMixin
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """What batch and instance normalisation have in common: parameters and running values."""

    _version = 2
    num_features: int
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        options = {"device": device, "dtype": dtype}
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            value = Parameter(kajo.empty(num_features, **options)) if wanted else None
            self.register_parameter(name, value)
        running: dict[str, Any] = dict.fromkeys(
            ("running_mean", "running_var", "num_batches_tracked")
        )
        if track_running_stats:
            running["running_mean"] = kajo.zeros(num_features, **options)
            running["running_var"] = kajo.ones(num_features, **options)
            running["num_batches_tracked"] = kajo.tensor(0, dtype=kajo.long, device=device)
        for name, tensor in running.items():
            self.register_buffer(name, tensor)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running values to mean 0 and variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set weight to 1, bias to 0, and the running values to their start."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        # States of the first version have no such number.
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            present = self.num_batches_tracked
            keep = present is not None and present.device.type != "meta"
            state_dict[key] = present if keep else kajo.tensor(0, dtype=kajo.long)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    def _update_factor(self) -> float:
        """The share of this batch in the running values; 1 / batches for a plain average."""
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        return factor

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        self._check_input_dim(input)
        factor = self._update_factor()
        from_batch = self.training or (self.running_mean is None and self.running_var is None)
        running = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if running else None,
            self.running_var if running else None,
            self.weight,
            self.bias,
            from_batch,
            factor,
            self.eps,
        )


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """Lets a normalisation learn ``num_features`` from its first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        options = {"device": device, "dtype": dtype}
        super().__init__(0, eps, momentum, False, False, **options)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(**options)
            if bias:
                self.bias = UninitializedParameter(**options)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**options)
            self.running_var = UninitializedBuffer(**options)
            self.num_batches_tracked = kajo.tensor(0, dtype=kajo.long, device=device)

    def reset_parameters(self) -> None:
        """Set the parameters anew, once their shapes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters their shapes for `input`."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
            if tensor is not None:
                tensor.materialize((self.num_features,))
        self.reset_parameters()


def _check_dimensions(input: Tensor, allowed: tuple[int, ...]) -> None:
    if input.dim() not in allowed:
        text = " or ".join(f"{n}D" for n in allowed)
        raise ValueError(f"expected {text} input (got {input.dim()}D input)")


class BatchNorm1d(_BatchNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel.

    In training they are those of the batch, in evaluation the running ones, which training
    updates: running = (1 - momentum) running + momentum batch.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values; None for their plain average.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch in evaluation too.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C) or (N, C, L), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3)
        >>> bool(kajo.nn.BatchNorm1d(3)(x).mean().abs() < 1e-5)
        True
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _check_dimensions(input, (2, 3))


class BatchNorm2d(_BatchNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel.

    In training they are those of the batch, in evaluation the running ones, which training
    updates: running = (1 - momentum) running + momentum batch.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values; None for their plain average.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch in evaluation too.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, H, W), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3, 2, 2)
        >>> bool(kajo.nn.BatchNorm2d(3)(x).mean().abs() < 1e-5)
        True
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _check_dimensions(input, (4,))


class BatchNorm3d(_BatchNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel.

    In training they are those of the batch, in evaluation the running ones, which training
    updates: running = (1 - momentum) running + momentum batch.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values; None for their plain average.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch in evaluation too.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, D, H, W), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3, 2, 2, 2)
        >>> bool(kajo.nn.BatchNorm3d(3)(x).mean().abs() < 1e-5)
        True
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _check_dimensions(input, (5,))


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm1d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyBatchNorm1d()
        >>> _ = layer(kajo.randn(4, 3))
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm2d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyBatchNorm2d()
        >>> _ = layer(kajo.randn(4, 3, 2, 2))
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm3d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyBatchNorm3d()
        >>> _ = layer(kajo.randn(4, 3, 2, 2, 2))
        >>> layer.num_features
        3
    """

    cls_to_become = BatchNorm3d


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over the batches of all processes of a group.

    In one process, and in evaluation, it is :class:`BatchNorm1d` for input of any dimensions.

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: as there.
        process_group: the group; default all processes.

    Shape:
        (N, C, ...), to the same.

    Raises:
        ValueError: if the input has fewer than 2 dimensions.

    Example:
        >>> import kajo
        >>> kajo.nn.SyncBatchNorm(3)(kajo.randn(4, 3, 2)).shape
        kajo.Size([4, 3, 2])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """Put a synchronised one in place of every batch normalisation in `module`.

        Args:
            module: changed in place below its top.
            process_group: for the new ones.

        Returns:
            `module`, or what stands in its place.

        Example:
            >>> import kajo
            >>> type(kajo.nn.SyncBatchNorm.convert_sync_batchnorm(kajo.nn.BatchNorm1d(3))).__name__
            'SyncBatchNorm'
        """
        result = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            # The very same tensors, so that an optimiser made before still knows them.
            made._parameters.update(module._parameters)
            made._buffers.update(module._buffers)
            made.training = module.training
            result = made
        for name, child in module.named_children():
            result.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return result
