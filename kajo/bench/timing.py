"""The time of a step, measured in the process that calls."""

from __future__ import annotations

import statistics
import time
from types import ModuleType

from kajo.bench.work import Step

CALLS_SECONDS = 2e-3  # a sample lasts at least as long
MOST_SAMPLES = 500


def warm_up(step: Step, seconds: float) -> float:
    """Runs `step` for so long, at least twice, and returns the seconds that the last one took.

    Example:
        >>> warm_up(lambda: None, 0.0) < 1
        True
    """
    stop = time.perf_counter() + seconds
    step()
    while True:
        begin = time.perf_counter()
        step()
        end = time.perf_counter()
        if end >= stop:
            return end - begin


def lower_quartile(step: Step, seconds: float) -> float:
    """The lower quartile of the seconds that `step` takes, which other load disturbs least.

    Example:
        >>> 0 < lower_quartile(lambda: None, 0.01) < 1
        True
    """
    calls = max(1, int(CALLS_SECONDS / max(warm_up(step, seconds / 4), 1e-9)))
    samples: list[float] = []
    stop = time.perf_counter() + seconds
    while len(samples) < 3 or (time.perf_counter() < stop and len(samples) < MOST_SAMPLES):
        begin = time.perf_counter()
        for _ in range(calls):
            step()
        samples.append((time.perf_counter() - begin) / calls)
    return statistics.quantiles(samples, n=4)[0]


def time_workload(framework: ModuleType, name: str, seconds: float) -> float:
    """The seconds that one step of the workload `name` takes on `framework`.

    Example:
        >>> import kajo
        >>> time_workload(kajo, "tiny_add", 0.01) > 0
        True
    """
    from kajo.bench.workloads import WORKLOADS

    framework.manual_seed(0)
    return lower_quartile(WORKLOADS[name].step(framework), seconds)
