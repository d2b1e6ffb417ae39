"""Sums of products over named or chosen dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["cdist", "chain_matmul", "einsum", "tensordot"]
METHODS: tuple[str, ...] = ()

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _from_sublists(arguments: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """The form einsum(a, [0, 1], b, [1, 2], [0, 2]) as an equation."""

    def term(sublist: Sequence[Any]) -> str:
        for i in sublist:
            if i is not Ellipsis and not 0 <= int(i) < len(_LETTERS):
                raise ValueError(
                    f"einsum(): subscript {i} in the sublist is not in [0, {len(_LETTERS)})"
                )
        return "".join("..." if i is Ellipsis else _LETTERS[int(i)] for i in sublist)

    pairs, output = len(arguments) // 2, len(arguments) % 2
    equation = ",".join(term(arguments[2 * i + 1]) for i in range(pairs))
    if output:
        equation += "->" + term(arguments[-1])
    return equation, list(arguments[: 2 * pairs : 2])


def _split_term(term: str, operand: int) -> list[str]:
    """The labels of a term; '...' stands for itself."""
    labels: list[str] = []
    rest = term
    while rest:
        if rest.startswith("..."):
            if "..." in labels:
                raise RuntimeError(
                    f"einsum(): found more than one ellipsis in operand {operand}: {term!r}"
                )
            labels.append("...")
            rest = rest[3:]
        elif rest[0].isalpha():
            labels.append(rest[0])
            rest = rest[1:]
        else:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {len(term) - len(rest)} of {term!r}: "
                "subscripts must be in [a-zA-Z]"
            )
    return labels


def _expand_ellipsis(terms: list[list[str]], operands: list[Tensor]) -> tuple[list[list[Any]], int]:
    """Dimensions of an ellipsis get the numbers 0, 1, ... aligned at the right."""
    widths = []
    for i, (labels, operand) in enumerate(zip(terms, operands)):
        named = sum(label != "..." for label in labels)
        if ("..." in labels and named > operand.dim()) or (
            "..." not in labels and named != operand.dim()
        ):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) does not match the "
                f"number of dimensions ({operand.dim()}) for operand {i}"
                + (" and no ellipsis was given" if "..." not in labels else "")
            )
        widths.append(operand.dim() - named if "..." in labels else 0)
    most = max(widths)
    expanded = [
        [x for label in labels for x in (range(most - w, most) if label == "..." else [label])]
        for labels, w in zip(terms, widths)
    ]
    return expanded, most


def _take_diagonals(operand: Tensor, labels: list[Any]) -> tuple[Tensor, list[Any]]:
    """Each label once: what is repeated becomes a diagonal."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            a, b = operand.shape[first], operand.shape[second]
            if a != b:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for one operand but the sizes don't match, {b} != {a}"
                )
            operand = operand.diagonal(0, first, second)
            del labels[second], labels[first]
            labels.append(label)
    return operand, labels


def _sum_over(operand: Tensor, labels: list[Any], gone: list[Any]) -> tuple[Tensor, list[Any]]:
    if not gone:
        return operand, labels
    summed = operand.sum([labels.index(label) for label in gone])
    return summed, [label for label in labels if label not in gone]


def _arranged(operand: Tensor, labels: list[Any], order: list[Any]) -> Tensor:
    result: Tensor = operand.permute([labels.index(label) for label in order])
    return result


