"""Sparse products that stay sparse, copies of parts, and shapes that change in place."""

import pytest

import kajo
from kajo.autograd import gradcheck

torch = pytest.importorskip("torch")


def sample(lib, layout="to_sparse"):
    rows = [[0.0, 1.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]
    return getattr(lib.tensor(rows), layout)()


def parts(x):
    if not hasattr(x, "is_sparse") or not x.is_sparse:
        return x.tolist()
    return x._indices().tolist(), x._values().tolist(), tuple(x.shape), x.sparse_dim()


DENSE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
CALLS = [
    lambda lib, x: lib.spmm(x, lib.tensor(DENSE)), lambda lib, x: lib.dsmm(x, lib.tensor(DENSE)),
    lambda lib, x: lib.hspmm(x, lib.tensor(DENSE)), lambda lib, x: lib.hsmm(x, lib.tensor(DENSE)),
    lambda lib, x: lib.smm(x, lib.tensor(DENSE)), lambda lib, x: x.smm(lib.tensor(DENSE)),
    lambda lib, x: lib.sspaddmm(x, x, lib.eye(3), beta=2, alpha=3),
    lambda lib, x: x.sspaddmm(x, lib.eye(3)), lambda lib, x: lib.saddmm(x, x, lib.eye(3)),
    lambda lib, x: lib.native_norm(x), lambda lib, x: lib.native_norm(x, 1),
    lambda lib, x: lib.native_norm(x, lib.inf), lambda lib, x: x.to_sparse_coo(),
    lambda lib, x: lib.native_norm(x, 2, [0, 1], False, None),
    lambda lib, x: lib.crow_indices_copy(sample(lib, "to_sparse_csr")),
    lambda lib, x: lib.col_indices_copy(sample(lib, "to_sparse_csr")),
    lambda lib, x: lib.ccol_indices_copy(sample(lib, "to_sparse_csc")),
    lambda lib, x: lib.row_indices_copy(sample(lib, "to_sparse_csc")),
    lambda lib, x: lib.values_copy(sample(lib, "to_sparse_csr")),
    lambda lib, x: x.sparse_resize_((3, 5), 2, 0), lambda lib, x: x.sparse_resize_((4, 3), 2, 0),
    lambda lib, x: x.sparse_resize_and_clear_((2, 4, 5), 2, 1),
    lambda lib, x: x.resize_as_sparse_(lib.ones(4, 4).to_sparse()),
    lambda lib, x: lib.resize_as_sparse_(x, lib.ones(3, 4).to_sparse()),
    lambda lib, x: lib.zeros(2, 2).to_sparse().sparse_resize_((3, 4, 5), 2, 1),
    lambda lib, x: sample(lib, "to_sparse_csr").resize_as_sparse_(lib.eye(4).to_sparse_csr()).to_dense(),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_results(call):
    ours, theirs = call(kajo, sample(kajo)), call(torch, sample(torch))
    found, expected = parts(ours), parts(theirs)
    if ours.dim():
        assert found == expected
    else:
        assert found == pytest.approx(expected)


REFUSED = [
    lambda lib, x: lib.native_norm(x, 2, [0], False, None),
    lambda lib, x: lib.ccol_indices_copy(sample(lib, "to_sparse_csr")),
    lambda lib, x: x.sparse_resize_((1, 4), 2, 0), lambda lib, x: x.sparse_resize_((3, 4, 5), 2, 1),
    lambda lib, x: x.sparse_resize_((3, 4), 1, 0), lambda lib, x: x.smm(lib.ones(2, 2)),
    lambda lib, x: x.resize_as_sparse_(lib.ones(2, 2).to_sparse()),
    lambda lib, x: sample(lib, "to_sparse_csr").sparse_resize_((3, 4), 2, 0),
    lambda lib, x: lib.sspaddmm(lib.ones(3, 3), x, lib.eye(3)),
    lambda lib, x: lib.hspmm(sample(lib, "to_sparse_csr"), lib.eye(3)),
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_refusals(call):
    with pytest.raises(Exception) as theirs:
        call(torch, sample(torch))
    with pytest.raises(theirs.type):
        call(kajo, sample(kajo))


def test_gradients_of_sparse_products():
    places, dense = sample(kajo).indices(), kajo.tensor(DENSE, dtype=kajo.float64).requires_grad_()
    values = kajo.tensor([1.0, 2.0, 3.0, 4.0], dtype=kajo.float64, requires_grad=True)

    def products(values, dense):
        x = kajo.sparse_coo_tensor(places, values, (3, 3))
        short = kajo.hspmm(x, dense).to_dense()
        return short + kajo.sspaddmm(kajo.smm(x, dense), x, dense, beta=2, alpha=3).to_dense()

    assert gradcheck(products, (values, dense))


def test_a_tensor_that_grew_can_be_used():
    x = sample(kajo).sparse_resize_((4, 5), 2, 0)
    assert x.shape == (4, 5) and (x @ kajo.ones(5)).tolist() == [3, 0, 7, 0]
    assert (x + x).to_dense().shape == (4, 5)
