"""kajo.masked.MaskedTensor: the mask goes along."""

from __future__ import annotations

import pytest

import kajo
from kajo.masked import MaskedTensor, as_masked_tensor, is_masked_tensor, masked_tensor

KEEP = kajo.tensor([True, False, True, True])


def example(**options):
    return masked_tensor(kajo.arange(4.0), KEEP, **options)


def test_parts():
    x = example()
    assert is_masked_tensor(x) and isinstance(x, MaskedTensor)
    assert not is_masked_tensor(kajo.ones(1))
    assert x.get_data().tolist() == [0, 1, 2, 3]
    assert type(x.get_data()) is kajo.Tensor
    assert kajo.equal(x.get_mask(), KEEP)
    assert x.to_tensor(9).tolist() == [0, 9, 2, 3]
    assert x.shape == (4,) and len(x) == 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (example(), "MaskedTensor(\n  [  0.0000,       --,   2.0000,   3.0000]\n)"),
        (
            masked_tensor(kajo.arange(4).reshape(2, 2), KEEP.reshape(2, 2)),
            "MaskedTensor(\n  [\n    [0,       --],\n    [2, 3]\n  ]\n)",
        ),
        (masked_tensor(kajo.tensor(1.0), kajo.tensor(True)), "MaskedTensor(  1.0000, True)"),
        (masked_tensor(kajo.tensor(1.0), kajo.tensor(False)), "MaskedTensor(--, False)"),
    ],
)
def test_text(value, text):
    assert repr(value) == text


@pytest.mark.parametrize(
    ("operation", "values", "kept"),
    [
        (lambda x: x + x, [0, 2, 4, 6], KEEP),
        (lambda x: 1 - x, [1, 0, -1, -2], KEEP),
        (lambda x: x * kajo.tensor(2.0), [0, 2, 4, 6], KEEP),
        (lambda x: kajo.square(x), [0, 1, 4, 9], KEEP),
        (lambda x: x < 2, [1, 1, 0, 0], KEEP),
        (lambda x: x[1:], [1, 2, 3], KEEP[1:]),
        (lambda x: x.reshape(2, 2).t(), [[0, 2], [1, 3]], KEEP.reshape(2, 2).t()),
        (lambda x: kajo.cat([x, x]), [0, 1, 2, 3] * 2, kajo.cat([KEEP, KEEP])),
        (lambda x: x.reshape(2, 2).sum(1), [0, 5], kajo.tensor([True, True])),
        (lambda x: x.amax(), 3, kajo.tensor(True)),
        (lambda x: x.cumsum(0), None, None),
        (lambda x: x.neg_(), [0, -1, -2, -3], KEEP),
        (lambda x: x.to(kajo.int32), [0, 1, 2, 3], KEEP),
    ],
)
def test_operations(operation, values, kept):
    x = example()
    if values is None:
        with pytest.raises(TypeError, match="MaskedTensor"):
            operation(x)
        return
    result = operation(x)
    assert is_masked_tensor(result)
    assert result.get_data().tolist() == values
    assert kajo.equal(result.get_mask(), kept)


def test_softmax_leaves_out_what_does_not_count():
    result = example().softmax(0)
    assert result.to_tensor(0).sum().item() == pytest.approx(1.0)


def test_masks_have_to_match():
    with pytest.raises(ValueError, match="masks must match"):
        example() + masked_tensor(kajo.ones(4), kajo.ones(4, dtype=kajo.bool))


def test_gradients():
    x = example(requires_grad=True)
    (x * x).sum().backward()
    assert is_masked_tensor(x.grad)
    assert x.grad.to_tensor(-1).tolist() == [0, -1, 4, 6]
    data = kajo.ones(4, requires_grad=True)
    (as_masked_tensor(data * 2, KEEP) * 3).sum().backward()
    assert data.grad.tolist() == [6, 0, 6, 6]


@pytest.mark.parametrize(
    ("data", "mask", "error"),
    [
        ([1.0], KEEP, TypeError),
        (kajo.ones(4), [True] * 4, TypeError),
        (kajo.ones(4), kajo.ones(4), TypeError),
        (kajo.ones(3), KEEP, ValueError),
    ],
)
def test_errors(data, mask, error):
    for make in (masked_tensor, as_masked_tensor):
        with pytest.raises(error):
            make(data, mask)
