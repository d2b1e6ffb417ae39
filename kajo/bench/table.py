"""A comparison as text: a table to read in the terminal, and one for a page."""

from __future__ import annotations

from kajo.bench.comparison import Report, Row
from kajo.bench.targets import MEAN_TARGET, TARGETS

UNITS = ((1.0, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns"))


def time_text(seconds: float) -> str:
    """Seconds in the unit that suits.

    Example:
        >>> time_text(0.00125), time_text(3e-8)
        ('1.25 ms', '30.00 ns')
    """
    for scale, unit in UNITS:
        if seconds * scale >= 1 or unit == "ns":
            break
    return f"{seconds * scale:.2f} {unit}"


def heading() -> str:
    """The line above the rows.

    Example:
        >>> heading().split()
        ['workload', 'kajo', 'torch', 'ratio', '(min..max)', 'target']
    """
    return f"{'workload':24s} {'kajo':>11s} {'torch':>11s}  ratio (min..max)    target"


def row_text(row: Row) -> str:
    """A row in the terminal.

    Example:
        >>> row_text(Row("add", (1e-3, 1.1e-3), (2e-3, 2e-3))).split()
        ['add', '1.00', 'ms', '2.00', 'ms', '0.50', '(0.50..0.55)']
    """
    if row.error is not None:
        return f"{row.name:24s} {row.error}"
    text = f"{row.name:24s} {time_text(min(row.kajo)):>11s}"
    if row.ratio is None:
        return text + ("  noisy" if row.noisy else "")
    spread = f"({min(row.ratios):.2f}..{max(row.ratios):.2f})"
    text += f" {time_text(min(row.torch)):>11s}  {row.ratio:5.2f} {spread:14s}"
    target = TARGETS.get(row.name)
    if target is not None:
        text += f" {target:5.2f}" + (" missed" if row.ratio > target else "")
    return (text + ("  noisy" if row.noisy else "")).rstrip()


def summary(report: Report) -> str:
    """What all rows together say.

    Example:
        >>> from kajo.bench.comparison import Settings
        >>> print(summary(Report(Settings(), [Row("add", (1.0,), (2.0,))])))
        1 of 1 compared, geometric mean of the ratios 0.500 (target 0.42), slower than torch on 0
    """
    count = len(report.rows)
    if report.mean is None:
        measured = sum(row.error is None for row in report.rows)
        return f"{measured} of {count} measured"
    slower = sum(ratio > 1 for ratio in report.ratios)
    return (
        f"{len(report.ratios)} of {count} compared, geometric mean of the ratios {report.mean:.3f} "
        f"(target {MEAN_TARGET}), slower than torch on {slower}"
    )


def markdown(report: Report) -> str:
    """The comparison as a table of Markdown.

    Example:
        >>> from kajo.bench.comparison import Settings
        >>> print(markdown(Report(Settings(), [Row("tiny_add", (1e-7,), (1e-6,))])))
        | workload | kajo | PyTorch | ratio | target |
        | --- | ---: | ---: | ---: | ---: |
        | `tiny_add` | 100.00 ns | 1.00 us | 0.10 | 0.30 |
        | geometric mean of 1 | | | 0.100 | 0.42 |
    """
    lines = [
        "| workload | kajo | PyTorch | ratio | target |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in report.rows:
        ours = time_text(min(row.kajo)) if row.kajo else "failed"
        theirs = time_text(min(row.torch)) if row.torch else ""
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}" + (" (noisy)" if row.noisy else "")
        target = f"{TARGETS[row.name]:.2f}" if row.name in TARGETS else ""
        lines.append(f"| `{row.name}` | {ours} | {theirs} | {ratio} | {target} |")
    if report.mean is not None:
        mean = f"{report.mean:.3f} | {MEAN_TARGET}"
        lines.append(f"| geometric mean of {len(report.ratios)} | | | {mean} |")
    return "\n".join(lines)
