"""The examples in the docstrings run, and print what they say; every operation has one."""

import doctest
import importlib
import inspect
import pkgutil
from types import FunctionType, GetSetDescriptorType, ModuleType

import pytest

import kajo
from kajo._documentation.listing import operations

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
RUN_WHEN_IMPORTED = {"kajo.__main__"}
WHERE = """\
These operations have no example in their docstring. Write it
- for an operation that is written in Python, in the docstring of its function;
- for an element-wise operation, in its entry in the table kajo/ops/pointwise_*.py (and build);
- for any other operation of C++, in the module of kajo/_documentation/ with its family;
- for an in-place form whose example cannot be made from the other form's, in kajo/_documentation/inplace.py.
"""


def module_names():
    found = pkgutil.walk_packages(kajo.__path__, prefix="kajo.")
    return ["kajo", *sorted(info.name for info in found if info.name not in RUN_WHEN_IMPORTED)]


@pytest.mark.parametrize("name", module_names())
def test_examples(name):
    kajo.manual_seed(0)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=FLAGS)
    assert failed == 0


# The parts whose members all have an example, besides the operations.
PARTS = (
    "kajo", "kajo.fft", "kajo.linalg", "kajo.nn.functional", "kajo.random", "kajo.signal.windows",
    "kajo.sparse", "kajo.special",
)  # fmt: skip


def is_found_in_its_module(function):
    module = importlib.import_module(function.__module__)
    return getattr(module, function.__name__, None) is function


def functions_and_properties():
    """Public functions, methods and properties that are no operations, by name."""
    operation = type(kajo.add)
    for part, holder in [
        *((p, importlib.import_module(p)) for p in PARTS),
        ("Tensor", kajo.Tensor),
    ]:
        for name in dir(holder):
            member = inspect.getattr_static(holder, name, None) or getattr(holder, name)
            home = getattr(member, "__module__", None) or "kajo"
            described = callable(member) or isinstance(member, (property, GetSetDescriptorType))
            foreign = isinstance(member, (type, ModuleType, operation)) or not home.startswith(
                "kajo"
            )
            if described and not foreign and not name.startswith("_"):
                yield f"{part}.{name}", member


def test_examples_of_operations_and_other_members():
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    parser = doctest.DocTestParser()
    report = []
    for listed in operations():
        if is_found_in_its_module(listed.operation):
            continue
        kajo.manual_seed(0)
        text = inspect.cleandoc(listed.operation.__doc__)
        runner.run(parser.get_doctest(text, {}, listed.name, None, None), out=report.append)
    for name, member in functions_and_properties():
        if isinstance(member, FunctionType) and is_found_in_its_module(member):
            continue
        kajo.manual_seed(0)
        text = inspect.cleandoc(member.__doc__ or "")
        runner.run(parser.get_doctest(text, {}, name, None, None), out=report.append)
    assert runner.failures == 0, "".join(report)


def test_every_operation_has_an_example():
    missing = [listed.name for listed in operations() if ">>>" not in listed.operation.__doc__]
    assert not missing, WHERE + "\n".join(missing)


def test_every_public_function_has_an_example():
    found = dict(functions_and_properties())
    missing = [name for name, member in found.items() if ">>>" not in (member.__doc__ or "")]
    assert not missing, (
        "These have no example in their docstring. Write one; of a property it stands in "
        "csrc/python/tensor_property_texts.h. Names of helpers begin with an underscore.\n"
        + "\n".join(missing)
    )
