"""What ``kajo train`` does: prepares a run or finds an earlier one, trains, and reports."""

from __future__ import annotations

import dataclasses
import importlib.util
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from kajo.train import digits, mnist
from kajo.train.loop import Job, Settings, Trainer, evaluate
from kajo.train.progress import ClosableProgress, choose_progress
from kajo.train.report import draw
from kajo.train.run_folder import RunFolder

INTERRUPTED = 130
NEEDED = {"digits": ("sklearn", "matplotlib", "tqdm"), "mnist": ("matplotlib", "tqdm")}
SETTINGS = {"digits": digits.SETTINGS, "mnist": mnist.SETTINGS}


def require_packages(name: str) -> None:
    """Refuses at once, not after the last epoch, when a package that the job needs is missing.

    Raises:
        ModuleNotFoundError: names the packages and the command that installs them.

    Example:
        >>> require_packages("digits")  # doctest: +SKIP
    """
    missing = [module for module in NEEDED[name] if importlib.util.find_spec(module) is None]
    if missing:
        raise ModuleNotFoundError(
            f"kajo train {name} needs {', '.join(missing)}: pip install 'kajo[train]', "
            "or pip install '.[train]' in a checkout"
        )


def make_job(name: str, data: Path | None, settings: Settings) -> Job:
    """Loads the data of a job.

    Args:
        name: ``digits`` or ``mnist``.
        data: the folder with the data; ``mnist`` needs it, ``digits`` brings its own.
        settings: of the run.

    Raises:
        ValueError: ``mnist`` without ``data``, or damaged data.

    Example:
        >>> make_job("mnist", None, mnist.SETTINGS)
        Traceback (most recent call last):
            ...
        ValueError: kajo train mnist: --data has to name the folder with the four files of MNIST
    """
    if name == "digits":
        return digits.job(settings)
    if data is None:
        raise ValueError(
            "kajo train mnist: --data has to name the folder with the four files of MNIST"
        )
    return mnist.job(data, settings)


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into an answer; the second one interrupts as usual.

    Yields:
        A function that says whether Ctrl-C was pressed.

    Example:
        >>> with stop_on_interrupt() as stopped:
        ...     stopped()
        False
    """
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, previous)


def start(
    name: str, data: Path | None, out: Path | None, given: dict[str, Any]
) -> tuple[Trainer, RunFolder]:
    """A new run.

    Args:
        name: ``digits`` or ``mnist``.
        data: the folder with the data, where the job needs one.
        out: the run folder, or None for one named after the time.
        given: the settings that the user gave.

    Returns:
        A fresh trainer and the folder of its run.

    Example:
        >>> trainer, run = start("digits", None, None, {"epochs": 5})  # doctest: +SKIP
    """
    job = make_job(name, data, dataclasses.replace(SETTINGS[name], **given))
    return Trainer(job), RunFolder.create(name, out)


def resume(
    name: str, data: Path | None, folder: Path, given: dict[str, Any]
) -> tuple[Trainer, RunFolder]:
    """An earlier run, where it stopped.

    Args:
        name: ``digits`` or ``mnist``.
        data: the folder with the data, or None for where it was.
        folder: of the run.
        given: the settings that the user gave; they have to be the run's.

    Returns:
        A trainer in the state that was saved, and the folder of its run.

    Raises:
        ValueError: the run is of another job, or has other settings.

    Example:
        >>> trainer, run = resume("digits", None, Path("runs/first"), {})  # doctest: +SKIP
    """
    run = RunFolder.existing(folder)
    state = run.load_checkpoint()
    if state.get("job") != name:
        raise ValueError(f"{folder} is a run of {state.get('job')!r}, not of {name!r}")
    settings = Settings(**state["settings"])
    for key, value in given.items():
        if getattr(settings, key) != value:
            raise ValueError(
                f"{folder} was started with {key} {getattr(settings, key)}, not {value}: "
                "a resumed run keeps its settings"
            )
    if data is None and state["data"] is not None:
        data = Path(state["data"])
    trainer = Trainer(make_job(name, data, settings))
    trainer.load_state_dict(state)
    return trainer, run


def train(trainer: Trainer, run: RunFolder, data: Path | None, progress: ClosableProgress) -> bool:
    """Trains until done or Ctrl-C; leaves checkpoint, metrics and picture in the run folder.

    Args:
        trainer: fresh or resumed.
        run: where to write.
        data: the folder with the data; noted in the checkpoint for whoever resumes.
        progress: is told how it goes.

    Returns:
        Whether all epochs are done.

    Example:
        >>> train(trainer, run, None, Silent())  # doctest: +SKIP
        True
    """
    place = None if data is None else str(data.resolve())

    def save() -> None:
        run.save_checkpoint({**trainer.state_dict(), "data": place})
        run.write_metrics(trainer.history)

    with stop_on_interrupt() as stopped:
        try:
            finished = trainer.run(progress, save, stopped)
        finally:
            progress.close()
        if trainer.history:
            _, found = evaluate(trainer.model, trainer.job.test)
            last = trainer.history[-1]
            title = f"{run.path.name}: {last['test_accuracy']:.2%} after {last['epoch']} epochs"
            draw(run.report, title, trainer.history, trainer.job.test, found)
    return finished


def command(
    name: str,
    *,
    data: Path | None,
    out: Path | None,
    resumed: Path | None,
    given: dict[str, Any],
) -> int:
    """Runs ``kajo train NAME`` and prints what came of it.

    Args:
        name: ``digits`` or ``mnist``.
        data: the folder with the data, where the job needs one.
        out: the folder of a new run.
        resumed: the folder of the run to continue, instead of a new one.
        given: the settings that the user gave.

    Returns:
        The exit status: 0 when all epochs are done, 130 after Ctrl-C.

    Example:
        >>> command("digits", data=None, out=None, resumed=None, given={})  # doctest: +SKIP
        0
    """
    require_packages(name)
    trainer, run = (
        start(name, data, out, given) if resumed is None else resume(name, data, resumed, given)
    )
    epochs, count = trainer.job.settings.epochs, len(trainer.job.train)
    parameters = sum(p.numel() for p in trainer.model.parameters())
    print(
        f"{name}: {count:,} images, {parameters:,} parameters, {epochs} epochs -> {run.path}",
        flush=True,
    )
    done = len(trainer.history) * count + trainer.position
    finished = train(trainer, run, data, choose_progress(epochs, done, epochs * count))
    if not finished:
        print(f"stopped; continue with: kajo train {name} --resume {run.path}")
        return INTERRUPTED
    last = trainer.history[-1]
    print(
        f"test accuracy {last['test_accuracy']:.2%}, test loss {last['test_loss']:.6f}, "
        f"{sum(row['seconds'] for row in trainer.history):.1f} s of training\n"
        f"wrote {run.checkpoint.name}, {run.metrics.name} and {run.report.name} in {run.path}"
    )
    return 0
