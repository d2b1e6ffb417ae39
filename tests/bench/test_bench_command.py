"""``kajo bench`` as a user runs it, on workloads that take no time."""

import json
import os
import signal
import subprocess
import sys

import pytest

from kajo.bench.comparison import Report, Row, Settings, chosen
from kajo.bench.processes import MeasurementError, measure_apart
from kajo.bench.table import markdown, row_text, summary
from kajo.bench.targets import TARGETS
from kajo.bench.workloads import WORKLOADS
from kajo.cli import main

PNG = b"\x89PNG"
QUICK = ["--rounds", "1", "--seconds", "0.01", "--threads", "1"]


def test_every_target_is_for_a_workload_and_every_workload_has_one():
    assert set(TARGETS) == set(WORKLOADS)


def test_kajo_alone(capsys, tmp_path):
    report = tmp_path / "report.json"
    words = ["bench", "--alone", "--only", "^tiny_", "--json", str(report), *QUICK]
    assert main(words) == 0
    assert "6 of 6 measured" in capsys.readouterr().out
    rows = json.loads(report.read_text())["rows"]
    assert [row["name"] for row in rows] == chosen("^tiny_")
    assert all(row["ratio"] is None and row["kajo"][0] > 0 for row in rows)
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_beside_pytorch_with_a_picture(capsys, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    picture = tmp_path / "ratios.png"
    words = ["bench", "--only", "^tiny_(add|item)$", "--plot", str(picture), *QUICK]
    assert main(words) == 0
    assert "2 of 2 compared" in capsys.readouterr().out
    assert picture.read_bytes().startswith(PNG)


def test_markdown_is_a_table_and_nothing_else(capsys):
    assert main(["bench", "--alone", "--only", "^tiny_add$", "--markdown", *QUICK]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.count("|") == 6 for line in lines)


@pytest.mark.parametrize("pattern", ["no such name", "("])
def test_patterns_that_choose_nothing_are_refused(pattern, capsys):
    assert main(["bench", "--only", pattern, *QUICK]) == 1
    assert repr(pattern) in capsys.readouterr().err


def test_a_picture_without_matplotlib_is_refused_before_measuring(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "--alone", "--plot", "ratios.png", *QUICK]) == 1
    assert "pip install 'kajo[bench]'" in capsys.readouterr().err


def test_a_failing_workload_is_a_row(capsys, monkeypatch):
    def fail(*_, **__):
        raise MeasurementError("out of luck")

    monkeypatch.setattr("kajo.bench.comparison.measure_apart", fail)
    assert main(["bench", "--alone", "--only", "^tiny_add$", *QUICK]) == 1
    assert "kajo: out of luck" in capsys.readouterr().out


def test_control_c_keeps_what_was_measured(tmp_path):
    report = tmp_path / "report.json"
    words = ["bench", "--alone", "--rounds", "1", "--seconds", "0.01", "--json", str(report)]
    process = subprocess.Popen(
        [sys.executable, "-m", "kajo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
        cwd=tmp_path,  # where the sources are not in the way of the installed package
    )
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate()
    assert process.returncode == 130
    assert "interrupted after" in error
    assert "measured" in out
    names = [row["name"] for row in json.loads(report.read_text())["rows"]]
    assert names[:2] == [line.split()[0] for line in lines[1:]]
    assert len(names) < len(WORKLOADS)


def test_errors_of_the_process_are_named():
    with pytest.raises(MeasurementError, match="KeyError: 'no such workload'"):
        measure_apart(
            "kajo.bench.timing", "time_workload", "kajo", name="no such workload", seconds=0.01
        )


def test_a_process_that_takes_too_long_is_ended():
    with pytest.raises(MeasurementError, match="longer than 1 s"):
        measure_apart(
            "kajo.bench.timing", "time_workload", "kajo", limit=1.0, name="tiny_add", seconds=1e6
        )


def test_pytorch_is_measured_without_kajo(tmp_path):
    pytest.importorskip("torch")
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from kajo.bench.workloads import WORKLOADS\n"
        "def loaded(framework):\n"
        "    return ['kajo' in sys.modules, framework.__name__, len(WORKLOADS)]\n"
    )
    assert measure_apart(str(program), "loaded", "torch") == [False, "torch", len(WORKLOADS)]
    assert measure_apart(str(program), "loaded", "kajo") == [True, "kajo", len(WORKLOADS)]


@pytest.mark.parametrize("name", [n for n in WORKLOADS if n.startswith(("tiny_", "train_xor"))])
def test_small_workloads_run_here(name):
    import kajo

    step = WORKLOADS[name].step(kajo)
    step()
    step()


def test_noisy_rows_and_missed_targets_are_marked():
    row = Row("tiny_add", (1e-6, 2e-6), (1e-6, 1e-6))
    assert row_text(row).endswith("0.30 missed  noisy")
    assert "(noisy)" in markdown(Report(Settings(), [row]))
    assert "slower than torch on 0" in summary(Report(Settings(), [row]))
