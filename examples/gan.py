"""Learns to write digits from a contest: one network writes them, another tells them from real ones.

How good they are is judged by a classifier that learns on real digits beside it: the classifier score is
high (10 at most) when it is sure of each digit, and all ten are equally frequent. It is the exponential of
the mean divergence of an image's odds from the mean odds, known as the inception score.

Data:     the four IDX files of MNIST, train-images-idx3-ubyte.gz and so on
Command:  python examples/gan.py --data FOLDER
Result:   classifier score 5.60; that of real test digits is 9.11
Time:     some 3 minutes on one core
"""

import gzip
from contextlib import suppress

import numpy as np
from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.utils.data import DataLoader, TensorDataset

FILES = [
    f"{part}-{name}-ubyte.gz"
    for part in ("train", "t10k")
    for name in ("images-idx3", "labels-idx1")
]
CODE = 64


def read(path, header):
    with gzip.open(path) as file:
        return kajo.from_numpy(np.frombuffer(file.read(), dtype=np.uint8, offset=header).copy())


def load(folder, images, labels):
    """Pixels from -1 to 1, and labels."""
    pixels = read(folder / images, 16).view(-1, 1, 28, 28).float() / 127.5 - 1
    return TensorDataset(pixels, read(folder / labels, 8).long())


def writer(width=32):
    return nn.Sequential(
        nn.Linear(CODE, 2 * width * 7 * 7, bias=False), nn.Unflatten(1, (2 * width, 7, 7)),
        nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def reader(outputs, width=32):
    return nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(2 * width * 7 * 7, outputs),
    )  # fmt: skip


def contest(write, judge, loader, steps):
    """Trains both, and returns the running mean of the writer, which writes best."""
    mean = optim.swa_utils.AveragedModel(
        write, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    writing = optim.Adam(write.parameters(), lr=1e-3, betas=(0.5, 0.999))
    judging = optim.Adam(judge.parameters(), lr=5e-4, betas=(0.5, 0.999))
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps what was learnt
        for _, real in zip(progress(range(steps), steps), endless(loader)):
            written = write(kajo.randn(len(real), CODE))
            judging.zero_grad()
            # A real one should score above 0, a written one below.
            loss = F.softplus(-judge(real)).mean() + F.softplus(judge(written.detach())).mean()
            loss.backward()
            judging.step()

            writing.zero_grad()
            F.softplus(-judge(written)).mean().backward()
            writing.step()
            mean.update_parameters(write)
    return mean.module


def endless(loader):
    while True:
        for images, _ in loader:
            yield images


def train_classifier(train_set, epochs):
    model = reader(10)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    with suppress(KeyboardInterrupt):
        for _ in range(epochs):
            for images, labels in progress(DataLoader(train_set, 128, shuffle=True)):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
    return model.eval()


@kajo.no_grad()
def score(classifier, images):
    """The classifier score, and the odds."""
    odds = kajo.cat([classifier(part).log_softmax(dim=1) for part in images.split(500)])
    mean = odds.exp().mean(dim=0).log()
    return (odds.exp() * (odds - mean)).sum(dim=1).mean().exp().item(), odds


def main():
    options = arguments(__doc__, FILES)
    kajo.manual_seed(options.seed)
    train_set, test_set = load(options.data, *FILES[:2]), load(options.data, *FILES[2:])
    if options.quick:
        train_set = TensorDataset(*train_set[:640])
    count = 500 if options.quick else 5000

    classifier = train_classifier(train_set, epochs=1)
    real, odds = score(classifier, test_set.tensors[0])
    right = (odds.argmax(dim=1) == test_set.tensors[1]).float().mean().item()
    print(f"classifier: {right:.2%} right, score of the real test digits {real:.2f}", flush=True)

    loader = DataLoader(train_set, batch_size=64, shuffle=True, drop_last=True)
    write = contest(writer(), reader(1), loader, steps=3 if options.quick else 2500)
    write.eval()
    with kajo.no_grad():
        images = kajo.cat([write(kajo.randn(500, CODE)) for _ in range(count // 500)])
    written, _ = score(classifier, images)
    print(f"score of {count} written digits {written:.2f}")
    kajo.save(write.state_dict(), options.out / "model.pt")

    def draw(figure):
        axes = figure.add_subplot(title=f"classifier score {written:.2f}, real digits {real:.2f}")
        tiles = images[:128].view(8, 16, 28, 28).transpose(1, 2).reshape(8 * 28, 16 * 28)
        axes.imshow(tiles.numpy(), cmap="gray_r")
        axes.set_axis_off()

    picture(options.out / "digits.png", draw, width=10)


if __name__ == "__main__":
    main()
