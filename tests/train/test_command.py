"""``kajo train`` and ``kajo info`` as a user runs them."""

import gzip
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import kajo
from kajo.cli import main
from kajo.train import digits, mnist
from kajo.train.loop import shift_images

PNG = b"\x89PNG"


def figures(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        (row["epoch"], row["train_loss"], row["test_loss"], row["test_accuracy"]) for row in rows
    ]


def write_idx(path, values):
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(gzip.compress(head + values.astype(np.uint8).tobytes()))


@pytest.fixture
def little_mnist(tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 64), ("t10k", 20)):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 28, 28)))
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", rng.integers(0, 10, (count,)))
    return folder


@pytest.fixture
def packages():
    for name in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(name)


def test_info_says_what_a_bug_report_needs(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    names = ("compiler", "instruction set", "LAPACK", "threads", "devices", "Python", "platform")
    for word in (kajo.__version__, *names):
        assert word in text


def test_digits_leaves_checkpoint_metrics_and_picture(packages, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "digits", "--epochs", "2", "--out", str(run)]) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoint.pt",
        "metrics.jsonl",
        "report.png",
    ]
    assert (run / "report.png").read_bytes().startswith(PNG)
    assert figures(run)[-1][3] > 0.9


# So many that a signal after the first comes before the last ends.
EPOCHS = "12"


def test_interrupted_digits_resume_to_the_same_figures(packages, tmp_path):
    words = [sys.executable, "-m", "kajo", "train", "digits"]
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    process = subprocess.Popen(
        [*words, "--epochs", EPOCHS, "--out", str(broken)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
    )
    assert f"epoch 1/{EPOCHS}" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert f"--resume {broken}" in output
    for rest in (["--resume", str(broken)], ["--epochs", EPOCHS, "--out", str(whole)]):
        subprocess.run([*words, *rest], check=True, capture_output=True, cwd=tmp_path)
    assert figures(broken) == figures(whole)


def test_mnist_reads_idx_files(packages, little_mnist, tmp_path):
    run = tmp_path / "run"
    words = ["train", "mnist", "--data", str(little_mnist), "--epochs", "1", "--out", str(run)]
    assert main(words) == 0
    assert len(figures(run)) == 1
    assert main(["train", "mnist", "--resume", str(run)]) == 0  # it knows where the data were


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mnist"], "--data"),
        (["mnist", "--data", "nowhere"], "train-images-idx3-ubyte"),
        (["digits", "--resume", "nowhere"], "checkpoint.pt"),
    ],
)
def test_what_the_user_can_mend_is_one_line(packages, words, message, capsys):
    assert main(["train", *words]) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


def test_settings_of_a_resumed_run_are_kept(packages, little_mnist, tmp_path, capsys):
    run = str(tmp_path / "run")
    main(["train", "mnist", "--data", str(little_mnist), "--epochs", "1", "--out", run])
    assert main(["train", "mnist", "--resume", run, "--epochs", "2"]) == 1
    assert "epochs" in capsys.readouterr().err
    assert main(["train", "digits", "--resume", run]) == 1
    assert "mnist" in capsys.readouterr().err


def test_damaged_idx_files_are_refused(tmp_path):
    path = tmp_path / "labels.gz"
    write_idx(path, np.arange(10))
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"", b"no gzip", gzip.compress(b"\0\0\x0d\1\0\0\0\2ab")):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"labels\.gz"):
            mnist.read_idx(path)
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with pytest.raises(ValueError, match="fetch it again"):
        mnist.read_idx(path)


def test_split_is_stratified_and_does_not_depend_on_the_seed():
    labels = kajo.arange(100) % 4
    kajo.manual_seed(1)
    train, test = digits.stratified_split(labels)
    kajo.manual_seed(2)
    again, _ = digits.stratified_split(labels)
    assert kajo.equal(train, again)
    assert labels[test].bincount().tolist() == [5, 5, 5, 5]
    assert sorted(train.tolist() + test.tolist()) == list(range(100))


def test_shifted_images_are_moved_and_filled_with_zeros():
    kajo.manual_seed(0)
    dot = kajo.zeros(50, 2, 5, 5)
    dot[:, :, 2, 2] = 1
    moved = shift_images(dot, 1)
    assert moved.sum(dim=(2, 3)).eq(1).all()
    assert moved[:, :, 1:4, 1:4].sum() == 100
    assert kajo.equal(moved[:, 0], moved[:, 1])
    assert len({tuple(image.flatten().tolist()) for image in moved[:, 0]}) == 9
    assert shift_images(dot, 0) is dot


@pytest.mark.parametrize(
    "words", [["--epochs", "-1"], ["--batch-size", "0"], ["--learning-rate", "nan"]]
)
def test_settings_have_to_be_positive(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "digits", *words])
    assert stop.value.code == 2
    assert "has to be positive" in capsys.readouterr().err
