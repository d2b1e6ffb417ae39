"""Translates short English sentences to French: one GRU reads, another writes and looks back while it does.

For each word it writes, the second network weighs what the first has read (attention of Bahdanau et al.,
https://arxiv.org/abs/1409.0473); the picture shows these weights. Sentences are split by their English, so that
nothing in the test was seen in another translation. There are only 5,000 pairs, and many words are in one of
them alone: who wants more takes translate_transformer.py.

Data:     eng-fra.txt: English, tab, French; from https://github.com/NJUxlj/seq2seq-attention-translation
Command:  python examples/translate_attention.py --data FOLDER
Result:   BLEU 30.5 on 250 test sentences; 17.6 % are exactly as a reference
Time:     3 minutes on one core
"""

import copy
from contextlib import suppress

from recipe import arguments, picture, progress
from translation import PADDING, START, Vocabulary, bleu, collate, words

import kajo
import kajo.nn.functional as F
from kajo import nn, optim
from kajo.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from kajo.utils.data import DataLoader

LONGEST = 16


def load(path):
    """For each English sentence, as a tuple of its words, its French ones."""
    translations = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        english, french = line.split("\t")[:2]
        translations.setdefault(tuple(words(english)), []).append(words(french))
    return list(translations.items())


class Reader(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=PADDING)
        self.read = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.hand_over = nn.Linear(2 * width, width)

    def forward(self, texts):
        lengths = (texts != PADDING).sum(dim=1)
        x = F.dropout(self.words(texts), 0.4, self.training)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states, last = self.read(packed)
        states, _ = pad_packed_sequence(states, batch_first=True)
        return states, self.hand_over(kajo.cat([last[0], last[1]], dim=1)).tanh()


class Writer(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=PADDING)
        self.keys, self.query = nn.Linear(2 * width, width), nn.Linear(width, width)
        self.score = nn.Linear(width, 1)
        self.cell = nn.GRUCell(3 * width, width)
        self.decide = nn.Linear(4 * width, vocabulary)

    def forward(self, word, state, states, keys, hidden):
        """One word further: the odds of the next, the new state, and where it looked."""
        weights = self.score((keys + self.query(state)[:, None]).tanh()).squeeze(2)
        weights = weights.masked_fill(hidden, -kajo.inf).softmax(dim=1)
        context = (weights[:, None] @ states).squeeze(1)
        x = F.dropout(self.words(word), 0.4, self.training)
        state = self.cell(kajo.cat([x, context], dim=1), state)
        all_of_it = F.dropout(kajo.cat([x, context, state], dim=1), 0.4, self.training)
        return self.decide(all_of_it), state, weights


class Translator(nn.Module):
    def __init__(self, english, french, width=128):
        super().__init__()
        self.reader, self.writer = Reader(english, width), Writer(french, width)

    def forward(self, texts, translations):
        """The odds of each word, given the true ones before it."""
        states, state = self.reader(texts)
        keys, hidden = self.writer.keys(states), texts == PADDING
        odds = []
        for word in translations.unbind(1):
            scores, state, _ = self.writer(word, state, states, keys, hidden)
            odds.append(scores)
        return kajo.stack(odds, dim=1)

    @kajo.no_grad()
    def translate(self, texts):
        """The likeliest word each time: (batch, LONGEST), and where it looked."""
        self.eval()
        states, state = self.reader(texts)
        keys, hidden = self.writer.keys(states), texts == PADDING
        word, written, looks = kajo.full((len(texts),), START), [], []
        for _ in range(LONGEST):
            scores, state, look = self.writer(word, state, states, keys, hidden)
            word = scores.argmax(dim=1)
            written.append(word)
            looks.append(look)
        return kajo.stack(written, dim=1), kajo.stack(looks, dim=1)


def quality(model, sentences, english, french):
    """BLEU, and the share of sentences that are translated as one of the references is."""
    texts, references = zip(*sentences)
    written = []
    for start in range(0, len(texts), 250):
        part, _ = collate([(english.encode(text),) * 2 for text in texts[start : start + 250]])
        written += [french.decode(numbers) for numbers in model.translate(part)[0].tolist()]
    exact = sum(text in rights for text, rights in zip(written, references))
    return bleu(written, references), exact / len(written)


def train(model, sentences, validation, english, french, epochs):
    """Leaves the weights that were best on the validation sentences in the model."""
    pairs = [
        (english.encode(t), french.encode(right)) for t, rights in sentences for right in rights
    ]
    loader = DataLoader(pairs, batch_size=64, shuffle=True, collate_fn=collate)
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=epochs * len(loader))
    best, weights = -1.0, copy.deepcopy(model.state_dict())
    with suppress(KeyboardInterrupt):  # Ctrl-C ends the training, and keeps the best weights
        for epoch in range(epochs):
            model.train()
            for texts, translations in progress(loader):
                optimizer.zero_grad()
                odds = model(texts, translations[:, :-1])
                loss = F.cross_entropy(
                    odds.flatten(0, 1), translations[:, 1:].flatten(), ignore_index=PADDING
                )
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
            score, exact = quality(model, validation, english, french)
            print(
                f"epoch {epoch + 1:2d}  loss {loss.item():.2f}  validation BLEU {score:.1f}, exact {exact:.1%}",
                flush=True,
            )
            if score > best:
                best, weights = score, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)


def main():
    options = arguments(__doc__, ["eng-fra.txt"])
    kajo.manual_seed(options.seed)
    sentences = load(options.data / "eng-fra.txt")
    order = kajo.randperm(len(sentences), generator=kajo.Generator().manual_seed(0)).tolist()
    sentences = [sentences[i] for i in order]
    if options.quick:
        sentences = sentences[:600]
    test, validation, known = sentences[:250], sentences[250:500], sentences[500:]
    english = Vocabulary([text for text, _ in known], least=1)
    french = Vocabulary([right for _, rights in known for right in rights], least=1)

    model = Translator(len(english), len(french))
    train(model, known, validation, english, french, epochs=1 if options.quick else 30)
    kajo.save(model.state_dict(), options.out / "model.pt")
    score, exact = quality(model, test, english, french)
    print(f"test: BLEU {score:.1f}, exactly as a reference {exact:.1%}")
    shown = sorted(test[:40], key=lambda pair: -len(pair[0]))[:4]
    numbers, looks = model.translate(collate([(english.encode(text),) * 2 for text, _ in shown])[0])

    def draw(figure):
        for axes, (text, _), said, look in zip(figure.subplots(2, 2).flat, shown, numbers, looks):
            written = [*french.decode(said.tolist()), "<end>"]
            read = ["<start>", *text, "<end>"]
            axes.imshow(look[: len(written), : len(read)].numpy(), cmap="gray_r", vmin=0, vmax=1)
            axes.set_xticks(range(len(read)), read, rotation=45)
            axes.set_yticks(range(len(written)), written)

    picture(options.out / "attention.png", draw, width=9, height=8)


if __name__ == "__main__":
    main()
