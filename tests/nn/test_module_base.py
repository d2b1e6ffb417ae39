"""Calls and attributes of modules, which the core sees to where nothing special is asked for."""

import abc
import copy
import pickle
import types
import typing
from typing import Generic, TypeVar

import pytest

import kajo
from kajo import nn
from kajo.nn.modules.module import register_module_forward_hook

T = TypeVar("T")


class Double(nn.Module):
    def forward(self, x, factor=2, *rest, more=0):
        return x * factor + more + sum(rest)


def test_arguments_of_all_kinds():
    m, x = Double(), kajo.ones(1)
    assert m(x).item() == 2
    assert m(x, 3).item() == 3
    assert m(x, factor=4, more=1).item() == 5
    assert m(x, 1, *range(20)).item() == 1 + sum(range(20))
    assert m(x, 1, *range(20), more=1).item() == 2 + sum(range(20))
    with pytest.raises(TypeError, match="unexpected keyword"):
        m(x, other=1)


def test_forward_of_the_instance_comes_first():
    m = Double()
    m.forward = lambda x: x + 10
    assert m(kajo.ones(1)).item() == 11
    m.forward = types.MethodType(lambda self, x: x + 20, m)
    assert m(kajo.ones(1)).item() == 21
    del m.forward
    assert m(kajo.ones(1)).item() == 2


def test_forward_that_is_no_plain_function():
    class Static(nn.Module):
        @staticmethod
        def forward(x):
            return x + 1

    class Attribute(nn.Module):
        forward = kajo.relu

    class Lazy(nn.Module):
        @property
        def forward(self):
            return lambda x: x + 5

    assert Static()(kajo.ones(1)).item() == 2
    assert Lazy()(kajo.ones(1)).item() == 6
    with pytest.raises(NotImplementedError, match="missing the required"):
        nn.Module()(1)
    with pytest.raises(TypeError):
        Attribute()(kajo.ones(1))


def test_every_kind_of_hook_is_seen():
    m, x = Double(), kajo.ones(1, requires_grad=True)
    seen = []
    handles = [
        m.register_forward_pre_hook(lambda module, args: seen.append("pre")),
        m.register_forward_hook(lambda module, args, out: seen.append("post")),
        m.register_full_backward_pre_hook(lambda module, g: seen.append("backward pre")),
        m.register_full_backward_hook(lambda module, i, o: seen.append("backward")),
        register_module_forward_hook(lambda module, args, out: seen.append("all")),
    ]
    m(x).backward()
    assert seen == ["pre", "all", "post", "backward pre", "backward"]
    for handle in handles:
        handle.remove()
    m(x).backward()
    assert len(seen) == 5


def test_a_call_in_its_own_way():
    class Wrapped(Double):
        def _call_impl(self, *args, **kwargs):
            return super()._call_impl(*args, **kwargs) + 100

    class Called(Double):
        def __call__(self, *args, **kwargs):
            return super().__call__(*args, **kwargs) + 200

    assert Wrapped()(kajo.ones(1)).item() == 102
    assert Called()(kajo.ones(1)).item() == 202
    before = nn.Module.__call__
    nn.Module.__call__ = lambda self, *args: before(self, *args) + 300
    try:
        assert Double()(kajo.ones(1)).item() == 302
    finally:
        nn.Module.__call__ = before
    assert Double()(kajo.ones(1)).item() == 2


def test_errors_are_explained_and_keep_their_trace():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))
    with pytest.raises(RuntimeError, match="In module 1, Linear") as caught:
        model(kajo.ones(1, 2))
    names = [entry.name for entry in caught.traceback]
    assert names[-1] == "forward"

    class Fails(nn.Module):
        def forward(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Fails()(1)


def test_members_come_after_ordinary_attributes():
    m = nn.Linear(2, 2)
    assert m.weight is m._parameters["weight"]
    m.__dict__["weight"] = "shadow"
    assert m.weight == "shadow"
    del m.__dict__["weight"]
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'wieght'"):
        m.wieght
    assert not hasattr(m, "wieght")
    assert getattr(m, "wieght", 1) == 1
    with pytest.raises(AttributeError):
        nn.Module.__new__(nn.Linear).weight


def test_look_up_in_its_own_way():
    class Around(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.inner, name)

    class Counting(nn.Linear):
        asked = 0

        def __getattribute__(self, name):
            if name == "weight":
                type(self).asked += 1
            return super().__getattribute__(name)

    class Property(nn.Module):
        @property
        def broken(self):
            raise AttributeError("inside")

    around = Around(nn.Linear(2, 3))
    assert around.out_features == 3
    assert around.inner is around._modules["inner"]
    counting = Counting(2, 2)
    counting(kajo.ones(1, 2))
    assert Counting.asked > 0
    with pytest.raises(AttributeError):
        Property().broken
    nn.ReLU.__getattr__ = lambda self, name: name
    try:
        assert nn.ReLU().anything == "anything"
    finally:
        del nn.ReLU.__getattr__
    assert not hasattr(nn.ReLU(), "anything")


def test_with_other_base_classes():
    class Kinds(nn.Module, Generic[T]):
        def forward(self, x):
            return x

    class Registered:
        known: typing.ClassVar[list] = []

        def __init_subclass__(cls, tag=None, **kwargs):
            super().__init_subclass__(**kwargs)
            Registered.known.append((cls.__name__, tag))

    class Both(nn.Module, Registered, tag="x"):
        pass

    class Abstract(nn.Module, abc.ABC):
        @abc.abstractmethod
        def width(self): ...

    assert Kinds[int]()(3) == 3
    assert Registered.known == [("Both", "x")]
    with pytest.raises(TypeError, match="abstract"):
        Abstract()


def test_copies_and_pickles():
    m = nn.Linear(2, 3)
    for again in (copy.deepcopy(m), copy.copy(m), pickle.loads(pickle.dumps(m))):
        assert kajo.equal(again(kajo.ones(1, 2)), m(kajo.ones(1, 2)))


def test_deep_recursion_is_an_error():
    class Endless(nn.Module):
        def forward(self, x):
            return self(x)

    with pytest.raises(RecursionError):
        Endless()(1)
