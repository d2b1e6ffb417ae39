"""What runs in a worker process of a DataLoader."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import random
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

import kajo
from kajo.utils.data._utils import handover
from kajo.utils.data._utils.fetch import IterableFetcher, MapFetcher


class WorkerInfo:
    """What a worker process knows about itself; see :func:`get_worker_info`.

    Attributes:
        id: number of the worker, from 0.
        num_workers: how many workers there are.
        seed: seed of this worker's random generators.
        dataset: this worker's copy of the data set.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise RuntimeError("Cannot assign attributes to WorkerInfo objects")

    def __repr__(self) -> str:
        items = ", ".join(f"{name}={value}" for name, value in self.__dict__.items())
        return f"WorkerInfo({items})"


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what this DataLoader worker knows about itself, or None in the main process.

    Example:
        >>> from kajo.utils.data import get_worker_info
        >>> get_worker_info() is None
        True
    """
    return _worker_info


class WorkerError:
    """An exception of a worker on its way to the main process."""

    def __init__(self, error: BaseException, where: str) -> None:
        self.kind = type(error)
        trace = "".join(traceback.format_exception(error))
        self.message = f"Caught {self.kind.__name__} {where}.\nOriginal {trace}"

    def reraise(self) -> None:
        """Raise an exception of the same type that tells the worker's traceback."""
        if self.kind is KeyError:
            # KeyError shows the repr of its argument, which would hide the line breaks.
            raise KeyError(_Verbatim(self.message))
        try:
            error = self.kind(self.message)
        except Exception:
            raise RuntimeError(self.message) from None
        raise error


class _Verbatim(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Exhausted:
    """Sent by a worker whose iterable data set has ended."""


@dataclass(frozen=True)
class Task:
    """A batch to read."""

    number: int
    index: Any


class NewPass:
    """Tells a worker that stays between passes to read its data set from the start."""


@dataclass(frozen=True)
class Job:
    """All that a worker needs to begin."""

    dataset: Any
    is_iterable: bool
    auto_collation: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    worker_id: int
    num_workers: int
    init_fn: Callable[[int], Any] | None

    def seed_generators(self) -> int:
        """Seed the generators of kajo, Python and NumPy differently in each worker."""
        seed = self.base_seed + self.worker_id
        random.seed(seed)
        kajo.manual_seed(seed)
        entropy = [self.worker_id, self.base_seed & 0xFFFFFFFF, self.base_seed >> 32, 0]
        np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
        return seed

    def new_fetcher(self) -> IterableFetcher | MapFetcher:
        """Start reading the data set."""
        kind = IterableFetcher if self.is_iterable else MapFetcher
        return kind(self.dataset, self.auto_collation, self.collate_fn, self.drop_last)


def _error(error: BaseException, worker_id: int) -> WorkerError:
    return WorkerError(error, f"in DataLoader worker process {worker_id}")


class _Source:
    """Answers tasks from the data set; errors are answers too."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.fetcher: IterableFetcher | MapFetcher | None = None
        # Once set, the answer to every further task of the pass.
        self.final: Any = None

    def start(self, *, first: bool) -> None:
        """Begin a pass over the data set."""
        self.final = None
        try:
            if first and self.job.init_fn is not None:
                self.job.init_fn(self.job.worker_id)
            self.fetcher = self.job.new_fetcher()
        except Exception as error:
            self.final = _error(error, self.job.worker_id)

    def answer(self, task: Task) -> Any:
        """Return the batch, an error, or that there is nothing left."""
        if self.final is not None or self.fetcher is None:
            return self.final
        try:
            return self.fetcher.fetch(task.index)
        except StopIteration as error:
            if not self.job.is_iterable:
                return _error(error, self.job.worker_id)
            self.final = Exhausted()
            return self.final
        except Exception as error:
            return _error(error, self.job.worker_id)


def _send(connection: Connection, number: int, answer: Any, worker_id: int) -> None:
    """Send an answer; what cannot be sent becomes an error in the main process."""
    try:
        handover.send(connection, (number, answer))
    except OSError:
        raise
    except Exception as error:
        handover.send(connection, (number, _error(error, worker_id)))


def _serve(job: Job, connection: Connection) -> None:
    global _worker_info
    kajo.set_num_threads(1)
    seed = job.seed_generators()
    _worker_info = WorkerInfo(
        id=job.worker_id, num_workers=job.num_workers, seed=seed, dataset=job.dataset
    )
    source = _Source(job)
    source.start(first=True)
    parent = multiprocessing.parent_process()
    awaited: list[Any] = [connection] if parent is None else [connection, parent.sentinel]
    while connection in multiprocessing.connection.wait(awaited):
        task = handover.receive(connection)
        if isinstance(task, NewPass):
            source.start(first=False)
        else:
            _send(connection, task.number, source.answer(task), job.worker_id)


def run_worker(job: Job, connection: Connection, inherited: list[Connection]) -> None:
    """Answer tasks until the main process closes the connection or dies.

    Args:
        job: what to read and how.
        connection: this worker's end of the socket.
        inherited: ends that belong to the main process and came along with a fork.
    """
    # Ctrl-C reaches every process of the terminal; the main process ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in inherited:
        end.close()
    try:
        _serve(job, connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        sys.stdout.flush()
        connection.close()
