"""Profiles: which calls are noted, how they are summed, shown and exported."""

import gzip
import json
import threading

import pytest

import kajo
from kajo import nn
from kajo.profiler import (
    DeviceType,
    ExecutionTraceObserver,
    ProfilerAction,
    ProfilerActivity,
    kineto_available,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)


def train(model, x):
    model(x).sum().backward()


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def test_calls_are_noted_with_their_parents(model):
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as p:
        with record_function("step"):
            train(model, kajo.ones(2, 4))
    names = [event.name for event in p.events()]
    assert names[0] == "step"
    assert names.count("aten::linear") == 2
    assert {"aten::relu", "aten::sum", "ReluBackward0"} <= set(names)
    step = p.events()[0]
    assert step.cpu_parent is None and step.is_user_annotation
    linear = next(event for event in p.events() if event.name == "aten::linear")
    assert linear.cpu_parent is step
    assert linear.input_shapes == [[2, 4], [8, 4], [8]]
    assert 0 < linear.cpu_time_total <= step.cpu_time_total
    inner = sum(child.cpu_time_total for child in step.cpu_children)
    assert step.self_cpu_time_total == pytest.approx(step.cpu_time_total - inner)


def test_operators_in_place_and_composites_have_names():
    x = kajo.ones(3, 3)
    with profile() as p:
        x + 1
        x.add_(1)
        kajo.linalg.det(x)
    names = [event.name for event in p.events()]
    assert {"aten::add", "aten::add_", "aten::linalg_det"} <= set(names)


def test_sums_and_table(model):
    with profile(profile_memory=True, record_shapes=True) as p:
        for _ in range(3):
            train(model, kajo.ones(2, 4))
    sums = {event.key: event for event in p.key_averages()}
    assert sums["aten::linear"].count == 6
    assert sums["aten::linear"].cpu_time == pytest.approx(sums["aten::linear"].cpu_time_total / 6)
    apart = p.key_averages(group_by_input_shape=True)
    assert sum(event.key == "aten::linear" for event in apart) == 2
    table = p.key_averages().table(sort_by="self_cpu_time_total", row_limit=3)
    lines = table.splitlines()
    assert lines[1].split("  ")[0].strip() == "Name" or "Name" in lines[1]
    assert len(lines) == 3 + 3 + 2
    assert "CPU Mem" in lines[1] and "# of Calls" in lines[1]
    assert lines[-1].startswith("Self CPU time total")
    assert p.key_averages().total_average().count == len(p.events())


def test_memory():
    with profile(profile_memory=True) as p:
        kept = kajo.zeros(1000)
    event = next(e for e in p.events() if e.name == "aten::zeros")
    assert event.cpu_memory_usage >= kept.numel() * 4


def test_stacks(tmp_path):
    with profile(with_stack=True) as p:
        for _ in range(100):
            kajo.ones(100, 100) @ kajo.ones(100, 100)
    event = next(e for e in p.events() if e.name == "aten::matmul")
    assert "test_stacks" in event.stack[0] and __file__ in event.stack[0]
    p.export_stacks(str(tmp_path / "stacks"), "self_cpu_time_total")
    assert "test_stacks" in (tmp_path / "stacks").read_text()
    with pytest.raises(ValueError, match="metric"):
        p.export_stacks(str(tmp_path / "stacks"), "colour")


def test_trace(tmp_path, model):
    with profile(record_shapes=True) as p:
        train(model, kajo.ones(2, 4))
    p.add_metadata("note", "small")
    p.export_chrome_trace(str(tmp_path / "trace.json"))
    trace = json.loads((tmp_path / "trace.json").read_text())
    complete = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(complete) == len(p.events()) and trace["note"] == "small"
    assert all({"name", "ts", "dur", "pid", "tid", "cat"} <= set(event) for event in complete)
    p.export_chrome_trace(str(tmp_path / "trace.json.gz"))
    assert json.loads(gzip.decompress((tmp_path / "trace.json.gz").read_bytes()))["traceEvents"]


def test_schedule_and_steps(tmp_path):
    seen = []
    plan = schedule(wait=1, warmup=1, active=2, repeat=2)
    with profile(
        schedule=plan, on_trace_ready=lambda p: seen.append((p.step_num, p.events()))
    ) as p:
        for _ in range(12):
            kajo.ones(2) + 1
            p.step()
    assert [step for step, _ in seen] == [4, 8]
    for _, events in seen:
        names = [event.name for event in events]
        assert names.count("aten::add") == 2
        assert sum(name.startswith("ProfilerStep#") for name in names) == 2
    handler = tensorboard_trace_handler(str(tmp_path), "worker")
    with profile(on_trace_ready=handler):
        kajo.ones(2)
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("worker.") and file.name.endswith(".pt.trace.json")


def test_schedules_actions():
    plan = schedule(wait=1, warmup=1, active=1, repeat=1, skip_first=1)
    assert [plan(i) for i in range(5)] == [
        ProfilerAction.NONE,
        ProfilerAction.NONE,
        ProfilerAction.WARMUP,
        ProfilerAction.RECORD_AND_SAVE,
        ProfilerAction.NONE,
    ]
    with pytest.raises(AssertionError):
        schedule(wait=0, warmup=0, active=0)


def test_threads():
    with profile() as p:
        threads = [threading.Thread(target=lambda: kajo.ones(3) + 1) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    adds = [event for event in p.events() if event.name == "aten::add"]
    assert len(adds) == 2


def test_one_at_a_time_and_none_outside():
    with profile():
        with pytest.raises(RuntimeError, match="another profile"), profile():
            pass
    kajo.ones(2) + 1
    with profile() as p:
        pass
    assert len(p.events()) == 0
    assert not kajo._core._is_profiling()
    with pytest.raises(AssertionError):
        profile().events()


def test_former_interface():
    @record_function("twice")
    def twice(x):
        return x * 2

    with kajo.autograd.profiler.profile(record_shapes=True) as p:
        twice(kajo.ones(2))
    assert [e.name for e in p.function_events] == ["aten::ones", "twice", "aten::mul"]
    assert "twice" in str(p.key_averages())
    with kajo.autograd.profiler.profile(enabled=False) as p:
        kajo.ones(2)
    assert p.function_events is None


def test_execution_trace(tmp_path, model):
    path = tmp_path / "trace.json"
    observer = ExecutionTraceObserver().register_callback(str(path))
    with observer, record_function("step"):
        model(kajo.ones(2, 4))
    assert not observer.is_running()
    nodes = {node["id"]: node for node in json.loads(path.read_text())["nodes"]}
    linear = next(node for node in nodes.values() if node["name"] == "aten::linear")
    assert nodes[linear["ctrl_deps"]]["name"] == "step"
    assert nodes[nodes[linear["ctrl_deps"]]["ctrl_deps"]]["name"] == "[root]"
    assert linear["inputs"]["shapes"][0] == [2, 4]
    observer.unregister_callback()
    with pytest.raises(RuntimeError, match="register_callback"):
        observer.start()
    temporary = ExecutionTraceObserver().register_callback()
    with temporary:
        pass
    temporary.cleanup()
    assert not temporary.is_registered
    assert kineto_available()
    assert next(iter(profile_of(model).events())).device_type is DeviceType.CPU


def profile_of(model):
    with profile() as found:
        model(kajo.ones(2, 4))
    return found
