"""Comparisons as pictures, through matplotlib, which is loaded only here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kajo.bench.comparison import Report
from kajo.bench.targets import TARGETS


def pyplot() -> Any:
    """matplotlib's pyplot, drawing to files.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.

    Example:
        >>> pyplot()  # doctest: +SKIP
    """
    try:
        import matplotlib
    except ModuleNotFoundError:
        message = "pictures need matplotlib: pip install 'kajo[bench]', or leave --plot out"
        raise ModuleNotFoundError(message) from None
    matplotlib.use("Agg")
    import matplotlib.pyplot

    return matplotlib.pyplot


def draw(report: Report, path: Path) -> None:
    """Writes a picture of the ratios, best first, with the targets beside them.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        ValueError: no workload has a ratio.

    Example:
        >>> draw(report, Path("report.png"))  # doctest: +SKIP
    """
    ratios = sorted((row.ratio, row.name) for row in report.rows if row.ratio is not None)
    if not ratios:
        raise ValueError("there is nothing to draw: no workload ran on both frameworks")
    plot = pyplot()
    figure, axes = plot.subplots(figsize=(8, 1.5 + 0.2 * len(ratios)), layout="constrained")
    places = range(len(ratios))
    axes.barh(places, [ratio for ratio, _ in ratios], color="#4878a8", label="measured")
    targets = [(TARGETS[name], place) for place, (_, name) in enumerate(ratios) if name in TARGETS]
    if targets:
        axes.plot(*zip(*targets), "|", color="black", markersize=9, label="target")
    axes.axvline(1.0, color="#a84848", linewidth=1, label="PyTorch")
    axes.set_yticks(places, [name for _, name in ratios], fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("time of kajo / time of PyTorch")
    axes.invert_yaxis()
    axes.legend()
    figure.savefig(path, dpi=120)
    plot.close(figure)
