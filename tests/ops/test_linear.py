"""Products of matrices against numpy, and their gradients against differences."""

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo

SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((5, 3), (3, 4)),
    ((2, 5, 3), (3,)),
    ((2, 5, 3), (3, 4)),
    ((5, 3), (2, 3, 4)),
    ((7, 1, 5, 3), (2, 3, 4)),
    ((0, 5, 3), (3, 4)),
    ((2, 5, 0), (0, 4)),
]


@pytest.mark.parametrize("a,b", SHAPES)
def test_matmul(a: tuple, b: tuple) -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal(a), random.standard_normal(b)
    got = kajo.matmul(kajo.from_numpy(x), kajo.from_numpy(y))
    np.testing.assert_allclose(np.array(got.tolist()).reshape(got.shape), x @ y, atol=1e-12)
    if x.size and y.size:
        check_gradients(kajo.matmul, a, b)


def test_products_of_transposed_complex_and_integer_matrices() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((4, 3)) + 1j * random.standard_normal((4, 3))
    tensor = kajo.from_numpy(x)
    np.testing.assert_allclose(np.array((tensor.t() @ tensor).tolist()), x.T @ x)
    whole = kajo.arange(6).reshape(2, 3)
    assert (whole @ whole.t()).tolist() == [[5, 14], [14, 50]]


@pytest.mark.parametrize("beta,alpha", [(1, 1), (0, 2), (0.5, 3)])
def test_sums_of_products(beta: float, alpha: float) -> None:
    numbers = {"beta": beta, "alpha": alpha}
    check_gradients(lambda c, a, b: kajo.addmm(c, a, b, **numbers), (5,), (3, 4), (4, 5))
    check_gradients(lambda c, a, b: kajo.addmv(c, a, b, **numbers), (3,), (3, 4), (4,))
    check_gradients(lambda c, a, b: kajo.addr(c, a, b, **numbers), (3, 4), (3,), (4,))
    check_gradients(
        lambda c, a, b: kajo.baddbmm(c, a, b, **numbers), (2, 3, 5), (2, 3, 4), (2, 4, 5)
    )
    check_gradients(lambda c, a, b: kajo.addbmm(c, a, b, **numbers), (3, 5), (2, 3, 4), (2, 4, 5))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_linear(shape: tuple) -> None:
    check_gradients(kajo._core.linear, shape, (5, 4), (5,))
    check_gradients(kajo.bilinear, (*shape[:-1], 3), (*shape[:-1], 2), (4, 3, 2), (4,))


