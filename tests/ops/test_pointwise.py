"""Element-wise operations against NumPy in float64 and against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import kajo

FLOATS = [kajo.float32, kajo.float64, kajo.float16, kajo.bfloat16]
INTEGERS = [kajo.uint8, kajo.int8, kajo.int16, kajo.int32, kajo.int64]
TOLERANCE = {kajo.float32: 2e-6, kajo.float64: 1e-14, kajo.float16: 2e-3, kajo.bfloat16: 1.6e-2}

# name, NumPy's counterpart, the interval that samples come from
UNARY = [
    ("abs", np.abs, -3, 3), ("acos", np.arccos, -0.9, 0.9), ("acosh", np.arccosh, 1.1, 5),
    ("asin", np.arcsin, -0.9, 0.9), ("asinh", np.arcsinh, -3, 3), ("atan", np.arctan, -3, 3),
    ("atanh", np.arctanh, -0.9, 0.9), ("cos", np.cos, -3, 3), ("cosh", np.cosh, -3, 3),
    ("deg2rad", np.deg2rad, -90, 90), ("exp", np.exp, -3, 3), ("exp2", np.exp2, -3, 3),
    ("expm1", np.expm1, -1, 1), ("log", np.log, 0.1, 5), ("log10", np.log10, 0.1, 5),
    ("log1p", np.log1p, -0.5, 5), ("log2", np.log2, 0.1, 5), ("neg", np.negative, -3, 3),
    ("reciprocal", np.reciprocal, 0.3, 3), ("sin", np.sin, -3, 3), ("sinc", np.sinc, -3, 3),
    ("sinh", np.sinh, -3, 3), ("sqrt", np.sqrt, 0.1, 5), ("square", np.square, -3, 3),
    ("tan", np.tan, -1, 1), ("tanh", np.tanh, -3, 3),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 0.1, 5), ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -5, 5),
    ("relu", lambda x: np.maximum(x, 0), -3, 3),
    ("erf", np.vectorize(math.erf), -3, 3), ("erfc", np.vectorize(math.erfc), -2, 2),
    ("lgamma", np.vectorize(math.lgamma), 2.5, 9),
]  # fmt: skip
BINARY = [
    ("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("div", np.divide),
    ("pow", np.power), ("atan2", np.arctan2), ("hypot", np.hypot), ("maximum", np.maximum),
    ("minimum", np.minimum), ("fmax", np.fmax), ("fmin", np.fmin), ("logaddexp", np.logaddexp),
    ("copysign", np.copysign), ("remainder", np.remainder), ("fmod", np.fmod),
    ("floor_divide", np.floor_divide),
]  # fmt: skip
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
NUMPY_COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def as_array(t: kajo.Tensor) -> np.ndarray:
    return t.detach().to(kajo.float64).numpy()


def close(actual: kajo.Tensor, expected: np.ndarray, tolerance: float) -> None:
    assert tuple(actual.shape) == np.shape(expected)
    np.testing.assert_allclose(as_array(actual), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(("name", "reference", "low", "high"), UNARY, ids=[u[0] for u in UNARY])
def test_unary(name: str, reference, low: float, high: float, dtype: kajo.dtype) -> None:
    x = kajo.tensor(rng().uniform(low, high, (7, 35)), dtype=dtype)
    expected = reference(as_array(x))
    y = getattr(kajo, name)(x)
    assert y.dtype == dtype
    close(y, expected, 4 * TOLERANCE[dtype])
    close(getattr(x, name)(), expected, 4 * TOLERANCE[dtype])
    close(getattr(kajo, name)(x.t()), expected.T, 4 * TOLERANCE[dtype])
    changed = x.clone()
    assert getattr(changed, name + "_")() is changed
    assert kajo.equal(changed, y)
    out = kajo.empty(0, dtype=dtype)
    assert getattr(kajo, name)(x, out=out) is out if name != "relu" else True


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(("name", "reference"), BINARY, ids=[b[0] for b in BINARY])
def test_binary(name: str, reference, dtype: kajo.dtype) -> None:
    a = kajo.tensor(rng().uniform(0.3, 3, (6, 1, 33)), dtype=dtype)
    b = kajo.tensor(rng().uniform(0.4, 2, (5, 33)), dtype=dtype)
    y = getattr(kajo, name)(a, b)
    assert y.dtype == dtype
    close(y, reference(as_array(a), as_array(b)), 4 * TOLERANCE[dtype])


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparison(name: str) -> None:
    a = rng().integers(-2, 3, (4, 9))
    b = rng().integers(-2, 3, 9)
    for dtype in [*FLOATS, *INTEGERS[1:]]:
        y = getattr(kajo, name)(kajo.tensor(a, dtype=dtype), kajo.tensor(b))
        assert y.dtype == kajo.bool
        np.testing.assert_array_equal(y.numpy(), NUMPY_COMPARISONS[name](a, b))
    y = getattr(kajo, name)(kajo.tensor(a), 1)
    np.testing.assert_array_equal(y.numpy(), NUMPY_COMPARISONS[name](a, 1))


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_wrap(dtype: kajo.dtype) -> None:
    bits = kajo.iinfo(dtype).bits
    a = np.arange(40, dtype=np.int64) * 7 + 60
    wrapped = kajo.mul(kajo.tensor(a, dtype=dtype), kajo.tensor(a, dtype=dtype))
    assert wrapped.dtype == dtype
    difference = as_array(wrapped).astype(np.int64) - (a.astype(np.int64) ** 2)
    assert bits == 64 or (difference % 2**bits == 0).all()


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_integer_division(name: str) -> None:
    a, b = np.arange(-12, 12), np.array([-5, -3, 2, 7])[:, None]
    expected = {"floor_divide": np.floor_divide, "remainder": np.remainder, "fmod": np.fmod}[name]
    y = getattr(kajo, name)(kajo.tensor(a), kajo.tensor(b))
    np.testing.assert_array_equal(y.numpy(), expected(a, b))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        getattr(kajo, name)(kajo.tensor(a), kajo.tensor([0]))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        getattr(kajo, name)(kajo.tensor(a), 0)


def test_rounding_modes() -> None:
    a, b = kajo.tensor([7.0, -7.0, 3.0]), kajo.tensor([2.0, 2.0, -2.0])
    assert kajo.div(a, b, rounding_mode="floor").tolist() == [3.0, -4.0, -2.0]
    assert kajo.div(a, b, rounding_mode="trunc").tolist() == [3.0, -3.0, -1.0]
    assert kajo.div(kajo.tensor([7]), 2).dtype == kajo.float32
    with pytest.raises(RuntimeError, match="rounding_mode"):
        kajo.div(a, b, rounding_mode="up")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (kajo.int32, kajo.float16, kajo.float16),
        (kajo.uint8, kajo.int8, kajo.int16),
        (kajo.float16, kajo.bfloat16, kajo.float32),
        (kajo.float64, kajo.complex64, kajo.complex128),
        (kajo.bool, kajo.bool, kajo.bool),
    ],
    ids=str,
)
def test_promotion_of_tensors(left, right, expected) -> None:
    a, b = kajo.ones(3, dtype=left), kajo.ones(3, dtype=right)
    assert (a * b).dtype == expected
    assert (b * a).dtype == expected


def test_promotion_with_numbers() -> None:
    ints, halves = kajo.ones(3, dtype=kajo.int32), kajo.ones(3, dtype=kajo.float16)
    assert (ints + 1).dtype == kajo.int32
    assert (ints + 1.5).dtype == kajo.float32
    assert (halves + 1.5).dtype == kajo.float16
    assert (1.5 - ints).dtype == kajo.float32
    assert (halves * 1j).dtype == kajo.complex64 or (halves * 1j).is_complex()
    assert (ints + kajo.tensor(1, dtype=kajo.int64)).dtype == kajo.int32
    assert (ints / 2).dtype == kajo.float32
    assert (kajo.ones(3, dtype=kajo.bool) + 1).dtype == kajo.int64
    assert (ints**2).tolist() == [1, 1, 1]
    assert (ints**0.5).dtype == kajo.float32


@pytest.mark.parametrize("n", [0, 1, 3, 1000, 1025, 40000, 70001])
def test_sizes(n: int) -> None:
    a = rng().standard_normal(n)
    x = kajo.tensor(a, dtype=kajo.float32)
    close(x + x, 2 * x.numpy(), 0)
    close(x + 1, x.numpy() + np.float32(1), 0)
    close(2 - x, np.float32(2) - x.numpy(), 0)


def test_strides_of_results() -> None:
    x = kajo.zeros(3, 4, 5).permute(2, 0, 1)
    assert (x + x).stride() == x.stride()
    assert (x + 1).stride() == x.stride()
    image = kajo.zeros(2, 3, 4, 5).to(memory_format=kajo.channels_last)
    assert (image * kajo.ones(3, 1, 1)).is_contiguous(memory_format=kajo.channels_last)
    assert (kajo.zeros(4, 1) + kajo.zeros(5)).stride() == (5, 1)


def test_strided_operands() -> None:
    a = rng().standard_normal((6, 70, 90)).astype(np.float32)
    x = kajo.tensor(a)
    pairs = [
        (x[:, ::2, 1:], a[:, ::2, 1:]),
        (x.permute(2, 0, 1), a.transpose(2, 0, 1)),
        (x.permute(1, 2, 0), a.transpose(1, 2, 0)),
        (x[0].expand(3, 70, 90), np.broadcast_to(a[0], (3, 70, 90))),
        (x.transpose(1, 2)[:, 3:40, ::3], a.swapaxes(1, 2)[:, 3:40, ::3]),
    ]
    for t, n in pairs:
        close(t * 3 - t, n * np.float32(3) - n, 0)
        close(t.double() + t, n.astype(np.float64) + n, 0)
        close(t + kajo.ones(t.shape), n + np.float32(1), 0)
        assert kajo.equal(t.contiguous(), t)


def test_special_values() -> None:
    inf, nan = math.inf, math.nan
    x = kajo.tensor([inf, -inf, nan, 0.0, -0.0, 1.0])
    assert x.isnan().tolist() == [False, False, True, False, False, False]
    assert x.isinf().tolist() == [True, True, False, False, False, False]
    assert x.isfinite().tolist() == [False, False, False, True, True, True]
    assert x.nan_to_num(nan=5.0).tolist()[2] == 5.0
    assert kajo.maximum(x, kajo.tensor(0.0)).isnan().tolist()[2]
    assert kajo.fmax(x, kajo.tensor(0.0)).tolist()[2] == 0.0
    assert x.signbit().tolist() == [False, True, False, False, True, False]


# ---- in place ------------------------------------------------------------------------------------


def test_in_place_keeps_type_and_shape() -> None:
    x = kajo.ones(2, 3)
    alias = x.view(6)
    x.add_(kajo.ones(3, dtype=kajo.int64)).mul_(2.0)
    assert alias.tolist() == [4.0] * 6
    ints = kajo.ones(3, dtype=kajo.int64)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        ints.add_(1.5)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        kajo.ones(1, 3).add_(kajo.ones(2, 3))
    halves = kajo.ones(2).to(kajo.float16)
    assert halves.add_(kajo.ones(2, dtype=kajo.float64)).dtype == kajo.float16


def test_in_place_overlap() -> None:
    x = kajo.arange(6.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        x[1:].add_(x[:-1])
    with pytest.raises(RuntimeError, match="single memory location"):
        x[:1].expand(3).add_(1)
    x[::2].add_(x[1::2])
    assert x.tolist() == [1.0, 1.0, 5.0, 3.0, 9.0, 5.0]
    x.mul_(x)
    assert x.tolist() == [1.0, 1.0, 25.0, 9.0, 81.0, 25.0]


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="must match the size"):
        kajo.add(kajo.ones(2), kajo.ones(3))
    with pytest.raises(NotImplementedError, match="bitwise_and"):
        kajo.ones(2) & kajo.ones(2)
    bools = kajo.tensor([True, False])
    with pytest.raises(RuntimeError, match="bool tensor"):
        bools - bools
    with pytest.raises(RuntimeError, match="bool tensor"):
        -bools
    with pytest.raises(RuntimeError, match="alpha"):
        kajo.add(kajo.tensor([1]), kajo.tensor([1]), alpha=1.5)
    with pytest.raises(RuntimeError, match="boolean tensor"):
        kajo.where(kajo.ones(2), 1, 0)
    with pytest.raises(RuntimeError, match="negative integer powers"):
        kajo.tensor([2]) ** -1


def test_where_and_clamp() -> None:
    c = kajo.tensor([True, False, True])
    x = kajo.tensor([1.0, 2.0, 3.0])
    assert kajo.where(c, x, -x).tolist() == [1.0, -2.0, 3.0]
    assert kajo.where(c, x, 0).tolist() == [1.0, 0.0, 3.0]
    assert kajo.where(c, 1, 2).dtype == kajo.int64
    assert kajo.where(c, 1, 2.0).dtype == kajo.float32
    assert x.where(c, kajo.tensor(9.0)).tolist() == [1.0, 9.0, 3.0]
    assert x.clamp(1.5, 2.5).tolist() == [1.5, 2.0, 2.5]
    assert x.clamp(min=1.5).tolist() == [1.5, 2.0, 3.0]
    assert x.clamp(max=kajo.tensor([0.0, 5.0, 1.0])).tolist() == [0.0, 2.0, 1.0]
    assert kajo.tensor([1, 2]).clamp(1.5).tolist() == [1.5, 2.0]


def test_complex() -> None:
    a = (rng().standard_normal(50) + 1j * rng().standard_normal(50)).astype(np.complex128)
    x = kajo.tensor(a)
    for name, reference in [("exp", np.exp), ("sqrt", np.sqrt), ("sin", np.sin), ("tanh", np.tanh)]:
        np.testing.assert_allclose(getattr(x, name)().numpy(), reference(a), rtol=1e-12)
    np.testing.assert_allclose(x.abs().numpy(), np.abs(a), rtol=1e-14)
    np.testing.assert_allclose((x * x / (x + 1)).numpy(), a * a / (a + 1), rtol=1e-12)
    np.testing.assert_allclose(x.conj().resolve_conj().numpy(), a.conj())
    assert x.abs().dtype == kajo.float64
    assert kajo.complex(kajo.ones(2), kajo.zeros(2)).dtype == kajo.complex64


# ---- gradients -----------------------------------------------------------------------------------


def numeric_gradient(f, arrays: list[np.ndarray], which: int, weights: np.ndarray) -> np.ndarray:
    step = 1e-6
    grad = np.zeros_like(arrays[which])
    for i in np.ndindex(grad.shape):
        moved = [a.copy() for a in arrays]
        moved[which][i] += step
        above = f(*moved)
        moved[which][i] -= 2 * step
        grad[i] = ((above - f(*moved)) * weights).sum() / (2 * step)
    return grad


def check_gradient(f, *arrays: np.ndarray) -> None:
    def evaluate(*values: np.ndarray) -> np.ndarray:
        return f(*[kajo.tensor(v) for v in values]).numpy()

    tensors = [kajo.tensor(a, requires_grad=True) for a in arrays]
    y = f(*tensors)
    weights = rng().standard_normal(tuple(y.shape))
    y.backward(kajo.tensor(weights))
    for i, t in enumerate(tensors):
        expected = numeric_gradient(evaluate, list(arrays), i, weights)
        np.testing.assert_allclose(t.grad.numpy(), expected, rtol=2e-5, atol=2e-7)


@pytest.mark.parametrize(("name", "_", "low", "high"), UNARY, ids=[u[0] for u in UNARY])
def test_unary_gradient(name: str, _, low: float, high: float) -> None:
    margin = 0.05 * (high - low)
    check_gradient(getattr(kajo, name), rng().uniform(low + margin, high - margin, (2, 3)))


@pytest.mark.parametrize("name", [b[0] for b in BINARY if b[0] != "floor_divide"])
def test_binary_gradient(name: str) -> None:
    a, b = rng().uniform(0.3, 3, (3, 1)), rng().uniform(0.4, 2, (1, 2))
    check_gradient(getattr(kajo, name), a, b)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 3, lambda x: 3 / x, lambda x: x**2, lambda x: x**3, lambda x: x**2.5,
        lambda x: 2**x, lambda x: x - 1, lambda x: kajo.add(x, x, alpha=2.5), lambda x: x * x,
        lambda x: kajo.where(x > 1, x, 2 * x), lambda x: x.clamp(0.5, 1.5),
        lambda x: x.clone().mul_(x), lambda x: (x * 1).exp_(), lambda x: (x * 1).sin_(),
        lambda x: (x * 1).div_(x + 1), lambda x: kajo.addcmul(x, x, x, value=0.5),
        lambda x: kajo.lerp(x, x * x, 0.3), lambda x: kajo.rsub(x, 2.0, alpha=3.0),
    ],
)  # fmt: skip
def test_composed_gradient(f) -> None:
    check_gradient(f, rng().uniform(0.3, 3, (2, 3)))


@pytest.mark.parametrize(("name", "_", "low", "high"), UNARY, ids=[u[0] for u in UNARY])
def test_second_derivative(name: str, _, low: float, high: float) -> None:
    def slope(x: kajo.Tensor) -> kajo.Tensor:
        if not x.requires_grad:
            x = x.clone().requires_grad_()
        y = getattr(kajo, name)(x)
        return kajo.autograd.grad(y.sum(), x, create_graph=True)[0] + 0 * x

    margin = 0.05 * (high - low)
    x = rng().uniform(low + margin, high - margin, 4)

    def evaluate(values: np.ndarray) -> np.ndarray:
        return slope(kajo.tensor(values, requires_grad=True)).detach().numpy()

    t = kajo.tensor(x, requires_grad=True)
    slope(t).sum().backward()
    expected = numeric_gradient(evaluate, [x], 0, np.ones(4))
    np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_gradient_of_broadcast_and_mixed_types() -> None:
    x = kajo.ones(3, dtype=kajo.float16, requires_grad=True)
    y = kajo.ones(2, 3, dtype=kajo.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype == kajo.float16 and x.grad.tolist() == [2.0, 2.0, 2.0]
    assert y.grad.dtype == kajo.float64 and y.grad.tolist() == [[1.0] * 3] * 2


def test_second_derivatives_of_complex_numbers() -> None:
    def point(re: float, im: float) -> kajo.Tensor:
        return kajo.tensor([complex(re, im)], dtype=kajo.complex128, requires_grad=True)

    x, y, w = point(0.8, 0.6), point(1.5, -0.3), point(0.2, 0.7)
    assert kajo.autograd.gradgradcheck(kajo.pow, (x, y))
    assert kajo.autograd.gradgradcheck(lambda x: x**2.5, (x,))
    assert kajo.autograd.gradgradcheck(kajo.lerp, (x, y, w))
    assert kajo.autograd.gradgradcheck(kajo.logaddexp, (x, y))
    assert kajo.autograd.gradgradcheck(lambda x: x.abs() + x.angle(), (x,))


def test_node_names() -> None:
    x = kajo.ones(2, requires_grad=True)
    names = {
        "MulBackward0": x * 2, "AddBackward0": x + x, "SubBackward0": x - 1, "DivBackward0": x / 2,
        "PowBackward0": x**2, "PowBackward1": 2**x, "ExpBackward0": x.exp(), "NegBackward0": -x,
        "SigmoidBackward0": x.sigmoid(), "AbsBackward0": x.abs(),
        "WhereBackward0": kajo.where(x > 0, x, 0), "CloneBackward0": x.clone(),
        "ToCopyBackward0": x.double(),
    }  # fmt: skip
    for name, y in names.items():
        assert type(y.grad_fn).__name__ == name or name in repr(y.grad_fn)


def test_meta_tensors() -> None:
    x = kajo.empty(2, 1, device="meta")
    y = (x + kajo.empty(3, device="meta")).exp() * 2
    assert tuple(y.shape) == (2, 3) and y.device.type == "meta"
    with pytest.raises(RuntimeError, match="device"):
        x + kajo.ones(3)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_quotients_of_integers(dtype):
    """All kinds of division, by one number and element by element, the ends of the range included."""
    info = np.iinfo(dtype)
    source = np.random.default_rng(3)
    a = source.integers(info.min, info.max, 500, dtype, endpoint=True)
    a[:6] = [info.min, info.max, info.min, info.max, 0, info.max - 1]
    b = source.integers(info.min, info.max, 500, dtype, endpoint=True)
    b[100:] = source.integers(1, 12, 400)
    b[2:4] = [info.max, info.min if info.min else 1]
    b[b == 0] = 7
    b[0] = 1
    x, y = kajo.from_numpy(a), kajo.from_numpy(b)
    cases = [(x, y, a, b)] + [(x, d, a, np.array(d, dtype)) for d in (1, 3, 7, 100)]
    for left, right, p, q in cases:
        quotient = p // q
        np.testing.assert_array_equal((left // right).numpy(), quotient)
        np.testing.assert_array_equal((left % right).numpy(), p % q)
        np.testing.assert_array_equal(kajo.fmod(left, right).numpy(), np.fmod(p, q))
        towards_zero = quotient + ((p % q != 0) & ((p < 0) != (q < 0)))
        trunc = kajo.div(left, right, rounding_mode="trunc").numpy()
        np.testing.assert_array_equal(trunc, towards_zero.astype(dtype))


@pytest.mark.parametrize("dtype", [kajo.bfloat16, kajo.float16])
def test_signs_of_16_bits(dtype):
    """Negation and size of 16-bit numbers are those of float32, zeros and infinities included."""
    x = kajo.cat([kajo.randn(67), kajo.tensor([0.0, -0.0, math.inf, -math.inf])]).to(dtype)
    for view in (x, x[::2], x.view(71, 1)):
        wide = view.float()
        for function in (kajo.neg, kajo.abs):
            result = function(view)
            assert result.dtype == dtype
            np.testing.assert_array_equal(result.float().numpy(), function(wide).numpy())
            signs = kajo.signbit(result).tolist()
            assert signs == kajo.signbit(function(wide)).tolist()
    assert kajo.isnan(-kajo.tensor([math.nan], dtype=dtype)).item()


@pytest.mark.parametrize("exponent", [0.5, -0.5, -1, -2, 2, 3])
@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64, kajo.complex64])
def test_simple_powers(exponent, dtype):
    """What has no logarithm in it is as precise, and has the derivative, of the general power."""
    x = (kajo.rand(37, dtype=kajo.float64) + 0.1).to(dtype)
    general = kajo.pow(x, kajo.full((37,), exponent, dtype=dtype))
    tolerance = 1e-14 if dtype == kajo.float64 else 1e-6
    np.testing.assert_allclose((x**exponent).numpy(), general.numpy(), rtol=tolerance)
    if dtype == kajo.float64:
        x.requires_grad_()
        assert kajo.autograd.gradcheck(lambda v: v**exponent, (x,))
        assert kajo.autograd.gradgradcheck(lambda v: v**exponent, (x,))
        assert (x**exponent).grad_fn.name() == "PowBackward0"


def test_clamp_in_place():
    x = kajo.randn(50)
    expected = x.clamp(-0.5, 0.5)
    storage = x.data_ptr()
    assert x.clamp_(-0.5, 0.5) is x
    assert x.data_ptr() == storage
    assert kajo.equal(x, expected)
    low, high = kajo.full((50,), -0.1), kajo.full((50,), 0.1)
    assert kajo.equal(x.clone().clamp_(low, high), x.clamp(low, high))
    assert kajo.equal(x.clone().clamp_(max=high), x.clamp(max=high))
    leaf = kajo.randn(50, requires_grad=True)
    (leaf * 1).clamp_(-0.5, 0.5).sum().backward()
    assert kajo.equal(leaf.grad, ((leaf >= -0.5) & (leaf <= 0.5)).float())


@pytest.mark.parametrize(
    "dtype", [kajo.uint8, kajo.int16, kajo.float32, kajo.float64, kajo.complex128]
)
def test_every_second_element(dtype):
    for n in (1, 2, 3, 31, 32, 33, 63, 64, 65, 129, 5000):
        x = (kajo.randn(2 * n) * 50).to(dtype)
        for start in (0, 1):
            taken = x[start::2]
            expected = x.tolist()[start::2]
            assert taken.contiguous().tolist() == expected
            assert (taken + 0).tolist() == expected


@pytest.mark.parametrize("dtype", [kajo.uint8, kajo.int32, kajo.int64, kajo.float32, kajo.bfloat16])
def test_truth_values_as_numbers(dtype):
    for n in (1, 31, 32, 33, 100):
        x = kajo.randn(n) > 0
        assert x.to(dtype).tolist() == [float(v) for v in x.tolist()]


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64, kajo.bfloat16, kajo.int32])
def test_one_number_for_a_row(dtype):
    """Columns are as good as columns written out, whatever the length of the rows."""
    for rows, length in ((3, 255), (3, 256), (5, 257), (2, 1000), (3, 1500), (40, 1031)):
        x = (kajo.randn(rows, length) * 9).to(dtype)
        column = (kajo.randn(rows, 1) * 9).to(dtype)
        wide = column.expand(rows, length).contiguous()
        row = x[:1]
        for function in (kajo.add, kajo.mul, kajo.maximum, kajo.lt, kajo.sub):
            assert kajo.equal(function(x, column), function(x, wide))
            assert kajo.equal(function(column, x), function(wide, x))
            assert kajo.equal(
                function(column, row), function(wide, row.expand(rows, length).contiguous())
            )
        mask = column > 0
        assert kajo.equal(
            kajo.where(mask, x, column), kajo.where(mask.expand(rows, length).clone(), x, wide)
        )
        assert kajo.equal(kajo.masked_fill(x, mask, 1), kajo.where(mask, kajo.ones_like(x), x))
        assert kajo.equal(x.clone().add_(column), x + wide)
    x, column = kajo.randn(4, 300), kajo.randn(4, 1)
    assert kajo.equal(kajo.lerp(x, column, 0.25), kajo.lerp(x, column.expand(4, 300).clone(), 0.25))
    out = kajo.zeros(300, 4).t()
    kajo.add(x, column, out=out)
    assert kajo.equal(out, x + column.expand(4, 300).clone())


@pytest.mark.parametrize("n", [1, 15, 33, 64, 65, 129, 40_000])
def test_numbers_beside_tensors(n):
    x = kajo.randn(n)
    for number in (0.3, -2, 1.0):
        filled = kajo.full((n,), float(number))
        assert kajo.equal(x + number, x + filled)
        assert kajo.equal(number - x, filled - x)
        assert kajo.equal(x < number, x < filled)
        assert kajo.equal(kajo.where(x > 0, x, number), kajo.where(x > 0, x, filled))
        doubled = kajo.full((n,), float(number), dtype=kajo.float64)
        assert kajo.equal(x.double() * number, x.double() * doubled)
        assert kajo.equal(x * kajo.tensor(float(number)), x * filled)
        in_place = x.clone()
        assert kajo.equal(in_place.mul_(number), x * filled)
