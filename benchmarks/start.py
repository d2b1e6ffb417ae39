#!/usr/bin/env python3
"""How soon one can begin, kajo beside PyTorch: the import, the first operation, the installed package.

The best of several fresh processes, so that files are in the system's cache and byte code is written.

    python benchmarks/start.py
    python -X importtime -c 'import kajo' 2> times.txt    # what of it is whose
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import sys, time
begin = time.perf_counter()
import {framework} as framework
loaded = time.perf_counter()
framework.ones(3) + framework.ones(3)
first = time.perf_counter()
modules = len(sys.modules)
print([1e3 * (loaded - begin), 1e3 * (first - loaded), modules])
"""
TARGETS = {"import, ms": 60.0, "first operation, ms": 5.0, "installed, MB": 45.0}


def begin(framework: str, rounds: int) -> list[float]:
    """The milliseconds of the import and of the first operation, and the modules loaded by then."""
    best: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        # Byte code is written, whatever the environment says: the first round is the slow one.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            program = PROGRAM.format(framework=framework)
            done = subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
                cwd=folder,
            )
            times = json.loads(done.stdout)
            best = [min(pair) for pair in zip(best, times)] if best else times
    return best


def installed_bytes(framework: str) -> int:
    """The bytes of the package's folder, or of all files that pip has put there."""
    try:
        files = importlib.metadata.files(framework) or []
        paths = [Path(str(file.locate())) for file in files]
    except importlib.metadata.PackageNotFoundError:
        paths = []
    if len(paths) < 10:  # not installed, or in place
        spec = importlib.util.find_spec(framework)
        assert spec is not None and spec.origin is not None
        paths = list(Path(spec.origin).parent.rglob("*"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> int:
    """Measures and prints the table."""
    from kajo.bench.processes import frameworks

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="processes of each framework")
    options = parser.parse_args()
    names = frameworks()
    columns: dict[str, list[float]] = {}
    for framework in names:
        imported, first, modules = begin(framework, options.rounds)
        columns[framework] = [imported, first, installed_bytes(framework) / 1e6, modules]
    print(f"{'':22s} " + " ".join(f"{name:>9s}" for name in names) + "   target")
    for row, name in enumerate([*TARGETS, "modules loaded"]):
        cells = " ".join(f"{columns[framework][row]:9.1f}" for framework in names)
        target = f"{TARGETS[name]:9.1f}" if name in TARGETS else ""
        missed = name in TARGETS and columns["kajo"][row] > TARGETS[name]
        print(f"{name:22s} {cells} {target}{' missed' if missed else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
