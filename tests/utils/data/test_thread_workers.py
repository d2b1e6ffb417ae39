"""DataLoader(worker_type="thread")."""

from __future__ import annotations

import gc
import threading
import time

import pytest

import kajo
from kajo.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    def __init__(self, fail=None):
        self.fail = fail

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if index == 13 and self.fail is not None:
            self.fail()
        return kajo.full((2,), float(index)) + kajo.rand(2)


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 9, info.num_workers))


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("DataLoader")]


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_same_batches_as_from_processes(shuffle):
    found = []
    for worker_type in ("thread", "process"):
        kajo.manual_seed(4)
        loader = DataLoader(
            Rows(), batch_size=3, shuffle=shuffle, num_workers=2, worker_type=worker_type
        )
        found.append([batch.tolist() for batch in loader])
        found.append([batch.tolist() for batch in loader])
    assert found[:2] == found[2:]


def test_this_thread_keeps_its_own_random_numbers():
    kajo.manual_seed(1)
    expected = kajo.rand(3)
    loader = DataLoader(Rows(), batch_size=3, num_workers=2, worker_type="thread")
    list(loader)
    kajo.manual_seed(1)
    batches = iter(loader)
    kajo.manual_seed(1)
    next(batches)
    assert kajo.rand(3).equal(expected)


def test_batches_are_the_very_objects():
    shared = [object() for _ in range(4)]
    loader = DataLoader(
        shared, batch_size=None, num_workers=2, worker_type="thread", collate_fn=lambda x: x
    )
    assert all(a is b for a, b in zip(loader, shared, strict=True))


def test_worker_info():
    class Infos(Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            assert get_worker_info().rng.torch_generator is kajo.random.thread_safe_generator()
            return get_worker_info()

    data = Infos()
    loader = DataLoader(
        data, num_workers=2, worker_type="thread", batch_size=None, collate_fn=lambda x: x
    )
    first, second = loader
    assert (first.id, second.id, first.num_workers) == (0, 1, 2)
    assert first.dataset is data
    assert first.worker_method == "thread"
    assert first.seed + 1 == second.seed
    assert first.rng.torch_generator.initial_seed() == first.seed
    assert get_worker_info() is None


def test_stream_and_persistent_workers():
    loader = DataLoader(
        Stream(), batch_size=2, num_workers=2, worker_type="thread", persistent_workers=True
    )
    for _ in range(2):
        assert [b.tolist() for b in loader] == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]
    assert len(threads()) == 2
    del loader
    gc.collect()
    assert not threads()


def test_errors_name_the_worker():
    def fail():
        raise KeyError("thirteen")

    loader = DataLoader(Rows(fail), batch_size=4, num_workers=2, worker_type="thread")
    with pytest.raises(KeyError, match="DataLoader worker thread 1"):
        list(loader)

    def leave():
        raise SystemExit(3)

    loader = DataLoader(Rows(leave), batch_size=4, num_workers=2, worker_type="thread")
    with pytest.raises(RuntimeError, match="SystemExit"):
        list(loader)


def test_timeout_and_order():
    release = threading.Event()
    loader = DataLoader(
        Rows(release.wait), batch_size=4, num_workers=2, worker_type="thread", timeout=0.2
    )
    with pytest.raises(RuntimeError, match="timed out"):
        list(loader)
    release.set()

    class Slow(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            time.sleep(0.02 if index == 0 else 0)
            return index

    loader = DataLoader(Slow(), batch_size=1, num_workers=2, worker_type="thread", in_order=False)
    assert sorted(int(b) for b in loader) == list(range(8))


def test_after_an_error_the_pass_goes_on():
    def fail():
        raise ValueError("no")

    for worker_type in ("thread", "process"):
        loader = DataLoader(Rows(fail), batch_size=4, num_workers=2, worker_type=worker_type)
        batches = iter(loader)
        count = 0
        with pytest.raises(ValueError, match="no"):
            for _ in batches:
                count += 1
        assert (count, len(list(batches))) == (3, 1)


def test_options():
    with pytest.raises(ValueError, match="worker_type"):
        DataLoader(Rows(), num_workers=1, worker_type="fiber")
    with pytest.raises(ValueError, match="multiprocessing_context"):
        DataLoader(Rows(), num_workers=1, worker_type="thread", multiprocessing_context="fork")
