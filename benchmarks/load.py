#!/usr/bin/env python3
"""Throughput while others want the machine too, kajo beside PyTorch.

Every workload runs alone, beside a busy process on every core, and beside a second process of its own kind. Where
n processes want a core, 1/n of it is left: the share of the throughput that is left should be no less than that
minus 15 %. Where threads wait for each other it is far less, because each waits for the slowest.

    python benchmarks/load.py
    python benchmarks/load.py --only 'matmul|gpt' --seconds 2 --json load.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

NAMES = (
    "add_1m",
    "softmax_4m",
    "matmul_256",
    "matmul_1024",
    "conv3x3_128_28",
    "train_mlp",
    "train_gpt",
)
ALLOWANCE = 0.15
STARTING_SECONDS = 4.0
BUSY = "while True: pass"


def throughput(framework: ModuleType, name: str, seconds: float, begin: float) -> dict[str, float]:
    """Steps a second from the time `begin` on, and the processor's seconds for each."""
    from kajo.bench.workloads import WORKLOADS

    framework.manual_seed(0)
    step = WORKLOADS[name].step(framework)
    step()
    while time.time() < begin:
        step()
    steps, start, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() < start + seconds:
        step()
        steps += 1
    passed = time.perf_counter() - start
    return {"rate": steps / passed, "processor": (time.process_time() - used) / steps}


def threads_of_workers(framework: ModuleType, workers: int) -> list[int]:
    """The threads that each data worker computes with."""
    data = framework.utils.data

    class Threads(data.Dataset):  # type: ignore[name-defined, misc]
        def __len__(self) -> int:
            return 4 * workers

        def __getitem__(self, index: int) -> int:
            return int(framework.get_num_threads())

    loader = data.DataLoader(Threads(), batch_size=1, num_workers=workers)
    return sorted({int(batch) for batch in loader})


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """So many processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def at_once(
    framework: str, count: int, options: argparse.Namespace, name: str
) -> list[dict[str, float]]:
    """What `count` processes measure in the same seconds."""
    from kajo.bench.processes import command_of

    command, environment = command_of(
        __file__,
        "throughput",
        framework,
        options.threads,
        name=name,
        seconds=options.seconds,
        begin=time.time() + options.starting,
    )
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(count)
    ]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]


def measure(framework: str, options: argparse.Namespace, name: str) -> dict[str, float]:
    """The throughput alone, and the share of it that is left beside others."""
    (alone,) = at_once(framework, 1, options, name)
    with busy_cores(options.threads):
        (beside,) = at_once(framework, 1, options, name)
    pair = at_once(framework, 2, options, name)
    return {
        "rate": alone["rate"],
        "busy": beside["rate"] / alone["rate"],
        "pair": min(one["rate"] for one in pair) / alone["rate"],
        "processor": beside["processor"] / alone["processor"],
    }


def main() -> int:
    """Measures, prints and writes what was asked for."""
    from kajo.bench.comparison import chosen, write_whole
    from kajo.bench.processes import frameworks, measure_apart

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument(
        "--starting", type=float, default=STARTING_SECONDS, help="seconds that starting may take"
    )
    parser.add_argument("--alone", action="store_true", help="kajo only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = frameworks(options.alone)
    least = 0.5 * (1 - ALLOWANCE)
    report: dict[str, Any] = {}
    print(f"share of the throughput left where each core is wanted twice (at least {least:.2f})")
    print(
        f"{'workload':16s} {'':6s} {'alone/s':>9s} {'busy':>6s} {'pair':>6s}  processor time a step"
    )
    for name in chosen(options.only, NAMES):
        for framework in names:
            found = measure(framework, options, name)
            report[f"{name} {framework}"] = found
            low = min(found["busy"], found["pair"])
            print(
                f"{name:16s} {framework:6s} {found['rate']:9.1f} {found['busy']:6.2f} {found['pair']:6.2f}"
                f"  x {found['processor']:4.2f}{'  below' if low < least else ''}",
                flush=True,
            )
    for framework in names:
        threads = measure_apart(__file__, "threads_of_workers", framework, workers=2)
        report[f"threads of a data worker, {framework}"] = threads
        print(f"threads of a data worker, {framework}: {threads}")
    if options.json:
        write_whole(options.json, json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
