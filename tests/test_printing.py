"""The text of tensors."""

from __future__ import annotations

import math

import pytest

import kajo
from kajo._tensor_str import _str, get_printoptions, printoptions, set_printoptions


@pytest.fixture(autouse=True)
def default_options():
    yield
    set_printoptions(profile="default")


CASES = [
    (lambda: kajo.tensor(1.5), "tensor(1.5000)"),
    (lambda: kajo.tensor([1.0, -2.0]), "tensor([ 1., -2.])"),
    (lambda: kajo.tensor([0.1, 1000.0]), "tensor([1.0000e-01, 1.0000e+03])"),
    (lambda: kajo.tensor([math.nan, math.inf, -math.inf]), "tensor([nan, inf, -inf])"),
    (lambda: kajo.tensor([-0.0, 0.0]), "tensor([-0., 0.])"),
    (lambda: kajo.tensor([True, False]), "tensor([ True, False])"),
    (lambda: kajo.tensor([1, 20]), "tensor([ 1, 20])"),
    (lambda: kajo.tensor([1 + 2j, -1.5j]), "tensor([1.+2.0000j, -0.-1.5000j])"),
    (lambda: kajo.empty(0), "tensor([])"),
    (lambda: kajo.empty(2, 0), "tensor([], size=(2, 0))"),
    (lambda: kajo.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
    (
        lambda: kajo.ones(2, requires_grad=True) * 2,
        "tensor([2., 2.], grad_fn=<MulBackward0>)",
    ),
    (lambda: kajo.empty(2, device="meta"), "tensor(..., device='meta', size=(2,))"),
    (lambda: kajo.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
]


@pytest.mark.parametrize(("make", "text"), CASES)
def test_text(make, text):
    assert _str(make()) == text


def test_dtype_is_named_where_it_is_not_obvious():
    assert _str(kajo.zeros(1, dtype=kajo.float64)).endswith(f"dtype={kajo.float64})")
    assert _str(kajo.empty(0, dtype=kajo.int64)).endswith(f"dtype={kajo.int64})")


def test_blocks_are_separated_and_summarised():
    text = _str(kajo.zeros(8, 2, 101))
    assert text.splitlines()[0] == "tensor([[[0., 0., 0.,  ..., 0., 0., 0.],"
    assert "        ...,\n" in text
    assert text.splitlines()[2] == ""


def test_options():
    with printoptions(precision=1, sci_mode=True):
        assert _str(kajo.tensor([12.0])) == "tensor([1.2e+01])"
    assert get_printoptions()["precision"] == 4
    set_printoptions(threshold=2, edgeitems=1)
    assert _str(kajo.tensor([1, 2, 3])) == "tensor([1,  ..., 3])"
    set_printoptions(profile="full", linewidth=20)
    assert _str(kajo.arange(8)).count("\n") == 1


def test_named_results_print_a_field_a_line() -> None:
    assert repr(kajo.max(kajo.tensor([[1.0, 2.0]]), 1)) == (
        "kajo.return_types.max(\nvalues=tensor([2.]),\nindices=tensor([1]))"
    )
