"""Masks on parameters."""

import pytest

import kajo
from kajo import nn
from kajo.nn.utils import prune


def zeros_in(tensor):
    return int((tensor == 0).sum())


def test_the_smallest_are_gone_and_stay_gone():
    layer = prune.l1_unstructured(nn.Linear(5, 4), "weight", 0.3)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_mask"]
    gone = layer.weight_mask == 0
    assert zeros_in(layer.weight) == 6
    assert layer.weight_orig[gone].abs().max() <= layer.weight_orig[~gone].abs().min()
    optimizer = kajo.optim.SGD(layer.parameters(), lr=0.1)
    layer(kajo.ones(2, 5)).sum().backward()
    assert (layer.weight_orig.grad[gone] == 0).all()
    optimizer.step()
    layer(kajo.ones(2, 5))
    assert zeros_in(layer.weight) == 6


def test_a_second_pruning_takes_from_what_is_left():
    layer = prune.l1_unstructured(nn.Linear(5, 4), "weight", 4)
    prune.ln_structured(layer, "weight", 1, 2, dim=0)
    prune.random_unstructured(layer, "weight", 0.5)
    assert zeros_in(layer.weight) > 10
    (hook,) = layer._forward_pre_hooks.values()
    assert [type(m).__name__ for m in hook] == [
        "L1Unstructured",
        "LnStructured",
        "RandomUnstructured",
    ]


def test_structured_takes_whole_slices():
    layer = prune.ln_structured(nn.Conv2d(3, 4, 2), "weight", 2, 1, dim=1)
    assert zeros_in(layer.weight.abs().sum((0, 2, 3))) == 2


def test_over_several_parameters():
    a, b = nn.Linear(3, 3), nn.Linear(3, 3)
    with kajo.no_grad():
        b.weight.fill_(100.0)
    prune.global_unstructured([(a, "weight"), (b, "weight")], prune.L1Unstructured, amount=9)
    assert (zeros_in(a.weight), zeros_in(b.weight)) == (9, 0)


def test_removing_keeps_the_zeros_and_the_parameter():
    layer = nn.Linear(3, 3)
    weight = layer.weight
    prune.custom_from_mask(layer, "weight", kajo.eye(3))
    assert prune.is_pruned(nn.Sequential(layer))
    prune.remove(layer, "weight")
    assert layer.weight is weight
    assert zeros_in(weight) == 6
    assert not prune.is_pruned(layer)


def test_refusals():
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="non-negative integer"):
        prune.l1_unstructured(layer, "weight", 1.5)
    with pytest.raises(TypeError, match="Invalid type for amount"):
        prune.l1_unstructured(layer, "weight", "all")
    with pytest.raises(ValueError, match="should be smaller"):
        prune.l1_unstructured(layer, "weight", 9)
    with pytest.raises(ValueError, match="has to be pruned"):
        prune.remove(layer, "weight")
    assert list(layer.state_dict()) == ["weight", "bias"]
