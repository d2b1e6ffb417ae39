"""Data pipes, compared with PyTorch's."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator

import pytest

import kajo
from kajo.utils.data import (
    DataChunk,
    DataLoader,
    IterDataPipe,
    MapDataPipe,
    argument_validation,
    functional_datapipe,
    guaranteed_datapipes_determinism,
    non_deterministic,
    runtime_validation,
    runtime_validation_disabled,
)
from kajo.utils.data.datapipes.iter import IterableWrapper
from kajo.utils.data.datapipes.map import SequenceWrapper


def numbers(pipes, *arguments):
    return pipes.iter.IterableWrapper(range(*(arguments or (10,))))


def pairs(pipes):
    return pipes.iter.IterableWrapper([(1, 2, 3), (4, 5, 6)])


def rows(pipes):
    return pipes.iter.IterableWrapper([{"a": 1, "b": 2}, {"a": 3, "b": 4}])


ITERATED = {
    "map": lambda p: numbers(p).map(lambda x: x + 1),
    "map column": lambda p: pairs(p).map(lambda x: -x, input_col=1),
    "map columns": lambda p: pairs(p).map(lambda x, y: x + y, input_col=[0, 2]),
    "map append": lambda p: pairs(p).map(lambda x: -x, input_col=1, output_col=-1),
    "map into": lambda p: pairs(p).map(lambda x: -x, input_col=1, output_col=0),
    "map key": lambda p: rows(p).map(lambda x: -x, input_col="a"),
    "map keys": lambda p: rows(p).map(lambda x: -x, input_col="a", output_col="c"),
    "filter": lambda p: numbers(p).filter(lambda x: x % 2 == 0),
    "filter column": lambda p: pairs(p).filter(lambda x: x > 2, input_col=1),
    "filter no bool": lambda p: numbers(p).filter(lambda x: x % 2),
    "batch": lambda p: numbers(p).batch(4),
    "batch drop": lambda p: numbers(p).batch(4, drop_last=True),
    "batch zero": lambda p: numbers(p).batch(0),
    "unbatch": lambda p: numbers(p).batch(4).batch(2).unbatch(),
    "unbatch all": lambda p: numbers(p).batch(4).batch(2).unbatch(unbatch_level=-1),
    "unbatch too deep": lambda p: numbers(p).batch(4).unbatch(unbatch_level=2),
    "shuffle": lambda p: numbers(p).shuffle(),
    "shuffle buffer": lambda p: numbers(p, 50).shuffle(buffer_size=5),
    "shuffle seed": lambda p: numbers(p).shuffle().set_seed(3),
    "shuffle off": lambda p: numbers(p).shuffle().set_shuffle(False),
    "concat": lambda p: numbers(p).concat(numbers(p, 3)),
    "zip": lambda p: numbers(p).zip(numbers(p, 3)),
    "mux": lambda p: numbers(p).mux(numbers(p, 10, 13)),
    "group": lambda p: numbers(p).groupby(lambda x: x % 3),
    "group keys": lambda p: numbers(p).groupby(lambda x: x % 3, keep_key=True, group_size=2),
    "group buffer": lambda p: numbers(p).groupby(lambda x: x % 3, buffer_size=4, group_size=3,
                                                 guaranteed_group_size=2),
    "group drop": lambda p: numbers(p).groupby(lambda x: x % 3, buffer_size=4, group_size=3,
                                               drop_remaining=True),
    "fork": lambda p: p.iter.Zipper(*numbers(p).fork(2)),
    "demux": lambda p: p.iter.Concater(*numbers(p).demux(2, lambda x: x % 2)),
    "demux none": lambda p: p.iter.Concater(
        *numbers(p).demux(2, lambda x: [0, None, 1][x % 3], drop_none=True)),
    "demux outside": lambda p: p.iter.Concater(*numbers(p).demux(2, lambda x: x)),
    "sharding": lambda p: numbers(p).sharding_filter(),
    "collate": lambda p: numbers(p).batch(2).collate(lambda batch: sum(batch)),
    "mapped": lambda p: p.map.SequenceWrapper([3, 4, 5]).map(lambda x: x * 2),
    "map batch": lambda p: p.map.SequenceWrapper([3, 4, 5]).batch(2),
    "map concat": lambda p: p.map.SequenceWrapper([3]).concat(p.map.SequenceWrapper([4, 5])),
    "map zip": lambda p: p.map.SequenceWrapper([3, 4]).zip(p.map.SequenceWrapper([4, 5, 6])),
    "map shuffle": lambda p: p.map.SequenceWrapper(range(9)).shuffle().set_seed(2),
}  # fmt: skip


def outcome(build, pipes):
    try:
        found = build(pipes)
        keyed = not hasattr(type(found), "__iter__")
        items = [found[i] for i in range(len(found))] if keyed else list(found)
    except Exception as error:
        return type(error)
    try:
        length = len(found)
    except TypeError:
        length = None
    return items, length


@pytest.mark.parametrize("name", ITERATED)
def test_the_same_as_in_torch(name):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        expected = outcome(ITERATED[name], torch.utils.data.datapipes)
        kajo.manual_seed(0)
        found = outcome(ITERATED[name], kajo.utils.data.datapipes)
    assert found == expected


def test_several_passes_over_branches():
    first, second = IterableWrapper(range(4)).fork(2)
    for _ in range(2):
        assert list(first) == [0, 1, 2, 3]
        assert list(second) == [0, 1, 2, 3]
    first, second = IterableWrapper(range(4)).fork(2, buffer_size=1)
    with pytest.raises(BufferError):
        list(first)


@pytest.mark.parametrize("workers", [0, 2])
def test_in_a_loader(workers):
    pipe = IterableWrapper(range(10)).sharding_filter().map(lambda x: x * x)
    loader = DataLoader(pipe, batch_size=None, num_workers=workers)
    assert sorted(int(x) for x in loader) == [x * x for x in range(10)]
    keyed = SequenceWrapper(list(range(6))).map(lambda x: x + 1)
    loader = DataLoader(keyed, batch_size=4, num_workers=workers)
    assert [batch.tolist() for batch in loader] == [[1, 2, 3, 4], [5, 6]]


def test_steps_of_ones_own():
    @functional_datapipe("test_twice")
    class Twice(IterDataPipe):
        def __init__(self, source, times=2):
            self.source, self.times = source, times

        def __iter__(self):
            for item in self.source:
                yield from [item] * self.times

    try:
        assert list(IterableWrapper("ab").test_twice(times=3).batch(6)) == [list("aaabbb")]
        with pytest.raises(Exception, match="already taken"):
            functional_datapipe("test_twice")(Twice)
    finally:
        del IterDataPipe.functions["test_twice"]
    with pytest.raises(TypeError, match="can only decorate"):
        functional_datapipe("x")(int)
    with pytest.raises(AttributeError, match="nothing"):
        IterableWrapper("ab").nothing
    assert "batch" in dir(SequenceWrapper([1]))
    assert DataChunk([1, [2]]).as_str(" ") == " [1, [2]]"


def test_decorators():
    @non_deterministic
    class Unsure(IterDataPipe):
        def __iter__(self):
            yield random.random()

    @non_deterministic(lambda sure: not sure)
    class Depends(IterDataPipe):
        def __init__(self, sure):
            self.sure = sure

    Unsure()
    with guaranteed_datapipes_determinism():
        with pytest.raises(TypeError, match="non-deterministic"):
            Unsure()
        Depends(True)
        with pytest.raises(TypeError, match="Depends"):
            Depends(False)

    class Checked(IterDataPipe):
        @argument_validation
        def __init__(self, source: IterDataPipe):
            self.source = source

        def __iter__(self):
            yield from self.source

    with pytest.raises(TypeError, match="Expected argument 'source' as a IterDataPipe"):
        Checked([1])
    assert isinstance(SequenceWrapper([1]), MapDataPipe)


def test_types_of_items():
    class Whole(IterDataPipe):
        def __init__(self, items):
            self.items = items

        @runtime_validation
        def __iter__(self) -> Iterator[int]:
            yield from self.items

    assert list(Whole([1, 2])) == [1, 2]
    with pytest.raises(RuntimeError, match="Expected an instance"):
        list(Whole([1, "x"]))
    with runtime_validation_disabled():
        assert list(Whole([1, "x"])) == [1, "x"]
    with pytest.raises(TypeError, match="__iter__"):
        runtime_validation(lambda self: None)
