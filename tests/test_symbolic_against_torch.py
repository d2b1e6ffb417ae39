"""Symbolic numbers, and the functions that take them and plain ones."""

import pytest

import kajo

torch = pytest.importorskip("torch")

CALLS = [
    "sym_int(2.7)", "sym_float(2)", "sym_not(0)", "sym_max(2, 3.0)", "sym_min(2, 3)", "sym_ite(True, 1, 2)",
    "sym_sqrt(4.0)", "sym_sum([1, 2, 3])", "sym_fresh_size(3)", "sym_constrain_range(3, min=1, max=5)",
    "sym_constrain_range_for_size(3)", "sym_constrain_range(torch.tensor(3), min=2)",
]  # fmt: skip
REFUSED = [
    "sym_constrain_range(3, min=4, max=5)", "sym_constrain_range_for_size(-3)",
    "sym_constrain_range(3, min=5, max=4)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_plain_numbers(call):
    ours = eval(f"kajo.{call}".replace("torch.", "kajo."))
    theirs = eval(f"torch.{call}")
    assert ours == theirs and type(ours) is type(theirs)


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    with pytest.raises(RuntimeError):
        eval(f"torch.{call}")
    with pytest.raises(RuntimeError):
        eval(f"kajo.{call}")


def test_symbols_compute():
    two, half = kajo.SymInt(2), kajo.SymFloat(0.5)
    for result, kind, value in [
        (two + 1, kajo.SymInt, 3), (1 - two, kajo.SymInt, -1), (two / 4, kajo.SymFloat, 0.5),
        (two * half, kajo.SymFloat, 1.0), (7 // two, kajo.SymInt, 3), (two**3, kajo.SymInt, 8),
        (-two, kajo.SymInt, -2), (two < 3, kajo.SymBool, True), (two == 2, kajo.SymBool, True),
        (two != 2, kajo.SymBool, False), (two & 3, kajo.SymInt, 2), (1 << two, kajo.SymInt, 4),
        (kajo.sym_max(two, 3), kajo.SymInt, 3), (kajo.sym_min(two, 0.5), kajo.SymFloat, 0.5),
        (kajo.sym_float(two), kajo.SymFloat, 2.0), (kajo.sym_not(two == 2), kajo.SymBool, False),
    ]:  # fmt: skip
        assert isinstance(result, kind) and result.node == value
    assert int(two) == 2 and [0, 1, 2][two] == 2
    assert {kajo.SymInt(2): 1}[two] == 1 and repr(two) == "2" and half.is_integer() is False


def test_tags_and_kinds():
    assert {name: int(tag) for name, tag in torch.Tag.__members__.items()} == {
        name: int(tag) for name, tag in kajo.Tag.__members__.items()
    }
    assert (int(kajo.SUM), int(kajo.AVG)) == (int(torch.SUM), int(torch.AVG))