def test_beta_zero_reads_nothing() -> None:
    junk = kajo.full((2, 2), float("nan"))
    assert kajo.addmm(junk, kajo.eye(2), kajo.eye(2), beta=0).tolist() == [[1, 0], [0, 1]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(2x3 and 4x5\)"):
        kajo.mm(kajo.ones(2, 3), kajo.ones(4, 5))
    with pytest.raises(RuntimeError, match="expected m1 and m2 to have the same dtype"):
        kajo.mm(kajo.ones(2, 3), kajo.ones(3, 5, dtype=kajo.float64))
    with pytest.raises(RuntimeError, match="batch2 tensor"):
        kajo.bmm(kajo.ones(2, 3, 4), kajo.ones(3, 4, 5))


@pytest.mark.parametrize("shape", [(768, 130, 128), (300, 300, 500), (1000, 65, 40)])
def test_rows_read_in_place_and_packed_rows_give_the_same_bits(shape: tuple) -> None:
    # Rows 4096 bytes apart are packed, others are read where they lie.
    m, n, k = shape
    random = np.random.default_rng(0)
    rows = kajo.from_numpy(random.standard_normal((m, k)).astype(np.float32))
    weight = kajo.from_numpy(random.standard_normal((n, k)).astype(np.float32))
    spread = kajo.empty(m, 1024)[:, :k].copy_(rows)
    want = kajo.nn.functional.linear(rows, weight)
    assert kajo.nn.functional.linear(spread, weight).equal(want)
    columns = kajo.empty(k, m).copy_(rows.t()).t()
    assert kajo.nn.functional.linear(columns, weight).equal(want)
    exact = rows.double() @ weight.double().t()
    assert (want - exact).abs().max() < 1e-6 * k


@pytest.mark.parametrize("shape", [(768, 130, 128), (4, 7, 900), (130, 33, 500)])
def test_a_bias_is_added_once_and_last(shape: tuple) -> None:
    m, n, k = shape
    random = np.random.default_rng(0)
    rows = kajo.from_numpy(random.standard_normal((m, k)).astype(np.float32))
    weight = kajo.from_numpy(random.standard_normal((n, k)).astype(np.float32))
    bias = kajo.from_numpy(random.standard_normal(n).astype(np.float32))
    plain = kajo.nn.functional.linear(rows, weight)
    assert kajo.nn.functional.linear(rows, weight, bias).equal(plain + bias)
    assert kajo.addmm(bias, rows, weight.t()).equal(plain + bias)
    copied = weight.t().contiguous()
    assert kajo.addmm(bias, rows, copied).equal(rows @ copied + bias)


def relative_error(product: kajo.Tensor, exact: kajo.Tensor) -> float:
    return float((product - exact).abs().mean() / exact.abs().mean())


def normal(*shape: int) -> kajo.Tensor:
    random = np.random.default_rng(sum(shape))
    return kajo.from_numpy(random.standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ((128, 128, 3072), 2.6e-7),  # one chain of additions over a block gives 3.3e-7
        ((100, 1000, 1024), 2.6e-7),
        ((256, 256, 256), 2.3e-7),
        ((16, 24, 65536), 3.5e-7),  # without pieces 4.5e-7
    ],
)
def test_long_sums_are_taken_in_parts(shape: tuple, error: float) -> None:
    m, n, k = shape
    a, b = normal(m, k), normal(k, n)
    exact = a.double() @ b.double()
    assert relative_error(a @ b, exact) < error
    assert relative_error(a.t().contiguous().t() @ b, exact) < error


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64, kajo.bfloat16])
@pytest.mark.parametrize("m", [2, 3, 7, 9, 16])
def test_few_rows_read_weights_where_they_lie(m: int, dtype: kajo.dtype) -> None:
    n, k = 133, 1100
    rows, weight, bias = (t.to(dtype) for t in (normal(m, k), normal(n, k), normal(n)))
    spread = kajo.empty(m, 2 * k, dtype=dtype)[:, ::2].copy_(rows)  # the engine packs it
    ours = kajo.nn.functional.linear(rows, weight, bias)
    packed = kajo.nn.functional.linear(spread, weight, bias)
    if dtype != kajo.bfloat16:
        assert not ours.equal(packed)  # sums in another order
    exact = rows.double() @ weight.double().t() + bias.double()
    bound = {kajo.float32: 1e-6, kajo.float64: 1e-14, kajo.bfloat16: 1e-2}[dtype]
    for product in (ours, packed):
        assert relative_error(product.double(), exact) < bound
    want = 0.5 * exact - 3.0 * bias.double()
    product = kajo.addmm(bias, rows, weight.t(), beta=-2.5, alpha=0.5)
    assert relative_error(product.double(), want) < bound * 2


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64, kajo.bfloat16])
def test_products_of_every_kind_do_not_depend_on_the_number_of_threads(dtype: kajo.dtype) -> None:
    threads = kajo.get_num_threads()
    shapes = [(5, 300, 700), (40, 30, 5000), (900, 1000, 70), (130, 130, 130), (600, 64, 64)]
    try:
        for m, n, k in shapes:
            a, b = normal(m, k).to(dtype), normal(n, k).to(dtype)
            for right in (b.t(), b.t().contiguous()):
                results = []
                for count in (1, 2, 3):
                    kajo.set_num_threads(count)
                    results.append(a @ right)
                assert results[0].equal(results[1])
                assert results[0].equal(results[2])
    finally:
        kajo.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int16, np.int8, np.uint8])
