"""CTC against the sum over all alignments, and against differences."""

import itertools
import math

import numpy as np
import pytest

import kajo


def collapsed(path, blank):
    return [c for c, _ in itertools.groupby(path) if c != blank]


def by_enumeration(log_probs, labels, blank):
    """-log of the summed probability of every path that reads as `labels`."""
    steps, classes = log_probs.shape
    total = 0.0
    for path in itertools.product(range(classes), repeat=steps):
        if collapsed(path, blank) == labels:
            total += math.exp(sum(log_probs[t, c] for t, c in enumerate(path)))
    return -math.log(total) if total else math.inf


def scores(steps, samples, classes, seed=0):
    values = np.random.default_rng(seed).standard_normal((steps, samples, classes))
    return kajo.from_numpy(values).log_softmax(2)


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("labels", [[], [1], [1, 1], [1, 3], [3, 1, 3]])
def test_equals_the_sum_over_alignments(labels, blank):
    log_probs = scores(5, 1, 4)
    targets = kajo.tensor(labels, dtype=kajo.int64)
    got = kajo.ctc_loss(log_probs, targets, [5], [len(labels)], blank, 0)
    assert abs(float(got) - by_enumeration(log_probs[:, 0].numpy(), labels, blank)) < 1e-12


def test_lengths_may_be_tensors_or_lists_and_targets_padded_or_joined():
    log_probs = scores(5, 2, 4)
    padded, joined = kajo.tensor([[1, 2, 0], [3, 3, 1]]), kajo.tensor([1, 2, 3, 3, 1])
    results = [
        kajo.ctc_loss(log_probs, targets, *lengths, 0, reduction).tolist()
        for reduction in (2,)
        for targets in (padded, joined)
        for lengths in (([4, 5], [2, 3]), (kajo.tensor([4, 5]), kajo.tensor([2, 3])))
    ]
    assert all(r == results[0] for r in results)
    first = kajo.ctc_loss(
        log_probs[:, 0], kajo.tensor([1, 2]), kajo.tensor(4), kajo.tensor(2), 0, 0
    )
    assert first.shape == ()
    assert abs(float(first) - by_enumeration(log_probs[:4, 0].numpy(), [1, 2], 0)) < 1e-12


def test_gradient_of_scores():
    raw = kajo.from_numpy(np.random.default_rng(1).standard_normal((6, 2, 4)))
    direction = kajo.from_numpy(np.random.default_rng(2).standard_normal((6, 2, 4)))
    targets = kajo.tensor([[1, 1, 2], [3, 2, 0]])

    def loss(values):
        return kajo.ctc_loss(values.log_softmax(2), targets, [6, 5], [3, 2], reduction=1)

    leaf = raw.clone().requires_grad_()
    loss(leaf).backward()
    step = 1e-5
    expected = (loss(raw + step * direction) - loss(raw - step * direction)) / (2 * step)
    assert abs(float((leaf.grad * direction).sum()) - float(expected)) < 1e-8
    assert (leaf.grad[5, 1] == 0).all()


def test_impossible_sequences_can_count_as_nothing():
    log_probs = scores(2, 1, 3).requires_grad_()
    arguments = (log_probs, kajo.tensor([[1, 1]]), [2], [2], 0, 2)
    assert kajo.ctc_loss(*arguments).item() == math.inf
    loss = kajo.ctc_loss(*arguments, True)
    loss.backward()
    assert loss.item() == 0
    assert (log_probs.grad == 0).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([[1, 2]], [6], [2]), "input_lengths to have value at most 5"),
        (([[1, 2]], [5], [3]), "target_lengths to have value at most 2"),
        (([[1, 2]], [5], [-1]), "value at least 0"),
        (([[1, 9]], [5], [2]), "targets must be in"),
        (([1, 2], [5], [1]), "sum of target_lengths"),
        (([[1, 2]], [5, 5], [2]), "must be of size batch_size"),
        (([[1, 2]], [5], [2], 4), "blank must be in label range"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    targets, *rest = arguments
    with pytest.raises(RuntimeError, match=message):
        kajo.ctc_loss(scores(5, 1, 4), kajo.tensor(targets), *rest)
