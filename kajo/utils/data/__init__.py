"""Data sets, samplers and the DataLoader.

Example:
    >>> import kajo
    >>> data = kajo.utils.data.TensorDataset(kajo.arange(4))
    >>> [batch.tolist() for (batch,) in kajo.utils.data.DataLoader(data, batch_size=2)]
    [[0, 1], [2, 3]]
"""

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

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
