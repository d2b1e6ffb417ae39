"""kajo._operation: operations whose body is Python get every form from their signature."""

from __future__ import annotations

import copy
import pickle

import pytest

import kajo
from kajo import Tensor, _core
from kajo._operation import Dims, operation


@pytest.fixture(scope="module", autouse=True)
def declared():
    @operation(method=True, inplace=True, out="cast")
    def _test_scaled(input: Tensor, factor: float = 2.0, *, shift: int = 0) -> Tensor:
        """Two times the input."""
        return input * factor + shift

    @operation(results="low high")
    def _test_bounds(input: Tensor, dim: Dims | None = None) -> tuple[Tensor, Tensor]:
        return input.amin(dim if dim is not None else ()), input.amax(
            dim if dim is not None else ()
        )


def test_function_method_inplace_out():
    x = kajo.tensor([1.0, 2.0])
    assert _core._test_scaled(x, shift=1).tolist() == [3.0, 5.0]
    assert x._test_scaled(3).tolist() == [3.0, 6.0]
    out = kajo.empty(0)
    assert _core._test_scaled(input=x, out=out) is out
    assert out.tolist() == [2.0, 4.0]
    assert x._test_scaled_(3) is x
    assert x.tolist() == [3.0, 6.0]
    assert _core._test_scaled.__doc__ == "Two times the input."


def test_history():
    x = kajo.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y._test_scaled_(3.0)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]


def test_named_results():
    low, high = result = _core._test_bounds(kajo.tensor([[1.0, 4.0], [3.0, 2.0]]), 0)
    assert low.tolist() == [1.0, 2.0] and high.tolist() == [3.0, 4.0]
    assert result.low is low and type(result).__name__ == "_test_bounds"


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((1,), {}, "argument 'input'"),
        ((kajo.ones(1), "2"), {}, "argument 'factor'"),
        ((kajo.ones(1), 1.0, 2), {}, "positional"),
        ((kajo.ones(1),), {"scale": 1}, "unexpected keyword argument 'scale'"),
        ((kajo.ones(1),), {"shift": 1.5}, "argument 'shift'"),
    ],
)
def test_wrong_arguments(arguments, options, text):
    with pytest.raises(TypeError, match=text):
        _core._test_scaled(*arguments, **options)


def test_errors_of_the_body_pass_through():
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        kajo.renorm(kajo.ones(3), 2, 0, 1.0)


def test_unknown_annotation():
    with pytest.raises(KeyError):

        @operation()
        def _test_unknown(input: bytes) -> Tensor:
            return kajo.zeros(1)


def test_in_place_forms_show_the_node_of_the_operation():
    x = kajo.tensor([1.25, 2.5], requires_grad=True)
    y = x * 1
    y.retain_grad()
    y.nan_to_num_()
    assert y.grad_fn is not None and y.grad_fn.name() == "NanToNumBackward0"
    (y * y).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.5, 5.0]
    assert y.grad is not None and y.grad.tolist() == [2.5, 5.0]


def test_in_place_forms_of_views_change_the_base():
    x = kajo.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    y[0]._test_scaled_(3.0)
    assert y.tolist() == [[3.0, 6.0], [3.0, 4.0]]
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[3.0, 3.0], [1.0, 1.0]]


def test_in_place_forms_convert():
    x = kajo.tensor([1.0, 2.0], dtype=kajo.float16, requires_grad=True)
    y = x * 1
    y._test_scaled_(3.0)
    y.sum().backward()
    assert x.grad is not None and x.grad.dtype == kajo.float16


def test_operations_are_pickled_and_copied_by_name():
    for function in (kajo.relu, kajo.cross, kajo.linalg.svdvals, kajo.add, kajo.relu_):
        assert copy.deepcopy(function) is function
        assert pickle.loads(pickle.dumps(function)) is function
    layer = kajo.nn.TransformerEncoderLayer(4, 2, 8, activation=kajo.nn.functional.relu)
    assert copy.deepcopy(layer).activation is layer.activation
