"""Products of matrices in groups, and of matrices stored in few bits with scales beside them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["ScalingType", "SwizzleType", "grouped_mm", "scaled_grouped_mm", "scaled_mm"]


class ScalingType(IntEnum):
    """Which elements of a matrix share a scale.

    >>> from kajo.nn.functional import ScalingType
    >>> ScalingType.RowWise.name
    'RowWise'
    """

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(IntEnum):
    """In which order scales lie in memory.

    >>> from kajo.nn.functional import SwizzleType
    >>> SwizzleType.NO_SWIZZLE.value
    0
    """

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def grouped_mm(
    mat_a: Tensor,
    mat_b: Tensor,
    *,
    offs: Tensor | None = None,
    bias: Tensor | None = None,
    out_dtype: Any = None,
) -> Tensor:
    """Products of matrices of different sizes, group by group.

    A three-dimensional operand counts its groups in dimension 0; of a two-dimensional one `offs` says
    where each group ends: rows of `mat_a`, columns of `mat_b`, and where both are two-dimensional the
    columns of `mat_a` and the rows of `mat_b`.

    Args:
        mat_a: (M, K) or (G, M, K).
        mat_b: (K, N) or (G, K, N).
        offs: (G,), int32, increasing; None where both have three dimensions.
        bias: not supported.
        out_dtype: the result's type; None for the operands'.

    Returns:
        (M, N) where one operand is two-dimensional, else (G, M, N). What no group reaches is zero.

    Raises:
        RuntimeError: if `offs` is missing or superfluous, the types differ, or there is a `bias`.

    Example:
        >>> import kajo
        >>> tokens, experts = kajo.ones(5, 2), kajo.stack([kajo.eye(2), 2 * kajo.eye(2)])
        >>> ends = kajo.tensor([3, 5], dtype=kajo.int32)
        >>> kajo.nn.functional.grouped_mm(tokens, experts, offs=ends)[:, 0]
        tensor([1., 1., 1., 2., 2.])
    """
    if bias is not None:
        raise RuntimeError("grouped_mm(): bias is not supported yet; add it to the result")
    if mat_a.dim() not in (2, 3) or mat_b.dim() not in (2, 3):
        raise RuntimeError(
            f"grouped_mm(): expected matrices of 2 or 3 dimensions, got {mat_a.dim()} and "
            f"{mat_b.dim()}"
        )
    if mat_a.dtype != mat_b.dtype:
        raise RuntimeError(
            f"grouped_mm(): expected operands of one dtype, got {mat_a.dtype} and {mat_b.dtype}"
        )
    if (offs is None) != (mat_a.dim() == 3 and mat_b.dim() == 3):
        raise RuntimeError(
            "grouped_mm(): offs has to be given if and only if an operand has two dimensions"
        )
    if offs is None:
        out = mat_a @ mat_b
    else:
        ends = offs.tolist()
        out = _jagged(mat_a, mat_b, list(zip([0, *ends[:-1]], ends, strict=True)))
    return out if out_dtype is None else out.to(out_dtype)


def _jagged(a: Tensor, b: Tensor, pieces: list[tuple[int, int]]) -> Tensor:
    if a.dim() == 2 and b.dim() == 2:
        return kajo.stack([a[:, i:j] @ b[i:j] for i, j in pieces])
    if a.dim() == 2:
        rows = [a[i:j] @ b[group] for group, (i, j) in enumerate(pieces)]
        rest = a.size(0) - pieces[-1][1]
        return kajo.cat([*rows, a.new_zeros(rest, b.size(-1))])
    columns = [a[group] @ b[:, i:j] for group, (i, j) in enumerate(pieces)]
    rest = b.size(1) - pieces[-1][1]
    return kajo.cat([*columns, a.new_zeros(a.size(-2), rest)], 1)


def _one(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise NotImplementedError(
                f"scaled_mm(): one scale for each operand is supported, got a list of {len(value)}"
            )
        return value[0]
    return value


def _unscaled(matrix: Tensor, scale: Tensor, recipe: Any, *, contracted: int) -> Tensor:
    """The numbers that a matrix stands for, in float32; `contracted` is the dimension summed over."""
    recipe = ScalingType(int(_one(recipe)))
    scale = _one(scale).to(kajo.float32)
    numbers = matrix.to(kajo.float32)
    if recipe == ScalingType.TensorWise:
        return numbers * scale.reshape(())
    kept = -3 - contracted
    if recipe == ScalingType.RowWise:
        return numbers * scale.reshape(-1).unsqueeze(contracted)
    block = {"BlockWise1x16": 16, "BlockWise1x32": 32, "BlockWise1x128": 128}.get(recipe.name, 128)
    if recipe == ScalingType.BlockWise128x128:
        scale = scale.repeat_interleave(128, kept)
    # Scales are laid out with the summed dimension last.
    elif scale.shape[-1] * block != numbers.shape[contracted] or contracted == -2:
        scale = scale if scale.shape[kept] == numbers.shape[kept] else scale.mT
    scale = scale.repeat_interleave(block, contracted)
    return numbers * scale[tuple(slice(size) for size in numbers.shape)]


def scaled_mm(
    mat_a: Tensor,
    mat_b: Tensor,
    scale_a: Tensor | Sequence[Tensor],
    scale_recipe_a: Any,
    scale_b: Tensor | Sequence[Tensor],
    scale_recipe_b: Any,
    swizzle_a: Any = None,
    swizzle_b: Any = None,
    bias: Tensor | None = None,
    output_dtype: Any = kajo.bfloat16,
    contraction_dim: Sequence[int] = (),
    use_fast_accum: bool = False,
) -> Tensor:
    """(mat_a scale_a) (mat_b scale_b) + bias, of matrices that are stored in few bits.

    Args:
        mat_a, mat_b: (M, K) and (K, N).
        scale_a, scale_b: by what their elements are to be multiplied.
        scale_recipe_a, scale_recipe_b: a :class:`ScalingType` each: who shares a scale.
        swizzle_a, swizzle_b: the scales' order in memory; only the plain one is supported.
        bias: (N,).
        output_dtype: the result's type.
        contraction_dim: the dimension that is summed over, as the operands are stored.
        use_fast_accum: a hint for other devices; not used.

    Returns:
        (M, N).

    Raises:
        NotImplementedError: for several scales an operand, or scales in another order.

    Example:
        >>> import kajo
        >>> from kajo.nn.functional import ScalingType, scaled_mm
        >>> a, half, whole = kajo.ones(2, 4), kajo.tensor(0.5), ScalingType.TensorWise
        >>> scaled_mm(a, a.T, half, whole, half, whole, output_dtype=kajo.float32)
        tensor([[1., 1.],
                [1., 1.]])
    """
    for swizzle in (swizzle_a, swizzle_b):
        if swizzle is not None and int(_one(swizzle)) != SwizzleType.NO_SWIZZLE:
            raise NotImplementedError("scaled_mm(): only scales in plain order are supported")
    a = _unscaled(mat_a, scale_a, scale_recipe_a, contracted=-1)  # type: ignore[arg-type]
    b = _unscaled(mat_b, scale_b, scale_recipe_b, contracted=-2)  # type: ignore[arg-type]
    out = a @ b
    if bias is not None:
        out = out + bias.to(out.dtype)
    return out if output_dtype is None else out.to(output_dtype)


def scaled_grouped_mm(
    mat_a: Tensor,
    mat_b: Tensor,
    scale_a: Tensor | Sequence[Tensor],
    scale_recipe_a: Any,
    scale_b: Tensor | Sequence[Tensor],
    scale_recipe_b: Any,
    swizzle_a: Any = None,
    swizzle_b: Any = None,
    bias: Tensor | None = None,
    offs: Tensor | None = None,
    output_dtype: Any = kajo.bfloat16,
    contraction_dim: Sequence[int] = (),
    use_fast_accum: bool = False,
) -> Tensor:
    """:func:`grouped_mm` of matrices that are stored in few bits, with a scale for each row.

    Args:
        mat_a, mat_b, offs: as in :func:`grouped_mm`.
        scale_a, scale_b: (M,) or (G, M), and (N,) or (G, N).
        scale_recipe_a, scale_recipe_b: ``ScalingType.RowWise``.
        swizzle_a, swizzle_b, contraction_dim, use_fast_accum: as in :func:`scaled_mm`.
        bias: not supported.
        output_dtype: the result's type.

    Returns:
        As :func:`grouped_mm`.

    Raises:
        NotImplementedError: for another recipe.

    Example:
        >>> import kajo
        >>> from kajo.nn.functional import ScalingType, scaled_grouped_mm
        >>> a, rows = kajo.ones(1, 2, 4), ScalingType.RowWise
        >>> scale = kajo.full((1, 2), 0.5)
        >>> scaled_grouped_mm(a, a.mT, scale, rows, scale, rows, output_dtype=kajo.float32)
        tensor([[[1., 1.],
                 [1., 1.]]])
    """
    recipes = [ScalingType(int(_one(recipe))) for recipe in (scale_recipe_a, scale_recipe_b)]
    if recipes != [ScalingType.RowWise] * 2:
        raise NotImplementedError("scaled_grouped_mm(): only row-wise scales are supported")
    a = mat_a.to(kajo.float32) * _one(scale_a).reshape(mat_a.shape[:-1]).unsqueeze(-1)
    columns = mat_b.shape[:-2] + mat_b.shape[-1:]
    b = mat_b.to(kajo.float32) * _one(scale_b).reshape(columns).unsqueeze(-2)
    return grouped_mm(a, b, offs=offs, bias=bias, out_dtype=output_dtype)
