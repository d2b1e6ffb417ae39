"""A program seeded alike gives PyTorch's losses: the weights, the order and the arithmetic agree.

Plain SGD, because it lets rounding grow slowest: adaptive optimisers divide by gradients near
zero, and PyTorch on one thread then parts from PyTorch on two within a dozen steps.
"""

import gzip
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

import kajo

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("KAJO_SHARED", HERE.parents[2] / "shared"))
TOLERANCE = 1e-4

# Of PyTorch 2.13.0 on the CPU, every tenth loss, without and with dropout. With dropout the later
# losses already differ by more than the tolerance between PyTorch's own convolutions.
RECORDED = {
    False: [
        2.321079, 2.297009, 2.300242, 2.289130, 2.278600,
        2.288081, 2.272243, 2.275310, 2.262228, 2.251236,
    ],
    True: [2.322438, 2.305523, 2.299382, 2.298393, 2.292957],
}  # fmt: skip


def load_program():
    spec = importlib.util.spec_from_file_location("plain_program", HERE / "plain_program.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


losses = load_program().losses


def squares():
    """Noise with a brighter square, whose place is the class."""
    rng = np.random.RandomState(0)
    labels = np.arange(640) % 10
    pixels = rng.random_sample((640, 12, 12)) * 0.5
    for image, label in zip(pixels, labels, strict=True):
        top, left = 2 + 5 * (label // 5), 2 * (label % 5)
        image[top : top + 3, left : left + 3] += 0.5
    return pixels.astype(np.float32), labels.astype(np.int64)


def mnist(count=6400):
    folder = SHARED / "data" / "mnist"
    if not folder.is_dir():
        pytest.skip("MNIST is not there")
    images, labels = (
        gzip.decompress((folder / f"train-{name}-ubyte.gz").read_bytes())
        for name in ("images-idx3", "labels-idx1")
    )
    pixels, labels = images[16 : 16 + count * 28 * 28], labels[8 : 8 + count]
    images = np.frombuffer(pixels, dtype=np.uint8).reshape(count, 28, 28)
    return images.astype(np.float32) / 255, np.frombuffer(labels, dtype=np.uint8).astype(np.int64)


@pytest.mark.parametrize("dropout", [False, True])
def test_losses_are_those_recorded(dropout):
    recorded = RECORDED[dropout]
    steps = 10 * len(recorded) - 9
    found = losses(kajo, *squares(), steps=steps, convolutional=True, dropout=dropout)
    np.testing.assert_allclose(found[::10], recorded, rtol=0, atol=TOLERANCE)


@pytest.fixture
def torch():
    """PyTorch on two threads, whose order of additions kajo's convolutions follow."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield torch
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "program",
    [
        {"convolutional": False},
        {"convolutional": True, "dropout": False},
        {"convolutional": True, "dropout": True},
    ],
    ids=str,
)
def test_losses_on_mnist_are_those_of_pytorch(program, torch):
    # Without AVX-512 PyTorch's convolutions add in another order, and two pixels of a pooling
    # window that nearly tie are told apart otherwise within thirty steps.
    same_order = torch.backends.cpu.get_cpu_capability() == "AVX512"
    steps = 100 if same_order or not program["convolutional"] else 20
    data = mnist()
    expected = losses(torch, *data, steps=steps, **program)
    found = losses(kajo, *data, steps=steps, **program)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
