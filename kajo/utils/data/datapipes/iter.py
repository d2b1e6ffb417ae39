"""Steps of pipes that are iterated over."""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kajo.utils.data._utils.collate import default_collate
from kajo.utils.data._utils.worker import get_worker_info
from kajo.utils.data.datapipes.base import (
    Batching,
    DataChunk,
    Following,
    IterDataPipe,
    functional_datapipe,
)
from kajo.utils.data.sampler import draw_seed

__all__ = [
    "Batcher", "Collator", "Concater", "Demultiplexer", "Filter", "Forker", "Grouper",
    "IterableWrapper", "Mapper", "Multiplexer", "Sampler", "ShardingFilter", "Shuffler",
    "UnBatcher", "Zipper",
]  # fmt: skip


class IterableWrapper(IterDataPipe[Any]):
    """A pipe over an iterable.

    Args:
        iterable: what is iterated over.
        deepcopy: whether it is copied first, so that changes do not show.
    """

    def __init__(self, iterable: Iterable[Any], deepcopy: bool = True) -> None:
        self.iterable = iterable
        self.deepcopy = deepcopy

    def __iter__(self) -> Iterator[Any]:
        source = self.iterable
        if self.deepcopy:
            with contextlib.suppress(TypeError):
                source = copy.deepcopy(source)
        yield from source

    def __len__(self) -> int:
        return len(self.iterable)  # type: ignore[arg-type]


class _Step(Following, IterDataPipe[Any]):
    """A pipe after another one."""


def _applied(function: Callable[..., Any], columns: Any, item: Any) -> Any:
    """The function of an item, or of those of its columns that are named."""
    if columns is None:
        return function(item)
    if isinstance(columns, (list, tuple)):
        return function(*(item[column] for column in columns))
    return function(item[columns])


@functional_datapipe("map")
class Mapper(_Step):
    """A function of each item, or of columns of it.

    Args:
        datapipe: the items.
        fn: the function.
        input_col: index or key of the argument in the item, or several.
        output_col: where in the item the result goes; None: in place of the arguments, -1: last.
    """

    def __init__(
        self, datapipe: Any, fn: Callable[..., Any], input_col: Any = None, output_col: Any = None
    ) -> None:
        super().__init__(datapipe)
        if input_col is None and output_col is not None:
            raise ValueError("`output_col` must be None when `input_col` is None.")
        self.fn, self.input_col, self.output_col = fn, input_col, output_col

    def _put(self, item: Any, result: Any) -> Any:
        if self.input_col is None and self.output_col is None:
            return result
        changed: Any = copy.copy(item) if isinstance(item, dict) else list(item)
        if self.output_col == -1 and not isinstance(item, dict):
            changed.append(result)
        elif self.output_col is not None:
            place = self.output_col
            changed[place[0] if isinstance(place, (list, tuple)) else place] = result
        elif isinstance(self.input_col, (list, tuple)):
            changed[self.input_col[0]] = result
            for column in sorted(self.input_col[1:], reverse=True):
                del changed[column]
        else:
            changed[self.input_col] = result
        return tuple(changed) if isinstance(item, tuple) else changed

    def __iter__(self) -> Iterator[Any]:
        for item in self.datapipe:
            yield self._put(item, _applied(self.fn, self.input_col, item))


@functional_datapipe("filter")
class Filter(_Step):
    """The items for which a function says True.

    Raises:
        ValueError: if the function gives no bool.
    """

    def __init__(
        self, datapipe: Any, filter_fn: Callable[..., bool], input_col: Any = None
    ) -> None:
        super().__init__(datapipe)
        self.filter_fn, self.input_col = filter_fn, input_col

    def __iter__(self) -> Iterator[Any]:
        for item in self.datapipe:
            wanted = _applied(self.filter_fn, self.input_col, item)
            if not isinstance(wanted, bool):
                raise ValueError(
                    f"Boolean output is required for `filter_fn` of Filter, got {type(wanted)}"
                )
            if wanted:
                yield item

    def __len__(self) -> int:
        raise TypeError("Filter has no length")


