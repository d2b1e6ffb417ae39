"""Numbers as codes of a few bits: the operations that make quantised tensors and ask for their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


@operation()
def quantize_per_tensor(
    input: Tensor, scale: Tensor, zero_point: Tensor, dtype: _core._dtype
) -> Tensor:
    """clamp(round(x / scale) + zero_point) for each element, as a tensor of codes.

    Args:
        input: a float32 tensor, or a list of them.
        scale: the distance of neighbouring numbers; a number, a tensor, or for a list a tensor with
            one for each, as `scales`.
        zero_point: the code of 0, likewise.
        dtype: kajo.quint8, qint8, qint32 or quint4x2.

    Returns:
        A quantised tensor, or for a list a tuple of them.

    Raises:
        RuntimeError: if dtypes do not fit, or `zero_point` is no code.

    >>> import kajo
    >>> q = kajo.quantize_per_tensor(kajo.tensor([0.0, 0.26, 1.0]), 0.1, 10, kajo.quint8)
    >>> q.int_repr()
    tensor([10, 13, 20], dtype=kajo.uint8)
    >>> q
    tensor([0.0000, 0.3000, 1.0000], size=(3,), dtype=kajo.quint8,
           quantization_scheme=kajo.per_tensor_affine, scale=0.1, zero_point=10)
    """
    return _per_tensor(input, float(scale.item()), int(zero_point.item()), dtype)


@operation()  # type: ignore[no-redef]
def quantize_per_tensor(  # noqa: F811
    input: Tensor, scale: float, zero_point: int, dtype: _core._dtype
) -> Tensor:
    """The overload for numbers."""
    return _per_tensor(input, scale, zero_point, dtype)


@operation()  # type: ignore[no-redef]
def quantize_per_tensor(  # noqa: F811
    tensors: Sequence[Tensor], scales: Tensor, zero_points: Tensor, dtype: _core._dtype
) -> tuple[Tensor, ...]:
    """The overload for a list."""
    parameters = zip(scales.tolist(), zero_points.tolist())
    return tuple(_per_tensor(x, s, int(z), dtype) for x, (s, z) in zip(tensors, parameters))


def _per_tensor(input: Tensor, scale: float, zero_point: int, dtype: Any) -> Tensor:
    from kajo._quantized._schemes import PerTensor
    from kajo._quantized._tensor import quantized

    return quantized("quantize_per_tensor", input, PerTensor(scale, zero_point), dtype)


@operation()
def quantize_per_tensor_dynamic(input: Tensor, dtype: _core._dtype, reduce_range: bool) -> Tensor:
    """:func:`kajo.quantize_per_tensor` with the scale that the range of the elements asks for.

    Args:
        input: a float32 tensor.
        dtype: kajo.quint8 or qint8.
        reduce_range: use half of the codes only.

    Raises:
        RuntimeError: for other dtypes.

    >>> import kajo
    >>> q = kajo.quantize_per_tensor_dynamic(kajo.tensor([-1.0, 1.55]), kajo.quint8, False)
    >>> q.int_repr(), round(q.q_scale(), 4)
    (tensor([  0, 255], dtype=kajo.uint8), 0.01)
    """
    from kajo._composites.fake_quantization import affine_parameters

    limits = {_core.qint8: (-128, 127), _core.quint8: (0, 255)}
    if dtype not in limits:
        raise RuntimeError(f"quantize_per_tensor_dynamic(): dtype {dtype} is not supported")
    low, high = limits[dtype]
    if reduce_range:
        low, high = -(-low // 2), high // 2
    lowest, highest = (0.0, 0.0)
    if input.numel():
        least, most = input.detach().aminmax()
        lowest, highest = float(least), float(most)
    return _per_tensor(input, *affine_parameters(lowest, highest, low, high, False), dtype)


@operation()
def quantize_per_channel(
    input: Tensor, scales: Tensor, zero_points: Tensor, axis: int, dtype: _core._dtype
) -> Tensor:
    """:func:`kajo.quantize_per_tensor` with a scale and a code of 0 for each channel.

    Args:
        input: a float32 tensor.
        scales: one for each channel.
        zero_points: whole numbers, which are codes; or float32, which may lie between codes.
        axis: the dimension of the channels.
        dtype: a quantised dtype.

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    >>> import kajo
    >>> scales, zeros = kajo.tensor([0.1, 0.5]), kajo.tensor([0, 1])
    >>> kajo.quantize_per_channel(kajo.ones(2), scales, zeros, 0, kajo.quint8).int_repr()
    tensor([10,  3], dtype=kajo.uint8)
    """
    from kajo._quantized._schemes import PerChannel
    from kajo._quantized._tensor import quantized

    between = zero_points.is_floating_point()
    parameters = PerChannel(
        scales.detach().to(_core.float32 if between else _core.float64).clone(),
        zero_points.detach().to(_core.float32 if between else _core.int64).clone(),
        axis,
    )
    return quantized("quantize_per_channel", input, parameters, dtype)


@operation(method=True)
def dequantize(input: Tensor) -> Tensor:
    """The numbers of a quantised tensor's codes, in float32; of a list, of each.

    >>> import kajo
    >>> kajo.quantize_per_tensor(kajo.tensor([0.26]), 0.1, 0, kajo.quint8).dequantize()
    tensor([0.3000])
    """
    return input.to(_core.float32)


@operation()  # type: ignore[no-redef]
def dequantize(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:  # noqa: F811
    """The overload for a list."""
    return tuple(x.dequantize() for x in tensors)


@operation()
def empty_quantized(
    size: Sequence[int],
    qtensor: Tensor,
    *,
    dtype: _core._dtype | None = None,
    layout: _core._layout | None = None,
    device: _core._Device | None = None,
    pin_memory: bool | None = None,
    memory_format: Any = None,
) -> Tensor:
    """A quantised tensor with undefined codes and the scale of another one.

    Args:
        size: the shape.
        qtensor: the other one.
        dtype: a quantised dtype; by default the other one's.
        layout, device, pin_memory, memory_format: accepted.

    Raises:
        NotImplementedError: if `qtensor` is not quantised.

    >>> import kajo
    >>> q = kajo.quantize_per_tensor(kajo.ones(2), 0.1, 10, kajo.quint8)
    >>> kajo.empty_quantized([3], q).q_scale()
    0.1
    """
    raise NotImplementedError(
        f"empty_quantized(): expected a quantised tensor, got {qtensor.dtype}"
    )


def _unquantised(name: str, input: Tensor) -> NotImplementedError:
    return NotImplementedError(f"{name}(): is for quantised tensors, not for {input.dtype}")


@operation(method=True)
def int_repr(input: Tensor) -> Tensor:
    """The codes of a quantised tensor; those of less than a byte share bytes, as a vector.

    >>> import kajo
    >>> kajo.quantize_per_tensor(kajo.ones(2), 0.1, 10, kajo.qint8).int_repr()
    tensor([20, 20], dtype=kajo.int8)
    """
    raise _unquantised("int_repr", input)


@operation(method=True)
def q_scale(input: Tensor) -> float:
    """The scale of a tensor quantised with one.

    >>> import kajo
    >>> kajo.quantize_per_tensor(kajo.ones(2), 0.1, 10, kajo.quint8).q_scale()
    0.1
    """
    raise _unquantised("q_scale", input)


@operation(method=True)
def q_zero_point(input: Tensor) -> int:
    """The code of 0 of a tensor quantised with one.

    >>> import kajo
    >>> kajo.quantize_per_tensor(kajo.ones(2), 0.1, 10, kajo.quint8).q_zero_point()
    10
    """
    raise _unquantised("q_zero_point", input)


@operation(method=True)
def q_per_channel_scales(input: Tensor) -> Tensor:
    """The scales of a tensor quantised with one for each channel.

    >>> import kajo
    >>> scales, zeros = kajo.tensor([0.1, 0.5]), kajo.tensor([0, 1])
    >>> kajo.quantize_per_channel(kajo.ones(2), scales, zeros, 0, kajo.quint8).q_per_channel_scales()
    tensor([0.1000, 0.5000], dtype=kajo.float64)
    """
    raise _unquantised("q_per_channel_scales", input)


@operation(method=True)
def q_per_channel_zero_points(input: Tensor) -> Tensor:
    """The codes of 0 of a tensor quantised with one for each channel.

    >>> import kajo
    >>> scales, zeros = kajo.tensor([0.1, 0.5]), kajo.tensor([0, 1])
    >>> q = kajo.quantize_per_channel(kajo.ones(2), scales, zeros, 0, kajo.quint8)
    >>> q.q_per_channel_zero_points()
    tensor([0, 1])
    """
    raise _unquantised("q_per_channel_zero_points", input)


@operation(method=True)
def q_per_channel_axis(input: Tensor) -> int:
    """The dimension of the channels that have a scale each.

    >>> import kajo
    >>> scales, zeros = kajo.tensor([0.1, 0.5]), kajo.tensor([0, 1])
    >>> kajo.quantize_per_channel(kajo.ones(2), scales, zeros, 0, kajo.quint8).q_per_channel_axis()
    0
    """
    raise _unquantised("q_per_channel_axis", input)


@operation(function=False, method=True)
def qscheme(input: Tensor) -> Any:
    """How a quantised tensor is quantised.

    >>> import kajo
    >>> kajo.quantize_per_tensor(kajo.ones(2), 0.1, 10, kajo.quint8).qscheme()
    kajo.per_tensor_affine
    """
    raise _unquantised("qscheme", input)
