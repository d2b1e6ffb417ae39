"""The variants: families of operations and models over the shapes and dtypes that programs use."""

from __future__ import annotations

from variant_networks import CONVOLUTIONS, MODELS, SEQUENCES
from variant_operations import MOVING, POINTWISE, PRODUCTS, REDUCING, ROWS
from variant_work import Family

VARIANTS: dict[str, Family] = {
    "pointwise": POINTWISE,
    "reductions": REDUCING,
    "rows": ROWS,
    "moving": MOVING,
    "products": PRODUCTS,
    "convolutions": CONVOLUTIONS,
    "sequences": SEQUENCES,
    "models": MODELS,
}
