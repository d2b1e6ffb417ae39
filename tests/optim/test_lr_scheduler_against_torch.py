"""Schedules set the rates and keep the states that PyTorch's do."""

from __future__ import annotations

import warnings

import pytest

import kajo

torch = pytest.importorskip("torch")

CASES = [
    ("StepLR", {"step_size": 3}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.5}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 4}),
    ("LinearLR", {"start_factor": 0.25, "end_factor": 0.75, "total_iters": 6}),
    ("ExponentialLR", {"gamma": 0.8}),
    ("PolynomialLR", {"total_iters": 7, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 1.0, "step_size_up": 3, "step_size_down": 4}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 1.0, "step_size_up": 3, "mode": "triangular2"}),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 2, "mode": "exp_range", "gamma": 0.9},
    ),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": [1.0, 2.0], "epochs": 4, "steps_per_epoch": 5, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20, "anneal_strategy": "linear"}),
    ("SWALR", {"swa_lr": 0.01, "anneal_epochs": 5}),
    ("SWALR", {"swa_lr": 0.01, "anneal_epochs": 0, "anneal_strategy": "linear"}),
]


def make_optimizer(side, kind="SGD"):
    params = [side.ones(1, requires_grad=True) for _ in range(2)]
    groups = [{"params": params[0]}, {"params": params[1], "lr": 0.5}]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(side.optim, kind)(groups, lr=0.1, **options)


def find(side, name):
    return getattr(side.optim.lr_scheduler, name, None) or getattr(side.optim.swa_utils, name)


def momentum(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


def trace(side, optimizer, scheduler, steps):
    rates = []
    for _ in range(steps):
        rates.append(
            [(group["lr"], momentum(group)) for group in optimizer.param_groups]
            + scheduler.get_last_lr()
        )
        optimizer.step()
        scheduler.step()
    return rates


def flat(rates):
    return [v for row in rates for x in row for v in (x if isinstance(x, tuple) else (x,))]


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_same_rates(name, options, kind):
    results = []
    for side in (kajo, torch):
        optimizer = make_optimizer(side, kind)
        scheduler = find(side, name)(optimizer, **options)
        rates = trace(side, optimizer, scheduler, 14)
        results.append((flat(rates), scheduler.state_dict()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert set(results[0][1]) == set(results[1][1])
    for key, value in results[1][1].items():
        if isinstance(value, (int, float, str, bool)):
            assert results[0][1][key] == pytest.approx(value)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_state_continues(name, options):
    optimizer = make_optimizer(kajo)
    scheduler = find(kajo, name)(optimizer, **options)
    trace(kajo, optimizer, scheduler, 5)
    other_optimizer = make_optimizer(kajo)
    other = find(kajo, name)(other_optimizer, **options)
    other.load_state_dict(scheduler.state_dict())
    other_optimizer.load_state_dict(optimizer.state_dict())
    expected = trace(kajo, optimizer, scheduler, 5)
    assert trace(kajo, other_optimizer, other, 5) == expected


def combined(side, optimizer, which):
    lrs = side.optim.lr_scheduler
    first = lrs.LinearLR(optimizer, start_factor=0.5, total_iters=3)
    second = lrs.ExponentialLR(optimizer, 0.9)
    if which == "sequential":
        return lrs.SequentialLR(optimizer, [first, second], milestones=[4])
    if which == "chained":
        return lrs.ChainedScheduler([first, second], optimizer)
    third = lrs.CosineAnnealingLR(optimizer, 5)
    return lrs.SequentialLR(optimizer, [lrs.ChainedScheduler([first, second]), third], [3])


@pytest.mark.parametrize("which", ["sequential", "chained", "nested"])
def test_combined(which):
    results = []
    for side in (kajo, torch):
        optimizer = make_optimizer(side)
        scheduler = combined(side, optimizer, which)
        results.append((flat(trace(side, optimizer, scheduler, 12)), scheduler.state_dict()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert set(results[0][1]) == set(results[1][1])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 1, "cooldown": 2},
        {"mode": "max", "patience": 0, "threshold_mode": "abs", "threshold": 0.1},
        {"patience": 0, "min_lr": [0.05, 0.1]},
    ],
)
def test_reduce_on_plateau(options):
    values = [3.0, 2.0, 2.0, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0, 1.2, 0.99, 0.99]
    results = []
    for side in (kajo, torch):
        optimizer = make_optimizer(side)
        scheduler = side.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rates = []
        for value in values:
            scheduler.step(value)
            rates += scheduler.get_last_lr()
        results.append((rates, scheduler.state_dict()))
    assert results[0] == results[1]


def test_order_warning():
    for side in (kajo, torch):
        optimizer = make_optimizer(side)
        scheduler = side.optim.lr_scheduler.StepLR(optimizer, 1)
        with pytest.warns(UserWarning, match="before `optimizer.step"):
            scheduler.step()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            optimizer.step()
            scheduler.step()


def test_averaged_model():
    for use_buffers in (False, True):
        averages = []
        for side in (kajo, torch):
            side.manual_seed(0)
            model = side.nn.Sequential(side.nn.Linear(2, 2), side.nn.BatchNorm1d(2))
            averaged = side.optim.swa_utils.AveragedModel(
                model,
                multi_avg_fn=side.optim.swa_utils.get_ema_multi_avg_fn(0.9),
                use_buffers=use_buffers,
            )
            for i in range(3):
                with side.no_grad():
                    for param in model.parameters():
                        param.add_(i)
                averaged.update_parameters(model)
            data = [side.arange(8.0).reshape(4, 2), side.ones(4, 2)]
            side.optim.swa_utils.update_bn(data, averaged)
            averages.append([value.tolist() for value in averaged.state_dict().values()])
        for ours, theirs in zip(*averages, strict=True):
            assert sum(_numbers(ours), []) == pytest.approx(sum(_numbers(theirs), []), rel=1e-5)


def _numbers(value):
    return [sum(_numbers(v), []) for v in value] if isinstance(value, list) else [[value]]
