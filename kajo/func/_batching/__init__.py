"""The rules by which operations are carried out for whole batches, by family.

Every rule gets the batch, the operation and its arguments, works on the arguments' values (which have
the batch as their first dimension) and wraps what it gets.
"""

from __future__ import annotations

from kajo.func._batching import (
    attributes,
    dimensions,
    gradients,
    indexing,
    networks,
    pointwise,
    products,
    rewriting,
    sampling,
)

__all__ = [
    "attributes",
    "dimensions",
    "gradients",
    "indexing",
    "networks",
    "pointwise",
    "products",
    "rewriting",
    "sampling",
]
