"""Guesses from which of 18 languages a surname is: a recurrent network reads it letter by letter.

Data:     names of https://github.com/spro/practical-pytorch, one file for each language: Arabic.txt, ...
Command:  python examples/surnames.py --data FOLDER
Result:   83.9 % right on test names, none of which it was trained on for that language
Time:     30 s on one core
"""

import copy
import string
from contextlib import suppress

from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.nn.utils.rnn import pack_padded_sequence, pad_sequence
from kajo.utils.data import DataLoader, random_split

LETTERS = string.ascii_letters + " .,;'-"


def encode(name):
    return kajo.tensor([LETTERS.index(letter) + 1 for letter in name if letter in LETTERS])


def load(folder):
    """The languages, and pairs of a name and its language's number; a name once for a language."""
    files = sorted(folder.glob("*.txt"))
    pairs = [
        (name, number)
        for number, file in enumerate(files)
        for name in dict.fromkeys(file.read_text(encoding="utf-8").split("\n"))
        if name
    ]
    return [file.stem for file in files], pairs


def collate(pairs):
    names, languages = zip(*[(encode(name), language) for name, language in pairs])
    lengths = kajo.tensor([len(name) for name in names])
    return pad_sequence(names, batch_first=True), lengths, kajo.tensor(languages)


class SurnameNetwork(nn.Module):
    def __init__(self, languages, width=128):
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS) + 1, 48, padding_idx=0)
        self.read = nn.GRU(48, width, batch_first=True, bidirectional=True)
        self.decide = nn.Linear(2 * width, languages)

    def forward(self, names, lengths):
        letters = F.dropout(self.letters(names), 0.2, self.training)
        packed = pack_padded_sequence(letters, lengths, batch_first=True, enforce_sorted=False)
        _, last = self.read(packed)  # the states at the ends, forward and backward
        both = F.dropout(kajo.cat([last[0], last[1]], dim=1), 0.5, self.training)
        return self.decide(both)


@kajo.no_grad()
def confusion(model, loader, languages):
    """How many names of each language (row) were taken for each language (column)."""
    model.eval()
    counts = kajo.zeros(languages * languages, dtype=kajo.int64)
    for names, lengths, truth in loader:
        guess = model(names, lengths).argmax(dim=1)
        counts += kajo.bincount(truth * languages + guess, minlength=languages * languages)
    return counts.view(languages, languages)


def train(model, parts, epochs):
    """Leaves the weights of the epoch that was best on the validation names in the model."""
    loader = DataLoader(parts[0], batch_size=64, shuffle=True, collate_fn=collate)
    validation = DataLoader(parts[1], batch_size=500, collate_fn=collate)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
    best, weights = -1.0, copy.deepcopy(model.state_dict())
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps the best weights
        for epoch in range(epochs):
            model.train()
            for names, lengths, languages in progress(loader):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(names, lengths), languages)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
            counts = confusion(model, validation, model.decide.out_features)
            accuracy = (counts.diag().sum() / counts.sum()).item()
            print(f"epoch {epoch + 1:2d}  validation accuracy {accuracy:.2%}", flush=True)
            if accuracy > best:
                best, weights = accuracy, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)


@kajo.no_grad()
def guesses(model, languages, name):
    model.eval()
    letters = encode(name)
    odds = model(letters[None], kajo.tensor([len(letters)])).softmax(dim=1)[0]
    values, numbers = odds.topk(3)
    return ", ".join(f"{languages[i]} {p:.0%}" for p, i in zip(values.tolist(), numbers.tolist()))


def main():
    options = arguments(__doc__, ["Arabic.txt", "Vietnamese.txt"])
    kajo.manual_seed(options.seed)
    languages, pairs = load(options.data)
    if options.quick:
        pairs = pairs[::20]
    parts = random_split(pairs, [0.8, 0.1, 0.1], generator=kajo.Generator().manual_seed(0))
    model = SurnameNetwork(len(languages))
    train(model, parts, epochs=1 if options.quick else 15)
    kajo.save(model.state_dict(), options.out / "model.pt")

    counts = confusion(model, DataLoader(parts[2], 500, collate_fn=collate), len(languages))
    accuracy = (counts.diag().sum() / counts.sum()).item()
    recall = (counts.diag() / counts.sum(dim=1).clamp(min=1)).mean().item()
    print(f"test: accuracy {accuracy:.2%}, mean over the languages {recall:.1%}")
    for name in ("Nakamura", "Schwarzenberger", "Dostoevsky", "Lecointe", "Papadopoulos"):
        print(f"{name}: {guesses(model, languages, name)}")

    def draw(figure):
        axes = figure.add_subplot(xlabel="guess", ylabel="language", title=f"{accuracy:.1%} right")
        axes.imshow((counts / counts.sum(dim=1, keepdim=True).clamp(min=1)).numpy())
        axes.set_xticks(range(len(languages)), languages, rotation=90)
        axes.set_yticks(range(len(languages)), languages)

    picture(options.out / "confusion.png", draw, width=7, height=7)


if __name__ == "__main__":
    main()
