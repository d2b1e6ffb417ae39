"""Tensors whose few bytes lie in the block of their storage, and wrappers that are used again."""

import gc
import weakref

import numpy as np
import pytest

import kajo


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 223, 224, 225, 1000])
def test_values_and_alignment_at_every_small_size(count):
    kept = [kajo.full((count,), float(i)) for i in range(5)]
    for i, t in enumerate(kept):
        assert t.tolist() == [float(i)] * count
        assert count == 0 or t.data_ptr() % 64 == 0


def test_a_storage_that_outgrows_its_block_and_shrinks():
    t = kajo.arange(3)
    view = t[1:]
    t.resize_(1000)
    assert t[:3].tolist() == [0, 1, 2]
    assert view.tolist() == [1, 2]
    t.resize_(2)
    assert t.tolist() == [0, 1]
    t.untyped_storage().resize_(0)
    assert t.untyped_storage().nbytes() == 0


def test_a_view_outlives_what_it_was_cut_from():
    view = kajo.arange(6).view(2, 3)[1]
    gc.collect()
    filler = [kajo.zeros(6, dtype=kajo.int64) for _ in range(100)]
    assert view.tolist() == [3, 4, 5]
    assert len(filler) == 100


def test_an_array_keeps_the_memory_of_a_dead_tensor():
    array = kajo.arange(4).numpy()
    for _ in range(100):
        kajo.zeros(4, dtype=kajo.int64)
    assert array.tolist() == [0, 1, 2, 3]
    assert np.shares_memory(array, kajo.from_numpy(array).numpy())


def test_a_wrapper_used_again_has_nothing_of_the_one_before():
    t = kajo.ones(2)
    t.note = "mine"
    dead = weakref.ref(t)
    del t
    assert dead() is None
    many = [kajo.ones(2) for _ in range(200)]
    assert not any(hasattr(t, "note") for t in many)
    assert all(gc.is_tracked(t) for t in many)
    assert len({id(t) for t in many}) == 200


def test_wrappers_in_cycles_are_collected():
    gc.collect()
    dead = []
    for _ in range(100):
        t = kajo.ones(2)
        t.itself = t
        dead.append(weakref.ref(t))
    del t
    gc.collect()
    assert all(r() is None for r in dead)
    assert [kajo.full((1,), 3.0).item() for _ in range(100)] == [3.0] * 100


def test_allocated_bytes_are_exact():
    def allocated():
        return kajo._core._memory_stats()["allocated_bytes"]

    before = allocated()
    kept = [kajo.ones(4) for _ in range(1000)]
    assert allocated() - before >= 16 * 1000
    del kept
    assert allocated() == before
