"""Instance normalisation."""

from __future__ import annotations

import warnings
from typing import Any

from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn.modules.batchnorm import _check_dimensions, _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    _dimensions: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        _check_dimensions(input, (self._dimensions + 1, self._dimensions + 2))

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        version = local_metadata.get("version")
        # The first version kept running values by default, where this one keeps none.
        if version is None and not self.track_running_stats:
            keys = [
                prefix + name
                for name in ("running_mean", "running_var")
                if prefix + name in state_dict
            ]
            if keys:
                error_msgs.append(
                    f"Unexpected running stats buffer(s) {' and '.join(map(repr, keys))} for "
                    f"{type(self).__name__} with track_running_stats=False. If state_dict is a "
                    "checkpoint saved before 0.4.0, this may be expected because "
                    f"{type(self).__name__} does not track running stats by default since 0.4.0. "
                    "Please remove these keys from state_dict. If the running stats are actually "
                    f"needed, instead set track_running_stats=True in {type(self).__name__} to "
                    "enable them. See the documentation of "
                    f"{type(self).__name__} for details."
                )
                for key in keys:
                    state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to `input`; see the class."""
        self._check_input_dim(input)
        batched = input.dim() == self._dimensions + 2
        channels = input.size(1 if batched else 0)
        if channels != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={1 if batched else 0} to match num_features "
                    f"({self.num_features}), but got: {channels}."
                )
            warnings.warn(
                f"input's size at dim={1 if batched else 0} does not match num_features. "
                "You can silence this warning by not passing in num_features, which is not used "
                "because affine=False",
                stacklevel=2,
            )
        result = F.instance_norm(
            input if batched else input.unsqueeze(0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )
        return result if batched else result.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel and sample.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values.
        affine: whether there are weight and bias.
        track_running_stats: keep running values and use them in evaluation.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, L) or (C, L), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3, 5)
        >>> bool(kajo.nn.InstanceNorm1d(3)(x).mean().abs() < 1e-5)
        True
    """

    _dimensions = 1


class InstanceNorm2d(_InstanceNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel and sample.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values.
        affine: whether there are weight and bias.
        track_running_stats: keep running values and use them in evaluation.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, H, W) or (C, H, W), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3, 2, 2)
        >>> bool(kajo.nn.InstanceNorm2d(3)(x).mean().abs() < 1e-5)
        True
    """

    _dimensions = 2


class InstanceNorm3d(_InstanceNorm):
    """weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each channel and sample.

    Args:
        num_features: the number of channels C.
        eps: keeps the root above zero.
        momentum: the share of a batch in the running values.
        affine: whether there are weight and bias.
        track_running_stats: keep running values and use them in evaluation.
        device, dtype: of the parameters.
        bias: False leaves out the bias.

    Shape:
        (N, C, D, H, W) or (C, D, H, W), to the same.

    Raises:
        ValueError: if the input has another number of dimensions.

    Example:
        >>> import kajo
        >>> x = kajo.randn(4, 3, 2, 2, 2)
        >>> bool(kajo.nn.InstanceNorm3d(3)(x).mean().abs() < 1e-5)
        True
    """

    _dimensions = 3


class LazyInstanceNorm1d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm1d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyInstanceNorm1d()
        >>> _ = layer(kajo.randn(4, 3, 5))
        >>> layer.num_features
        3
    """

    _dimensions = 1
    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm2d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyInstanceNorm2d()
        >>> _ = layer(kajo.randn(4, 3, 2, 2))
        >>> layer.num_features
        3
    """

    _dimensions = 2
    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm3d` that learns ``num_features`` from its first input.

    Args:
        eps, momentum and so on: as there.

    Example:
        >>> import kajo
        >>> layer = kajo.nn.LazyInstanceNorm3d()
        >>> _ = layer(kajo.randn(4, 3, 2, 2, 2))
        >>> layer.num_features
        3
    """

    _dimensions = 3
    cls_to_become = InstanceNorm3d
