"""Tables of measurements."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from kajo.utils.benchmark.measurement import (
    Measurement,
    ordered_unique,
    select_unit,
    trim_sigfig,
    unit_to_english,
)

_RESET, _BOLD = "\033[0m", "\033[1m"
_SHADES = ((1.03, "\033[92m" + _BOLD), (1.2, "\033[32m"), (2.0, ""), (float("inf"), "\033[31m"))
"""Up to how many times the best time a cell gets which colour."""

_HIGH_VARIANCE = "(! XX%) Measurement has high variance, where XX is the IQR / median * 100."


class Colorize(enum.Enum):
    """With what the time in a cell is compared to find its colour."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


class _Table:
    """The measurements of one label: a column for each description, a row for each sub-label."""

    def __init__(self, results: list[Measurement], style: Compare) -> None:
        self.results = results
        self.style = style
        self.columns = ordered_unique(m.description for m in results)
        self.rows = sorted(
            ordered_unique((m.num_threads, m.env, m.as_row_name) for m in results),
            key=lambda row: row[0],
        )
        self.unit, self.scale = select_unit(min(m.median for m in results))
        self.has_envs = len({m.env for m in results}) > 1
        self.cells = {((m.num_threads, m.env, m.as_row_name), m.description): m for m in results}

    def _figures(self, column: Any) -> int:
        """How many digits behind the point a column shows."""
        if not self.style._trims:
            return 1
        members = [m for (_, c), m in self.cells.items() if c == column]
        texts = [trim_sigfig(m.median / self.scale, m.significant_figures) for m in members]
        return 0 if all(value == int(value) for value in texts) else 1

    def _text(self, measurement: Measurement | None, figures: int) -> tuple[str, str]:
        """The number of a cell, and the warning behind it."""
        if measurement is None:
            return "", ""
        value = measurement.median / self.scale
        if self.style._trims:
            value = trim_sigfig(value, measurement.significant_figures)
        warning = ""
        if self.style._warns and measurement.has_warnings:
            warning = f" (! {measurement.iqr / measurement.median * 100:.0f}%)"
        return f"{value:.{figures}f}", warning

    def _color(self, row: Any, column: Any) -> str:
        kind = self.style._color
        if kind is Colorize.NONE:
            return ""
        best = min(
            m.median
            for (r, c), m in self.cells.items()
            if (r == row if kind is Colorize.ROWWISE else (r[0] == row[0] and c == column))
        )
        ratio = self.cells[row, column].median / best
        return next(code for limit, code in _SHADES if ratio <= limit)

    def _column_texts(self, column: Any) -> tuple[dict[Any, str], str]:
        """The cells of a column by row, of one width, and its heading."""
        figures = self._figures(column)
        texts = {row: self._text(self.cells.get((row, column)), figures) for row in self.rows}
        numbers = max(len(number) for number, _ in texts.values())
        warnings = max(len(warning) for _, warning in texts.values())
        width = max(numbers + warnings, len(str(column or "")))
        aligned = {
            row: f"{number:>{numbers}}{warning:<{warnings}}".rjust(width)
            for row, (number, warning) in texts.items()
        }
        return aligned, str(column or "").center(width)

    def render(self) -> str:
        """The table as text."""
        names = {row: f"{row[2]} ({row[1]})" if self.has_envs else row[2] for row in self.rows}
        left = max(len(name) for name in names.values()) + 6
        columns = {column: self._column_texts(column) for column in self.columns}
        heading = " " * left + "".join(f"  |  {title}" for _, title in columns.values())
        title = f" {self.results[0].task_spec.label or ''} ".replace("  ", "-")
        lines = [f"[{title.center(max(len(heading) - 2, len(title)), '-')}]", heading.rstrip()]
        threads = None
        for row in self.rows:
            if row[0] != threads:
                threads = row[0]
                lines.append(f"{threads} threads: ".ljust(len(heading), "-"))
            line = f"      {names[row]}".ljust(left)
            for column, (texts, _) in columns.items():
                text = texts[row]
                color = self._color(row, column) if (row, column) in self.cells else ""
                line += f"  |  {color}{text}{_RESET if color else ''}"
            lines.append(line)
        lines += ["", f"Times are in {unit_to_english(self.unit)}s ({self.unit})."]
        if self.style._warns and any(m.has_warnings for m in self.results):
            lines.append(_HIGH_VARIANCE)
        return "\n".join(lines) + "\n"


class Compare:
    """Shows measurements side by side.

    Args:
        results: measurements; their labels name the tables, sub-labels the rows, descriptions the
            columns.

    Example:
        >>> from kajo.utils.benchmark import Compare, Measurement, TaskSpec
        >>> tasks = [TaskSpec("f", "", label="add", sub_label="n=1", description=d) for d in "ab"]
        >>> table = Compare([Measurement(1, [1e-6], tasks[0]), Measurement(1, [2e-6], tasks[1])])
        >>> print(str(table).splitlines()[3])
              n=1  |  1.0  |  2.0
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trims = False
        self._warns = False
        self._color = Colorize.NONE

    def extend_results(self, results: Iterable[Any]) -> None:
        """Add measurements.

        Raises:
            ValueError: if something else is among them.
        """
        results = list(results)
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(result)} instead."
                )
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Show only the figures that can be trusted."""
        self._trims = True

    def colorize(self, rowwise: bool = False) -> None:
        """Colour the cells by how near they are to the best of their column, or of their row."""
        self._color = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Mark measurements that vary much."""
        self._warns = True

    def print(self) -> None:
        """Print the tables."""
        print(str(self))

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        labels = ordered_unique(m.task_spec.label for m in merged)
        tables = [[m for m in merged if m.task_spec.label == label] for label in labels]
        return "\n".join(_Table(members, self).render() for members in tables)
