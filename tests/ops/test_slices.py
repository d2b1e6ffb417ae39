"""Fast ways through gather, scatter, cat, flip, bags and extremes equal the plain ones."""

from __future__ import annotations

import numpy as np
import pytest

import kajo


def test_extremes_of_runs_see_every_nan_and_zero() -> None:
    for dtype in (kajo.float32, kajo.float64):
        for n in (1, 15, 16, 63, 64, 127, 128, 129, 500, 5000):
            x = kajo.randn(3, n, dtype=dtype)
            assert np.array_equal(x.amax(1).numpy(), x.numpy().max(1))
            assert np.array_equal(x.amin(1).numpy(), x.numpy().min(1))
            for place in {0, n // 2, n - 1}:
                y = x.clone()
                y[1, place] = float("nan")
                for result in (y.amax(1), y.amin(1), y.max(1)[0]):
                    assert kajo.isnan(result).tolist() == [False, True, False]
                assert y.argmax(1)[1] == place
    assert kajo.full((2, 300), -float("inf")).amax(1).tolist() == [-float("inf")] * 2


def test_sums_of_many_short_rows() -> None:
    for n in (3, 100, 512, 1000, 70_000):
        x = kajo.randn(65, n, dtype=kajo.float64)
        np.testing.assert_allclose(x.sum(1).numpy(), x.numpy().sum(1), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(x.float().sum(1).numpy(), x.numpy().sum(1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_an_index_that_repeats_is_one_of_slices(dim: int) -> None:
    shape = [4, 5, 6]
    x, source = kajo.randn(shape), kajo.randn(shape)
    places = [1] * 3
    places[dim] = shape[dim]
    index = kajo.randint(0, shape[dim], places)
    wide = index.expand(shape)
    full = wide.contiguous()
    assert kajo.equal(x.gather(dim, wide), x.gather(dim, full))
    kajo.testing.assert_close(x.scatter_add(dim, wide, source), x.scatter_add(dim, full, source))
    for reduce in ("sum", "mean", "amax", "prod"):
        kajo.testing.assert_close(
            x.scatter_reduce(dim, wide, source, reduce), x.scatter_reduce(dim, full, source, reduce)
        )
    # A longer source, and an index that names fewer places.
    short = index.narrow(dim, 0, 2).expand([*shape[:dim], 2, *shape[dim + 1 :]])
    kajo.testing.assert_close(
        x.scatter_add(dim, short, source), x.scatter_add(dim, short.contiguous(), source)
    )
    narrow = index.expand([3, 3, 3]) if False else index
    assert kajo.equal(x.gather(dim, narrow), x.gather(dim, narrow.contiguous()))
    for operation in (x.gather, lambda d, i: x.scatter_add(d, i, source)):
        for outside in (shape[dim], -1):
            wrong = kajo.full(places, outside).expand(shape)
            with pytest.raises(RuntimeError, match="out of bounds"):
                operation(dim, wrong)
            with pytest.raises(RuntimeError, match="out of bounds"):
                operation(dim, wrong.contiguous())


def test_gradients_of_slices() -> None:
    index = kajo.tensor([[0], [2], [0], [1]]).expand(4, 3)
    x = kajo.randn(5, 3, dtype=kajo.float64, requires_grad=True)
    source = kajo.randn(4, 3, dtype=kajo.float64, requires_grad=True)
    assert kajo.autograd.gradcheck(lambda a, b: a.scatter_add(0, index, b), (x, source))
    assert kajo.autograd.gradgradcheck(lambda a: a.gather(0, index).square(), (x,))


def test_cat_of_parts_that_lie_in_rows() -> None:
    x = kajo.arange(4 * 6 * 5).reshape(4, 6, 5)
    parts = [x[:, 1:3], x[:, 0:1], x[:, 2:6], x[:, :, :].transpose(0, 0)]
    for dim in (0, 1, 2):
        views = [x[:, 1:3], x[:, 3:5]] if dim != 1 else parts
        expected = np.concatenate([v.numpy() for v in views], dim)
        assert np.array_equal(kajo.cat(views, dim).numpy(), expected)
    slices = [x[..., i : i + 2] for i in range(4)]
    for dim in (0, 1, 2):
        expected = np.concatenate([v.numpy() for v in slices], dim)
        assert np.array_equal(kajo.cat(slices, dim).numpy(), expected)


def test_flip_of_any_layout() -> None:
    x = kajo.arange(2 * 3 * 4).reshape(2, 3, 4)
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
        view = x.permute(order)
        for dims in ((0,), (1,), (2,), (0, 2), (0, 1, 2)):
            assert np.array_equal(view.flip(dims).numpy(), np.flip(view.numpy(), dims))
            assert np.array_equal(
                view[:, ::2].flip(dims).numpy(), np.flip(view[:, ::2].numpy(), dims)
            )
    assert kajo.tensor(3).flip([]).item() == 3


def test_bags() -> None:
    weight = kajo.randn(7, 5, dtype=kajo.float64, requires_grad=True)
    scale = kajo.rand(6, dtype=kajo.float64, requires_grad=True)
    rows, offsets = kajo.tensor([0, 3, 6, 3, 1, 2]), kajo.tensor([0, 2, 2, 5])
    bag = kajo.nn.functional.embedding_bag
    expected = kajo.stack(
        [(weight[rows[a:b]] * scale[a:b, None]).sum(0) for a, b in ((0, 2), (2, 2), (2, 5), (5, 6))]
    )
    got = bag(rows, weight, offsets, mode="sum", per_sample_weights=scale)
    kajo.testing.assert_close(got, expected)
    assert kajo.autograd.gradcheck(
        lambda w, s: bag(rows, w, offsets, mode="sum", per_sample_weights=s), (weight, scale)
    )
    assert kajo.autograd.gradgradcheck(
        lambda w, s: bag(rows, w, offsets, mode="sum", per_sample_weights=s), (weight, scale)
    )
    kajo.testing.assert_close(bag(rows.view(2, 3), weight), weight[rows.view(2, 3)].mean(1))
    assert bag(rows, weight, offsets, mode="mean")[1].eq(0).all()
    with pytest.raises(RuntimeError, match="embedding_bag"):
        bag(kajo.tensor([[7]]), weight)


def test_sparse_rows_times_dense() -> None:
    dense = kajo.randn(6, 8, dtype=kajo.float64) * (kajo.rand(6, 8) > 0.6)
    other = kajo.randn(8, 3, dtype=kajo.float64)
    for sparse in (dense.to_sparse_csr(), dense.to_sparse()):
        kajo.testing.assert_close(sparse @ other, dense @ other)
