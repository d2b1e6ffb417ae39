"""The program that compares kernels with what the machine can do."""

import json
import shutil

import pytest
from programs import output_of

PNG = b"\x89PNG"
QUICK = ["--threads", 1, "--rounds", 1, "--seconds", 0.001]


@pytest.mark.skipif(shutil.which("cc") is None, reason="compiles its loops")
def test_the_program_prints_its_table_and_draws_it(tmp_path):
    pytest.importorskip("matplotlib")
    report, picture = tmp_path / "shares.json", tmp_path / "shares.png"
    words = ["--only", "^(matmul_256|add_16m)$", "--json", report, "--plot", picture]
    lines = output_of("roofline.py", *QUICK, *words).splitlines()
    assert [line.split()[0] for line in lines] == ["kernel", "matmul_256", "add_16m"]
    assert all(0 < row["share"] < 5 for row in json.loads(report.read_text()))
    assert picture.read_bytes().startswith(PNG)
