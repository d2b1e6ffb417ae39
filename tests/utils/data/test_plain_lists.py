"""Long lists are read by workers without their memory being copied."""

from __future__ import annotations

import collections
import os

import numpy as np
import pytest

import kajo
from kajo import _core
from kajo.utils.data import ConcatDataset, DataLoader, Dataset, Subset
from kajo.utils.data._utils.plain_lists import PlainList, without_counting

Pair = collections.namedtuple("Pair", "a b")

ITEMS = [
    {"text": "ä€𝄞", "n": 2**70, "m": -(2**63), "f": 0.5, "none": None, "flag": True},
    [1, [2, (3, b"\0x")], {}, [], (), ""],
    ("a", {("key", 1): [1.5, float("inf")]}),
    "text", b"bytes", 7, 1.25, None, 3 + 4j, {1, 2}, bytearray(b"a"),
    Pair(1, 2), collections.OrderedDict(a=1), np.float32(2), np.arange(3), kajo.ones(2),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ITEMS)))
def test_copies_are_equal_and_of_the_same_type(number):
    copied = _core._copy_item(ITEMS, number)
    assert type(copied) is type(ITEMS[number])
    assert repr(copied) == repr(ITEMS[number])
    assert repr(_core._copy_item(ITEMS, number - len(ITEMS))) == repr(copied)
    if type(copied) in (dict, list):
        assert copied is not ITEMS[number]


def test_what_is_not_plain_is_handed_out():
    array, tensor = np.arange(2), kajo.ones(1)
    copied = _core._copy_item([{"x": array, "y": [tensor]}], 0)
    assert copied["x"] is array
    assert copied["y"][0] is tensor


def test_lists_that_hold_themselves_and_deep_ones():
    ring = [1]
    ring.append(ring)
    copied = _core._copy_item([ring], 0)
    assert copied[0] == 1
    assert copied[1] is ring
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert type(_core._copy_item([deep], 0)) is list


def test_errors():
    with pytest.raises(IndexError):
        _core._copy_item([1], 1)
    with pytest.raises(IndexError):
        _core._copy_item([1], -2)
    with pytest.raises(TypeError):
        _core._copy_item((1,), 0)


def test_a_plain_list_is_like_a_list():
    items = [{"a": i} for i in range(5)]
    plain = PlainList(items)
    assert plain == items
    assert plain[1:3] == items[1:3]
    assert plain[-1] == {"a": 4}
    more = [1]
    assert plain + more == [*items, 1]
    assert more + plain == [1, *items]
    assert plain * 2 == items * 2
    assert {"a": 3} in plain
    assert plain.index({"a": 3}) == 3
    assert repr(plain) == repr(items)
    assert [x["a"] for x in reversed(plain)] == [4, 3, 2, 1, 0]
    plain.append(9)
    plain[0] = 0
    del plain[1]
    plain.sort(key=str)
    assert len(items) == 5
    assert plain[0] == 0
    assert len(plain) == 5


class Records(Dataset):
    def __init__(self, count):
        self.records = [{"number": i, "words": ["a", str(i)]} for i in range(count)]
        self.splits = {"train": list(range(count)), "names": ["few"]}
        self.kind = None

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        return self.records[index]["number"], self.splits["train"][index], type(self.records)


def test_lists_are_found_wherever_they_are():
    part = Subset(ConcatDataset([Records(1500), Records(10)]), list(range(1200)))
    assert without_counting(part) is part
    assert type(part.indices) is PlainList
    long, short = part.dataset.datasets
    assert type(long.records) is PlainList
    assert type(long.splits["train"]) is PlainList
    assert type(long.splits["names"]) is list
    assert type(short.records) is list
    assert type(without_counting([{}] * 1000)) is PlainList


def test_workers_read_through_them_and_this_process_does_not():
    records = Records(1500)
    loader = DataLoader(
        Subset(records, range(1499, -1, -1)), batch_size=100, num_workers=2, collate_fn=list
    )
    samples = sum(loader, [])
    assert [sample[:2] for sample in samples] == [(i, i) for i in range(1499, -1, -1)]
    assert {sample[2] for sample in samples} == {PlainList}
    assert type(records.records) is list
    (first, *_) = DataLoader(list(range(2000)), batch_size=2000, num_workers=1)
    assert first.tolist() == list(range(2000))


def proportional_memory():
    """Memory of this process and its children in KiB; shared pages are counted once."""
    here = os.getpid()
    with open(f"/proc/{here}/task/{here}/children") as file:
        processes = [str(here), *file.read().split()]
    total = 0
    for process in processes:
        with open(f"/proc/{process}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs /proc")
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_reading_does_not_copy_memory():
    records = Records(40_000)
    loader = DataLoader(
        records, batch_size=500, shuffle=True, num_workers=8, persistent_workers=True,
        collate_fn=len, worker_init_fn=lambda worker: None,
    )  # fmt: skip
    batches = iter(loader)
    for _ in range(16):  # every worker has begun
        next(batches)
    before = proportional_memory()
    for _ in batches:
        pass
    for _ in range(2):
        assert sum(loader) == 40_000
    # Copies of what each worker reads would take some 80 MB.
    assert proportional_memory() - before < 10_000
