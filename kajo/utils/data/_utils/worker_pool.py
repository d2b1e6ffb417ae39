"""The worker processes of one DataLoader iterator, and the sockets to them."""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import time
import weakref
from collections import deque
from multiprocessing.connection import Connection
from typing import Any

from kajo.utils.data._utils import handover
from kajo.utils.data._utils.progress import Place
from kajo.utils.data._utils.worker import Answer, Job, NewPass, Task, run_worker

_MAX_IN_FLIGHT = 32
"""Tasks and answers that may lie in a worker's socket; more could fill it and block both ends."""

_GRACE_SECONDS = 2.0
"""How long workers may take to end by themselves, and to die when they are told to."""


def _exit_cause(code: int | None) -> str:
    if code is None:
        return "it closed its connection"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by signal {signal.Signals(-code).name}"
        return f"killed by signal {-code}"
    return f"exit code {code}"


def _hang_up(connection: Connection) -> None:
    """Close a socket for all processes: later forks have copies of it, which closing leaves open."""
    if connection.closed:
        return
    end = socket.socket(fileno=connection.fileno())
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.detach()
    connection.close()


def _close(
    owner: int, processes: list[Any], connections: list[Connection], grace: float = _GRACE_SECONDS
) -> None:
    """End the workers: closing the sockets asks them to, then signals make them."""
    if os.getpid() != owner:
        return
    for connection in connections:
        _hang_up(connection)
    _join(processes, grace)
    for stop in ("terminate", "kill"):
        left = [process for process in processes if process.is_alive()]
        for process in left:
            getattr(process, stop)()
        _join(left, _GRACE_SECONDS if grace else _GRACE_SECONDS / 10)


def _join(processes: list[Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))


class WorkerPool:
    """Starts one process for each job and exchanges tasks and batches with them.

    Args:
        jobs: what each worker reads.
        context: multiprocessing context, or None for the default one.
        timeout: seconds to wait for an answer; 0: for ever.
    """

    def __init__(self, jobs: list[Job], context: Any, timeout: float) -> None:
        context = multiprocessing.get_context() if context is None else context
        forks = context.get_start_method() == "fork"
        self._marks = memoryview(mmap.mmap(-1, 16 * len(jobs))).cast("q") if forks else None
        self.timeout = timeout
        self._reads_stream = jobs[0].is_iterable
        self.processes: list[Any] = []
        self._connections: list[Connection] = []
        self._tasks: list[deque[Task]] = [deque() for _ in jobs]
        self._in_flight = [0 for _ in jobs]
        self._close = weakref.finalize(self, _close, os.getpid(), self.processes, self._connections)
        try:
            for job in jobs:
                self._start(job, context, forks)
        except OSError as error:
            self._end_at_once()
            if error.errno in handover.TOO_MANY_FILES:
                raise handover.out_of_files("DataLoader: a worker") from error
            raise

    def _start(self, job: Job, context: Any, forks: bool) -> None:
        ours, theirs = context.Pipe(duplex=True)
        self._connections.append(ours)
        process = context.Process(
            target=run_worker,
            args=(job, theirs, list(self._connections) if forks else [], self._marks),
            daemon=True,
        )
        process.start()
        theirs.close()
        self.processes.append(process)

    def outstanding(self, worker: int) -> int:
        """How many tasks of a worker have no answer yet."""
        return len(self._tasks[worker])

    def send(self, worker: int, number: int, index: Any) -> None:
        """Give a worker a task; it answers its tasks in order."""
        self._tasks[worker].append(Task(number, index))
        self._feed(worker)

    def begin_pass(self, places: list[Place]) -> None:
        """Tell all workers, which must have no outstanding task, that a new pass begins."""
        for worker, place in enumerate(places):
            self._write(worker, NewPass(place))

    def _feed(self, worker: int) -> None:
        tasks = self._tasks[worker]
        while self._in_flight[worker] < min(len(tasks), _MAX_IN_FLIGHT):
            self._write(worker, tasks[self._in_flight[worker]])
            self._in_flight[worker] += 1

    def _write(self, worker: int, message: Any) -> None:
        try:
            handover.send(self._connections[worker], message)
        except (BrokenPipeError, ConnectionResetError):
            raise self._death(worker) from None

    def receive(self, worker: int | None = None) -> Answer:
        """Wait for the next answer of a worker, or of any worker that has a task.

        Raises:
            RuntimeError: if a worker has died, or the time is over.
        """
        wanted = [worker] if worker is not None else self._busy()
        owner_of = {id(self._connections[w]): w for w in wanted}
        ready = self._wait([self._connections[w] for w in wanted])
        for connection in ready:
            if id(connection) in owner_of:
                return self._read(owner_of[id(connection)])
        dead = next(w for w, p in enumerate(self.processes) if p.sentinel in ready)
        raise self._death(dead)

    def _busy(self) -> list[int]:
        return [w for w, tasks in enumerate(self._tasks) if tasks]

    def _wait(self, connections: list[Connection]) -> list[Any]:
        sentinels = [process.sentinel for process in self.processes]
        ready = multiprocessing.connection.wait(
            [*connections, *sentinels], self.timeout if self.timeout > 0 else None
        )
        if not ready:
            self._end_at_once()
            raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")
        return ready

    def _read(self, worker: int) -> Answer:
        try:
            answer: Answer = handover.receive(self._connections[worker])
        except (EOFError, ConnectionResetError):
            raise self._death(worker) from None
        self._answered(worker)
        self._feed(worker)
        return answer

    def _answered(self, worker: int) -> None:
        self._tasks[worker].popleft()
        self._in_flight[worker] -= 1

    def _death(self, worker: int) -> RuntimeError:
        """The error that tells which worker died, of what, and on which samples."""
        process = self.processes[worker]
        process.join(_GRACE_SECONDS)
        self._drop_answers(worker)
        task = self._tasks[worker][0] if self._tasks[worker] else None
        doing = "it had nothing to do"
        if task is not None:
            doing = f"it worked on batch {task.number} ({self._sample(worker, task)})"
        error = RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly: worker {worker}, "
            f"{_exit_cause(process.exitcode)}; {doing}. Set num_workers=0 to see an error in the "
            f"main process; a worker killed by SIGKILL or SIGBUS has often run out of memory."
        )
        self._end_at_once()
        return error

    def _drop_answers(self, worker: int) -> None:
        """Read what a dead worker had finished, so that its first task is what it died on."""
        connection = self._connections[worker]
        # The last answer may be cut off anywhere.
        with contextlib.suppress(Exception):
            while self._tasks[worker] and connection.poll(0):
                handover.receive(connection)
                self._answered(worker)

    def _sample(self, worker: int, task: Task) -> str:
        """What a worker was reading, as far as it is known."""
        number, place = -1, -1
        if self._marks is not None:
            number, place = self._marks[2 * worker : 2 * worker + 2]
        known = number == task.number and place >= 0
        if self._reads_stream:
            return (
                f"sample {place} of its iterable data set" if known else "of an iterable data set"
            )
        whole = f"index {_shorten(task.index)}"
        if known and isinstance(task.index, list) and place < len(task.index):
            return f"sample {_shorten(task.index[place])} of {whole}"
        return whole

    def _end_at_once(self) -> None:
        """End all workers without waiting until they have finished what they do."""
        if self._close.detach():
            _close(os.getpid(), self.processes, self._connections, grace=0.0)

    def close(self) -> None:
        """End all workers and wait for them; may be called again."""
        self._close()


def _shorten(index: Any) -> str:
    text = repr(index)
    return text if len(text) <= 200 else text[:200] + "..."