def _product(shape: Sequence[int]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _contract(
    a: Tensor, la: list[Any], b: Tensor, lb: list[Any], needed: set[Any]
) -> tuple[Tensor, list[Any]]:
    """The product of two operands, summed over what nobody needs any more, by one matmul."""
    a, la = _sum_over(a, la, [x for x in la if x not in lb and x not in needed])
    b, lb = _sum_over(b, lb, [x for x in lb if x not in la and x not in needed])
    # A size of 1 against another one broadcasts.
    for label in [x for x in la if x in lb]:
        n, m = a.shape[la.index(label)], b.shape[lb.index(label)]
        if n == m:
            continue
        if (n == 1 and (m != 1) and label not in needed) or (m == 1 and label not in needed):
            a, la = _sum_over(a, la, [label])
            b, lb = _sum_over(b, lb, [label])
        elif n == 1:
            a = a.expand([m if x == label else s for x, s in zip(la, a.shape)])
        else:
            b = b.expand([n if x == label else s for x, s in zip(lb, b.shape)])
    shared = [x for x in la if x in lb]
    batch = [x for x in shared if x in needed]
    summed = [x for x in shared if x not in needed]
    left = [x for x in la if x not in lb]
    right = [x for x in lb if x not in la]
    if not summed and not (left and right):
        order = [*batch, *left, *right]
        wide_a = _arranged(a, la, [*batch, *left]).reshape(
            [a.shape[la.index(x)] if x in la else 1 for x in order]
        )
        wide_b = _arranged(b, lb, [*batch, *right]).reshape(
            [b.shape[lb.index(x)] if x in lb else 1 for x in order]
        )
        return wide_a * wide_b, order
    size = dict([*zip(la, a.shape), *zip(lb, b.shape)])

    def count(labels: list[Any]) -> int:
        return _product([size[x] for x in labels])

    rows = _arranged(a, la, [*batch, *left, *summed]).reshape(
        count(batch), count(left), count(summed)
    )
    columns = _arranged(b, lb, [*batch, *summed, *right]).reshape(
        count(batch), count(summed), count(right)
    )
    order = [*batch, *left, *right]
    return _core.bmm(rows, columns).reshape([size[x] for x in order]), order


def einsum(*args: Any) -> Tensor:
    """The sum of products that an equation describes.

    Args:
        equation: terms such as "ij,jk->ik"; a label repeated in a term takes a diagonal, a label
            missing from the result is summed over, "..." stands for any dimensions. Without "->"
            the result has the labels that occur once, in alphabetical order.
        *operands: one tensor for each term, or one list of them. Also accepted: operands
            alternating with lists of integers, einsum(a, [0, 1], b, [1, 2], [0, 2]).

    Returns:
        The result.

    Raises:
        RuntimeError: if the equation is malformed or does not fit the operands.

    >>> import kajo
    >>> kajo.einsum("ij,j->i", kajo.tensor([[1.0, 2.0], [3.0, 4.0]]), kajo.ones(2))
    tensor([3., 7.])
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    if isinstance(args[0], Tensor):
        equation, operands = _from_sublists(args)
    else:
        equation = args[0]
        operands = (
            list(args[1])
            if len(args) == 2 and isinstance(args[1], (list, tuple))
            else list(args[1:])
        )
    equation = equation.replace(" ", "")
    inputs, arrow, result = equation.partition("->")
    terms = [_split_term(term, i) for i, term in enumerate(inputs.split(","))]
    if len(terms) != len(operands):
        few = "fewer" if len(operands) < len(terms) else "more"
        raise RuntimeError(
            f"einsum(): {few} operands were provided than specified in the equation {equation!r}"
        )
    labels, most = _expand_ellipsis(terms, operands)
    output = _output_labels(labels, most, arrow, result)
    prepared = [_take_diagonals(operand, own) for operand, own in zip(operands, labels)]
    _check_sizes(prepared)
    current, own = prepared[0]
    for i in range(1, len(prepared)):
        needed = {*output, *(x for _, later in prepared[i + 1 :] for x in later)}
        current, own = _contract(current, own, *prepared[i], needed)
    current, own = _sum_over(current, own, [x for x in own if x not in output])
    return _arranged(current, own, output)


def _output_labels(labels: list[list[Any]], most: int, arrow: str, result: str) -> list[Any]:
    known = [x for own in labels for x in own]
    if not arrow:
        return [
            *range(most),
            *sorted(x for x in set(known) if isinstance(x, str) and known.count(x) == 1),
        ]
    output = [
        x for label in _split_term(result, -1) for x in (range(most) if label == "..." else [label])
    ]
    for x in output:
        if x not in known:
            raise RuntimeError(
                f"einsum(): output subscript {x} does not appear in the equation for any input operand"
            )
        if output.count(x) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {x} appears more than once in the output"
            )
    return output


def _check_sizes(prepared: list[tuple[Tensor, list[Any]]]) -> None:
    sizes: dict[Any, int] = {}
    for i, (operand, labels) in enumerate(prepared):
        for label, n in zip(labels, operand.shape):
            known = sizes.get(label, 1)
            if n != 1 and known not in (1, n):
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {n} for operand {i} which does not broadcast "
                    f"with previously seen size {known}"
                )
            sizes[label] = known if n == 1 else n


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sum of products over chosen dimensions of both.

    Args:
        a, b: the factors.
        dims: how many of the last dimensions of `a` meet the first of `b`, or a pair of lists of
            dimensions.

    Returns:
        A tensor with the dimensions of `a`, then those of `b`, that were not summed over.

    Raises:
        RuntimeError: if the sizes of the dimensions differ.

    >>> import kajo
    >>> kajo.tensordot(kajo.ones(2, 3), kajo.ones(3, 4), dims=1).shape
    kajo.Size([2, 4])
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        over_a, over_b = list(range(a.dim() - dims, a.dim())), list(range(dims))
    else:
        over_a, over_b = (list(d) if isinstance(d, (list, tuple)) else [d] for d in dims)
    if len(over_a) != len(over_b):
        raise RuntimeError("both dimension lists should have same length")
    over_a = [d + a.dim() if d < 0 else d for d in over_a]
    over_b = [d + b.dim() if d < 0 else d for d in over_b]
    for x, y in zip(over_a, over_b):
        if a.shape[x] != b.shape[y] and 1 not in (a.shape[x], b.shape[y]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[x]} in dim {x} and "
                f"second has size {b.shape[y]} in dim {y}"
            )
    labels_a: list[Any] = [("a", i) for i in range(a.dim())]
    labels_b: list[Any] = [("b", i) for i in range(b.dim())]
    for i, (x, y) in enumerate(zip(over_a, over_b)):
        labels_a[x] = labels_b[y] = i
    output = [x for x in (*labels_a, *labels_b) if isinstance(x, tuple)]
    product, labels = _contract(a, labels_a, b, labels_b, set(output))
    result = _arranged(product, labels, output)
    if out is None:
        return result
    if out.dtype != result.dtype:
        raise RuntimeError(
            f"tensordot: Expected the output tensor to have dtype {result.dtype}, but got an output "
            f"tensor with dtype {out.dtype}"
        )
    return out.resize_(result.shape).copy_(result)


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of several matrices, in the order that needs the fewest multiplications.

    >>> import kajo
    >>> kajo.chain_matmul(kajo.ones(2, 3), kajo.ones(3, 4), kajo.ones(4, 1)).shape
    kajo.Size([2, 1])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for m in matrices:
        if m.dim() != 2:
            raise RuntimeError(
                f"chain_matmul(): Tensor dimension is {m.dim()}, expected 2 instead."
            )
    if len(matrices) == 1:
        return matrices[0]
    target = {} if out is None else {"out": out}
    return _core.linalg.multi_dot(matrices, **target)


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """The p-norm distances between all rows of two sets.

    Args:
        x1: (..., P, M).
        x2: (..., R, M).
        p: the norm, from 0 to infinity.

    Returns:
        (..., P, R).

    Raises:
        RuntimeError: if the last dimensions differ, or p is negative.

    >>> import kajo
    >>> kajo.cdist(kajo.zeros(1, 2), kajo.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """
    if x1.dim() < 2 or x2.dim() < 2:
        raise RuntimeError(
            f"cdist only supports at least 2D tensors, got {x1.dim()}D and {x2.dim()}D"
        )
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    many = x1.shape[-2] > 25 or x2.shape[-2] > 25
    if p == 2 and (
        compute_mode == "use_mm_for_euclid_dist"
        or (compute_mode != "donot_use_mm_for_euclid_dist" and many)
    ):
        return _euclidean_distances(x1, x2)
    # A difference for each pair takes memory: so many rows at a time.
    rows = max(1, 2**22 // max(1, x2.shape[-2] * x2.shape[-1]))
    parts = [
        _core._norm(part.unsqueeze(-2) - x2.unsqueeze(-3), p, [-1], False)
        for part in (x1.split(rows, -2) if x1.shape[-2] > rows else [x1])
    ]
    return parts[0] if len(parts) == 1 else _core.cat(parts, -2)


def _euclidean_distances(x1: Tensor, x2: Tensor) -> Tensor:
    """sqrt(|a|^2 + |b|^2 - 2 a.b) of all pairs of rows, as one product."""
    squares1, squares2 = x1.square().sum(-1, True), x2.square().sum(-1, True)
    left = _core.cat([x1 * -2, squares1, _core.ones_like(squares1)], -1)
    right = _core.cat([x2, _core.ones_like(squares2), squares2], -1)
    squares = (left @ right.mT).clamp_min(0)
    # The root has no slope at 0, where the gradient is 0.
    same = squares.detach() == 0
    return squares.masked_fill(same, 1).sqrt().masked_fill(same, 0)
