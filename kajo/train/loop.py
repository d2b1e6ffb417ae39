"""The training loop: classifies images, can stop after any batch, and continues bit for bit."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, Protocol

import kajo
import kajo.nn.functional as F
from kajo import Tensor, nn, optim

FORMAT = 1
EVALUATION_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Settings:
    """The numbers that, with the data, determine a run.

    Attributes:
        epochs: how often every training image is seen.
        batch_size: images an update.
        learning_rate: the peak of the one-cycle schedule.
        weight_decay: AdamW's.
        shift: images are moved by up to so many pixels each way while training.
        seed: of weights, order, shifts and dropout.

    Example:
        >>> Settings(epochs=3, batch_size=32, learning_rate=0.01).shift
        1
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    shift: int = 1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Images:
    """Labelled images.

    Attributes:
        pixels: (count, channels, height, width) float32.
        labels: (count,) int64.

    Example:
        >>> len(Images(kajo.zeros(4, 1, 8, 8), kajo.zeros(4, dtype=kajo.int64)))
        4
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be trained: a name, a network, and the data it learns from and is judged by.

    Attributes:
        name: of the job, written into the checkpoint.
        build: makes the untrained network.
        train: what it learns from.
        test: what it never sees while it learns.
        settings: the numbers.

    Example:
        >>> blank = Images(kajo.zeros(4, 1, 2, 2), kajo.zeros(4, dtype=kajo.int64))
        >>> make = lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
        >>> Job("blank", make, blank, blank, Settings(1, 2, 0.1)).name
        'blank'
    """

    name: str
    build: Callable[[], nn.Module]
    train: Images
    test: Images
    settings: Settings


class Progress(Protocol):
    """What the loop tells whoever watches it."""

    def batch(self, images: int, loss: float, accuracy: float) -> None:
        """An update is done: images in it, and the means of the epoch so far."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done; ``row`` is its line of the metrics."""


def shift_images(pixels: Tensor, limit: int) -> Tensor:
    """Moves each image by its own random number of pixels, filling with zeros.

    Args:
        pixels: (count, channels, height, width).
        limit: the farthest move in each direction.

    Returns:
        Images of the same shape and dtype.

    Example:
        >>> tuple(shift_images(kajo.ones(2, 1, 8, 8), 1).shape)
        (2, 1, 8, 8)
    """
    if limit == 0:
        return pixels
    count, channels, height, width = pixels.shape
    padded = F.pad(pixels, (limit, limit, limit, limit))
    offsets = kajo.randint(0, 2 * limit + 1, (2, count, 1, 1, 1))
    samples = kajo.arange(count).view(count, 1, 1, 1)
    planes = kajo.arange(channels).view(channels, 1, 1)
    rows = offsets[0] + kajo.arange(height).view(height, 1)
    columns = offsets[1] + kajo.arange(width)
    return padded[samples, planes, rows, columns]


