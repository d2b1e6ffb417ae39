"""Which lines of the program made what is in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from kajo import _core

__all__ = ["MemoryReport", "MemoryRow", "memory"]

_UNKNOWN = "(outside of the program)"


@dataclass(frozen=True)
class MemoryRow:
    """The living tensors that one line of the program made.

    Attributes:
        place: "file.py:12, in function"; for gradients the line whose backward made them, or
            where that lies in kajo itself the line that asked for backward.
        bytes: of all of them.
        count: how many they are.
        largest: the largest one: "float32[64, 128]".
        backward: whether they were made by backward.

    Example:
        >>> from kajo.debug import MemoryRow
        >>> MemoryRow("a.py:1, in f", 4096, 1, "float32[1024]", False).bytes
        4096
    """

    place: str
    bytes: int
    count: int
    largest: str
    backward: bool


class MemoryReport(tuple[MemoryRow, ...]):
    """The rows, most bytes first; as text a table.

    Example:
        >>> import kajo
        >>> isinstance(kajo.debug.memory(), tuple)
        True
    """

    def __repr__(self) -> str:
        lines = [f"{'bytes':>14}  {'tensors':>7}  {'largest':<24}  made by"]
        for row in self:
            place = f"backward of {row.place}" if row.backward else row.place
            lines.append(f"{row.bytes:>14,}  {row.count:>7}  {row.largest:<24}  {place}")
        return "\n".join(lines)

    __str__ = __repr__


def memory(top: int | None = 20) -> MemoryReport:
    """The largest living tensors, by the line of the program that made them.

    Counted is what lives, also what only the graph or a gradient holds. Views share their base's
    memory and are not counted; tensors of less than 16 KiB are too small to be noted.

    Args:
        top: how many lines to give, largest first; None for all.

    Returns:
        A tuple of :class:`MemoryRow`, which prints as a table.

    Example:
        >>> import kajo
        >>> kept = kajo.zeros(1000, 1000)
        >>> any(row.largest == "float32[1000, 1000]" for row in kajo.debug.memory(top=None))
        True
    """
    groups: defaultdict[tuple[str, bool], list[tuple[int, str]]] = defaultdict(list)
    for size, shape, dtype, place, backward in _core._living_memory():
        kind = f"{dtype}[{', '.join(map(str, shape))}]"
        groups[place or _UNKNOWN, backward].append((size, kind))
    rows = [
        MemoryRow(place, sum(size for size, _ in made), len(made), max(made)[1], backward)
        for (place, backward), made in groups.items()
    ]
    rows.sort(key=lambda row: -row.bytes)
    return MemoryReport(rows if top is None else rows[:top])
