#!/usr/bin/env python3
"""Time against size, kajo beside PyTorch: where a curve has a cliff, and where kajo is the slower one.

A cliff is a point more than 1.5 times above the line through its neighbours in the doubly logarithmic picture.
What is found is measured once more in fresh processes before it is reported, because other load on the machine makes
cliffs too. The figures go into a JSON file after each process, and what the file has is not measured again.

    python benchmarks/scaling.py --json scaling.json --plot scaling.png
    python benchmarks/scaling.py --json scaling.json --only '^gpt_' --threads 1
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

CLIFF = 1.5
SLOWER = 1.1
GIB = float(1 << 30)

Times = dict[int, float]
Found = dict[str, dict[str, Times]]  # of each curve and framework


def curve_times(framework: ModuleType, name: str, sizes: list[int], seconds: float) -> list[float]:
    """The seconds of a step for each size."""
    from kajo.bench.timing import lower_quartile

    sys.path.insert(0, str(Path(__file__).parent))
    from curves import CURVES

    framework.manual_seed(0)
    work = CURVES[name].work
    return [lower_quartile(work(size).step(framework), seconds) for size in sizes]


@dataclass(frozen=True)
class Finding:
    """A point that should not be as it is."""

    curve: str
    size: int
    kind: str  # "cliff" or "slower"
    factor: float

    def __str__(self) -> str:
        what = "times the line through its neighbours" if self.kind == "cliff" else "times PyTorch"
        return f"{self.curve} at {self.size}: {self.factor:.2f} {what}"


def cliffs(times: Times) -> list[tuple[int, float]]:
    """Sizes whose time lies above the line through the neighbours, and how many times."""
    sizes = sorted(times)
    found = []
    for before, size, after in zip(sizes, sizes[1:], sizes[2:]):
        part = math.log(size / before) / math.log(after / before)
        line = times[before] ** (1 - part) * times[after] ** part
        if times[size] > CLIFF * line:
            found.append((size, times[size] / line))
    return found


def findings(found: Found) -> list[Finding]:
    """What is wrong with the curves."""
    result = []
    for name, both in found.items():
        ours, theirs = both.get("kajo", {}), both.get("torch", {})
        result += [Finding(name, size, "cliff", factor) for size, factor in cliffs(ours)]
        for size in sorted(ours.keys() & theirs.keys()):
            if ours[size] > SLOWER * theirs[size]:
                result.append(Finding(name, size, "slower", ours[size] / theirs[size]))
    return result


def read(path: Path | None) -> Found:
    """What was measured before; JSON knows only texts as keys."""
    if path is None or not path.exists():
        return {}
    stored = json.loads(path.read_text())
    return {
        name: {
            framework: {int(size): seconds for size, seconds in times.items()}
            for framework, times in both.items()
        }
        for name, both in stored.items()
    }


class Measurer:
    """Measures what is missing and stores it at once."""

    def __init__(self, options: argparse.Namespace, frameworks: list[str]) -> None:
        self.found = read(options.json)
        self._options, self._frameworks = options, frameworks

    def measure(self, name: str, sizes: list[int], again: bool = False) -> None:
        """Takes the times of `sizes` on both frameworks; those measured again count where they are less."""
        from kajo.bench.comparison import write_whole
        from kajo.bench.processes import MeasurementError, measure_apart

        options = self._options
        both = self.found.setdefault(name, {})
        for framework in self._frameworks:
            times = both.setdefault(framework, {})
            wanted = [size for size in sizes if again or size not in times]
            if not wanted:
                continue
            try:
                measured = measure_apart(
                    __file__,
                    "curve_times",
                    framework,
                    options.threads,
                    limit=1200.0,
                    name=name,
                    sizes=wanted,
                    seconds=options.seconds,
                )
            except MeasurementError as error:
                print(f"{name} on {framework}: {error}", file=sys.stderr)
                continue
            for size, seconds in zip(wanted, measured):
                times[size] = min(seconds, times.get(size, math.inf))
            if options.json:
                write_whole(options.json, json.dumps(self.found, indent=1))

    def confirm(self, name: str) -> None:
        """Measures what looks wrong once more, with its neighbours."""
        suspects = {found.size for found in findings({name: self.found[name]})}
        sizes = sorted(self.found[name].get("kajo", {}))
        wanted = [
            size for i, size in enumerate(sizes) if suspects & set(sizes[max(0, i - 1) : i + 2])
        ]
        if wanted:
            self.measure(name, wanted, again=True)


def summary(name: str, both: dict[str, Times]) -> str:
    """A line on one curve."""
    ours, theirs = both.get("kajo", {}), both.get("torch", {})
    ratios = {size: ours[size] / theirs[size] for size in ours.keys() & theirs.keys()}
    text = f"{name:22s} {len(ours):3d} sizes"
    if ratios:
        worst = max(ratios, key=lambda size: ratios[size])
        mean = statistics.geometric_mean(ratios.values())
        text += f"  ratio {mean:5.2f} on average, at most {ratios[worst]:5.2f} (at {worst})"
    return text


def draw(found: Found, path: Path) -> None:
    """All curves in one picture; what is wrong has a circle."""
    from kajo.bench.picture import pyplot

    plot = pyplot()
    columns = 4
    rows = -(-len(found) // columns)
    figure, axes = plot.subplots(
        rows, columns, figsize=(4 * columns, 3 * rows), squeeze=False, layout="constrained"
    )
    wrong = findings(found)
    for place, (name, both) in zip(axes.flat, found.items()):
        for framework, colour in (("kajo", "#4878a8"), ("torch", "#a84848")):
            times = both.get(framework, {})
            place.plot(
                sorted(times),
                [times[n] for n in sorted(times)],
                ".-",
                color=colour,
                label=framework,
            )
        marked = [(f.size, both["kajo"][f.size]) for f in wrong if f.curve == name]
        if marked:
            place.plot(*zip(*marked), "o", mfc="none", color="black", markersize=10)
        place.set(xscale="log", yscale="log", title=name, xlabel="size", ylabel="seconds")
    for place in list(axes.flat)[len(found) :]:
        place.set_visible(False)
    axes.flat[0].legend()
    figure.savefig(path, dpi=80)
    plot.close(figure)


def main() -> int:
    """Measures, prints and writes what was asked for."""
    from curves import CURVES

    from kajo.bench.comparison import chosen
    from kajo.bench.processes import frameworks

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each point")
    parser.add_argument("--largest", type=int, help="no size beyond this")
    parser.add_argument(
        "--memory", type=float, default=4.0, metavar="GIB", help="skip what needs more (default 4)"
    )
    parser.add_argument("--alone", action="store_true", help="kajo only")
    parser.add_argument("--json", type=Path, help="where figures are kept and continued")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    measurer = Measurer(options, frameworks(options.alone))
    names = chosen(options.only, CURVES)
    try:
        for name in names:
            curve = CURVES[name]
            sizes = [
                size
                for size in curve.sizes
                if curve.bytes(size) <= options.memory * GIB
                and (options.largest is None or size <= options.largest)
            ]
            known = name in measurer.found
            measurer.measure(name, sizes)
            if not known:
                measurer.confirm(name)
            print(summary(name, measurer.found[name]), flush=True)
    except KeyboardInterrupt:
        print("interrupted; what is measured is kept", file=sys.stderr)
    found = {name: measurer.found[name] for name in names if name in measurer.found}
    wrong = findings(found)
    print(f"\n{len(wrong)} findings")
    for finding in wrong:
        print(f"  {finding}")
    if options.plot:
        draw(found, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