def evaluate(model: nn.Module, images: Images) -> tuple[float, Tensor]:
    """Judges a network.

    Args:
        model: gives a score a class; is left in evaluation mode.
        images: what it is judged by.

    Returns:
        The mean cross-entropy, and the predicted class of each image (int64).

    Example:
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
        >>> loss, predicted = evaluate(
        ...     model, Images(kajo.zeros(3, 1, 2, 2), kajo.zeros(3, dtype=kajo.int64))
        ... )
        >>> len(predicted)
        3
    """
    model.eval()
    loss, predictions = 0.0, []
    with kajo.no_grad():
        for start in range(0, len(images), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            scores = model(images.pixels[part])
            loss += F.cross_entropy(scores, images.labels[part], reduction="sum").item()
            predictions.append(scores.argmax(dim=1))
    return loss / len(images), kajo.cat(predictions)


class Trainer:
    """Trains the network of a job, one batch at a time, from a state that can be saved and loaded.

    The state is all that the next batch depends on: parameters and buffers, optimiser, schedule,
    the random stream, this epoch's order and the place in it, and the sums behind its means.
    Loading it therefore continues as if nothing had happened.

    Example:
        >>> images = Images(kajo.rand(8, 1, 2, 2), kajo.arange(8))
        >>> make = lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
        >>> trainer = Trainer(Job("example", make, images, images, Settings(2, 4, 0.1, shift=0)))
        >>> trainer.step()
        >>> trainer.position
        4
    """

    def __init__(self, job: Job) -> None:
        settings = job.settings
        kajo.manual_seed(settings.seed)
        self.job = job
        self.model = job.build()
        self.optimizer = optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.batches = -(-len(job.train) // settings.batch_size)
        self.schedule = optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=settings.learning_rate,
            total_steps=max(settings.epochs * self.batches, 2),
        )
        self.history: list[dict[str, Any]] = []
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self.order = kajo.randperm(len(self.job.train))
        self.position = 0
        self.loss_sum = 0.0
        self.correct = 0
        self.seconds = 0.0

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return len(self.history) >= self.job.settings.epochs

    def step(self) -> None:
        """Learns from the next batch of this epoch's order."""
        settings = self.job.settings
        chosen = self.order[self.position : self.position + settings.batch_size]
        pixels = shift_images(self.job.train.pixels[chosen], settings.shift)
        labels = self.job.train.labels[chosen]
        self.model.train()
        self.optimizer.zero_grad()
        scores = self.model(pixels)
        loss = F.cross_entropy(scores, labels)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.position += len(labels)
        self.loss_sum += loss.item() * len(labels)
        self.correct += int((scores.argmax(dim=1) == labels).sum().item())

    def _end_epoch(self) -> dict[str, Any]:
        test_loss, predicted = evaluate(self.model, self.job.test)
        right = int((predicted == self.job.test.labels).sum().item())
        row = {
            "epoch": len(self.history) + 1,
            "train_loss": self.loss_sum / self.position,
            "train_accuracy": self.correct / self.position,
            "test_loss": test_loss,
            "test_accuracy": right / len(self.job.test),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.position / max(self.seconds, 1e-9), 1),
        }
        self.history.append(row)
        self._begin_epoch()
        return row

    def run(
        self,
        progress: Progress,
        save: Callable[[], object],
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Trains until all epochs are done or somebody asks to stop.

        Args:
            progress: is told of every batch and epoch.
            save: is called after each epoch, and when stopped, to write the state away.
            stop: is asked after every batch; when it says so, the state is saved and training ends.

        Returns:
            Whether all epochs are done.

        Example:
            >>> images = Images(kajo.rand(8, 1, 2, 2), kajo.arange(8))
            >>> make = lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
            >>> trainer = Trainer(Job("example", make, images, images, Settings(2, 4, 0.1)))
            >>> from kajo.train.progress import Silent
            >>> trainer.run(Silent(), save=lambda: None)
            True
        """
        while not self.finished:
            started = time.perf_counter()
            seen = self.position
            self.step()
            self.seconds += time.perf_counter() - started
            progress.batch(
                self.position - seen, self.loss_sum / self.position, self.correct / self.position
            )
            if self.position >= len(self.job.train):
                progress.epoch(self._end_epoch())
                save()
            if stop():
                save()
                break
        return self.finished

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the run depends on, as plain values and tensors."""
        return {
            "format": FORMAT,
            "job": self.job.name,
            "settings": dataclasses.asdict(self.job.settings),
            "images": [len(self.job.train), len(self.job.test)],
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": kajo.get_rng_state(),
            "order": self.order,
            "position": self.position,
            "loss_sum": self.loss_sum,
            "correct": self.correct,
            "seconds": self.seconds,
            "history": self.history,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from what ``state_dict`` gave.

        Args:
            state: of a run of the same job with the same settings on the same data.

        Raises:
            ValueError: it is from another job, or from other data.
        """
        images = [len(self.job.train), len(self.job.test)]
        for name, mine in (("format", FORMAT), ("job", self.job.name), ("images", images)):
            if state.get(name) != mine:
                raise ValueError(
                    f"checkpoint: {name} is {state.get(name)!r}, this run's is {mine!r}: "
                    "continue a run with the command and the data it was started with"
                )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.order = state["order"]
        self.position = state["position"]
        self.loss_sum = state["loss_sum"]
        self.correct = state["correct"]
        self.seconds = state["seconds"]
        self.history = state["history"]
        # Last: building the model and loading may have drawn from the stream.
        kajo.set_rng_state(state["generator"])
