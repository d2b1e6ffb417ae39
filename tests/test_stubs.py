"""The checked-in types are those of the operations that there are."""

import os
import subprocess
import sys
from pathlib import Path

import kajo

GENERATOR = Path(__file__).resolve().parent.parent / "tools" / "generate_stubs.py"


def test_the_stubs_are_not_stale():
    # In a process of its own: operations that other tests declare are not part of the package.
    done = subprocess.run(
        [sys.executable, GENERATOR, "--check"],
        env={**os.environ, "PYTHONPATH": str(Path(kajo.__file__).parent.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
