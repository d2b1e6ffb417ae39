"""Backward, its modes and its errors."""

import threading

import pytest

import kajo
from kajo.autograd import gradcheck, gradgradcheck


def leaf(*values):
    return kajo.tensor(list(values), requires_grad=True)


def test_implicit_gradient_only_for_numbers():
    x = leaf(1.0, 2.0)
    with pytest.raises(
        RuntimeError, match="grad can be implicitly created only for scalar outputs"
    ):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(kajo.ones(3))
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        kajo.ones(3).sum().backward()
    with pytest.raises(TypeError, match="gradients can be either Tensors or None"):
        (x * 2).backward([1.0, 1.0])
    with pytest.raises(RuntimeError, match="cannot be empty"):
        x.sum().backward(inputs=[])


def test_grad_of_unused_inputs():
    x, unused = leaf(1.0, 2.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        kajo.autograd.grad(x.sum(), unused)
    assert kajo.autograd.grad(x.sum(), [x, unused], allow_unused=True)[1] is None
    zero = kajo.autograd.grad(x.sum(), unused, materialize_grads=True)[0]
    assert zero.tolist() == [0.0]
    with pytest.raises(ValueError):
        kajo.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        kajo.autograd.grad(x.sum(), kajo.ones(1))


def test_batched_gradients():
    x = leaf(1.0, 2.0, 3.0)
    (rows,) = kajo.autograd.grad(x * x, x, kajo.eye(3), is_grads_batched=True)
    assert rows.tolist() == [[2, 0, 0], [0, 4, 0], [0, 0, 6]]


def test_backward_into_chosen_inputs():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * 2
    (y * w).sum().backward(inputs=[w, y])
    assert x.grad is None
    assert w.grad.tolist() == [2.0, 4.0]
    assert y.grad.tolist() == [3.0, 4.0]


def test_graph_is_freed_unless_retained():
    x = leaf(1.0, 2.0)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_gradients_accumulate_into_the_same_tensor():
    x = leaf(1.0, 2.0)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert x.grad is first and first.tolist() == [2.0, 2.0]


def test_second_and_third_derivative():
    x = kajo.tensor(2.0, requires_grad=True)
    y = x**4
    for expected in (32.0, 48.0, 48.0):
        (y,) = kajo.autograd.grad(y, x, create_graph=True)
        assert y.item() == expected


def test_saved_tensor_changed_in_place():
    x = leaf(1.0, 2.0)
    a = x * 1
    b = a * a
    a.add_(1)
    with pytest.raises(RuntimeError) as error:
        b.sum().backward()
    text = str(error.value)
    assert "modified by an inplace operation" in text
    assert "MulBackward" in text and text.count("test_engine.py") == 2


def test_leaf_rules():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="view of a leaf Variable"):
        x[:1].add_(1)
    with kajo.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 3.0] and x.is_leaf
    with pytest.raises(RuntimeError, match="leaf variables"):
        (x * 2).requires_grad_(False)
    with pytest.raises(RuntimeError, match="floating point"):
        kajo.tensor([1]).requires_grad_()


def test_in_place_on_views():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    part = y[1:]
    part.mul_(10)
    assert y.tolist() == [1.0, 20.0, 30.0]
    assert part.grad_fn is not None and y.grad_fn.name() == "CopySlices"
    (y.sum() + part.sum()).backward()
    assert x.grad.tolist() == [1.0, 20.0, 20.0]


def test_base_changed_after_the_view_was_made():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    row = y.view(3, 1)
    y.mul_(2)
    (gradient,) = kajo.autograd.grad(row.sum(), x)
    assert gradient.tolist() == [2.0, 2.0, 2.0]


def test_changed_view_asked_for_by_input():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    base = kajo.zeros(4)
    view = base[:2]
    base[:2] = x
    (gradient,) = kajo.autograd.grad((view * w).sum(), x)
    assert gradient.tolist() == [3.0, 4.0]


def test_several_views_cannot_be_changed():
    x = leaf(1.0, 2.0)
    first, _ = (x * 1).unbind(0)
    with pytest.raises(RuntimeError, match="multiple views"):
        first.add_(1)


def test_in_place_is_differentiable_twice():
    def function(x):
        y = x * x
        y[0] = y[1] * 3
        y[1:].mul_(x[1:])
        return y

    x = kajo.rand(3, dtype=kajo.float64).add_(0.5).requires_grad_()
    assert gradcheck(function, x) and gradgradcheck(function, x)


def test_tensor_hooks_in_order_and_removal():
    x = leaf(1.0, 1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append("a") or g * 10)
    second = y.register_hook(lambda g: seen.append(g.tolist()))
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    assert seen == ["a", [10.0, 10.0]]
    assert y.grad.tolist() == [10.0, 10.0] and x.grad.tolist() == [20.0, 20.0]
    second.remove()
    y.sum().backward()
    assert seen == ["a", [10.0, 10.0], "a"]


