"""Recipes are programs of PyTorch: with its name in place of kajo's they run, and lose as much."""

import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DATA = Path(os.environ.get("KAJO_SHARED", ROOT.parent / "shared")) / "data"

RECIPES = {
    "auto_mpg": "auto_mpg",
    "spam": "text_classification/sms_spam",
    "surnames": "names_by_language",
    "airline": "time_series",
    "etth1": "time_series",
    "sentiment": "text_classification/sst2",
    "cartpole": None,
    "translate_attention": "eng_fra",
}


@pytest.mark.parametrize("name", RECIPES)
def test_first_losses(name, tmp_path, monkeypatch):
    folder = RECIPES[name]
    if folder is not None and not (DATA / folder).is_dir():
        pytest.skip("the data of this recipe is not here")
    monkeypatch.chdir(tmp_path)
    ours, theirs = (losses(name, framework, tmp_path) for framework in (kajo, torch))
    assert len(ours) == len(theirs) > 2
    np.testing.assert_allclose(ours[:10], theirs[:10], rtol=1e-4, atol=1e-6)


def losses(name, framework, folder):
    """What `backward` is called on, while the recipe runs in its quick mode."""
    programs = folder / framework.__name__
    programs.mkdir()
    for file in EXAMPLES.glob("*.py"):
        text = re.sub(r"\bkajo\b", framework.__name__, file.read_text(encoding="utf-8"))
        (programs / file.name).write_text(text, encoding="utf-8")
    seen, backward = [], framework.Tensor.backward

    def record(self, *given, **options):
        seen.append(self.item())
        return backward(self, *given, **options)

    data = [] if RECIPES[name] is None else ["--data", str(DATA / RECIPES[name])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framework.Tensor, "backward", record)
        patch.setattr(sys, "argv", [f"{name}.py", "--quick", *data])
        patch.syspath_prepend(str(programs))
        for shared in ("recipe", "translation"):  # imported anew, from the folder of this framework
            sys.modules.pop(shared, None)
        runpy.run_path(str(programs / f"{name}.py"), run_name="__main__")
        for shared in ("recipe", "translation"):
            sys.modules.pop(shared, None)
    return seen
