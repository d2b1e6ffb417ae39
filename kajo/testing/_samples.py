"""Tensors of random numbers for tests."""

from __future__ import annotations

import math
from typing import Any

import kajo
from kajo import Tensor

_DEFAULT_RANGES: dict[str, tuple[float, float]] = {"bool": (0, 2), "uint8": (0, 10)}


def _default_range(dtype: Any) -> tuple[float, float]:
    if dtype.is_floating_point or dtype.is_complex:
        return -9, 9
    name = str(dtype).rpartition(".")[2]
    return (0, 10) if name.startswith("uint") else _DEFAULT_RANGES.get(name, (-9, 10))


def _limits(dtype: Any) -> tuple[float, float]:
    if dtype == kajo.bool:
        return 0, 2
    if dtype.is_floating_point or dtype.is_complex:
        info = kajo.finfo(dtype)
        return info.min, info.max
    whole = kajo.iinfo(dtype)
    return whole.min, whole.max + (whole.bits < 64)


def _range(dtype: Any, low: float | None, high: float | None) -> tuple[float, float]:
    """The numbers to draw from, inside of what the dtype holds.

    Raises:
        ValueError: if there are none.
    """
    default_low, default_high = _default_range(dtype)
    low = default_low if low is None else low
    high = default_high if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low} and high={high}")
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    bottom, top = _limits(dtype)
    if low >= top or high < bottom:
        raise ValueError(
            f"make_tensor: nothing from {low} to {high} is a number of {dtype}, which holds "
            f"{bottom} to {top}"
        )
    low, high = max(low, bottom), min(high, top)
    if dtype.is_floating_point or dtype.is_complex:
        return low, high
    return math.ceil(low), math.ceil(high)


def _drawn(sizes: tuple[int, ...], dtype: Any, device: Any, low: float, high: float) -> Tensor:
    result = kajo.empty(sizes, dtype=dtype, device=device)
    if not (dtype.is_complex or dtype.is_floating_point):
        return result.random_(int(low), int(high))
    real = kajo.view_as_real(result) if dtype.is_complex else result
    if high - low < kajo.finfo(dtype).max:
        real.uniform_(low, high)
    else:
        real.uniform_(low / 2, high / 2).mul_(2)
    return result


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any = "cpu",
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of random numbers from [low, high); by default [-9, 9), or what the dtype allows.

    Args:
        *shape: sizes, or one sequence of them.
        dtype: data type.
        device: where it is.
        low: the smallest number; by default -9, of unsigned integers and bool 0.
        high: the numbers stay below; by default 9, of integers 10, of bool 2.
        requires_grad: whether it requires grad.
        noncontiguous: leave gaps between the elements; not with one element or fewer.
        exclude_zero: put the smallest positive number, of integers 1, in place of zeros.
        memory_format: order of the elements in memory.

    Raises:
        ValueError: if the range is empty or arguments exclude each other.

    Example:
        >>> import kajo
        >>> kajo.testing.make_tensor(2, 3, dtype=kajo.int64).shape
        kajo.Size([2, 3])
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"{noncontiguous=} and {memory_format=}"
        )
    is_exact = not (dtype.is_floating_point or dtype.is_complex)
    if requires_grad and is_exact:
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, but got "
            f"{dtype=}"
        )
    bottom, top = _range(dtype, low, high)
    spread = noncontiguous and math.prod(sizes) > 1
    drawn = (*sizes[:-1], 2 * sizes[-1]) if spread else sizes
    result = _drawn(drawn, dtype, device, bottom, top)
    if spread:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = 1 if is_exact else kajo.finfo(dtype).tiny
    return result.requires_grad_(requires_grad)
