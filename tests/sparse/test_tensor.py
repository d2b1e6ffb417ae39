"""Sparse tensors: made, converted, printed, kept in files."""

from __future__ import annotations

import copy
import io
import pickle

import pytest

import kajo

LAYOUTS = [kajo.sparse_coo, kajo.sparse_csr, kajo.sparse_csc, kajo.sparse_bsr, kajo.sparse_bsc]


def matrix(dtype=kajo.float64):
    kajo.manual_seed(2)
    x = kajo.randn(4, 6, dtype=dtype)
    return x * (kajo.rand(4, 6) > 0.6)


def as_layout(x, layout):
    blocked = layout in (kajo.sparse_bsr, kajo.sparse_bsc)
    return x.to_sparse(layout=layout, blocksize=(2, 3) if blocked else None)


def example(**options):
    return kajo.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3), **options)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_round_trips(layout):
    x = matrix()
    sparse = as_layout(x, layout)
    assert isinstance(sparse, kajo.Tensor) and sparse.layout is layout
    assert sparse.shape == x.shape and sparse.dtype == x.dtype and sparse.device == x.device
    assert kajo.equal(sparse.to_dense(), x)
    assert kajo.equal(sparse.to_sparse_csr().to_dense(), x)
    assert kajo.equal(sparse.t().to_dense(), x.t())
    assert kajo.equal(sparse.to_sparse().coalesce().to_dense(), x)
    assert sparse.is_sparse == (layout is kajo.sparse_coo)
    assert sparse.is_sparse_csr == (layout is kajo.sparse_csr)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_and_copies(layout):
    sparse = as_layout(matrix(), layout)
    file = io.BytesIO()
    kajo.save({"x": sparse}, file)
    file.seek(0)
    for other in (
        kajo.load(file)["x"],
        pickle.loads(pickle.dumps(sparse)),
        copy.deepcopy(sparse),
        sparse.clone(),
    ):
        assert other.layout is layout and other is not sparse
        assert kajo.equal(other.to_dense(), sparse.to_dense())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_against_torch(layout):
    torch = pytest.importorskip("torch")
    sparse = as_layout(matrix(), layout)
    file = io.BytesIO()
    kajo.save(sparse, file)
    file.seek(0)
    there = torch.load(file)
    assert str(there.layout).split(".")[1] == str(layout).split(".")[1]
    assert there.to_dense().tolist() == sparse.to_dense().tolist()
    file = io.BytesIO()
    torch.save(there, file)
    file.seek(0)
    assert kajo.equal(kajo.load(file).to_dense(), sparse.to_dense())


def test_coordinates():
    x = kajo.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], [1.0, 2.0, 3.0], (2, 3))
    assert not x.is_coalesced() and x._nnz() == 3
    assert x.sparse_dim() == 2 and x.dense_dim() == 0
    with pytest.raises(RuntimeError, match="uncoalesced"):
        x.indices()
    once = x.coalesce()
    assert once.is_coalesced() and once.indices().tolist() == [[0, 1], [2, 0]]
    assert once.values().tolist() == [2.0, 4.0]
    assert kajo.equal(x.to_dense(), once.to_dense())
    assert once.coalesce() is once


def test_dense_dimensions():
    x = kajo.eye(4).reshape(2, 2, 4)
    for count in (1, 2, 3):
        sparse = x.to_sparse(count)
        assert (sparse.sparse_dim(), sparse.dense_dim()) == (count, 3 - count)
        assert kajo.equal(sparse.to_dense(), x)
    assert kajo.tensor(3.0).to_sparse().to_dense().item() == 3.0
    assert kajo.sparse_coo_tensor((2, 3)).to_dense().tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "dtype", [kajo.bool, kajo.int64, kajo.float16, kajo.bfloat16, kajo.complex64]
)
def test_dtypes(dtype):
    x = kajo.tensor([[0, 1], [1, 0]]).to(dtype)
    assert kajo.equal(x.to_sparse().to_dense(), x)
    assert x.to_sparse().values().dtype == dtype
    assert x.to_sparse_csr().to(kajo.float64).dtype == kajo.float64


