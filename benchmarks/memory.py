#!/usr/bin/env python3
"""Memory of a training run, kajo beside PyTorch, each in a fresh process.

Peak resident memory, page faults of a steady step, what is kept for reuse, and whether a long run whose shapes
change grows.

    python benchmarks/memory.py
    python benchmarks/memory.py --only gpt --steps 5 --json memory.json
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

MIB = 1 << 20
MODELS = ("train_mlp", "train_cnn", "train_resnet18", "train_gpt", "train_gpt_medium", "train_lstm")
PEAK_TARGET = 0.85
# Growth after the first half of a long run that is not mere scatter.
GROWTH_ALLOWED = 1.02


def status_bytes(name: str) -> int:
    """A size in /proc/self/status.

    VmHWM is the peak of this program alone; ru_maxrss counts the process that started it too.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def minor_faults() -> int:
    """Page faults of this process so far that needed no disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def fresh_blocks(framework: ModuleType) -> int:
    """How often kajo's allocator has asked the system for memory; 0 for PyTorch, which does not say."""
    if framework.__name__ != "kajo":
        return 0
    stats = framework.cpu.memory_stats()
    return int(stats["allocations"] - stats["cache_hits"])


def training(framework: ModuleType, name: str, warm: int, steps: int) -> dict[str, Any]:
    """Peak memory of a training run, and the page faults of each step once it is warm."""
    from kajo.bench.workloads import WORKLOADS

    loaded = status_bytes("VmRSS")
    framework.manual_seed(0)
    step = WORKLOADS[name].step(framework)
    for _ in range(warm):
        step()
    fresh = fresh_blocks(framework)
    faults = []
    for _ in range(steps):
        before = minor_faults()
        step()
        faults.append(minor_faults() - before)
    return {
        "loaded": loaded,
        "peak": status_bytes("VmHWM"),
        "faults": faults,
        "fresh_blocks": fresh_blocks(framework) - fresh,
    }


def changing_shapes(framework: ModuleType, steps: int) -> dict[str, Any]:
    """Resident memory over a run in which every batch has another size, sequence lengths too."""
    import random

    from kajo.bench.models import transformer

    framework.manual_seed(0)
    draw = random.Random(0)
    model = transformer(65, 256, 2, 4, 128)(framework)
    optimizer = framework.optim.AdamW(model.parameters())
    resident = []
    for _ in range(steps):
        shape = (draw.randint(1, 24), draw.randint(8, 256))
        indices = framework.randint(0, 65, shape)
        optimizer.zero_grad()
        predicted = model(indices).view(-1, 65)
        framework.nn.functional.cross_entropy(predicted, indices.view(-1)).backward()
        optimizer.step()
        resident.append(status_bytes("VmRSS"))
    half = steps // 2
    kajos = framework.__name__ == "kajo"
    return {
        "first_half": max(resident[:half]),
        "second_half": max(resident[half:]),
        "stats": framework.cpu.memory_stats() if kajos else {},
    }


def _row(name: str, found: dict[str, Any]) -> str:
    ours, theirs = found["kajo"], found.get("torch")
    text = f"{name:18s} {ours['peak'] / MIB:9.0f}"
    if theirs:
        ratio = ours["peak"] / theirs["peak"]
        missed = " missed" if ratio > PEAK_TARGET else ""
        text += f" {theirs['peak'] / MIB:9.0f}  {ratio:5.2f}{missed:7s}"
    else:
        text += f" {'':9s}  {'':12s}"
    text += f" {sum(ours['faults']) / len(ours['faults']):9.1f}"
    if theirs:
        text += f" {sum(theirs['faults']) / len(theirs['faults']):9.1f}"
    return text


def main() -> int:
    """Measures, prints and writes what was asked for."""
    from kajo.bench.comparison import chosen, write_whole
    from kajo.bench.processes import frameworks, measure_apart

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--warm", type=int, default=12, help="steps before faults are counted")
    parser.add_argument("--steps", type=int, default=10, help="steps in which they are counted")
    parser.add_argument("--changing", type=int, default=200, help="steps of the long run")
    parser.add_argument("--threads", type=int, default=0, help="0: what each chooses itself")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = frameworks()
    report: dict[str, Any] = {}

    def apart(function: str, **arguments: Any) -> dict[str, Any]:
        return {
            framework: measure_apart(
                __file__, function, framework, options.threads, limit=1200.0, **arguments
            )
            for framework in names
        }

    print(f"{'':18s} {'peak MiB':>9s} {'':9s}  {'ratio':12s} {'faults a step':>13s}")
    print(f"{'':18s} {'kajo':>9s} {'torch':>9s}  {'':12s} {'kajo':>9s} {'torch':>9s}")
    for name in chosen(options.only, MODELS):
        report[name] = apart("training", name=name, warm=options.warm, steps=options.steps)
        print(_row(name, report[name]), flush=True)
    if options.changing:
        found = report["changing_shapes"] = apart("changing_shapes", steps=options.changing)
        print(f"\n{options.changing} steps with changing shapes, most resident MiB:")
        for framework, half in found.items():
            grew = half["second_half"] > GROWTH_ALLOWED * half["first_half"]
            first, second = half["first_half"] / MIB, half["second_half"] / MIB
            verdict = "grows" if grew else "does not grow"
            print(f"  {framework:6s} first half {first:6.0f}, second {second:6.0f}: {verdict}")
    if options.json:
        write_whole(options.json, json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
