"""Profiles show work under the names that programs written for PyTorch look for."""

from __future__ import annotations

import kajo
from kajo import nn
from kajo.profiler import profile, record_function
from kajo.utils.data import DataLoader, TensorDataset

NAMES = [
    "aten::linear", "aten::addmm", "aten::conv2d", "aten::convolution", "aten::_convolution",
    "aten::batch_norm", "aten::native_batch_norm", "aten::max_pool2d_with_indices", "aten::relu",
    "aten::layer_norm", "aten::native_layer_norm", "aten::softmax", "aten::_softmax",
    "aten::cross_entropy_loss", "aten::mm", "aten::bmm", "aten::dot", "aten::mv", "aten::matmul",
    "aten::scaled_dot_product_attention", "aten::_local_scalar_dense", "my block",
    "Optimizer.step#SGD.step", "Optimizer.zero_grad#SGD.zero_grad",
    "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__",
    "autograd::engine::evaluate_function: ConvolutionBackward0", "ConvolutionBackward0",
    "autograd::engine::evaluate_function: torch::autograd::AccumulateGrad",
    "torch::autograd::AccumulateGrad",
]  # fmt: skip


def profiled():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8, 4), nn.LayerNorm(4),
    )  # fmt: skip
    optimizer = kajo.optim.SGD(model.parameters())
    loader = DataLoader(TensorDataset(kajo.randn(2, 1, 4, 4), kajo.tensor([0, 1])), batch_size=2)
    with profile(record_shapes=True) as done:
        for x, y in loader:
            with record_function("my block"):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        kajo.ones(3) @ kajo.ones(3), kajo.ones(2, 3) @ kajo.ones(3)
        kajo.ones(2, 3) @ kajo.ones(3, 2), kajo.ones(1, 2, 3) @ kajo.ones(1, 3, 2)
        kajo.ones(2, 2).softmax(1).sum().item()
        nn.functional.scaled_dot_product_attention(*[kajo.ones(1, 1, 2, 4)] * 3)
    return done


def test_names():
    found = {row.key for row in profiled().key_averages()}
    assert not [name for name in NAMES if name not in found]
    assert not {"aten::dim", "aten::size", "aten::numel"} & found


def test_inner_events_have_the_times_of_outer_ones():
    events = profiled().events()
    (inner,) = [event for event in events if event.name == "aten::addmm"]
    outer = inner.cpu_parent
    assert outer.name == "aten::linear" and outer.cpu_children == [inner]
    assert inner.cpu_time_total == outer.cpu_time_total and outer.self_cpu_time_total == 0
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    for event in events:
        assert all(child.cpu_parent is event for child in event.cpu_children)
    step = next(event for event in events if event.name == "Optimizer.step#SGD.step")
    assert step.is_user_annotation and "aten::sgd_step_" in {c.name for c in step.cpu_children}


def test_times_are_counted_once():
    events = profiled().events()
    roots = [event for event in events if event.cpu_parent is None]
    whole = sum(event.cpu_time_total for event in roots)
    assert abs(sum(event.self_cpu_time_total for event in events) - whole) < 1e-6 * whole
