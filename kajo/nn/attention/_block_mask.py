"""Masks of attention by blocks: which parts of the scores have to be computed at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["BlockMask", "and_masks", "create_block_mask", "create_mask", "noop_mask", "or_masks"]

Mod = Callable[..., Tensor]
DEFAULT_BLOCK_SIZE = 128
# The attributes of a BlockMask that are tensors or None, in the order of its constructor.
_TENSORS = (
    "kv_num_blocks",
    "kv_indices",
    "full_kv_num_blocks",
    "full_kv_indices",
    "q_num_blocks",
    "q_indices",
    "full_q_num_blocks",
    "full_q_indices",
    "dq_write_order",
    "dq_write_order_full",
    "dq_kv_order",
)


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """A mask that lets everything be seen.

    Args:
        batch, head, token_q, token_kv: the place in the scores.

    Returns:
        True.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.flex_attention import create_mask, noop_mask
        >>> bool(create_mask(noop_mask, 1, 1, 2, 2).all())
        True
    """
    return batch.new_ones(size=(), dtype=kajo.bool, device=batch.device)


def _checked(mask_mods: tuple[Mod, ...]) -> None:
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")


def or_masks(*mask_mods: Mod) -> Mod:
    """The mask of what any of the masks lets be seen.

    Args:
        mask_mods: functions of (batch, head, query index, key index).

    Returns:
        Such a function.

    Raises:
        RuntimeError: if one cannot be called.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.flex_attention import create_mask, or_masks
        >>> either = or_masks(lambda b, h, q, k: q >= k, lambda b, h, q, k: k == 2)
        >>> create_mask(either, 1, 1, 2, 3)[0, 0]
        tensor([[ True, False,  True],
                [ True,  True,  True]])
    """
    _checked(mask_mods)

    def or_mask(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Tensor:
        result = b.new_zeros((), dtype=kajo.bool)
        for mod in mask_mods:
            result = result | mod(b, h, q_idx, kv_idx)
        return result

    return or_mask


def and_masks(*mask_mods: Mod) -> Mod:
    """The mask of what all of the masks let be seen.

    Args:
        mask_mods: functions of (batch, head, query index, key index).

    Returns:
        Such a function.

    Raises:
        RuntimeError: if one cannot be called.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.flex_attention import and_masks, create_mask
        >>> window = and_masks(lambda b, h, q, k: q >= k, lambda b, h, q, k: q - k < 2)
        >>> create_mask(window, 1, 1, 3, 3)[0, 0]
        tensor([[ True, False, False],
                [ True,  True, False],
                [False,  True,  True]])
    """
    _checked(mask_mods)

    def and_mask(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Tensor:
        result = b.new_ones((), dtype=kajo.bool)
        for mod in mask_mods:
            result = result & mod(b, h, q_idx, kv_idx)
        return result

    return and_mask


def for_each_score(mod: Mod, leading: tuple[int | None, ...] = ()) -> Callable[..., Tensor]:
    """`mod`, written for one score, for all of them: batches, heads, queries and keys at once.

    `leading`: where further arguments before the four indices count their scores, one entry for each
    argument; all their dimensions are then walked along.

    >>> import kajo
    >>> from kajo.nn.attention._block_mask import for_each_score
    >>> index = kajo.arange(2)
    >>> for_each_score(lambda b, h, q, k: q + k)(index[:1], index[:1], index, index)[0, 0]
    tensor([[0, 1],
            [1, 2]])
    """
    for walked in (3, 2, 1, 0):  # keys innermost
        dims = tuple(0 if at == walked else None for at in range(4))
        mod = kajo.vmap(mod, in_dims=(*leading, *dims))
    return mod


def create_mask(
    mod_fn: Mod,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
) -> Tensor:
    """What a mask function, or a function of scores applied to scores of 0, gives everywhere.

    Args:
        mod_fn: of (batch, head, query index, key index), or of these after a score.
        B, H: the numbers of batches and heads; None for 1.
        Q_LEN, KV_LEN: the numbers of queries and keys.
        device: where to.

    Returns:
        (B, H, Q_LEN, KV_LEN): booleans; of a function of scores, whether it leaves them finite.

    Raises:
        AssertionError: if the function takes neither four nor five arguments.

    Example:
        >>> import kajo
        >>> from kajo.nn.attention.flex_attention import create_mask
        >>> create_mask(lambda b, h, q, k: q >= k, None, None, 2, 2)
        tensor([[[[ True, False],
                  [ True,  True]]]])
    """
    sizes = (1 if B is None else B, 1 if H is None else H, Q_LEN, KV_LEN)
    indices = [kajo.arange(size, device=device) for size in sizes]
    if _takes_score(mod_fn):
        scores = kajo.zeros(sizes, device=device)
        out = for_each_score(mod_fn, (0,))(scores, *indices)
        return kajo.isneginf(out).logical_not()
    return for_each_score(mod_fn)(*indices).broadcast_to(sizes)


def _takes_score(mod: Mod) -> bool:
    parameters = inspect.signature(mod).parameters.values()
    count = sum(p.default is p.empty and p.kind in (0, 1) for p in parameters)
    if count not in (4, 5):
        raise AssertionError(f"Expected 4 or 5 positional args, got {count}")
    return count == 5


def _blocks_in_order(dense: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks each row of blocks has, and their numbers, those that it has first."""
    numbers = dense.to(kajo.int32)
    indices = kajo.argsort(numbers, dim=-1, descending=True, stable=True)
    return numbers.sum(-1).to(kajo.int32), indices.to(kajo.int32).contiguous()


