"""Reductions over segments of a dimension."""

from __future__ import annotations

from kajo import _core
from kajo._operation import Number, operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()

# What a segment without elements gives.
_NOTHING = {
    "sum": 0.0,
    "mean": float("nan"),
    "max": float("-inf"),
    "min": float("inf"),
    "prod": 1.0,
}
_KINDS = {"max": "amax", "min": "amin", "prod": "prod"}


@operation()
def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Number | None = None,
) -> Tensor:
    """The sum, mean, maximum, minimum or product of consecutive segments of a dimension.

    Args:
        reduce: "sum", "mean", "max", "min" or "prod".
        lengths: how long the segments are; its last dimension is the one at `axis`.
        offsets: where the segments begin, and where the last one ends, instead.
        axis: the dimension that is cut.
        unsafe: accept lengths that do not fill the dimension; what is left belongs to no segment.
        initial: a further element of each segment.

    Raises:
        RuntimeError: for another `reduce`, or lengths that do not fit.

    >>> import kajo
    >>> kajo.segment_reduce(kajo.tensor([1.0, 2.0, 3.0]), "sum", lengths=kajo.tensor([2, 1]))
    tensor([3., 3.])
    """
    kind = {"amax": "max", "amin": "min"}.get(reduce, reduce)
    if kind not in _NOTHING:
        raise RuntimeError(
            f"segment_reduce(): reduce must be one of sum, mean, max, min and prod, got {reduce!r}"
        )
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if offsets is not None and lengths is None:
        lengths = offsets.diff()
    if lengths is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    if not data.is_floating_point():
        raise NotImplementedError(
            f'"segment_reduce" not implemented for {data.dtype}: convert the tensor first'
        )
    axis = axis % max(data.dim(), 1)
    _check_lengths(data, lengths, axis, unsafe)
    return _reduced(data, lengths.to(_core.int64), axis, kind, initial)


def _check_lengths(data: Tensor, lengths: Tensor, axis: int, unsafe: bool) -> None:
    if lengths.is_floating_point() or lengths.dtype == _core.bool:
        raise NotImplementedError(
            f'"segment_reduce" not implemented for lengths of {lengths.dtype}: use integers'
        )
    if axis != lengths.dim() - 1:
        raise RuntimeError(
            f"segment_reduce(): Expected axis to be the last dimension of lengths but got {axis}."
        )
    if data.numel() and lengths.shape[:-1] != data.shape[:axis]:
        raise RuntimeError(
            f"segment_reduce(): lengths of shape {tuple(lengths.shape)} do not go with data of shape {tuple(data.shape)}"
        )
    if unsafe:
        return
    if bool((lengths < 0).any()):
        raise RuntimeError("segment_reduce(): lengths contains negative value!")
    if bool((lengths.sum(-1) != data.shape[axis]).any()):
        raise RuntimeError(
            f"segment_reduce(): Expected all rows of lengths to sum to the size {data.shape[axis]} of dimension {axis} when !unsafe."
        )


def _reduced(data: Tensor, lengths: Tensor, axis: int, kind: str, initial: Number | None) -> Tensor:
    outer, rest = data.shape[:axis], data.shape[axis + 1 :]
    segments, n = lengths.shape[-1], data.shape[axis]
    rows = lengths.reshape(-1, segments)
    # Each element's segment; one more takes what belongs to none.
    places = _core.arange(n).expand(rows.shape[0], n).contiguous()
    owner = _core.searchsorted(rows.cumsum(-1), places, right=True)
    owner = owner + _core.arange(rows.shape[0]).unsqueeze(1) * (segments + 1)
    start = _NOTHING[kind] if initial is None else initial
    if kind == "mean" and initial is None:
        start = 0.0
    base = data.new_full((rows.shape[0] * (segments + 1), *rest), start)
    flat = data.reshape(-1, *rest)
    if kind in _KINDS:
        result = base.index_reduce(0, owner.flatten(), flat, _KINDS[kind])
    else:
        result = base.index_add(0, owner.flatten(), flat)
    result = result.reshape(*outer, segments + 1, *rest).narrow(axis, 0, segments)
    if kind != "mean":
        return result
    counts = lengths.reshape(*lengths.shape, *[1] * len(rest)).to(data.dtype)
    return result / (counts if initial is None else counts.clamp(min=1))
