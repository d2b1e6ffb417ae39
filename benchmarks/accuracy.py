#!/usr/bin/env python3
"""Errors of the operations that are timed, against the same in float64, kajo beside PyTorch.

Operands are equal to the bit, since both frameworks draw the same random numbers. The largest error is given in
parts of the largest result, the mean error in parts of the mean result. An operation is marked where both of
kajo's errors are more than a tenth above PyTorch's.

    python benchmarks/accuracy.py
    python benchmarks/accuracy.py --only 'exp|softmax' --json accuracy.json
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

WORSE = 1.1
# No reference: random numbers, batches in any order. Of a decomposition only the values are unique.
LEFT_OUT = ("randn_1m", "dataloader_tensors_20k")
UNIQUE_PARTS = {"svd_256": (1,)}


def _tensors(framework: ModuleType, result: Any) -> list[Any]:
    parts = result if isinstance(result, (tuple, list)) else (result,)
    found = []
    for part in parts:
        if isinstance(part, (tuple, list)):
            found += _tensors(framework, part)
        elif isinstance(part, framework.Tensor):
            found.append(part.detach())
        elif isinstance(part, float):
            found.append(framework.tensor(part, dtype=framework.float64))
    return found


def _widened(framework: ModuleType, value: Any) -> Any:
    if not isinstance(value, framework.Tensor) or not value.is_floating_point():
        return value
    return value.detach().double().requires_grad_(value.requires_grad)


def _gradients(framework: ModuleType, result: Any, leaves: list[Any]) -> list[Any]:
    result.sum().backward()
    return [
        leaf.grad for leaf in leaves if isinstance(leaf, framework.Tensor) and leaf.requires_grad
    ]


def _call(framework: ModuleType, work: Any, backward: bool) -> tuple[Any, Any]:
    narrow = work.values(framework)
    wide = [_widened(framework, value) for value in narrow]
    results = []
    for values in (narrow, wide):
        result = work.bind(framework, values)()
        results.append(_gradients(framework, result, values) if backward else result)
    return results[0], results[1]


def _module(framework: ModuleType, module: Any, value: Any, backward: bool) -> tuple[Any, Any]:
    results = []
    for network, data in (
        (copy.deepcopy(module), value),
        (copy.deepcopy(module).double(), _widened(framework, value)),
    ):
        result = network(data)
        leaves = [data, *network.parameters()]
        results.append(_gradients(framework, result, leaves) if backward else result)
    return results[0], results[1]


def _layer(framework: ModuleType, work: Any) -> tuple[Any, Any]:
    from operator import attrgetter

    module = attrgetter(work.module)(framework)(*work.arguments)
    return _module(framework, module, work.operand(framework), work.backward)


def _inference(framework: ModuleType, work: Any) -> tuple[Any, Any]:
    return _module(framework, work.model(framework).eval(), work.operand(framework), False)


RESULTS: dict[str, Callable[[ModuleType, Any], tuple[Any, Any]]] = {
    "Call": lambda framework, work: _call(framework, work, False),
    "Backward": lambda framework, work: _call(framework, work.call, True),
    "Layer": _layer,
    "Inference": _inference,
}


def errors(framework: ModuleType, name: str) -> dict[str, float]:
    """The largest and the mean error of one workload's results."""
    from kajo.bench.workloads import WORKLOADS

    framework.manual_seed(0)
    work = WORKLOADS[name]
    narrow, wide = (
        _tensors(framework, part) for part in RESULTS[type(work).__name__](framework, work)
    )
    chosen = UNIQUE_PARTS.get(name, range(len(narrow)))
    largest = mean = 0.0
    for place in chosen:
        exact = wide[place]
        if not (exact.is_floating_point() or exact.is_complex()):
            continue
        difference = (narrow[place].to(exact.dtype) - exact).abs()
        scale = exact.abs()
        largest = max(largest, float(difference.max()) / (float(scale.max()) or 1.0))
        mean = max(mean, float(difference.mean()) / (float(scale.mean()) or 1.0))
    return {"largest": largest, "mean": mean}


def is_worse(ours: dict[str, float], theirs: dict[str, float]) -> bool:
    """Whether both errors are above PyTorch's by more than a tenth."""
    return all(ours[kind] > WORSE * theirs[kind] for kind in ("largest", "mean"))


def main() -> int:
    """Measures, prints and writes what was asked for."""
    from kajo.bench.comparison import chosen, write_whole
    from kajo.bench.processes import MeasurementError, frameworks, measure_apart
    from kajo.bench.workloads import WORKLOADS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = frameworks()
    measured = [
        name
        for name, work in WORKLOADS.items()
        if type(work).__name__ in RESULTS and name not in LEFT_OUT
    ]
    report: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'':22s} {'largest error':^21s} {'mean error':^21s}")
    print(f"{'workload':22s} {'kajo':>10s} {'torch':>10s} {'kajo':>10s} {'torch':>10s}")
    for name in chosen(options.only, measured):
        found: dict[str, dict[str, float]] = {}
        for framework in names:
            try:
                found[framework] = measure_apart(
                    __file__, "errors", framework, options.threads, name=name
                )
            except MeasurementError as error:
                print(f"{name:22s} {framework}: {error}")
        report[name] = found
        if "kajo" not in found:
            continue
        cells = [
            f"{found[framework][kind]:10.2e}" if framework in found else f"{'':10s}"
            for kind in ("largest", "mean")
            for framework in ("kajo", "torch")
        ]
        worse = "torch" in found and is_worse(found["kajo"], found["torch"])
        print(f"{name:22s} {' '.join(cells)}{'  worse' if worse else ''}", flush=True)
    if options.json:
        write_whole(options.json, json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
