"""docs/operations.md is that of the operations that there are."""

import os
import subprocess
import sys
from pathlib import Path

import kajo

GENERATOR = Path(__file__).parents[2] / "tools" / "generate_operations.py"


def test_the_list_is_not_stale():
    # In a process of its own: operations that other tests declare are not part of the package.
    done = subprocess.run(
        [sys.executable, GENERATOR, "--check"],
        env={**os.environ, "PYTHONPATH": str(Path(kajo.__file__).parent.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
