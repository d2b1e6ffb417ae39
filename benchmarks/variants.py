#!/usr/bin/env python3
"""Other shapes, dtypes and operations than the table of `kajo bench`, kajo beside PyTorch, slowest first.

Each family is timed in a fresh process of either framework, in turn; a figure is the best of the rounds. What is
printed are the variants where kajo takes more than `--above` times as long, and each family's geometric mean.

    python benchmarks/variants.py
    python benchmarks/variants.py --only '^(softmax|layer_norm)' --above 0 --json variants.json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
from pathlib import Path
from types import ModuleType

Times = dict[str, float]


def step_times(framework: ModuleType, names: list[str], seconds: float) -> list[float | None]:
    """The seconds of a step of each variant; none where the framework refuses it."""
    from kajo.bench.timing import lower_quartile

    sys.path.insert(0, str(Path(__file__).parent))
    from variant_table import VARIANTS

    framework.manual_seed(0)
    table = {name: work for family in VARIANTS.values() for name, work in family.items()}
    found: list[float | None] = []
    for name in names:
        try:
            found.append(lower_quartile(table[name].step(framework), seconds))
        except Exception as error:
            print(f"{name} on {framework.__name__}: {error}", file=sys.stderr)
            found.append(None)
    return found


def measure(names: list[str], options: argparse.Namespace) -> dict[str, Times]:
    """The best time of each variant on each framework."""
    from kajo.bench.processes import frameworks, measure_apart

    best: dict[str, Times] = {name: {} for name in names}
    for _ in range(options.rounds):
        for framework in frameworks(options.alone):
            times = measure_apart(
                __file__,
                "step_times",
                framework,
                options.threads,
                limit=1200.0,
                names=names,
                seconds=options.seconds,
            )
            for name, time in zip(names, times):
                if time is not None:
                    best[name][framework] = min(time, best[name].get(framework, math.inf))
    return best


def ratios(best: dict[str, Times]) -> Times:
    """kajo over PyTorch, where both have a time."""
    return {
        name: times["kajo"] / times["torch"]
        for name, times in best.items()
        if "kajo" in times and "torch" in times
    }


def main() -> int:
    """Measures and prints what was asked for."""
    from variant_table import VARIANTS

    from kajo.bench.comparison import chosen, write_whole

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", default="", help="a regular expression")
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each variant and round")
    parser.add_argument("--above", type=float, default=1.0, help="ratios that are printed")
    parser.add_argument("--alone", action="store_true", help="kajo only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    families = chosen(options.family, VARIANTS)
    wanted = chosen(options.only, [name for family in families for name in VARIANTS[family]])
    measured: dict[str, Times] = {}
    try:
        for family in families:
            names = [name for name in wanted if name in VARIANTS[family]]
            if not names:
                continue
            best = measure(names, options)
            measured |= best
            ratio = ratios(best)
            if ratio:
                mean = statistics.geometric_mean(ratio.values())
                print(f"{family}: {len(ratio)} variants, ratio {mean:.2f} on average", flush=True)
            for name in sorted(ratio, key=lambda name: -ratio[name]):
                if ratio[name] > options.above:
                    ours, theirs = (best[name][framework] * 1e6 for framework in ("kajo", "torch"))
                    print(f"  {name:44s} {ratio[name]:5.2f}  {ours:10.1f} us {theirs:10.1f} us")
            if options.json:
                write_whole(options.json, json.dumps(measured, indent=1))
    except KeyboardInterrupt:
        print("interrupted; what is measured is kept", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