def test_integers_wrap_around(dtype: type) -> None:
    random = np.random.default_rng(0)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    a, b = (random.integers(low, high, s).astype(dtype) for s in ((67, 150), (150, 139)))
    want = a @ b
    ours = kajo.from_numpy(a) @ kajo.from_numpy(b)
    np.testing.assert_array_equal(ours.numpy(), want)
    columns = kajo.from_numpy(b.T.copy()).t()
    np.testing.assert_array_equal((kajo.from_numpy(a) @ columns).numpy(), want)


@pytest.mark.parametrize("shape", [(8, 8, 8), (16, 5, 70), (64, 64, 64), (33, 100, 40)])
def test_small_transposed_operands(shape: tuple) -> None:
    m, n, k = shape
    a, b = normal(6, m, k), normal(6, n, k)
    product = kajo.bmm(a, b.transpose(1, 2))
    # Transposed first, then as if it had lain so.
    assert product.equal(kajo.bmm(a, b.transpose(1, 2).contiguous()))
    exact = kajo.bmm(a.double(), b.double().transpose(1, 2))
    assert relative_error(product, exact) < 1e-6


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64])
def test_long_dot_products_are_taken_in_pieces(dtype: kajo.dtype) -> None:
    k = 200_003
    a, b = normal(k).to(dtype), normal(k + 1)[1:].to(dtype)
    exact = (a.double() * b.double()).sum()
    # Every product is below 25, and so many of them have a sum of some hundreds.
    bound = {kajo.float32: 1e-3, kajo.float64: 1e-9}[dtype]
    threads = kajo.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            kajo.set_num_threads(count)
            results.append(kajo.mv(a.unsqueeze(0), b))
            assert abs(float(results[-1]) - float(exact)) < bound
    finally:
        kajo.set_num_threads(threads)
    assert results[0].equal(results[1])
    whole = kajo.mv(a[:60_000].unsqueeze(0), b[:60_000])  # too short for pieces
    assert abs(float(whole) - float((a[:60_000].double() * b[:60_000].double()).sum())) < bound


@pytest.mark.parametrize("shape", [(70, 100, 64), (13, 33, 30), (64, 64, 256), (70, 40, 600)])
def test_short_bfloat16_sums_are_rounded_once(shape: tuple) -> None:
    # The tile itself writes 16 bits, with the bias, where sums are short.
    m, n, k = shape
    a, b, bias = (t.to(kajo.bfloat16) for t in (normal(3, m, k), normal(3, k, n), normal(n)))
    exact = kajo.bmm(a.double(), b.double())
    rounded = exact.to(kajo.bfloat16)
    assert (kajo.bmm(a, b) != rounded).double().mean() < 2e-3
    with_bias = (exact[0] + bias.double()).to(kajo.bfloat16)
    assert (kajo.addmm(bias, a[0], b[0]) != with_bias).double().mean() < 2e-3


@pytest.mark.parametrize("dtype", [kajo.complex64, kajo.complex128])
def test_products_of_complex_rows_and_conjugates(dtype: kajo.dtype) -> None:
    random = np.random.default_rng(0)
    a, b = (
        (random.standard_normal(s) + 1j * random.standard_normal(s)) for s in ((70, 33), (33, 45))
    )
    left, right = kajo.from_numpy(a).to(dtype), kajo.from_numpy(b).to(dtype)
    bound = {kajo.complex64: 1e-5, kajo.complex128: 1e-13}[dtype]
    for x, y, want in (
        (left, right, a @ b),
        (left.conj(), right, a.conj() @ b),
        (left, right.conj(), a @ b.conj()),
        (left, right.t().contiguous().t(), a @ b),
    ):
        np.testing.assert_allclose((x @ y).numpy(), want, rtol=bound, atol=bound * 10)
    want = 2 * (a @ b)
    product = kajo.addmm(kajo.zeros(70, 45, dtype=dtype), left, right, alpha=2)
    np.testing.assert_allclose(product.numpy(), want, rtol=bound, atol=bound * 10)
