"""A sampler that gives each process of a group its own part of a data set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

import kajo
from kajo.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """The part of a data set that one process of a group reads; all parts have the same length.

    Args:
        dataset: a data set of constant length.
        num_replicas: number of processes (default: from ``kajo.distributed``).
        rank: number of this process (default: from ``kajo.distributed``).
        shuffle: whether to shuffle, alike in all processes.
        seed: the same in all processes.
        drop_last: drop what does not divide evenly, instead of repeating the first samples.

    Raises:
        RuntimeError: if the group has to be asked and there is none.
        ValueError: if ``rank`` is not below ``num_replicas``.

    Example:
        >>> from kajo.utils.data.distributed import DistributedSampler
        >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
        [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            distributed = getattr(kajo, "distributed", None)
            if distributed is None or not distributed.is_available():
                raise RuntimeError(
                    "DistributedSampler: Requires distributed package to be available"
                )
            num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
            rank = distributed.get_rank() if rank is None else rank
        if rank >= num_replicas or rank < 0:
            raise ValueError(
                f"DistributedSampler: Invalid rank {rank}, rank should be in the interval "
                f"[0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        count = len(dataset)
        self.num_samples = count // num_replicas if drop_last else math.ceil(count / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        indices = list(range(count))
        if self.shuffle:
            generator = kajo.Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = kajo.randperm(count, generator=generator).tolist()
        if len(indices) < self.total_size:
            repeats = math.ceil(self.total_size / len(indices))
            indices = indices * repeats
        return iter(indices[: self.total_size][self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Make the next pass shuffle differently.

        Args:
            epoch: number of the epoch, the same in all processes.
        """
        self.epoch = epoch
