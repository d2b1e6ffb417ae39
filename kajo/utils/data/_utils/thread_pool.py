"""The worker threads of one DataLoader iterator."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from typing import Any

from kajo.utils.data._utils.progress import Place
from kajo.utils.data._utils.worker import Answer, Job, NewPass, Source, Task, start_thread

_GRACE_SECONDS = 2.0


class _Mailbox:
    """Where the threads of a pool find tasks and leave answers."""

    def __init__(self, workers: int) -> None:
        self.changed = threading.Condition()
        self.tasks: list[deque[Any]] = [deque() for _ in range(workers)]
        self.answers: list[deque[Answer]] = [deque() for _ in range(workers)]
        self.closed = False

    def next_task(self, worker: int) -> Any:
        """Wait for a task; None when the pool is closed."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.tasks[worker])
            return None if self.closed else self.tasks[worker].popleft()

    def put(self, boxes: list[deque[Any]], worker: int, item: Any) -> None:
        """Leave a task or an answer."""
        with self.changed:
            boxes[worker].append(item)
            self.changed.notify_all()

    def close(self) -> None:
        """Wake all threads and let them end."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()


def _answer(source: Source, task: Task) -> Answer:
    try:
        return source.answer(task)
    except BaseException as error:
        return Answer(task.number, source.error(error))


def _run_thread(job: Job, mailbox: _Mailbox) -> None:
    source = start_thread(job)
    while (task := mailbox.next_task(job.worker_id)) is not None:
        if isinstance(task, NewPass):
            source.start(task.place, first=False)
        else:
            mailbox.put(mailbox.answers, job.worker_id, _answer(source, task))


def _close(mailbox: _Mailbox, threads: list[threading.Thread]) -> None:
    mailbox.close()
    deadline = time.monotonic() + _GRACE_SECONDS
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))


class ThreadPool:
    """Starts one thread for each job; takes tasks and gives answers as a pool of processes does.

    Args:
        jobs: what each worker reads.
        timeout: seconds to wait for an answer; 0: for ever.
    """

    def __init__(self, jobs: list[Job], timeout: float) -> None:
        self.timeout = timeout
        self._mailbox = _Mailbox(len(jobs))
        self._outstanding = [0 for _ in jobs]
        self.processes = [
            threading.Thread(
                target=_run_thread,
                args=(job, self._mailbox),
                name=f"DataLoader worker {job.worker_id}",
                daemon=True,
            )
            for job in jobs
        ]
        self._close = weakref.finalize(self, _close, self._mailbox, self.processes)
        for thread in self.processes:
            thread.start()

    def outstanding(self, worker: int) -> int:
        """How many tasks of a worker have no answer yet."""
        return self._outstanding[worker]

    def send(self, worker: int, number: int, index: Any) -> None:
        """Give a worker a task; it answers its tasks in order."""
        self._outstanding[worker] += 1
        self._mailbox.put(self._mailbox.tasks, worker, Task(number, index))

    def begin_pass(self, places: list[Place]) -> None:
        """Tell all workers, which must have no outstanding task, that a new pass begins."""
        for worker, place in enumerate(places):
            self._mailbox.put(self._mailbox.tasks, worker, NewPass(place))

    def receive(self, worker: int | None = None) -> Answer:
        """Wait for the next answer of a worker, or of any worker that has a task.

        Raises:
            RuntimeError: if the time is over.
        """
        mailbox = self._mailbox
        wanted = range(len(self._outstanding)) if worker is None else [worker]

        def ready() -> int | None:
            return next((w + 1 for w in wanted if mailbox.answers[w]), None)

        with mailbox.changed:
            found = mailbox.changed.wait_for(ready, self.timeout if self.timeout > 0 else None)
            if found is not None:
                self._outstanding[found - 1] -= 1
                return mailbox.answers[found - 1].popleft()
        # No thread can be made to end: one that is stuck is left behind.
        self._close.detach()
        mailbox.close()
        raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")

    def close(self) -> None:
        """End all workers and wait a moment for them; may be called again."""
        self._close()
