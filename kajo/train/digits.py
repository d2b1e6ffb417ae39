"""The UCI handwritten digits (1,797 images of 8x8 pixels, carried by scikit-learn)."""

from __future__ import annotations

import kajo
from kajo import Tensor, nn
from kajo.train.loop import Images, Job, Settings

SETTINGS = Settings(epochs=30, batch_size=32, learning_rate=0.01, weight_decay=0.05)
SPLIT_SEED = 0


def load() -> tuple[Images, Images]:
    """Reads the digits and holds out a fifth of each class, the same fifth in every run.

    Returns:
        The images to train on and the images to test on; pixels are (count, 1, 8, 8) in 0 to 1.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.

    Example:
        >>> train, test = load()  # doctest: +SKIP
        >>> len(train), len(test)  # doctest: +SKIP
        (1438, 359)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = kajo.from_numpy(bunch.images).float().unsqueeze(1) / 16
    labels = kajo.from_numpy(bunch.target).long()
    train, test = stratified_split(labels)
    return Images(pixels[train], labels[train]), Images(pixels[test], labels[test])


def stratified_split(labels: Tensor, held_out: float = 0.2) -> tuple[Tensor, Tensor]:
    """Splits indices so that each class gives the same share to the held-out part.

    Args:
        labels: (count,) int64.
        held_out: the share that is held out.

    Returns:
        The indices of the two parts, sorted.

    Example:
        >>> train, test = stratified_split(kajo.tensor([0] * 5 + [1] * 10))
        >>> len(train), len(test)
        (12, 3)
    """
    # A generator of its own: the split must not change with the run's seed.
    order = kajo.randperm(len(labels), generator=kajo.Generator().manual_seed(SPLIT_SEED))
    shuffled = labels[order]
    chosen = kajo.zeros(len(labels), dtype=kajo.bool)
    for label in labels.unique():
        members = order[shuffled == label]
        chosen[members[: round(held_out * len(members))]] = True
    indices = kajo.arange(len(labels))
    return indices[~chosen], indices[chosen]


def build() -> nn.Module:
    """The untrained network: two pairs of 3x3 convolutions, then two linear layers.

    Returns:
        A module from (count, 1, 8, 8) to the scores (count, 10).

    Example:
        >>> tuple(build()(kajo.zeros(2, 1, 8, 8)).shape)
        (2, 10)
    """
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64 * 2 * 2, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def job(settings: Settings = SETTINGS) -> Job:
    """The job behind ``kajo train digits``.

    Example:
        >>> job().name  # doctest: +SKIP
        'digits'
    """
    train, test = load()
    return Job("digits", build, train, test, settings)
