"""The text of a tensor: what ``repr(tensor)`` prints, and the options that shape it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import kajo
from kajo import _core

if TYPE_CHECKING:
    from kajo import Tensor

__all__ = ["get_printoptions", "printoptions", "set_printoptions"]


@dataclass(frozen=True)
class PrintOptions:
    """How tensors are printed; see :func:`set_printoptions` for each field."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

_options = PrintOptions()

# Lines break where PyTorch's do, whose name is longer.
_SHORTER_NAME = len("torch") - len("kajo")


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed.

    Args:
        precision: digits after the decimal point (default 4).
        threshold: tensors with more elements than this are summarised (default 1000).
        edgeitems: elements shown at each end of a summarised dimension (default 3).
        linewidth: characters a line may hold (default 80).
        profile: ``"default"``, ``"short"`` or ``"full"``: sets the four options above at once;
            options given beside it override the profile.
        sci_mode: True prints floating point numbers in scientific notation, False never does,
            None (the default) decides by the values.

    Example:
        >>> import kajo
        >>> kajo.set_printoptions(precision=2)
        >>> kajo.tensor([1.12345])
        tensor([1.12])
        >>> kajo.set_printoptions(profile="default")
    """
    global _options
    options = PROFILES.get(profile, _options) if profile is not None else _options
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _options = replace(options, sci_mode=sci_mode, **changes)


def get_printoptions() -> dict[str, Any]:
    """Return the printing options as a dictionary that :func:`set_printoptions` accepts.

    Example:
        >>> import kajo
        >>> kajo._tensor_str.get_printoptions()["edgeitems"]
        3
    """
    return asdict(_options)


@contextlib.contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Set printing options inside a ``with`` block and restore the old ones after it.

    Args:
        **kwargs: the arguments of :func:`set_printoptions`.

    Example:
        >>> import kajo
        >>> with kajo._tensor_str.printoptions(precision=1):
        ...     print(kajo.tensor([0.25, 0.5]))
        tensor([0.2, 0.5])
    """
    global _options
    before = _options
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _options = before


def _flatten(nested: Any, out: list[Any]) -> list[Any]:
    if isinstance(nested, list):
        for item in nested:
            _flatten(item, out)
    else:
        out.append(nested)
    return out


