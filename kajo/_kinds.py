"""Enumerations that programs name: tags of operations, kinds of aggregation."""

from __future__ import annotations

import enum

__all__ = ["AVG", "SUM", "AggregationType", "Tag"]


class AggregationType(enum.IntEnum):
    """How values that came together become one."""

    SUM = 0
    AVG = 1


SUM, AVG = AggregationType.SUM, AggregationType.AVG

# What can be said of an operation; `library` keeps it with those that programs define.
Tag = enum.IntEnum(
    "Tag",
    "core cudagraph_unsafe data_dependent_output dynamic_output_shape flexible_layout generated inplace "
    "inplace_view maybe_aliasing_or_mutating needs_contiguous_strides needs_exact_strides "
    "needs_fixed_stride_order nondeterministic_bitwise nondeterministic_seeded out out_variant "
    "pointwise pt2_compliant_tag reduction view_copy",
    start=0,
)
