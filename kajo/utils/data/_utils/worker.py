"""What runs in a worker of a DataLoader: a process or a thread."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

import kajo
from kajo import _core
from kajo.utils.data._utils import handover
from kajo.utils.data._utils.fetch import IterableFetcher, MapFetcher
from kajo.utils.data._utils.plain_lists import without_counting
from kajo.utils.data._utils.progress import Place
from kajo.utils.data._utils.randomness import Watched, program_streams


@dataclass(frozen=True, slots=True)
class WorkerStreams:
    """The generators of a worker thread, whose program shares the global ones with all threads.

    Attributes:
        random_generator: in place of Python's ``random``.
        torch_generator: what kajo draws from in this thread where no generator is named.
        numpy_generator: in place of ``numpy.random``.
    """

    random_generator: random.Random
    torch_generator: kajo.Generator
    numpy_generator: np.random.Generator


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker knows about itself; see :func:`get_worker_info`.

    Attributes:
        id: number of the worker, from 0.
        num_workers: how many workers there are.
        seed: seed of this worker's random generators.
        dataset: this worker's copy of the data set; threads share one.
        rng: a thread's own generators; None in a process.
        worker_method: "multiprocessing" or "thread".
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: WorkerStreams | None = None
    worker_method: str = "multiprocessing"


_worker_info: WorkerInfo | None = None
_of_thread = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """Return what this DataLoader worker knows about itself, or None outside of workers.

    Example:
        >>> from kajo.utils.data import get_worker_info
        >>> get_worker_info() is None
        True
    """
    return getattr(_of_thread, "info", _worker_info)


class WorkerError:
    """An exception of a worker on its way to the main process."""

    def __init__(self, error: BaseException, where: str) -> None:
        # What ends a program must not end the one that waits for the worker.
        self.kind = type(error) if isinstance(error, Exception) else RuntimeError
        trace = "".join(traceback.format_exception(error))
        self.message = f"Caught {type(error).__name__} {where}.\nOriginal {trace}"

    def reraise(self) -> None:
        """Raise an exception of the same type that tells the worker's traceback."""
        if self.kind is KeyError:
            # KeyError shows the repr of its argument, which would hide the line breaks.
            raise KeyError(_Verbatim(self.message))
        try:
            error = self.kind(self.message)
        except Exception:
            error = RuntimeError(self.message)
        raise error from None


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


@dataclass(frozen=True)
class NewPass:
    """Tells a worker that stays between passes to read its data set from the start."""

    place: Place


@dataclass(frozen=True)
class Answer:
    """What a worker gives back for a task.

    Attributes:
        number: of the task.
        data: the batch, a :class:`WorkerError`, or :class:`Exhausted`.
        random: states of the worker's random streams, if they have changed.
        dataset: place in an iterable data set that can tell it.
    """

    number: int
    data: Any
    random: Any = None
    dataset: Any = None


@dataclass(frozen=True)
class Job:
    """All that a worker needs to begin."""

    dataset: Any
    is_iterable: bool
    auto_collation: bool
    batch_size: int | None
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    worker_id: int
    num_workers: int
    init_fn: Callable[[int], Any] | None
    place: Place

    @property
    def seed(self) -> int:
        """Seed of this worker."""
        return self.base_seed + self.worker_id

    def seed_generators(self) -> None:
        """Seed the generators of kajo, Python and NumPy differently in each worker."""
        random.seed(self.seed)
        kajo.manual_seed(self.seed)
        entropy = [self.worker_id, self.base_seed & 0xFFFFFFFF, self.base_seed >> 32, 0]
        np.random.seed(np.random.SeedSequence(entropy).generate_state(4))

    def own_generators(self) -> WorkerStreams:
        """Generators for a worker thread; kajo's gives what it gives in a worker process."""
        generator = kajo.Generator()
        generator.manual_seed(self.seed)
        return WorkerStreams(random.Random(self.seed), generator, np.random.default_rng(self.seed))

    def new_fetcher(self, place: Place, mark: Any = None) -> IterableFetcher | MapFetcher:
        """Start reading the data set at a place."""
        if self.is_iterable:
            return IterableFetcher(
                self.dataset, self.batch_size, self.collate_fn, self.drop_last, place, mark
            )
        return MapFetcher(self.dataset, self.auto_collation, self.collate_fn, mark)


