"""Quantisation in simulation: numbers rounded to what a few bits can say, with gradients."""

from __future__ import annotations

import math

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _rounded(
    input: Tensor, scale: Tensor | float, zero: Tensor | float, low: int, high: int, exact: bool
) -> Tensor:
    """The nearest number that has a code from low to high; the gradient passes where codes fit.

    `exact`: zero is the code of 0, so that 0 stays 0; else it may lie between codes.
    """
    wide = input.to(_core.float32) if input.dtype is not _core.float64 else input
    inverse = _core.div(1.0, scale) if isinstance(scale, Tensor) else _single(1 / _single(scale))
    steps = wide.detach() * inverse
    # Of channels results are computed in the input's precision, else in float32.
    scale_dim = scale.dim() if isinstance(scale, Tensor) else 0
    code = steps.round() + zero if exact else (steps + zero).round()
    kept = (code >= low) & (code <= high)
    # Not a number takes the lowest code.
    ends = (_core.full((), end, dtype=code.dtype) for end in (low, high))
    clipped = _core.fmin(_core.fmax(code, next(ends)), next(ends))
    numbers = (clipped - zero) if scale_dim else (clipped - zero).to(_core.float32)
    value = (numbers * scale).to(input.dtype)
    if not (input.requires_grad and _core.is_grad_enabled()) and not _core._forward_levels():
        return value
    passing: Tensor = input.masked_fill(~kept, 0)
    return value + (passing - passing.detach())


def _single(number: float) -> float:
    """The number as float32 has it."""
    return float(_core.tensor(number, dtype=_core.float32).item())


def _check_range(name: str, low: int, high: int) -> None:
    if low > high:
        raise RuntimeError(
            f"{name}(): `quant_min` should be less than or equal to `quant_max`, got {low} and {high}"
        )


def _check_float(name: str, input: Tensor) -> None:
    if not input.is_floating_point():
        raise NotImplementedError(f"{name}(): not implemented for {input.dtype}")


@operation()
def fake_quantize_per_tensor_affine(
    input: Tensor, scale: Tensor, zero_point: Tensor, quant_min: int, quant_max: int
) -> Tensor:
    """(clamp(round(x / scale) + zero_point, quant_min, quant_max) - zero_point) scale.

    The gradient is that of the identity where the code was not clamped, and 0 elsewhere.

    Args:
        input: a floating-point tensor.
        scale: the distance of neighbouring values; a number or a tensor of one.
        zero_point: the code of 0, between the bounds.
        quant_min, quant_max: the codes.

    Raises:
        RuntimeError: if the bounds are the wrong way round, or zero_point is outside of them.
        NotImplementedError: for integers.

    >>> import kajo
    >>> kajo.fake_quantize_per_tensor_affine(kajo.tensor([0.04, 0.26, 9.0]), 0.5, 0, 0, 7)
    tensor([0.0000, 0.5000, 3.5000])
    """
    name = "fake_quantize_per_tensor_affine"
    _check_range(name, quant_min, quant_max)
    _check_float(name, input)
    if scale.requires_grad or zero_point.requires_grad:
        raise RuntimeError(
            f"{name}(): is not differentiable with respect to scale and zero_point: detach() them"
        )
    return _rounded(
        input, scale.to(_core.float32), zero_point.to(_core.float32), quant_min, quant_max, True
    )


@operation()  # type: ignore[no-redef]
def fake_quantize_per_tensor_affine(  # noqa: F811
    input: Tensor, scale: float, zero_point: int, quant_min: int, quant_max: int
) -> Tensor:
    """The overload for a scale and a zero point that are numbers."""
    name = "fake_quantize_per_tensor_affine"
    _check_range(name, quant_min, quant_max)
    if not quant_min <= zero_point <= quant_max:
        raise RuntimeError(
            f"{name}(): `zero_point` must be between `quant_min` and `quant_max`, got {zero_point}"
        )
    _check_float(name, input)
    return _rounded(input, scale, zero_point, quant_min, quant_max, True)