@functional_datapipe("batch")
class Batcher(Batching, _Step):
    """Lists of ``batch_size`` items; the last may be shorter unless it is dropped."""

    def __iter__(self) -> Iterator[Any]:
        items = iter(self.datapipe)
        while batch := list(itertools.islice(items, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.wrapper_class(batch)


@functional_datapipe("unbatch")
class UnBatcher(_Step):
    """The items of batches.

    Args:
        datapipe: batches.
        unbatch_level: how deep to look; -1: to the bottom.
    """

    def __init__(self, datapipe: Any, unbatch_level: int = 1) -> None:
        if unbatch_level < -1:
            raise ValueError("unbatch_level must be -1 or >= 0")
        super().__init__(datapipe)
        self.unbatch_level = unbatch_level

    def _inside(self, item: Any, level: int) -> Iterator[Any]:
        if level == 0 or (level == -1 and not isinstance(item, list)):
            yield item
            return
        if not isinstance(item, list):
            raise IndexError(
                f"unbatch_level {self.unbatch_level} exceeds the depth of the DataPipe"
            )
        for inner in item:
            yield from self._inside(inner, level if level == -1 else level - 1)

    def __iter__(self) -> Iterator[Any]:
        for item in self.datapipe:
            yield from self._inside(item, self.unbatch_level)

    def __len__(self) -> int:
        raise TypeError("UnBatcher has no length")


@functional_datapipe("collate")
class Collator(Mapper):
    """Batches joined by a function, by default :func:`kajo.utils.data.default_collate`."""

    def __init__(
        self, datapipe: Any, conversion: Any = default_collate, collate_fn: Any = None
    ) -> None:
        super().__init__(datapipe, conversion if collate_fn is None else collate_fn)


@functional_datapipe("shuffle")
class Shuffler(_Step):
    """The items in an order that is random within a buffer.

    Args:
        datapipe: the items.
        buffer_size: how many items may wait.
        unbatch_level: how deep to look into batches first.
    """

    def __init__(self, datapipe: Any, *, buffer_size: int = 10000, unbatch_level: int = 0) -> None:
        if buffer_size <= 0:
            raise ValueError("buffer_size should be larger than 0")
        super().__init__(
            datapipe if unbatch_level == 0 else datapipe.unbatch(unbatch_level=unbatch_level)
        )
        self.buffer_size = buffer_size
        self._enabled = True
        self._seed: int | None = None

    def set_shuffle(self, shuffle: bool = True) -> Shuffler:
        """Whether to shuffle at all."""
        self._enabled = shuffle
        return self

    def set_seed(self, seed: int) -> Shuffler:
        """The seed of the next pass."""
        self._seed = seed
        return self

    def __iter__(self) -> Iterator[Any]:
        if not self._enabled:
            yield from self.datapipe
            return
        source = random.Random(draw_seed() if self._seed is None else self._seed)
        self._seed = None
        buffer: list[Any] = []
        for item in self.datapipe:
            if len(buffer) < self.buffer_size:
                buffer.append(item)
                continue
            place = source.randint(0, len(buffer) - 1)
            waiting, buffer[place] = buffer[place], item
            yield waiting
        while buffer:
            yield buffer.pop(source.randint(0, len(buffer) - 1))


class Sampler(_Step):
    """The items of a pipe in the order of a sampler made from it."""

    def __init__(self, datapipe: Any, sampler: Any = None, sampler_args: Any = None) -> None:
        from kajo.utils.data.sampler import SequentialSampler

        super().__init__(datapipe)
        self.sampler = (sampler or SequentialSampler)(data_source=datapipe, **(sampler_args or {}))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)


@functional_datapipe("sharding_filter")
class ShardingFilter(_Step):
    """In a worker of a DataLoader: every n-th item, so that each is read by one of n workers."""

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        yield from itertools.islice(self.datapipe, first, None, step)

    def __len__(self) -> int:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return len(range(first, len(self.datapipe), step))


class _Several(IterDataPipe[Any]):
    """A pipe after several others."""

    def __init__(self, *datapipes: Any) -> None:
        if not datapipes:
            raise ValueError("Expected at least one DataPipe, but got nothing")
        self.datapipes = datapipes


@functional_datapipe("concat")
class Concater(_Several):
    """Pipes one after another."""

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(self.datapipes)

    def __len__(self) -> int:
        return sum(map(len, self.datapipes))


@functional_datapipe("zip")
class Zipper(_Several):
    """Tuples with an item of each pipe, until one ends."""

    def __iter__(self) -> Iterator[Any]:
        return zip(*self.datapipes, strict=False)

    def __len__(self) -> int:
        return min(map(len, self.datapipes))


@functional_datapipe("mux")
class Multiplexer(_Several):
    """An item of each pipe in turn, until one ends."""

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(zip(*self.datapipes, strict=False))

    def __len__(self) -> int:
        return len(self.datapipes) * min(map(len, self.datapipes))


@functional_datapipe("groupby")
class Grouper(_Step):
    """Lists of items with the same key.

    Args:
        datapipe: the items.
        group_key_fn: the key of an item.
        keep_key: give pairs of key and list.
        buffer_size: how many items may wait; when there are more, the largest group is given.
        group_size: give a group when it has so many items.
        guaranteed_group_size: the least size that a group given early must have.
        drop_remaining: leave out groups that are too small when they have to be given early.
    """

    def __init__(
        self,
        datapipe: Any,
        group_key_fn: Callable[[Any], Any],
        *,
        keep_key: bool = False,
        buffer_size: int = 10000,
        group_size: int | None = None,
        guaranteed_group_size: int | None = None,
        drop_remaining: bool = False,
    ) -> None:
        super().__init__(datapipe)
        self.group_key_fn, self.keep_key = group_key_fn, keep_key
        self.buffer_size, self.group_size = buffer_size, group_size
        self.least = group_size if guaranteed_group_size is None else guaranteed_group_size
        self.drop_remaining = drop_remaining

    def _given(self, key: Any, items: list[Any]) -> Any:
        chunk = DataChunk(items)
        return (key, chunk) if self.keep_key else chunk

    def __iter__(self) -> Iterator[Any]:
        groups: dict[Any, list[Any]] = {}
        waiting = 0
        for item in self.datapipe:
            key = self.group_key_fn(item)
            group = groups.setdefault(key, [])
            group.append(item)
            waiting += 1
            if len(group) == self.group_size:
                waiting -= len(group)
                yield self._given(key, groups.pop(key))
            if waiting == self.buffer_size:
                key = max(groups, key=lambda k: len(groups[k]))
                items = groups.pop(key)
                waiting -= len(items)
                if self.least is None or len(items) >= self.least:
                    yield self._given(key, items)
                elif not self.drop_remaining:
                    raise RuntimeError("Failed to group items", str(items))
        for key, items in groups.items():
            yield self._given(key, items)

    def __len__(self) -> int:
        raise TypeError("Grouper has no length")


class _Branch(IterDataPipe[Any]):
    """One of several pipes that share a source; items wait for the slower ones."""

    def __init__(self, shared: _Shared, number: int) -> None:
        self.shared, self.number = shared, number

    def __iter__(self) -> Iterator[Any]:
        return self.shared.items(self.number)

    def __len__(self) -> int:
        return self.shared.length()


class _Shared:
    """Reads a source once for several branches."""

    def __init__(
        self,
        datapipe: Any,
        count: int,
        branches_of: Callable[[Any], list[int]],
        buffer_size: int,
        is_whole: bool,
    ) -> None:
        self.datapipe, self.count, self.is_whole = datapipe, count, is_whole
        self.branches_of, self.buffer_size = branches_of, buffer_size
        self.source: Iterator[Any] | None = None
        self.waiting: list[deque[Any]] = []

    def length(self) -> int:
        if not self.is_whole:
            raise TypeError("a part of a DataPipe has no length")
        return len(self.datapipe)

    def items(self, number: int) -> Iterator[Any]:
        if self.source is None:
            self.source = iter(self.datapipe)
            self.waiting = [deque() for _ in range(self.count)]
        while True:
            while self.waiting[number]:
                yield self.waiting[number].popleft()
            try:
                item = next(self.source)
            except StopIteration:
                if not any(self.waiting):
                    self.source = None
                return
            for branch in self.branches_of(item):
                self.waiting[branch].append(item)
                if branch != number and 0 <= self.buffer_size < len(self.waiting[branch]):
                    raise BufferError(f"a branch waits for more than {self.buffer_size} items")


class Forker(IterDataPipe[Any]):
    """Several pipes that all give the items of one: ``first, second = pipe.fork(2)``."""

    def __new__(  # type: ignore[misc]
        cls, datapipe: Any, num_instances: int, buffer_size: int = 1000, copy: Any = None
    ) -> list[IterDataPipe[Any]]:
        if num_instances < 1:
            raise ValueError(
                f"Expected `num_instances` larger than 0, but {num_instances} is found"
            )
        everywhere = list(range(num_instances))
        shared = _Shared(datapipe, num_instances, lambda item: everywhere, buffer_size, True)
        return [_Branch(shared, number) for number in everywhere]


class Demultiplexer(IterDataPipe[Any]):
    """Several pipes that share the items of one out: ``even, odd = pipe.demux(2, parity)``.

    Args:
        datapipe: the items.
        num_instances: how many pipes.
        classifier_fn: number of the pipe that an item goes to; None with ``drop_none``: to none.
        drop_none: whether it may give None.
        buffer_size: how many items may wait for one pipe.
    """

    def __new__(  # type: ignore[misc]
        cls,
        datapipe: Any,
        num_instances: int,
        classifier_fn: Callable[[Any], int | None],
        drop_none: bool = False,
        buffer_size: int = 1000,
    ) -> list[IterDataPipe[Any]]:
        def branches_of(item: Any) -> list[int]:
            number = classifier_fn(item)
            if number is None and drop_none:
                return []
            if number is None or not 0 <= number < num_instances:
                raise ValueError(
                    f"Output of the classification fn should be between 0 and {num_instances - 1}. "
                    f"{number} is returned."
                )
            return [number]

        shared = _Shared(datapipe, num_instances, branches_of, buffer_size, False)
        return [_Branch(shared, number) for number in range(num_instances)]


IterDataPipe.register_function("fork", Forker)
IterDataPipe.register_function("demux", Demultiplexer)
