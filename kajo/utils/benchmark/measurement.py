"""What was measured, and what it says."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_MAX_SIGNIFICANT_FIGURES = 4
_LEAST_CONFIDENCE_SECONDS = 12.5e-9
"""Half of what a clock can be trusted to tell apart."""

_NOISY, _VERY_NOISY = 0.1, 0.25
"""Interquartile range over median from which on a measurement is called noisy."""

_UNITS = (("ns", 1e-9, "nanosecond"), ("us", 1e-6, "microsecond"), ("ms", 1e-3, "millisecond"))
_SECONDS = ("s", 1.0, "second")


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which a time in seconds reads well, and how many seconds it is.

    >>> from kajo.utils.benchmark import select_unit
    >>> select_unit(0.002)
    ('ms', 0.001)
    """
    for unit, scale, _ in _UNITS:
        if t < 1000 * scale * (1 - 1e-9):
            return unit, scale
    return _SECONDS[:2]


def unit_to_english(u: str) -> str:
    """The name of a unit.

    >>> from kajo.utils.benchmark import unit_to_english
    >>> unit_to_english("us")
    'microsecond'
    """
    return {unit: name for unit, _, name in (*_UNITS, _SECONDS)}[u]


def trim_sigfig(x: float, n: int) -> float:
    """Round to some significant figures.

    >>> from kajo.utils.benchmark import trim_sigfig
    >>> trim_sigfig(1234.5, 2)
    1200.0
    """
    if x == 0 or not math.isfinite(x):
        return x
    return round(x, n - 1 - math.floor(math.log10(abs(x))))


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """Each element once, where it comes first.

    >>> from kajo.utils.benchmark import ordered_unique
    >>> ordered_unique([2, 1, 2])
    [2, 1]
    """
    return list(dict.fromkeys(elements))


def _block(name: str, text: str) -> str:
    if "\n" not in text:
        return f"{name}: {text}"
    lines = "\n".join(f"  {line}" for line in text.splitlines())
    return f"{name}:\n{lines}\n"


@dataclass(frozen=True)
class TaskSpec:
    """What is measured.

    Attributes:
        stmt: the statement.
        setup: what runs once before it.
        label: of the table that the result goes to.
        sub_label: of its row.
        description: of its column.
        num_threads: threads that an operation may use.
        env: tells apart where it ran.
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """Label and sub-label, or the statement."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt
        return _block("stmt", self.stmt)

    def setup_str(self) -> str:
        """The setup, as it is shown."""
        return "" if self.setup in ("", "pass") else _block("setup", self.setup)

    def summarize(self) -> str:
        """Everything about it, line by line."""
        parts = [self.title, self.description or "", self.setup_str()]
        return "\n".join(part for part in parts if part)


@dataclass
class Measurement:
    """The times of some runs of a statement.

    Args:
        number_per_run: how often the statement ran in each of them.
        raw_times: seconds of each run.
        task_spec: what was measured.
        metadata: anything.

    >>> from kajo.utils.benchmark import Measurement, TaskSpec
    >>> found = Measurement(10, [1.0, 2.0, 6.0], TaskSpec("f()", ""))
    >>> found.median, found.mean
    (0.2, 0.3)
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None)

    def __getattr__(self, name: str) -> Any:
        if name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """Seconds of one execution of the statement, by run."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """The median of the times."""
        return float(np.median(self.times)) if self.raw_times else math.nan

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return float(np.mean(self.times)) if self.raw_times else math.nan

    def _quartiles(self) -> tuple[float, float]:
        low, high = np.percentile(self.times, (25, 75))
        return float(low), float(high)

    @property
    def iqr(self) -> float:
        """The interquartile range of the times."""
        if not self.raw_times:
            return math.nan
        low, high = self._quartiles()
        return high - low

    @property
    def significant_figures(self) -> int:
        """How many figures of the median can be trusted, from the spread of the middle half."""
        times = sorted(self.times)
        middle = times[len(times) // 4 : math.ceil(3 * len(times) / 4)]
        spread = 1.645 * float(np.std(middle)) / math.sqrt(len(middle))
        figures = math.log10(self.median / max(spread, _LEAST_CONFIDENCE_SECONDS))
        return min(max(math.floor(figures), 1), _MAX_SIGNIFICANT_FIGURES)

    @property
    def has_warnings(self) -> bool:
        """Whether the times vary so much that something else may have disturbed them."""
        return not self.meets_confidence(_NOISY)

    def meets_confidence(self, threshold: float = 0.3) -> bool:
        """Whether the interquartile range is a smaller part of the median than ``threshold``."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """What was measured."""
        return self.task_spec.title

    @property
    def env(self) -> str:
        """Where it ran."""
        return self.task_spec.env or "Unspecified env"

    @property
    def as_row_name(self) -> str:
        """The name of its row in a table."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Put together what was measured of the same task in several goes."""
        grouped: dict[TaskSpec, list[Measurement]] = defaultdict(list)
        for measurement in measurements:
            grouped[measurement.task_spec].append(measurement)
        return [
            Measurement(1, [t for part in parts for t in part.times], task)
            for task, parts in grouped.items()
        ]

    def _lines(self) -> Iterator[str]:
        yield self.task_spec.summarize()
        unit, scale = select_unit(self.median)
        runs = len(self.raw_times)
        if runs == 1:
            yield f"  {self.median / scale:.2f} {unit}"
        else:
            yield f"  Median: {self.median / scale:.2f} {unit}"
        if runs >= 4:
            low, high = self._quartiles()
            iqr = f"{self.iqr / scale:.2f} {unit}"
            yield f"  IQR:    {iqr} ({low / scale:.2f} to {high / scale:.2f})"
        threads = self.task_spec.num_threads
        yield (
            f"  {runs} measurement{'s' if runs > 1 else ''}, {self.number_per_run} runs "
            f"{'per measurement' if runs > 1 else ''}, {threads} thread{'s' if threads > 1 else ''}"
        )
        if self.has_warnings:
            relative = self.iqr / self.median
            yield f"  WARNING: Interquartile range is {relative:.1%} of the median measurement."
            yield (
                "           This suggests significant environmental influence."
                if relative >= _VERY_NOISY
                else "           This could indicate system fluctuation."
            )

    def __repr__(self) -> str:
        place = f"<{type(self).__module__}.{type(self).__name__} object at {hex(id(self))}>"
        return "\n".join([place, *self._lines()])
