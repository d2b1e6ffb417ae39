"""``kajo bench``: the table of workloads on the user's own machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from kajo.bench.comparison import REFERENCE, Report, Settings, chosen, compare
from kajo.bench.picture import draw, pyplot
from kajo.bench.processes import is_installed
from kajo.bench.table import heading, markdown, row_text, summary


class Progress:
    """Says on a terminal what is being measured, on one line that the next output replaces."""

    def __init__(self, count: int, stream: TextIO | None = None) -> None:
        self._count, self._stream = count, stream or sys.stderr

    def begin(self, number: int, name: str) -> None:
        """Shows the workload under way.

        Example:
            >>> Progress(3).begin(0, "tiny_add")  # nothing where no one reads along
        """
        if self._stream.isatty():
            print(f"\r\x1b[K[{number + 1}/{self._count}] {name} ...", end="", file=self._stream)
            self._stream.flush()

    def clear(self) -> None:
        """Empties the line.

        Example:
            >>> Progress(3).clear()
        """
        if self._stream.isatty():
            print("\r\x1b[K", end="", file=self._stream)
            self._stream.flush()


def command(
    only: str,
    settings: Settings,
    json_file: Path | None = None,
    plot_file: Path | None = None,
    as_markdown: bool = False,
) -> int:
    """Measures, prints, and writes what was asked for; after Ctrl-C with what there is by then.

    Args:
        only: a regular expression that the names of the workloads match.
        settings: how to measure.
        json_file: where the report goes.
        plot_file: where the picture goes.
        as_markdown: whether the table is printed as Markdown, once all is measured.

    Returns:
        The exit status: 0; 1 where a workload failed; 130 after Ctrl-C.

    Raises:
        ValueError: `only` matches nothing.
        ModuleNotFoundError: a picture is asked for and matplotlib is not installed.

    Example:
        >>> command("^tiny_add$", Settings(rounds=1, seconds=0.01))  # doctest: +SKIP
        0
    """
    names = chosen(only)
    if plot_file is not None:
        pyplot()  # before minutes of measuring
    if not settings.alone and not is_installed(REFERENCE):
        print("PyTorch is not installed (pip install torch): kajo is timed alone\n")
        settings = Settings(settings.rounds, settings.seconds, settings.threads, alone=True)
    report, progress = Report(settings), Progress(len(names))
    if not as_markdown:
        print(heading(), flush=True)
    try:
        for row in compare(names, settings, progress.begin):
            report.rows.append(row)
            progress.clear()
            if not as_markdown:
                print(row_text(row), flush=True)
    except KeyboardInterrupt:
        report.interrupted = True
        progress.clear()
        print(f"kajo: interrupted after {len(report.rows)} of {len(names)}", file=sys.stderr)
    print(markdown(report) if as_markdown else f"\n{summary(report)}")
    if json_file is not None:
        report.write(json_file)
    if plot_file is not None and report.ratios:
        draw(report, plot_file)
    if report.interrupted:
        return 130
    return int(any(row.error is not None for row in report.rows))
