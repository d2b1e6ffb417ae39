"""Generators: their state, copies and pickles."""

import copy
import pickle

import pytest

import kajo


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), kajo.Generator.clone_state]
)
def test_a_copy_draws_the_same_numbers(copied):
    generator = kajo.Generator().manual_seed(3)
    kajo.rand(5, generator=generator)
    other = copied(generator)
    assert other is not generator and other.initial_seed() == 3
    assert kajo.equal(kajo.rand(4, generator=other), kajo.rand(4, generator=generator))


def test_what_generators_of_gpus_have():
    generator = kajo.Generator()
    for call in (generator.get_offset, lambda: generator.set_offset(4)):
        with pytest.raises(RuntimeError, match="offset"):
            call()
    for call in (generator.graphsafe_get_state, lambda: generator.graphsafe_set_state(generator)):
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(RuntimeError):
        kajo.Generator("meta")


def test_outside_of_a_loader_the_global_generator_serves():
    assert kajo.random.thread_safe_generator() is None
