"""Programs that are run with PyTorch and with kajo, and give the same or fail alike."""

import re
import warnings

import numpy as np
import pytest

import kajo


def facts(x, package):
    """What of a result has to agree."""
    if isinstance(x, package.Tensor):
        if x.is_nested:
            kind = str(x.layout).split(".")[-1], x.dim(), x.requires_grad
            shape = facts(tuple(x.shape), package) if kind[0] == "jagged" else None
            return kind, shape, [facts(part.detach(), package) for part in x.unbind()]
        kind = (x.requires_grad, *(str(k).split(".")[-1] for k in (x.dtype, x.layout)))
        dense = x if x.layout is package.strided else x.to_dense()
        return kind, tuple(x.shape), dense.detach().tolist()
    if isinstance(x, (tuple, list)):
        return [facts(item, package) for item in x]
    if isinstance(x, dict):
        return {key: facts(item, package) for key, item in x.items()}
    if isinstance(x, (bool, float, complex, type(None))):
        return x
    return re.sub(r"\bj\d+", "j", str(x).replace("kajo", "torch"))


def outcome(setup, program, package):
    """The facts of what a program leaves as `r`, or the type of what it raises."""
    space = {"M": package, "F": package.nn.functional, "np": np}
    exec(setup, space)
    package.manual_seed(0)
    try:
        exec(program, space)
        return facts(space["r"], package)
    except Exception as error:
        return type(error)


def agree(a, b):
    """Whether facts agree, numbers nearly."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(agree, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    if isinstance(a, (float, complex)) and isinstance(b, (float, complex)):
        return a == pytest.approx(b, rel=1e-4, abs=1e-5, nan_ok=True)
    return a == b


@pytest.fixture(scope="session")
def same_as_torch():
    """A function of a setup and a program, which is run with each package as `M`."""
    torch = pytest.importorskip("torch")

    def check(setup, program, lenient=False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, found = (outcome(setup, program, package) for package in (torch, kajo))
        # What PyTorch has not got yet may work here, and with `lenient` whatever it refuses.
        refused = isinstance(expected, type) if lenient else expected is NotImplementedError
        if (lenient and refused) or (refused and not isinstance(found, type)):
            return
        assert agree(found, expected), (program, found, expected)

    return check
