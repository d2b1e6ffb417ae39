"""Linear algebra written in terms of the core's operations; public as :mod:`kajo.linalg`."""

from __future__ import annotations

from kajo._linalg import factorisations as factorisations
from kajo._linalg import norms as norms
from kajo._linalg import products as products
from kajo._linalg import solvers as solvers
