"""`conj` and `imag` of it: views that share memory and conjugate or negate what they show."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import kajo


def numbers(*shape):
    kajo.manual_seed(0)
    return kajo.randn(*shape, dtype=kajo.complex128)


def values(t):
    return np.array(t.tolist())


@pytest.fixture
def x():
    return numbers(2, 3)


def test_views_share_memory_and_carry_flags(x):
    c = x.conj()
    assert c.is_conj() and not c.is_neg() and c._base is x and c.data_ptr() == x.data_ptr()
    assert not c.conj().is_conj() and c.conj().data_ptr() == x.data_ptr()
    assert c.imag.is_neg() and not c.imag.is_conj() and not c.real.is_neg()
    assert not c.imag.conj().is_conj() and c.imag.conj().is_neg()
    for view in (c.T[1:], c.view(-1), c[0], c.mT, c.expand(2, 2, 3), c.unbind()[0], c.detach(),
                 c.data, c.split(1)[0], c.as_strided((2,), (1,)), c.contiguous(), c.cpu(),
                 x.mH, x.H, x.adjoint(), c.reshape(3, 2), c.squeeze(), c.to(c.dtype)):  # fmt: skip
        assert view.is_conj()
    for fresh in (c.clone(), c.T.contiguous(), c.to(kajo.complex64), c * 1, c.resolve_conj(),
                  kajo.empty_like(c), kajo.conj_physical(c), c.T.reshape(-1), kajo.tensor(c)):  # fmt: skip
        assert not fresh.is_conj()
    assert x.resolve_conj() is x and not kajo.ones(2).conj().is_conj()
    assert not c.imag.resolve_neg().is_neg() and not c.imag.clone().is_neg()
    np.testing.assert_array_equal(values(c), values(x).conj())
    np.testing.assert_array_equal(values(c.imag), -values(x).imag)
    np.testing.assert_array_equal(values(c.conj().conj().T[1:]), values(x).conj().T[1:])
    assert c[0, 1].item() == x[0, 1].item().conjugate()
    assert str(c) == str(c.resolve_conj()) and str(c.imag) == str(c.imag.resolve_neg())


def test_writes_go_through(x):
    c, before = x.conj(), values(x)
    c.mul_(1j)
    np.testing.assert_allclose(values(x), -1j * before)
    c[0, 0] = 1 + 2j
    assert x[0, 0].item() == 1 - 2j
    c.imag.fill_(3.0)
    assert (x.imag == -3).all()
    c[1] = kajo.zeros(3, dtype=c.dtype)
    assert (x[1] == 0).all()
    c.T[2].add_(5j)
    np.testing.assert_allclose(values(x[:, 2]).imag, [-8, -5])
    x.copy_(kajo.full((2, 3), 2 + 3j).conj())
    assert (x == 2 - 3j).all() and (c == 2 + 3j).all()
    x.copy_(x.conj())
    assert (x == 2 + 3j).all()
    out = kajo.zeros(2, 3, dtype=x.dtype)
    kajo.add(x, x, out=out.conj())
    assert (out == 4 - 6j).all()
    out.conj().scatter_(1, kajo.tensor([[0], [1]]), 7j)
    assert out[0, 0].item() == -7j and out[0, 1].item() == 4 - 6j
    kajo.manual_seed(1)
    drawn = kajo.zeros(4, dtype=x.dtype)
    drawn.conj().normal_()
    kajo.manual_seed(1)
    assert kajo.equal(drawn.conj(), kajo.zeros(4, dtype=x.dtype).normal_())


UNARY = [
    kajo.exp, kajo.sum, kajo.abs, kajo.angle, kajo.cumsum, kajo.flip, kajo.linalg.svdvals, kajo.fft.fft,
    kajo.isfinite, kajo.stack, kajo.linalg.norm, kajo.var,
]  # fmt: skip


@pytest.mark.parametrize("operation", UNARY, ids=lambda f: f.__name__)
def test_operations_see_what_views_show(operation, x):
    given = {"cumsum": lambda t: (t, 0), "flip": lambda t: (t, (0,)), "stack": lambda t: ((t, t),)}
    arguments = given.get(operation.__name__, lambda t: (t,))
    lazy, plain = x.conj().T, x.resolve_conj().conj_physical().T
    kajo.testing.assert_close(operation(*arguments(lazy)), operation(*arguments(plain)))
    if operation not in (kajo.angle, kajo.svd):
        lazy, plain = x.conj().imag, -x.imag
        kajo.testing.assert_close(operation(*arguments(lazy)), operation(*arguments(plain)))


def test_products():
    a, b = numbers(3, 4), numbers(4, 3)
    for p in (a, a.conj(), a.mH.mH.conj()):
        for q in (b, b.conj(), a.mH):
            kajo.testing.assert_close(p @ q, p.conj_physical().conj_physical() @ q.clone())
    kajo.testing.assert_close(a[0].conj() @ b[:, 0], kajo.vdot(a[0], b[:, 0]))
    kajo.testing.assert_close(kajo.vdot(a[0].conj(), b[:, 0]), a[0] @ b[:, 0])
    kajo.testing.assert_close(a.conj() @ b[:, 0].conj(), (a @ b[:, 0]).conj())
    kajo.testing.assert_close(a.conj().imag @ b.conj().imag, a.imag @ b.imag)
    batch = kajo.stack([a, 2 * a])
    kajo.testing.assert_close(batch.mH @ batch, batch.mT.conj_physical() @ batch)
    kajo.testing.assert_close(
        kajo.addmm(numbers(3, 3).conj(), a.conj(), b.conj()), numbers(3, 3).conj() + (a @ b).conj()
    )


def test_refusals(x):
    c = x.conj()
    with pytest.raises(RuntimeError, match="view_as_real doesn't work on unresolved conjugated"):
        kajo.view_as_real(c)
    with pytest.raises(RuntimeError, match="not supported for conjugate view tensors"):
        c.view(kajo.float64)
    with pytest.raises(RuntimeError, match="not supported for tensors with negative bit set"):
        c.imag.view(kajo.int64)
    with pytest.raises(
        RuntimeError, match="Can't call numpy\\(\\) on Tensor that has conjugate bit"
    ):
        c.numpy()
    with pytest.raises(
        RuntimeError, match="Can't call numpy\\(\\) on Tensor that has negative bit"
    ):
        np.asarray(c.imag)
    with pytest.raises(BufferError):
        memoryview(c)
    with pytest.raises(BufferError, match="conjugate bit"):
        c.__dlpack__()
    np.testing.assert_array_equal(c.numpy(force=True), values(x).conj())
    assert not c.is_set_to(x) and c.is_set_to(c)


def test_gradients_flow_through():
    x = numbers(2, 3).requires_grad_()
    assert x.conj().grad_fn.name() == "ConjBackward0"
    assert x.conj_physical().grad_fn.name() == "ConjPhysicalBackward0"
    assert x.conj().imag.grad_fn.name() == "SelectBackward0"
    w = numbers(3, 2)
    for function in (
        lambda t: (t.conj().T * w).abs().sum(),
        lambda t: (t.mH @ t).imag.exp().sum(),
        lambda t: t.conj().imag.cumsum(0).pow(2).sum(),
        lambda t: kajo._core._neg_view(t.conj()).real.pow(2).sum(),
    ):
        assert kajo.autograd.gradcheck(function, (x,))
        assert kajo.autograd.gradgradcheck(function, (x,))

    def in_place(t):
        y = t * 2
        y.conj()[0].mul_(3j)
        y.conj().imag[1].mul_(2.0)
        return y.pow(2)

    assert kajo.autograd.gradcheck(in_place, (x,))
    (g,) = kajo.autograd.grad((x.conj() * w.T).sum().real, x)
    kajo.testing.assert_close(g.resolve_conj(), w.T.clone())


def test_tangents_follow():
    import kajo.autograd.forward_ad as fwAD

    x, t = numbers(3), numbers(3) * 2j
    with fwAD.dual_level():
        d = fwAD.make_dual(x, t)
        kajo.testing.assert_close(fwAD.unpack_dual(d.conj()).tangent, t.conj())
        kajo.testing.assert_close(fwAD.unpack_dual(d.conj().imag).tangent, -t.imag)
        y = d * 1
        y.conj()[1:].mul_(1j)
        kajo.testing.assert_close(fwAD.unpack_dual(y).tangent[1:], -1j * t[1:])


def test_copies_and_files(x):
    c = x.conj()
    deep = copy.deepcopy(c)
    assert not deep.is_conj() and kajo.equal(deep, c)
    assert copy.copy(c).is_conj() and kajo.equal(copy.copy(c), c)
    for t in (c, c.imag, x.mH):
        again = pickle.loads(pickle.dumps(t))
        assert (
            kajo.equal(again, t) and again.is_conj() == t.is_conj() and again.is_neg() == t.is_neg()
        )
        stream = io.BytesIO()
        kajo.save({"t": t}, stream)
        stream.seek(0)
        loaded = kajo.load(stream)["t"]
        assert kajo.equal(loaded, t) and loaded.is_conj() == t.is_conj()
        assert loaded.is_neg() == t.is_neg()
    assert c.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


def test_a_leaf_may_be_a_lazy_view(x):
    p = kajo.nn.Parameter(x.conj().detach())
    (p * p.conj()).sum().real.backward()
    kajo.testing.assert_close(p.grad.resolve_conj(), 2 * p.detach())
    kajo.optim.SGD([p], lr=0.5).step()
    kajo.testing.assert_close(p.detach().resolve_conj(), kajo.zeros_like(p))
    kajo.testing.assert_close(x, kajo.zeros_like(x))
