"""A run that was stopped and resumed ends in the same bits as one that was not."""

import dataclasses
import json

import pytest

import kajo
from kajo import nn
from kajo.train.loop import Images, Job, Settings, Trainer
from kajo.train.progress import Silent
from kajo.train.run_folder import RunFolder

SETTINGS = Settings(epochs=3, batch_size=16, learning_rate=0.01, shift=1, seed=5)
BATCHES_AN_EPOCH = 4
TIMES = ("seconds", "images_per_second")


def build():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(36, 3),
    )


def make_job(settings=SETTINGS):
    generator = kajo.Generator().manual_seed(11)
    labels = kajo.arange(60) % 3
    pixels = kajo.rand(60, 1, 6, 6, generator=generator) * 0.3
    pixels += labels.view(-1, 1, 1, 1) * 0.3
    return Job("stripes", build, Images(pixels, labels), Images(pixels[:20], labels[:20]), settings)


class StopAfter:
    """Says yes when it has been asked ``count`` times."""

    def __init__(self, count):
        self.left = count

    def __call__(self):
        self.left -= 1
        return self.left == 0


def figures(trainer):
    return [
        {name: value for name, value in row.items() if name not in TIMES} for row in trainer.history
    ]


def assert_same_state(mine, other):
    assert type(mine) is type(other)
    if isinstance(mine, dict):
        assert mine.keys() == other.keys()
        for key in mine:
            if key not in TIMES:
                assert_same_state(mine[key], other[key])
    elif isinstance(mine, list | tuple):
        assert len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            assert_same_state(one, two)
    elif isinstance(mine, kajo.Tensor):
        assert kajo.equal(mine, other)
    else:
        assert mine == other


@pytest.fixture(scope="module")
def unbroken():
    trainer = Trainer(make_job())
    assert trainer.run(Silent(), save=lambda: None)
    return trainer


@pytest.mark.parametrize("batches", [1, 3, BATCHES_AN_EPOCH, BATCHES_AN_EPOCH + 1, 11])
def test_resumed_run_ends_in_the_same_bits(tmp_path, unbroken, batches):
    run = RunFolder.create("stripes", tmp_path / "run")
    first = Trainer(make_job())
    save = lambda: run.save_checkpoint(first.state_dict())  # noqa: E731
    assert not first.run(Silent(), save, StopAfter(batches))
    assert len(first.history) == batches // BATCHES_AN_EPOCH

    kajo.manual_seed(999)  # another process would not be where the first one stopped
    second = Trainer(make_job())
    second.load_state_dict(RunFolder.existing(run.path).load_checkpoint())
    assert second.run(Silent(), save=lambda: None)
    assert figures(second) == figures(unbroken)
    assert_same_state(second.state_dict(), unbroken.state_dict())


def test_a_run_stopped_again_and_again(tmp_path, unbroken):
    run = RunFolder.create("stripes", tmp_path / "run")
    trainer = Trainer(make_job())
    run.save_checkpoint(trainer.state_dict())
    finished = False
    while not finished:
        trainer = Trainer(make_job())
        trainer.load_state_dict(run.load_checkpoint())
        save = lambda: run.save_checkpoint(trainer.state_dict())  # noqa: B023, E731
        finished = trainer.run(Silent(), save, StopAfter(1))
    assert_same_state(trainer.state_dict(), unbroken.state_dict())


def test_the_seed_decides(unbroken):
    other = Trainer(make_job(dataclasses.replace(SETTINGS, seed=6)))
    other.run(Silent(), save=lambda: None)
    assert figures(other) != figures(unbroken)


def test_other_data_are_refused(unbroken):
    job = make_job()
    fewer = Images(job.train.pixels[:30], job.train.labels[:30])
    with pytest.raises(ValueError, match="images"):
        Trainer(dataclasses.replace(job, train=fewer)).load_state_dict(unbroken.state_dict())


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path, unbroken):
    run = RunFolder.create("stripes", tmp_path / "run")
    run.save_checkpoint(unbroken.state_dict())
    with pytest.raises(FileExistsError, match="--resume"):
        RunFolder.create("stripes", tmp_path / "run")


def test_a_failed_save_leaves_the_last_checkpoint(tmp_path, unbroken):
    run = RunFolder.create("stripes", tmp_path / "run")
    run.save_checkpoint(unbroken.state_dict())
    with pytest.raises(Exception):  # noqa: B017 (whatever pickling refuses a lambda with)
        run.save_checkpoint({"unsavable": lambda: None})
    assert run.load_checkpoint()["job"] == "stripes"


def test_metrics_are_json_lines(tmp_path, unbroken):
    run = RunFolder.create("stripes", tmp_path / "run")
    run.write_metrics(unbroken.history)
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert rows == unbroken.history
    assert [row["epoch"] for row in rows] == [1, 2, 3]
