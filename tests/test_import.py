"""``import kajo`` loads nothing that is slow to load and not needed at once."""

import json
import subprocess
import sys

import pytest

ALLOWED_TOP_LEVEL = {"kajo", "numpy", "scipy_openblas32"}
HEAVY = {
    "asyncio",
    "concurrent",
    "ctypes.util",
    "http",
    "llvmlite",
    "logging",
    "matplotlib",
    "multiprocessing",
    "PIL",
    "pytest",
    "scipy",
    "sklearn",
    "socket",
    "ssl",
    "tarfile",
    "torch",
    "tqdm",
    "triton",
    "unittest",
    "urllib.request",
    "xml",
    "zipfile",
}
# What NumPy loads by itself is not ours to avoid: it is loaded first.
PROGRAM = """
import json, sys
import numpy
before = set(sys.modules)
import kajo
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    # Away from the checkout, whose kajo folder would hide the installed package.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.mktemp("elsewhere"),
    )
    return json.loads(done.stdout)


def test_no_heavy_module_is_imported(loaded):
    heavy = [
        name
        for name in loaded
        if any(name == module or name.startswith(module + ".") for module in HEAVY)
    ]
    assert heavy == []


def test_no_foreign_package_is_imported(loaded):
    foreign = {name.split(".")[0] for name in loaded}
    foreign -= sys.stdlib_module_names | ALLOWED_TOP_LEVEL
    # nanobind announces itself under a name with its ABI's version.
    assert {name for name in foreign if not name.startswith("nanobind")} == set()


def test_the_trainer_is_not_imported(loaded):
    assert [name for name in loaded if name.startswith("kajo.train")] == []
