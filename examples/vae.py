"""Learns to write digits: a variational autoencoder with a code of 20 numbers for an image.

Data:     the four IDX files of MNIST, train-images-idx3-ubyte.gz and so on
Command:  python examples/vae.py --data FOLDER
Result:   98.5 nats an image on the 10,000 test images (the bound on the negative log-likelihood)
Time:     80 s on one core
"""

import gzip
from contextlib import suppress

import numpy as np
from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.utils.data import DataLoader

IMAGES = "{}-images-idx3-ubyte.gz"
CODE = 20


def load(folder, part):
    with gzip.open(folder / IMAGES.format(part)) as file:
        pixels = np.frombuffer(file.read(), dtype=np.uint8, offset=16)
    return kajo.from_numpy(pixels.copy()).view(-1, 28 * 28).float() / 255


class Autoencoder(nn.Module):
    def __init__(self, width=400):
        super().__init__()
        self.read = nn.Sequential(
            nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 2 * CODE),
        )  # fmt: skip
        self.write = nn.Sequential(
            nn.Linear(CODE, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 784),
        )  # fmt: skip

    def forward(self, images):
        mean, log_variance = self.read(images).chunk(2, dim=1)
        code = mean + kajo.randn_like(mean) * (0.5 * log_variance).exp()
        return self.write(code), mean, log_variance


def loss_of(model, images):
    """The bound on how unlikely an image is, in nats, averaged over the images."""
    pixels, mean, log_variance = model(images)
    unlike = F.binary_cross_entropy_with_logits(pixels, images, reduction="sum")
    # How much the code says: the divergence of its normal distribution from the standard one.
    said = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return (unlike + said) / len(images)


@kajo.no_grad()
def evaluate(model, loader):
    model.eval()
    total = sum(loss_of(model, images).item() * len(images) for images in loader)
    return total / len(loader.dataset)


def train(model, images, validation, epochs):
    loader = DataLoader(images, batch_size=128, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=epochs * len(loader))
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps what was learnt
        for epoch in range(epochs):
            model.train()
            for batch in progress(loader):
                optimizer.zero_grad()
                loss = loss_of(model, batch)
                loss.backward()
                optimizer.step()
                schedule.step()
            print(
                f"epoch {epoch + 1:2d}  validation loss {evaluate(model, validation):.2f}",
                flush=True,
            )


@kajo.no_grad()
def gallery(model, images, count=12):
    """Rows of digits: given, written from their codes, from the first code to the last, and from noise."""
    model.eval()
    mean, _ = model.read(images[:count]).chunk(2, dim=1)
    between = kajo.lerp(mean[:1], mean[-1:], kajo.linspace(0, 1, count)[:, None])
    noise = kajo.randn(4 * count, CODE)
    written = model.write(kajo.cat([mean, between, noise])).sigmoid()
    tiles = kajo.cat([images[:count], written]).view(-1, count, 28, 28)
    return tiles.transpose(1, 2).reshape(-1, count * 28)


def main():
    options = arguments(__doc__, [IMAGES.format("train"), IMAGES.format("t10k")])
    kajo.manual_seed(options.seed)
    images, test_images = (load(options.data, part) for part in ("train", "t10k"))
    if options.quick:
        images, test_images = images[-2000:], test_images[:500]
    images, held_out = images[: len(images) * 5 // 6], images[len(images) * 5 // 6 :]
    validation, test = DataLoader(held_out, 500), DataLoader(test_images, 500)
    model = Autoencoder()
    train(model, images, validation, epochs=1 if options.quick else 20)
    print(f"test loss {evaluate(model, test):.2f} nats an image")
    kajo.save(model.state_dict(), options.out / "model.pt")

    def draw(figure):
        axes = figure.add_subplot(
            title="given; written again; from the first to the last; invented"
        )
        axes.imshow(gallery(model, test_images).numpy(), cmap="gray_r")
        axes.set_axis_off()

    picture(options.out / "digits.png", draw, width=8, height=5)


if __name__ == "__main__":
    main()
