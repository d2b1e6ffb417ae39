"""Quantisation in simulation gives PyTorch's numbers and gradients, to the last bit."""

import pytest

import kajo

torch = pytest.importorskip("torch")

DTYPES = ["float32", "float64", "float16", "bfloat16"]


def both(values, dtype="float32"):
    numbers = values.double().numpy() if isinstance(values, torch.Tensor) else values
    return [lib.tensor(numbers, dtype=getattr(lib, dtype)) for lib in (kajo, torch)]


def same(ours, theirs):
    assert str(ours.dtype)[5:] == str(theirs.dtype)[6:]
    assert ours.double().flatten().tolist() == theirs.double().flatten().tolist()


def numbers(*shape):
    torch.manual_seed(1)
    return torch.randn(*shape) * 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("scale", "zero", "low", "high"), [(0.1, 0, 0, 255), (0.03, 7, -8, 7), (2.5, -3, -128, 127)]
)
@pytest.mark.parametrize("as_tensors", [False, True])
def test_per_tensor(dtype, scale, zero, low, high, as_tensors):
    values = torch.cat(
        [numbers(40), torch.tensor([0.05, 0.15, -0.25, torch.nan, torch.inf, -torch.inf])]
    )
    results = []
    for lib, x in zip((kajo, torch), both(values, dtype)):
        x.requires_grad_()
        given = (lib.tensor(scale), lib.tensor(zero)) if as_tensors else (scale, zero)
        y = lib.fake_quantize_per_tensor_affine(x, *given, low, high)
        y.backward(lib.arange(1.0, 47.0).to(y.dtype))
        results.append((y.detach(), x.grad))
    for ours, theirs in zip(*results):
        same(ours, theirs)


@pytest.mark.parametrize("zero_dtype", ["int32", "float32"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_per_channel(dtype, zero_dtype):
    results = []
    for lib, x in zip((kajo, torch), both(numbers(2, 3, 5), dtype)):
        x.requires_grad_()
        scale = lib.tensor([0.1, 0.02, 1.5])
        zero = lib.tensor([0.0, 3.0, 5.0] if zero_dtype == "int32" else [0.0, 2.5, 5.25])
        zero = zero.to(getattr(lib, zero_dtype))
        y = lib.fake_quantize_per_channel_affine(x, scale, zero, 1, -8, 7)
        y.sum().backward()
        results.append((y.detach(), x.grad))
    for ours, theirs in zip(*results):
        same(ours, theirs)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("by_row", [False, True])
def test_watching_and_quantising(symmetric, by_row):
    torch.manual_seed(0)
    steps = [torch.randn(3, 4) * 4 + 1 for _ in range(4)] + [torch.rand(3, 4) * 1e-4]
    observed = []
    for lib, convert in ((kajo, lambda t: kajo.from_numpy(t.numpy())), (torch, lambda t: t)):
        count = 3 if by_row else 1
        state = [lib.full((count,), lib.inf), lib.full((count,), -lib.inf)]
        state += [lib.ones(count), lib.zeros(count, dtype=lib.int32)]
        on, off, seen = lib.tensor([1]), lib.tensor([0]), []
        for number, step in enumerate(steps):
            switches = (on if number != 3 else off), (off if number == 0 else on)
            result = lib.fused_moving_avg_obs_fake_quant(
                convert(step.clone()),
                *switches,
                *state,
                0.3,
                0,
                255,
                0 if by_row else -1,
                by_row,
                symmetric,
            )
            seen += [t.double().tolist() for t in (result, *state)]
        observed.append(seen)
    for ours, theirs in zip(*observed):
        assert ours == theirs


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("ratio", [0.16, 0.5])
def test_the_range_that_loses_least(bits, ratio):
    ours, theirs = both(numbers(60))
    found = kajo.choose_qparams_optimized(ours, 60, 200, ratio, bits)
    expected = torch.choose_qparams_optimized(theirs, 60, 200, ratio, bits)
    for a, b in zip(found, expected):
        assert a.tolist() == pytest.approx(b.tolist(), rel=1e-5)


REFUSED = [
    lambda lib, x: lib.fake_quantize_per_tensor_affine(x, 0.1, 0, 10, 5),
    lambda lib, x: lib.fake_quantize_per_tensor_affine(x, 0.1, 300, 0, 255),
    lambda lib, x: lib.fake_quantize_per_tensor_affine(x.int(), 0.1, 0, 0, 255),
    lambda lib, x: lib.fake_quantize_per_tensor_affine(
        x, lib.tensor(0.1, requires_grad=True), lib.tensor(0), 0, 255
    ),
    lambda lib, x: lib.fake_quantize_per_channel_affine(x, lib.ones(1), lib.ones(1).int(), 1, 0, 7),
    lambda lib, x: lib.fake_quantize_per_channel_affine(
        x, lib.ones(3), lib.ones(3).long(), 1, 0, 7
    ),
    lambda lib, x: lib.fake_quantize_per_channel_affine(x, lib.ones(3), lib.ones(3).int(), 2, 0, 7),
    lambda lib, x: lib.fake_quantize_per_channel_affine(
        x, lib.ones(3), lib.ones(3).int() * 9, 1, 0, 7
    ),
    lambda lib, x: lib.choose_qparams_optimized(x, 100, 200, 0.16, 4),
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    with pytest.raises(Exception) as theirs:
        call(torch, torch.ones(2, 3, requires_grad=True))
    with pytest.raises(theirs.type):
        call(kajo, kajo.ones(2, 3, requires_grad=True))
