"""The worked example of CONTRIBUTING makes an operation with a gradient."""

import importlib.util
import math
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"<!-- tests/test_contributing\.py .*?-->\n```python\n(.*?)```", re.DOTALL)

# What the primitives that occur in the example mean.
MEANINGS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": abs,
    "sign": lambda a: math.copysign(1, a) if a else 0,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "softplus": lambda a: math.log1p(math.exp(a)),
    "fma": lambda a, b, c: a * b + c,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "where": lambda condition, a, b: a if condition else b,
}


def value(expression, variables):
    """The value of an expression of the table at a point."""
    if expression.op == "var":
        return variables[expression.val]
    if expression.op == "const":
        return expression.val
    arguments = [value(argument, variables) for argument in expression.args]
    return MEANINGS[expression.op](*arguments)


@pytest.fixture(scope="module")
def table():
    """The table of the checkout, loaded apart: the installed package does not carry it."""
    name = "table_of_the_checkout"
    folder = ROOT / "kajo" / "ops"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    yield (
        importlib.import_module(name + ".pointwise_activation"),
        importlib.import_module(name + ".operation"),
    )
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_the_entry_makes_an_operation_with_a_gradient(table):
    activations, operation = table
    (example,) = EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text())
    assert "log_cosh" not in operation.OPERATIONS
    exec(example, vars(activations))
    entry = operation.OPERATIONS["log_cosh"]
    assert entry.node_name == "LogCoshBackward0"
    assert entry.differentiable == (0,)
    for x in (-3.0, -0.5, 0.25, 2.0):
        result = value(entry.by_class["float"], {"input": x})
        assert result == pytest.approx(math.log(math.cosh(x)), rel=1e-12)
        gradient = value(entry.gradients[0], {"input": x, "g": 2.0, "y": result})
        assert gradient == pytest.approx(2 * math.tanh(x), rel=1e-12)


def test_the_entry_does_not_overflow(table):
    activations, operation = table
    (example,) = EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text())
    exec(example, vars(activations))
    formula = operation.OPERATIONS["log_cosh"].by_class["float"]
    assert value(formula, {"input": -1000.0}) == pytest.approx(1000 - math.log(2))
