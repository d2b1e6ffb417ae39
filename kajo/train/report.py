"""The picture of a run: learning curves, confusion matrix, and the digits it got wrong."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from kajo import Tensor
from kajo.train.loop import Images
from kajo.train.run_folder import write_atomically

CLASSES = 10
ROWS, COLUMNS = 4, 8


def confusion(labels: Tensor, predicted: Tensor) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Counts how often each class was taken for each.

    Args:
        labels: the true classes, (count,) int64.
        predicted: the classes that were found, of the same shape.

    Returns:
        A (10, 10) array; its rows are the true classes.

    Example:
        >>> import kajo
        >>> int(confusion(kajo.tensor([1, 1]), kajo.tensor([1, 7]))[1, 7])
        1
    """
    counts = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(counts, (labels.numpy(), predicted.numpy()), 1)
    return counts


def draw(
    path: Path, title: str, history: list[dict[str, Any]], test: Images, found: Tensor
) -> None:
    """Draws the picture of a run into a PNG file.

    Args:
        path: the file.
        title: stands above the picture.
        history: the rows of the metrics; at least one.
        test: the images that the run is judged by.
        found: the class it found for each.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.

    Example:
        >>> draw(Path("report.png"), "digits", history, test, found)  # doctest: +SKIP
    """
    # The object interface needs no window system and leaves a caller's pyplot alone.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    [[upper], [lower]] = figure.subfigures(2, 1, squeeze=False, height_ratios=[3, 2])
    losses, accuracies, matrix = upper.subplots(1, 3)
    _curves(losses, history, "loss")
    losses.set_yscale("log")
    _curves(accuracies, history, "accuracy")
    _matrix(matrix, confusion(test.labels, found))
    _mistakes(lower, test, found)
    # Drawn in memory first, because savefig takes the format from the file's name.
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    write_atomically(path, lambda file: file.write_bytes(picture.getvalue()))


def _curves(axes: Any, history: list[dict[str, Any]], name: str) -> None:
    epochs = [row["epoch"] for row in history]
    for part, label in (("train", "training"), ("test", "held out")):
        values = [row[f"{part}_{name}"] for row in history]
        axes.plot(epochs, values, marker="o", markersize=3, label=label)
    axes.set(xlabel="epoch", title=name)
    axes.grid(alpha=0.3)
    axes.legend()


def _matrix(axes: Any, counts: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    # Shaded by the share of the row, so that classes of different size compare.
    axes.imshow(counts / counts.sum(axis=1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if row == column else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=color)
    ticks = range(CLASSES)
    axes.set(title="confusion", xlabel="found", ylabel="true", xticks=ticks, yticks=ticks)


def _mistakes(figure: Any, test: Images, found: Tensor) -> None:
    wrong = (found != test.labels).nonzero().flatten().tolist()
    shown = wrong[: ROWS * COLUMNS]
    remark = "" if len(shown) == len(wrong) else f", the first {len(shown)}"
    figure.suptitle(f"wrong: {len(wrong)} of {len(test)}{remark} (true, found)")
    if not shown:
        return
    rows = -(-len(shown) // COLUMNS)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for axes in grid:
        axes.set_axis_off()
    for axes, index in zip(grid, shown, strict=False):
        axes.imshow(test.pixels[index, 0].numpy(), cmap="gray_r")
        axes.set_title(f"{test.labels[index].item()}, {found[index].item()}", fontsize=8)
