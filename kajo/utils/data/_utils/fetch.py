"""Reads samples from a data set and joins them into a batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import kajo
from kajo.utils.data._utils import collate as collating
from kajo.utils.data.dataset import Subset, TensorDataset


class IterableFetcher:
    """Takes the next samples of an iterable data set."""

    def __init__(
        self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool
    ) -> None:
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.samples = iter(dataset)

    def fetch(self, index: Any) -> Any:
        """Return the next batch.

        Raises:
            StopIteration: when the samples have come to their end.
        """
        if not self.auto_collation:
            return self.collate_fn(next(self.samples))
        batch = list(itertools.islice(self.samples, len(index)))
        if not batch or (self.drop_last and len(batch) < len(index)):
            raise StopIteration
        return self.collate_fn(batch)


class MapFetcher:
    """Reads samples by key."""

    def __init__(
        self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool
    ) -> None:
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
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
        return self.collate_fn([self.dataset[i] for i in index])


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
