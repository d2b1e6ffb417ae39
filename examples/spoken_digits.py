"""Hears which digit was spoken, by a convolutional network over spectrograms.

Six speakers say each digit fifty times. As the data set's authors have it, the first five of the fifty
are for the test; the next five are for validation here.

Data:     free-spoken-digit-dataset.tar.gz of https://github.com/Jakobovski/free-spoken-digit-dataset
Command:  python examples/spoken_digits.py --data FOLDER
Result:   98.3 % right of 300 test recordings
Time:     100 s on one core
"""

import copy
import tarfile
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.utils.data import DataLoader, TensorDataset

ARCHIVE = "free-spoken-digit-dataset.tar.gz"
SAMPLES = 8000  # a second; longer recordings are cut
WINDOW, HOP = 256, 128


def load(archive, repeats):
    """Sounds, digits and numbers of the recordings whose number is below `repeats`."""
    sounds, digits, numbers = [], [], []
    with tarfile.open(archive) as files:
        for member in files:
            path = Path(member.name)
            if path.suffix != ".wav":
                continue
            digit, _, number = path.stem.split("_")
            if int(number) < repeats:
                with wave.open(files.extractfile(member)) as recording:
                    frames = recording.readframes(SAMPLES)
                sound = kajo.from_numpy(np.frombuffer(frames, dtype="<i2").astype(np.float32))
                sounds.append(F.pad(sound, (0, SAMPLES - len(sound))))
                digits.append(int(digit))
                numbers.append(int(number))
    return kajo.stack(sounds) / 2**15, kajo.tensor(digits), kajo.tensor(numbers)


def spectrograms(sounds):
    """The logarithm of the power: (recordings, 1, frequencies, times), 1 for the loudest of each.

    What is more than 40 decibels below that is 0, and so is silence.
    """
    window = kajo.hann_window(WINDOW)
    waves = kajo.stft(sounds, WINDOW, HOP, window=window, return_complex=True)
    power = waves.abs().unsqueeze(1) ** 2
    power = power / power.amax(dim=(1, 2, 3), keepdim=True)
    return 1 + power.clamp(min=1e-4).log10() / 4


def disturb(images):
    """Shifts each batch in time, and hides some frequencies and some times."""
    _, _, frequencies, times = images.shape
    images = images.roll(int(kajo.randint(-8, 9, ())), dims=3)
    for dim, size, most in ((2, frequencies, 20), (3, times, 10)):
        start = int(kajo.randint(0, size - most, ()))
        images.narrow(dim, start, int(kajo.randint(1, most + 1, ()))).zero_()
    return images


def block(inputs, outputs):
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2))


def network():
    return nn.Sequential(
        block(1, 16), block(16, 32), block(32, 64), block(64, 64),
        nn.AdaptiveAvgPool2d((4, 2)), nn.Flatten(), nn.Dropout(0.4), nn.Linear(64 * 4 * 2, 10),
    )  # fmt: skip


@kajo.no_grad()
def guesses(model, data):
    model.eval()
    return kajo.cat([model(images).argmax(dim=1) for images, _ in DataLoader(data, 100)])


def train(model, train_set, validation_set, epochs):
    """Leaves the weights that were best on the validation recordings in the model."""
    loader = DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=epochs * len(loader))
    best, weights = -1.0, copy.deepcopy(model.state_dict())
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps the best weights
        for epoch in range(epochs):
            model.train()
            for images, digits in progress(loader):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(disturb(images)), digits)
                loss.backward()
                optimizer.step()
                schedule.step()
            truth = validation_set.tensors[1]
            accuracy = (guesses(model, validation_set) == truth).float().mean().item()
            print(f"epoch {epoch + 1:2d}  validation accuracy {accuracy:.2%}", flush=True)
            if accuracy >= best:
                best, weights = accuracy, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)


def main():
    options = arguments(__doc__, [ARCHIVE])
    kajo.manual_seed(options.seed)
    sounds, digits, numbers = load(options.data / ARCHIVE, 11 if options.quick else 50)
    images = spectrograms(sounds)
    test, validation = numbers < 5, (numbers >= 5) & (numbers < 10)
    chosen = (~(test | validation), validation, test)
    train_set, validation_set, test_set = (TensorDataset(images[i], digits[i]) for i in chosen)
    model = network()
    train(model, train_set, validation_set, epochs=1 if options.quick else 12)
    kajo.save(model.state_dict(), options.out / "model.pt")

    guess, truth = guesses(model, test_set), digits[test]
    right = guess == truth
    print(f"test: {right.float().mean().item():.2%} of {len(right)} recordings")

    def draw(figure):
        order = right.int().argsort(stable=True)[:15].tolist()  # those that are wrong first
        for axes, i in zip(figure.subplots(3, 5).flat, order):
            axes.imshow(test_set[i][0][0].numpy(), origin="lower", aspect="auto")
            axes.set_title(f"{truth[i]} heard as {guess[i]}", color="black" if right[i] else "red")
            axes.set_axis_off()

    picture(options.out / "spectrograms.png", draw, width=9)


if __name__ == "__main__":
    main()
