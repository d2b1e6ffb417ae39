"""Every recipe of examples/ runs: its help, its quick mode, and what Ctrl-C leaves."""

import os
import runpy
import sys
from pathlib import Path

import pytest

import kajo

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DATA = Path(os.environ.get("KAJO_SHARED", ROOT.parent / "shared")) / "data"

# The folder of its data, and the picture it draws.
RECIPES = {
    "auto_mpg": ("auto_mpg", "predictions.png"),
    "spam": ("text_classification/sms_spam", "odds.png"),
    "surnames": ("names_by_language", "confusion.png"),
    "airline": ("time_series", "forecast.png"),
    "etth1": ("time_series", "forecast.png"),
    "spoken_digits": ("free_spoken_digits", "spectrograms.png"),
    "sentiment": ("text_classification/sst2", "words.png"),
    "cartpole": (None, "learning.png"),
    "vae": ("mnist", "digits.png"),
    "membranes": ("em_membrane", "overlay.png"),
    "translate_attention": ("eng_fra", "attention.png"),
}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs a recipe as a command would, in this process, in an empty folder."""

    def run(name, *options):
        folder, _ = RECIPES[name]
        data = [] if folder is None else ["--data", str(DATA / folder)]
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *data, *options])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")

    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)
    state = kajo.get_rng_state()
    yield run
    kajo.set_rng_state(state)


def needs_data(name):
    if name == "membranes":
        pytest.importorskip("PIL")
    folder, _ = RECIPES[name]
    if folder is not None and not (DATA / folder).is_dir():
        pytest.skip("the data of this recipe is not here")


def check_what_is_left(name, folder):
    """Weights that load, and a picture where matplotlib is installed."""
    assert kajo.load(folder / "model.pt")
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return
    _, drawn = RECIPES[name]
    assert (folder / drawn).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", RECIPES)
def test_help_says_what_it_does_and_how_well(name, run, capsys):
    with pytest.raises(SystemExit) as stop:
        run(name, "--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for part in ("Command:", "Result:", "Time:", "--quick", "--seed", "--out"):
        assert part in text


@pytest.mark.parametrize("name", RECIPES)
def test_quick_mode(name, run, tmp_path):
    needs_data(name)
    run(name, "--quick")
    check_what_is_left(name, tmp_path / "runs" / name)


@pytest.mark.parametrize("name", RECIPES)
def test_control_c_keeps_what_is_there(name, run, tmp_path, monkeypatch):
    needs_data(name)
    monkeypatch.setattr("recipe.progress", interrupted)
    run(name, "--quick", "--out", str(tmp_path / "here"))
    check_what_is_left(name, tmp_path / "here")


def interrupted(steps, total=None):
    """Ctrl-C in the second step."""
    yield next(iter(steps))
    raise KeyboardInterrupt


def test_missing_data_is_named(run, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run("auto_mpg", "--data", str(tmp_path))
    assert "there is no auto-mpg.csv" in capsys.readouterr().err
