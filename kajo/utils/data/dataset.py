"""Data sets: what a DataLoader draws samples from."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import kajo

if TYPE_CHECKING:
    from kajo import Generator, Tensor

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A data set whose samples are read by key; a subclass gives ``__getitem__``.

    Most also give ``__len__``; ``__getitems__(keys)`` may be given to read a batch at once.

    Example:
        >>> from kajo.utils.data import Dataset
        >>> class Squares(Dataset):
        ...     def __len__(self): return 10
        ...     def __getitem__(self, index): return index ** 2
        >>> Squares()[3]
        9
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A data set that is read in its own order; a subclass gives ``__iter__``.

    With several workers each of them iterates over its own copy: use
    :func:`kajo.utils.data.get_worker_info` to give each a part.

    Example:
        >>> from kajo.utils.data import IterableDataset
        >>> class Count(IterableDataset):
        ...     def __iter__(self): return iter(range(3))
        >>> list(Count())
        [0, 1, 2]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")

    def __add__(self, other: Dataset[T_co]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset["tuple[Tensor, ...]"]):
    """Samples that are the rows of tensors; a DataLoader gathers a whole batch of them at once.

    Args:
        *tensors: tensors of the same first dimension.

    Raises:
        AssertionError: if the first dimensions differ.

    Example:
        >>> import kajo
        >>> data = kajo.utils.data.TensorDataset(kajo.arange(4), kajo.arange(4) * 10)
        >>> data[2]
        (tensor(2), tensor(20))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            sizes = [tensor.size(0) for tensor in tensors]
            raise AssertionError(f"TensorDataset: Size mismatch between tensors: {sizes} rows")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Several data sets side by side: a sample is the tuple or dictionary of theirs.

    Args:
        *args: data sets of the same length; samples are tuples.
        **kwargs: named data sets of the same length; samples are dictionaries.

    Raises:
        ValueError: if both or none are given, or lengths differ.

    Example:
        >>> from kajo.utils.data import StackDataset
        >>> StackDataset(x=[1, 2], y=[3, 4])[1]
        {'x': 2, 'y': 4}
    """

    datasets: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset: Supported either tuple- (via args) or dict- (via kwargs) like "
                "input/output, but both types are given."
            )
        members = list(args or kwargs.values())
        if not members:
            raise ValueError("StackDataset: At least one dataset should be passed")
        self._length = len(members[0])
        if any(len(member) != self._length for member in members):
            sizes = [len(member) for member in members]
            raise ValueError(f"StackDataset: Size mismatch between datasets: {sizes}")
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: member[index] for name, member in self.datasets.items()}
        return tuple(member[index] for member in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        def column(member: Any) -> list[Any]:
            if not callable(getattr(member, "__getitems__", None)):
                return [member[index] for index in indices]
            samples: list[Any] = member.__getitems__(indices)
            if len(samples) != len(indices):
                raise ValueError(
                    f"StackDataset: Nested dataset's output size mismatch. Expected "
                    f"{len(indices)}, got {len(samples)}"
                )
            return samples

        if isinstance(self.datasets, dict):
            columns = {name: column(member) for name, member in self.datasets.items()}
            return [
                {name: samples[i] for name, samples in columns.items()} for i in range(len(indices))
            ]
        return list(zip(*(column(member) for member in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Data sets one after another.

    Args:
        datasets: data sets with a length.

    Raises:
        AssertionError: if there is none, or one is an IterableDataset.

    Example:
        >>> from kajo.utils.data import ConcatDataset
        >>> joined = ConcatDataset([[1, 2], [3]])
        >>> len(joined), joined[2], joined[-3]
        (3, 3, 1)
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset; chain it instead")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Sequence[Any]) -> list[int]:
        """Return the running sum of the lengths."""
        return list(itertools.accumulate(len(member) for member in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[which - 1] if which else 0
        sample: T_co = self.datasets[which][index - start]
        return sample

    @property
    def cummulative_sizes(self) -> list[int]:
        """The former, misspelt name of ``cumulative_sizes``."""
        warnings.warn(
            "cummulative_sizes attribute is renamed to cumulative_sizes",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.cumulative_sizes


class ChainDataset(IterableDataset[Any]):
    """Iterable data sets one after another.

    Args:
        datasets: iterable data sets.

    Example:
        >>> from kajo.utils.data import ChainDataset, IterableDataset
        >>> class Count(IterableDataset):
        ...     def __iter__(self): return iter(range(2))
        >>> list(ChainDataset([Count(), Count()]))
        [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield from dataset

    def __len__(self) -> int:
        total = 0
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            total += len(dataset)  # type: ignore[arg-type]
        return total


class Subset(Dataset[T_co]):
    """The samples of a data set at given indices.

    Args:
        dataset: the whole data set.
        indices: indices into it.

    Example:
        >>> from kajo.utils.data import Subset
        >>> list(Subset("abcd", [3, 0]))
        ['d', 'a']
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            sample: T_co = self.dataset[[self.indices[i] for i in index]]
        else:
            sample = self.dataset[self.indices[index]]
        return sample

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        chosen = [self.indices[index] for index in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            samples: list[T_co] = self.dataset.__getitems__(chosen)
            return samples
        return [self.dataset[index] for index in chosen]

    def __len__(self) -> int:
        return len(self.indices)


def _lengths_of_fractions(total: int, fractions: Sequence[float]) -> list[int]:
    """Split ``total`` in proportion, dealing what rounding leaves over from the first on."""
    for i, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"random_split: Fraction at index {i} is not between 0 and 1")
    lengths = [math.floor(total * fraction) for fraction in fractions]
    for i in range(total - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Split a data set at random into parts that do not overlap.

    Args:
        dataset: a data set with a length.
        lengths: lengths of the parts, or fractions that sum to 1.
        generator: source of the permutation; None: the default generator.

    Returns:
        One :class:`Subset` for each length.

    Raises:
        ValueError: if the lengths do not sum to the length of the data set, or a fraction is
            not between 0 and 1.

    Example:
        >>> from kajo.utils.data import random_split
        >>> [len(part) for part in random_split(range(10), [0.7, 0.3])]
        [7, 3]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        parts = _lengths_of_fractions(len(dataset), lengths)
    else:
        parts = list(lengths)  # type: ignore[arg-type]
    if sum(parts) != len(dataset):
        raise ValueError(
            f"random_split: Sum of input lengths does not equal the length of the input dataset! "
            f"({sum(parts)} and {len(dataset)})"
        )
    order = kajo.randperm(sum(parts), generator=generator).tolist()
    ends = list(itertools.accumulate(parts))
    return [
        Subset(dataset, order[end - length : end]) for end, length in zip(ends, parts, strict=True)
    ]