TEXTS = [
    (
        lambda: example(),
        "tensor(indices=tensor([[0, 1, 1],\n                       [2, 0, 2]]),\n"
        "       values=tensor([3., 4., 5.]),\n       size=(2, 3), nnz=3, layout=kajo.sparse_coo)",
    ),
    (
        lambda: example(dtype=kajo.float64, requires_grad=True),
        "tensor(indices=tensor([[0, 1, 1],\n                       [2, 0, 2]]),\n"
        "       values=tensor([3., 4., 5.]),\n"
        "       size=(2, 3), nnz=3, dtype=kajo.float64, layout=kajo.sparse_coo,\n"
        "       requires_grad=True)",
    ),
    (
        lambda: example().to_sparse_csr(),
        "tensor(crow_indices=tensor([0, 1, 3]),\n       col_indices=tensor([2, 0, 2]),\n"
        "       values=tensor([3., 4., 5.]), size=(2, 3), nnz=3,\n       layout=kajo.sparse_csr)",
    ),
    (
        lambda: kajo.sparse_coo_tensor((2, 3)),
        "tensor(indices=tensor([], size=(2, 0)),\n       values=tensor([], size=(0,)),\n"
        "       size=(2, 3), nnz=0, layout=kajo.sparse_coo)",
    ),
]


@pytest.mark.parametrize(("make", "text"), TEXTS)
def test_text(make, text):
    assert repr(make()) == text


@pytest.mark.parametrize(
    "make",
    [
        lambda: kajo.sparse_coo_tensor([[0, 9]], [1.0, 2.0], (3,)),
        lambda: kajo.sparse_coo_tensor([[0, -1]], [1.0, 2.0], (3,)),
        lambda: kajo.sparse_coo_tensor([[0, 1]], [1.0], (3,)),
        lambda: kajo.sparse_coo_tensor([0, 1], [1.0, 2.0], (3,)),
        lambda: kajo.sparse_coo_tensor([[0, 1]], [1.0, 2.0], (3, 4)),
        lambda: kajo.sparse_csr_tensor([0, 1], [5], [1.0], (1, 3)),
        lambda: kajo.sparse_csr_tensor([0, 2], [1], [1.0], (1, 3)),
        lambda: kajo.sparse_csr_tensor([0, 1, 0], [1], [1.0], (2, 3)),
        lambda: kajo.sparse_csc_tensor([0, 1], [1], [1.0, 2.0], (3, 1)),
        lambda: kajo.sparse_compressed_tensor([0], [], [], layout=kajo.sparse_coo),
        lambda: kajo.eye(4).reshape(2, 2, 4)[:, :, :3].to_sparse_csr(),
        lambda: kajo.ones(2).to_sparse(layout=kajo.jagged),
        lambda: kajo.ones(3, 3).to_sparse_bsr((2, 2)),
        lambda: kajo.ones(2, layout=kajo.sparse_coo),
        lambda: kajo.ones(2).indices(),
        lambda: kajo.ones(2).values(),
        lambda: example().crow_indices(),
        lambda: example().to_sparse_csr().stride(),
    ],
)
def test_refused(make):
    with pytest.raises(RuntimeError):
        make()


@pytest.mark.parametrize("name", ["exp", "reshape", "max", "sort", "tolist", "storage", "view"])
def test_what_does_not_know_sparse_tensors_refuses_them(name):
    with pytest.raises(NotImplementedError, match="to_dense"):
        getattr(example(), name)()
    with pytest.raises((NotImplementedError, RuntimeError)):
        kajo.nn.functional.conv1d(example(), kajo.ones(1, 1, 1))
    with pytest.raises(TypeError, match="numpy"):
        example().numpy()
