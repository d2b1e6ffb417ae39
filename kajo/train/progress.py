"""Ways to watch a run: a bar in a terminal, a line an epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, TextIO

from kajo.train.loop import Progress


def describe(row: dict[str, Any], epochs: int) -> str:
    """One epoch of the metrics as a line of text.

    Example:
        >>> row = {"epoch": 1, "train_loss": 0.5, "train_accuracy": 0.9, "test_loss": 0.25,
        ...        "test_accuracy": 0.95, "images_per_second": 1234.5}
        >>> describe(row, epochs=3)[:42]
        'epoch 1/3  loss 0.5000  accuracy 90.00%  t'
    """
    return (
        f"epoch {row['epoch']}/{epochs}  loss {row['train_loss']:.4f}  "
        f"accuracy {row['train_accuracy']:.2%}  test loss {row['test_loss']:.4f}  "
        f"test accuracy {row['test_accuracy']:.2%}  {row['images_per_second']:,.0f} images/s"
    )


class Silent:
    """Shows nothing.

    Example:
        >>> Silent().batch(32, 0.5, 0.9)
    """

    def batch(self, images: int, loss: float, accuracy: float) -> None:
        """An update is done."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done."""

    def close(self) -> None:
        """Nothing more comes."""


class Lines:
    """A line an epoch, with the time left; for logs and pipes.

    Args:
        epochs: of the whole run.
        total: images still to come.
        stream: where the lines go.

    Example:
        >>> Lines(epochs=1, total=100, stream=sys.stdout).batch(32, 0.5, 0.9)
    """

    def __init__(self, epochs: int, total: int, stream: TextIO) -> None:
        self._epochs, self._total, self._stream = epochs, total, stream
        self._done, self._started = 0, time.perf_counter()

    def batch(self, images: int, loss: float, accuracy: float) -> None:
        """Counts the images, for the time left."""
        self._done += images

    def epoch(self, row: dict[str, Any]) -> None:
        """Prints the epoch's line."""
        elapsed = time.perf_counter() - self._started
        left = elapsed / max(self._done, 1) * (self._total - self._done)
        line = f"{describe(row, self._epochs)}  {left:.0f} s left"
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing more comes."""


class Bar:
    """A progress bar over the whole run, and a line above it for each epoch that is done.

    Args:
        epochs: of the whole run.
        done: images seen before a resumed run was stopped.
        total: images of the whole run.
        stream: the terminal.

    Example:
        >>> import io
        >>> bar = Bar(epochs=1, done=0, total=100, stream=io.StringIO())
        >>> bar.batch(32, 0.5, 0.9)
        >>> bar.close()
    """

    LAYOUT = (
        "{percentage:3.0f}% |{bar}| {desc}  {rate_noinv_fmt}  {remaining} left"  # tqdm's fields
    )

    def __init__(self, epochs: int, done: int, total: int, stream: TextIO) -> None:
        from tqdm import tqdm

        self._epochs = epochs
        self._bar = tqdm(
            total=total,
            initial=done,
            unit=" images",
            file=stream,
            bar_format=self.LAYOUT,
            dynamic_ncols=True,
            leave=False,
        )

    def batch(self, images: int, loss: float, accuracy: float) -> None:
        """Moves the bar."""
        self._bar.set_description_str(f"loss {loss:.4f}  accuracy {accuracy:.2%}", refresh=False)
        self._bar.update(images)

    def epoch(self, row: dict[str, Any]) -> None:
        """Writes the epoch's line above the bar."""
        self._bar.write(describe(row, self._epochs), file=self._bar.fp)

    def close(self) -> None:
        """Takes the bar away."""
        self._bar.close()


class ClosableProgress(Progress, Protocol):
    """A progress that has to be told when nothing more comes."""

    def close(self) -> None:
        """Nothing more comes."""


def choose_progress(
    epochs: int, done: int, total: int, stream: TextIO | None = None
) -> ClosableProgress:
    """A bar where ``stream`` (standard error if not given) is a terminal, else lines.

    Example:
        >>> import io
        >>> type(choose_progress(epochs=1, done=0, total=100, stream=io.StringIO())).__name__
        'Lines'
    """
    stream = stream or sys.stderr
    if stream.isatty():
        return Bar(epochs, done, total, stream)
    return Lines(epochs, total - done, stream)