def _blocks_to_dense(counts: Tensor, indices: Tensor) -> Tensor:
    columns = indices.shape[-1]
    valid = kajo.arange(columns, device=indices.device) < counts.unsqueeze(-1)
    dense = kajo.zeros(*indices.shape[:-1], columns + 1, dtype=kajo.int32, device=indices.device)
    places = kajo.where(valid, indices.long(), columns)
    return dense.scatter(-1, places, kajo.ones_like(places, dtype=kajo.int32))[..., :columns]


def _refuse_sliced(*_: Any) -> Tensor:
    raise RuntimeError(
        "Cannot use mask_mod from a sliced BlockMask. Slicing (e.g., block_mask[b, h]) changes the "
        "index space, so the original mask_mod may not be valid. Please set a new mask_mod on the "
        "sliced BlockMask: `sliced_block_mask.mask_mod = new_mask_mod`."
    )


class BlockMask:
    """Which blocks of the scores attention has to look at, and the exact mask within them.

    Of each row of blocks of queries it has the number of blocks of keys that are seen in part
    (`kv_num_blocks`) and which (the first ones of `kv_indices`), and likewise of those that are seen in
    full (`full_kv_num_blocks`, `full_kv_indices`); the attributes with ``q`` say the same for columns.

    Args:
        seq_lengths: the numbers of queries and keys.
        kv_num_blocks, kv_indices: (B, H, rows) and (B, H, rows, columns), int32.
        full_kv_num_blocks, full_kv_indices: the same; None where blocks are not told apart.
        q_num_blocks, q_indices, full_q_num_blocks, full_q_indices: for columns.
        BLOCK_SIZE: the numbers of queries and keys in a block.
        mask_mod: of (batch, head, query index, key index): whether a score is seen.
        dq_write_order, dq_write_order_full, dq_kv_order, dq_kv_order_spt: hints for kernels of other
            devices; kept.

    Raises:
        RuntimeError: if `kv_indices` has less than two dimensions.
        AssertionError: if of two tensors that belong together one is missing.

    Example:
        >>> from kajo.nn.attention.flex_attention import create_block_mask
        >>> mask = create_block_mask(lambda b, h, q, k: q >= k, None, None, 256, 256)
        >>> mask.shape, mask.sparsity()
        ((1, 1, 256, 256), 25.0)
    """

    def __init__(
        self,
        seq_lengths: tuple[int, int],
        kv_num_blocks: Tensor,
        kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None,
        full_kv_indices: Tensor | None,
        q_num_blocks: Tensor | None,
        q_indices: Tensor | None,
        full_q_num_blocks: Tensor | None,
        full_q_indices: Tensor | None,
        BLOCK_SIZE: tuple[int, int] = (DEFAULT_BLOCK_SIZE, DEFAULT_BLOCK_SIZE),
        mask_mod: Mod = noop_mask,
        *,
        dq_write_order: Tensor | None = None,
        dq_write_order_full: Tensor | None = None,
        dq_kv_order: Tensor | None = None,
        dq_kv_order_spt: bool | None = None,
    ) -> None:
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        for number, indices, kind in (
            (full_kv_num_blocks, full_kv_indices, "kv"),
            (full_q_num_blocks, full_q_indices, "q"),
        ):
            if (number is None) != (indices is None):
                raise AssertionError(
                    f"full_{kind}_num_blocks and full_{kind}_indices must be both provided or omitted"
                )
        self.seq_lengths = seq_lengths
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices
        self.q_num_blocks, self.q_indices = q_num_blocks, q_indices
        self.full_q_num_blocks, self.full_q_indices = full_q_num_blocks, full_q_indices
        self.dq_write_order, self.dq_write_order_full = dq_write_order, dq_write_order_full
        self.dq_kv_order, self.dq_kv_order_spt = dq_kv_order, dq_kv_order_spt
        self.BLOCK_SIZE, self.mask_mod = BLOCK_SIZE, mask_mod

    @classmethod
    def from_kv_blocks(
        cls,
        kv_num_blocks: Tensor,
        kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None = None,
        full_kv_indices: Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = DEFAULT_BLOCK_SIZE,
        mask_mod: Mod | None = None,
        seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True,
        *,
        dq_write_order: Tensor | None = None,
        dq_write_order_full: Tensor | None = None,
        dq_kv_order: Tensor | bool | None = None,
    ) -> BlockMask:
        """A mask from what its rows of blocks have; the columns' are worked out.

        Args:
            kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices: as in the class.
            BLOCK_SIZE: queries and keys in a block; one number for both.
            mask_mod: within blocks; None for everything.
            seq_lengths: queries and keys; None for as many as the blocks have.
            compute_q_blocks: whether to work out the columns' attributes.
            dq_write_order, dq_write_order_full, dq_kv_order: as in the class.

        Raises:
            RuntimeError: if `kv_indices` has less than two dimensions.
            AssertionError: if of two tensors that belong together one is missing.

        Example:
            >>> import kajo
            >>> from kajo.nn.attention.flex_attention import BlockMask
            >>> counts = kajo.tensor([[[1, 2]]], dtype=kajo.int32)
            >>> indices = kajo.tensor([[[[0, 1], [0, 1]]]], dtype=kajo.int32)
            >>> BlockMask.from_kv_blocks(counts, indices, BLOCK_SIZE=64).shape
            (1, 1, 128, 128)
        """
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError(
                "full_kv_num_blocks and full_kv_indices must be both provided or omitted"
            )
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
        q_num_blocks = q_indices = full_q_num_blocks = full_q_indices = None
        if compute_q_blocks:
            q_num_blocks, q_indices = _transposed(kv_num_blocks, kv_indices)
            if full_kv_num_blocks is not None and full_kv_indices is not None:
                full_q_num_blocks, full_q_indices = _transposed(full_kv_num_blocks, full_kv_indices)
        if seq_lengths is None:
            seq_lengths = (kv_indices.shape[-2] * size[0], kv_indices.shape[-1] * size[1])
        return cls(
            seq_lengths,
            kv_num_blocks,
            kv_indices,
            full_kv_num_blocks,
            full_kv_indices,
            q_num_blocks,
            q_indices,
            full_q_num_blocks,
            full_q_indices,
            size,
            noop_mask if mask_mod is None else mask_mod,
            dq_write_order=dq_write_order,
            dq_write_order_full=dq_write_order_full,
            dq_kv_order=dq_kv_order if isinstance(dq_kv_order, Tensor) else None,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, queries, keys)."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """How many scores there are, seen or not.

        Example: see :class:`BlockMask`.
        """
        count = 1
        for size in self.shape:
            count *= size
        return count

    def sparsity(self) -> float:
        """The share of scores that are not computed, in percent.

        Below 0 where blocks reach beyond the last query or key.

        Example: see :class:`BlockMask`.
        """
        blocks = self.kv_num_blocks.sum().item()
        if self.full_kv_num_blocks is not None:
            blocks += self.full_kv_num_blocks.sum().item()
        computed = blocks * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1]
        return 100 * (1 - computed / self.numel())

    def to_dense(self) -> Tensor:
        """(B, H, rows, columns): 1 for each block that is computed.

        Returns:
            An int32 tensor.

        Example:
            >>> from kajo.nn.attention.flex_attention import create_block_mask
            >>> create_block_mask(lambda b, h, q, k: q >= k, None, None, 256, 256).to_dense()[0, 0]
            tensor([[1, 0],
                    [1, 1]], dtype=kajo.int32)
        """
        dense = _blocks_to_dense(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            dense = dense | _blocks_to_dense(self.full_kv_num_blocks, self.full_kv_indices)
        return dense

    def to(self, device: Any) -> BlockMask:
        """The same with its tensors on another device.

        Args:
            device: which.

        Example:
            >>> from kajo.nn.attention.flex_attention import create_block_mask, noop_mask
            >>> create_block_mask(noop_mask, None, None, 8, 8).to("cpu").shape
            (1, 1, 8, 8)
        """
        return self._with(lambda tensor: tensor.to(device))

    def _with(self, change: Callable[[Tensor], Tensor], **others: Any) -> BlockMask:
        changed = {
            name: value if value is None else change(value)
            for name, value in ((name, getattr(self, name)) for name in _TENSORS)
        }
        kept = {
            "seq_lengths": self.seq_lengths,
            "BLOCK_SIZE": self.BLOCK_SIZE,
            "mask_mod": self.mask_mod,
            "dq_kv_order_spt": self.dq_kv_order_spt,
        }
        return type(self)(**{**kept, **changed, **others})

    def __getitem__(self, index: Any) -> BlockMask:
        """The mask of some batches, heads or rows of blocks; integers keep their dimension."""
        places = index if isinstance(index, tuple) else (index,)
        places = tuple(slice(i, i + 1) if isinstance(i, int) and i != -1 else i for i in places)
        places = tuple(slice(i, None) if isinstance(i, int) else i for i in places)
        rows: Any = {
            name: None if getattr(self, name) is None else getattr(self, name)[places]
            for name in _TENSORS[:4]
        }
        return BlockMask.from_kv_blocks(
            **rows,
            BLOCK_SIZE=self.BLOCK_SIZE,
            mask_mod=_refuse_sliced,
            seq_lengths=self.seq_lengths,
            compute_q_blocks=self.q_indices is not None,
        )

    def _adjust(self, new_q_len: int, new_kv_len: int) -> BlockMask:
        """The upper left part for other numbers of queries and keys."""
        rows = -(-new_q_len // self.BLOCK_SIZE[0])
        columns = -(-new_kv_len // self.BLOCK_SIZE[1])

        def cropped(counts: Tensor | None, indices: Tensor | None) -> Any:
            if counts is None or indices is None:
                return None, None
            dense = _blocks_to_dense(counts, indices)[..., :rows, :columns]
            pad = (0, columns - dense.shape[-1], 0, rows - dense.shape[-2])
            return _blocks_in_order(kajo.constant_pad_nd(dense, pad, 0))

        counts, indices = cropped(self.kv_num_blocks, self.kv_indices)
        full_counts, full_indices = cropped(self.full_kv_num_blocks, self.full_kv_indices)
        return BlockMask.from_kv_blocks(
            counts,
            indices,
            full_counts,
            full_indices,
            self.BLOCK_SIZE,
            self.mask_mod,
            (new_q_len, new_kv_len),
            self.q_indices is not None,
        )

    def as_tuple(self, flatten: bool = True) -> tuple[Any, ...]:
        """All that the mask consists of.

        Args:
            flatten: give `seq_lengths` and `BLOCK_SIZE` as two integers each.

        Example:
            >>> from kajo.nn.attention.flex_attention import create_block_mask, noop_mask
            >>> create_block_mask(noop_mask, None, None, 8, 8).as_tuple()[:2]
            (8, 8)
        """
        tensors = [getattr(self, name) for name in _TENSORS]
        lengths, block = (
            (self.seq_lengths, self.BLOCK_SIZE)
            if flatten
            else ((self.seq_lengths,), (self.BLOCK_SIZE,))
        )
        return (*lengths, *tensors, self.dq_kv_order_spt, *block, self.mask_mod)

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """A picture of the blocks, for each batch and head: full, in part, or not computed.

        Args:
            grid_size: at most so many cells down and across; -1 for a cell for each block.
            limit: how many pictures at most.

        Example:
            >>> from kajo.nn.attention.flex_attention import create_block_mask
            >>> mask = create_block_mask(lambda b, h, q, k: q >= k, None, None, 384, 384)
            >>> print(mask.to_string().replace(" ", "."))
            (0,.0)
            ██....
            ████..
            ██████
            <BLANKLINE>
        """
        dense = self.to_dense()
        *batch, rows, columns = dense.shape
        if grid_size == -1:
            grid = (rows, columns)
        else:
            grid = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        step = [max(1, -(-n // cells)) for n, cells in zip((rows, columns), grid, strict=True)]
        pictures = []
        for number, place in enumerate(_places(batch)):
            if number >= limit:
                pictures.append(
                    "...\nTo print out more, set BlockMask.to_string(limit=N)\n"
                    "You can also index (BlockMask[batch, head]) to choose a specific batch or head"
                )
                break
            picture = _picture(dense[place], step[0], step[1])
            pictures.append(f"{place}\n{picture}")
        return "\n".join(pictures)

    def __str__(self) -> str:
        return (
            f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n"
            f"{self.to_string().strip()}\n)"
        )

    def __repr__(self) -> str:
        lines = [f"    {name}={_shape_or_none(getattr(self, name))}," for name in _TENSORS[:8]]
        mod = getattr(self.mask_mod, "__name__", self.mask_mod)
        return "\n".join(
            [
                "BlockMask(",
                *lines,
                f"    BLOCK_SIZE={self.BLOCK_SIZE},",
                f"    shape={self.shape},",
                f"    sparsity={self.sparsity():.2f}%,",
                f"    mask_mod={mod}",
                ")",
            ]
        )


def _shape_or_none(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.shape


def _transposed(counts: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    return _blocks_in_order(_blocks_to_dense(counts, indices).transpose(-2, -1))


def _places(sizes: list[int]) -> list[tuple[int, ...]]:
    places: list[tuple[int, ...]] = [()]
    for size in sizes:
        places = [(*place, i) for place in places for i in range(size)]
    return places


def _picture(dense: Tensor, down: int, across: int) -> str:
    rows = dense.tolist()
    lines = []
    for top in range(0, len(rows), down):
        cells = []
        for left in range(0, len(rows[0]), across):
            seen = [v for row in rows[top : top + down] for v in row[left : left + across]]
            cells.append("██" if all(seen) else "░░" if any(seen) else "  ")
        lines.append("".join(cells))
    return "\n".join(lines) + "\n"


def create_block_mask(
    mask_mod: Mod,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = DEFAULT_BLOCK_SIZE,
    _compile: bool = False,
    separate_full_blocks: bool = True,
    compute_dq_write_order: bool = False,
    dq_kv_order: bool = True,
) -> BlockMask:
    """The :class:`BlockMask` of a function that says for each score whether it is seen.

    Args:
        mask_mod: of (batch, head, query index, key index), integers in 0-d tensors; a boolean.
        B, H: the numbers of batches and heads; None where the mask is the same for all.
        Q_LEN, KV_LEN: the numbers of queries and keys.
        device: where the mask's tensors are to be.
        BLOCK_SIZE: queries and keys in a block; one number for both.
        separate_full_blocks: tell blocks that are seen in full from those seen in part.
        compute_dq_write_order, dq_kv_order: hints for other devices; taken and not used.

    Raises:
        AssertionError: if `mask_mod` takes something else than four arguments.
        TypeError: if it cannot be called.

    Example:
        >>> from kajo.nn.attention.flex_attention import create_block_mask
        >>> create_block_mask(lambda b, h, q, k: q >= k, None, None, 512, 512).sparsity()
        37.5
    """
    if _takes_score(mask_mod):
        raise AssertionError(f"create-block_mask requires a mask_mod function! Got {mask_mod}")
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    rows, columns = -(-Q_LEN // size[0]), -(-KV_LEN // size[1])
    pad = (0, columns * size[1] - KV_LEN, 0, rows * size[0] - Q_LEN)
    blocks = kajo.constant_pad_nd(mask.to(kajo.uint8), pad, 0)
    blocks = blocks.view(*mask.shape[:2], rows, size[0], columns, size[1])
    seen = blocks.sum((-3, -1))
    partial, full = seen > 0, None
    if separate_full_blocks:
        full = seen == size[0] * size[1]
        partial = partial & ~full
    counts, indices = _blocks_in_order(partial)
    full_counts, full_indices = (None, None) if full is None else _blocks_in_order(full)
    return BlockMask.from_kv_blocks(
        counts, indices, full_counts, full_indices, size, mask_mod, (Q_LEN, KV_LEN)
    )
