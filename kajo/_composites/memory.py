"""Where tensors are, and how their elements lie there."""

from __future__ import annotations

import itertools
from typing import Any

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS = ("dim_order", "module_load", "record_stream")

# What of each kind of device is not here: PyTorch's error, and what it says.
_DEVICES: dict[str, tuple[type[Exception], str]] = {
    "cuda": (AssertionError, "kajo was not compiled with CUDA enabled"),
    "xpu": (AssertionError, "kajo was not compiled with XPU enabled"),
    "mtia": (AssertionError, "kajo was not compiled with MTIA enabled"),
    "ipu": (RuntimeError, "kajo has no support for ipu devices"),
}


def _define_copy(kind: str) -> None:
    error, text = _DEVICES[kind]

    def copied(
        input: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Tensor:
        if isinstance(device, int):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if device is not None and str(device).partition(":")[0] != kind:
            raise RuntimeError(f"{kind}(): Invalid device, must be {kind} device, got {device}")
        raise error(f"{kind}(): {text}")

    copied.__name__ = copied.__qualname__ = kind
    copied.__doc__ = f"""A copy in the memory of a device of the kind {kind}, of which there is none.

    Args:
        device: which of them.
        non_blocking: do not wait for the copy.
        memory_format: how the elements are to lie.

    Raises:
        {error.__name__}: always: this build is for the CPU.

    >>> import kajo
    >>> kajo.ones(1).{kind}()
    Traceback (most recent call last):
    {error.__name__}: {kind}(): {text}
    """
    operation(function=False, method=True)(copied)


for _kind in _DEVICES:
    _define_copy(_kind)


def record_stream(self: Tensor, s: Any) -> None:
    """Keep the memory until a stream of a GPU has done its work so far.

    Raises:
        NotImplementedError: for a tensor on the CPU, whose work is done when a call returns.
    """
    from kajo._streams import Stream

    if not isinstance(s, Stream):
        raise RuntimeError(f"record_stream(): expected a Stream, got {type(s).__name__}")
    raise NotImplementedError("record_stream(): is for tensors on GPUs; this one is on the CPU")


@operation(function=False, method=True)
def is_distributed(input: Tensor) -> bool:
    """Whether the tensor lies on several machines: never.

    >>> import kajo
    >>> kajo.ones(1).is_distributed()
    False
    """
    return False


_OPAQUE = (_core.float32, _core.bfloat16, _core.float16, _core.uint8, _core.int8)


@operation(function=False, method=True)
def to_mkldnn(input: Tensor, dtype: _core._dtype | None = None) -> Tensor:
    """A copy in the layout that kernels like best, which here is the plain one.

    Args:
        dtype: convert to it.

    Returns:
        A contiguous tensor, whose `to_dense()` is itself.

    Raises:
        RuntimeError: for dtypes that PyTorch's MKL-DNN does not take.

    >>> import kajo
    >>> kajo.ones(2).to_mkldnn().to_dense()
    tensor([1., 1.])
    """
    if input.dtype not in _OPAQUE:
        raise RuntimeError(
            f"to_mkldnn(): expects a float, bfloat16, half, uint8 or int8 tensor, got {input.dtype}"
        )
    copied = input.clone(memory_format=_core.contiguous_format)
    return copied if dtype is None else copied.to(dtype)


@operation(method=True)
def slice_inverse(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """The tensor of which `input` is a slice: a view with the shape and strides of `src`.

    Args:
        src: a tensor that lies in memory as the whole one does.
        dim, start, end, step: how it was sliced; where the whole begins is where `src` does.

    Raises:
        RuntimeError: if the storage of `input` is too small.

    >>> import kajo
    >>> x = kajo.arange(4)
    >>> kajo.slice_inverse(x[:2], x, 0, 0, 2)
    tensor([0, 1, 2, 3])
    """
    return input.as_strided(src.size(), src.stride(), src.storage_offset())


def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What takes this tensor's place when a module loads `other` from a state.

    Args:
        other: the loaded tensor.
        assign: take it as it is in place of copying its elements.

    Returns:
        A tensor without history that is neither of the two.

    >>> import kajo
    >>> kajo.zeros(2).module_load(kajo.ones(2))
    tensor([1., 1.])
    """
    return other.detach() if assign else self.copy_(other).detach()


def dim_order(self: Tensor, *, ambiguity_check: bool | list[Any] = False) -> tuple[int, ...]:
    """The dimensions as they lie in memory, outermost first.

    Args:
        ambiguity_check: True: refuse tensors whose strides allow another order too; a list of memory
            formats: accept them where exactly one of these fits.

    Raises:
        RuntimeError: if the order is not the only one.
        TypeError: if `ambiguity_check` is neither.

    >>> import kajo
    >>> kajo.ones(2, 3).t().dim_order()
    (1, 0)
    """
    formats = [] if isinstance(ambiguity_check, bool) else ambiguity_check
    if not isinstance(formats, list) or not all(
        isinstance(f, _core.memory_format) for f in formats
    ):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    order, certain = _by_strides(self)
    if ambiguity_check:
        ambiguous = 1 in self.shape or any(a == b for a, b in itertools.pairwise(self.stride()))
        fitting = sum(_fits(self, memory_format) for memory_format in formats)
        if not certain or (ambiguous and fitting != 1):
            raise RuntimeError(
                "dim_order(): the tensor does not have a unique order of dimensions, or does not fit "
                f"exactly one of the given memory formats (shape {tuple(self.shape)}, strides "
                f"{self.stride()})"
            )
    return order


def _fits(input: Tensor, memory_format: Any) -> bool:
    needed = {_core.channels_last: 4, _core.channels_last_3d: 5}.get(memory_format, input.dim())
    return input.dim() == needed and input.is_contiguous(memory_format=memory_format)


def _by_strides(input: Tensor) -> tuple[tuple[int, ...], bool]:
    """Dimensions from the largest stride down, and whether no neighbours could change places."""
    shape, strides = input.shape, input.stride()
    rows, pixels = _fits(input, _core.contiguous_format), _fits(input, _core.channels_last)
    if rows != pixels:
        return tuple(range(len(shape))) if rows else (0, 2, 3, 1), True

    def compared(inner: int, outer: int) -> int:
        """Positive where these two, as they are, have to change places; 0 where they may."""
        a, b = strides[inner], strides[outer]
        if a == 0 or b == 0 or (a == b and shape[outer] >= shape[inner]):
            return 0  # repeated in memory, or alike: they stay as they are
        return 1 if a >= b else -1

    order = list(range(len(shape)))[::-1]
    for i in range(1, len(order)):
        at = i
        for j in range(i - 1, -1, -1):
            relation = compared(order[j], order[at])
            if relation > 0:
                order[j], order[at] = order[at], order[j]
                at = j
            elif relation < 0:
                break
    certain = all(compared(inner, outer) < 0 for inner, outer in itertools.pairwise(order))
    return tuple(order[::-1]), certain
