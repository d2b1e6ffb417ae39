"""`grad`, `vjp`, `jvp`, Jacobians, and how they nest."""

import pytest

import kajo
from kajo.func import (
    functionalize,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
    vmap,
)


def same(a, b):
    assert a.shape == b.shape
    assert kajo.allclose(a, b, atol=1e-5), (a, b)


X = kajo.tensor([0.5, 1.0, 2.0])


def f(x):
    return (x.sin() * x).cumsum(0)


def test_grad():
    same(grad(lambda x: (x**3).sum())(X), 3 * X**2)
    gradient, (value, aux) = grad_and_value(lambda x: ((x**2).sum(), x + 1), has_aux=True)(X)
    same(gradient, 2 * X)
    same(value, (X**2).sum())
    same(aux, X + 1)
    assert not any(t.requires_grad for t in (gradient, value, aux))
    first, second = grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(X, 2 * X)
    same(first, 2 * X)
    same(second, X)
    tree = grad(lambda p: (p["a"] * p["b"][0]).sum())({"a": X, "b": (X,)})
    same(tree["b"][0], X)


def test_grad_nests():
    cube = lambda x: x**3  # noqa: E731
    assert grad(grad(cube))(kajo.tensor(2.0)).item() == pytest.approx(12.0)
    assert grad(grad(grad(cube)))(kajo.tensor(2.0)).item() == pytest.approx(6.0)
    # The inner derivative is by the inner variable only.
    mixed = grad(lambda x: x * grad(lambda y: x * y)(kajo.tensor(1.0)))
    assert mixed(kajo.tensor(3.0)).item() == pytest.approx(6.0)


