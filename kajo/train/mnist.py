"""MNIST (60,000 and 10,000 handwritten digits of 28x28 pixels) from its four IDX files."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

import kajo
from kajo import Tensor, nn
from kajo.train.loop import Images, Job, Settings

SETTINGS = Settings(epochs=5, batch_size=128, learning_rate=0.005, weight_decay=0.01)
UNSIGNED_BYTES = 8


def read_idx(path: Path) -> Tensor:
    """Reads an IDX file of bytes: two zero bytes, type, rank, big-endian sizes, then the values.

    Args:
        path: the file, compressed if its name ends in ``.gz``.

    Returns:
        A uint8 tensor of the file's shape.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not an IDX file of bytes, or not whole.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "two.idx"
        >>> _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]))
        >>> read_idx(file).tolist()
        [5, 7]
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error}): fetch it again") from error
    if len(raw) < 4 or raw[:3] != bytes([0, 0, UNSIGNED_BYTES]):
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    header = 4 + 4 * raw[3]
    shape = [int.from_bytes(raw[start : start + 4], "big") for start in range(4, header, 4)]
    if len(raw) != header + math.prod(shape):
        raise ValueError(
            f"{path}: {len(raw)} bytes, but shape {shape} needs {header + math.prod(shape)}: "
            "fetch it again"
        )
    values = np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)
    return kajo.from_numpy(values.copy())


def load(folder: Path) -> tuple[Images, Images]:
    """Reads the four files of MNIST.

    Args:
        folder: holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the same
            with ``t10k``, each as it is or with ``.gz``.

    Returns:
        The images to train on and the images to test on; pixels are (count, 1, 28, 28) in 0 to 1.

    Raises:
        FileNotFoundError: a file is missing; the message names it.
        ValueError: a file is damaged.

    Example:
        >>> train, test = load(Path("mnist"))  # doctest: +SKIP
        >>> len(train), len(test)  # doctest: +SKIP
        (60000, 10000)
    """
    parts = []
    for part in ("train", "t10k"):
        pixels = read_idx(_find(folder, f"{part}-images-idx3-ubyte"))
        labels = read_idx(_find(folder, f"{part}-labels-idx1-ubyte"))
        if len(pixels) != len(labels):
            raise ValueError(f"{folder}: {len(pixels)} {part} images, but {len(labels)} labels")
        parts.append(Images(pixels.unsqueeze(1).float() / 255, labels.long()))
    train, test = parts
    return train, test


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / f"{name}.gz", folder / name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"{folder / name}.gz not found: --data has to name the folder with the four files of MNIST"
    )


def build() -> nn.Module:
    """The untrained network: two convolutions with pooling, then two linear layers.

    Returns:
        A module from (count, 1, 28, 28) to the scores (count, 10).

    Example:
        >>> tuple(build()(kajo.zeros(2, 1, 28, 28)).shape)
        (2, 10)
    """
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def job(folder: Path, settings: Settings = SETTINGS) -> Job:
    """The job behind ``kajo train mnist``.

    Example:
        >>> job(Path("mnist")).name  # doctest: +SKIP
        'mnist'
    """
    train, test = load(folder)
    return Job("mnist", build, train, test, settings)
