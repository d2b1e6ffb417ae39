"""The program that compares errors against float64."""

import pytest
from programs import FOLDER, output_of

from kajo.bench.processes import measure_apart

PROGRAM = str(FOLDER / "accuracy.py")


@pytest.mark.parametrize("name", ["exp_1m", "max_dim1_4m", "embedding_grad", "lstm_cell_fwd"])
def test_errors_are_those_of_float32(name):
    found = measure_apart(PROGRAM, "errors", "kajo", name=name)
    assert 0 <= found["mean"] < 1e-5
    assert 0 <= found["largest"] < 1e-4


def test_the_program_prints_its_table():
    lines = output_of("accuracy.py", "--only", "^tiny_add$").splitlines()
    assert lines[-1].startswith("tiny_add")
