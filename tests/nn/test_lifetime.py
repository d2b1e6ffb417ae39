"""Who keeps whom: modules, parameters, their attributes, graphs and cycles."""

import gc
import weakref

import kajo
from kajo import nn


def allocated():
    gc.collect()
    return kajo._core._memory_stats()["allocated_bytes"]


def tensors_alive():
    gc.collect()
    return sum(isinstance(o, kajo.Tensor) for o in gc.get_objects())


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def train(model, optimizer, steps):
    x, target = kajo.ones(3, 4), kajo.zeros(3, dtype=kajo.int64)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()


def test_a_thousand_steps_leave_nothing_behind():
    model = network()
    optimizer = kajo.optim.Adam(model.parameters())
    train(model, optimizer, 10)
    bytes_before, tensors_before = allocated(), tensors_alive()
    objects_before = len(gc.get_objects())
    train(model, optimizer, 1000)
    assert allocated() == bytes_before
    assert tensors_alive() == tensors_before
    assert abs(len(gc.get_objects()) - objects_before) < 20


def test_a_dropped_model_frees_its_memory():
    before = allocated()
    model = network()
    train(model, kajo.optim.SGD(model.parameters(), lr=0.1), 3)
    model.itself = model
    gone = weakref.ref(model)
    assert allocated() > before
    del model
    assert allocated() == before
    assert gone() is None


def test_hooks_in_a_cycle_with_their_tensor_are_freed():
    before = allocated()
    for _ in range(10):
        weight = nn.Parameter(kajo.ones(100))
        weight.register_hook(lambda grad, weight=weight: grad * weight.numel())
        (weight * 2).sum().backward()
    del weight
    assert allocated() == before


def test_module_hooks_in_a_cycle_are_freed():
    before = allocated()
    model = network()
    model.register_forward_hook(lambda module, args, out, model=model: None)
    model.register_full_backward_hook(lambda module, inward, outward, model=model: None)
    model(kajo.ones(2, 4)).sum().backward()
    del model
    assert allocated() == before


def test_an_attribute_that_points_back_is_freed():
    before = allocated()
    weight = nn.Parameter(kajo.ones(50))
    weight.owner = [weight]
    del weight
    assert allocated() == before


def test_a_parameter_stays_itself_while_only_the_graph_holds_it():
    weight = nn.Parameter(kajo.ones(3))
    weight.tag, address, watcher = "kept", id(weight), weakref.ref(weight)
    out = (weight * 2).sum()
    del weight
    gc.collect()
    leaf = out.grad_fn.next_functions[0][0].next_functions[0][0].variable
    assert type(leaf) is nn.Parameter
    assert (leaf.tag, id(leaf)) == ("kept", address)
    assert watcher() is leaf
    del leaf, out
    gc.collect()
    assert watcher() is None


def test_conversion_keeps_the_parameter():
    layer = nn.Linear(2, 2)
    weight = layer.weight
    weight.tag = 1
    layer.double().to(kajo.float32)
    assert layer.weight is weight
    assert weight.tag == 1


def test_gradients_belong_to_the_parameter_only():
    layer = nn.Linear(100, 100)
    before = allocated()
    layer(kajo.ones(1, 100)).sum().backward()
    assert allocated() > before
    layer.zero_grad()
    assert allocated() == before
