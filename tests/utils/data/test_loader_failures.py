"""What a DataLoader tells when a worker dies, hangs, or descriptors and memory run out."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

import kajo
from kajo.utils.data import DataLoader, Dataset, IterableDataset


class Numbers(Dataset):
    def __init__(self, read=lambda index: index, length=40):
        self.read = read
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.read(index)


def large_until_17(index):
    if index == 17:
        os.kill(os.getpid(), signal.SIGKILL)
    return kajo.ones(100_000)


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_finished_answers_of_a_dead_worker_are_not_what_it_died_on(pause):
    for _ in range(5):
        with pytest.raises(RuntimeError, match=r"batch 4 \(sample 17 of index \[16, 17, 18, 19\]"):
            for _ in DataLoader(Numbers(large_until_17), 4, num_workers=2):
                time.sleep(pause)


class Ending(IterableDataset):
    def __iter__(self):
        yield from range(5)
        os._exit(5)


@pytest.mark.parametrize("size, batch", [(1, 5), (2, 2), (None, 5)])
def test_sample_of_an_iterable_data_set(size, batch):
    expected = rf"exit code 5; it worked on batch {batch} \(sample 5 of its iterable data set\)"
    with pytest.raises(RuntimeError, match=expected):
        list(DataLoader(Ending(), size, num_workers=1))


def living(processes):
    return [process for process in processes if process.is_alive()]


def stuck(index):
    if index == 1:
        os._exit(3)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def test_stuck_workers_are_ended_at_once(monkeypatch):
    from kajo.utils.data._utils import worker_pool

    waited = []
    monkeypatch.setattr(worker_pool, "_join", lambda processes, seconds: waited.append(seconds))
    for workers, options, text in [(2, {}, "exit code 3"), (1, {"timeout": 0.2}, "timed out")]:
        waited.clear()
        batches = iter(DataLoader(Numbers(stuck), 1, num_workers=workers, **options))
        with pytest.raises(RuntimeError, match=text):
            next(batches)
        assert sum(waited) < 0.5
        for process in batches._workers:
            process.join(10)
        assert not living(batches._workers)


def test_workers_end_although_later_ones_inherited_their_sockets():
    first = iter(DataLoader(Numbers(), 1, num_workers=1))
    next(first)
    second = iter(DataLoader(Numbers(), 1, num_workers=1))
    next(second)
    worker = first._workers[0]
    del first
    assert worker.exitcode == 0
    assert next(second).item() == 1


def test_local_exception_keeps_its_traceback():
    class Odd(Exception):
        def __init__(self, first, second):
            super().__init__(first + second)

    def fail(index):
        raise Odd("what ", "happened")

    with pytest.raises(RuntimeError, match="Caught Odd in DataLoader worker process 0") as error:
        next(iter(DataLoader(Numbers(fail), 1, num_workers=1)))
    assert "what happened" in str(error.value)
    assert 'raise Odd("what ", "happened")' in str(error.value)


@pytest.fixture
def few_files():
    """At most some 30 more files than are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


@needs_proc
def test_kept_batches_leave_descriptors_to_the_program(few_files):
    kept = list(DataLoader(Numbers(lambda index: kajo.full((500,), index)), 1, num_workers=1))
    assert [batch[0, 0].item() for batch in kept] == list(range(40))


@needs_proc
def test_out_of_descriptors_names_cause_and_mend(few_files):
    batches = iter(DataLoader(Numbers(lambda index: kajo.ones(500)), 1, num_workers=1))
    next(batches)
    taken = []
    with pytest.raises(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    try:
        with pytest.raises(RuntimeError, match=r"Too many open files.*ulimit -n"):
            list(batches)
        with pytest.raises(RuntimeError, match=r"a worker needs a file.*ulimit -n"):
            iter(DataLoader(Numbers(), 1, num_workers=1))
    finally:
        for descriptor in taken:
            os.close(descriptor)


READ = """
import sys
import kajo
from kajo.utils.data import DataLoader, TensorDataset
print(sum(len(x) for (x,) in DataLoader(TensorDataset(kajo.ones(64, 4096)), 16, num_workers=2)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts of Linux")
@pytest.mark.parametrize("options", ["size=4k", "size=4k,mode=000"])
def test_small_shared_memory_mount_is_not_needed(options, tmp_path):
    # In a name space of its own, /dev/shm is full from the start, or cannot be written to.
    script = f"mount -t tmpfs -o {options} tmpfs /dev/shm && exec {sys.executable} -c '{READ}'"
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    try:
        probe = subprocess.run([*command[:-1], "mount -t tmpfs tmpfs /dev/shm"])
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if probe.returncode:
        pytest.skip("needs the right to mount")
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert found.stdout.strip() == "64", found.stderr
