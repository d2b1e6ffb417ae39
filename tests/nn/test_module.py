"""nn.Module: registration, state, hooks, copying."""

import copy
import pickle

import pytest

import kajo
from kajo import nn


def small():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU())


def test_registration_and_walking():
    model = small()
    assert [n for n, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [n for n, _ in model.named_modules()] == ["", "0", "1", "2"]
    assert len(list(model.buffers())) == 3


def test_attribute_rules():
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="as parameter 'weight'"):
        layer.weight = kajo.ones(2)
    layer.weight = None
    assert list(layer.state_dict()) == ["bias"]
    module = nn.Module()
    module.count = nn.Buffer(kajo.zeros(1), persistent=False)
    assert list(module.state_dict()) == []
    assert len(list(module.buffers())) == 1
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        _ = module.missing


def test_loading_names_all_that_is_wrong():
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(2, 3).load_state_dict({"weight": kajo.ones(3, 3), "extra": kajo.ones(1)})
    text = str(caught.value)
    assert 'Missing key(s) in state_dict: "bias".' in text
    assert 'Unexpected key(s) in state_dict: "extra".' in text
    assert "size mismatch for weight" in text
    result = nn.Linear(2, 3).load_state_dict({"weight": kajo.ones(3, 2)}, strict=False)
    assert result.missing_keys == ["bias"]


def test_copy_and_pickle():
    model = small()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        for (n, p), (m, q) in zip(model.named_parameters(), other.named_parameters(), strict=True):
            assert n == m
            assert p is not q
            assert kajo.equal(p, q)
            assert isinstance(q, nn.Parameter)


def test_forward_hooks():
    layer = nn.ReLU()
    calls = []
    first = layer.register_forward_pre_hook(lambda m, a: calls.append("pre"))
    layer.register_forward_hook(lambda m, a, k, o: o + 1, with_kwargs=True)
    assert layer(kajo.ones(1)).item() == 2
    first.remove()
    layer(kajo.ones(1))
    assert calls == ["pre"]


def test_full_backward_hooks():
    layer = nn.Linear(2, 1)
    seen = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi[0].shape, go[0].shape)))
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
    x = kajo.ones(3, 2, requires_grad=True)
    layer(x).sum().backward()
    assert [tuple(s) for s in seen[0]] == [(3, 2), (3, 1)]
    assert kajo.equal(x.grad, layer.weight.detach().expand(3, 2) * 2)


def test_lazy_module_takes_its_shape_from_input_or_state():
    layer = nn.LazyLinear(3)
    layer(kajo.ones(2, 5))
    assert type(layer) is nn.Linear
    assert tuple(layer.weight.shape) == (3, 5)
    other = nn.LazyLinear(3)
    other.load_state_dict(layer.state_dict())
    assert kajo.equal(other.weight, layer.weight)


def test_conversion():
    model = small()
    weight = model[0].weight
    model.double()
    assert model[0].weight is weight
    assert weight.dtype == kajo.float64
    assert model[1].num_batches_tracked.dtype == kajo.int64
    with pytest.raises(TypeError, match="floating point or complex"):
        model.to(kajo.int32)


def test_recurrent_state_equals_step_by_step():
    cell = nn.GRUCell(3, 4)
    layer = nn.GRU(3, 4)
    layer.load_state_dict({f"{k}_l0": v for k, v in cell.state_dict().items()})
    x = kajo.randn(5, 2, 3)
    output, last = layer(x)
    state = kajo.zeros(2, 4)
    for step in range(5):
        state = cell(x[step], state)
        assert kajo.allclose(output[step], state, atol=1e-6)
    assert kajo.allclose(last[0], state, atol=1e-6)


def test_losses_with_a_distance_hold_it_as_a_module() -> None:
    text = repr(kajo.nn.TripletMarginWithDistanceLoss())
    assert text.splitlines()[1] == "  (distance_function): PairwiseDistance()"
    assert repr(kajo.nn.FractionalMaxPool2d(2, output_size=3)) == "FractionalMaxPool2d()"
