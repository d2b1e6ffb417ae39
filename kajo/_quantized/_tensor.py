"""The tensor of codes, and what makes numbers of them.

To the core it is a face of the right shape without data, as sparse tensors are; beside it the codes are
a plain tensor of integers. There are no gradients.
"""

from __future__ import annotations

from typing import Any

from kajo import Tensor, _core
from kajo._quantized._schemes import Quantizer, check_dtype

__all__ = ["QuantizedTensor", "dequantized", "make", "quantized"]


class QuantizedTensor(Tensor):
    """A tensor of a quantised dtype; made by `kajo.quantize_per_tensor` and the like."""

    _codes: Tensor
    _code_dtype: Any
    _quantizer: Quantizer

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the operation is for quantised tensors.

        Raises:
            NotImplementedError: if it is none.
        """
        from kajo._quantized._operations import find

        name, handler = find(func)
        if handler is None:
            raise NotImplementedError(
                f"{name}(): is not implemented for quantised tensors: convert them with dequantize() first"
            )
        return handler(*args, **(kwargs or {}))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return make, (self._codes, self._code_dtype, self._quantizer)


def make(codes: Tensor, dtype: Any, quantizer: Quantizer) -> QuantizedTensor:
    """A quantised tensor of its codes."""
    shape = tuple(codes.shape)
    result: QuantizedTensor = Tensor._make_wrapper_subclass(
        QuantizedTensor, shape, (0,) * len(shape), dtype=_core.uint8
    )
    result._codes, result._code_dtype, result._quantizer = codes, dtype, quantizer
    return result


def quantized(name: str, input: Tensor, quantizer: Quantizer, dtype: Any) -> QuantizedTensor:
    """Numbers as codes.

    Raises:
        RuntimeError: if dtypes or parameters do not fit.
    """
    check_dtype(name, dtype)
    if input.dtype is not _core.float32:
        raise RuntimeError(f"{name}(): expects a float32 tensor, got {input.dtype}")
    quantizer.check(name, tuple(input.shape), dtype)
    return make(quantizer.codes(input, dtype), dtype, quantizer)


def dequantized(x: QuantizedTensor) -> Tensor:
    """The numbers of the codes, in float32."""
    return x._quantizer.values(x._codes)
