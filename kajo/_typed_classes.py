"""The classes of tensors by dtype that older programs name: `LongTensor([1, 2])`.

>>> import kajo
>>> kajo.LongTensor([1, 2])
tensor([1, 2])
>>> isinstance(kajo.ones(2), kajo.FloatTensor)
True
"""

from __future__ import annotations

from typing import Any

from kajo import _core
from kajo._tensor import Size, Tensor

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "set_default_tensor_type",
]  # fmt: skip


class _TypedClass(type):
    """A class that stands for the tensors of one dtype on the CPU."""

    dtype: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return (
            isinstance(instance, Tensor)
            and instance.dtype == cls.dtype
            and instance.device.type == "cpu"
        )

    def __call__(cls, *arguments: Any) -> Tensor:
        """An empty tensor, one of the given sizes (uninitialised), or one with the given data."""
        if not arguments or isinstance(arguments[0], (int, Size)):
            return _core.empty(*(arguments or (0,)), dtype=cls.dtype)
        (data,) = arguments
        if isinstance(data, Tensor):
            if data.dtype != cls.dtype:
                raise TypeError(
                    f"{cls.__name__}(): expected a tensor of {cls.dtype}, got {data.dtype}"
                )
            return data.detach()
        if not hasattr(data, "__len__") or isinstance(data, (str, bytes)):
            raise TypeError(
                f"{cls.__name__}(): data must be a sequence (got {type(data).__name__})"
            )
        return _core.tensor(data, dtype=cls.dtype)


def _typed(name: str, dtype: Any) -> _TypedClass:
    return _TypedClass(name, (), {"dtype": dtype, "__module__": "kajo"})


BFloat16Tensor = _typed("BFloat16Tensor", _core.bfloat16)
BoolTensor = _typed("BoolTensor", _core.bool)
ByteTensor = _typed("ByteTensor", _core.uint8)
CharTensor = _typed("CharTensor", _core.int8)
DoubleTensor = _typed("DoubleTensor", _core.float64)
FloatTensor = _typed("FloatTensor", _core.float32)
HalfTensor = _typed("HalfTensor", _core.float16)
IntTensor = _typed("IntTensor", _core.int32)
LongTensor = _typed("LongTensor", _core.int64)
ShortTensor = _typed("ShortTensor", _core.int16)


def set_default_tensor_type(t: Any, /) -> None:
    """Make the dtype of a typed class, or of its name, that of new floating-point tensors.

    Raises:
        TypeError: if it is none, or not of a floating-point dtype.

    >>> import kajo
    >>> kajo.set_default_tensor_type(kajo.DoubleTensor)
    >>> kajo.ones(1).dtype
    kajo.float64
    >>> kajo.set_default_tensor_type("kajo.FloatTensor")
    """
    typed = globals().get(t.rpartition(".")[2]) if isinstance(t, str) else t
    if not isinstance(typed, _TypedClass):
        raise TypeError(f"set_default_tensor_type(): invalid type object: {t!r}")
    _core._set_default_dtype(typed.dtype)
