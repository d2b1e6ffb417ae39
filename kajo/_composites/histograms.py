"""Counts of elements in bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__ = ["histogramdd"]
METHODS: tuple[str, ...] = ()


class HistogramResult(NamedTuple):
    """What :func:`kajo.histogramdd` returns: the counts, and the borders along each dimension."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]


HistogramResult.__name__ = "histogramdd"


@operation(method=True, results="hist bin_edges", out="same")
def histogram(
    input: Tensor, bins: Tensor, *, weight: Tensor | None = None, density: bool = False
) -> tuple[Tensor, Tensor]:
    """How many elements lie in each bin; each bin has its left border, the last one both.

    Args:
        bins: the number of bins, which are of one width, or the ascending borders.
        range: (low, high), the outer borders of a number of bins; those of the elements by default.
        weight: what each element counts, of the input's shape.
        density: divide so that the sum over bins, times their widths, is 1.

    Returns:
        (hist, bin_edges).

    Raises:
        RuntimeError: for bins, range or weights that do not fit.

    >>> import kajo
    >>> kajo.histogram(kajo.tensor([1.0, 2.0, 1.0]), 4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    return _histogram(input, bins, None, weight, density)


@operation(method=True, results="hist bin_edges", out="same")  # type: ignore[no-redef]
def histogram(  # noqa: F811
    input: Tensor,
    bins: int = 100,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> tuple[Tensor, Tensor]:
    """The overload for a number of bins."""
    return _histogram(input, bins, range, weight, density)


def _histogram(
    input: Tensor, bins: Any, outer: Any, weight: Tensor | None, density: bool
) -> tuple[Tensor, Tensor]:
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError(
            f"histogram(): if weight tensor is provided it should have the same shape as the input tensor, but got {tuple(weight.shape)} and {tuple(input.shape)}"
        )
    flat = None if weight is None else weight.reshape(-1)
    counts, (edges,) = _count("histogram", input.reshape(-1, 1), [bins], outer, flat, density)
    return counts, edges


def histogramdd(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> HistogramResult:
    """How many points lie in each box of a grid; see :func:`kajo.histogram`.

    Args:
        input: (..., N), points of N coordinates.
        bins: the number of bins along each dimension, one number for all, or the borders along each.
        range: the lowest and the highest border along each dimension, one after the other.
        weight: what each point counts, of the shape (...).
        density: divide so that the sum over boxes, times their volumes, is 1.

    Returns:
        (hist, bin_edges), with one tensor of borders for each dimension.

    Raises:
        RuntimeError: for bins, range or weights that do not fit.

    >>> import kajo
    >>> points = kajo.tensor([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> kajo.histogramdd(points, 2).hist
    tensor([[1., 0.],
            [0., 2.]])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"histogramdd(): input tensor should have at least 2 dimensions, but got {input.dim()}"
        )
    dimensions = input.shape[-1]
    each = [bins] * dimensions if isinstance(bins, int) else list(bins)
    if len(each) != dimensions:
        raise RuntimeError(
            f"histogramdd(): The size of bins must be equal to the innermost dimension of the input, but got {len(each)} and {dimensions}"
        )
    if weight is not None and weight.shape != input.shape[:-1]:
        raise RuntimeError(
            f"histogramdd(): weight should have the shape of the input without its innermost dimension, but got {tuple(weight.shape)} and {tuple(input.shape)}"
        )
    flat = None if weight is None else weight.reshape(-1)
    points = input.reshape(-1, dimensions)
    counts, edges = _count("histogramdd", points, each, range, flat, density)
    given = [own if isinstance(own, Tensor) else edge for own, edge in zip(each, edges)]
    return HistogramResult(counts, tuple(given))


def _count(
    name: str, points: Tensor, bins: list[Any], outer: Any, weight: Tensor | None, density: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Counts (points, dimensions) in the boxes."""
    if points.dtype not in (_core.float32, _core.float64):
        raise NotImplementedError(
            f'"{name}" not implemented for {points.dtype}: convert the tensor with .to(...) first'
        )
    if weight is not None and weight.dtype != points.dtype:
        raise RuntimeError(
            f"{name}(): if weight tensor is provided, input tensor and weight tensor must have the same dtype, but got {points.dtype} and {weight.dtype}"
        )
    points = points.detach()
    edges = _edges(name, points, bins, outer)
    shape = [e.numel() - 1 for e in edges]
    place = _core.zeros(points.shape[0], dtype=_core.int64)
    inside = _core.ones(points.shape[0], dtype=_core.bool)
    for values, border, count in zip(points.unbind(1), edges, shape):
        inside = inside & (values >= border[0]) & (values <= border[-1])
        index = _core.searchsorted(border.contiguous(), values.contiguous(), right=True) - 1
        place = place * count + index.clamp(0, max(count - 1, 0))
    boxes = 1
    for count in shape:
        boxes *= count
    amount = _core.ones_like(place, dtype=points.dtype) if weight is None else weight.detach()
    counts = _core.zeros(boxes, dtype=points.dtype)
    counts = counts.index_add(0, place[inside], amount[inside]).reshape(shape)
    if density:
        counts = counts / counts.sum()
        for i, border in enumerate(edges):
            counts = counts / border.diff().reshape(
                [-1 if i == j else 1 for j in range(len(edges))]
            )
    return counts, edges


def _edges(name: str, points: Tensor, bins: list[Any], outer: Any) -> tuple[Tensor, ...]:
    if outer is not None and len(outer) != 2 * len(bins):
        raise RuntimeError(
            f"{name}(): for a {len(bins)}-dimensional histogram range should have {2 * len(bins)} elements, but got {len(outer)}"
        )
    edges = []
    for i, count in enumerate(bins):
        if isinstance(count, Tensor):
            if count.dim() != 1 or count.numel() == 0:
                raise RuntimeError(
                    f"{name}(): bins tensor should have one dimension and at least one element, but got {tuple(count.shape)}"
                )
            if count.dtype != points.dtype:
                raise RuntimeError(
                    f"{name}(): input tensor and bins tensors should have the same dtype, but got {points.dtype} and {count.dtype}"
                )
            edges.append(count.detach().clone())
            continue
        if count <= 0:
            raise RuntimeError(f"{name}(): bins must be > 0, but got {count}")
        low, high = 0.0, 1.0
        if outer is not None:
            low, high = outer[2 * i], outer[2 * i + 1]
        elif points.shape[0]:
            low, high = (float(v) for v in points[:, i].aminmax())
        if not (abs(low) < float("inf") and abs(high) < float("inf")):
            raise RuntimeError(f"{name}(): dimension {i}'s range [{low}, {high}] is not finite")
        if low > high:
            raise RuntimeError(f"{name}(): min should not exceed max, but got min {low} max {high}")
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges.append(_core.linspace(low, high, count + 1, dtype=points.dtype))
    return tuple(edges)
