"""What the recipes beside this file share: their arguments, a progress bar, and pictures."""

import argparse
import sys
from pathlib import Path


def arguments(text, data=None):
    """Reads the command line.

    Args:
        text: the program's docstring; ``--help`` shows it.
        data: the files that have to be in the folder named by ``--data``; without any, there is no
            such argument.

    Returns:
        ``seed``, ``quick``, ``out`` (a folder, which exists) and, with ``data``, ``data``.
    """
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if data:
        needed = ", ".join(data)
        parser.add_argument(
            "--data", type=Path, required=True, metavar="FOLDER", help=f"where {needed} is"
        )
    parser.add_argument(
        "--quick", action="store_true", help="seconds: shows that it works, learns little"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and order (default: 0)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs") / name,
        metavar="FOLDER",
        help=f"for weights and pictures (default: runs/{name})",
    )
    found = parser.parse_args()
    for file in data or ():
        if not (found.data / file).exists():
            parser.error(f"there is no {file} in {found.data}: see --help for where it is from")
    found.out.mkdir(parents=True, exist_ok=True)
    return found


def progress(steps, total=None):
    """Hands the steps on, with a bar where tqdm is installed and standard error is a terminal."""
    if not sys.stderr.isatty():
        return steps
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return steps
    return tqdm(steps, total=total, leave=False, dynamic_ncols=True)


def picture(path, draw, width=8.0, height=5.0):
    """Draws into a file, where matplotlib is installed.

    Args:
        path: of the picture.
        draw: called with an empty figure of matplotlib.
        width: in inches.
        height: in inches.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        print(f"{path}: not drawn, as matplotlib is not installed")
        return
    figure = Figure((width, height), layout="constrained")
    draw(figure)
    figure.savefig(path)
    print(f"see {path}")
