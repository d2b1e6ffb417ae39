"""The folder that one training run writes: its checkpoint, its metrics and its picture."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kajo

Row = dict[str, Any]


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets ``write`` fill a neighbour of ``path``, then moves it there in one step.

    A process that dies half way leaves the old file as it was.

    Args:
        path: the file to replace.
        write: is called with the path of the temporary file and has to fill it.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.txt"
        >>> write_atomically(target, lambda file: file.write_text("safe"))
        >>> target.read_text()
        'safe'
    """
    temporary = path.with_name(path.name + ".partial")
    write(temporary)
    # The data has to be on the disk before the name points to it.
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


class RunFolder:
    """The files of one run, all in one folder.

    Attributes:
        path: the folder.
        checkpoint: everything that a resumed run needs, written by ``save_checkpoint``.
        metrics: one JSON object a line, an epoch each.
        report: the picture.

    Example:
        >>> import tempfile
        >>> run = RunFolder(Path(tempfile.mkdtemp()))
        >>> run.write_metrics([{"epoch": 1, "loss": 0.5}])
        >>> run.metrics.read_text()
        '{"epoch": 1, "loss": 0.5}\\n'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.pt"
        self.metrics = path / "metrics.jsonl"
        self.report = path / "report.png"

    @classmethod
    def create(cls, name: str, path: Path | None = None) -> RunFolder:
        """Makes the folder of a new run.

        Args:
            name: what is trained; begins the folder's name where ``path`` is not given.
            path: the folder to use instead of ``runs/<name>-<date>-<time>``.

        Returns:
            The run folder; it exists and holds no checkpoint.

        Raises:
            FileExistsError: ``path`` holds a run already.

        Example:
            >>> import tempfile
            >>> RunFolder.create("digits", Path(tempfile.mkdtemp()) / "first").path.name
            'first'
        """
        if path is not None:
            run = cls(path)
            if run.checkpoint.exists():
                raise FileExistsError(
                    f"{path} holds a run already: continue it with --resume {path}, "
                    "or choose another folder with --out"
                )
            path.mkdir(parents=True, exist_ok=True)
            return run
        stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        for attempt in range(1000):
            candidate = Path("runs") / (stem if attempt == 0 else f"{stem}-{attempt}")
            try:
                candidate.mkdir(parents=True)
            except FileExistsError:
                continue
            return cls(candidate)
        raise FileExistsError(
            f"runs/{stem} and a thousand neighbours exist: give a folder by --out"
        )

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """Opens the folder of an earlier run.

        Args:
            path: the folder, as the earlier run printed it.

        Returns:
            The run folder; it has a checkpoint.

        Raises:
            FileNotFoundError: there is no checkpoint to continue from.

        Example:
            >>> RunFolder.existing(Path("no-such-run"))
            Traceback (most recent call last):
                ...
            FileNotFoundError: no-such-run has no checkpoint.pt: not the folder of a run
        """
        run = cls(path)
        if not run.checkpoint.is_file():
            raise FileNotFoundError(f"{path} has no {run.checkpoint.name}: not the folder of a run")
        return run

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replaces the checkpoint by ``state``, a dictionary of plain values and tensors.

        Example:
            >>> import tempfile
            >>> run = RunFolder(Path(tempfile.mkdtemp()))
            >>> run.save_checkpoint({"epoch": 3})
            >>> run.load_checkpoint()
            {'epoch': 3}
        """
        write_atomically(self.checkpoint, lambda file: kajo.save(state, str(file)))

    def load_checkpoint(self) -> dict[str, Any]:
        """Reads the checkpoint back; code in it is never run.

        Returns:
            The dictionary that was saved.

        Example:
            >>> import tempfile
            >>> run = RunFolder(Path(tempfile.mkdtemp()))
            >>> run.save_checkpoint({"seed": 1})
            >>> run.load_checkpoint()["seed"]
            1
        """
        state: dict[str, Any] = kajo.load(str(self.checkpoint), weights_only=True)
        return state

    def write_metrics(self, history: list[Row]) -> None:
        """Writes the rows of all epochs so far, one JSON object a line.

        Example:
            >>> import tempfile
            >>> run = RunFolder(Path(tempfile.mkdtemp()))
            >>> run.write_metrics([])
            >>> run.metrics.read_text()
            ''
        """
        text = "".join(json.dumps(row) + "\n" for row in history)
        write_atomically(self.metrics, lambda file: file.write_text(text))
