"""The ``kajo`` command."""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import kajo


def _positive(kind: type[int] | type[float], text: str) -> float:
    number = kind(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"has to be positive, not {text}")
    return number


def count(text: str) -> int:
    """A positive whole number of the command line."""
    return int(_positive(int, text))


def rate(text: str) -> float:
    """A positive number of the command line."""
    return _positive(float, text)


TRAIN_SETTINGS: dict[str, tuple[Callable[[str], float], str]] = {
    "epochs": (count, "how often every training image is seen"),
    "batch_size": (count, "images an update"),
    "learning_rate": (rate, "the peak of the schedule"),
    "seed": (int, "of weights, order, shifts and dropout"),
}

BENCH_SETTINGS: dict[str, tuple[Callable[[str], float], float, str]] = {
    "threads": (count, kajo.get_num_threads(), "threads of each framework"),
    "rounds": (count, 4, "processes of each framework and workload"),
    "seconds": (rate, 0.5, "that each of them measures for"),
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line.

    Example:
        >>> build_parser().parse_args(["train", "digits", "--epochs", "3"]).epochs
        3
    """
    parser = argparse.ArgumentParser(prog="kajo", description="Deep learning on its own engine.")
    parser.add_argument("--version", action="version", version=f"kajo {kajo.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    commands.add_parser("info", help="print what a bug report needs")

    train = commands.add_parser("train", help="train a network on real handwritten digits")
    train.add_argument("job", choices=("digits", "mnist"), help="what to learn")
    train.add_argument("--data", type=Path, metavar="DIR", help="folder with the files of MNIST")
    folder = train.add_mutually_exclusive_group()
    folder.add_argument("--out", type=Path, metavar="DIR", help="folder of a new run")
    folder.add_argument("--resume", type=Path, metavar="DIR", help="folder of the run to continue")
    for name, (kind, meaning) in TRAIN_SETTINGS.items():
        option = "--" + name.replace("_", "-")
        train.add_argument(option, type=kind, metavar=kind.__name__.upper(), help=meaning)

    bench = commands.add_parser("bench", help="time kajo beside PyTorch on this machine")
    bench.add_argument("--only", default="", metavar="REGEX", help="which workloads (default all)")
    bench.add_argument("--alone", action="store_true", help="time kajo only")
    bench.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    bench.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios (a PNG)")
    for name, (kind, default, meaning) in BENCH_SETTINGS.items():
        text = f"{meaning} (default {default})"
        bench.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=text)
    return parser


def bench(options: argparse.Namespace) -> int:
    """Runs ``kajo bench`` and returns the exit status.

    Example:
        >>> bench(build_parser().parse_args(["bench", "--only", "^tiny_"]))  # doctest: +SKIP
        0
    """
    from kajo.bench.command import command
    from kajo.bench.comparison import Settings

    settings = Settings(options.rounds, options.seconds, options.threads, options.alone)
    return command(options.only, settings, options.json, options.plot, options.markdown)


def train(options: argparse.Namespace) -> int:
    """Runs ``kajo train`` and returns the exit status.

    Example:
        >>> train(build_parser().parse_args(["train", "digits"]))  # doctest: +SKIP
        0
    """
    from kajo.train.command import command

    given = {name: getattr(options, name) for name in TRAIN_SETTINGS}
    return command(
        options.job,
        data=options.data,
        out=options.out,
        resumed=options.resume,
        given={name: value for name, value in given.items() if value is not None},
    )


def information() -> dict[str, str]:
    """What ``kajo info`` prints: a text for each name, in the order of printing.

    Example:
        >>> information()["kajo"] == kajo.__version__
        True
    """
    from importlib import metadata

    import numpy

    from kajo import _core

    build = {name.replace("_", " "): str(text) for name, text in _core.build_info().items()}
    return {
        "kajo": build.pop("version"),
        **build,
        "BLAS": "kajo's own",
        "LAPACK": f"OpenBLAS (scipy-openblas32 {metadata.version('scipy-openblas32')})",
        "threads": f"{kajo.get_num_threads()} of {os.cpu_count()} cores",
        "devices": "cpu, meta",
        "processor": _processor(),
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "NumPy": numpy.__version__,
        "platform": platform.platform(),
        "package": str(Path(kajo.__file__ or "").parent),
    }


def _processor() -> str:
    # platform.processor() is empty or the mere architecture on Linux.
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def print_information() -> int:
    """Prints the table of ``kajo info`` and returns the exit status.

    Example:
        >>> print_information()  # doctest: +SKIP
        0
    """
    rows = information()
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")
    return 0


# Commands import what they need themselves, so that `kajo info` answers at once.
COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "info": lambda options: print_information(),
    "train": train,
    "bench": bench,
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: the words after ``kajo``; those of the process if not given.

    Returns:
        The exit status: 0; 1 after an error that the user can mend, which is printed; 130 after
        Ctrl-C.

    Example:
        >>> main(["info"])  # doctest: +SKIP
        0
    """
    options = build_parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        print(f"kajo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kajo: interrupted", file=sys.stderr)
        return 130
