"""DataLoader: batches from a data set, read in this process or by worker processes."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import multiprocessing.context
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kajo.utils.data._utils.collate import default_collate, default_convert
from kajo.utils.data._utils.iterators import (
    _BaseDataLoaderIter,
    _MultiProcessingDataLoaderIter,
    _SingleProcessDataLoaderIter,
)
from kajo.utils.data._utils.progress import Progress, check_state, state_of
from kajo.utils.data._utils.randomness import own_streams, set_states
from kajo.utils.data._utils.worker import get_worker_info
from kajo.utils.data.dataset import Dataset, IterableDataset
from kajo.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

if TYPE_CHECKING:
    from kajo import Generator

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)

_FIXED_AFTER_INIT = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)
_DEFAULT_PREFETCH = 2


class _DatasetKind:
    """The two ways to read a data set."""

    Map = 0
    Iterable = 1


class _InfiniteConstantSampler(Sampler[None]):
    """Stands for the keys of an iterable data set, which has none."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(Generic[T_co]):
    """Draws samples from a data set, joins them into batches and iterates over these.

    Args:
        dataset: a map-style or iterable data set.
        batch_size: samples in a batch; None: give samples as they are.
        shuffle: True: a new random order in each pass.
        sampler: the order of the keys; excludes ``shuffle``.
        batch_sampler: lists of keys; excludes ``batch_size``, ``shuffle``, ``sampler`` and
            ``drop_last``.
        num_workers: processes that read ahead; 0: read in this process.
        collate_fn: joins a list of samples (default: :func:`default_collate`).
        pin_memory: put batches in page-locked memory when there is a GPU.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a worker's batch; 0: for ever.
        worker_init_fn: called with the worker's number in each worker.
        multiprocessing_context: name of a start method, or a context of ``multiprocessing``.
        generator: source of the shuffling and of the workers' seeds.
        prefetch_factor: batches that each worker reads ahead (default 2); at most 32 lie ready.
        persistent_workers: keep the workers between passes.
        pin_memory_device: accepted for compatibility.
        in_order: give batches in the order of the sampler, else as they become ready.
        worker_type: "process" or "thread". Threads share the data set and hand batches over as they
            are; use them where reading spends its time outside of Python. kajo's random numbers are
            the same in both; see :func:`get_worker_info` for generators of Python and NumPy.

    Worker processes made by a fork read long lists of plain data (dictionaries, lists, text and
    numbers) item by item, as copies, so that reading does not multiply the memory that they take;
    what ``dataset[i]`` changes inside of such an item is not there at the next reading.

    :meth:`state_dict` tells where a pass is, and :meth:`load_state_dict` goes on from there.

    Raises:
        ValueError: if arguments are out of range or exclude each other.
        TypeError: if ``multiprocessing_context`` has the wrong type.

    Example:
        >>> import kajo
        >>> data = kajo.utils.data.TensorDataset(kajo.arange(5))
        >>> for (batch,) in kajo.utils.data.DataLoader(data, batch_size=2):
        ...     print(batch)
        tensor([0, 1])
        tensor([2, 3])
        tensor([4])
    """

    dataset: Any
    batch_size: int | None
    num_workers: int
    timeout: float
    _iterator: _MultiProcessingDataLoaderIter | None = None
    __initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        worker_type: str = "process",
    ) -> None:
        _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.worker_type = _checked_worker_type(worker_type, multiprocessing_context)
        self.prefetch_factor = prefetch_factor
        if num_workers > 0 and prefetch_factor is None:
            self.prefetch_factor = _DEFAULT_PREFETCH
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers
        is_iterable = isinstance(dataset, IterableDataset)
        self._dataset_kind = _DatasetKind.Iterable if is_iterable else _DatasetKind.Map
        if is_iterable:
            _check_iterable_options(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: batch_sampler option is mutually exclusive with batch_size, "
                    "shuffle, sampler, and drop_last"
                )
            batch_size = None
            drop_last = False
        elif batch_size is None and drop_last:
            raise ValueError(
                "DataLoader: batch_size=None option disables auto-batching and is mutually "
                "exclusive with drop_last"
            )
        if sampler is None:
            sampler = self._default_sampler(bool(shuffle))
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler: Any = sampler
        self.batch_sampler: Any = batch_sampler
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self._known_length: int | None = None
        self._progress: Progress | None = None
        self._to_resume: dict[str, Any] | None = None
        self.__initialized = True
        self.check_worker_number_rationality()

    def _default_sampler(self, shuffle: bool) -> Any:
        if self._dataset_kind == _DatasetKind.Iterable:
            return _InfiniteConstantSampler()
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)
        return SequentialSampler(self.dataset)

    @property
    def multiprocessing_context(self) -> Any:
        """The context that makes the worker processes, or None for the default one."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            if self.num_workers == 0:
                raise ValueError(
                    "DataLoader: multiprocessing_context can only be used with multi-process "
                    f"loading (num_workers > 0), but got num_workers={self.num_workers}"
                )
            if isinstance(context, str):
                methods = multiprocessing.get_all_start_methods()
                if context not in methods:
                    raise ValueError(
                        "DataLoader: multiprocessing_context option should specify a valid start "
                        f"method in {methods!r}, but got multiprocessing_context={context!r}"
                    )
                context = multiprocessing.get_context(context)
            if not isinstance(context, multiprocessing.context.BaseContext):
                raise TypeError(
                    "DataLoader: multiprocessing_context option should be a valid context object "
                    "or a string specifying the start method, but got "
                    f"multiprocessing_context={context}"
                )
        self.__multiprocessing_context = context

    def __setattr__(self, name: str, value: Any) -> None:
        if self.__initialized and name in _FIXED_AFTER_INIT:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def _is_iterable(self) -> bool:
        return self._dataset_kind == _DatasetKind.Iterable

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def _get_iterator(self) -> _BaseDataLoaderIter:
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        return _MultiProcessingDataLoaderIter(self)

    def __iter__(self) -> _BaseDataLoaderIter:
        if not (self.persistent_workers and self.num_workers > 0):
            return self._get_iterator()
        if self._iterator is None:
            self._iterator = _MultiProcessingDataLoaderIter(self)
        else:
            self._iterator._reset()
        return self._iterator

    def __len__(self) -> int:
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        length = self._known_length = len(self.dataset)
        if self.batch_size is None:
            return length
        if self.drop_last:
            return length // self.batch_size
        return math.ceil(length / self.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Return where the latest pass is: all that its next batch depends on, as plain data.

        The order of the keys, the batches that workers have read ahead, and the workers' random
        numbers are in it. What this process draws from the global random streams while it trains is
        not: save :func:`kajo.get_rng_state` as well. Samplers, iterable data sets and their
        iterators that have ``state_dict`` and ``load_state_dict`` are asked for their own state;
        other samplers are run again up to the place, other iterable data sets read again.

        Example:
            >>> import kajo
            >>> data = kajo.utils.data.TensorDataset(kajo.arange(6))
            >>> loader = kajo.utils.data.DataLoader(data, batch_size=2)
            >>> batches = iter(loader)
            >>> _ = next(batches)
            >>> saved = loader.state_dict()
            >>> loader.load_state_dict(saved)
            >>> [batch.tolist() for (batch,) in loader]
            [[2, 3], [4, 5]]
        """
        if self._to_resume is not None:
            return self._to_resume
        return state_of(self, self._progress)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next pass go on from where :meth:`state_dict` was called.

        Args:
            state_dict: the state of a loader that was built alike. Of a map-style data set the
                number of workers may differ; their random numbers then do, too.

        Raises:
            ValueError: if it does not fit this loader.
        """
        check_state(self, state_dict)
        if self._iterator is not None:
            self._iterator._shutdown_workers()
            self._iterator = None
        self._progress = None
        set_states(own_streams(self), state_dict["streams"])
        self._to_resume = None if state_dict["pass"] is None else state_dict

    def check_worker_number_rationality(self) -> None:
        """Warn when there are more workers than processors that may be used."""
        if not self.num_workers:
            return
        available = _available_processors()
        if available is not None and self.num_workers > available:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our "
                f"suggested max number of worker in current system is {available}, which is "
                "smaller than what this DataLoader is going to create. Please be aware that "
                "excessive worker creation might get DataLoader running slow or even freeze, "
                "lower the worker number to avoid potential slowness/freeze if necessary.",
                stacklevel=3,
            )


def _available_processors() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _checked_worker_type(worker_type: str, multiprocessing_context: Any) -> str:
    if worker_type not in ("process", "thread"):
        raise ValueError(
            f"DataLoader: worker_type must be 'process' or 'thread', but got {worker_type!r}"
        )
    if worker_type == "thread" and multiprocessing_context is not None:
        raise ValueError("DataLoader: multiprocessing_context is for worker_type='process' only")
    return worker_type


def _check_worker_options(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "DataLoader: num_workers option should be non-negative; use num_workers=0 to disable "
            f"multiprocessing (got {num_workers})"
        )
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout option should be non-negative, got {timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "DataLoader: prefetch_factor option could only be specified in multiprocessing. let "
            "num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(
            f"DataLoader: prefetch_factor option should be non-negative, got {prefetch_factor}"
        )
    if persistent_workers and num_workers == 0:
        raise ValueError("DataLoader: persistent_workers option needs num_workers > 0")


def _check_iterable_options(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    refused = {
        "shuffle": shuffle if shuffle else None,
        "sampler": sampler,
        "batch_sampler": batch_sampler,
    }
    for name, value in refused.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}"
            )
