"""kajo.masked: every function leaves out what the mask leaves out."""

from __future__ import annotations

import numpy
import pytest

import kajo
from kajo import masked
from kajo.autograd import gradcheck

MASK = kajo.tensor([[True, False, True], [True, True, False], [False, True, True]])
REDUCTIONS = ["sum", "prod", "amax", "amin", "mean", "median", "logsumexp", "norm", "var", "std"]


def data(dtype=kajo.float64):
    kajo.manual_seed(3)
    return kajo.randn(3, 3, dtype=dtype)


def plain(name, values):
    """The operation on the elements that count alone."""
    function = {
        "sum": kajo.sum, "prod": kajo.prod, "amax": kajo.amax, "amin": kajo.amin, "mean": kajo.mean,
        "median": kajo.median, "var": kajo.var, "std": kajo.std, "argmax": kajo.argmax,
        "argmin": kajo.argmin, "norm": kajo.norm, "logsumexp": lambda x: x.logsumexp(0),
    }  # fmt: skip
    return function[name](values)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("dim", [0, 1])
def test_reductions_see_only_what_counts(name, dim):
    x = data()
    result = getattr(masked, name)(x, dim=dim, mask=MASK)
    rows = zip(x.movedim(dim, -1).unbind(0), MASK.movedim(dim, -1).unbind(0))
    expected = [float(plain(name, row[keep])) for row, keep in rows]
    numpy.testing.assert_allclose(result.numpy(), expected)
    # What does not count may be anything.
    spoilt = x.masked_fill(~MASK, kajo.nan)
    assert kajo.equal(getattr(masked, name)(spoilt, dim=dim, mask=MASK), result)
    kept = getattr(masked, name)(x, dim=dim, keepdim=True, mask=MASK)
    assert kajo.equal(kept, result.unsqueeze(dim))
    if name != "median":
        whole = getattr(masked, name)(x, mask=MASK)
        assert float(whole) == pytest.approx(float(plain(name, x[MASK])))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_gradients(name):
    x = data().requires_grad_()
    assert gradcheck(lambda x: getattr(masked, name)(x, dim=1, mask=MASK), (x,))
    (gradient,) = kajo.autograd.grad(getattr(masked, name)(x, dim=1, mask=MASK).sum(), x)
    assert not gradient[~MASK].any()


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "cumsum", "cumprod"])
def test_normalisations(name):
    x = data().requires_grad_()
    result = getattr(masked, name)(x, 1, mask=MASK)
    for row, keep, got in zip(x, MASK, result):
        function = {"softmin": lambda v, d: (-v).softmax(d)}.get(name, getattr(kajo, name, None))
        assert kajo.allclose(got[keep], function(row[keep], 0))
    assert gradcheck(lambda x: getattr(masked, name)(x, 1, mask=MASK)[MASK], (x,))


def test_normalize():
    x = data()
    for order in (1, 2.0, float("inf")):
        result = masked.normalize(x, order, 1, mask=MASK)
        numpy.testing.assert_allclose(
            masked.norm(result, order, 1, mask=MASK).numpy(), numpy.ones(3)
        )
        assert not result[~MASK].any()


def test_logaddexp():
    x, y = data(), data() + 1
    result = masked.logaddexp(x, y, input_mask=MASK, other_mask=~MASK)
    assert kajo.allclose(result, kajo.where(MASK, x, y))
    assert kajo.allclose(masked.logaddexp(x, y), kajo.logaddexp(x, y))


def test_where_and_dtypes():
    x = kajo.tensor([[3, 9, 5], [7, 1, 8]])
    keep = kajo.tensor([[True, False, True], [True, True, False]])
    assert masked.argmax(x, 1, mask=keep).tolist() == [2, 0]
    assert masked.argmin(x, 1, mask=keep).tolist() == [0, 1]
    assert masked.sum(x.to(kajo.int8), mask=keep).dtype == kajo.int64
    assert masked.amax(x.to(kajo.int8), mask=keep).dtype == kajo.int8
    assert masked.sum(x, dtype=kajo.float32, mask=keep).dtype == kajo.float32
    assert masked.var(x.to(kajo.float16), 1, mask=keep).dtype == kajo.float16


def test_nothing_counts():
    x, none = data(), kajo.zeros(3, 3, dtype=kajo.bool)
    assert masked.sum(x, mask=none).item() == 0
    assert masked.prod(x, mask=none).item() == 1
    assert masked.amax(x, mask=none).item() == -float("inf")
    assert masked.mean(x, mask=none).isnan()


def test_masks_broadcast():
    x = data()
    one = MASK[0]
    expected = masked.sum(x, 1, mask=one.expand(3, 3))
    assert kajo.equal(masked.sum(x, 1, mask=one), expected)
    assert kajo.equal(masked.sum(x, (0, 1), mask=one), expected.sum())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: masked.sum(x, 0, mask=MASK.unsqueeze(0)), IndexError),
        (lambda x: masked.sum(x, 0, mask=MASK[:2]), RuntimeError),
        (lambda x: masked.sum(x, 5), IndexError),
        (lambda x: masked.sum(x, (0, 0)), RuntimeError),
        (lambda x: masked.sum([1.0]), ValueError),
        (lambda x: masked.mean(x.to(kajo.int64)), ValueError),
        (lambda x: masked.amax(x > 0, mask=MASK), NotImplementedError),
        (lambda x: masked.median(x.to(kajo.int64), 0, mask=MASK & False), ValueError),
        (lambda x: masked.var(x, 0, True, correction=1), AssertionError),
        (lambda x: masked.softmax(x), TypeError),
    ],
)
def test_errors(call, error):
    with pytest.raises(error):
        call(data())
