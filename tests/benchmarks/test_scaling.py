"""The program that measures time against size, on the smallest sizes."""

import importlib
import json
import sys

import pytest
from programs import FOLDER, output_of

import kajo

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def scaling():
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("scaling")
    sys.path.remove(str(FOLDER))


def test_what_is_measured_is_kept_and_continued(tmp_path):
    stored = tmp_path / "scaling.json"
    words = ["--only", "^(add|mlp_batch)$", "--seconds", 0.001, "--alone", "--json", stored]
    output_of("scaling.py", *words, "--largest", 2)
    first = json.loads(stored.read_text())
    assert {name: list(both["kajo"]) for name, both in first.items()} == {
        "add": ["1", "2"],
        "mlp_batch": ["1", "2"],
    }
    output_of("scaling.py", *words, "--largest", 4)
    second = json.loads(stored.read_text())
    assert list(second["add"]["kajo"]) == ["1", "2", "4"]
    assert second["add"]["kajo"]["1"] == first["add"]["kajo"]["1"]
    assert [file.name for file in tmp_path.iterdir()] == ["scaling.json"]


def test_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "scaling.png"
    words = ["--only", "^add$", "--largest", 2, "--seconds", 0.001, "--alone", "--plot", picture]
    output_of("scaling.py", *words)
    assert picture.read_bytes().startswith(PNG)


def test_cliffs_are_points_above_the_line_through_their_neighbours(scaling):
    steady = {1 << k: 1e-6 + 1e-9 * (1 << k) for k in range(20)}
    assert scaling.cliffs(steady) == []
    (found,) = scaling.cliffs({**steady, 1 << 10: 2 * steady[1 << 10]})
    assert found[0] == 1 << 10
    assert found[1] > 1.5


def test_slower_points_are_found(scaling):
    found = scaling.findings({"add": {"kajo": {1: 2.0, 2: 2.0}, "torch": {1: 1.0, 2: 1.9}}})
    assert [str(finding) for finding in found] == ["add at 1: 2.00 times PyTorch"]


def curve_names():
    sys.path.insert(0, str(FOLDER))
    curves = importlib.import_module("curves").CURVES
    sys.path.remove(str(FOLDER))
    return [pytest.param(curve, id=name) for name, curve in curves.items()]


@pytest.mark.parametrize("curve", curve_names())
def test_every_curve_begins(curve):
    for size in curve.sizes[:3]:
        curve.work(size).step(kajo)()
