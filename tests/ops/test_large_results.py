"""Results too large for the caches, which are written past them."""

import pytest

import kajo


@pytest.mark.parametrize("shape", [(4200, 2112), (4200, 2113)], ids=["whole lines", "odd rows"])
@pytest.mark.parametrize("other", ["row", "column"])
def test_broadcast_sums_of_large_matrices(shape, other):
    kajo.manual_seed(0)
    a = kajo.randn(*shape)
    b = kajo.randn(shape[1]) if other == "row" else kajo.randn(shape[0], 1)
    whole = a + b
    for begin in range(0, shape[0], 600):
        part = slice(begin, begin + 600)
        assert kajo.equal(whole[part], a[part] + (b if other == "row" else b[part]))


def test_a_large_matrix_repeated_along_rows():
    a = kajo.randn(4200, 1)
    whole = a.expand(4200, 2112).contiguous()
    assert kajo.equal(whole, kajo.ones(4200, 2112) * a)
