"""Learns MNIST from its four IDX files: python examples/mnist.py FOLDER"""

import gzip
import sys
from pathlib import Path

import numpy as np

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.utils.data import DataLoader, TensorDataset


def read(path, header):
    return np.frombuffer(gzip.open(path).read(), dtype=np.uint8, offset=header).copy()


def load(folder, part):
    pixels = read(folder / f"{part}-images-idx3-ubyte.gz", header=16)
    labels = read(folder / f"{part}-labels-idx1-ubyte.gz", header=8)
    images = kajo.from_numpy(pixels).view(-1, 1, 28, 28).float() / 255
    return TensorDataset(images, kajo.from_numpy(labels).long())


def evaluate(model, loader):
    model.eval()
    correct = 0
    with kajo.no_grad():
        for images, labels in loader:
            correct += (model(images).argmax(dim=1) == labels).sum().item()
    return correct / len(loader.dataset)


def main(folder, epochs=5):
    kajo.manual_seed(0)
    train_loader = DataLoader(load(folder, "train"), batch_size=128, shuffle=True)
    test_loader = DataLoader(load(folder, "t10k"), batch_size=500)

    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=5e-3, total_steps=epochs * len(train_loader)
    )
    for epoch in range(epochs):
        model.train()
        for batch, (images, labels) in enumerate(train_loader):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            scheduler.step()
            if batch % 100 == 0:
                print(f"epoch {epoch + 1}  batch {batch:3d}  loss {loss.item():.4f}", flush=True)
        print(f"epoch {epoch + 1}  test accuracy {evaluate(model, test_loader):.2%}", flush=True)
    kajo.save(model.state_dict(), "mnist.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
