"""DataLoader.state_dict(): a pass goes on at the exact next batch."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest

import kajo
from kajo.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    get_worker_info,
)

KINDS = [(0, "process"), (1, "process"), (3, "process"), (2, "thread")]


class Augmented(Dataset):
    """Samples with random numbers of every kind in them."""

    def __init__(self, length=23):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        info = get_worker_info()
        if info is None:
            return index, 0.0, 0.0, 0.0
        if info.rng is not None:
            python, array = info.rng.random_generator, info.rng.numpy_generator
            return index, kajo.rand(1), python.random(), array.random()
        return index, kajo.randn(1), random.random(), np.random.rand()


class Stream(IterableDataset):
    def __init__(self, length=23):
        self.length = length

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        for i in range(first, self.length - 7 * first, step):
            yield i + (0 if info is None else float(kajo.rand(())))


class Place(IterableDataset):
    """Tells its own place; reading again from the start would be noticed."""

    def __init__(self):
        self.next = 0

    def __iter__(self):
        while self.next < 20:
            self.next += 1
            yield self.next
        self.next = 0

    def state_dict(self):
        return {"next": self.next}

    def load_state_dict(self, state):
        self.next = state["next"]


class Shuffled(Sampler):
    """Draws from Python's global stream when it begins, and from NumPy's as it goes on."""

    def __iter__(self):
        keys = list(range(23))
        random.shuffle(keys)
        for key in keys:
            yield int((key + np.random.randint(23)) % 23)

    def __len__(self):
        return 23


class Own(Sampler):
    """Has a generator of its own, which goes on from pass to pass."""

    def __init__(self):
        self.random = random.Random(5)

    def __iter__(self):
        return iter(self.random.sample(range(23), 23))

    def __len__(self):
        return 23


def plain(batch):
    return [part.tolist() if isinstance(part, kajo.Tensor) else part for part in batch]


def saved_and_loaded(state):
    file = io.BytesIO()
    kajo.save(state, file)
    file.seek(0)
    return kajo.load(file)


def check_resume(build, taken, passes_before=0, restores_globals=False):
    """The rest of a pass is the same after a restart as without it."""
    kajo.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    loader = build()
    for _ in range(passes_before):
        list(loader)
    batches = iter(loader)
    for _ in range(taken):
        next(batches)
    state = saved_and_loaded(loader.state_dict())
    program = kajo.get_rng_state(), random.getstate(), np.random.get_state()
    rest = [plain(batch) for batch in batches]
    following = [plain(batch) for batch in loader]
    kajo.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    again = build()
    if restores_globals:
        kajo.set_rng_state(program[0])
        random.setstate(program[1])
        np.random.set_state(program[2])
    again.load_state_dict(state)
    assert [plain(batch) for batch in again] == rest
    return following, [plain(batch) for batch in again]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers, worker_type", KINDS)
@pytest.mark.parametrize("taken", [0, 4])
def test_map_style(workers, worker_type, taken):
    def build():
        return DataLoader(
            Augmented(), batch_size=4, shuffle=True, num_workers=workers, worker_type=worker_type
        )

    check_resume(build, taken, passes_before=1)
    following, again = check_resume(build, taken, restores_globals=True)
    assert following == again


@pytest.mark.parametrize("workers, worker_type", KINDS[:3:2] + KINDS[3:])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_persistent_workers_and_own_generator(workers, worker_type):
    def build():
        generator = kajo.Generator()
        generator.manual_seed(9)
        return DataLoader(
            Augmented(),
            batch_size=3,
            shuffle=True,
            num_workers=workers,
            worker_type=worker_type,
            persistent_workers=workers > 0,
            generator=generator,
        )

    for passes in (0, 2):
        following, again = check_resume(build, 3, passes)
        assert following == again


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "sampler",
    [
        lambda: SubsetRandomSampler(range(23)),
        lambda: WeightedRandomSampler([1.0] * 23, 60),
        lambda: RandomSampler(range(23), replacement=True, num_samples=70),
        lambda: RandomSampler(range(23), num_samples=60),
        Shuffled,
        Own,
    ],
)
def test_samplers(sampler, workers):
    def build():
        if workers:
            batches = BatchSampler(sampler(), 3, drop_last=True)
            return DataLoader(Augmented(), batch_sampler=batches, num_workers=workers)
        return DataLoader(Augmented(), sampler=sampler(), num_workers=workers, batch_size=None)

    check_resume(build, 4, passes_before=1, restores_globals=sampler is Shuffled)


@pytest.mark.parametrize("workers, worker_type", KINDS)
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("taken", [0, 5])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_iterable(workers, worker_type, batch_size, taken):
    def build(**options):
        return DataLoader(
            Stream(),
            batch_size=batch_size,
            num_workers=workers,
            worker_type=worker_type,
            collate_fn=list if batch_size else lambda sample: [sample],
            **options,
        )

    check_resume(build, taken)
    if workers:
        following, again = check_resume(lambda: build(persistent_workers=True), taken, 1)
        assert following == again


@pytest.mark.parametrize("workers", [0, 1])
def test_iterable_that_tells_its_place(workers):
    def build():
        return DataLoader(Place(), batch_size=3, num_workers=workers, collate_fn=list)

    check_resume(build, 2)
    loader = build()
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()["pass"]["places"][0]
    assert state["dataset"] == {"dataset": {"next": 3}}


def test_sampler_that_tells_its_place():
    class Counting(Sampler):
        def __init__(self):
            self.next = 0

        def __iter__(self):
            while self.next < 23:
                self.next += 1
                yield self.next - 1
            self.next = 0

        def state_dict(self):
            return {"next": self.next}

        def load_state_dict(self, state):
            self.next = state["next"]

    for workers in (0, 2):
        check_resume(
            lambda w=workers: DataLoader(
                Augmented(), sampler=Counting(), batch_size=2, num_workers=w
            ),
            3,
        )


def test_number_of_workers_may_change_for_keys():
    kajo.manual_seed(3)
    loader = DataLoader(range(20), batch_size=3, shuffle=True, num_workers=2)
    batches = iter(loader)
    seen = [next(batches).tolist() for _ in range(2)]
    state = loader.state_dict()
    for workers in (0, 1):
        again = DataLoader(range(20), batch_size=3, shuffle=True, num_workers=workers)
        again.load_state_dict(state)
        rest = [batch.tolist() for batch in again]
        assert sorted(sum(seen + rest, [])) == list(range(20))
        assert len(list(again)) == 7


def test_out_of_order_loses_nothing():
    loader = DataLoader(range(20), batch_size=2, num_workers=2, in_order=False)
    batches = iter(loader)
    seen = [next(batches).tolist() for _ in range(4)]
    again = DataLoader(range(20), batch_size=2, num_workers=2, in_order=False)
    again.load_state_dict(loader.state_dict())
    assert sorted(sum(seen + [batch.tolist() for batch in again], [])) == list(range(20))


def test_state_after_break_and_before_any_pass():
    loader = DataLoader(range(10), batch_size=2, shuffle=True)
    loader.load_state_dict(loader.state_dict())
    assert len(list(loader)) == 5
    for i, _ in enumerate(loader):
        if i == 2:
            break
    loader.load_state_dict(loader.state_dict())
    assert loader.state_dict()["pass"]["drawn"] == 3
    assert len(list(loader)) == 2
    assert loader.state_dict()["pass"] is None


def test_what_does_not_fit_is_refused():
    loader = DataLoader(Stream(), num_workers=2)
    next(iter(loader))
    with pytest.raises(ValueError, match="2 workers"):
        DataLoader(Stream(), num_workers=1).load_state_dict(loader.state_dict())
    with pytest.raises(ValueError, match="expected what"):
        loader.load_state_dict({})
    loader = DataLoader(range(10), shuffle=True, generator=kajo.Generator())
    with pytest.raises(ValueError, match="generators"):
        DataLoader(range(10)).load_state_dict(loader.state_dict())
    loader = DataLoader(range(10), sampler=iter(range(10)))
    batches = iter(loader)
    for _ in range(5):
        next(batches)
    shorter = DataLoader(range(10), sampler=iter(range(3)))
    shorter.load_state_dict(loader.state_dict())
    with pytest.raises(RuntimeError, match="has changed"):
        iter(shorter)


@pytest.mark.parametrize(
    "other, text",
    [
        ({"batch_size": 8}, "batch_size 4, this loader has 8"),
        ({"dataset": range(30)}, "length 40, this loader has 30"),
        ({"shuffle": True}, "SequentialSampler', this loader has 'BatchSampler, RandomSampler'"),
        ({"drop_last": True}, "drop_last False, this loader has True"),
        ({"sampler": [0, 1, 2]}, "this loader has 'BatchSampler, list'"),
    ],
)
def test_another_order_is_refused_in_the_middle_of_a_pass(other, text):
    options = {"dataset": range(40), "batch_size": 4}
    loader = DataLoader(**options)
    another = DataLoader(**{**options, **other})
    another.load_state_dict(loader.state_dict())
    next(iter(loader))
    with pytest.raises(ValueError, match=text):
        another.load_state_dict(loader.state_dict())
    # States of former versions do not tell.
    state = loader.state_dict()
    del state["order"]
    another.load_state_dict(state)
