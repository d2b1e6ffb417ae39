"""The table of element-wise operations: accuracy, special values, derivatives, instruction sets."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from expression_reference import OPERATIONS, evaluate
from ops.expression import diff, var

import kajo
import kajo.nn.functional as F

INF, NAN = math.inf, math.nan
REAL = [o for o in OPERATIONS.values() if o.gradients and o.kernels_of == o.identifier]


# ---- accuracy, in units in the last place, against mpmath ----------------------------------------

POSITIVE, UNIT, ANY = "positive", "unit", "any"
# name: (function of mpmath, samples, largest error in float32 and in float64)
ACCURACY: dict[str, tuple[Callable[..., object], str, float, float]] = {
    "exp": (lambda m, x: m.exp(x), ANY, 2, 4),
    "exp2": (lambda m, x: m.mpf(2) ** x, ANY, 2, 4),
    "expm1": (lambda m, x: m.expm1(x), ANY, 2, 4),
    "log": (lambda m, x: m.log(x), POSITIVE, 2, 4),
    "log2": (lambda m, x: m.log(x) / m.log(2), POSITIVE, 2, 4),
    "log10": (lambda m, x: m.log10(x), POSITIVE, 2, 4),
    "log1p": (lambda m, x: m.log1p(x), POSITIVE, 2, 4),
    "sin": (lambda m, x: m.sin(x), ANY, 2, 4),
    "cos": (lambda m, x: m.cos(x), ANY, 2, 4),
    "tan": (lambda m, x: m.tan(x), ANY, 2, 4),
    "asin": (lambda m, x: m.asin(x), UNIT, 2, 4),
    "acos": (lambda m, x: m.acos(x), UNIT, 2, 4),
    "atan": (lambda m, x: m.atan(x), ANY, 2, 4),
    "sinh": (lambda m, x: m.sinh(x), ANY, 2, 4),
    "cosh": (lambda m, x: m.cosh(x), ANY, 2, 4),
    "tanh": (lambda m, x: m.tanh(x), ANY, 2, 4),
    "asinh": (lambda m, x: m.asinh(x), ANY, 2, 4),
    "acosh": (lambda m, x: m.acosh(1 + x), POSITIVE, 2, 4),
    "atanh": (lambda m, x: m.atanh(x), UNIT, 2, 4),
    "sigmoid": (lambda m, x: 1 / (1 + m.exp(-x)), ANY, 2, 4),
    "logit": (lambda m, x: m.log(x / (1 - x)), "probability", 2, 4),
    "sqrt": (lambda m, x: m.sqrt(x), POSITIVE, 0.5, 0.5),
    "rsqrt": (lambda m, x: 1 / m.sqrt(x), POSITIVE, 2, 4),
    "erf": (lambda m, x: m.erf(x), ANY, 2, 4),
    "erfc": (lambda m, x: m.erfc(x), ANY, 2, 4),
    "erfinv": (lambda m, x: m.erfinv(x), UNIT, 2, 4),
    "lgamma": (lambda m, x: m.loggamma(x), POSITIVE, 2, 4),
    "atan2": (lambda m, x, y: m.atan2(x, y), ANY, 2, 4),
    "hypot": (lambda m, x, y: m.hypot(x, y), ANY, 2, 4),
    "pow": (lambda m, x, y: m.power(x, y), POSITIVE, 2, 4),
    # Products of two functions: one rounding more. In float32, the normal distribution's left tail
    # is kept, though with fewer digits than the middle.
    "silu": (lambda m, x: x / (1 + m.exp(-x)), ANY, 2.5, 4),
    "mish": (lambda m, x: x * m.tanh(m.log1p(m.exp(x))), ANY, 3, 4),
    "softplus": (lambda m, x: m.log1p(m.exp(x)) if x <= 20 else x, ANY, 2, 4),
    "logsigmoid": (lambda m, x: -m.log1p(m.exp(-x)), ANY, 2, 4),
    "elu": (lambda m, x: x if x > 0 else m.expm1(x), ANY, 2, 4),
    "gelu": (lambda m, x: x * m.erfc(-x / m.sqrt(2)) / 2, ANY, 40, 5),
}


def samples(kind: str, dtype: type, rng: np.random.Generator) -> np.ndarray:
    """Values near 1, values over the whole range of exponents, and the type's edges."""
    top = math.log(np.finfo(dtype).max)
    spread = np.exp(rng.uniform(-top, top, 150))
    moderate = np.exp(rng.uniform(-30, math.log(top), 150))
    middle = rng.normal(size=150) * 3
    edges = [np.finfo(dtype).tiny, np.finfo(dtype).max, 0.5, 1, 2, np.finfo(dtype).eps]
    if kind == POSITIVE:
        x = np.concatenate([spread, moderate, np.abs(middle), 1 + middle / 50, edges])
    elif kind == UNIT:
        x = np.concatenate(
            [rng.uniform(-1, 1, 300), 1 - np.exp(rng.uniform(-15, -1, 100)), 1 / spread]
        )
        x = x[np.abs(x) < 1 - np.finfo(dtype).eps]
    elif kind == "probability":
        x = np.concatenate(
            [rng.uniform(0.001, 0.999, 300), 0.5 + middle / 100, np.exp(-moderate / 10)]
        )
        x = x[(x > np.finfo(dtype).tiny) & (x < 1 - np.finfo(dtype).eps)]
    else:
        x = np.concatenate([moderate * rng.choice([-1, 1], 150), middle, middle / 9, edges[2:]])
    with np.errstate(over="ignore"):
        return x.astype(dtype)


