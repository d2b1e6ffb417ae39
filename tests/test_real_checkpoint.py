"""A checkpoint made elsewhere, years ago, in PyTorch's format before the zip files: ResNet-20."""

import os
from pathlib import Path

import numpy as np
import pytest

import kajo
import kajo.nn.functional as F
from kajo import nn

DATA = Path(os.environ.get("KAJO_SHARED", Path(__file__).parents[2] / "shared")) / "data"
WEIGHTS = DATA / "weights" / "resnet20-12fca82f.th"
IMAGES = DATA / "cifar10" / "lossless_first4000"

# Of the first four images, computed in NumPy.
LOGITS = [
    [-12.44919, -5.69823, -0.65897, 9.12066, 0.71099, 4.55526, 19.82786, 0.38097, -6.6409, -9.11281],
    [0.4936, 10.18675, -6.64435, -3.82819, -13.18534, -7.15775, -9.05501, -2.68035, 2.21285, 29.70574],
    [2.59299, 1.6529, -4.86053, -2.68011, -8.26059, -7.25345, -5.97392, 0.50822, 1.53155, 22.77438],
    [-4.78069, -8.16587, 1.16829, -0.33596, 23.21976, -2.08739, -1.94325, 0.85174, -3.57548, -4.37751],
]  # fmt: skip


class Block(nn.Module):
    """Two convolutions and a shortcut without parameters: every other pixel, channels of zeros."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.added = (outputs - inputs) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.added:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))
        return F.relu(out + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean(dim=(2, 3)))


def first_images(count):
    image = pytest.importorskip("PIL.Image")
    sheet = np.asarray(image.open(IMAGES / "cifar10_batch_0.png").convert("RGB"))
    pixels = kajo.tensor(sheet[:count].reshape(count, 32, 32, 3)).permute(0, 3, 1, 2) / 255
    mean = kajo.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = kajo.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    return (pixels - mean) / deviation


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the weights are not there")
def test_resnet20_gives_its_logits():
    saved = kajo.load(WEIGHTS, map_location="cpu")
    assert saved["best_prec1"] == pytest.approx(91.78)
    model = ResNet20().eval()
    model.load_state_dict(
        {name.removeprefix("module."): value for name, value in saved["state_dict"].items()}
    )
    images = first_images(100)
    with kajo.no_grad():
        logits = model(images)
    np.testing.assert_allclose(logits[:4].numpy(), LOGITS, atol=1e-3)
    labels = [int(line) for line in (IMAGES / "labels.txt").read_text().split()[:100]]
    assert (logits.argmax(dim=1) == kajo.tensor(labels)).sum() >= 99
