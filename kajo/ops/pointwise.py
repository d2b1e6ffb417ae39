"""The table of element-wise operations.

One function an operation, in the modules imported here, by family. See `operation.pointwise` for
what an entry states, and CONTRIBUTING for how to add one.
"""

from . import (  # noqa: F401  (importing enters the operations, in this order)
    pointwise_activation,
    pointwise_arithmetic,
    pointwise_comparison,
    pointwise_complex,
    pointwise_function,
    pointwise_loss,
    pointwise_special,
)
from .operation import OPERATIONS as OPERATIONS
