"""Operations on sparse tensors agree with those on strided ones; gradients reach the values."""

from __future__ import annotations

import pytest

import kajo
from kajo.autograd import gradcheck

COMMON = [kajo.sparse_coo, kajo.sparse_csr, kajo.sparse_csc]


def matrix(rows=4, columns=6, seed=2):
    kajo.manual_seed(seed)
    x = kajo.randn(rows, columns, dtype=kajo.float64)
    return x * (kajo.rand(rows, columns) > 0.5)


def close(result, expected):
    dense = result.to_dense() if result.layout is not kajo.strided else result
    assert dense.dtype == expected.dtype
    assert kajo.allclose(dense, expected)


@pytest.mark.parametrize("layout", COMMON)
@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x * 2, lambda x: 2 * x, lambda x: x / 4, lambda x: -x, lambda x: x.abs(),
        lambda x: x.sin(), lambda x: x.sign(), lambda x: x.pow(2), lambda x: kajo.tanh(x),
        lambda x: x * kajo.arange(6, dtype=kajo.float64), lambda x: x + x, lambda x: x - 2 * x,
        lambda x: x * x, lambda x: x.t(), lambda x: x.transpose(0, 1), lambda x: x.sum(),
        lambda x: x.float(), lambda x: x.detach(), lambda x: x.clone(), lambda x: x.norm(),
        lambda x: x @ kajo.ones(6, 3, dtype=kajo.float64), lambda x: x @ x.t(),
        lambda x: x @ kajo.ones(6, dtype=kajo.float64), lambda x: x[1], lambda x: x.select(1, 2),
        lambda x: kajo.ones(5, 4, dtype=kajo.float64) @ x, lambda x: kajo.ones(4, 6).double() + x,
        lambda x: kajo.addmm(kajo.ones(4, 2).double(), x, kajo.ones(6, 2).double(), beta=3, alpha=2),
        lambda x: x.clone().mul_(3), lambda x: x.clone().zero_(),
    ],
)  # fmt: skip
def test_like_strided(operation, layout):
    x = matrix()
    close(operation(x.to_sparse(layout=layout)), operation(x))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x.unsqueeze(0), lambda x: x.permute(1, 0), lambda x: kajo.cat([x, x]),
        lambda x: kajo.cat([x, x], 1), lambda x: x.index_select(1, kajo.tensor([5, 0, 5])),
        lambda x: x.index_select(0, kajo.tensor([3, 1])), lambda x: x.sum(0), lambda x: x.sum((0, 1)),
    ],
)  # fmt: skip
def test_coordinates_like_strided(operation):
    x = matrix()
    close(operation(x.to_sparse()), operation(x))
    twice = kajo.sparse_coo_tensor(
        kajo.cat([x.to_sparse().indices()] * 2, 1), kajo.cat([x.to_sparse().values()] * 2), x.shape
    )
    close(operation(twice), operation(2 * x))


@pytest.mark.parametrize("layout", COMMON)
def test_gradients_of_values(layout):
    x = matrix().to_sparse(layout=layout)
    values, other = x.values().clone().requires_grad_(), matrix(6, 3, 5).requires_grad_()

    def product(values, other):
        return kajo.sparse.mm(x._with_values(values), other)

    assert gradcheck(product, (values, other))


def test_gradients_of_sparse_tensors():
    dense = matrix().requires_grad_()
    x = dense.detach().to_sparse().requires_grad_()
    (x @ kajo.ones(6, 2, dtype=kajo.float64)).sum().backward()
    assert x.grad.layout is kajo.sparse_coo and x.grad.values().unique().tolist() == [2.0]
    # A gradient of values has the places of its tensor.
    (dense.to_sparse().to_dense() * 3).sum().backward()
    assert kajo.equal(dense.grad, 3.0 * (dense != 0))
    (gradient,) = kajo.autograd.grad((x * 2).to_dense().sum(), x)
    assert kajo.equal(gradient.to_dense(), 2.0 * (dense != 0))
    check = kajo.sparse.as_sparse_gradcheck(gradcheck)
    assert check(lambda x: kajo.sparse.sum(x * x, 0), x.detach().requires_grad_())
    assert check(lambda x: kajo.sparse.softmax(x, 1), x.detach().requires_grad_())


def test_softmax():
    x = matrix()
    minus = x.masked_fill(x == 0, -kajo.inf)
    for dim in (0, 1):
        expected = minus.softmax(dim).nan_to_num()
        close(kajo.sparse.softmax(x.to_sparse(), dim), expected)
        logs = kajo.sparse.log_softmax(x.to_sparse(), dim)
        assert kajo.allclose(logs.values(), minus.log_softmax(dim)[x != 0])


def test_sampled_addmm_and_reductions():
    x, a, b = matrix().to_sparse_csr(), matrix(4, 5, 3), matrix(5, 6, 4)
    close(
        kajo.sparse.sampled_addmm(x, a, b, beta=2, alpha=3),
        (2 * x.to_dense() + 3 * (a @ b)) * (matrix() != 0),
    )
    dense, other = x.to_dense(), matrix(6, 2, 7)
    products = (dense.unsqueeze(2) * other.unsqueeze(0)).masked_fill(
        (dense == 0).unsqueeze(2), kajo.nan
    )
    for reduce, function in [("amax", "max"), ("mean", "mean"), ("amin", "min")]:
        result = kajo.sparse.mm(x, other, reduce)
        for i in range(4):
            row = products[i][dense[i] != 0]
            expected = row.mean(0) if function == "mean" else getattr(row, function)(0).values
            assert kajo.allclose(result[i], expected)


def test_spdiags():
    diagonals = kajo.arange(6.0).reshape(2, 3) + 1
    for layout in COMMON:
        result = kajo.sparse.spdiags(diagonals, kajo.tensor([0, -1]), (3, 3), layout)
        assert result.layout is layout
        assert result.to_dense().tolist() == [[1, 0, 0], [4, 2, 0], [0, 5, 3]]
    with pytest.raises(RuntimeError, match="duplicate"):
        kajo.sparse.spdiags(diagonals, kajo.tensor([1, 1]), (3, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x + 1,
        lambda x: x + kajo.ones(4, 6).double(),
        lambda x: x @ kajo.ones(5, 2).double(),
        lambda x: x @ kajo.ones(6, 2),
        lambda x: x + matrix(3, 3).to_sparse(),
        lambda x: 1 / x,
        lambda x: x.requires_grad_().mul_(2),
        lambda x: kajo.sparse.sampled_addmm(x, kajo.ones(4, 2), kajo.ones(2, 6)),
        lambda x: kajo.sparse.softmax(x.to_dense(), 0),
    ],
)
def test_errors(call):
    with pytest.raises(RuntimeError):
        call(matrix().to_sparse())
    with pytest.raises(IndexError):
        matrix().to_sparse().select(2, 0)


def test_bits_do_not_depend_on_threads():
    before = kajo.get_num_threads()
    kajo.manual_seed(1)
    indices = kajo.randint(0, 300, (2, 20000))
    x = kajo.sparse_coo_tensor(indices, kajo.randn(20000), (300, 300))
    other, results = kajo.randn(300, 64), []
    for threads in (1, 2):
        kajo.set_num_threads(threads)
        results.append((x @ other).numpy().tobytes() + x.coalesce().values().numpy().tobytes())
    kajo.set_num_threads(before)
    assert results[0] == results[1]