@operation()
def fake_quantize_per_channel_affine(
    input: Tensor,
    scale: Tensor,
    zero_point: Tensor,
    axis: int,
    quant_min: int,
    quant_max: int,
) -> Tensor:
    """:func:`kajo.fake_quantize_per_tensor_affine` with parameters of its own for each channel.

    Args:
        input: a floating-point tensor.
        scale: a float32 for each channel.
        zero_point: for each channel an int32 between the bounds; or a float, which may lie between codes.
        axis: the dimension of the channels.
        quant_min, quant_max: the codes.

    Raises:
        RuntimeError: if shapes, dtypes or bounds do not fit.
        NotImplementedError: for integers.

    >>> import kajo
    >>> scale, zero = kajo.tensor([1.0, 0.5]), kajo.zeros(2, dtype=kajo.int32)
    >>> kajo.fake_quantize_per_channel_affine(kajo.tensor([[0.4, 0.4]]), scale, zero, 1, 0, 7)
    tensor([[0.0000, 0.5000]])
    """
    name = "fake_quantize_per_channel_affine"
    if scale.dtype is not _core.float32:
        raise RuntimeError(f"{name}(): Scale must be Float, found {scale.dtype}")
    if zero_point.dtype not in (_core.int32, _core.float32, _core.float16):
        raise RuntimeError(
            f"{name}(): Zero-point must be Int32, Float or Half, found {zero_point.dtype}"
        )
    if scale.dim() != 1 or zero_point.dim() != 1:
        raise RuntimeError(f"{name}(): scale and zero point should be 1-D tensors")
    _check_range(name, quant_min, quant_max)
    if axis >= input.dim():
        raise IndexError(f"{name}(): axis {axis} is out of range for shape {tuple(input.shape)}")
    if axis < 0:
        raise RuntimeError(f"{name}(): `axis` must be between 0 and number of dimensions of input")
    if scale.numel() != input.shape[axis] or zero_point.numel() != scale.numel():
        raise RuntimeError(
            f"{name}(): dimensions of scale and zero-point are not consistent with input tensor: got "
            f"{scale.numel()} and {zero_point.numel()} for shape {tuple(input.shape)}, axis {axis}"
        )
    exact = zero_point.dtype is _core.int32
    if exact and zero_point.numel():
        lowest, highest = zero_point.aminmax()
        if int(lowest) < quant_min or int(highest) > quant_max:
            raise RuntimeError(
                f"{name}(): `zero_point` must be between `quant_min` and `quant_max`."
            )
    _check_float(name, input)
    shape = [-1 if d == axis else 1 for d in range(input.dim())]
    by_channel = (
        scale.detach().reshape(shape),
        zero_point.detach().to(_core.float32).reshape(shape),
    )
    return _rounded(input, *by_channel, quant_min, quant_max, exact)


# The smallest scale for which its inverse is a float16.
_SMALLEST_SCALE = _single(6.1e-5)


