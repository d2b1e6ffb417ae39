"""Tells whether a sentence about a film is praise: the mean over its words and pairs of words.

A vector is learnt for each word and each pair of neighbours that the training sentences have at least
twice. Half of them, taken anew each time, are hidden while training, so that no few of them decide alone.

Data:     SST-2: train.tsv, dev.tsv and test.tsv of https://github.com/clairett/pytorch-sentiment-classification
Command:  python examples/sentiment.py --data FOLDER
Result:   80.8 % right on the 1,821 test sentences (other seeds: 80.9, 81.6)
Time:     4 s on one core
"""

import copy
from collections import Counter
from contextlib import suppress
from itertools import pairwise

from recipe import arguments, picture, progress

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.nn.utils.rnn import pad_sequence
from kajo.utils.data import DataLoader


def pieces(sentence):
    """The words, and the pairs of neighbours."""
    words = sentence.split()
    return words + [" ".join(pair) for pair in pairwise(words)]


def read(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.rsplit("\t", 1) for line in lines]
    return [(pieces(sentence), float(label)) for sentence, label in pairs]


def collect(sentences):
    """Numbers from 1 for the pieces found twice or more."""
    counts = Counter(piece for found, _ in sentences for piece in found)
    return {piece: i + 1 for i, piece in enumerate(p for p in counts if counts[p] > 1)}


def encode(sentences, vocabulary):
    return [
        (kajo.tensor([vocabulary.get(piece, 0) for piece in found]), label)
        for found, label in sentences
    ]


def collate(pairs):
    texts, labels = zip(*pairs)
    return pad_sequence(texts, batch_first=True), kajo.tensor(labels)


class Sentiment(nn.Module):
    def __init__(self, vocabulary, width=32):
        super().__init__()
        self.vectors = nn.Embedding(vocabulary + 1, width, padding_idx=0)
        nn.init.normal_(self.vectors.weight.data[1:], std=0.1)
        self.decide = nn.Linear(width, 1)

    def forward(self, texts):
        if self.training:
            texts = texts * (kajo.rand(texts.shape) < 0.5)
        known = (texts > 0).sum(dim=1, keepdim=True).clamp(min=1)
        # The root, not the count: two words that agree say more than one.
        text = F.dropout(self.vectors(texts), 0.5, self.training).sum(dim=1) / known.sqrt()
        return self.decide(text).squeeze(1)


@kajo.no_grad()
def accuracy(model, loader):
    model.eval()
    right = sum(((model(texts) > 0) == (labels > 0)).sum().item() for texts, labels in loader)
    return right / len(loader.dataset)


def train(model, loader, validation, epochs):
    """Leaves the weights that were best on the validation sentences in the model."""
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    best, weights = -1.0, copy.deepcopy(model.state_dict())
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps the best weights
        for epoch in range(epochs):
            model.train()
            for texts, labels in progress(loader):
                optimizer.zero_grad()
                loss = F.binary_cross_entropy_with_logits(model(texts), labels)
                loss.backward()
                optimizer.step()
            share = accuracy(model, validation)
            print(f"epoch {epoch + 1:2d}  validation accuracy {share:.2%}", flush=True)
            if share > best:
                best, weights = share, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)


def main():
    options = arguments(__doc__, ["train.tsv", "dev.tsv", "test.tsv"])
    kajo.manual_seed(options.seed)
    parts = [read(options.data / f"{name}.tsv") for name in ("train", "dev", "test")]
    if options.quick:
        parts = [part[:500] for part in parts]
    vocabulary = collect(parts[0])
    train_set, validation_set, test_set = (encode(part, vocabulary) for part in parts)
    loader = DataLoader(train_set, batch_size=64, shuffle=True, collate_fn=collate)
    validation, test = (DataLoader(s, 256, collate_fn=collate) for s in (validation_set, test_set))

    model = Sentiment(len(vocabulary))
    train(model, loader, validation, epochs=1 if options.quick else 15)
    print(f"test accuracy {accuracy(model, test):.2%} of {len(test_set)} sentences")
    kajo.save({"vocabulary": vocabulary, **model.state_dict()}, options.out / "model.pt")

    def draw(figure):
        with kajo.no_grad():
            says = model.decide(model.vectors.weight[1:]).squeeze(1)
        names, order = list(vocabulary), says.argsort().tolist()
        axes = figure.add_subplot(xlabel="says", title="what speaks most against and for a film")
        chosen = order[:20] + order[-20:]
        axes.barh(
            [names[i] for i in chosen], says[chosen].tolist(), color=["C3"] * 20 + ["C2"] * 20
        )

    picture(options.out / "words.png", draw, width=6, height=8)


if __name__ == "__main__":
    main()
