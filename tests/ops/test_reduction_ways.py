"""The quick ways of reductions: longer runs, nan among extremes, elements taken as they are stored."""

import numpy as np
import pytest

import kajo

LENGTHS = [1, 15, 16, 17, 63, 64, 65, 127, 128, 1000, 4097, 9000, 40000, 70001, 300000]
NAMES = {"amax": np.max, "amin": np.min}


def numbers(shape: object, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_sums_and_extremes_of_runs(n: int, dtype: type) -> None:
    values = (numbers(n, n) * 100).astype(dtype)
    tensor = kajo.from_numpy(values)
    np.testing.assert_allclose(
        tensor.sum().item(), values.sum(dtype=np.float64), rtol=1e-5, atol=0.05
    )
    for name, judge in NAMES.items():
        assert getattr(tensor, name)().item() == judge(values)
    assert tensor.argmax().item() == values.argmax()
    assert tensor.argmin().item() == values.argmin()


@pytest.mark.parametrize("place", [0, 5, 64, 130, 999])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_nan_is_met_wherever_it_stands(place: int, dtype: type) -> None:
    values = numbers((3, 1000)).astype(dtype)
    values[1, place] = np.nan
    for tensor in (kajo.from_numpy(values), kajo.from_numpy(np.ascontiguousarray(values.T)).t()):
        for name in NAMES:
            got = getattr(tensor, name)(1).isnan().tolist()
            assert got == [False, True, False]
            assert getattr(tensor, name)().isnan().item()
        assert tensor.argmax(1).tolist() == values.argmax(1).tolist()
        assert tensor.argmin(1)[1].item() == place


@pytest.mark.parametrize("shape", [(7, 33), (64, 64), (300, 17), (2, 70000)])
@pytest.mark.parametrize("dim", [0, 1, (0, 1)])
@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "nansum", "norm"])
def test_bfloat16_as_stored_equals_the_float32_way(shape: tuple, dim: object, name: str) -> None:
    short = kajo.from_numpy(numbers(shape)).bfloat16()
    got, wide = (getattr(t, name)(dim=dim) for t in (short, short.float()))
    assert got.dtype == kajo.bfloat16
    np.testing.assert_allclose(got.float().tolist(), wide.tolist(), rtol=8e-3, atol=1e-3)


def test_a_nan_in_bfloat16() -> None:
    values = kajo.ones(100, dtype=kajo.bfloat16)
    values[77] = float("nan")
    assert values.amax().isnan().item() and values.sum().isnan().item()
    assert values.nansum().item() == 99


@pytest.mark.parametrize("shape", [(3, 5), (700, 64), (70, 1000), (2, 70000)])
def test_truths_are_counted(shape: tuple) -> None:
    truth = numbers(shape) > 0.3
    tensor = kajo.from_numpy(truth)
    assert tensor.sum().item() == truth.sum()
    for dim in (0, 1):
        assert tensor.sum(dim).tolist() == truth.sum(dim).tolist()
    assert tensor.t().sum(0).tolist() == truth.sum(1).tolist()
    assert kajo.ones(100000, dtype=kajo.bool).sum().item() == 100000


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.int16])
def test_places_of_extremes_along_columns(dtype: type) -> None:
    values = np.random.default_rng(3).integers(-3, 4, (100, 70)).astype(dtype)
    for tensor, dim in ((kajo.from_numpy(values), 0), (kajo.from_numpy(values.T.copy()).t(), 1)):
        assert tensor.argmax(dim).tolist() == values.argmax(dim).tolist()
        assert tensor.argmin(dim).tolist() == values.argmin(dim).tolist()


