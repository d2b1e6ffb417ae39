"""Data sets, samplers and the DataLoader.

Example:
    >>> import kajo
    >>> data = kajo.utils.data.TensorDataset(kajo.arange(4))
    >>> [batch.tolist() for (batch,) in kajo.utils.data.DataLoader(data, batch_size=2)]
    [[0, 1], [2, 3]]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kajo.utils.data._utils.worker import get_worker_info as get_worker_info
from kajo.utils.data.dataloader import DataLoader as DataLoader
from kajo.utils.data.dataloader import _DatasetKind as _DatasetKind
from kajo.utils.data.dataloader import default_collate as default_collate
from kajo.utils.data.dataloader import default_convert as default_convert
from kajo.utils.data.dataset import ChainDataset as ChainDataset
from kajo.utils.data.dataset import ConcatDataset as ConcatDataset
from kajo.utils.data.dataset import Dataset as Dataset
from kajo.utils.data.dataset import IterableDataset as IterableDataset
from kajo.utils.data.dataset import StackDataset as StackDataset
from kajo.utils.data.dataset import Subset as Subset
from kajo.utils.data.dataset import TensorDataset as TensorDataset
from kajo.utils.data.dataset import random_split as random_split
from kajo.utils.data.distributed import DistributedSampler as DistributedSampler
from kajo.utils.data.sampler import BatchSampler as BatchSampler
from kajo.utils.data.sampler import RandomSampler as RandomSampler
from kajo.utils.data.sampler import Sampler as Sampler
from kajo.utils.data.sampler import SequentialSampler as SequentialSampler
from kajo.utils.data.sampler import SubsetRandomSampler as SubsetRandomSampler
from kajo.utils.data.sampler import WeightedRandomSampler as WeightedRandomSampler

if TYPE_CHECKING:
    from kajo.utils.data import datapipes as datapipes
    from kajo.utils.data.datapipes.base import DataChunk as DataChunk
    from kajo.utils.data.datapipes.base import DFIterDataPipe as DFIterDataPipe
    from kajo.utils.data.datapipes.base import IterDataPipe as IterDataPipe
    from kajo.utils.data.datapipes.base import MapDataPipe as MapDataPipe
    from kajo.utils.data.datapipes.base import argument_validation as argument_validation
    from kajo.utils.data.datapipes.base import functional_datapipe as functional_datapipe
    from kajo.utils.data.datapipes.base import (
        guaranteed_datapipes_determinism as guaranteed_datapipes_determinism,
    )
    from kajo.utils.data.datapipes.base import non_deterministic as non_deterministic
    from kajo.utils.data.datapipes.base import runtime_validation as runtime_validation
    from kajo.utils.data.datapipes.base import (
        runtime_validation_disabled as runtime_validation_disabled,
    )

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DFIterDataPipe",
    "DataChunk",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterDataPipe",
    "IterableDataset",
    "MapDataPipe",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "argument_validation",
    "default_collate",
    "default_convert",
    "functional_datapipe",
    "get_worker_info",
    "guaranteed_datapipes_determinism",
    "non_deterministic",
    "random_split",
    "runtime_validation",
    "runtime_validation_disabled",
]

_PIPES = frozenset(
    (
        "DFIterDataPipe",
        "DataChunk",
        "IterDataPipe",
        "MapDataPipe",
        "argument_validation",
        "functional_datapipe",
        "guaranteed_datapipes_determinism",
        "non_deterministic",
        "runtime_validation",
        "runtime_validation_disabled",
    )
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _PIPES or name == "datapipes":
            pipes = importlib.import_module("kajo.utils.data.datapipes")
            return pipes if name == "datapipes" else getattr(pipes.base, name)
        raise AttributeError(f"module 'kajo.utils.data' has no attribute {name!r}")
