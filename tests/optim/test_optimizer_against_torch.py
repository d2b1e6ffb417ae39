"""Optimisers follow the trajectories and the state layout of PyTorch."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Adam", {"betas": (0.0, 0.5), "eps": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("RMSprop", {"maximize": True, "alpha": 0.5}),
    ("Adagrad", {}),
    ("Adagrad", {"lr_decay": 0.5, "weight_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("Adagrad", {"maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"weight_decay": 0.1, "t0": 3, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"maximize": True, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1)}),
    ("Adafactor", {}),
    ("Adafactor", {"weight_decay": 0.1, "d": 2.0, "maximize": True, "eps": (1e-5, 1e-2)}),
]
COMPLEX = {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam"}
SHAPES = [(3, 4), (5,), (), (2, 3, 2)]


def run(side, name, options, steps, dtype="float32", start=None):
    """Minimise a fixed function and return the optimiser and its parameters."""
    rng = np.random.default_rng(0)
    params, targets = [], []
    for shape in SHAPES:
        values, target = rng.standard_normal((2, *shape)), rng.standard_normal(shape)
        kind = values[0] + 1j * values[1] if dtype.startswith("complex") else values[0]
        param = side.tensor(kind.tolist(), dtype=getattr(side, dtype))
        params.append(param.requires_grad_())
        targets.append(side.tensor(target.tolist(), dtype=getattr(side, dtype)))
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}]
    optimizer = getattr(side.optim, name)(groups, **options)
    if start is not None:
        optimizer.load_state_dict(start)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = sum((((p - t).abs() ** 2) * 1.5).sum() for p, t in zip(params, targets, strict=True))
        loss.backward()
        optimizer.step()
    return optimizer, params


def plain(value):
    """Tensors of either side as arrays, so that states can be compared."""
    if hasattr(value, "detach"):
        array = np.array(value.detach().tolist())
        return ("tensor", str(value.dtype).split(".")[-1], tuple(value.shape), array)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def assert_same(a, b, tolerance):
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key], tolerance)
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y, tolerance)
    elif isinstance(a, tuple) and a and isinstance(a[0], str) and a[0] == "tensor":
        assert a[:3] == b[:3]
        np.testing.assert_allclose(a[3], b[3], rtol=tolerance, atol=tolerance)
    else:
        assert a == b


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_same_trajectory(name, options, dtype):
    if dtype == "complex64" and name not in COMPLEX:
        pytest.skip("no complex form compared")
    ours, our_params = run(kajo, name, options, 12, dtype)
    theirs, their_params = run(torch, name, options, 12, dtype)
    tolerance = 1e-12 if dtype == "float64" else 2e-6
    assert_same(plain(our_params), plain(their_params), tolerance)
    assert_same(plain(ours.state_dict()), plain(theirs.state_dict()), tolerance * 10)
    assert repr(ours) == repr(theirs)


def convert(value):
    """A state of one side as a state of the other."""
    if isinstance(value, torch.Tensor) and not isinstance(value, kajo.Tensor):
        return kajo.tensor(value.tolist(), dtype=getattr(kajo, str(value.dtype).split(".")[-1]))
    if isinstance(value, dict):
        return {key: convert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [convert(item) for item in value]
    return value


@pytest.mark.parametrize(("name", "options"), CASES)
def test_continues_from_a_state_of_torch(name, options):
    theirs, _ = run(torch, name, options, 4)
    state = copy.deepcopy(theirs.state_dict())
    _, their_params = run(torch, name, options, 4, start=copy.deepcopy(state))
    _, our_params = run(kajo, name, options, 4, start=convert(state))
    assert_same(plain(our_params), plain(their_params), 2e-6)


def matrices(side):
    rng = np.random.default_rng(1)
    shapes = [(4, 6), (6, 3), (5, 5)]
    return [
        side.tensor(rng.standard_normal(s).tolist(), dtype=side.float32, requires_grad=True)
        for s in shapes
    ]


@pytest.mark.parametrize(
    "options", [{}, {"nesterov": False}, {"adjust_lr_fn": "match_rms_adamw", "lr": 0.1}]
)
def test_muon(options):
    results = []
    for side in (kajo, torch):
        params = matrices(side)
        optimizer = side.optim.Muon(params, **options)
        for _ in range(5):
            optimizer.zero_grad()
            sum(((p - 1) ** 2).sum() for p in params).backward()
            optimizer.step()
        results.append((plain(params), plain(optimizer.state_dict())))
    assert_same(results[0][0], results[1][0], 2e-2)
    assert_same(results[0][1], results[1][1], 2e-2)


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
@pytest.mark.parametrize("history_size", [2, 100])
def test_lbfgs(line_search_fn, history_size):
    results = []
    for side in (kajo, torch):
        x = side.tensor([-1.2, 1.0, 0.3, 0.8], dtype=side.float64, requires_grad=True)
        options = {"lr": 1.0 if line_search_fn else 1e-3, "max_iter": 7}
        optimizer = side.optim.LBFGS(
            [x], line_search_fn=line_search_fn, history_size=history_size, **options
        )
        calls = []

        def closure(x=x, optimizer=optimizer, calls=calls):
            optimizer.zero_grad()
            loss = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
            loss.backward()
            calls.append(loss.item())
            return loss

        for _ in range(4):
            optimizer.step(closure)
        results.append((calls, x.tolist(), plain(optimizer.state_dict())))
    (our_calls, ours, our_state), (their_calls, theirs, their_state) = results
    np.testing.assert_allclose(our_calls, their_calls, rtol=1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert sorted(our_state["state"][0]) == sorted(their_state["state"][0])


def test_signatures_are_those_of_torch():
    for name in kajo.optim.__all__:
        ours, theirs = getattr(kajo.optim, name), getattr(torch.optim, name)
        if not inspect.isclass(ours):
            continue
        mine = inspect.signature(ours.__init__).parameters
        other = inspect.signature(theirs.__init__).parameters
        assert [(p.name, p.default, p.kind) for p in mine.values()] == [
            (p.name, p.default, p.kind) for p in other.values()
        ], name


def test_state_dict_pickles_and_copies():
    optimizer, _ = run(kajo, "Adam", {}, 2)
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        assert repr(other) == repr(optimizer)
        assert_same(plain(other.state_dict()), plain(optimizer.state_dict()), 0)
