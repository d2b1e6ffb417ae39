"""Parameter groups, states, hooks and refused arguments of the optimisers."""

from __future__ import annotations

import copy
import pickle

import pytest

import kajo
from kajo.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)


def parameter(*shape):
    return kajo.ones(*shape, requires_grad=True)


def test_groups():
    a, b, c = parameter(2), parameter(3), parameter(1)
    optimizer = kajo.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [c], "lr": 0.25})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 0.25]
    (a.sum() + b.sum() + c.sum()).backward()
    optimizer.step()
    assert [x.tolist()[0] for x in (a, b, c)] == pytest.approx([0.9, 0.5, 0.75])


def test_named_parameters():
    optimizer = kajo.optim.SGD([("weight", parameter(1))], lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight"]


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        (lambda: kajo.ones(2), TypeError),
        (list, ValueError),
        (lambda: [1], TypeError),
        (lambda: [parameter(1) * 2], ValueError),
        (lambda: [{"params": {parameter(1)}}], TypeError),
        (lambda: [{"params": (p := parameter(1))}, {"params": p}], ValueError),
    ],
)
def test_bad_parameters(params, kind):
    with pytest.raises(kind):
        kajo.optim.SGD(params(), lr=0.1)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": -1}),
        ("SGD", {"lr": float("nan")}),
        ("SGD", {"momentum": -1}),
        ("SGD", {"weight_decay": -1}),
        ("SGD", {"nesterov": True}),
        ("Adam", {"betas": (1.0, 0.9)}),
        ("Adam", {"eps": -1}),
        ("AdamW", {"betas": (0.9, -0.1)}),
        ("RMSprop", {"alpha": -1}),
        ("Adagrad", {"lr_decay": -1}),
        ("Adadelta", {"rho": 1.1}),
        ("Adamax", {"betas": (0.9, 1.0)}),
        ("NAdam", {"momentum_decay": -1}),
        ("RAdam", {"weight_decay": -1}),
        ("ASGD", {"weight_decay": -1}),
        ("Rprop", {"etas": (1.0, 0.5)}),
        ("Adafactor", {"d": 0.0}),
        ("Muon", {"adjust_lr_fn": "no"}),
        ("Muon", {}),
        ("SparseAdam", {"lr": 0}),
        ("LBFGS", {"lr": -1}),
    ],
)
def test_bad_options(name, options):
    with pytest.raises(ValueError):
        getattr(kajo.optim, name)([parameter(2)], **options)


def test_fused_and_foreach():
    with pytest.raises(RuntimeError):
        kajo.optim.SGD([parameter(1)], fused=True, foreach=True)


def test_state_must_fit():
    one = kajo.optim.SGD([parameter(1)], lr=0.1)
    two = kajo.optim.SGD([parameter(1), parameter(1)], lr=0.1)
    with pytest.raises(ValueError, match="size of optimizer's group"):
        one.load_state_dict(two.state_dict())
    two.add_param_group({"params": [parameter(1)]})
    with pytest.raises(ValueError, match="number"):
        one.load_state_dict(two.state_dict())


def test_closure_and_zero_grad():
    weight = parameter(2)
    optimizer = kajo.optim.SGD([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    assert weight.tolist() == [0.0, 0.0]
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert weight.grad is None


def test_step_hooks():
    weight = parameter(1)
    optimizer = kajo.optim.AdamW([weight])
    calls = []
    handles = [
        register_optimizer_step_pre_hook(lambda *_: calls.append("all before")),
        optimizer.register_step_pre_hook(lambda *_: calls.append("before")),
        optimizer.register_step_post_hook(lambda *_: calls.append("after")),
        register_optimizer_step_post_hook(lambda *_: calls.append("all after")),
    ]
    optimizer.step()
    assert calls == ["all before", "before", "after", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4


def test_state_hooks():
    optimizer = kajo.optim.SGD([parameter(1)], lr=0.1)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: {k: v for k, v in state.items() if k != "extra"}
    )
    state = optimizer.state_dict()
    assert state["extra"] == 1
    optimizer.load_state_dict(state)


def test_copies_are_independent():
    weight = parameter(2)
    optimizer = kajo.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        twin = other.param_groups[0]["params"][0]
        assert twin is not weight
        assert other.state[twin]["exp_avg"].tolist() == optimizer.state[weight]["exp_avg"].tolist()
        twin.grad = kajo.ones(2)
        other.step()
        assert optimizer.state[weight]["step"].item() == 1.0


def test_subclass_steps_with_hooks():
    class Sign(kajo.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 0.5})

        def step(self, closure=None):
            for group in self.param_groups:
                for param in group["params"]:
                    with kajo.no_grad():
                        param.add_(param.grad.sign(), alpha=-group["lr"])

    weight = parameter(1)
    weight.grad = kajo.ones(1)
    optimizer = Sign([weight])
    scheduler = kajo.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert weight.tolist() == [0.5]
    assert scheduler.get_last_lr() == [0.25]


def test_gradients_flow_through_a_differentiable_step():
    lr = kajo.tensor(0.1, requires_grad=True)
    start = parameter(2)
    for name in ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta"):
        weight = start.clone()
        weight.grad = kajo.ones(2)
        optimizer = getattr(kajo.optim, name)([weight], lr=lr, differentiable=True)
        optimizer.step()
        (grad,) = kajo.autograd.grad(weight.sum(), lr)
        assert grad.item() < 0


def test_the_last_gradient_of_lbfgs_is_kept_in_place() -> None:
    weight = kajo.ones(2, requires_grad=True)
    optimizer = kajo.optim.LBFGS([weight], lr=0.1, max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = ((weight - 0.5) ** 4).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    shared = optimizer.state_dict()["state"][0]["prev_flat_grad"]
    before = shared.clone()
    optimizer.step(closure)
    assert not kajo.equal(shared, before)


def test_step_hooks_get_the_optimizer_among_the_arguments():
    optimizer = kajo.optim.SGD([kajo.nn.Parameter(kajo.ones(1))], lr=0.1)
    seen = []
    optimizer.register_step_pre_hook(lambda *given: seen.append(given))
    optimizer.register_step_post_hook(lambda *given: seen.append(given))
    optimizer.step()
    assert seen == [(optimizer, (optimizer,), {})] * 2


def test_a_step_hook_may_replace_the_arguments():
    optimizer = kajo.optim.SGD([kajo.nn.Parameter(kajo.ones(1))], lr=0.1)
    optimizer.register_step_pre_hook(lambda opt, args, kwargs: ((opt, lambda: 7.0), kwargs))
    assert optimizer.step() == 7.0
