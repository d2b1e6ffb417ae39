"""Measurements in fresh processes, so that no framework is disturbed by what ran before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("_child.py")
LIMIT_SECONDS = 180.0


class MeasurementError(Exception):
    """A measurement that ended with an error; the message is its last line."""


def command_of(
    place: str, function: str, framework: str, threads: int = 0, **arguments: Any
) -> tuple[list[str], dict[str, str]]:
    """The words and the environment of a process that measures; see :func:`measure_apart`.

    Example:
        >>> command_of("kajo.bench.timing", "time_workload", "kajo", threads=2)[1]["OMP_NUM_THREADS"]
        '2'
    """
    words = [place, function, framework, str(threads), json.dumps(arguments)]
    environment = dict(os.environ)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    return [sys.executable, str(CHILD), *words], environment


def measure_apart(
    place: str,
    function: str,
    framework: str,
    threads: int = 0,
    limit: float = LIMIT_SECONDS,
    **arguments: Any,
) -> Any:
    """Calls a function in a fresh process and returns what it returned.

    Args:
        place: the module of the function, or the path of its file.
        function: its name; it is called with the framework's module first.
        framework: ``"kajo"`` or ``"torch"``.
        threads: of the framework; 0 leaves what it chooses itself.
        limit: seconds after which the process is ended.
        arguments: further arguments, as JSON can say them; so the result.

    Raises:
        MeasurementError: the process failed or took too long.

    Example:
        >>> measure_apart("kajo.bench.timing", "time_workload", "kajo", name="tiny_add", seconds=0.01) > 0
        True
    """
    command, environment = command_of(place, function, framework, threads, **arguments)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env=environment
        )
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"took longer than {limit:.0f} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise MeasurementError(lines[-1] if lines else f"exit status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def frameworks(alone: bool = False) -> list[str]:
    """The frameworks to measure: kajo, and PyTorch where it is installed and not left out.

    Example:
        >>> frameworks(alone=True)
        ['kajo']
    """
    return ["kajo", "torch"] if not alone and is_installed("torch") else ["kajo"]


def is_installed(framework: str) -> bool:
    """Whether a framework can be imported, found out without importing it.

    Example:
        >>> is_installed("kajo")
        True
    """
    import importlib.util

    return importlib.util.find_spec(framework) is not None