@pytest.mark.parametrize("shape", [(1 << 20,), (256, 256), (300, 1000), (3, 200000)])
@pytest.mark.parametrize("name", ["sum", "amax", "argmax", "var", "norm"])
def test_threads_change_no_bit(shape: tuple, name: str) -> None:
    tensor, before = kajo.from_numpy(numbers(shape)), kajo.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        kajo.set_num_threads(threads)
        ways = [getattr(tensor, name)()]
        ways += [getattr(tensor, name)(dim=d) for d in range(tensor.dim())]
        results.append([w.tolist() for w in ways])
    kajo.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_the_sum_of_many_equal_numbers_keeps_its_digits() -> None:
    got = kajo.full((1 << 24,), 0.1).sum().item()
    np.testing.assert_allclose(got, (1 << 24) * float(np.float32(0.1)), rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 7), (64, 300), (20, 3, 8)])
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_logsumexp_of_rows_equals_the_plain_way(shape: tuple, dim: int, dtype: str) -> None:
    x = kajo.from_numpy(numbers(shape) * 10).to(getattr(kajo, dtype)).requires_grad_()
    plain = x.detach().double().exp().sum(dim).log()
    tolerance = 1e-2 if dtype == "bfloat16" else 1e-6
    got = x.logsumexp(dim)
    np.testing.assert_allclose(got.detach().double().tolist(), plain.tolist(), rtol=tolerance)
    got.sum().backward()
    weights = x.detach().double().softmax(dim)
    np.testing.assert_allclose(x.grad.double().tolist(), weights.tolist(), atol=10 * tolerance)


def test_logsumexp_of_what_is_not_finite() -> None:
    inf, nan = float("inf"), float("nan")
    rows = [[inf, 0.0], [-inf, -inf], [nan, inf], [-inf, 1.0], [inf, -inf]]
    for tensor in (kajo.tensor(rows), kajo.tensor(rows * 4)):
        for got in (tensor.logsumexp(1), tensor.t().contiguous().logsumexp(0)):
            assert got[:2].tolist() == [inf, -inf]
            assert got[2].isnan().item()
            assert got[3:5].tolist() == [1.0, inf]


@pytest.mark.parametrize("n", [1, 3, 16, 40, 200, 5000])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_rms_norm_equals_its_formula(n: int, weighted: bool, dtype: str) -> None:
    kind = getattr(kajo, dtype)
    x = kajo.from_numpy(numbers((40, n))).to(kind).requires_grad_()
    w = kajo.from_numpy(numbers(n, 1)).to(kind).requires_grad_() if weighted else None
    g = kajo.from_numpy(numbers((40, n), 2)).to(kind)
    inputs = [x, w] if weighted else [x]
    wide = [t.detach().double().requires_grad_() for t in inputs]
    plain = wide[0] * (wide[0].square().mean(-1, True) + 1e-3).rsqrt()
    if weighted:
        plain = plain * wide[1]
    got = kajo.nn.functional.rms_norm(x, (n,), w, 1e-3)
    ours = kajo.autograd.grad(got, inputs, g)
    judges = kajo.autograd.grad(plain, wide, g.double())
    tolerance = {"float32": 1e-4, "float64": 1e-9, "bfloat16": 0.1}[dtype]
    for a, b in zip((got, *ours), (plain, *judges)):
        assert a.dtype == kind
        np.testing.assert_allclose(
            a.detach().double().tolist(), b.tolist(), rtol=tolerance, atol=tolerance
        )


def test_rms_norm_is_differentiable_twice() -> None:
    x = kajo.from_numpy(numbers((3, 4))).double().requires_grad_()
    w = kajo.from_numpy(numbers(4)).double().requires_grad_()
    assert kajo.autograd.gradgradcheck(
        lambda a, b: kajo.nn.functional.rms_norm(a, (4,), b, 1e-3), (x, w)
    )


@pytest.mark.parametrize("zero", [False, True])
def test_gradient_of_products(zero: bool) -> None:
    values = numbers((4, 6)).astype(np.float64)
    if zero:
        values[1, 2] = 0
    x = kajo.from_numpy(values).requires_grad_()
    for dim in (0, 1):
        (got,) = kajo.autograd.grad(x.prod(dim).sum(), x)
        wanted = [
            [
                np.prod(np.delete(values[:, j] if dim == 0 else values[i], i if dim == 0 else j))
                for j in range(6)
            ]
            for i in range(4)
        ]
        np.testing.assert_allclose(got.tolist(), wanted)
