"""Optimisers on parameters of 16 bits: every operation rounds, as in PyTorch, unless fused."""

from __future__ import annotations

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.05, "maximize": True}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 2, "lambd": 0.01, "weight_decay": 0.1}),
    ("Rprop", {"lr": 0.1}),
]
FUSED = [case for case in CASES if case[0] in ("Adam", "AdamW")]
# Whole vectors of the widest kind, what is left behind them, and a number.
SHAPES = [(7, 5), (11,), (), (64,)]


def trajectory(side, name, options, dtype):
    rng = np.random.default_rng(0)

    def draw(shape):
        return side.from_numpy(np.asarray(rng.standard_normal(shape))).to(getattr(side, dtype))

    params = [side.nn.Parameter(draw(shape)) for shape in SHAPES]
    optimizer = getattr(side.optim, name)(params, **options)
    found = []
    for _ in range(6):
        for param, shape in zip(params, SHAPES, strict=True):
            param.grad = draw(shape)
        optimizer.step()
        found += [param.detach().float().numpy().copy() for param in params]
    return found


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    "name, options", CASES + [(name, {**options, "fused": True}) for name, options in FUSED]
)
def test_trajectories_are_equal(name, options, dtype):
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("PyTorch rounds elsewhere behind narrower vectors")
    ours = trajectory(kajo, name, options, dtype)
    theirs = trajectory(torch, name, options, dtype)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


OPTIMIZERS = ["Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adadelta", "ASGD", "RMSprop", "Rprop"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_capturable_is_refused_on_the_cpu(name):
    for side in (kajo, torch):
        param = side.nn.Parameter(side.ones(2))
        optimizer = getattr(side.optim, name)([param], capturable=True)
        optimizer.step()  # without gradients there is nothing to do
        param.grad = side.ones(2)
        with pytest.raises(AssertionError, match="If capturable=True, params"):
            optimizer.step()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_fused_steps_are_for_floating_parameters(name):
    for side in (kajo, torch):
        param = side.nn.Parameter(side.ones(2, dtype=side.complex64))
        optimizer = getattr(side.optim, name)([param], fused=True)
        param.grad = side.ones_like(param)
        with pytest.raises(RuntimeError, match="requires all the params to be floating point"):
            optimizer.step()