@dataclass(frozen=True)
class Formatter:
    """Turns one value into text, padded on the left to the width all values share."""

    spec: str = ""
    suffix: str = ""
    width: int = 0

    def text(self, value: Any) -> str:
        if not self.spec:
            return str(value)
        finite = math.isfinite(value)
        return format(value, self.spec) + (self.suffix if finite else "")

    def __call__(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


def _plain_formatter(values: list[Any], _: PrintOptions) -> Formatter:
    return Formatter(width=max((len(str(value)) for value in values), default=1))


def _float_formatter(values: list[float], options: PrintOptions) -> Formatter:
    """Choose integer, fixed or scientific notation by the finite values that are not zero."""
    shown = [value for value in values if value != 0 and math.isfinite(value)]
    if not shown:
        return Formatter(spec=".0f", suffix=".", width=1)
    integral = all(value.is_integer() for value in shown)
    scientific = options.sci_mode
    if scientific is None:
        sizes = [abs(value) for value in shown]
        largest, smallest = max(sizes), min(sizes)
        scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
    if scientific:
        formatter = Formatter(spec=f".{options.precision}e")
    elif integral:
        formatter = Formatter(spec=".0f", suffix=".")
    else:
        formatter = Formatter(spec=f".{options.precision}f")
    return replace(formatter, width=max(1, *(len(formatter.text(value)) for value in shown)))


@dataclass(frozen=True)
class ElementText:
    """The text of one element and the columns that it takes."""

    text: Callable[[Any], str]
    columns: int


def _complex_text(values: list[complex], options: PrintOptions) -> ElementText:
    real = _float_formatter([value.real for value in values], options)
    imaginary = _float_formatter([value.imag for value in values], options)

    def text(value: complex) -> str:
        tail = imaginary(value.imag).lstrip() + "j"
        return real(value.real) + (tail if tail[0] in "+-" else "+" + tail)

    return ElementText(text, real.width + imaginary.width + 1)


def _element_text(tensor: Tensor, values: list[Any], options: PrintOptions) -> ElementText:
    if tensor.dtype.is_complex:
        return _complex_text(values, options)
    choose = _float_formatter if tensor.dtype.is_floating_point else _plain_formatter
    formatter = choose(values, options)
    return ElementText(formatter, formatter.width)


def _corners(tensor: Tensor, edgeitems: int) -> Tensor:
    """Keep only the elements that a summary shows."""
    for dim, size in enumerate(tensor.shape):
        if size > 2 * edgeitems:
            head = tensor.narrow(dim, 0, edgeitems)
            tail = tensor.narrow(dim, size - edgeitems, edgeitems)
            tensor = kajo.cat((head, tail), dim)
    return tensor


class _Layout:
    """Arranges the nested lists of values in lines, with ``...`` where elements are left out."""

    def __init__(self, shape: tuple[int, ...], element: ElementText, summarize: bool) -> None:
        self.shape = shape
        self.element = element
        self.edgeitems = _options.edgeitems if summarize else None

    def _texts(self, values: list[Any], depth: int, text: Callable[[Any], str]) -> list[str]:
        edge = self.edgeitems
        if edge is None or self.shape[depth] <= 2 * edge:
            return [text(value) for value in values]
        gap = " ..." if depth == len(self.shape) - 1 and edge else "..."
        return [
            *(text(value) for value in values[:edge]),
            gap,
            *(text(value) for value in values[edge:]),
        ]

    def vector(self, values: list[Any], depth: int, indent: int) -> str:
        columns = self.element.columns + 2
        per_line = max(1, (_options.linewidth - indent) // columns)
        texts = self._texts(values, depth, self.element.text)
        lines = [
            ", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)
        ]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"

    def nested(self, values: Any, depth: int, indent: int) -> str:
        remaining = len(self.shape) - depth
        if remaining == 0:
            return self.element.text(values)
        if remaining == 1:
            return self.vector(values, depth, indent)
        texts = self._texts(values, depth, lambda value: self.nested(value, depth + 1, indent + 1))
        return "[" + ("," + "\n" * (remaining - 1) + " " * (indent + 1)).join(texts) + "]"


def _contents(tensor: Tensor, indent: int) -> str:
    """The numbers of a strided tensor, in brackets."""
    if tensor.numel() == 0:
        return "[]"
    shape = tuple(tensor.shape)
    summarize = tensor.numel() > _options.threshold
    shown = _corners(tensor, _options.edgeitems) if summarize else tensor
    nested = shown.tolist()
    element = _element_text(tensor, _flatten(nested, []), _options)
    return _Layout(shape, element, summarize).nested(nested, 0, indent)


def _gradient_suffix(tensor: Tensor) -> str | None:
    node = tensor.grad_fn
    if node is not None:
        return f"grad_fn=<{node.name().rsplit('::', 1)[-1]}>"
    return "requires_grad=True" if tensor.requires_grad else None


def _suffixes(tensor: Tensor, *, shows_size: bool, shows_dtype: bool) -> list[str]:
    """What follows the numbers: only what they do not already tell."""
    found: list[str] = []
    if tensor.device.type != kajo.get_default_device().type:
        found.append(f"device='{tensor.device}'")
    if shows_size:
        found.append(f"size={tuple(tensor.shape)}")
    if shows_dtype:
        found.append(f"dtype={tensor.dtype}")
    gradient = _gradient_suffix(tensor)
    if gradient is not None:
        found.append(gradient)
    for level in range(_core._forward_levels()):
        tangent = _core._tangent(tensor, level)
        if tangent is not None:
            found.append(f"tangent={tangent}")
    return found


def _join(text: str, suffixes: list[str], indent: int) -> str:
    """Append the suffixes, starting a new line before one that would pass the line's end."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        width = len(suffix) + _SHORTER_NAME * suffix.startswith("dtype=")
        if column + width + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + width
        else:
            text += ", " + suffix
            column += width + 2
    return text + ")"


def _obvious_dtypes() -> tuple[Any, ...]:
    """The data types a reader can tell from the numbers alone."""
    default = kajo.get_default_dtype()
    default_complex = kajo.complex128 if default == kajo.float64 else kajo.complex64
    return (default, default_complex, kajo.int64, kajo.bool)


def _str(tensor: Tensor, *, tensor_contents: str | None = None) -> str:
    """Return the text of a tensor, as ``repr(tensor)`` shows it.

    Args:
        tensor: a tensor of any shape, dtype and device.
        tensor_contents: text to show in place of the numbers.

    Example:
        >>> import kajo
        >>> kajo._tensor_str._str(kajo.tensor([[1.5, 2.0]]))
        'tensor([[1.5000, 2.0000]])'
    """
    # Parameters print their data as plain tensors do.
    plain = type(tensor).__name__ in ("Tensor", "Parameter")
    prefix = "tensor(" if plain else f"{type(tensor).__name__}("
    indent = len(prefix)
    is_meta = tensor.device.type == "meta"
    is_empty = tensor.numel() == 0
    if is_empty or is_meta:
        shows_dtype = tensor.dtype != kajo.get_default_dtype()
    else:
        shows_dtype = tensor.dtype not in _obvious_dtypes()
    suffixes = _suffixes(
        tensor,
        shows_size=is_meta or (tensor.dim() != 1 if is_empty else _options.edgeitems == 0),
        shows_dtype=shows_dtype,
    )
    if tensor_contents is None:
        tensor_contents = "..." if is_meta else _contents(tensor.detach(), indent)
    return _join(prefix + tensor_contents, suffixes, indent)
