"""Checkpoints: what is computed again during backward."""

from __future__ import annotations

import functools

import pytest

import kajo
from kajo.utils import checkpoint as module
from kajo.utils.checkpoint import (
    CheckpointError,
    CheckpointPolicy,
    GraphExecGroup,
    checkpoint,
    checkpoint_sequential,
    create_selective_checkpoint_contexts,
    set_checkpoint_debug_enabled,
    set_checkpoint_early_stop,
)

KINDS = [False, True]


class Counted:
    """Calls a function and counts the calls."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)


def gradients(run, *tensors):
    for tensor in tensors:
        tensor.grad = None
    run().sum().backward()
    return [tensor.grad.clone() for tensor in tensors]


@pytest.mark.parametrize("reentrant", KINDS)
def test_gradients_and_random_numbers(reentrant):
    kajo.manual_seed(0)
    layer = kajo.nn.Sequential(kajo.nn.Linear(4, 4), kajo.nn.Dropout(0.5), kajo.nn.Tanh())
    x = kajo.randn(3, 4, requires_grad=True)
    tensors = [x, *layer.parameters()]
    kajo.manual_seed(1)
    plain = gradients(lambda: layer(x) * kajo.rand(3, 4), *tensors)
    after = kajo.rand(1)
    kajo.manual_seed(1)
    counted = Counted(layer)
    found = gradients(
        lambda: checkpoint(counted, x, use_reentrant=reentrant) * kajo.rand(3, 4), *tensors
    )
    assert kajo.rand(1).equal(after)
    assert counted.calls == 2
    assert all(a.equal(b) for a, b in zip(plain, found, strict=True))


@pytest.mark.parametrize("reentrant", KINDS)
def test_without_preserving_random_numbers(reentrant):
    x = kajo.ones(1000, requires_grad=True)
    kajo.manual_seed(1)
    out = checkpoint(
        lambda x: x * kajo.rand(1000), x, use_reentrant=reentrant, preserve_rng_state=False
    )
    out.sum().backward()
    assert not x.grad.equal(out.detach())


@pytest.mark.parametrize("reentrant", KINDS)
def test_several_inputs_and_outputs_and_nesting(reentrant):
    x, y = kajo.randn(3, requires_grad=True), kajo.randn(3, requires_grad=True)

    def inner(x, factor):
        return (x * factor).sin()

    def outer(x, y, words):
        assert words == ["plain"]
        a = checkpoint(inner, x, 3.0, use_reentrant=reentrant)
        return a * y, a.exp(), None

    def run():
        first, second, nothing = checkpoint(outer, x, y, ["plain"], use_reentrant=reentrant)
        assert nothing is None
        return first + second

    def plain():
        a = inner(x, 3.0)
        return a * y + a.exp()

    for a, b in zip(gradients(plain, x, y), gradients(run, x, y), strict=True):
        assert a.equal(b)


def test_keywords_and_parameters_alone():
    weight = kajo.nn.Parameter(kajo.ones(2))
    out = checkpoint(lambda *, x: (x * weight).exp(), x=kajo.ones(2), use_reentrant=False)
    out.sum().backward()
    assert weight.grad.allclose(kajo.ones(2).exp())


def test_only_what_is_needed_is_computed_again():
    late = Counted(lambda x: x * 2)

    def function(x):
        return late(x.exp())

    x = kajo.ones(2, requires_grad=True)
    checkpoint(function, x, use_reentrant=False).sum().backward()
    assert late.calls == 1
    with set_checkpoint_early_stop(False):
        out = checkpoint(function, x, use_reentrant=False)
    out.sum().backward()
    assert late.calls == 3
    checkpoint(function, x, use_reentrant=False, early_stop=False).sum().backward()
    assert late.calls == 5


def test_a_second_backward_computes_again_and_a_group_does_not():
    counted = Counted(lambda x: x.exp().sin())
    x = kajo.ones(2, requires_grad=True)
    out = checkpoint(counted, x, use_reentrant=False)
    out.sum().backward(retain_graph=True)
    out.sum().backward()
    assert counted.calls == 3
    counted = Counted(lambda x: (x[0].exp(), x[1].exp()))
    first, second = checkpoint(counted, x, use_reentrant=False)
    with GraphExecGroup():
        first.backward()
        second.backward()
        with pytest.raises(RuntimeError, match="nested"), GraphExecGroup():
            pass
    assert counted.calls == 2


def test_higher_derivatives():
    x = kajo.tensor(0.7, requires_grad=True, dtype=kajo.float64)

    def run(x):
        return checkpoint(lambda x: x.exp() * x.sin(), x, use_reentrant=False)

    assert kajo.autograd.gradcheck(run, x)
    assert kajo.autograd.gradgradcheck(run, x)


def test_mixed_precision_is_the_same_in_both_runs():
    layer = kajo.nn.Linear(4, 4)
    x = kajo.randn(2, 4, requires_grad=True)
    for reentrant in KINDS:
        seen = []

        def function(x, seen=seen):
            out = layer(x)
            seen.append(out.dtype)
            return out

        with kajo.autocast("cpu", dtype=kajo.bfloat16):
            out = checkpoint(function, x, use_reentrant=reentrant, early_stop=False)
        out.sum().backward()
        assert seen == [kajo.bfloat16, kajo.bfloat16]


def differing(first, second):
    runs = iter([first, second])
    return lambda x: next(runs)(x)


def test_runs_that_differ_are_refused():
    x = kajo.ones(2, requires_grad=True)
    fewer = differing(lambda x: x.sin().cos(), lambda x: x.sin())
    with pytest.raises(CheckpointError, match="saved during recomputation: 1"):
        checkpoint(fewer, x, use_reentrant=False).sum().backward()
    narrow = differing(lambda x: x.sin().cos(), lambda x: x[:1].sin().cos())
    with pytest.raises(CheckpointError, match=r"position 0.*\n.*Size\(\[2\]\)"):
        checkpoint(narrow, x, use_reentrant=False).sum().backward()
    narrow = differing(lambda x: x.exp(), lambda x: x.double().exp())
    checkpoint(narrow, x, use_reentrant=False, determinism_check="none").sum().backward()
    fewer = differing(lambda x: x.sin().cos(), lambda x: x.sin())
    with pytest.raises(CheckpointError, match=r"forward:\nsin \[\(2,\)\]\ncos[^$]*recomputation:"):
        checkpoint(fewer, x, use_reentrant=False, debug=True).sum().backward()
    fewer = differing(lambda x: x.sin().cos(), lambda x: x.sin())
    with set_checkpoint_debug_enabled(True):
        out = checkpoint(fewer, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="Operations of"):
        out.sum().backward()


def test_arguments_are_checked():
    x = kajo.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant"):
        checkpoint(kajo.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs"):
        checkpoint(kajo.exp, x.detach(), use_reentrant=True)
    with pytest.raises(ValueError, match="only supported when"):
        checkpoint(kajo.exp, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(kajo.exp, x, use_reentrant=False, determinism_check="all")
    with pytest.raises(ValueError, match="Unexpected"):
        checkpoint(kajo.exp, x, use_reentrant=True, other=1)
    out = checkpoint(kajo.exp, x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match="incompatible with grad"):
        kajo.autograd.grad(out, x, retain_graph=True)
    with pytest.raises(RuntimeError, match="incompatible with grad"):
        out.backward(inputs=[x], retain_graph=True)
    out.backward()
    with pytest.raises(RuntimeError, match="not necessary"):
        checkpoint(kajo.Tensor.detach, x, use_reentrant=True).sum().backward()


@pytest.mark.parametrize("reentrant", KINDS)
def test_sequential(reentrant):
    layers = [Counted(kajo.nn.Linear(3, 3)) for _ in range(5)]
    x = kajo.randn(2, 3, requires_grad=True)
    model = kajo.nn.Sequential(*(layer.function for layer in layers))
    expected = gradients(lambda: model(x), x)
    found = gradients(lambda: checkpoint_sequential(layers, 2, x, use_reentrant=reentrant), x)
    assert found[0].equal(expected[0])
    assert [layer.calls for layer in layers] == [2, 2, 1, 1, 1]
    with pytest.warns(UserWarning, match="checkpoint_sequential"):
        checkpoint_sequential(model, 2, x)


def network(x, w, b):
    hidden = kajo.mm(x, w)
    hidden = hidden.tanh() + b
    hidden = hidden @ w
    return kajo.softmax(hidden, -1).sin()


@pytest.mark.parametrize(
    "saved",
    [[kajo.mm], [kajo.Tensor.matmul, kajo.mm], [kajo.tanh, kajo.softmax], [kajo.add, kajo.sin]],
)
def test_selective(saved):
    tensors = [kajo.randn(n, 3, dtype=kajo.float64, requires_grad=True) for n in (4, 3, 1)]
    expected = gradients(lambda: network(*tensors), *tensors)
    keep = functools.partial(create_selective_checkpoint_contexts, saved)

    def run(*tensors):
        return checkpoint(network, *tensors, use_reentrant=False, context_fn=keep)

    for a, b in zip(expected, gradients(lambda: run(*tensors), *tensors), strict=True):
        assert a.allclose(b, rtol=1e-12)
    assert kajo.autograd.gradcheck(run, tensors)


def test_what_is_kept_is_not_computed_again():
    calls = []

    @kajo.overrides.wrap_torch_function(lambda x: (x,))
    def heavy(x):
        calls.append("heavy")
        return x.mm(x).sin()

    @kajo.overrides.wrap_torch_function(lambda x: (x,))
    def light(x):
        calls.append("light")
        return x.exp()

    asked = []

    def policy(context, operation, *args, **kwargs):
        asked.append((operation.__name__, context.is_recompute, context.op_output is not None))
        keeps = operation.__name__ == "heavy"
        return CheckpointPolicy.PREFER_SAVE if keeps else CheckpointPolicy.MUST_RECOMPUTE

    def function(x):
        return heavy(light(heavy(x)))

    x = kajo.randn(3, 3, requires_grad=True)
    expected = gradients(lambda: function(x), x)
    calls.clear()
    keep = functools.partial(create_selective_checkpoint_contexts, policy)
    found = gradients(lambda: checkpoint(function, x, use_reentrant=False, context_fn=keep), x)
    assert calls == ["heavy", "light", "heavy", "light"]
    assert asked == [("heavy", False, True), ("light", False, True), ("heavy", False, True)]
    assert found[0].equal(expected[0])


def test_kept_results_may_not_be_changed():
    def function(x):
        hidden = x.mm(x)
        out = hidden.sin()
        hidden.add_(1)
        return out.exp()

    x = kajo.randn(3, 3, requires_grad=True)
    keep = functools.partial(create_selective_checkpoint_contexts, [kajo.mm])
    with pytest.raises(RuntimeError, match="mutated"):
        checkpoint(function, x, use_reentrant=False, context_fn=keep).sum().backward()
    with pytest.raises(TypeError, match="policy_fn_or_list"):
        create_selective_checkpoint_contexts(3)
    with pytest.raises(ValueError, match="op_list"):
        create_selective_checkpoint_contexts([3])


def test_operations_in_place_run_again():
    x = kajo.randn(3, 3, requires_grad=True)

    def function(x):
        hidden = x * 2
        hidden.sin_()
        hidden[0] = 0
        return hidden.exp()

    def all_but_products(context, operation, *_, **__):
        return "mul" not in operation.__name__

    keep = functools.partial(create_selective_checkpoint_contexts, all_but_products)
    expected = gradients(lambda: function(x), x)
    found = gradients(lambda: checkpoint(function, x, use_reentrant=False, context_fn=keep), x)
    assert expected[0].allclose(found[0])


def test_small_functions():
    x = kajo.ones(2, requires_grad=True) * 2
    (leaf, other) = module.detach_variable((x, 3))
    assert (leaf.is_leaf, leaf.requires_grad, other) == (True, True, 3)
    with pytest.raises(RuntimeError, match="Only tuple"):
        module.detach_variable(x)
    with pytest.warns(UserWarning, match="None of the inputs"):
        module.check_backward_validity([kajo.ones(1), 3])
    assert module.get_device_states(x) == ([], [])
    module.set_device_states([], [])
    assert module.DefaultDeviceType.get_device_type() == "cpu"
    assert kajo.Tensor.size in module.SAC_IGNORED_OPS
