"""Samplers: the order in which a DataLoader reads a data set."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import kajo

if TYPE_CHECKING:
    from kajo import Generator, Tensor

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)

_DRAWS_AT_ONCE = 32
_NUMBERS_AT_ONCE = 4096


def draw_seed(generator: Generator | None = None) -> int:
    """Draw a 63-bit seed, advancing the generator (None: the default one) by one number."""
    return int(kajo.empty((), dtype=kajo.int64).random_(generator=generator).item())


def _numbers(tensor: Tensor) -> Iterator[int]:
    """The numbers of a tensor, turned into Python's a few at a time."""
    for part in tensor.split(_NUMBERS_AT_ONCE):
        yield from part.tolist()


class Sampler(Generic[T_co]):
    """Base of all samplers: a subclass gives ``__iter__`` over keys, and ``__len__`` if it can.

    Example:
        >>> from kajo.utils.data import Sampler
        >>> class Backwards(Sampler):
        ...     def __init__(self, data): self.data = data
        ...     def __iter__(self): return iter(reversed(range(len(self.data))))
        >>> list(Backwards("abc"))
        [2, 1, 0]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler[int]):
    """All indices in order.

    Args:
        data_source: anything with a length.

    Example:
        >>> from kajo.utils.data import SequentialSampler
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order, without or with replacement.

    Args:
        data_source: anything with a length.
        replacement: whether an index may come more than once.
        num_samples: how many to draw (default: the length).
        generator: source of randomness; None seeds one from the default generator at each pass.

    Raises:
        TypeError: if ``replacement`` is no bool.
        ValueError: if ``num_samples`` is no positive integer.

    Example:
        >>> import kajo
        >>> from kajo.utils.data import RandomSampler
        >>> sorted(RandomSampler("abcd"))
        [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"RandomSampler: replacement should be a boolean value, but got "
                f"replacement={replacement}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                f"RandomSampler: num_samples should be a positive integer value, but got "
                f"num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = kajo.Generator()
            generator.manual_seed(draw_seed())
        if self.replacement:
            full, rest = divmod(self.num_samples, _DRAWS_AT_ONCE)
            for count in [*itertools.repeat(_DRAWS_AT_ONCE, full), rest]:
                yield from kajo.randint(
                    high=n, size=(count,), dtype=kajo.int64, generator=generator
                ).tolist()
            return
        for _ in range(self.num_samples // n):
            yield from _numbers(kajo.randperm(n, generator=generator))
        rest = self.num_samples % n
        yield from _numbers(kajo.randperm(n, generator=generator)[:rest])

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    Args:
        indices: the indices to draw from.
        generator: source of randomness; None: the default generator.

    Example:
        >>> from kajo.utils.data import SubsetRandomSampler
        >>> sorted(SubsetRandomSampler([7, 5]))
        [5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in _numbers(kajo.randperm(len(self.indices), generator=self.generator)):
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn in proportion to weights.

    Args:
        weights: one weight for each index; they need not sum to 1.
        num_samples: how many to draw.
        replacement: whether an index may come more than once.
        generator: source of randomness; None: the default generator.

    Raises:
        ValueError: if an argument has the wrong type, or the weights are not a vector.

    Example:
        >>> from kajo.utils.data import WeightedRandomSampler
        >>> list(WeightedRandomSampler([0.0, 1.0], 3))
        [1, 1, 1]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"WeightedRandomSampler: num_samples should be a positive integer value, but got "
                f"num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(
                f"WeightedRandomSampler: replacement should be a boolean value, but got "
                f"replacement={replacement}"
            )
        self.weights = kajo.as_tensor(weights, dtype=kajo.double)
        if self.weights.dim() != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights should be a 1d sequence but given weights have "
                f"shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = kajo.multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from _numbers(drawn)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Groups the indices of another sampler into lists.

    Args:
        sampler: the indices.
        batch_size: how many go into one list.
        drop_last: whether a last list that is shorter is dropped.

    Raises:
        ValueError: if ``batch_size`` is no positive integer or ``drop_last`` no bool.

    Example:
        >>> from kajo.utils.data import BatchSampler
        >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"BatchSampler: batch_size should be a positive integer value, but got "
                f"batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(
                f"BatchSampler: drop_last should be a boolean value, but got drop_last={drop_last}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices: Iterator[Any] = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (1 if rest and not self.drop_last else 0)
