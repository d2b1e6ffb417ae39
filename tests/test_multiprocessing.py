"""Tensors that several processes see."""

import gc
import os

import pytest

import kajo
from kajo import multiprocessing as mp
from kajo.utils.data import DataLoader


def add_one(tensor, queue):
    tensor += 1
    queue.put(tensor.sum())


def train(model):
    with kajo.no_grad():
        for parameter in model.parameters():
            parameter.fill_(3)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_arguments_are_shared(method):
    context = mp.get_context(method)
    whole = kajo.zeros(4, 3, dtype=kajo.float64).share_memory_()
    part = whole[1:, ::2]
    queue = context.Queue()
    process = context.Process(target=add_one, args=(part, queue))
    process.start()
    assert queue.get(timeout=60) == 6
    process.join()
    assert part.sum() == 6
    assert whole.sum() == 6


def test_modules_are_shared_with_spawned_processes():
    model = kajo.nn.Linear(2, 2)
    model.share_memory()
    process = mp.get_context("spawn").Process(target=train, args=(model,))
    process.start()
    process.join()
    assert model.weight.eq(3).all()
    assert isinstance(model.weight, kajo.nn.Parameter)


def test_queues_move_tensors_to_shared_memory():
    queue = mp.get_context("fork").SimpleQueue()
    sent = kajo.arange(6.0).reshape(2, 3).t()
    queue.put([sent, kajo.zeros(0, 2), kajo.ones(1, requires_grad=True), kajo.eye(2).to_sparse()])
    found, empty, leaf, sparse = queue.get()
    assert found.equal(sent)
    assert found.stride() == sent.stride()
    assert sent.is_shared()
    found[0, 0] = 9
    assert sent[0, 0] == 9
    assert empty.shape == (0, 2)
    assert leaf.requires_grad
    assert sparse.to_dense().equal(kajo.eye(2))
    queue.put(found)
    queue.get()[0, 0] = 10
    assert sent[0, 0] == 10


def test_a_history_cannot_be_sent():
    queue = mp.get_context("fork").SimpleQueue()
    with pytest.raises(RuntimeError, match="detach"):
        queue.put(kajo.ones(1, requires_grad=True) * 2)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_descriptors_are_given_back():
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    kept = [kajo.ones(2).share_memory_() for _ in range(20)]
    assert all(tensor.is_shared() for tensor in kept)
    del kept
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_loaders_of_spawned_workers():
    data = kajo.utils.data.TensorDataset(kajo.arange(6))
    loader = DataLoader(data, batch_size=3, num_workers=1, multiprocessing_context="spawn")
    assert [batch.tolist() for (batch,) in loader] == [[0, 1, 2], [3, 4, 5]]


def test_strategies():
    for name in mp.get_all_sharing_strategies():
        mp.set_sharing_strategy(name)
    assert mp.get_sharing_strategy() == "file_descriptor"
    with pytest.raises(ValueError, match="strategy"):
        mp.set_sharing_strategy("pigeons")
