"""Dimensions reordered, split and joined by a pattern that names them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import kajo
from kajo import Tensor

__all__ = ["rearrange"]

_ELLIPSIS = "..."
_JOINED = "(...)"  # the dots in brackets: all that are not named become one dimension
# Groups of names in brackets, names and ones, and the dots.
_WORD = re.compile(r"\.\.\.|[()]|[^\s().]+")


def rearrange(
    tensor: Tensor | list[Tensor] | tuple[Tensor, ...], pattern: str, **axes_lengths: int
) -> Tensor:
    """The elements in the order of dimensions that a pattern says.

    Left of the arrow each dimension has a name; names in brackets are what a dimension is made of,
    the slowest first. Right of it the names stand as the result is to have them. 1 is a dimension
    without a name, "..." all that are not named.

    Args:
        tensor: a tensor, or a list of tensors, which are stacked first.
        pattern: such as "b (h p) w -> b h (p w)".
        **axes_lengths: sizes of names in brackets that do not follow from the shape.

    Returns:
        A view where that is possible.

    Raises:
        ValueError: if the pattern makes no sense, or does not fit the shape.

    >>> import kajo
    >>> x = kajo.arange(6).view(2, 3)
    >>> kajo.func.rearrange(x, "a b -> (b a)")
    tensor([0, 3, 1, 4, 2, 5])
    >>> kajo.func.rearrange(kajo.arange(6), "(a b) -> a b", b=3).shape
    kajo.Size([2, 3])
    """
    x = tensor if isinstance(tensor, Tensor) else kajo.stack(tensor)
    left, arrow, right = pattern.partition("->")
    if not arrow or "->" in right:
        raise ValueError(f"rearrange(): pattern {pattern!r} must contain a single '->' separator")
    source, target = _groups(left, pattern), _groups(right, pattern)
    _check_names(source, target, axes_lengths, pattern)
    source, target = _spread(source, target, x.dim())
    sizes = _sizes(source, x.shape, axes_lengths, pattern)
    names = [name for group in source for name in group]
    split = x.reshape([sizes[name] for name in names])
    wanted = [name for group in target for name in group]
    moved = split.permute([names.index(name) for name in wanted])
    return moved.reshape([math.prod(sizes[name] for name in group) for group in target])


def _groups(side: str, pattern: str) -> list[list[str]]:
    """The names that each dimension of a side is made of."""
    groups: list[list[str]] = []
    inside = False
    for word in _WORD.findall(side):
        if word in "()":
            if inside == (word == "("):
                raise ValueError(f"rearrange(): imbalanced parentheses in {pattern!r}")
            inside = word == "("
            if inside:
                groups.append([])
            continue
        _check_word(word, pattern)
        members = [] if word == "1" else [word]
        if inside and word == _ELLIPSIS:
            members = [_JOINED]
        if inside:
            groups[-1] += members
        else:
            groups.append(members)
    if inside:
        raise ValueError(f"rearrange(): imbalanced parentheses in {pattern!r}")
    return groups


def _check_word(word: str, pattern: str) -> None:
    if word == _ELLIPSIS or word == "1":
        return
    if word.isdigit():
        raise ValueError(f"rearrange(): {pattern!r}: only dimensions of size 1 need no name")
    if not word.isidentifier() or word[0] == "_" or word[-1] == "_":
        raise ValueError(f"rearrange(): {pattern!r}: invalid name of a dimension: {word}")


def _check_names(
    source: list[list[str]], target: list[list[str]], lengths: dict[str, int], pattern: str
) -> None:
    flat = [[name for group in side for name in group] for side in (source, target)]
    for names in flat:
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"rearrange(): {pattern!r} names {sorted(twice)} more than once")
    if _JOINED in flat[0]:
        raise ValueError(f"rearrange(): {pattern!r}: dots in brackets stand on the right only")
    once = set(flat[0]) ^ {_ELLIPSIS if name == _JOINED else name for name in flat[1]}
    if once:
        raise ValueError(f"rearrange(): {pattern!r}: {sorted(once)} stand on one side only")
    unknown = set(lengths) - set(flat[0])
    if unknown:
        raise ValueError(f"rearrange(): {pattern!r} does not name {sorted(unknown)}")


def _spread(
    source: list[list[str]], target: list[list[str]], dims: int
) -> tuple[list[list[str]], list[list[str]]]:
    """The dots as names of their own."""
    if [_ELLIPSIS] not in source:
        return source, target
    hidden = [f"...{i}" for i in range(dims - len(source) + 1)]
    at = source.index([_ELLIPSIS])
    spread_source = [*source[:at], *([name] for name in hidden), *source[at + 1 :]]
    spread_target: list[list[str]] = []
    for group in target:
        if group == [_ELLIPSIS]:
            spread_target += [[name] for name in hidden]
        elif _JOINED in group:
            at = group.index(_JOINED)
            spread_target.append([*group[:at], *hidden, *group[at + 1 :]])
        else:
            spread_target.append(group)
    return spread_source, spread_target


def _sizes(
    source: list[list[str]], shape: Sequence[int], lengths: dict[str, int], pattern: str
) -> dict[str, int]:
    """The size of each name."""
    if len(source) != len(shape):
        raise ValueError(
            f"rearrange(): {pattern!r} names {len(source)} dimensions, but the tensor has the shape "
            f"{tuple(shape)}"
        )
    sizes = dict(lengths)
    for group, size in zip(source, shape):
        unknown = [name for name in group if name not in sizes]
        known = math.prod(sizes[name] for name in group if name in sizes)
        if len(unknown) > 1:
            raise ValueError(
                f"rearrange(): {pattern!r}: the sizes of {unknown} do not follow from the shape "
                f"{tuple(shape)}: give them by name"
            )
        if (unknown and (known == 0 or size % known)) or (not unknown and known != size):
            raise ValueError(
                f"rearrange(): {pattern!r}: a dimension of size {size} cannot be made of {group} "
                f"with the sizes {lengths}"
            )
        for name in unknown:
            sizes[name] = size // known
    return sizes
