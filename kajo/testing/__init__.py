"""Helpers for tests: comparing results and making samples.

>>> import kajo
>>> kajo.testing.assert_close(kajo.ones(2), kajo.ones(2) + 1e-7)
"""

from kajo.testing._comparison import assert_allclose as assert_allclose
from kajo.testing._comparison import assert_close as assert_close
from kajo.testing._samples import make_tensor as make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]
