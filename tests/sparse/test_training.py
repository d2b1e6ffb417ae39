"""Sparse gradients of look-ups, the optimisers that take them, and a graph network."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

import kajo
from kajo import nn, optim

ROOT = Path(__file__).parents[2]
CORA = Path(os.environ.get("KAJO_SHARED", ROOT.parent / "shared")) / "data" / "cora_planetoid"


def loss_of(table, words):
    return (table(words) ** 2).sum()


@pytest.mark.parametrize(
    ("name", "options"),
    [("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adagrad", {"lr": 0.1})],
)
def test_like_dense_gradients(name, options):
    words, results = kajo.tensor([[1, 4], [1, 2]]), []
    for sparse in (True, False):
        kajo.manual_seed(0)
        table = nn.Embedding(6, 3, padding_idx=2, sparse=sparse)
        optimizer = getattr(optim, name)(table.parameters(), **options)
        for _ in range(3):
            optimizer.zero_grad()
            loss_of(table, words).backward()
            loss_of(table, words + 1).backward()
            assert table.weight.grad.is_sparse == sparse
            optimizer.step()
        results.append(table.weight.detach())
    assert kajo.allclose(*results)


def test_sparse_adam_changes_only_what_was_read():
    table = nn.Embedding(6, 3, sparse=True)
    before = table.weight.detach().clone()
    optimizer = optim.SparseAdam(table.parameters(), lr=0.1)
    loss_of(table, kajo.tensor([1, 4])).backward()
    optimizer.step()
    changed = (table.weight.detach() != before).any(1)
    assert changed.tolist() == [False, True, False, False, True, False]
    with pytest.raises(RuntimeError, match="SparseAdam"):
        other = optim.Adam(table.parameters())
        other.step()


def test_gather():
    x = kajo.arange(6.0).reshape(2, 3).requires_grad_()
    index = kajo.tensor([[0, 0], [2, 1]])
    kajo.gather(x, 1, index, sparse_grad=True).sum().backward()
    assert x.grad.is_sparse
    assert x.grad.to_dense().tolist() == [[2, 0, 0], [0, 1, 1]]


def test_sparse_and_dense_gradients_add_up():
    weight = kajo.ones(4, 2, requires_grad=True)
    rows = nn.functional.embedding(kajo.tensor([1]), weight, sparse=True)
    (rows.sum() + weight.sum()).backward()
    assert weight.grad.to_dense().tolist() == [[1, 1], [2, 2], [1, 1], [1, 1]]
    (gradient,) = kajo.autograd.grad(
        nn.functional.embedding(kajo.tensor([1]), weight, sparse=True).sum(), weight
    )
    assert gradient.is_sparse


def test_modules_hold_sparse_buffers():
    module = nn.Module()
    module.register_buffer("mix", kajo.eye(3).to_sparse())
    assert module.double().mix.dtype == kajo.float64
    assert module.state_dict()["mix"].is_sparse


@pytest.mark.skipif(not CORA.exists(), reason="needs the Cora citation graph")
def test_graph_network_sorts_papers():
    pytest.importorskip("scipy")
    spec = importlib.util.spec_from_file_location("cora", ROOT / "examples" / "cora.py")
    cora = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cora)
    assert cora.train(CORA) > 0.8
