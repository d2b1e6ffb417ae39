"""autograd.Function."""

import pytest

import kajo
from kajo.autograd import Function, gradcheck, gradgradcheck
from kajo.autograd.function import once_differentiable


class Scale(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        ctx.k = k
        return x * k, x + 1

    @staticmethod
    def backward(ctx, g, h):
        return g * ctx.k + h, None


def leaf(*values):
    return kajo.tensor(list(values), requires_grad=True)


def test_names_and_attributes():
    x = leaf(1.0, 2.0)
    a, b = Scale.apply(x, 3.0)
    assert repr(a) == "tensor([3., 6.], grad_fn=<ScaleBackward>)"
    node = a.grad_fn
    assert node is b.grad_fn and node.name() == "ScaleBackward" and node.k == 3.0
    assert node.needs_input_grad == (True, False)
    assert node.saved_tensors[0] is not None
    assert node.next_functions[0][0].name() == "AccumulateGrad"
    a.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_keyword_arguments():
    a, _ = Scale.apply(leaf(1.0), k=2.0)
    assert a.tolist() == [2.0]


def test_materialized_gradients():
    seen = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x, keep):
            ctx.set_materialize_grads(keep)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, g, h):
            seen.append(h)
            return g, None

    Two.apply(leaf(1.0), True)[0].sum().backward()
    Two.apply(leaf(1.0), False)[0].sum().backward()
    assert seen[0].tolist() == [0.0] and seen[1] is None


def test_separate_context():
    class Separate(Function):
        @staticmethod
        def forward(x, k):
            return x**k

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0], output)
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx, g):
            x, _ = ctx.saved_tensors
            return g * ctx.k * x ** (ctx.k - 1), None

    x = kajo.rand(3, dtype=kajo.float64).add_(1).requires_grad_()
    assert gradcheck(lambda x: Separate.apply(x, 3), x)
    assert gradgradcheck(lambda x: Separate.apply(x, 3), x)


