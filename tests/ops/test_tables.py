"""The tables of coefficients hold what the kernels rely on."""

import math

import expression_reference  # noqa: F401  (opens the way to the table)
import numpy
from ops.tables import TABLES


def test_columns_are_of_float32_numbers():
    for table in TABLES.values():
        for column in table:
            assert len(column) in (16, 32)
            assert all(float(numpy.float32(v)) == v for v in column)


def test_centres_have_values_of_one_number():
    """Of precise tables, the value at a centre is a float32 but for a small part of its last place."""
    centres, values = TABLES["erf"][:2]
    for c, v in zip(centres[1:31], values[1:31]):
        assert abs(math.erf(c) - v) < 2.0**-31
