"""Tensors of different sizes as one tensor.

>>> import kajo
>>> x = kajo.nested.nested_tensor([kajo.ones(2, 3), kajo.ones(1, 3)], layout=kajo.jagged)
>>> kajo.nested.to_padded_tensor(x.sum(-1), 0.0)
tensor([[3., 3.],
        [3., 0.]])
"""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor
from kajo.nested import _construction, _jagged, _strided
from kajo.nested._tensor import NestedTensor, jagged

__all__ = [
    "as_nested_tensor", "masked_select", "narrow", "nested_tensor", "nested_tensor_from_jagged",
    "to_padded_tensor",
]  # fmt: skip


def nested_tensor(
    tensor_list: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A nested tensor with copies of tensors; a leaf, without their history.

    Args:
        tensor_list: tensors, or numbers in lists, of one number of dimensions.
        dtype: of the result; that of the first tensor by default.
        layout: kajo.strided, the default, or kajo.jagged, whose components differ along one dimension at
            most.
        device, pin_memory: accepted.
        requires_grad: record gradients with respect to it.

    Returns:
        The nested tensor.

    Raises:
        TypeError: if `tensor_list` is no list.
        RuntimeError: if the tensors do not fit each other or the layout.

    >>> import kajo
    >>> kajo.nested.nested_tensor([kajo.arange(2), kajo.arange(3)])
    nested_tensor([
      tensor([0, 1]),
      tensor([0, 1, 2])
    ])
    """
    if not isinstance(tensor_list, list):
        raise TypeError(
            "Only lists (List[Tensor] and List[List...[Scalar]]) are accepted in nested_tensor, got "
            f"{type(tensor_list).__name__}"
        )
    tensors = [t.detach() if isinstance(t, Tensor) else kajo.tensor(t) for t in tensor_list]
    made = _construction.from_list(tensors, dtype, layout, "nested_tensor")
    made._held = made._held.detach().clone().requires_grad_(requires_grad)
    return made


def as_nested_tensor(ts: Any, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """A nested tensor of tensors, with their history: gradients flow to them.

    Args:
        ts: tensors in a list or tuple, or one tensor, whose first dimension counts the components.
        dtype: of the result; that of the first tensor by default.
        device: accepted.
        layout: kajo.strided, the default, or kajo.jagged.

    Returns:
        The nested tensor.

    Raises:
        TypeError: if `ts` is something else.
        RuntimeError: if the tensors do not fit each other or the layout.

    >>> import kajo
    >>> a = kajo.ones(2, requires_grad=True)
    >>> kajo.nested.as_nested_tensor([a, kajo.ones(1)], layout=kajo.jagged).sum().backward()
    >>> a.grad
    tensor([1., 1.])
    """
    is_list = isinstance(ts, (list, tuple)) and all(isinstance(t, Tensor) for t in ts)
    if not is_list and not isinstance(ts, Tensor):
        raise TypeError(
            "as_nested_tensor(): Expected first argument to be a tensor or a list / tuple of tensors"
        )
    if isinstance(ts, NestedTensor):
        if ts._kind is not (layout or kajo.strided):
            raise RuntimeError(
                "as_nested_tensor(): Converting between nested tensor layouts is not supported"
            )
        return ts if dtype is None else ts.to(dtype)
    if isinstance(ts, Tensor):
        if ts.dim() < 2:
            raise RuntimeError("as_nested_tensor(): Expected tensor argument to have dim() > 1")
        ts = ts.unbind(0)
    return _construction.from_list(list(ts), dtype, layout, "as_nested_tensor")


def nested_tensor_from_jagged(
    values: Tensor,
    offsets: Tensor | None = None,
    lengths: Tensor | None = None,
    jagged_dim: int | None = None,
    min_seqlen: int | None = None,
    max_seqlen: int | None = None,
) -> Tensor:
    """A nested tensor of layout kajo.jagged as a view of values.

    Component i is values[offsets[i]:offsets[i + 1]], or values[offsets[i]:offsets[i] + lengths[i]].

    Args:
        values: the components, joined along the ragged dimension.
        offsets: where they begin, and last where they end; tensors with the same one have the same
            ragged size and can be combined.
        lengths: how long they are.
        jagged_dim: the ragged dimension of the result; 1 by default.
        min_seqlen, max_seqlen: the least and the greatest length, if known.

    Returns:
        The nested tensor; gradients flow to `values`.

    Raises:
        RuntimeError: if there are neither offsets nor lengths.
        ValueError: if the ragged dimension would be the first.

    >>> import kajo
    >>> x = kajo.nested.nested_tensor_from_jagged(kajo.arange(5.0), kajo.tensor([0, 2, 5]))
    >>> x.unbind()
    (tensor([0., 1.]), tensor([2., 3., 4.]))
    """
    if offsets is None and lengths is None:
        raise RuntimeError(
            "nested_tensor_from_jagged(): At least one of offsets or lengths is required."
        )
    for name, part in (("offsets", offsets), ("lengths", lengths)):
        if part is not None and not isinstance(part, Tensor):
            raise TypeError(
                f"nested_tensor_from_jagged(): argument '{name}' must be Tensor, not {type(part).__name__}"
            )
    ragged = 1 if jagged_dim is None else jagged_dim
    if ragged < 1:
        raise ValueError(f"Expected jagged_dim >=1, but got {ragged}.")
    if ragged > values.dim():
        raise IndexError(
            f"nested_tensor_from_jagged(): jagged_dim {ragged} out of range for values of shape {values.shape}"
        )
    if offsets is None:
        assert lengths is not None
        offsets = kajo.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        lengths = None
    return jagged(values, offsets, lengths, ragged, min_seqlen, max_seqlen)


def narrow(tensor: Tensor, dim: int, start: Any, length: Any, layout: Any = kajo.strided) -> Tensor:
    """A part of each row of a strided tensor, from `start` on of `length`, as a view.

    Args:
        tensor: a strided tensor.
        dim: the dimension of which a part is taken: 1.
        start: where the parts begin: a number, or one for each row.
        length: how long they are, likewise.
        layout: kajo.jagged.

    Returns:
        A nested tensor.

    Raises:
        RuntimeError: for other layouts and dimensions.

    >>> import kajo
    >>> x = kajo.arange(6.0).reshape(2, 3)
    >>> kajo.nested.narrow(x, 1, 0, kajo.tensor([1, 3]), layout=kajo.jagged).unbind()
    (tensor([0.]), tensor([3., 4., 5.]))
    """
    return _construction.narrowed(tensor, dim, start, length, layout)


def masked_select(tensor: Tensor, mask: Tensor) -> Tensor:
    """The elements of each row where a mask is true.

    Args:
        tensor: a strided tensor; its dimensions but the last count the rows.
        mask: of truth values, of a shape that broadcasts with that of `tensor`.

    Returns:
        A nested tensor of layout kajo.jagged.

    Raises:
        RuntimeError: if the mask has another dtype.

    >>> import kajo
    >>> x = kajo.tensor([[1, -2], [3, 4]])
    >>> kajo.nested.masked_select(x, x > 0).unbind()
    (tensor([1]), tensor([3, 4]))
    """
    return _construction.selected(tensor, mask)


def to_padded_tensor(
    input: Any, padding: float, output_size: Any = None, out: Any = None
) -> Tensor:
    """The components as one strided tensor, each filled up at its end.

    Args:
        input: a nested tensor.
        padding: what to fill up with.
        output_size: the shape of the result; as small as possible by default.
        out: the tensor to write to.

    Returns:
        A strided tensor.

    Raises:
        RuntimeError: if the components do not fit `output_size`.

    >>> import kajo
    >>> x = kajo.nested.nested_tensor([kajo.tensor([1]), kajo.tensor([2, 3])])
    >>> kajo.nested.to_padded_tensor(x, 0)
    tensor([[1, 0],
            [2, 3]])
    """
    if not isinstance(padding, (int, float)):
        raise TypeError(
            f"to_padded_tensor(): argument 'padding' must be float, not {type(padding).__name__}"
        )
    if not isinstance(input, NestedTensor):
        raise NotImplementedError("to_padded_tensor(): expected a nested tensor, got a strided one")
    fill = _jagged.to_padded if input._kind is kajo.jagged else _strided.to_padded
    result = fill(input, padding, output_size)
    return result if out is None else out.copy_(result)
