"""What the two translators share: words, their numbers, and BLEU, the measure of translations."""

import math
import re
from collections import Counter

import kajo
from kajo.nn.utils.rnn import pad_sequence

PADDING, START, END, UNKNOWN = range(4)


def words(text):
    """The words and punctuation marks, in lower case; an apostrophe ends a word, as French has it."""
    return re.findall(r"\w+'?|[^\w\s]", text.lower().replace("’", "'"))


class Vocabulary:
    """Numbers for the words that are found at least so often."""

    def __init__(self, texts, least):
        counts = Counter(word for text in texts for word in text)
        known = [word for word, count in counts.items() if count >= least]
        self.words = ["<padding>", "<start>", "<end>", "<unknown>", *known]
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self):
        return len(self.words)

    def encode(self, text):
        numbers = [self.numbers.get(word, UNKNOWN) for word in text]
        return kajo.tensor([START, *numbers, END])

    def decode(self, numbers):
        """The words up to the end."""
        numbers = list(numbers)
        numbers = numbers[: numbers.index(END)] if END in numbers else numbers
        return [self.words[number] for number in numbers]


def collate(pairs):
    """Two tensors (batch, longest), filled up with PADDING."""
    return tuple(
        pad_sequence(texts, batch_first=True, padding_value=PADDING) for texts in zip(*pairs)
    )


def bleu(translations, references, longest=4):
    """BLEU of Papineni et al. (2002) in per cent, without smoothing.

    Args:
        translations: a list of words for each sentence.
        references: for each sentence, one or more right translations, each a list of words.
        longest: runs of up to so many words are compared.
    """
    right, said = [0] * longest, [0] * longest
    length = wanted = 0
    for translation, rights in zip(translations, references):
        length += len(translation)
        wanted += min((len(r) for r in rights), key=lambda n: (abs(n - len(translation)), n))
        for n in range(longest):
            # A run counts as often as the reference that has it most often.
            most = Counter()
            for reference in rights:
                most |= runs(reference, n + 1)
            found = runs(translation, n + 1)
            said[n] += found.total()
            right[n] += (found & most).total()
    if min(right) == 0:
        return 0.0
    precision = sum(math.log(r / s) for r, s in zip(right, said)) / longest
    return 100 * math.exp(precision + min(0.0, 1 - wanted / length))


def runs(text, length):
    return Counter(tuple(text[i : i + length]) for i in range(len(text) - length + 1))
