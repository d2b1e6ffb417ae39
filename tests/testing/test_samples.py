"""make_tensor draws what PyTorch's does."""

import pytest

import kajo

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip
OPTIONS = [
    {}, {"low": 0, "high": 3}, {"low": -2}, {"exclude_zero": True}, {"noncontiguous": True},
    {"high": 200}, {"low": -300, "high": 400}, {"low": 3, "high": 2}, {"low": float("nan")},
    {"requires_grad": True}, {"low": 0, "high": 1, "exclude_zero": True}, {"channels_last": True},
    {"channels_last": True, "noncontiguous": True}, {"low": float("-inf"), "high": float("inf")},
]  # fmt: skip


def described(fw, dtype, options):
    options = dict(options)
    if options.pop("channels_last", False):
        options["memory_format"] = fw.channels_last
    fw.manual_seed(0)
    try:
        found = fw.testing.make_tensor(
            2, 3, 4, 5, dtype=getattr(fw, dtype), device="cpu", **options
        )
    except ValueError:
        return "refused"
    values = [str(value) for value in found.detach().flatten().tolist()]
    return found.stride(), found.requires_grad, values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_numbers(dtype, options):
    torch = pytest.importorskip("torch")
    assert described(kajo, dtype, options) == described(torch, dtype, options)


@pytest.mark.parametrize("shape", [(), (3,), ((2, 3),), ([2, 3],), (0,), (2, 1)])
@pytest.mark.parametrize("noncontiguous", [False, True])
def test_shapes(shape, noncontiguous):
    torch = pytest.importorskip("torch")
    found = []
    for fw in (kajo, torch):
        fw.manual_seed(0)
        x = fw.testing.make_tensor(
            *shape, dtype=fw.float32, device="cpu", noncontiguous=noncontiguous
        )
        found.append((tuple(x.shape), x.stride(), x.tolist()))
    assert found[0] == found[1]


def test_ranges():
    numbers = kajo.testing.make_tensor(1000, dtype=kajo.uint8, high=1000)
    assert numbers.max() == 255
    numbers = kajo.testing.make_tensor(1000, dtype=kajo.float32, low=2, high=3)
    assert numbers.min() >= 2
    assert numbers.max() < 3
    with pytest.raises(ValueError, match="holds"):
        kajo.testing.make_tensor(1, dtype=kajo.int8, low=1000, high=2000)
