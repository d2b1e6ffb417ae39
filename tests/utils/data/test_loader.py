"""DataLoader: batches, workers, and what happens when something fails."""

from __future__ import annotations

import errno
import os
import signal
import time

import numpy as np
import pytest

import kajo
from kajo.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    get_worker_info,
)


class Images(Dataset):
    def __init__(self, fail=None):
        self.fail = fail

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if index == 13 and self.fail is not None:
            self.fail()
        return {"image": kajo.full((3, 8), float(index)), "label": index, "name": str(index)}


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, 11, step))


def labels(loader):
    return [batch["label"].tolist() for batch in loader]


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("prefetch", [1, 50])
def test_order_and_content(workers, prefetch):
    options = {"prefetch_factor": prefetch} if workers else {}
    loader = DataLoader(Images(), batch_size=8, num_workers=workers, **options)
    batches = list(loader)
    assert [batch["image"].shape for batch in batches] == [(8, 3, 8), (8, 3, 8), (4, 3, 8)]
    assert sum((batch["label"].tolist() for batch in batches), []) == list(range(20))
    assert batches[2]["name"] == ["16", "17", "18", "19"]
    assert batches[1]["image"][3].unique().tolist() == [11.0]


def test_batches_outlive_workers_and_can_be_written():
    batches = list(DataLoader(Images(), batch_size=4, num_workers=2))
    for batch in batches:
        batch["image"] += 1
    assert batches[-1]["image"][-1, 0, 0] == 20.0


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_start_methods(method):
    loader = DataLoader(
        TensorDataset(kajo.arange(6)), batch_size=4, num_workers=1, multiprocessing_context=method
    )
    assert [batch.tolist() for (batch,) in loader] == [[0, 1, 2, 3], [4, 5]]


def test_stream_is_divided():
    loader = DataLoader(Stream(), batch_size=2, num_workers=2, persistent_workers=True)
    for _ in range(2):
        found = [batch.tolist() for batch in loader]
        assert found == [[0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9]]
    assert [batch.tolist() for batch in DataLoader(Stream(), batch_size=6)] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
    ]


def test_abandoned_pass():
    loader = DataLoader(Images(), batch_size=2, num_workers=2, persistent_workers=True)
    next(iter(loader))
    assert sum(labels(loader), []) == list(range(20))


def test_out_of_order():
    loader = DataLoader(Images(), batch_size=3, num_workers=2, in_order=False)
    assert sorted(sum(labels(loader), [])) == list(range(20))


def test_gather_equals_sample_by_sample():
    rows = TensorDataset(kajo.randn(30, 4), kajo.arange(30))
    part = Subset(rows, range(29, 4, -1))

    class Slow(Dataset):
        def __init__(self, data):
            self.data = data

        def __len__(self):
            return len(self.data)

        def __getitem__(self, index):
            return self.data[index]

    for data in (rows, part):
        fast, slow = DataLoader(data, batch_size=7), DataLoader(Slow(data), batch_size=7)
        for ours, theirs in zip(fast, slow, strict=True):
            assert type(ours) is type(theirs)
            assert [x.tolist() for x in ours] == [x.tolist() for x in theirs]


def test_arrays_and_types_survive_the_hand_over():
    values = [
        np.arange(3),
        np.array(["a", "b"]),
        kajo.ones(2, dtype=kajo.bfloat16),
        kajo.zeros(0, 3),
        kajo.tensor(True),
        "x" * 100_000,
        {"nested": (1, [kajo.ones(1, requires_grad=True)])},
    ]
    for value in values:
        (found,) = DataLoader([value], batch_size=None, num_workers=1, collate_fn=lambda x: x)
        assert type(found) is type(value)
        assert repr(found) == repr(value)


def raise_key_error():
    raise KeyError("thirteen")


def test_error_in_worker():
    with pytest.raises(KeyError, match="worker process") as error:
        labels(DataLoader(Images(raise_key_error), batch_size=4, num_workers=2))
    assert "thirteen" in str(error.value)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_dead_worker_is_named():
    with pytest.raises(
        RuntimeError, match=r"worker 1, killed by signal SIGKILL.*sample 13 of.*12, 13, 14"
    ):
        labels(DataLoader(Images(die), batch_size=4, num_workers=2))


def leave():
    os._exit(7)


def test_exit_code_is_named():
    with pytest.raises(RuntimeError, match="exit code 7"):
        labels(DataLoader(Images(leave), batch_size=4, num_workers=2))


def sleep():
    time.sleep(30)


def test_timeout():
    with pytest.raises(RuntimeError, match="timed out"):
        labels(DataLoader(Images(sleep), batch_size=4, num_workers=2, timeout=0.2))


def test_init_function_fails():
    def fail(worker):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        labels(DataLoader(Images(), num_workers=1, worker_init_fn=fail))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_nothing_leaks():
    labels(DataLoader(Images(), batch_size=2, num_workers=2))
    before = descriptors()
    kept = list(DataLoader(TensorDataset(kajo.arange(600)), batch_size=1, num_workers=1))
    assert descriptors() < before + 300
    assert sum(batch.item() for (batch,) in kept) == 600 * 599 // 2
    del kept
    assert descriptors() <= before


def test_worker_info():
    class Infos(Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            info = get_worker_info()
            return info.id, info.num_workers, len(info.dataset), kajo.get_num_threads()

    assert get_worker_info() is None
    found = [tuple(x.item() for x in row) for row in DataLoader(Infos(), num_workers=2)]
    assert found == [(0, 2, 2, 1), (1, 2, 2, 1)]


def test_fixed_attributes():
    loader = DataLoader(Images())
    with pytest.raises(ValueError, match="batch_size"):
        loader.batch_size = 2
    with pytest.raises(ValueError, match="shuffle"):
        DataLoader(Stream(), shuffle=True)


def test_missing_shared_memory_is_noticed_beforehand(monkeypatch):
    def full(descriptor, offset, nbytes):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    data = TensorDataset(kajo.zeros(8, 1000))
    with pytest.raises(RuntimeError, match=r"a batch needs \d{5} bytes of shared memory.*No space"):
        list(DataLoader(data, batch_size=4, num_workers=1))
    with pytest.raises(RuntimeError, match=r"share_memory_.*needs 40000 bytes"):
        kajo.zeros(10_000).share_memory_()


def test_batches_without_memory_files(monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    data = TensorDataset(kajo.arange(8000.0).reshape(8, 1000))
    batches = [batch for (batch,) in DataLoader(data, batch_size=4, num_workers=1)]
    assert kajo.cat(batches).equal(data.tensors[0])
