"""Reads samples from a data set and joins them into a batch."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

import kajo
from kajo.utils.data._utils import collate as collating
from kajo.utils.data._utils.progress import Place, is_stateful
from kajo.utils.data.dataset import Subset, TensorDataset


class IterableFetcher:
    """Takes the next samples of an iterable data set.

    Args:
        dataset: the data set.
        batch_size: samples in a batch; None: samples are given as they are.
        collate_fn: joins the samples of a batch.
        drop_last: whether a last batch that is not full is left out.
        place: where in the data set to begin.
        mark: called with the number of each sample that is about to be read.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None,
        collate_fn: Callable[[Any], Any],
        drop_last: bool,
        place: Place,
        mark: Callable[[int], None] | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        saved = place.dataset or {}
        seen = place.batches * (batch_size or 1)
        if "dataset" in saved:
            dataset.load_state_dict(saved["dataset"])
        self.samples = iter(dataset)
        if "iterator" in saved:
            self.samples.load_state_dict(saved["iterator"])
        elif not saved:
            deque(itertools.islice(self.samples, seen), maxlen=0)
        self.mark = mark
        self.read = seen

    def fetch(self, index: Any) -> Any:
        """Return the next batch.

        Raises:
            StopIteration: when the samples have come to their end.
        """
        if self.batch_size is None:
            if self.mark is not None:
                self.mark(self.read)
                self.read += 1
            return self.collate_fn(next(self.samples))
        batch = self._next_samples(self.batch_size)
        if not batch or (self.drop_last and len(batch) < self.batch_size):
            raise StopIteration
        return self.collate_fn(batch)

    def _next_samples(self, count: int) -> list[Any]:
        if self.mark is None:
            return list(itertools.islice(self.samples, count))
        samples: list[Any] = []
        for _ in range(count):
            self.mark(self.read)
            try:
                samples.append(next(self.samples))
            except StopIteration:
                break
            self.read += 1
        return samples

    def state(self) -> Any:
        """The place in the data set if it or its iterator can tell it, else None."""
        if is_stateful(self.samples):
            return {"iterator": self.samples.state_dict()}
        if is_stateful(self.dataset):
            return {"dataset": self.dataset.state_dict()}
        return None


class MapFetcher:
    """Reads samples by key.

    Args:
        dataset: the data set.
        auto_collation: whether indices are lists of keys.
        collate_fn: joins the samples of a batch.
        mark: called with the place in the batch of each sample that is about to be read, and with
            -1 when none is.
    """

    def __init__(
        self,
        dataset: Any,
        auto_collation: bool,
        collate_fn: Callable[[Any], Any],
        mark: Callable[[int], None] | None = None,
    ) -> None:
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.mark = mark
        gathers = auto_collation and collate_fn is collating.default_collate
        self.gathers = gathers and _is_rows_of_tensors(dataset)

    def fetch(self, index: Any) -> Any:
        """Return the batch with these keys."""
        if not self.auto_collation:
            return self.collate_fn(self.dataset[index])
        if self.gathers and _collates_tensors_by_stacking():
            return _gather(self.dataset, index)
        read_batch = getattr(self.dataset, "__getitems__", None)
        if read_batch:
            return self.collate_fn(read_batch(index))
        return self.collate_fn(self._samples(index))

    def _samples(self, index: Any) -> list[Any]:
        if self.mark is None:
            return [self.dataset[i] for i in index]
        samples = []
        for place, key in enumerate(index):
            self.mark(place)
            samples.append(self.dataset[key])
        self.mark(-1)
        return samples

    def state(self) -> Any:
        """None: the sampler has the place."""
        return None


def _is_rows_of_tensors(dataset: Any) -> bool:
    while type(dataset) is Subset:
        dataset = dataset.dataset
    return type(dataset) is TensorDataset and all(
        type(tensor) is kajo.Tensor and tensor.layout == kajo.strided for tensor in dataset.tensors
    )


def _collates_tensors_by_stacking() -> bool:
    joins = collating.default_collate_fn_map
    return joins.get(kajo.Tensor) is collating._collate_tensors and tuple not in joins


def _gather(dataset: Any, index: Any) -> list[Any]:
    """Read a batch of tensor rows with one indexing operation a tensor."""
    while type(dataset) is Subset:
        index = [dataset.indices[i] for i in index]
        dataset = dataset.dataset
    rows = kajo.tensor(index, dtype=kajo.int64)
    return [tensor[rows] for tensor in dataset.tensors]
