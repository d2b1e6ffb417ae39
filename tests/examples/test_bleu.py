"""BLEU as the translators of examples/ compute it."""

import random
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def bleu(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from translation import bleu

    return bleu


def test_a_right_translation_has_100(bleu):
    text = ["this", "is", "a", "small", "test"]
    assert bleu([text], [[text, ["no"]]]) == pytest.approx(100)


def test_nothing_right_has_0(bleu):
    assert bleu([["one", "two", "three", "four"]], [[["five"]]]) == 0


def test_by_hand(bleu):
    # Runs of 1: 5 of 6, of 2: 3 of 5; the reference is as long.
    translation, reference = (
        ["the", "cat", "sat", "on", "a", "mat"],
        ["the", "cat", "sat", "on", "the", "mat"],
    )
    assert bleu([translation], [[reference]], longest=2) == pytest.approx(
        100 * (5 / 6 * 3 / 5) ** 0.5
    )


def test_as_sacrebleu_has_it(bleu):
    sacrebleu = pytest.importorskip("sacrebleu")
    source = random.Random(0)

    def sentence():
        return [source.choice("abcd") for _ in range(source.randint(3, 12))]

    translations = [sentence() for _ in range(50)]
    references = [[sentence() for _ in range(3)] for _ in translations]
    streams = [[" ".join(texts[i]) for texts in references] for i in range(3)]
    expected = sacrebleu.corpus_bleu(
        [" ".join(text) for text in translations], streams, smooth_method="none", tokenize="none"
    )
    assert bleu(translations, references) == pytest.approx(expected.score, abs=1e-9)