def ulps(actual: float, exact: object, dtype: type, mp: object) -> float:
    """The distance in units in the last place of the exact value."""
    info = np.finfo(dtype)
    exponent = max(mp.frexp(abs(exact))[1] - info.nmant - 1, info.minexp - info.nmant)  # type: ignore[attr-defined]
    return float(abs(mp.mpf(actual) - exact) / mp.ldexp(1, exponent))  # type: ignore[attr-defined]


def public(name: str) -> Callable[..., kajo.Tensor]:
    return getattr(kajo, name, None) or getattr(F, name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", ACCURACY)
def test_accuracy(name: str, dtype: type) -> None:
    mp = pytest.importorskip("mpmath").mp.clone()
    mp.prec = 300
    exact, kind, single, double = ACCURACY[name]
    rng = np.random.default_rng(11)
    inputs = [samples(kind, dtype, rng) for _ in range(exact.__code__.co_argcount - 1)]
    if name == "pow":
        inputs[1] = rng.normal(size=inputs[0].size).astype(dtype)
    actual = public(name)(
        *(kajo.tensor(x + dtype(1) if name == "acosh" else x) for x in inputs)
    ).numpy()
    largest = mp.mpf(float(np.finfo(dtype).max))
    for i, result in enumerate(actual):
        points = [mp.mpf(float(x[i])) for x in inputs]
        if name == "acosh":
            points = [mp.mpf(float(inputs[0][i] + dtype(1))) - 1]
        if name == "softplus" and 19.9 < points[0] < 20.1:
            continue
        expected = exact(mp, *points)
        if abs(expected) > largest:  # type: ignore[operator]
            assert math.isinf(result) or abs(result) == np.finfo(dtype).max, points
        else:
            limit = single if dtype is np.float32 else double
            error = ulps(float(result), expected, dtype, mp) if expected else abs(result)
            assert error <= limit, (points, result, expected)


# ---- special values ------------------------------------------------------------------------------

SPECIAL = [
    ("exp", [-INF, INF, 0, NAN], [0, INF, 1, NAN]),
    ("expm1", [-INF, INF, -0.0, NAN], [-1, INF, -0.0, NAN]),
    ("log", [0, -0.0, -1, INF, 1, NAN], [-INF, -INF, NAN, INF, 0, NAN]),
    ("log1p", [-1, -2, -0.0, INF], [-INF, NAN, -0.0, INF]),
    ("log2", [8, 1, 0, INF], [3, 0, -INF, INF]),
    ("log10", [1000, 1, 0, INF], [3, 0, -INF, INF]),
    ("sin", [-0.0, INF, NAN], [-0.0, NAN, NAN]),
    ("cos", [0, INF, NAN], [1, NAN, NAN]),
    ("tan", [-0.0, INF], [-0.0, NAN]),
    ("tanh", [-INF, INF, -0.0, NAN], [-1, 1, -0.0, NAN]),
    ("atan", [-INF, INF, -0.0], [-math.pi / 2, math.pi / 2, -0.0]),
    ("asin", [1, -1, 1.5, -0.0], [math.pi / 2, -math.pi / 2, NAN, -0.0]),
    ("acos", [1, -1, 1.5], [0, math.pi, NAN]),
    ("asinh", [INF, -INF, -0.0], [INF, -INF, -0.0]),
    ("acosh", [1, 0.5, INF], [0, NAN, INF]),
    ("atanh", [1, -1, 2, -0.0], [INF, -INF, NAN, -0.0]),
    ("erf", [INF, -INF, -0.0, NAN], [1, -1, -0.0, NAN]),
    ("erfc", [INF, -INF, 0, NAN], [0, 2, 1, NAN]),
    ("erfinv", [1, -1, 2, 0], [INF, -INF, NAN, 0]),
    ("sigmoid", [INF, -INF, 0, NAN], [1, 0, 0.5, NAN]),
    ("sqrt", [-1, -0.0, INF], [NAN, -0.0, INF]),
    ("rsqrt", [0, INF, -1], [INF, 0, NAN]),
    ("sign", [-0.0, -3, INF, NAN], [0, -1, 1, 0]),
    ("round", [0.5, 1.5, 2.5, -0.5], [0, 2, 2, -0.0]),
    ("frac", [1.5, -1.5, 3], [0.5, -0.5, 0]),
    ("sinc", [0, 1, INF], [1, 0, NAN]),
    ("digamma", [0, -0.0, -1, INF], [-INF, INF, NAN, INF]),
    ("relu", [-1, -0.0, NAN, INF], [0, -0.0, NAN, INF]),
    ("gelu", [-INF, INF, 0, NAN], [-0.0, INF, 0, NAN]),
    ("softplus", [-INF, INF, NAN], [0, INF, NAN]),
    ("logsigmoid", [-INF, INF, NAN], [-INF, 0, NAN]),
    ("hardswish", [-3, 3, -INF, NAN], [0, 3, NAN, NAN]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(("name", "x", "expected"), SPECIAL, ids=[s[0] for s in SPECIAL])
def test_special_values(
    name: str, x: list[float], expected: list[float], dtype: kajo.dtype
) -> None:
    actual = public(name)(kajo.tensor(x, dtype=dtype)).numpy()
    want = np.array(expected, actual.dtype)
    np.testing.assert_allclose(actual, want, rtol=3e-7, atol=1e-30)
    zero = want == 0
    if name not in ("sign", "sinc", "hardswish", "acos", "acosh", "rsqrt"):
        np.testing.assert_array_equal(np.signbit(actual[zero]), np.signbit(want[zero]))


def test_integers_wrap_and_divide_without_traps() -> None:
    low = kajo.tensor([-128], dtype=kajo.int8)
    assert (low - 1).tolist() == [127]
    assert (-low).tolist() == [-128]
    assert low.abs().tolist() == [-128]
    smallest = kajo.tensor([-(2**63)])
    minus = kajo.tensor([-1])
    assert kajo.div(smallest, minus, rounding_mode="trunc").tolist() == [-(2**63)]
    assert kajo.remainder(smallest, minus).tolist() == [0]
    x = kajo.tensor([-7, 7, -7, 7])
    y = kajo.tensor([2, -2, -2, 2])
    assert (x // y).tolist() == [-4, -4, 3, 3]
    assert (x % y).tolist() == [1, -1, -1, 1]
    assert kajo.fmod(x, y).tolist() == [-1, 1, -1, 1]
    assert kajo.gcd(kajo.tensor([12, 0, -8]), kajo.tensor([18, 5, 12])).tolist() == [6, 5, 4]
    assert (kajo.tensor([1, -8]) << kajo.tensor([64, 1])).tolist() == [0, -16]
    assert (kajo.tensor([1, -8]) >> kajo.tensor([64, 70])).tolist() == [0, -1]


# ---- derivatives ---------------------------------------------------------------------------------


def points(operation: object, count: int = 40) -> dict[str, np.ndarray]:
    """Samples of the operation's inputs and its scalars' defaults."""
    rng = np.random.default_rng(3)
    low, high = operation.domain  # type: ignore[attr-defined]
    values: dict[str, np.ndarray] = {}
    for name in operation.inputs:  # type: ignore[attr-defined]
        if name in operation.masks:  # type: ignore[attr-defined]
            values[name] = rng.integers(0, 2, count).astype(bool)
        else:
            values[name] = rng.uniform(low, high, count)
    scalars = operation.scalars  # type: ignore[attr-defined]
    return values | {k: np.float64(v) for k, v in scalars.items()}


# The derivative that PyTorch defines is not that of the function.
NOT_THE_SLOPE = {"rrelu_noise", "threshold", "zeta"}


@pytest.mark.parametrize("operation", REAL, ids=[o.identifier for o in REAL])
def test_gradient_is_the_slope(operation: object) -> None:
    name = operation.identifier  # type: ignore[attr-defined]
    if name in NOT_THE_SLOPE:
        pytest.skip("the gradient is by definition not the slope")
    formula = operation.by_class["float"]  # type: ignore[attr-defined]
    values = points(operation)
    y = evaluate(formula, values)
    step = 1e-6
    for i in operation.differentiable:  # type: ignore[attr-defined]
        x = operation.inputs[i]  # type: ignore[attr-defined]
        above, below = values | {x: values[x] + step}, values | {x: values[x] - step}
        rise = evaluate(formula, above) - evaluate(formula, below)
        slope = rise / (2 * step)
        gradient = operation.gradients[i]  # type: ignore[attr-defined]
        actual = evaluate(gradient, values | {"g": np.float64(1), "y": y})
        np.testing.assert_allclose(
            np.broadcast_to(actual, slope.shape), slope, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("operation", REAL, ids=[o.identifier for o in REAL])
def test_gradients_can_be_differentiated(operation: object) -> None:
    """Every derivative is made of what has a derivative itself, and is its slope."""
    values = points(operation)
    formula = operation.by_class["float"]  # type: ignore[attr-defined]
    y = evaluate(formula, values)
    step = 1e-6
    for i in operation.differentiable:  # type: ignore[attr-defined]
        x = operation.inputs[i]  # type: ignore[attr-defined]
        gradient = operation.gradients[i]  # type: ignore[attr-defined]
        second = diff(gradient, var(x))
        if second is None or "y" in str(gradient):
            continue
        known = values | {"g": np.float64(1), "y": y}
        above, below = known | {x: values[x] + step}, known | {x: values[x] - step}
        slope = (evaluate(gradient, above) - evaluate(gradient, below)) / (2 * step)
        np.testing.assert_allclose(
            np.broadcast_to(evaluate(second, known), np.shape(slope)), slope, rtol=1e-4, atol=1e-5
        )


TWICE = [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "atanh", "sigmoid", "sqrt", "rsqrt", "reciprocal",
    "square", "erf", "erfc", "erfinv", "lgamma", "digamma", "logit", "sinc", "silu", "mish",
    "gelu", "softplus", "logsigmoid", "elu", "selu", "celu", "tanhshrink", "softsign",
]  # fmt: skip


@pytest.mark.parametrize("name", TWICE)
def test_second_derivatives_run(name: str) -> None:
    f = public(name)
    x = kajo.tensor([0.15, 0.4, 0.62, 0.87], dtype=kajo.float64, requires_grad=True)
    (first,) = kajo.autograd.grad(f(x).sum(), x, create_graph=True)
    (second,) = kajo.autograd.grad(first.sum(), x)
    step = 1e-6
    slopes = []
    for shift in (step, -step):
        moved = (x.detach() + shift).requires_grad_()
        (slope,) = kajo.autograd.grad(f(moved).sum(), moved)
        slopes.append(slope.numpy())
    expected = (slopes[0] - slopes[1]) / (2 * step)
    np.testing.assert_allclose(second.numpy(), expected, rtol=1e-5, atol=1e-6)


# ---- instruction sets ----------------------------------------------------------------------------

DIGEST = """
import hashlib, numpy as np, kajo, kajo.nn.functional as F
rng = np.random.default_rng(0)
digest = hashlib.sha256()
names = {names!r}
for dtype in (np.float32, np.float64):
    bits = rng.integers(0, 256, 1003 * dtype().itemsize, dtype=np.uint8).view(dtype)
    x = kajo.tensor(np.concatenate([bits, rng.normal(size=1003).astype(dtype)]))
    for name in names:
        y = (getattr(kajo, name, None) or getattr(F, name))(x).numpy()
        digest.update(np.where(np.isnan(y), dtype(7), y).tobytes())
print(digest.hexdigest())
"""


def test_instruction_sets_agree_bit_for_bit(tmp_path: Path) -> None:
    names = [n for n in TWICE if n not in ("lgamma",)] + ["floor", "round", "trunc", "sign", "abs"]
    code = DIGEST.format(names=names)
    digests = set()
    # The package under test, not whatever lies in the working directory.
    environment = os.environ | {"PYTHONPATH": str(Path(kajo.__file__).parents[1])}
    for isa in ("baseline", "avx2", "avx512"):
        run = subprocess.run(
            [sys.executable, "-c", code], env=environment | {"KAJO_ISA": isa}, cwd=tmp_path,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        digests.add(run.stdout.strip())
    assert len(digests) == 1
    assert len(next(iter(digests))) == hashlib.sha256().digest_size * 2


# ---- documentation -------------------------------------------------------------------------------


def test_public_operations_show_the_docstring_of_their_entry() -> None:
    for name in ("sin", "arcsin", "subtract", "clip", "floor_divide", "conj_physical"):
        text = getattr(kajo, name).__doc__
        assert text.startswith(f"{name}(Tensor self") and ">>> import kajo" in text, name
    for name in ("psi", "gammainc", "airy_ai", "hermite_polynomial_h"):
        assert ">>> import kajo" in getattr(kajo.special, name).__doc__, name
    assert kajo.Tensor.exp.__doc__ == kajo.exp.__doc__
    assert "In-place form of :func:`exp`" in kajo.Tensor.exp_.__doc__
    assert "Gradient: by input, other." in kajo.atan2.__doc__
    assert "The result is bool." in " ".join(kajo.isnan.__doc__.split())


def test_every_public_entry_is_documented() -> None:
    losses = {"binary_cross_entropy_with_logits", "kl_div", "hinge_embedding_loss"}
    places = (kajo._core.__all__, dir(kajo.special), dir(kajo.Tensor))
    for name, entry in OPERATIONS.items():
        if any(name in place for place in places) and name not in losses:
            assert ">>> import kajo" in entry.doc, name
