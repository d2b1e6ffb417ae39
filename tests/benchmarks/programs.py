"""Running the programs of the folder benchmarks."""

import os
import subprocess
import sys
from pathlib import Path

import kajo

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def output_of(program, *words):
    """What a program prints, run with the kajo under test."""
    home = str(Path(kajo.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, FOLDER / program, *map(str, words)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=home),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