def test_hook_that_removes_itself():
    x = leaf(1.0)
    calls = []

    def hook(gradient):
        calls.append(gradient)
        handle.remove()

    handle = x.register_hook(hook)
    for _ in range(2):
        (x * 2).sum().backward()
    assert len(calls) == 1


def test_post_accumulate_hook():
    x = leaf(1.0, 2.0)

    def step(t):
        with kajo.no_grad():
            t -= 0.5 * t.grad
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 2).sum().backward()
    assert x.grad is None and x.tolist() == [0.0, 1.0]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 1).register_post_accumulate_grad_hook(step)


def test_node_hooks():
    x = leaf(1.0, 2.0)
    y = (x * 2).sum()
    seen = []
    node = y.grad_fn
    node.register_prehook(lambda grads: (grads[0] * 3,))
    handle = node.register_hook(lambda inputs, outputs: seen.append(outputs[0].item()))
    y.backward(retain_graph=True)
    assert seen == [3.0] and x.grad.tolist() == [6.0, 6.0]
    handle.remove()
    y.backward()
    assert seen == [3.0]


def test_retained_gradient_follows_in_place_changes():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.retain_grad()
    y.mul_(3)
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0, 5.0] and x.grad.tolist() == [15.0, 15.0]


def test_modes():
    x = leaf(1.0)
    with kajo.no_grad():
        assert not (x * 2).requires_grad
        with kajo.enable_grad():
            assert (x * 2).requires_grad
    assert not kajo.no_grad()(lambda: x * 2)().requires_grad
    with kajo.set_grad_enabled(False):
        assert not kajo.is_grad_enabled()
    with kajo.inference_mode():
        y = kajo.ones(2)
        assert y.is_inference()
    with pytest.raises(RuntimeError, match="[Ii]nference"):
        y.add_(1)
    with pytest.raises(RuntimeError, match="[Ii]nference"):
        (y * leaf(1.0, 1.0)).sum().backward()


def test_detach_shares_memory_and_version():
    x = leaf(1.0, 2.0)
    y = x * 1
    d = y.detach()
    assert not d.requires_grad and d.data_ptr() == y.data_ptr()
    d.add_(1)
    assert y._version == 1


def test_chain_of_a_million_nodes():
    x = leaf(1.0)
    y = x
    for _ in range(1_000_000):
        y = y.view(1)
    y.backward()
    assert x.grad.tolist() == [1.0]
    del y


def test_backward_from_several_threads():
    x = kajo.ones(100, requires_grad=True)
    shared = x * 1

    def work():
        for _ in range(20):
            (shared * 2).sum().backward(retain_graph=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert x.grad.tolist() == [160.0] * 100


def test_grad_mode_is_per_thread():
    seen = []
    with kajo.no_grad():
        thread = threading.Thread(target=lambda: seen.append(kajo.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomaly_mode_names_the_forward_call():
    x = kajo.tensor(0.0, requires_grad=True)
    with kajo.autograd.detect_anomaly():
        y = (x / x).sqrt() * 0 + x.sqrt() * 0
        with pytest.raises(RuntimeError, match="returned nan values") as error:
            y.backward()
    assert "test_engine.py" in str(error.value)
    assert not kajo.is_anomaly_enabled()


def test_error_in_a_hook_reaches_the_caller():
    x = leaf(1.0)

    def hook(_):
        raise KeyError("mine")

    x.register_hook(hook)
    with pytest.raises(KeyError, match="mine"):
        (x * 2).sum().backward()
    assert kajo.is_grad_enabled()


def test_the_dtype_of_a_gradient_can_be_chosen():
    x = kajo.ones(2, requires_grad=True)
    assert x.grad_dtype is kajo.float32
    loss = (x * 2).sum()
    x.grad_dtype = kajo.float64
    loss.backward()
    (x * 2).sum().backward()
    assert x.grad.dtype is kajo.float64 and x.grad.tolist() == [4, 4]
    with pytest.raises(RuntimeError, match="already a gradient"):
        x.grad_dtype = kajo.float16
    with pytest.raises(RuntimeError, match="grad_dtype"):
        x.grad = kajo.ones(2)
    x.grad_dtype = None
    x.grad = kajo.ones(2, dtype=kajo.float16)
    assert x.grad_dtype is None and x.detach().grad_dtype is kajo.float32
    y = kajo.ones(2, requires_grad=True)
    y.grad_dtype = kajo.float16
    assert kajo.autograd.grad(y.sum(), y)[0].dtype is kajo.float16
    for act in (lambda: (y * 2).grad_dtype, lambda: setattr(y * 2, "grad_dtype", None)):
        with pytest.raises(RuntimeError, match="leaf"):
            act()
    with pytest.raises(RuntimeError, match="must be"):
        y.grad_dtype = 3
