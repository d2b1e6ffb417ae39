"""The examples in the docstrings run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import kajo

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
RUN_WHEN_IMPORTED = {"kajo.__main__"}


def module_names():
    found = pkgutil.walk_packages(kajo.__path__, prefix="kajo.")
    return ["kajo", *sorted(info.name for info in found if info.name not in RUN_WHEN_IMPORTED)]


@pytest.mark.parametrize("name", module_names())
def test_examples(name):
    kajo.manual_seed(0)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=FLAGS)
    assert failed == 0
