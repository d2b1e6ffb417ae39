"""Losses of probabilities refuse what is none."""

import pytest

import kajo
from kajo.nn import functional as F


@pytest.mark.parametrize("dtype", [kajo.float16, kajo.bfloat16, kajo.float32, kajo.float64])
@pytest.mark.parametrize("place", [0, 7, 99_999])
@pytest.mark.parametrize("value", [-1e-3, 1.01, float("nan"), float("inf"), -float("inf")])
def test_one_element_outside_is_found(dtype, place, value):
    good = kajo.full((100_000,), 0.5, dtype=dtype)
    bad = good.clone()
    bad[place] = value
    for pair in ((bad, good), (good, bad)):
        with pytest.raises(RuntimeError, match="should be between 0 and 1"):
            F.binary_cross_entropy(*pair)


def test_the_ends_and_other_layouts_are_fine():
    p = kajo.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.25]])
    for t in (p, p.t(), p[:, ::2], p[:0], p[0, 0]):
        assert F.binary_cross_entropy(t, t, reduction="none").shape == t.shape
    bad = p.clone()
    bad[1, 1] = 2.0
    assert F.binary_cross_entropy(bad[:, ::2], p[:, ::2]).isfinite()
    with pytest.raises(RuntimeError, match=r"from 0(\.0)? to 2"):
        F.binary_cross_entropy(bad.t(), p.t())
