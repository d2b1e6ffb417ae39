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