class Source:
    """Answers tasks from the data set; errors are answers too.

    Args:
        job: what to read and how.
        streams: the random streams of this worker.
        marks: two numbers to keep up to date: the batch that is being read, and which of its
            samples (of an iterable data set: which of all samples); None: nobody wants to know.
        what: "process" or "thread", for errors.
    """

    def __init__(self, job: Job, streams: list[Any], marks: Any, what: str) -> None:
        self.job = job
        self.marks = marks
        self.what = what
        self.fetcher: IterableFetcher | MapFetcher | None = None
        # Once set, the answer to every further task of the pass.
        self.final: Any = None
        self.random = Watched(streams)

    def error(self, error: BaseException) -> WorkerError:
        """An exception as an answer."""
        return WorkerError(error, f"in DataLoader worker {self.what} {self.job.worker_id}")

    def start(self, place: Place, *, first: bool) -> None:
        """Begin a pass over the data set."""
        self.final = None
        try:
            if first and self.job.init_fn is not None:
                self.job.init_fn(self.job.worker_id)
            if place.before is not None:
                self.random.set(place.before)
            if place.exhausted:
                self.final = Exhausted()
            else:
                mark = None if self.marks is None else self._mark
                self.fetcher = self.job.new_fetcher(place, mark)
            if place.random is not None:
                self.random.set(place.random)
        except Exception as error:
            self.final = self.error(error)

    def _mark(self, place: int) -> None:
        self.marks[1] = place

    def answer(self, task: Task) -> Answer:
        """Return the batch, an error, or that there is nothing left."""
        if self.marks is not None:
            self.marks[1] = -1
            self.marks[0] = task.number
        data = self._data(task)
        place = None if self.fetcher is None else self.fetcher.state()
        return Answer(task.number, data, self.random.news(), place)

    def _data(self, task: Task) -> Any:
        if self.final is not None or self.fetcher is None:
            return self.final
        try:
            return self.fetcher.fetch(task.index)
        except StopIteration as error:
            if not self.job.is_iterable:
                return self.error(error)
            self.final = Exhausted()
            return self.final
        except Exception as error:
            return self.error(error)


def _send(connection: Connection, answer: Answer, source: Source) -> None:
    """Send an answer; what cannot be sent becomes an error in the main process."""
    try:
        handover.send(connection, answer)
    except OSError:
        raise
    except Exception as error:
        if isinstance(answer.data, WorkerError):
            # Its type, of a local class perhaps, has no name that could be sent.
            answer.data.kind = RuntimeError
            handover.send(connection, answer, inline=True)
            return
        # There may be no more shared memory, and that is what has to be said.
        handover.send(connection, Answer(answer.number, source.error(error)), inline=True)


def _serve(job: Job, connection: Connection, marks: Any) -> None:
    global _worker_info
    kajo.set_num_threads(1)
    job.seed_generators()
    _worker_info = WorkerInfo(job.worker_id, job.num_workers, job.seed, job.dataset)

    own_marks = None if marks is None else marks[2 * job.worker_id : 2 * job.worker_id + 2]
    source = Source(job, program_streams(), own_marks, "process")
    source.start(job.place, first=True)
    parent = multiprocessing.parent_process()
    awaited: list[Any] = [connection] if parent is None else [connection, parent.sentinel]
    while connection in multiprocessing.connection.wait(awaited):
        task = handover.receive(connection)
        if isinstance(task, NewPass):
            source.start(task.place, first=False)
        else:
            _send(connection, source.answer(task), source)


def run_worker(job: Job, connection: Connection, inherited: list[Connection], marks: Any) -> None:
    """Answer tasks until the main process closes the connection or dies.

    Args:
        job: what to read and how.
        connection: this worker's end of the socket.
        inherited: ends that belong to the main process and came along with a fork.
        marks: shared memory for what each worker is reading, after a fork; else None.
    """
    # Ctrl-C reaches every process of the terminal; the main process ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if marks is not None:
        # A collection would write to all objects that came along, and so copy their memory.
        gc.freeze()
        job = replace(job, dataset=without_counting(job.dataset))
    for end in inherited:
        end.close()
    try:
        _serve(job, connection, marks)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        sys.stdout.flush()
        connection.close()


def start_thread(job: Job) -> Source:
    """Give this thread its own generators and worker info, and begin to read."""
    streams = job.own_generators()
    _core._set_thread_generator(streams.torch_generator)
    _of_thread.info = WorkerInfo(
        job.worker_id, job.num_workers, job.seed, job.dataset, streams, "thread"
    )
    of_thread = [streams.torch_generator, streams.random_generator, streams.numpy_generator]
    source = Source(job, of_thread, None, "thread")
    source.start(job.place, first=True)
    return source
