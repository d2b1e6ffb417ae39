"""The examples in the docstrings run, and print what they say; every operation has one."""

import doctest
import importlib
import inspect
import pkgutil

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


def is_found_in_its_module(operation):
    module = importlib.import_module(operation.__module__)
    return getattr(module, operation.__name__, None) is operation


def test_examples_of_operations():
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    parser = doctest.DocTestParser()
    report = []
    for listed in operations():
        if is_found_in_its_module(listed.operation):
            continue
        kajo.manual_seed(0)
        text = inspect.cleandoc(listed.operation.__doc__)
        runner.run(parser.get_doctest(text, {}, listed.name, None, None), out=report.append)
    assert runner.failures == 0, "".join(report)


def test_every_operation_has_an_example():
    missing = [listed.name for listed in operations() if ">>>" not in listed.operation.__doc__]
    assert not missing, WHERE + "\n".join(missing)
