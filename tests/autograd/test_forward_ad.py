"""Forward mode: tangents of results, of views, of what is changed in place, and of gradients."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import kajo
import kajo.autograd.forward_ad as fwAD
from kajo import _core


def tangent(t):
    return fwAD.unpack_dual(t).tangent


def along(function, *inputs):
    """The value of `function` and its derivative along random directions, and those directions."""
    kajo.manual_seed(1)
    directions = [kajo.randn_like(x) for x in inputs]
    with fwAD.dual_level():
        duals = [fwAD.make_dual(x, d) for x, d in zip(inputs, directions)]
        return (*fwAD.unpack_dual(function(*duals)), directions)


def quotient(function, inputs, directions, step=1e-6):
    ahead = function(*[x + step * d for x, d in zip(inputs, directions)])
    behind = function(*[x - step * d for x, d in zip(inputs, directions)])
    return (ahead - behind) / (2 * step)


def network(x, w, b):
    h = kajo.nn.functional.layer_norm(x @ w + b, (4,)).sigmoid()
    return kajo.nn.functional.cross_entropy(h, kajo.tensor([0, 3])) + h.softmax(-1).std()


FUNCTIONS = {
    "network": (network, [(2, 3), (3, 4), (4,)]),
    "views": (lambda x: (x * x).t()[1:].reshape(-1).unfold(0, 2, 1).diagonal().cumsum(0), [(3, 4)]),
    "matrices": (lambda a: kajo.linalg.inv(a @ a.mT + 3 * kajo.eye(3, dtype=a.dtype)), [(3, 3)]),
    "several results": (lambda a: a.sort().values * a.max(0).values, [(3, 4)]),
    "complex": (lambda x, y: (kajo.complex(x, y).exp() * 1j).abs().log(), [(5,), (5,)]),
    "convolution": (
        lambda x, w: kajo.nn.functional.conv2d(x, w).relu(),
        [(1, 2, 5, 5), (3, 2, 3, 3)],
    ),
    "joined": (lambda x, y: kajo.cat([x, y * x]).prod(0), [(3,), (3,)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_are_difference_quotients(name):
    function, shapes = FUNCTIONS[name]
    kajo.manual_seed(0)
    inputs = [kajo.randn(s, dtype=kajo.float64) for s in shapes]
    value, found, directions = along(function, *inputs)
    assert kajo.equal(value, function(*inputs))
    assert found.shape == value.shape and found.dtype == value.dtype
    kajo.testing.assert_close(found, quotient(function, inputs, directions), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_have_tangents_and_tangents_have_gradients(name):
    function, shapes = FUNCTIONS[name]
    kajo.manual_seed(0)
    inputs = [kajo.randn(s, dtype=kajo.float64, requires_grad=True) for s in shapes]
    directions = [kajo.randn_like(x) for x in inputs]
    weight = kajo.randn_like(function(*inputs))
    grads = kajo.autograd.grad((function(*inputs) * weight).sum(), inputs, create_graph=True)
    inner = sum((g * d).sum() for g, d in zip(grads, directions))
    expected = kajo.autograd.grad(inner, inputs, allow_unused=True, materialize_grads=True)

    with fwAD.dual_level():  # forward over reverse
        duals = [fwAD.make_dual(x, d) for x, d in zip(inputs, directions)]
        grads = kajo.autograd.grad((function(*duals) * weight).sum(), duals)
        for g, e in zip(grads, expected):
            kajo.testing.assert_close(tangent(g), e, rtol=1e-7, atol=1e-8)
    with fwAD.dual_level():  # reverse over forward
        duals = [fwAD.make_dual(x, d) for x, d in zip(inputs, directions)]
        pushed = (tangent(function(*duals)) * weight).sum()
    found = kajo.autograd.grad(pushed, inputs, allow_unused=True, materialize_grads=True)
    for f, e in zip(found, expected):
        kajo.testing.assert_close(f, e, rtol=1e-7, atol=1e-8)


def test_levels_nest():
    x = kajo.tensor(0.7, dtype=kajo.float64)
    one = kajo.tensor(1.0, dtype=kajo.float64)
    outer = _core._enter_forward_level()
    a = _core._with_tangent(x, outer, one)
    inner = _core._enter_forward_level()
    b = _core._with_tangent(a, inner, one)
    result = (b.sin() * b).exp()
    first = _core._tangent(result, inner)
    _core._exit_forward_level(inner)
    second = _core._tangent(first, outer)
    _core._exit_forward_level(outer)
    s, c = np.sin(0.7), np.cos(0.7)
    slope = s + 0.7 * c
    np.testing.assert_allclose(first.item(), slope * np.exp(0.7 * s))
    np.testing.assert_allclose(second.item(), (slope**2 + 2 * c - 0.7 * s) * np.exp(0.7 * s))


def test_views_share_the_tangent_of_their_base():
    with fwAD.dual_level():
        x = fwAD.make_dual(kajo.zeros(2, 3), kajo.arange(6.0).view(2, 3))
        part = x[1, 1:]
        part.mul_(10)
        assert tangent(x).tolist() == [[0, 1, 2], [3, 40, 50]]
        x.zero_()
        assert tangent(part).tolist() == [0, 0]
        y = kajo.zeros(3)
        early = y[:2]
        y[1] = fwAD.make_dual(kajo.tensor(1.0), kajo.tensor(5.0))
        assert tangent(y).tolist() == [0, 5, 0] and tangent(early).tolist() == [0, 5]
        z = kajo.zeros(2, dtype=kajo.complex64)
        z.imag.copy_(fwAD.make_dual(kajo.ones(2), kajo.full((2,), 3.0)))
        assert tangent(z).tolist() == [3j, 3j]
        wide = fwAD.make_dual(kajo.ones(1), kajo.ones(1)).expand(3)
        assert tangent(wide[1:]).tolist() == [1, 1]
        turned = fwAD.make_dual(kajo.zeros(2, 3), kajo.arange(6.0).view(3, 2).t())
        assert tangent(turned[0]).tolist() == [0, 2, 4]


def test_the_dual_of_a_tensor_leaves_it_alone():
    x, t = kajo.ones(3), kajo.ones(3)
    with fwAD.dual_level():
        dual = fwAD.make_dual(x, t)
        dual.mul_(2)
        assert tangent(x) is None and x.tolist() == [2, 2, 2]
        assert t.tolist() == [1, 1, 1] and tangent(dual).tolist() == [2, 2, 2]
        assert tangent(dual.detach()) is None
        assert fwAD.unpack_dual(dual).primal.data_ptr() == x.data_ptr()
        assert tangent(fwAD.unpack_dual(dual).primal * 2) is None
        assert repr(dual) == "tensor([2., 2., 2.], tangent=tensor([2., 2., 2.]))"


def test_tangents_end_with_their_level():
    t = kajo.ones(3)
    with fwAD.dual_level():
        dual = fwAD.make_dual(kajo.ones(3), t)
        kept = dual * 2
    assert tangent(kept) is None
    with fwAD.dual_level():
        assert tangent(kept) is None and tangent(dual) is None


def test_no_grad_keeps_tangents_and_inference_mode_does_not():
    with fwAD.dual_level():
        x = fwAD.make_dual(kajo.ones(2), kajo.ones(2))
        with kajo.no_grad():
            assert tangent(x * 3).tolist() == [3, 3]
        with kajo.inference_mode():
            assert tangent(x * 3) is None
        with fwAD._set_fwd_grad_enabled(False):
            assert tangent(x * 3) is None
        assert tangent(x.floor()).tolist() == [0, 0]
        assert tangent(x > 0) is None
        with pytest.raises(NotImplementedError, match="out= function"):
            kajo.mul(x, 2, out=kajo.empty(2))


def test_refusals():
    x, t = kajo.ones(3), kajo.ones(3)
    with pytest.raises(RuntimeError, match="no level exists"):
        fwAD.make_dual(x, t)
    with pytest.raises(RuntimeError, match="must be a positive number"):
        fwAD.exit_dual_level()
    with fwAD.dual_level() as level:
        assert level == 0
        with pytest.raises(RuntimeError, match="Nested forward mode AD"):
            fwAD.enter_dual_level()
        with pytest.raises(ValueError, match="Expected primal to be floating point or complex"):
            fwAD.make_dual(x.long(), t)
        with pytest.raises(ValueError, match="Expected tangent to be floating point or complex"):
            fwAD.make_dual(x, t.long())
        with pytest.raises(RuntimeError, match="different size"):
            fwAD.make_dual(x, kajo.ones(2))
        dual = fwAD.make_dual(x, t)
        with pytest.raises(RuntimeError, match="already has a forward gradient"):
            fwAD.make_dual(dual, t)
        with pytest.raises(RuntimeError, match="itself has a forward gradient"):
            fwAD.make_dual(x, dual)
        with pytest.raises(RuntimeError, match="not the last one"):
            fwAD.exit_dual_level(level=3)


class Scaled(kajo.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_forward(x, factor)
        return x * factor

    @staticmethod
    def jvp(ctx, x_tangent, factor_tangent):
        x, factor = ctx.saved_tensors
        return x_tangent * factor + x * factor_tangent


def test_functions_have_a_jvp():
    with fwAD.dual_level():
        x = fwAD.make_dual(kajo.ones(2), kajo.tensor([1.0, 2.0]))
        assert tangent(Scaled.apply(x, kajo.tensor(3.0))).tolist() == [3, 6]
        assert tangent(Scaled.apply(x, x)).tolist() == [2, 4]

    class Without(kajo.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    class Short(Without):
        @staticmethod
        def jvp(ctx, x):
            return x, x

    with fwAD.dual_level():
        x = fwAD.make_dual(kajo.ones(2), kajo.ones(2))
        with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
            Without.apply(x)
        with pytest.raises(RuntimeError, match="invalid number of forward gradients"):
            Short.apply(x)


def test_tangents_of_an_ended_level_are_freed():
    gc.collect()
    with fwAD.dual_level():
        t = kajo.ones(1000)
        x = fwAD.make_dual(kajo.ones(1000), t)
        held = _core._tangent(x, 0)
        assert held is t
    assert kajo.autograd.forward_ad.unpack_dual(x).tangent is None


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_against_torch(dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)

    def data(*shape):
        x = rng.standard_normal(shape)
        return x + 1j * rng.standard_normal(shape) if dtype == "complex128" else x

    def program(lib, x, y):
        z = lib.cat([x.exp(), (y * x).mT], dim=0) / (2 + y.sum())
        z[0] = x[1] * y[0, 0]
        z[:, 1].mul_(z[:, 0])
        q = lib.einsum("ij,kj->ik", z, z).tril()
        return lib.stack([q.sum(0), q.mean(0) ** 2, q.abs().sqrt().sum(1).to(q.dtype)])

    x, y, tx, ty = data(3, 3), data(3, 3), data(3, 3), data(3, 3)
    results = []
    for lib, make in ((torch, torch.from_numpy), (kajo, kajo.from_numpy)):
        forward = lib.autograd.forward_ad
        with forward.dual_level():
            duals = [forward.make_dual(make(a), make(t)) for a, t in ((x, tx), (y, ty))]
            results.append(forward.unpack_dual(program(lib, *duals)))
    for expected, found in zip(*results):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-9)
