"""One pass over the batches of a DataLoader."""

from __future__ import annotations

import itertools
import warnings
import weakref
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import kajo
from kajo import _core
from kajo.utils.data._utils.fetch import IterableFetcher, MapFetcher
from kajo.utils.data._utils.pin_memory import pin_memory as pin
from kajo.utils.data._utils.progress import (
    Place,
    Progress,
    draw_again,
    prepare,
    streams_at_start,
)
from kajo.utils.data._utils.randomness import streams_kept
from kajo.utils.data._utils.thread_pool import ThreadPool
from kajo.utils.data._utils.worker import Exhausted, Job, WorkerError
from kajo.utils.data._utils.worker_pool import WorkerPool
from kajo.utils.data.sampler import draw_seed

if TYPE_CHECKING:
    from kajo.utils.data.dataloader import DataLoader


class _BaseDataLoaderIter:
    """One pass over the batches of a DataLoader."""

    _progress: Progress
    _sampler_iter: Any

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._collate_fn = loader.collate_fn
        self._pins = loader.pin_memory and kajo.cuda.is_available()
        self._base_seed = 0
        self._num_yielded = 0
        self._begin(draws_seed=True)

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def _begin(self, *, draws_seed: bool) -> None:
        """Start the sampler, from the beginning or from where a saved pass was."""
        loader = self._loader
        state, loader._to_resume = loader._to_resume, None
        if state is not None:
            draws_seed = state["pass"]["draws_seed"]
        with nullcontext() if state is None else streams_kept():
            if state is None:
                self._progress = Progress(streams_at_start(loader), self._new_places(), draws_seed)
            else:
                self._progress = prepare(loader, state)
            self._sampler_iter = iter(loader._index_sampler)
            if draws_seed:
                self._base_seed = draw_seed(loader.generator)
            elif state is not None:
                self._base_seed = self._progress.base_seed
            if state is not None:
                draw_again(state, self._progress, self._sampler_iter, loader.num_workers)
            self._open()
        self._progress.base_seed = self._base_seed
        self._num_yielded = self._progress.drawn - len(self._progress.pending)
        loader._progress = self._progress

    def _new_places(self) -> list[Place]:
        return [Place()]

    def _open(self) -> None:
        """Begin to read in this process."""

    def _next_data(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._next_data")

    def __next__(self) -> Any:
        if not _core._is_profiling():
            return self._next()
        from kajo.autograd.profiler import record_function

        with record_function(f"enumerate(DataLoader)#{type(self).__name__}.__next__"):
            return self._next()

    def _next(self) -> Any:
        try:
            data = self._next_data()
        except StopIteration:
            self._progress.finished = True
            raise
        self._num_yielded += 1
        length = self._loader._known_length
        if length is not None and self._num_yielded > len(self._loader):
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {length} "
                f"(when accessing len(dataloader)), but {self._num_yielded} samples have been "
                "fetched.",
                stacklevel=3,
            )
        return pin(data) if self._pins else data

    next = __next__

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Reads batches in this process."""

    def _open(self) -> None:
        loader = self._loader
        self._progress.draw_first = weakref.WeakMethod(self._draw_first)
        self._fetcher: IterableFetcher | MapFetcher
        if not loader._is_iterable:
            self._fetcher = MapFetcher(loader.dataset, loader._auto_collation, self._collate_fn)
            return
        self._fetcher = IterableFetcher(
            loader.dataset,
            loader.batch_size,
            self._collate_fn,
            loader.drop_last,
            self._progress.places[0],
        )
        self._progress.fetcher = self._fetcher

    def _draw_first(self) -> None:
        for index in itertools.islice(self._sampler_iter, 1):
            self._progress.pending[0] = 0, index
            self._progress.drawn = 1

    def _next_index(self) -> Any:
        progress = self._progress
        if progress.pending:
            return progress.pending.pop(next(iter(progress.pending)))[1]
        index = next(self._sampler_iter)
        progress.drawn += 1
        return index

    def _next_data(self) -> Any:
        data = self._fetcher.fetch(self._next_index())
        self._progress.places[0].batches += 1
        return data


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Deals batches out to worker processes or threads and collects them."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._num_workers = loader.num_workers
        self._in_order = loader.in_order
        self._prefetch = max(1, loader.prefetch_factor or 0)
        super().__init__(loader)
        jobs = [self._job(worker) for worker in range(loader.num_workers)]
        self._pool: ThreadPool | WorkerPool
        if loader.worker_type == "thread":
            self._pool = ThreadPool(jobs, loader.timeout)
        else:
            self._pool = WorkerPool(jobs, loader.multiprocessing_context, loader.timeout)
        self._workers = self._pool.processes
        self._start_pass()

    def _job(self, worker: int) -> Job:
        loader = self._loader
        return Job(
            dataset=loader.dataset,
            is_iterable=loader._is_iterable,
            auto_collation=loader._auto_collation,
            batch_size=loader.batch_size,
            collate_fn=loader.collate_fn,
            drop_last=loader.drop_last,
            base_seed=self._base_seed,
            worker_id=worker,
            num_workers=loader.num_workers,
            init_fn=loader.worker_init_fn,
            place=self._progress.places[worker],
        )

    def _new_places(self) -> list[Place]:
        return [Place() for _ in range(self._num_workers)]

    def _reset(self) -> None:
        """Begin the next pass with the same workers."""
        for worker in range(self._num_workers):
            while self._pool.outstanding(worker):
                self._collect(worker)
        places = [place.next_pass() for place in self._progress.places]
        self._begin(draws_seed=False)
        self._progress.places = places
        self._pool.begin_pass(places)
        self._start_pass()

    def _start_pass(self) -> None:
        for number, (worker, index) in self._progress.pending.items():
            self._pool.send(worker, number, index)
        for _ in range(self._prefetch * self._num_workers - len(self._progress.pending)):
            self._deal()

    def _pick_worker(self) -> int | None:
        """The worker that gets the next batch: the next in turn, or one with room for it."""
        places = self._progress.places
        active = sum(not place.exhausted for place in places)
        for _ in range(self._num_workers):
            worker = self._progress.turn
            self._progress.turn = (worker + 1) % self._num_workers
            if places[worker].exhausted:
                continue
            room = self._prefetch * self._num_workers // active
            if self._in_order or self._pool.outstanding(worker) < room:
                return worker
        return None

    def _deal(self) -> None:
        """Give the next batch of the sampler to a worker, if there is one."""
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        worker = self._pick_worker()
        if worker is not None:
            number = self._progress.drawn
            self._progress.pending[number] = worker, index
            self._progress.drawn += 1
            self._pool.send(worker, number, index)

    def _collect(self, worker: int | None) -> tuple[int, Any]:
        """Wait for an answer and note how far its worker has come."""
        answer = self._pool.receive(worker)
        worker = self._progress.pending.pop(answer.number)[0]
        place = self._progress.places[worker]
        place.dataset = answer.dataset
        if answer.random is not None:
            place.random = answer.random
        if not isinstance(answer.data, Exhausted):
            place.batches += 1
        return worker, answer.data

    def _next_data(self) -> Any:
        pending = self._progress.pending
        while pending:
            first = next(iter(pending.values()))[0]
            worker, data = self._collect(first if self._in_order else None)
            if not isinstance(data, Exhausted):
                self._deal()
                if isinstance(data, WorkerError):
                    data.reraise()
                return data
            if not self._progress.places[worker].exhausted:
                self._progress.places[worker].exhausted = True
                self._deal()
        if not self._loader.persistent_workers:
            self._pool.close()
        raise StopIteration

    def _shutdown_workers(self) -> None:
        self._pool.close()
