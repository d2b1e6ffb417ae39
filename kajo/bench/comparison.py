"""kajo and PyTorch in turn on a list of workloads, and what comes of it."""

from __future__ import annotations

import json
import os
import re
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kajo.bench.processes import MeasurementError, measure_apart
from kajo.bench.workloads import WORKLOADS

NOISY = 1.3  # rounds that differ by more are not to be believed
REFERENCE = "torch"


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Args:
        rounds: processes of each framework and workload.
        seconds: that one process measures for.
        threads: of each framework.
        alone: measure kajo only.
    """

    rounds: int = 4
    seconds: float = 0.5
    threads: int = 1
    alone: bool = False


@dataclass(frozen=True)
class Row:
    """The seconds of one workload in every round, or why there are none."""

    name: str
    kajo: tuple[float, ...] = ()
    torch: tuple[float, ...] = ()
    error: str | None = None

    @property
    def ratio(self) -> float | None:
        """The best time of kajo over the best of PyTorch.

        Example:
            >>> Row("add", (1.0, 3.0), (2.0, 2.5)).ratio
            0.5
        """
        return min(self.kajo) / min(self.torch) if self.kajo and self.torch else None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round.

        Example:
            >>> Row("add", (1.0, 3.0), (2.0, 2.0)).ratios
            [0.5, 1.5]
        """
        return [ours / theirs for ours, theirs in zip(self.kajo, self.torch)]

    @property
    def noisy(self) -> bool:
        """Whether the rounds of one framework differ too much.

        Example:
            >>> Row("add", (1.0, 1.5), (2.0, 2.0)).noisy
            True
        """
        return any(max(times) > NOISY * min(times) for times in (self.kajo, self.torch) if times)


@dataclass
class Report:
    """What a comparison found, row by row."""

    settings: Settings
    rows: list[Row] = field(default_factory=list)
    interrupted: bool = False

    @property
    def ratios(self) -> list[float]:
        """The ratios of the workloads that both frameworks ran.

        Example:
            >>> Report(Settings(), [Row("add", (1.0,), (2.0,)), Row("mul", error="none")]).ratios
            [0.5]
        """
        return [row.ratio for row in self.rows if row.ratio is not None]

    @property
    def mean(self) -> float | None:
        """The geometric mean of the ratios.

        Example:
            >>> Report(Settings(), [Row("add", (1.0,), (2.0,)), Row("mul", (2.0,), (1.0,))]).mean
            1.0
        """
        return statistics.geometric_mean(self.ratios) if self.ratios else None

    def write(self, path: Path) -> None:
        """Writes the report as JSON; a file of that name is replaced at the end, in one go.

        Example:
            >>> Report(Settings()).write(Path("report.json"))  # doctest: +SKIP
        """
        rows = [asdict(row) | {"ratio": row.ratio, "noisy": row.noisy} for row in self.rows]
        content = {"settings": asdict(self.settings), "mean": self.mean, "rows": rows}
        write_whole(path, json.dumps(content, indent=1))


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is never there in part: beside it first, then in its place.

    Example:
        >>> write_whole(Path("report.json"), "{}")  # doctest: +SKIP
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


def chosen(pattern: str, names: Iterable[str] = WORKLOADS) -> list[str]:
    """The names that a regular expression is found in.

    Raises:
        ValueError: the pattern is no regular expression, or is found in none.

    Example:
        >>> chosen("^matmul_[0-9]*4$")
        ['matmul_64', 'matmul_1024']
    """
    try:
        found = [name for name in names if re.search(pattern, name)]
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    if not found:
        raise ValueError(f"no workload's name matches {pattern!r}; there are {', '.join(names)}")
    return found


def compare_one(name: str, settings: Settings) -> Row:
    """Times one workload on both frameworks in turn.

    Example:
        >>> compare_one("tiny_add", Settings(1, 0.01, 1, alone=True)).torch
        ()
    """
    times: dict[str, list[float]] = {"kajo": [], REFERENCE: []}
    for _ in range(settings.rounds):
        for framework in ("kajo",) if settings.alone else ("kajo", REFERENCE):
            try:
                seconds = measure_apart(
                    "kajo.bench.timing",
                    "time_workload",
                    framework,
                    settings.threads,
                    name=name,
                    seconds=settings.seconds,
                )
            except MeasurementError as error:
                return Row(name, error=f"{framework}: {error}")
            times[framework].append(seconds)
    return Row(name, tuple(times["kajo"]), tuple(times[REFERENCE]))


def compare(
    names: list[str], settings: Settings, begin: Callable[[int, str], None] = lambda *_: None
) -> Iterator[Row]:
    """Times workloads one after the other; `begin` is told the number and the name of each.

    Example:
        >>> [row.name for row in compare(["tiny_view"], Settings(1, 0.01, 1, alone=True))]
        ['tiny_view']
    """
    for number, name in enumerate(names):
        begin(number, name)
        yield compare_one(name, settings)
