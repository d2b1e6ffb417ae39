"""Tells spam from other short messages.

A convolution looks at four letters at a time, so that words nobody saw before still look like what
they are; the strongest answer over the message decides. Spam is 13 % of the messages, so accuracy alone says
little: precision is how much of what is called spam is spam, recall how much of the spam is found.

Data:     SMS Spam Collection (https://archive.ics.uci.edu/dataset/228), as the file SMSSpamCollection
Command:  python examples/spam.py --data FOLDER
Result:   98.3 % right on 1,034 test messages; precision 96.0 %, recall 90.2 %, F1 0.930
Time:     13 s on one core
"""

import copy
from contextlib import suppress

from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.nn.utils.rnn import pad_sequence
from kajo.utils.data import DataLoader, random_split

LENGTH = 160  # letters of a message; a few are longer


def load(path):
    """Pairs of a message's letters and whether it is spam; each message once."""
    lines = dict.fromkeys(path.read_text(encoding="utf-8").splitlines())
    pairs = [line.split("\t", 1) for line in lines]
    # Letters beyond ASCII are one letter, 127; 0 fills up short messages.
    return [
        (kajo.tensor([min(ord(letter), 127) for letter in text[:LENGTH]]), kind == "spam")
        for kind, text in pairs
    ]


def collate(pairs):
    texts, kinds = zip(*pairs)
    return pad_sequence(texts, batch_first=True), kajo.tensor(kinds).float()


class SpamNetwork(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.letters = nn.Embedding(128, 24, padding_idx=0)
        self.pieces = nn.Conv1d(24, width, 4, padding=2)
        self.words = nn.Conv1d(width, width, 4, padding=2)
        self.decide = nn.Linear(width, 1)

    def forward(self, texts):
        x = F.relu(self.pieces(self.letters(texts).transpose(1, 2)))
        x = F.relu(self.words(F.max_pool1d(x, 2)))
        return self.decide(F.dropout(x.amax(dim=2), 0.5, self.training)).squeeze(1)


def train_epoch(model, optimizer, loader):
    model.train()
    for texts, kinds in progress(loader):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(texts), kinds)
        loss.backward()
        optimizer.step()


@kajo.no_grad()
def judge(model, loader):
    """The odds of spam for each message, and what each is."""
    model.eval()
    answers = [(model(texts), kinds) for texts, kinds in loader]
    odds, kinds = zip(*answers)
    return kajo.cat(odds), kajo.cat(kinds)


def scores(odds, kinds):
    """Accuracy, precision, recall and F1 (the harmonic mean of these two)."""
    found, spam = odds > 0, kinds > 0
    both = (found & spam).sum().item()
    precision, recall = both / max(found.sum().item(), 1), both / spam.sum().item()
    f1 = 2 * both / (found.sum() + spam.sum()).item()
    return (found == spam).float().mean().item(), precision, recall, f1


def main():
    options = arguments(__doc__, ["SMSSpamCollection"])
    kajo.manual_seed(options.seed)
    messages = load(options.data / "SMSSpamCollection")
    if options.quick:
        messages = messages[:600]
    parts = random_split(messages, [0.7, 0.1, 0.2], generator=kajo.Generator().manual_seed(0))
    loader = DataLoader(parts[0], batch_size=32, shuffle=True, collate_fn=collate)
    validation, test = (DataLoader(part, batch_size=256, collate_fn=collate) for part in parts[1:])

    model = SpamNetwork()
    optimizer = optim.AdamW(model.parameters(), lr=2e-3)
    best, weights = -1.0, copy.deepcopy(model.state_dict())
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps the best weights
        for epoch in range(1 if options.quick else 12):
            train_epoch(model, optimizer, loader)
            accuracy, precision, recall, f1 = scores(*judge(model, validation))
            print(
                f"epoch {epoch + 1:2d}  validation accuracy {accuracy:.2%}  F1 {f1:.3f}", flush=True
            )
            if f1 > best:
                best, weights = f1, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    odds, kinds = judge(model, test)
    accuracy, precision, recall, f1 = scores(odds, kinds)
    print(
        f"test: accuracy {accuracy:.2%}, precision {precision:.1%}, recall {recall:.1%}, F1 {f1:.3f}"
    )
    kajo.save(model.state_dict(), options.out / "model.pt")

    def draw(figure):
        axes = figure.add_subplot(
            xlabel="odds of spam (logarithm)", ylabel="test messages", yscale="log"
        )
        axes.hist(
            [odds[kinds == 0].tolist(), odds[kinds == 1].tolist()], 40, label=["other", "spam"]
        )
        axes.axvline(0, color="grey")
        axes.legend()

    picture(options.out / "odds.png", draw)


if __name__ == "__main__":
    main()
