"""The check against the conformance baseline fails when, and only when, something got worse."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "check_conformance.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("check_conformance", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(failed_forward, failed_backward=0, samples=3):
    def tally(failed):
        return {"passed": 5 - failed, "failed": failed, "dropped": 0}

    checks = {"forward": tally(failed_forward)}
    if failed_backward is not None:
        checks["backward"] = tally(failed_backward)
    return {
        "torch": "2.13.0+cpu",
        "options": {
            "samples": samples,
            "dtypes": ["float32"],
            "grad_dtypes": ["float64"],
            "seed": 0,
        },
        "score": 50.0,
        "entries": {"add": {"checks": checks}},
    }


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (report(1), 0),
        (report(0), 0),
        (report(2), 1),
        (report(1, failed_backward=1), 1),
        (report(1, failed_backward=None), 1),
        (report(1, samples=4), 1),
    ],
)
def test_fails_when_something_got_worse(script, tmp_path, now, status):
    baseline, file = tmp_path / "baseline.json", tmp_path / "report.json"
    file.write_text(json.dumps(report(1)))
    assert script.main([str(file), "--baseline", str(baseline), "--update"]) == 0
    file.write_text(json.dumps(now))
    assert script.main([str(file), "--baseline", str(baseline)]) == status


def test_last_line_is_the_count(script, tmp_path, capsys):
    baseline, file = tmp_path / "baseline.json", tmp_path / "report.json"
    file.write_text(json.dumps(report(1)))
    script.main([str(file), "--baseline", str(baseline), "--update"])
    file.write_text(json.dumps(report(2)))
    script.main([str(file), "--baseline", str(baseline)])
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"
