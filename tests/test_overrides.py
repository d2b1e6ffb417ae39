"""`__torch_function__`: subclasses, foreign types, modes and the device of new tensors."""

import copy
import pickle
import threading

import pytest

import kajo
from kajo.nn import functional as F
from kajo.overrides import TorchFunctionMode
from kajo.utils import _pytree as pytree


class Length(kajo.Tensor):
    pass


class Recorder:
    """No tensor: answers with what it was asked."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return func, types, args, kwargs


class Log(TorchFunctionMode):
    def __init__(self):
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def length(*values):
    return kajo.tensor(values).as_subclass(Length)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x + 1,
        lambda x: 2 - x,
        lambda x: kajo.ones(2) * x,
        lambda x: -x,
        lambda x: x[0],
        lambda x: x.T,
        lambda x: x.sum(),
        lambda x: kajo.cat([kajo.zeros(1), x]),
        lambda x: kajo.einsum("i,i->", x, x),
        lambda x: F.relu(x),
        lambda x: F.mse_loss(x, kajo.zeros(2)),
        lambda x: F.linear(kajo.ones(3, 2), x),
        lambda x: x.unbind()[0],
        lambda x: x.max(0).values,
        lambda x: next(iter(x)),
        lambda x: copy.deepcopy(x),
        lambda x: x.data,
        lambda x: x.add_(1),
    ],
)
def test_results_are_of_the_subclass(call):
    assert type(call(length(1.0, 2.0))) is Length


def test_a_subclass_keeps_history_and_plain_results():
    x = kajo.tensor([1.0, 2.0], requires_grad=True)
    y = x.as_subclass(Length)
    assert y.grad_fn.name() == "AliasBackward0"
    (y * y).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert y.shape == (2,) and type(y.shape) is kajo.Size
    assert type(pickle.loads(pickle.dumps(length(1.0)))) is Length
    assert type(kajo.nn.Parameter(kajo.ones(2)) + 1) is kajo.Tensor


def test_attributes_and_a_handler_that_extends_the_default():
    class Named(kajo.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            result = super().__torch_function__(func, types, args, kwargs or {})
            if isinstance(result, cls):
                result.origin = func.__name__
            return result

    x = kajo.ones(2).as_subclass(Named)
    assert (x + 1).origin == "add"
    assert F.softmax(x, 0).origin == "softmax"
    assert kajo.Tensor.sum(x).origin == "sum"


def test_properties_arrive_as_getters():
    seen = []

    class Watched(kajo.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(func)
            return super().__torch_function__(func, types, args, kwargs or {})

    x = kajo.ones(2).as_subclass(Watched)
    _ = x.shape
    x.requires_grad = True
    assert seen == [kajo.Tensor.shape.__get__, kajo.Tensor.requires_grad.__set__]
    assert type(x.grad) is type(None)


def test_objects_that_are_no_tensors():
    r = Recorder()
    assert kajo.add(r, 2) == (kajo.add, (Recorder,), (r, 2), {})
    assert kajo.sum(r, dim=0)[3] == {"dim": 0}
    assert (kajo.ones(2) + r)[1] == (Recorder,)
    assert (r + kajo.ones(2))[1] == (Recorder,)
    assert kajo.stack([kajo.ones(2), r])[0] is kajo.stack
    assert F.cross_entropy(r, r)[0] is F.cross_entropy
    assert F.linear(kajo.ones(2), r)[0] is F.linear
    assert kajo.linalg.det(r)[0] is kajo.linalg.det


def test_the_more_special_type_is_asked_first():
    class Base(kajo.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return cls.__name__, [t.__name__ for t in types]

    class Derived(Base):
        pass

    a, b = kajo.ones(1).as_subclass(Base), kajo.ones(1).as_subclass(Derived)
    assert a + b == ("Derived", ["Derived", "Base"])


def test_nobody_takes_the_call():
    class Refuses:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return NotImplemented

    with pytest.raises(TypeError, match="no implementation found for 'kajo.add'.*Refuses"):
        kajo.add(Refuses(), 1)
    other = type("Other", (kajo.Tensor,), {})
    with pytest.raises(TypeError, match="no implementation found"):
        kajo.ones(1).as_subclass(other) + length(1.0)


def test_switches():
    x = length(1.0)
    with kajo._C.DisableTorchFunctionSubclass():
        assert type(x + 1) is kajo.Tensor
        with Log() as log:
            _ = x + 1
        assert log.names == ["add"]
        with kajo._C.DisableTorchFunction():
            assert type(x + 1) is kajo.Tensor
    assert type(x + 1) is Length


def test_modes_nest_and_do_not_see_themselves():
    class Twice(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            return result + result if func is kajo.add else result

    with Log() as outer, Twice(), Log() as inner:
        result = kajo.add(kajo.ones(1), 1)
    assert result.tolist() == [4.0]
    assert inner.names == ["ones", "add"]
    assert outer.names == ["ones", "add", "add"]
    with pytest.raises(RuntimeError, match="no mode"):
        kajo._C._pop_mode()


def test_modes_are_of_one_thread():
    seen = []
    with Log() as log:
        thread = threading.Thread(target=lambda: seen.append(kajo.ones(1)))
        thread.start()
        thread.join()
    assert log.names == [] and len(seen) == 1


def test_a_mode_ends_when_the_block_raises():
    with pytest.raises(RuntimeError), Log():
        kajo.ones(2) + kajo.ones(3)
    with Log() as log:
        pass
    kajo.ones(1)
    assert log.names == []


def test_device_of_a_block():
    with kajo.device("meta"):
        assert kajo.zeros(2).is_meta
        assert kajo.tensor([1.0]).is_meta
        assert kajo.nn.Linear(2, 3).weight.is_meta
        assert not kajo.zeros(2, device="cpu").is_meta
        with kajo.device("cpu"):
            assert not kajo.randn(2).is_meta
    assert not kajo.zeros(2).is_meta

    @kajo.device("meta")
    def make():
        return kajo.ones(1)

    assert make().is_meta


def test_default_device():
    kajo.set_default_device("meta")
    try:
        assert kajo.get_default_device() == kajo.device("meta")
        assert kajo.arange(3).is_meta
        with kajo.device("cpu"):
            assert not kajo.arange(3).is_meta
    finally:
        kajo.set_default_device(None)
    assert not kajo.arange(3).is_meta


def test_uninitialized_parameters_refuse_operations():
    weight = kajo.nn.UninitializedParameter()
    for call in (lambda: weight + 1, lambda: weight.view(1), lambda: F.relu(weight)):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in"):
            call()
    assert weight.float().dtype is kajo.float32 and not weight.is_meta


def test_functions_of_overrides():
    x = length(1.0)
    assert kajo.overrides.has_torch_function((1, x))
    assert not kajo.overrides.has_torch_function((1, kajo.ones(1)))
    assert kajo.overrides.is_tensor_like(Recorder()) and not kajo.overrides.is_tensor_like([1])
    assert kajo.overrides.resolve_name(kajo.linalg.inv_ex) == "kajo.linalg.inv_ex"
    assert kajo.overrides.resolve_name(F.relu) == "kajo.nn.functional.relu"
    every = kajo.overrides.get_overridable_functions()
    assert kajo.Tensor.add_ in every[kajo.Tensor] and F.conv2d in every[F]
    assert kajo.overrides.get_testing_overrides()[kajo.cat]([]) == -1
    assert kajo.is_tensor in kajo.overrides.get_ignored_functions()


def test_functions_keep_their_face():
    import inspect

    assert "reduction" in inspect.signature(F.mse_loss).parameters
    assert F.relu.__name__ == "relu" and "max" in F.relu.__doc__
    assert pickle.loads(pickle.dumps(F.relu)) is F.relu
    assert copy.deepcopy(F.relu) is F.relu


def test_trees():
    Point = __import__("collections").namedtuple("Point", "x y")
    tree = {"a": [1, (2, None)], "p": Point(3, 4), "m": kajo.ones(2).max(0)}
    leaves, spec = pytree.tree_flatten(tree)
    assert len(leaves) == 7 and spec.num_leaves == 7
    again = pytree.tree_unflatten(leaves, spec)
    assert again["p"] == Point(3, 4) and again["a"] == [1, (2, None)]
    assert pytree.tree_structure(again) == spec
    assert pytree.tree_map(lambda a, b: a + b, {"x": 1, "y": 2}, {"y": 20, "x": 10}) == {
        "x": 11,
        "y": 22,
    }
    with pytest.raises(ValueError, match="arity|holds"):
        pytree.tree_unflatten([1], spec)
    assert pytree._broadcast_to_and_flatten((0, None), pytree.tree_structure((1, [2, 3]))) == [
        0,
        None,
        None,
    ]


def test_layers_hold_the_functions_that_can_be_overridden():
    layer = kajo.nn.TransformerEncoderLayer(4, 2)
    assert layer.activation is F.relu
    assert pickle.loads(pickle.dumps(layer)).activation is F.relu


def test_operators_are_methods_with_a_named_argument():
    x = kajo.tensor([6, 3])
    assert x.__and__(other=2).tolist() == [2, 2]
    assert x.__rsub__(other=1).tolist() == [-5, -2]
    assert x.__rpow__(2).tolist() == [64, 8]
    assert x.__sub__("text") is NotImplemented and x.__rlshift__("text") is NotImplemented
    assert x.clone().__iand__(other=2).tolist() == [2, 2]
    with pytest.raises(TypeError, match="one argument"):
        x.__rsub__()

    class Mine(kajo.Tensor):
        def __and__(self, other):
            return "mine"

        def __rsub__(self, other):
            return "reflected"

    class Derived(Mine):
        pass

    for cls in (Mine, Derived):
        y = x.as_subclass(cls)
        assert y & 2 == "mine" and 1 - y == "reflected" and type(y - 1) is cls
    Derived.__and__ = kajo.Tensor.__and__
    assert (x.as_subclass(Derived) & 2).tolist() == [2, 2]
