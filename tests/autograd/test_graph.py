"""Edges, hooks, what is saved, which gradients are computed, frozen views, and gradcheck's options."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest

import kajo
from kajo.autograd import graph
from kajo.autograd.gradcheck import GradcheckError


def leaf(*shape):
    return kajo.ones(*shape, requires_grad=True)


def test_backward_and_grad_take_edges():
    x = leaf(2)
    y = x * 2
    edge = graph.get_gradient_edge(y)
    kajo.autograd.backward(edge, kajo.ones(2), retain_graph=True)
    assert x.grad.tolist() == [2, 2]
    assert kajo.autograd.grad((y * 3).sum(), edge)[0].tolist() == [3, 3]
    assert kajo.autograd.grad(graph.get_gradient_edge(y.sum()), x)[0].tolist() == [2, 2]
    w = leaf(2)
    (x * w).sum().backward(inputs=[graph.get_gradient_edge(w)])
    assert w.grad.tolist() == [1, 1] and x.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        kajo.autograd.grad(graph.get_gradient_edge(x * 2), x)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        kajo.autograd.grad(graph.get_gradient_edge(x * 2), x, kajo.ones(3))


class Product(kajo.autograd.Function):
    wanted: tuple = ()

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        Product.wanted = ctx.needs_input_grad
        x, y = ctx.saved_tensors
        return grad * y, grad * x


def test_only_what_was_asked_for_is_computed():
    x, y = leaf(2), leaf(2)
    kajo.autograd.grad(Product.apply(x, y).sum(), y)
    assert Product.wanted == (False, True)
    Product.apply(x, y).sum().backward()
    assert Product.wanted == (True, True)


class Doubled(kajo.autograd.Function):
    @staticmethod
    def forward(ctx, factor, x):
        ctx.mark_dirty(x)
        ctx.save_for_backward(factor)
        return x.mul_(factor)

    @staticmethod
    def backward(ctx, grad):
        return None, grad * ctx.saved_tensors[0]


def test_functions_change_views_in_place():
    x = leaf(2, 2)
    y = x * 1
    row = y[1]
    assert Doubled.apply(kajo.tensor(5.0), row) is row
    y.sum().backward()
    assert x.grad.tolist() == [[1, 1], [5, 5]]
    assert row.grad_fn is not None and y.grad_fn.name() == "CopySlices"
    with pytest.raises(RuntimeError, match="a view of a leaf"):
        Doubled.apply(kajo.tensor(5.0), leaf(2)[0])


def test_views_that_may_not_be_changed():
    with kajo.no_grad():
        x = kajo.ones(2)
        early = x[:1]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        early.mul_(leaf(1))
    x = leaf(4) * 1
    first, _ = x.split(2)
    with pytest.raises(RuntimeError, match="is the output of a function that returns multiple"):
        first.add_(1)
    x.mul_(2)
    with pytest.raises(RuntimeError, match="its base or another view of its base"):
        _ = first.grad_fn
    view = kajo.ones(2)[:1].requires_grad_()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        view.mul_(2)


def test_values_written_over_have_a_zero_gradient():
    for change in (lambda t: t.zero_(), lambda t: t.fill_(2), lambda t: t.copy_(kajo.zeros(2))):
        x = leaf(2)
        y = x * 1
        change(y)
        y.sum().backward()
        assert x.grad.tolist() == [0, 0]


def test_results_of_hooks_are_checked():
    def run(register):
        y = leaf(2) * 2
        register(y)
        y.sum().backward()

    with pytest.raises(RuntimeError, match="incorrect number of values"):
        run(lambda y: y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0],) * 4))
    with pytest.raises(RuntimeError, match="changed the type of value"):
        run(lambda y: y.register_hook(lambda g: g.double()))
    with pytest.raises(RuntimeError, match="changed the size of value"):
        run(lambda y: y.register_hook(lambda g: g.sum()))


def test_hooks_on_several_gradients_wait_for_those_that_come():
    x, y, unused = leaf(2), leaf(2), leaf(2)
    calls = []
    graph.register_multi_grad_hook(
        [x, y, unused], lambda grads: calls.append([g is None for g in grads])
    )
    firsts = []
    graph.register_multi_grad_hook([x, y], firsts.append, mode="any")
    for _ in range(2):
        (x * y).sum().backward()
    assert calls == [[False, False, True]] * 2 and len(firsts) == 2


def test_nodes_can_be_called():
    x = leaf(2)
    given, nothing = (x * 3).grad_fn(kajo.ones(2))
    assert given.tolist() == [3, 3] and nothing is None


def test_grad_of_what_keeps_none_warns():
    y = leaf(2) * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor"):
        assert y.grad is None
    y.retain_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.sum().backward()
        assert y.grad.tolist() == [1, 1]


def test_packing_must_not_write():
    with graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
        with pytest.raises(RuntimeError, match="modifying its input in place"):
            (leaf(2) * 1).exp()


def test_mutation_of_saved_tensors_ends_with_its_block():
    x = leaf(2)
    with graph.allow_mutation_on_saved_tensors():
        with pytest.raises(RuntimeError, match="cannot be nested"):
            with graph.allow_mutation_on_saved_tensors():
                pass
        a = x * 1
        b = a * a
        a.zero_()
        (first,) = kajo.autograd.grad(b.sum(), x, create_graph=True)
        assert first.tolist() == [2, 2]
        assert kajo.autograd.grad(first.sum(), x)[0].tolist() == [2, 2]
        c = a * x
    with pytest.raises(AssertionError, match="outside of the"):
        c.sum().backward()


class Same(kajo.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, grad):
        return grad


def test_a_result_on_its_own_context_is_collected():
    y = Same.apply(leaf(2))
    y.grad_fn.result = y
    alive = weakref.ref(y)
    del y
    gc.collect()
    assert alive() is None


class WrongForward(Same):
    @staticmethod
    def jvp(ctx, x):
        return x * 3


@pytest.mark.parametrize("fast", [False, True])
def test_gradcheck_in_all_modes(fast):
    kajo.manual_seed(0)
    x = kajo.randn(2, 3, dtype=kajo.float64, requires_grad=True)
    z = kajo.randn(2, 2, dtype=kajo.complex128, requires_grad=True)
    everything = {"check_forward_ad": True, "check_batched_grad": True, "check_grad_dtypes": True}
    for function, inputs in (
        (lambda x: (x.sin() @ x.mT, x.softmax(-1)), x),
        (lambda z: (z.exp() * z.conj(), z.abs()), z),
    ):
        assert kajo.autograd.gradcheck(function, inputs, fast_mode=fast, **everything)
        assert kajo.autograd.gradgradcheck(
            function, inputs, fast_mode=fast, check_fwd_over_rev=True
        )
    assert kajo.autograd.gradcheck(WrongForward.apply, x, fast_mode=fast)
    with pytest.raises(GradcheckError, match="forward mode"):
        kajo.autograd.gradcheck(WrongForward.apply, x, fast_mode=fast, check_forward_ad=True)


def test_jacobians_in_forward_mode():
    x, y = kajo.tensor([1.0, 2.0]), kajo.tensor([[3.0], [4.0]])

    def function(x, y):
        return (x * y).sin(), x.sum()

    options = {"vectorize": True, "strategy": "forward-mode"}
    expected = kajo.autograd.functional.jacobian(function, (x, y))
    found = kajo.autograd.functional.jacobian(function, (x, y), **options)
    kajo.testing.assert_close(found, expected)
    assert kajo.autograd.functional.hessian(
        lambda x: (x**3).sum(), x, vectorize=True, outer_jacobian_strategy="forward-mode"
    ).tolist() == [[6, 0], [0, 12]]
    with pytest.raises(NotImplementedError, match="only implemented for `vectorize=True`"):
        kajo.autograd.functional.jacobian(kajo.sin, x, strategy="forward-mode")


def test_inputs_handed_through_may_not_be_changed():
    class Handed(Same):
        @staticmethod
        def forward(ctx, x):
            return x

    y = Handed.apply(leaf(2) * 1)
    with pytest.raises(RuntimeError, match="is being modified inplace"):
        y.mul_(2)
