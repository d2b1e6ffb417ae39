"""Numbers and factors that meet tensors of 16 bits are rounded where PyTorch rounds them."""

from __future__ import annotations

import operator

import pytest

import kajo

torch = pytest.importorskip("torch")

BY_NUMBER = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.eq, operator.gt, operator.le,
]  # fmt: skip


def pair(size, dtype, seed=0):
    theirs = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    theirs = theirs.to(getattr(torch, dtype))
    return kajo.from_numpy(theirs.float().numpy()).to(getattr(kajo, dtype)), theirs


def check(ours, theirs):
    kind = str(theirs.dtype).partition(".")[2]
    assert str(ours.dtype).partition(".")[2] == kind
    difference = torch.from_numpy(ours.detach().float().numpy().copy()) != theirs.detach().float()
    different = difference & ~theirs.isnan()
    assert not different.any(), different.nonzero().flatten()[:10]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("function", BY_NUMBER, ids=lambda f: f.__name__)
def test_numbers_and_single_tensors(function, dtype):
    ours, theirs = pair(500, dtype)
    ours, theirs = ours.abs(), theirs.abs()
    for number in (0.7, 1.3, 257, 3):
        if function is operator.pow and number == 3:
            continue  # PyTorch multiplies twice
        check(function(ours, number), function(theirs, number))
        if function not in (operator.pow, operator.floordiv):
            check(function(number, ours), function(number, theirs))
        if function is not operator.pow:
            check(function(ours, kajo.tensor(number)), function(theirs, torch.tensor(number)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("size", [(), 1, 31, 32, 33, 100, 5000])
@pytest.mark.parametrize("name", ["add", "sub", "rsub", "add_", "sub_"])
def test_factors_of_sums(name, size, dtype):
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("PyTorch rounds elsewhere behind narrower vectors")
    a, x = pair(size, dtype)
    b, y = pair(size, dtype, 1)
    if hasattr(kajo, name):
        check(getattr(kajo, name)(a, b, alpha=-0.3), getattr(torch, name)(x, y, alpha=-0.3))
    else:
        check(getattr(a, name)(b, alpha=-0.3), getattr(x, name)(y, alpha=-0.3))


def test_gradients_of_factors():
    for side in (kajo, torch):
        a, b = (side.ones(100, dtype=side.bfloat16, requires_grad=True) for _ in range(2))
        side.add(a, b, alpha=0.5).sum().backward()
        assert a.grad.sum().item() == 100 and b.grad.sum().item() == 50


@pytest.mark.parametrize("number", [2.0, 0.7, 3, True, 1 + 2j])
def test_a_number_by_a_tensor_is_its_reciprocal_times_the_number(number):
    x = torch.rand(1000) + 0.1
    y = kajo.from_numpy(x.numpy())
    assert kajo.equal(number / y, kajo.from_numpy((number / x).numpy()))
    assert (number / kajo.ones(2, requires_grad=True)).grad_fn.name() == "MulBackward0"
