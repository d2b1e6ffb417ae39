"""Parameters that are functions of others."""

import copy

import pytest

import kajo
from kajo import nn
from kajo.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


class Square(nn.Module):
    def forward(self, x):
        return x.new_zeros(2, 2)


def test_the_tensor_is_computed_from_its_original():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert type(layer).__name__ == "ParametrizedLinear"
    assert (layer.weight == layer.weight.mT).all()
    layer(kajo.ones(1, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_assigning_goes_through_the_inverse():
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert (layer.weight == before).all()
    layer.weight = kajo.ones(2, 2)
    assert (layer.parametrizations.weight.original == 0.5).all()


def test_functions_are_chained_and_removed():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    once = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert (layer.weight == 2 * once).all()
    value = layer.weight.detach().clone()
    assert (value == value.mT).all()
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert (layer.weight == value).all()
    assert sorted(n for n, _ in layer.named_parameters()) == ["bias", "weight"]


def test_a_cache_computes_once():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    assert layer.weight is not layer.weight
    with parametrize.cached():
        assert layer.weight is layer.weight


def test_a_copy_is_independent():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    other = copy.deepcopy(layer)
    with kajo.no_grad():
        other.parametrizations.weight.original.zero_()
    assert not (layer.weight == 0).all()


def test_refusals_change_nothing():
    layer = nn.Linear(3, 3)
    with pytest.raises(ValueError, match="may not change the shape"):
        parametrize.register_parametrization(layer, "weight", Square())
    with pytest.raises(ValueError, match="does not have a parameter"):
        parametrize.register_parametrization(layer, "missing", Symmetric())
    with pytest.raises(ValueError, match="does not have a parametrization"):
        parametrize.remove_parametrizations(layer, "weight")
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_weight_norm_keeps_the_value():
    layer = nn.Conv1d(2, 3, 2)
    before = layer.weight.detach().clone()
    parametrizations.weight_norm(layer)
    assert layer.parametrizations.weight.original0.shape == (3, 1, 1)
    assert kajo.allclose(layer.weight, before)


def test_spectral_norm_bounds_the_largest_singular_value():
    kajo.manual_seed(0)
    layer = parametrizations.spectral_norm(nn.Linear(6, 4), n_power_iterations=20)
    largest = kajo.linalg.svdvals(layer.weight.detach())[0]
    assert abs(float(largest) - 1) < 1e-3


def test_weight_norm_takes_what_its_former_form_saved():
    former = kajo.nn.utils.weight_norm(kajo.nn.Linear(2, 3))
    layer = kajo.nn.utils.parametrizations.weight_norm(kajo.nn.Linear(2, 3))
    layer.load_state_dict(former.state_dict())
    x = kajo.randn(4, 2)
    assert kajo.equal(layer(x), former(x))
