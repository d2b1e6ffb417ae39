"""The loader draws the same samples, in the same order, as PyTorch's for the same seed."""

from __future__ import annotations

import random

import numpy as np
import pytest

import kajo
import kajo.utils.data as ours

torch = pytest.importorskip("torch")
theirs = pytest.importorskip("torch.utils.data")


class Noise:
    """Samples that show the random state of the process that reads them."""

    def __len__(self):
        return 13

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), self.rand(1).item()


class OurNoise(Noise, ours.Dataset):
    rand = staticmethod(kajo.rand)


class TheirNoise(Noise, theirs.Dataset):
    rand = staticmethod(torch.rand)


def passes(side, framework, dataset, count=2, **options):
    framework.manual_seed(3)
    generator = options.pop("with_generator", False)
    if generator:
        options["generator"] = framework.Generator().manual_seed(5)
    loader = side.DataLoader(dataset, **options)
    result = [[[part.tolist() for part in batch] for batch in loader] for _ in range(count)]
    return result, framework.rand(1).item()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("with_generator", [False, True])
def test_shuffle_and_worker_seeds(workers, persistent, with_generator):
    if persistent and not workers:
        pytest.skip("needs workers")
    options = {
        "batch_size": 4,
        "shuffle": True,
        "num_workers": workers,
        "persistent_workers": persistent,
        "with_generator": with_generator,
    }
    random.seed(0), np.random.seed(0)
    mine = passes(ours, kajo, OurNoise(), **options)
    random.seed(0), np.random.seed(0)
    other = passes(theirs, torch, TheirNoise(), **options)
    assert mine == other


SAMPLERS = [
    lambda side, data: side.RandomSampler(data),
    lambda side, data: side.RandomSampler(data, num_samples=25),
    lambda side, data: side.RandomSampler(data, replacement=True, num_samples=70),
    lambda side, data: side.SubsetRandomSampler([5, 3, 1, 8]),
    lambda side, data: side.WeightedRandomSampler([0.1, 0.9, 3.0, 0.0, 2.0], 20),
    lambda side, data: side.WeightedRandomSampler([0.1, 0.9, 3.0, 1.0], 3, replacement=False),
    lambda side, data: side.BatchSampler(side.RandomSampler(data), 3, True),
    lambda side, data: side.DistributedSampler(data, 3, 1),
    lambda side, data: side.DistributedSampler(data, 3, 2, shuffle=False, drop_last=True),
    lambda side, data: side.SequentialSampler(data),
]


@pytest.mark.parametrize("make", SAMPLERS)
def test_samplers(make):
    data = list(range(10))
    results = []
    for side, framework in ((ours, kajo), (theirs, torch)):
        framework.manual_seed(11)
        sampler = make(side, data)
        results.append((list(sampler), list(sampler), len(sampler), framework.rand(1).item()))
    assert results[0] == results[1]


@pytest.mark.parametrize("lengths", [[7, 3], [0.5, 0.25, 0.25], [0.33, 0.67], [10]])
def test_random_split(lengths):
    results = []
    for side, framework in ((ours, kajo), (theirs, torch)):
        framework.manual_seed(2)
        parts = side.random_split(range(10), lengths)
        results.append([part.indices for part in parts])
    assert results[0] == results[1]


BAD = [
    ({"num_workers": -1}, None),
    ({"timeout": -1}, None),
    ({"prefetch_factor": 2}, None),
    ({"persistent_workers": True}, None),
    ({"batch_size": 0}, None),
    ({"batch_size": 2.5}, None),
    ({"batch_size": None, "drop_last": True}, None),
    ({"shuffle": True, "sampler": [1]}, None),
    ({"batch_sampler": [[1]], "batch_size": 2}, None),
    ({"multiprocessing_context": "fork"}, None),
    ({"num_workers": 1, "multiprocessing_context": "no"}, None),
    ({"num_workers": 1, "multiprocessing_context": 3}, None),
]


@pytest.mark.parametrize(("options", "_"), BAD)
def test_bad_arguments(options, _):
    with pytest.raises(Exception) as expected:
        theirs.DataLoader(range(4), **options)
    with pytest.raises(expected.type):
        ours.DataLoader(range(4), **options)


def test_collate_agrees():
    from collections import OrderedDict, namedtuple

    point = namedtuple("point", "x y")
    for make in (
        lambda f: [1, 2],
        lambda f: [1.5, 2],
        lambda f: ["a", "b"],
        lambda f: [True, False],
        lambda f: [np.float32(1), np.float32(2)],
        lambda f: [np.array([1, 2]), np.array([3, 4])],
        lambda f: [(1, {"a": f.ones(2)}), (2, {"a": f.zeros(2)})],
        lambda f: [OrderedDict(a=1), OrderedDict(a=2)],
        lambda f: [point(1, 2.0), point(3, 4.0)],
        lambda f: [[1, 2], [3, 4]],
        lambda f: [b"x", b"y"],
    ):
        expected_text = repr(theirs.default_collate(make(torch))).replace("torch.", "kajo.")
        assert repr(ours.default_collate(make(kajo))) == expected_text
    for bad in ([object()], [[1], [1, 2]], [None], [np.array("a")]):
        with pytest.raises(Exception) as expected:
            theirs.default_collate(bad)
        with pytest.raises(expected.type):
            ours.default_collate(bad)
