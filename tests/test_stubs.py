"""The checked-in types are those of the operations that there are."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def test_the_stubs_are_not_stale(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    stubs = pytest.importorskip("generate_stubs")
    stale = [path.name for path, text in stubs.generate().items() if path.read_text() != text]
    del sys.modules["generate_stubs"]
    assert stale == [], "run python tools/generate_stubs.py"