def test_wrong_results_of_backward():
    def make(result):
        class Wrong(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return result(g)

        return Wrong.apply(leaf(1.0, 2.0)).sum()

    with pytest.raises(RuntimeError, match="incorrect number of gradients .expected 1, got 2."):
        make(lambda g: (g, g)).backward()
    with pytest.raises(RuntimeError, match="invalid gradient at index 0"):
        make(lambda g: kajo.ones(3)).backward()
    with pytest.raises(RuntimeError, match="expected Variable or None"):
        make(lambda g: 1.0).backward()
    make(lambda g: (g, None)).backward()


def test_backward_missing():
    class Missing(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="backward or vjp"):
        Missing.apply(leaf(1.0)).backward()
    with pytest.raises(RuntimeError, match="Legacy"), pytest.warns(DeprecationWarning):
        Missing()(leaf(1.0))


def test_save_only_tensors():
    class Bad(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)

    with pytest.raises(TypeError, match="can only save variables"):
        Bad.apply(leaf(1.0))


class Double(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_in_place():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y and y.grad_fn.name() == "DoubleBackward"
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="leaf Variable"):
        Double.apply(leaf(1.0))


def test_input_handed_through():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr()
    y.sum().backward()
    assert x.grad.tolist() == [5.0]


def test_not_differentiable_results():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            values, order = x.sort()
            ctx.mark_non_differentiable(order)
            ctx.save_for_backward(order)
            return values, order

        @staticmethod
        def backward(ctx, g, _):
            (order,) = ctx.saved_tensors
            return kajo.zeros_like(g).scatter(0, order, g)

    x = leaf(3.0, 1.0)
    values, order = Sorted.apply(x)
    assert not order.requires_grad
    (values * kajo.tensor([10.0, 20.0])).sum().backward()
    assert x.grad.tolist() == [20.0, 10.0]


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = leaf(3.0)
    weight = kajo.ones(1, requires_grad=True)
    (g,) = kajo.autograd.grad(Square.apply(x), x, weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_saved_tensors_are_checked_and_freed():
    x = leaf(1.0, 2.0)
    middle = x * 1
    a, _ = Scale.apply(middle, 3.0)
    node = a.grad_fn
    a.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        _ = node.saved_tensors


def test_hooks_on_what_is_saved():
    packed = []

    def pack(t):
        packed.append(t.shape)
        return t.numpy(force=True)

    x = leaf(2.0, 3.0)
    with kajo.autograd.graph.saved_tensors_hooks(pack, kajo.from_numpy):
        y = (x * x).exp()
    y.sum().backward()
    assert len(packed) >= 2
    with kajo.autograd.graph.save_on_cpu():
        (x * x).sum().backward()
    with pytest.raises(RuntimeError, match="not now"):
        with kajo.autograd.graph.disable_saved_tensors_hooks("not now"):
            with kajo.autograd.graph.saved_tensors_hooks(pack, kajo.from_numpy):
                pass


def test_multi_grad_hook():
    x, y = leaf(1.0), leaf(2.0)
    seen = []
    handle = kajo.autograd.graph.register_multi_grad_hook((x, y), seen.append)
    (x * y).sum().backward()
    assert [g.item() for g in seen[0]] == [2.0, 1.0]
    handle.remove()
    (x * y).sum().backward()
    assert len(seen) == 1


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint(reentrant):
    from kajo.utils.checkpoint import checkpoint, checkpoint_sequential

    calls = []

    def function(x, factor):
        calls.append(1)
        return kajo.dropout((x * factor).sin().exp(), 0.5, True)

    gradients = []
    for wrapped in (False, True):
        x = kajo.linspace(0, 1, 20).requires_grad_()
        kajo.manual_seed(3)
        if wrapped:
            y = checkpoint(function, x, 2.0, use_reentrant=reentrant)
        else:
            y = function(x, 2.0)
        y.sum().backward()
        gradients.append(x.grad)
    assert len(calls) == 3 and kajo.equal(*gradients)
    x = leaf(0.5)
    checkpoint_sequential([kajo.sin, kajo.exp, kajo.cos], 2, x, use_reentrant=reentrant).backward()
    z = leaf(0.5)
    z.sin().exp().cos().backward()
    assert kajo.allclose(x.grad, z.grad)


def test_functional():
    from kajo.autograd import functional as f

    x, y = kajo.tensor([1.0, 2.0]), kajo.tensor([3.0])
    rows = f.jacobian(lambda x, y: (x * y, x.sum()), (x, y))
    assert rows[0][0].tolist() == [[3.0, 0.0], [0.0, 3.0]] and rows[1][1].tolist() == [0.0]
    assert f.hessian(lambda x: (x**3).sum(), x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert f.jvp(lambda x: x**2, x, kajo.ones(2))[1].tolist() == [2.0, 4.0]
    assert f.vjp(lambda x: x**2, x, kajo.ones(2))[1].tolist() == [2.0, 4.0]
    assert f.hvp(lambda x: (x**3).sum(), x, kajo.ones(2))[1].tolist() == [6.0, 12.0]
    assert f.vhp(lambda x: (x**3).sum(), x, kajo.ones(2))[1].tolist() == [6.0, 12.0]
    with pytest.raises(RuntimeError, match="invalid size"):
        f.vjp(lambda x: x, x, kajo.ones(3))


def test_gradcheck_finds_a_wrong_gradient():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x**2

        @staticmethod
        def backward(ctx, g):
            return g

    x = kajo.rand(2, dtype=kajo.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(Wrong.apply, x)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)
    with pytest.raises(ValueError):
        gradcheck(kajo.sin, kajo.ones(2))


def test_a_context_outlives_its_graph():
    class Twice(kajo.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = kajo.ones(2, requires_grad=True)
    node = Twice.apply(x).grad_fn
    assert node.name() == "TwiceBackward" and node.saved_tensors[0] is x
    edge = kajo.autograd.graph.get_gradient_edge(Twice.apply(x))
    kajo.autograd.backward(edge, kajo.ones(2))
    assert x.grad.tolist() == [2, 2]


def test_saved_tensors_are_freed_on_access_and_gradients_come_in_a_list():
    class Square(kajo.autograd.Function):
        clear_saved_tensors_on_access = True
        boxed_grads_call = True

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grads):
            assert isinstance(grads, list) and ctx.requires_grad
            (x,) = ctx.saved_tensors
            with pytest.raises(RuntimeError, match="second time"):
                ctx.saved_tensors
            return 2 * x * grads.pop()

    x = kajo.tensor([3.0], requires_grad=True)
    y = Square.apply(x)
    y.grad_fn.metadata["made by"] = "a test"
    assert y.grad_fn.metadata == {"made by": "a test"}
    y.backward()
    assert x.grad.tolist() == [6.0]


def test_what_the_context_has_is_seen_on_the_class():
    names = (
        "dirty_tensors mark_dirty mark_non_differentiable materialize_grads metadata name "
        "needs_input_grad next_functions register_hook register_prehook requires_grad "
        "save_for_backward save_for_forward saved_tensors saved_variables set_materialize_grads"
    )
    assert all(hasattr(kajo.autograd.Function, name) for name in names.split())
    with pytest.warns(FutureWarning):
        kajo.autograd.function.FunctionCtx().mark_shared_storage()
