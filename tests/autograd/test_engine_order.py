"""In which order backward runs, and what it leaves behind."""

import gc
import threading
import weakref

import pytest

import kajo


def test_later_nodes_run_first_and_leaves_at_once():
    x = kajo.ones(2, requires_grad=True)
    ran = []
    a = x * 2
    b = a + 1
    c = a * 3
    for name, t in (("a", a), ("b", b), ("c", c)):
        t.register_hook(lambda g, name=name: ran.append(name))
    x.register_post_accumulate_grad_hook(lambda leaf: ran.append("leaf"))
    (b * c).sum().backward()
    assert ran == ["c", "b", "a", "leaf"]


def test_a_wide_graph_reaches_every_leaf():
    leaves = [kajo.full((2,), float(i), requires_grad=True) for i in range(200)]
    total = sum(leaf * leaf for leaf in leaves)
    total.sum().backward()
    for i, leaf in enumerate(leaves):
        assert leaf.grad.tolist() == [2.0 * i, 2.0 * i]


def test_roots_that_lie_on_each_others_way():
    x = kajo.tensor(2.0, requires_grad=True)
    y = x * x
    z = y * 3
    kajo.autograd.backward((y, z, z))
    assert x.grad.item() == 4 + 2 * 12


def test_backward_within_a_hook_of_the_same_graph():
    x = kajo.tensor(2.0, requires_grad=True)
    square = x * x
    y = square * 5
    inner = []
    y.register_hook(
        lambda g: inner.append(kajo.autograd.grad(square, x, retain_graph=True)[0].item())
    )
    (y * 1).backward()
    assert inner == [4.0]
    assert x.grad.item() == 20.0


def test_an_error_in_backward_leaves_nothing_behind():
    class Fails(kajo.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            raise ValueError("no gradient here")

    x = kajo.ones(2, requires_grad=True)
    y = Fails.apply(x * 2) + x
    gone = weakref.ref(y)
    with pytest.raises(ValueError, match="no gradient here"):
        y.sum().backward()
    assert kajo.is_grad_enabled()
    del y
    gc.collect()
    assert gone() is None
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_hook_cannot_switch_recording_for_the_rest():
    x = kajo.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda gradient: kajo.set_grad_enabled(True) and None)
    (y * y).sum().backward()
    assert x.grad.grad_fn is None and not x.grad.requires_grad


def test_one_graph_from_several_threads_at_once():
    x = kajo.ones(3, requires_grad=True)
    y = (x * x).sum()
    found = []

    def run():
        for _ in range(50):
            found.append(kajo.autograd.grad(y, x, retain_graph=True)[0].tolist())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[2.0, 2.0, 2.0]] * 200


def test_an_adopted_gradient_is_the_leafs_alone():
    x = kajo.ones(2, requires_grad=True)
    w = kajo.full((2,), 3.0)
    (x * w).sum().backward()
    x.grad += 1
    assert w.tolist() == [3.0, 3.0]
    y = kajo.ones(2, requires_grad=True)
    seed = kajo.ones(2)
    (y + 0).backward(seed)
    y.grad += 1
    assert seed.tolist() == [1.0, 1.0]


def test_a_view_of_a_typed_view_is_made_again_from_the_base():
    x = kajo.zeros(4, dtype=kajo.complex64)
    parts = kajo.view_as_real(x).view(8)[2:4]
    w = kajo.tensor([2.0, 3.0], requires_grad=True)
    parts.copy_(w)
    assert x[1].item() == 2 + 3j
    (x.abs() ** 2).sum().backward()
    assert kajo.allclose(w.grad, kajo.tensor([4.0, 6.0]))
