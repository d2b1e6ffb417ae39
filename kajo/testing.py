"""Helpers for tests: comparing results and making samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["assert_close", "make_tensor"]

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


def _tolerance(dtype: Any) -> tuple[float, float]:
    return _TOLERANCES.get(str(dtype).rpartition(".")[2], (0.0, 0.0))


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Raise AssertionError unless two values are close: |actual - expected| <= atol + rtol * |expected|.

    Args:
        actual, expected: tensors, numbers, or sequences and mappings of them.
        rtol, atol: by default those of the less precise dtype.

    >>> import kajo
    >>> kajo.testing.assert_close(kajo.ones(2), kajo.ones(2) + 1e-7)
    """
    options: dict[str, Any] = {
        "rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype,
        "check_device": check_device, "check_stride": check_stride, "msg": msg,
    }  # fmt: skip
    if (rtol is None) != (atol is None):
        raise ValueError(
            f"rtol and atol must both be specified or both be unspecified, but got rtol={rtol}, atol={atol}"
        )
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            raise AssertionError(
                f"The keys of the mappings do not match: {sorted(actual)} and {sorted(expected)}"
            )
        for key in actual:
            assert_close(actual[key], expected[key], **options)
        return
    sequences = (Sequence,)
    if (
        isinstance(actual, sequences)
        and isinstance(expected, sequences)
        and not isinstance(actual, str)
    ):
        if len(actual) != len(expected):
            raise AssertionError(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            )
        for a, e in zip(actual, expected):
            assert_close(a, e, **options)
        return
    _assert_tensors_close(kajo.as_tensor(actual), kajo.as_tensor(expected), **options)


def _assert_tensors_close(
    actual: Tensor, expected: Tensor, *, rtol: float | None, atol: float | None, equal_nan: bool,
    check_dtype: bool, check_device: bool, check_stride: bool, msg: Any,
) -> None:  # fmt: skip
    def fail(text: str) -> None:
        raise AssertionError(msg(text) if callable(msg) else msg if msg is not None else text)

    if actual.shape != expected.shape:
        fail(f"The values for attribute 'shape' do not match: {actual.shape} != {expected.shape}.")
    if check_dtype and actual.dtype != expected.dtype:
        fail(f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}.")
    if check_device and actual.device != expected.device:
        fail(
            f"The values for attribute 'device' do not match: {actual.device} != {expected.device}."
        )
    if check_stride and actual.stride() != expected.stride():
        fail(
            f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}."
        )
    default = [max(pair) for pair in zip(_tolerance(actual.dtype), _tolerance(expected.dtype))]
    relative, absolute = (default[0], default[1]) if rtol is None or atol is None else (rtol, atol)
    common = kajo.promote_types(actual.dtype, expected.dtype)
    a, e = actual.detach().to(common), expected.detach().to(common)
    wrong = ~kajo.isclose(a, e, rtol=relative, atol=absolute, equal_nan=equal_nan)
    count = int(wrong.sum())
    if not count:
        return
    difference = (a.to(kajo.complex128) - e.to(kajo.complex128)).abs()
    ratio = difference / e.to(kajo.complex128).abs()
    what = "Scalars are not close!" if actual.dim() == 0 else "Tensor-likes are not close!"
    fail(
        f"{what}\n\nMismatched elements: {count} / {actual.numel()} ({count / actual.numel():.1%})\n"
        f"Greatest absolute difference: {difference.max().item()} (up to {absolute} allowed)\n"
        f"Greatest relative difference: {ratio.max().item()} (up to {relative} allowed)"
    )


def make_tensor(
    *shape: Any, dtype: Any, device: Any = "cpu", low: float | None = None, high: float | None = None,
    requires_grad: bool = False, noncontiguous: bool = False, exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of random numbers from [low, high); by default [-9, 9), or what the dtype allows.

    >>> import kajo
    >>> kajo.testing.make_tensor(2, 3, dtype=kajo.int64).shape
    kajo.Size([2, 3])
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    if noncontiguous and sizes:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    if dtype == kajo.bool:
        result = kajo.randint(0, 2, sizes, dtype=dtype)
    elif dtype.is_floating_point or dtype.is_complex:
        bottom, top = -9.0 if low is None else low, 9.0 if high is None else high
        result = kajo.empty(sizes, dtype=dtype).uniform_(bottom, top)
    else:
        bottom = low if low is not None else 0 if dtype == kajo.uint8 else -9
        result = kajo.randint(int(bottom), int(10 if high is None else high), sizes, dtype=dtype)
    if noncontiguous and sizes:
        result = result[..., ::2]
    if exclude_zero:
        result[result == 0] = 1
    return result.requires_grad_(requires_grad)