def affine_parameters(
    lowest: float, highest: float, low: int, high: int, symmetric: bool
) -> tuple[float, int]:
    """The scale and the code of 0 that let codes from low to high cover lowest to highest, and 0.

    Args:
        symmetric: where both signs occur, have as much below 0 as above.
    """
    both_signs = lowest < 0 < highest and symmetric
    if both_signs:
        least, most = -((high - low) // 2 + 1), (high - low) // 2
        step = max(abs(lowest / least), abs(highest / most))
        lowest, highest = step * least, step * most
    lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    scale = (highest - lowest) / (high - low)
    if _single(scale) == 0 or math.isinf(1 / _single(scale)):
        scale = 0.1
    if scale < _SMALLEST_SCALE:
        before, scale = scale, _SMALLEST_SCALE
        if lowest == 0:
            highest = scale * (high - low)
        elif highest == 0:
            lowest = -scale * (high - low)
        else:
            lowest, highest = lowest * scale / before, highest * scale / before
    if both_signs:
        zero = (low + high) / 2
    else:
        # From the end at which rounding loses less.
        error_low = abs(low) + abs(lowest / scale)
        error_high = abs(high) + abs(highest / scale)
        zero = low - lowest / scale if error_low < error_high else high - highest / scale
    return scale, min(max(round(zero), low), high)


@operation()
def fused_moving_avg_obs_fake_quant(
    input: Tensor,
    observer_on: Tensor,
    fake_quant_on: Tensor,
    running_min: Tensor,
    running_max: Tensor,
    scale: Tensor,
    zero_point: Tensor,
    averaging_const: float,
    quant_min: int,
    quant_max: int,
    ch_axis: int,
    per_row_fake_quant: bool = False,
    symmetric_quant: bool = False,
) -> Tensor:
    """Watches the range of its inputs, and quantises them in simulation with what that gives.

    Args:
        input: a float32 tensor.
        observer_on: not 0: update the running minimum and maximum.
        fake_quant_on: not 0: update scale and zero point, and quantise; 0: the result is the input.
        running_min, running_max, scale, zero_point: changed in place; one element, or one a channel.
        averaging_const: the share of the new range.
        quant_min, quant_max: the codes.
        ch_axis: the dimension of the channels.
        per_row_fake_quant: parameters of its own for each channel.
        symmetric_quant: as much below 0 as above.

    >>> import kajo
    >>> on, low, high = kajo.tensor([1]), kajo.tensor([kajo.inf]), kajo.tensor([-kajo.inf])
    >>> scale, zero = kajo.ones(1), kajo.zeros(1, dtype=kajo.int32)
    >>> x = kajo.tensor([-1.0, 2.0])
    >>> kajo.fused_moving_avg_obs_fake_quant(x, on, on, low, high, scale, zero, 0.1, 0, 3, -1)
    tensor([-1.,  2.])
    >>> scale, zero
    (tensor([1.]), tensor([1], dtype=kajo.int32))
    """
    if per_row_fake_quant:
        if not -input.dim() <= ch_axis < input.dim():
            raise RuntimeError(
                "fused_moving_avg_obs_fake_quant(): ch_axis must be < input.dim(), got "
                f"{ch_axis} for shape {tuple(input.shape)}"
            )
        ch_axis %= input.dim()
    rows = input.detach().movedim(ch_axis, 0).flatten(1) if per_row_fake_quant else input.detach()
    if observer_on.item() != 0:
        found = (rows.amin(1), rows.amax(1)) if per_row_fake_quant else rows.aminmax()
        for running, new in zip((running_min, running_max), found):
            if running.numel() != new.numel():
                running.resize_(new.shape)
                running.fill_(float("inf") if running is running_min else float("-inf"))
            new = new.reshape(running.shape)
            moved = running + averaging_const * (new - running)
            running.copy_(_core.where(running.isinf(), new, moved))
    if fake_quant_on.item() == 0:
        return input.clone()
    ranges = zip(running_min.reshape(-1).tolist(), running_max.reshape(-1).tolist())
    found_parameters = [
        affine_parameters(lowest, highest, quant_min, quant_max, symmetric_quant)
        for lowest, highest in ranges
    ]
    for kept, numbers in zip((scale, zero_point), zip(*found_parameters)):
        new = _core.tensor(numbers, dtype=kept.dtype)
        kept.copy_(new.reshape(kept.shape)) if kept.numel() == len(numbers) else kept.resize_(
            new.shape
        ).copy_(new)
    if per_row_fake_quant:
        return fake_quantize_per_channel_affine(
            input, scale, zero_point, ch_axis, quant_min, quant_max
        )
    result: Tensor = fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max)
    return result


@operation()
def choose_qparams_optimized(
    input: Tensor, numel: int, n_bins: int, ratio: float, bit_width: int
) -> tuple[Tensor, Tensor]:
    """The range whose codes lose least of a vector, found by narrowing it step by step.

    Args:
        input: the numbers.
        numel: how many of them count.
        n_bins: the range of the numbers in steps.
        ratio: what share of it may go.
        bit_width: bits of a code.

    Returns:
        (the upper end, the lower end), each with one element.

    Raises:
        RuntimeError: if there are fewer numbers than `numel`.

    >>> import kajo
    >>> high, low = kajo.choose_qparams_optimized(kajo.tensor([0.0, 1.0, 3.0]), 3, 200, 0.16, 2)
    >>> high, low
    (tensor([3.]), tensor([0.]))
    """
    if numel < 0 or input.numel() < numel:
        raise RuntimeError(
            f"choose_qparams_optimized(): numel ({numel}) is larger than the input, which has "
            f"{input.numel()} elements"
        )
    numbers = input.detach().to(_core.float32).reshape(-1)[:numel]
    lowest, highest = (_single(end) for end in (float(numbers.min()), float(numbers.max())))

    def loss(low: float, high: float) -> float:
        low = float(_core.tensor(low, dtype=_core.float16).item())
        width, codes = _single(_single(high) - low), 2**bit_width - 1
        scale = 1.0 if width == 0 else _single(width / codes)
        inverse = _single(1 / scale) if scale else 1.0
        code = ((numbers - low) * inverse).round().clamp(0, codes)
        return float((numbers - (code * scale + low)).square().sum().sqrt())

    step = _single(_single(highest - lowest) / n_bins)
    widest_cut = int(n_bins * (1.0 - ratio)) * step
    low, high = lowest, highest
    best = current = loss(lowest, highest)
    while low + widest_cut < high:
        from_low, from_high = loss(low + step, high), loss(low, high - step)
        if current < from_low and current < from_high and current < best:
            best, lowest, highest = current, low, high
        if from_low < from_high:
            low, current = _single(low + step), from_low
        else:
            high, current = _single(high - step), from_high
    return _core.tensor([highest]), _core.tensor([lowest])
