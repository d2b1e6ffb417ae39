"""The structured operations beside PyTorch: values, shapes, strides, gradients and history."""

import numpy as np
import pytest
from structured_cases import CASES, INPUTS, as_list

import kajo

torch = pytest.importorskip("torch")


def make_inputs(module):
    tensors = {}
    for name, array in INPUTS.items():
        tensors[name] = module.tensor(array.tolist(), dtype=getattr(module, str(array.dtype)))
        if array.dtype == np.float64:
            tensors[name].requires_grad_()
    return tensors


def evaluate(module, case):
    inputs = make_inputs(module)
    results = as_list(case(module, inputs))
    if results[0].requires_grad:
        (results[0] * results[0]).sum().backward()
    gradients = {n: np.array(t.grad.tolist()) for n, t in inputs.items() if t.grad is not None}
    return results, gradients


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    expected, expected_gradients = evaluate(torch, CASES[name])
    results, gradients = evaluate(kajo, CASES[name])
    assert len(results) == len(expected)
    for result, reference in zip(results, expected, strict=True):
        assert tuple(result.shape) == tuple(reference.shape)
        assert tuple(result.stride()) == tuple(reference.stride())
        assert str(result.dtype).split(".")[1] == str(reference.dtype).split(".")[1]
        np.testing.assert_allclose(result.tolist(), reference.tolist(), rtol=1e-12)
    assert gradients.keys() == expected_gradients.keys()
    for input_name, gradient in gradients.items():
        np.testing.assert_allclose(
            gradient, expected_gradients[input_name], rtol=1e-9, atol=1e-12, err_msg=input_name
        )