def test_what_is_read_besides_the_arguments_keeps_its_history():
    w = kajo.tensor(2.0, requires_grad=True)
    gradient = grad(lambda x: w * x * x)(kajo.tensor(3.0))
    gradient.backward()
    assert w.grad.item() == 6.0
    x = kajo.tensor(3.0, requires_grad=True)
    grad(lambda t: t**3)(x).backward()
    assert x.grad.item() == 18.0
    with kajo.no_grad():
        assert not grad(lambda t: w * t * t)(x).requires_grad


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grad(kajo.sin)(X), "Maybe you wanted to use the vjp or jacrev APIs"),
        (lambda: grad(lambda x: 1.0)(X), "to return a Tensor"),
        (lambda: grad(kajo.sum, argnums=1)(X), "Got argnum=1, but only 1 positional inputs"),
        (lambda: grad(kajo.sum, argnums=())(X), "argnums must be non-empty"),
        (lambda: jvp(f, X, X), "Expected primals to be a non-empty tuple"),
        (lambda: jvp(f, (X,), (X, X)), "same python structure"),
        (lambda: jvp(lambda x: kajo.ones(2), (X,), (X,), strict=True), "independent of the inputs"),
        (lambda: vjp(f, X)[1]((X, X)), "Expected pytree structure of cotangents"),
        (lambda: functionalize(f, remove="views"), "remove must be"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_products_agree_with_the_jacobian():
    jacobian = jacrev(f)(X)
    same(jacfwd(f)(X), jacobian)
    v = kajo.tensor([1.0, -2.0, 3.0])
    value, pushed = jvp(f, (X,), (v,))
    same(value, f(X))
    same(pushed, jacobian @ v)
    value, pull = vjp(f, X)
    same(pull(v)[0], v @ jacobian)
    value, along = linearize(f, X)
    same(along(v), jacobian @ v)
    same(along(2 * v), 2 * (jacobian @ v))
    assert not value.requires_grad and not along(v).requires_grad


def test_hessians():
    def g(x):
        return (x**3).sum() + x[0] * x[1]

    expected = kajo.diag(6 * X)
    expected[0, 1] = expected[1, 0] = 1.0
    same(hessian(g)(X), expected)
    same(jacrev(jacrev(g))(X), expected)
    same(jacfwd(jacfwd(g))(X), expected)
    v = kajo.ones(3)
    same(jvp(grad(g), (X,), (v,))[1], expected @ v)
    same(grad(lambda x: jvp(g, (x,), (v,))[1])(X), expected @ v)
    same(jvp(lambda x: jvp(g, (x,), (v,))[1], (X,), (v,))[1], v @ expected @ v)
    same(vmap(hessian(g))(kajo.stack([X, 2 * X]))[0], expected)


def test_containers_of_results():
    blocks = jacrev(lambda a, b: {"sum": a + b, "pair": (a * b,)}, argnums=(0, 1))(X, X)
    same(blocks["sum"][0], kajo.eye(3))
    same(blocks["pair"][0][1], kajo.diag(X))
    forward = jacfwd(lambda a, b: {"sum": a + b, "pair": (a * b,)}, argnums=(0, 1))(X, X)
    same(forward["pair"][0][1], kajo.diag(X))
    _, aux = jacrev(lambda a: (a * a, a), has_aux=True)(X)
    same(aux, X)


def test_independent_results():
    same(grad(lambda x: kajo.tensor(1.0))(X), kajo.zeros(3))
    same(jvp(lambda x: kajo.ones(2), (X,), (X,))[1], kajo.zeros(2))
    same(jacrev(lambda x: kajo.ones(2))(X), kajo.zeros(2, 3))


def test_single_numbers():
    x = kajo.tensor(2.0)
    same(jacrev(lambda t: t**3)(x), kajo.tensor(12.0))
    same(jacfwd(lambda t: t**3)(x), kajo.tensor(12.0))
    same(hessian(lambda t: t**3)(x), kajo.tensor(12.0))


def rough(x, w):
    return (x.sin() * w).cumsum(0).exp().prod() + (x * x).sum()


def double(*shape):
    return kajo.randn(*shape, dtype=kajo.float64)


def test_forward_mode_in_all_nestings():
    kajo.manual_seed(0)
    x, w, v, u = double(3), double(3), double(3), double(3)
    first = grad(rough)(x, w)
    second = jacrev(grad(rough))(x, w)
    value, pushed = jvp(rough, (x, w), (v, kajo.zeros(3, dtype=x.dtype)))
    same(value, rough(x, w))
    same(pushed, first @ v)
    f = lambda x: rough(x, w)  # noqa: E731
    same(jvp(grad(f), (x,), (v,))[1], second @ v)
    same(jvp(lambda x: grad_and_value(f)(x)[1], (x,), (v,))[1], first @ v)
    same(grad(lambda x: jvp(f, (x,), (v,))[1])(x), second @ v)
    same(jvp(lambda x: jvp(f, (x,), (v,))[1], (x,), (u,))[1], u @ second @ v)
    same(jvp(lambda x: vjp(f, x)[1](kajo.ones((), dtype=x.dtype))[0], (x,), (v,))[1], second @ v)
    third = jacrev(jacrev(grad(f)))(x)
    same(jvp(lambda x: jvp(grad(f), (x,), (v,))[1], (x,), (u,))[1], third @ u @ v)
    same(grad(lambda x: jvp(grad(f), (x,), (v,))[1] @ u)(x), (third @ u).mT @ v)
    # The direction has a history of its own.
    same(grad(lambda v: jvp(grad(f), (x,), (v,))[1] @ u)(v), second @ u)
    same(grad(lambda v: jvp(f, (x,), (v,))[1])(v), first)
    # What the function reads besides its arguments has directions of its own.
    mixed = jvp(lambda w: jvp(lambda x: rough(x, w), (x,), (v,))[1], (w,), (u,))[1]
    same(mixed, jvp(lambda w: grad(rough)(x, w) @ v, (w,), (u,))[1])
    same(hessian(f)(x), second)
    same(jacfwd(jacfwd(f))(x), second)
    same(jacrev(jacfwd(f))(x), second)
    same(jacfwd(jacfwd(jacfwd(f)))(x), third)


def test_forward_mode_and_vmap():
    kajo.manual_seed(0)
    x, w, v = double(4, 3), double(3), double(4, 3)
    expected = kajo.stack([jvp(rough, (a, w), (b, w))[1] for a, b in zip(x, v)])
    same(vmap(lambda a, b: jvp(rough, (a, w), (b, w))[1])(x, v), expected)
    batched = vmap(rough, (0, None))
    same(jvp(batched, (x, w), (v, w))[1], expected)
    same(
        vmap(lambda b: jvp(rough, (x[0], w), (b, w))[1])(v)[2], jvp(rough, (x[0], w), (v[2], w))[1]
    )
    same(
        vmap(lambda a: jvp(rough, (a, w), (v[0], w))[1])(x)[1], jvp(rough, (x[1], w), (v[0], w))[1]
    )
    nested = vmap(lambda a: vmap(lambda b: jvp(rough, (a, w), (b, w))[1])(v))(x)
    same(nested[1, 2], jvp(rough, (x[1], w), (v[2], w))[1])
    inner = lambda a, b: jvp(grad(rough), (a, w), (b, w))[1]  # noqa: E731
    same(vmap(inner)(x, v)[3], inner(x[3], v[3]))
    outer = lambda a, b: grad(lambda a: jvp(rough, (a, w), (b, w))[1])(a)  # noqa: E731
    same(vmap(outer)(x, v)[3], outer(x[3], v[3]))
    same(vmap(jacfwd(lambda a: rough(a, w)))(x)[1], grad(rough)(x[1], w))
    same(vmap(hessian(lambda a: rough(a, w)))(x)[1], hessian(lambda a: rough(a, w))(x[1]))


def test_forward_mode_beside_dual_levels_and_modes():
    import kajo.autograd.forward_ad as fwAD

    x, v = double(3), double(3)
    with fwAD.dual_level():
        d = fwAD.make_dual(x, v)
        value, pushed = jvp(lambda t: t**3, (d,), (kajo.ones_like(x),))
        same(fwAD.unpack_dual(value).tangent, 3 * x**2 * v)
        same(fwAD.unpack_dual(pushed).tangent, 6 * x * v)
        same(fwAD.unpack_dual(grad(lambda t: (t**3).sum())(d)).tangent, 6 * x * v)
    with kajo.no_grad():
        same(jvp(lambda t: t**3, (x,), (v,))[1], 3 * x**2 * v)
    value, pushed, aux = jvp(lambda t: (t * 2, (t, t + 1)), (x,), (v,), has_aux=True)
    assert aux[1].tolist() == (x + 1).tolist() and kajo._core._open_forward_levels() == 0
    p = double(3).requires_grad_()
    jvp(lambda t: (p * t).pow(2).sum(), (x,), (v,))[1].backward()
    same(p.grad, 4 * p.detach() * x * v)


def test_jacfwd_of_a_function_that_looks_at_values():
    looking = lambda x: x**2 if x.sum() > 0 else -x  # noqa: E731
    same(jacfwd(looking)(X), kajo.diag(2 * X))
    with pytest.raises(RuntimeError, match="random"):
        jacfwd(lambda x: x * kajo.rand(3))(X)
    same(jacfwd(lambda x: x * kajo.ones(3), randomness="same")(X), kajo.eye(3))
    same(jacfwd(lambda x, y: x[:0] * y)(kajo.ones(2), kajo.ones(())), kajo.zeros(0, 2))
    same(jacfwd(lambda x: x.sum() + kajo.ones(2))(kajo.ones(0)), kajo.zeros(2, 0))


def test_operations_without_forward_mode_are_refused():
    class Opaque(kajo.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
        jvp(Opaque.apply, (X,), (X,))
    assert kajo._core._open_forward_levels() == 0


def test_functions_may_write_into_tensors_that_they_make():
    def function(x):
        made = kajo.zeros(3)
        made[0] = x[0] * x[1]
        made += x
        return made

    x = kajo.tensor([1.0, 2.0, 3.0])
    expected = kajo.tensor([[3.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert kajo.equal(kajo.func.jacfwd(function)(x), expected)
    second = kajo.func.hessian(lambda t: function(t).sum())(x)
    assert second.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    statistics = kajo.zeros(1), kajo.ones(1)
    kajo.func.jacfwd(lambda t: kajo.nn.functional.batch_norm(t, *statistics, training=True))(
        kajo.tensor([[1.0], [2.0]])
    )


@pytest.mark.parametrize("name", ["jacrev", "jacfwd", "hessian"])
def test_jacobians_are_of_real_numbers(name):
    with pytest.raises(RuntimeError, match="Expected all inputs to be real"):
        getattr(kajo.func, name)(lambda t: (t * t).sum())(kajo.ones(2, dtype=kajo.complex64))
