"""Comparing values of any structure, with errors that say where and by how much they differ."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

import kajo
from kajo import Tensor

_TOLERANCES = {
    "float8_e4m3fn": (1.25e-1, 0.0),
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""Relative and absolute tolerance of a dtype; all others are compared exactly."""

_OLD_TOLERANCES = {
    "float16": (1e-3, 1e-3),
    "float32": (1e-4, 1e-5),
    "float64": (1e-5, 1e-8),
}


class _Mismatch(Exception):
    """Two values differ; carries what to say and where in the structure they are."""

    def __init__(self, text: str, place: str) -> None:
        super().__init__(text)
        self.text = text + (f"\n\nThe failure occurred for item {place}" if place else "")


@dataclass(frozen=True)
class _Options:
    allow_subclasses: bool = True
    rtol: float | None = None
    atol: float | None = None
    equal_nan: bool = False
    check_device: bool = True
    check_dtype: bool = True
    check_layout: bool = True
    check_stride: bool = False

    def tolerances(self, *dtypes: Any) -> tuple[float, float]:
        """What was given, or the larger ones of the dtypes."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        pairs = [_TOLERANCES.get(str(dtype).rpartition(".")[2], (0.0, 0.0)) for dtype in dtypes]
        return max(r for r, _ in pairs), max(a for _, a in pairs)


_NUMBER_DTYPES = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def _allowed(tolerance: float, exact: bool) -> str:
    return "" if exact else f" (up to {tolerance} allowed)"


def _heading(what: str, exact: bool) -> str:
    return f"{what} are not {'equal' if exact else 'close'}!\n\n"


def _number_text(actual: Any, expected: Any, rtol: float, atol: float, what: str) -> str:
    exact = rtol == 0 == atol
    difference = abs(actual - expected)
    relative = float("inf") if expected == 0 else difference / abs(expected)
    return (
        f"{_heading(what, exact)}Expected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{_allowed(atol, exact)}\n"
        f"Relative difference: {relative}{_allowed(rtol, exact)}"
    )


def _numbers_close(actual: Any, expected: Any, rtol: float, atol: float, equal_nan: bool) -> bool:
    if actual == expected:
        return True
    if equal_nan and cmath.isnan(actual) and cmath.isnan(expected):
        return True
    return cmath.isfinite(expected) and abs(actual - expected) <= atol + rtol * abs(expected)


def _tensor_text(
    actual: Tensor, expected: Tensor, wrong: Tensor, rtol: float, atol: float, what: str
) -> str:
    if actual.numel() == 1 and actual.dim() == 0:
        named = "Scalars" if what == "Tensor-likes" else what
        return _number_text(actual.item(), expected.item(), rtol, atol, named)
    exact = rtol == 0 == atol
    if actual.dtype == kajo.bool:
        actual, expected = actual.to(kajo.uint8), expected.to(kajo.uint8)
    if actual.dtype == kajo.uint8:
        actual, expected = actual.to(kajo.int64), expected.to(kajo.int64)
    wrong = wrong.flatten()
    difference = (actual - expected).abs().flatten()
    # Where the values are close, they shall not be named.
    largest, place = difference.masked_fill(~wrong, 0).max(0)
    relative = difference / expected.abs().flatten()
    most, at = relative.masked_fill(~wrong, 0).max(0)

    def index(flat: Tensor) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(int(flat), tuple(actual.shape)))

    count, total = int(wrong.sum()), actual.numel()
    return (
        f"{_heading(what, exact)}Mismatched elements: {count} / {total} ({count / total:.1%})\n"
        f"Greatest absolute difference: {largest.item()} at index {index(place)}"
        f"{_allowed(atol, exact)}\n"
        f"Greatest relative difference: {most.item()} at index {index(at)}{_allowed(rtol, exact)}"
    )


class _Comparison:
    """Compares two structures, remembering where it is."""

    def __init__(self, options: _Options) -> None:
        self.options = options
        self.place = ""

    def fail(self, text: str) -> NoReturn:
        raise _Mismatch(text, self.place)

    def compare(self, actual: Any, expected: Any) -> None:
        """Compare two values of any kind.

        Raises:
            _Mismatch: if they differ.
            TypeError: if such values cannot be compared.
        """
        for kind in (self._pairs, self._nothing, self._flags, self._numbers, self._arrays):
            if kind(actual, expected):
                return
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and "
            f"{type(expected)}."
        )

    def _pairs(self, actual: Any, expected: Any) -> bool:
        found = self._items(actual, expected)
        if found is None:
            return False
        before = self.place
        for key, first, second in found:
            self.place = f"{before}[{key!r}]"
            self.compare(first, second)
        self.place = before
        return True

    def _items(self, actual: Any, expected: Any) -> Iterator[tuple[Any, Any, Any]] | None:
        if _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                self.fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
            return ((i, a, e) for i, (a, e) in enumerate(zip(actual, expected, strict=True)))
        if not (isinstance(actual, Mapping) and isinstance(expected, Mapping)):
            return None
        missing = [key for key in expected if key not in actual]
        additional = [key for key in actual if key not in expected]
        if missing or additional:
            self.fail(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {_sorted(missing)}\n"
                f"Additional keys in the actual mapping: {_sorted(additional)}"
            )
        return ((key, actual[key], expected[key]) for key in _sorted(list(actual)))

    def _nothing(self, actual: Any, expected: Any) -> bool:
        if actual is not None and expected is not None:
            return False
        if actual is not expected:
            self.fail(f"None mismatch: {actual} is not {expected}")
        return True

    def _flags(self, actual: Any, expected: Any) -> bool:
        kinds = (bool, np.bool_)
        if not (isinstance(actual, kinds) and isinstance(expected, kinds)):
            return False
        if bool(actual) is not bool(expected):
            self.fail(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}")
        return True

    def _numbers(self, actual: Any, expected: Any) -> bool:
        kinds = (int, float, complex, np.number)
        if not (isinstance(actual, kinds) and isinstance(expected, kinds)):
            return False
        if any(isinstance(value, (bool, np.ndarray)) for value in (actual, expected)):
            return False
        first, second = _python_number(actual), _python_number(expected)
        if self.options.check_dtype and type(first) is not type(second):
            self.fail(f"The (d)types do not match: {type(first)} != {type(second)}.")
        dtypes = [_NUMBER_DTYPES[type(value)] for value in (first, second)]
        rtol, atol = self.options.tolerances(*dtypes)
        if not _numbers_close(first, second, rtol, atol, self.options.equal_nan):
            self.fail(_number_text(first, second, rtol, atol, "Scalars"))
        return True

    def _arrays(self, actual: Any, expected: Any) -> bool:
        kinds = (Tensor, np.ndarray, np.generic)
        if not (isinstance(actual, kinds) and isinstance(expected, kinds)):
            return False
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if not related or (
            not self.options.allow_subclasses and type(actual) is not type(expected)
        ):
            return False
        first, second = (
            (value if isinstance(value, Tensor) else kajo.as_tensor(value)).detach()
            for value in (actual, expected)
        )
        if first.is_nested and second.is_nested:
            return self._pairs(first.unbind(), second.unbind())
        self._check_attributes(first, second)
        if "meta" not in (first.device.type, second.device.type):
            self._tensors(*self._alike(first, second))
        return True

    def _check_attributes(self, actual: Tensor, expected: Tensor) -> None:
        def check(name: str, first: Any, second: Any) -> None:
            if first != second:
                self.fail(f"The values for attribute '{name}' do not match: {first} != {second}.")

        options = self.options
        check("shape", actual.shape, expected.shape)
        if options.check_layout:
            check("layout", actual.layout, expected.layout)
        if options.check_device:
            check("device", actual.device, expected.device)
        if options.check_dtype:
            check("dtype", actual.dtype, expected.dtype)
        if options.check_stride and actual.layout is kajo.strided:
            check("stride()", actual.stride(), expected.stride())

    def _alike(self, actual: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
        """Both on the CPU, in one dtype and one layout."""
        self._rtol, self._atol = self.options.tolerances(actual.dtype, expected.dtype)
        actual, expected = actual.cpu(), expected.cpu()
        if actual.dtype != expected.dtype:
            dtype = kajo.promote_types(actual.dtype, expected.dtype)
            actual, expected = actual.to(dtype), expected.to(dtype)
        if actual.layout != expected.layout:
            dense = [
                value if value.layout is kajo.strided else value.to_dense()
                for value in (actual, expected)
            ]
            actual, expected = dense
        return actual, expected

    def _tensors(self, actual: Tensor, expected: Tensor) -> None:
        layout = actual.layout
        if layout is kajo.sparse_coo:
            self._sparse_coo(actual, expected)
        elif layout in _COMPRESSED:
            self._sparse_compressed(actual, expected, *_COMPRESSED[layout])
        else:
            self._values(actual, expected, self._rtol, self._atol, "Tensor-likes")

    def _sparse_coo(self, actual: Tensor, expected: Tensor) -> None:
        if actual._nnz() != expected._nnz():
            self.fail(
                "The number of specified values in sparse COO tensors does not match: "
                f"{actual._nnz()} != {expected._nnz()}"
            )
        self._values(actual._indices(), expected._indices(), 0, 0, "Sparse COO indices")
        self._values(
            actual._values(), expected._values(), self._rtol, self._atol, "Sparse COO values"
        )

    def _sparse_compressed(
        self, actual: Any, expected: Any, name: str, outer: str, inner: str
    ) -> None:
        if actual._nnz() != expected._nnz():
            self.fail(
                f"The number of specified values in sparse {name} tensors does not match: "
                f"{actual._nnz()} != {expected._nnz()}"
            )
        for indices in (outer, inner):
            first, second = getattr(actual, indices)(), getattr(expected, indices)()
            self._values(first, second, 0, 0, f"Sparse {name} {indices}")
        self._values(
            actual.values(), expected.values(), self._rtol, self._atol, f"Sparse {name} values"
        )

    def _values(
        self, actual: Tensor, expected: Tensor, rtol: float, atol: float, what: str
    ) -> None:
        close = kajo.isclose(
            actual, expected, rtol=rtol, atol=atol, equal_nan=self.options.equal_nan
        )
        if not bool(close.all()):
            self.fail(_tensor_text(actual, expected, ~close, rtol, atol, what))


_COMPRESSED = {
    kajo.sparse_csr: ("CSR", "crow_indices", "col_indices"),
    kajo.sparse_csc: ("CSC", "ccol_indices", "row_indices"),
    kajo.sparse_bsr: ("BSR", "crow_indices", "col_indices"),
    kajo.sparse_bsc: ("BSC", "ccol_indices", "row_indices"),
}


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _sorted(keys: list[Any]) -> list[Any]:
    try:
        return sorted(keys)
    except TypeError:
        return keys


def _python_number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


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
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless two values are close: |actual - expected| <= atol + rtol * |expected|.

    Args:
        actual, expected: tensors, arrays, numbers, None, or sequences and mappings of them.
        allow_subclasses: whether a tensor may be compared with one of a subclass.
        rtol, atol: tolerances, both or neither; by default those of the less precise dtype, which
            for integers are 0.
        equal_nan: whether nan equals nan.
        check_device: whether the devices must be the same.
        check_dtype: whether the dtypes must be the same; else the values are promoted.
        check_layout: whether the layouts must be the same; else the values are made dense.
        check_stride: whether the strides must be the same.
        msg: text of the error, or a function that makes it from the text that there would be.

    Raises:
        AssertionError: if they are not close, or differ in structure or attributes.
        TypeError: if such values cannot be compared.
        ValueError: if only one tolerance is given.

    Example:
        >>> import kajo
        >>> kajo.testing.assert_close({"a": [kajo.ones(2)]}, {"a": [kajo.ones(2) + 1e-7]})
    """
    __tracebackhide__ = True
    if (rtol is None) != (atol is None):
        raise ValueError(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'rtol' if rtol is None else 'atol'}."
        )
    options = _Options(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout,
        check_stride,
    )  # fmt: skip
    try:
        _Comparison(options).compare(actual, expected)
    except _Mismatch as mismatch:
        text = mismatch.text
    else:
        return
    raise AssertionError(msg(text) if callable(msg) else text if msg is None else msg)


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The former :func:`assert_close`: looser, without checks of attributes, and nan equals nan.

    Raises:
        AssertionError: if the values are not close.
    """
    __tracebackhide__ = True
    warnings.warn(
        "assert_allclose is deprecated, use assert_close instead", FutureWarning, stacklevel=2
    )
    actual = kajo.as_tensor(actual)
    expected = (
        kajo.as_tensor(expected, dtype=actual.dtype)
        if not isinstance(expected, Tensor)
        else expected
    )
    if rtol is None and atol is None:
        pairs = [
            _OLD_TOLERANCES.get(str(value.dtype).rpartition(".")[2], (0.0, 0.0))
            for value in (actual, expected)
        ]
        rtol, atol = max(r for r, _ in pairs), max(a for _, a in pairs)
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_device=True,
        check_dtype=False, check_stride=False, msg=msg or None,
    )  # fmt: skip
