"""Sequences of unequal length: packed, padded, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import kajo
from kajo import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence_(NamedTuple):
    """The fields of :class:`PackedSequence`."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """Sequences of unequal length as one tensor without padding.

    Made by :func:`pack_padded_sequence` and :func:`pack_sequence`.

    Args:
        data: the elements: first those of step 0 of all sequences, then of step 1, and so on.
        batch_sizes: how many sequences reach each step, int64 on the CPU.
        sorted_indices: the order that sorts the sequences by falling length, or None.
        unsorted_indices: the order that undoes it.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pack_sequence
        >>> packed = pack_sequence([kajo.tensor([1, 2]), kajo.tensor([3])])
        >>> packed.data, packed.batch_sizes
        (tensor([1, 3, 2]), tensor([2, 1]))
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise ValueError("PackedSequence needs data and batch_sizes")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(
            cls, data, cast(Tensor, batch_sizes), sorted_indices, unsorted_indices
        )

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with its data moved or converted; the indices follow the device.

        Args:
            args, kwargs: as for ``Tensor.to``.

        Returns:
            This, if nothing changes.

        Example:
            >>> import kajo
            >>> from kajo.nn.utils.rnn import pack_sequence
            >>> pack_sequence([kajo.ones(2)]).to(kajo.float64).data.dtype
            kajo.float64
        """
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = [
            None if index is None else index.to(data.device)
            for index in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *indices)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same on a CUDA device.

        Args:
            args: the device's index.

        Returns:
            The sequence there.

        Example: as :meth:`to`.
        """
        return self.to(kajo.device("cuda", *args), **kwargs)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same on the CPU.

        Returns:
            The sequence there.

        Example: as :meth:`to`.
        """
        return self.to(kajo.device("cpu"), *args, **kwargs)

    def double(self) -> PackedSequence:
        """The same as float64."""
        return self.to(dtype=kajo.float64)

    def float(self) -> PackedSequence:
        """The same as float32."""
        return self.to(dtype=kajo.float32)

    def half(self) -> PackedSequence:
        """The same as float16."""
        return self.to(dtype=kajo.float16)

    def long(self) -> PackedSequence:
        """The same as int64."""
        return self.to(dtype=kajo.int64)

    def int(self) -> PackedSequence:
        """The same as int32."""
        return self.to(dtype=kajo.int32)

    def short(self) -> PackedSequence:
        """The same as int16."""
        return self.to(dtype=kajo.int16)

    def char(self) -> PackedSequence:
        """The same as int8."""
        return self.to(dtype=kajo.int8)

    def byte(self) -> PackedSequence:
        """The same as uint8."""
        return self.to(dtype=kajo.uint8)

    def pin_memory(self) -> PackedSequence:
        """The same with its tensors in page-locked memory."""
        indices = [
            None if index is None else index.pin_memory()
            for index in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(self.data.pin_memory(), self.batch_sizes, *indices)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a CUDA device."""
        return bool(self.data.is_cuda)

    def is_pinned(self) -> bool:
        """Whether the data is in page-locked memory."""
        return bool(self.data.is_pinned())


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The order that undoes `permutation`.

    Args:
        permutation: (N,) int64, or None.

    Returns:
        (N,) int64, or None.

    Example:
        >>> import kajo
        >>> kajo.nn.utils.rnn.invert_permutation(kajo.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    numbers = kajo.arange(0, permutation.numel(), device=permutation.device)
    return kajo.empty_like(permutation).scatter_(0, permutation, numbers)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Padded sequences without their padding.

    Args:
        input: (T, N, *), or (N, T, *) with `batch_first`.
        lengths: of the N sequences: a tensor or a list.
        batch_first: whether the batch is dimension 0.
        enforce_sorted: refuse sequences that are not in order of falling length; otherwise sort.

    Returns:
        The packed sequences.

    Raises:
        RuntimeError: if a length is not positive, there are too few or many of them, or the order
            is wrong.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pack_padded_sequence
        >>> padded = kajo.tensor([[1, 2], [3, 0]])
        >>> pack_padded_sequence(padded, [2, 1], batch_first=True).data
        tensor([1, 3, 2])
    """
    if not isinstance(lengths, Tensor):
        lengths = kajo.as_tensor(lengths, dtype=kajo.int64, device="cpu")
    lengths = lengths.to(dtype=kajo.int64)
    order = None
    if not enforce_sorted:
        lengths, order = kajo.sort(lengths, descending=True)
        order = order.to(input.device)
        input = input.index_select(0 if batch_first else 1, order)
    steps = input.transpose(0, 1) if batch_first else input
    count = steps.size(1)
    if lengths.dim() != 1 or lengths.numel() != count:
        raise RuntimeError(
            "Expected `len(lengths)` to be equal to batch_size, but got "
            f"{lengths.numel()} (batch_size={count})"
        )
    sizes = lengths.tolist()
    if not sizes or sizes[-1] <= 0 or min(sizes) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if any(a < b for a, b in itertools.pairwise(sizes)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if sizes[0] > steps.size(0):
        raise RuntimeError(
            f"Expected all lengths to be at most {steps.size(0)}, the padded length, but got "
            f"{sizes[0]}"
        )
    present = kajo.arange(sizes[0]).unsqueeze(1) < lengths.cpu().unsqueeze(0)
    places = present.reshape(-1).nonzero().squeeze(1).to(input.device)
    data = steps[: sizes[0]].reshape(sizes[0] * count, *steps.shape[2:]).index_select(0, places)
    return PackedSequence(data, present.sum(1), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Packed sequences with padding: the inverse of :func:`pack_padded_sequence`.

    Args:
        sequence: the packed sequences.
        batch_first: whether the batch is to be dimension 0.
        padding_value: what stands after the end.
        total_length: pad to this length; default the longest.

    Returns:
        (T, N, *), or (N, T, *) with `batch_first`, and the lengths (N,).

    Raises:
        ValueError: if a sequence is longer than `total_length`.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> pad_packed_sequence(pack_sequence([kajo.tensor([1, 2]), kajo.tensor([3])]), True)
        (tensor([[1, 2],
                [3, 0]]), tensor([2, 1]))
    """
    length = sequence.batch_sizes.size(0)
    if total_length is not None:
        if total_length < length:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in "
                f"input, but got total_length={total_length} and max sequence length being "
                f"{length}"
            )
        length = total_length
    sizes = sequence.batch_sizes
    count = int(sizes[0])
    present = kajo.arange(count).unsqueeze(0) < sizes.unsqueeze(1)
    lengths = present.sum(0)
    data = sequence.data
    places = present.reshape(-1).nonzero().squeeze(1).to(data.device)
    rest = data.shape[1:]
    padded = data.new_full((length * count, *rest), padding_value).index_copy(0, places, data)
    padded = padded.view(length, count, *rest)
    if batch_first:
        padded = padded.transpose(0, 1)
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(0 if batch_first else 1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices.cpu()]
    return padded, lengths


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences of unequal length as one tensor, padded to the longest.

    Args:
        sequences: tensors (L_i, *).
        batch_first: whether the batch is to be dimension 0.
        padding_value: what fills up the shorter ones.
        padding_side: "right" or "left".

    Returns:
        (T, N, *), or (N, T, *) with `batch_first`.

    Raises:
        RuntimeError: if there are no sequences, or they are not tensors.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pad_sequence
        >>> pad_sequence([kajo.tensor([1, 2]), kajo.tensor([3])], batch_first=True)
        tensor([[1, 2],
                [3, 0]])
    """
    if isinstance(sequences, Tensor):
        sequences = sequences.unbind(0)
    elif not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    else:
        sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    longest = max(s.size(0) for s in sequences)
    result = sequences[0].new_full(
        (len(sequences), longest, *sequences[0].shape[1:]), padding_value
    )
    for i, s in enumerate(sequences):
        start = longest - s.size(0) if padding_side == "left" else 0
        result[i, start : start + s.size(0)] = s
    return result if batch_first else result.transpose(0, 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences that were padded, each without its padding.

    Args:
        padded_sequences: (T, N, *), or (N, T, *) with `batch_first`.
        lengths: (N,).
        batch_first: whether the batch is dimension 0.

    Returns:
        N tensors (L_i, *).

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import unpad_sequence
        >>> unpad_sequence(kajo.tensor([[1, 2], [3, 0]]), kajo.tensor([2, 1]), batch_first=True)
        [tensor([1, 2]), tensor([3])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences of unequal length, packed.

    Args:
        sequences: tensors (L_i, *).
        enforce_sorted: refuse sequences that are not in order of falling length; otherwise sort.

    Returns:
        The packed sequences.

    Raises:
        RuntimeError: if the order is wrong.

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pack_sequence
        >>> pack_sequence([kajo.tensor([1, 2]), kajo.tensor([3])]).data
        tensor([1, 3, 2])
    """
    lengths = kajo.as_tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed.

    Args:
        packed_sequences: what :func:`pack_sequence` gave.

    Returns:
        N tensors (L_i, *).

    Example:
        >>> import kajo
        >>> from kajo.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([kajo.tensor([1, 2]), kajo.tensor([3])]))
        [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
