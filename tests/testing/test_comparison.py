"""assert_close says what PyTorch's says."""

from __future__ import annotations

import numpy as np
import pytest

import kajo

NAN, INF = float("nan"), float("inf")


def cases(fw):
    """Calls by name, for one framework."""
    close, t = fw.testing.assert_close, fw.tensor
    eye = fw.eye(2)
    return {
        "close": lambda: close(t([1.0, 2, 3]), t([1.0, 2, 4])),
        "two dimensions": lambda: close(t([[1.0, 2], [3, 5]]), t([[1.0, 2], [3, 4]])),
        "integers": lambda: close(t([1, 2, 3]), t([1, 2, 4])),
        "no tolerance": lambda: close(t([1.0, 2]), t([1.0, 4]), rtol=0, atol=0),
        "bool": lambda: close(t([True, False]), t([True, True])),
        "numbers": lambda: close(1.0, 2.0),
        "whole numbers": lambda: close(1, 2),
        "zero dimensions": lambda: close(t(1.0), t(2.0)),
        "kinds of numbers": lambda: close(1, 1.0),
        "kinds allowed": lambda: close(1.0, 1, check_dtype=False),
        "flags": lambda: close(True, False),
        "equal flags": lambda: close(True, True),
        "complex number": lambda: close(1 + 1j, 1 + 2j),
        "complex": lambda: close(t([1 + 1j]), t([1 + 2j])),
        "nan": lambda: close(t([NAN]), t([NAN])),
        "equal nan": lambda: close([t([NAN]), NAN], [t([NAN]), NAN], equal_nan=True),
        "infinity": lambda: close(t([INF]), t([1.0])),
        "infinities": lambda: close(t([INF, -INF]), t([INF, -INF])),
        "expected infinity": lambda: close(1.0, INF),
        "zero": lambda: close(t([1.0]), t([0.0])),
        "shape": lambda: close(t([1.0, 2]), t([1.0])),
        "dtype": lambda: close(t([1.0]), t([1.0], dtype=fw.float64)),
        "promoted": lambda: close(t([1.0]), t([1.0001], dtype=fw.float64), check_dtype=False),
        "device": lambda: close(fw.empty(1), fw.empty(1, device="meta")),
        "stride": lambda: close(fw.ones(2, 3), fw.ones(3, 2).t(), check_stride=True),
        "layout": lambda: close(eye.to_sparse(), eye),
        "layouts allowed": lambda: close(eye.to_sparse(), eye, check_layout=False),
        "coo": lambda: close(eye.to_sparse(), (eye * 2).to_sparse()),
        "coo count": lambda: close(eye.to_sparse(), fw.ones(2, 2).to_sparse()),
        "coo places": lambda: close(eye.to_sparse(), eye.flip(0).to_sparse()),
        "csr": lambda: close(eye.to_sparse_csr(), (eye * 2).to_sparse_csr()),
        "csr places": lambda: close(eye.to_sparse_csr(), eye.flip(0).to_sparse_csr()),
        "list": lambda: close([t([1.0]), t([2.0])], [t([1.0]), t([3.0])]),
        "lengths": lambda: close([1], [1, 2]),
        "tuple and list": lambda: close((1.0,), [1.0]),
        "mapping": lambda: close({"a": t([1.0]), "b": [1, 2]}, {"a": t([1.0]), "b": [1, 3]}),
        "keys": lambda: close({"a": 1, "c": 2}, {"a": 1, "b": 2}),
        "none": lambda: close(None, None),
        "none and tensor": lambda: close(None, t([1.0])),
        "none inside": lambda: close([1.0, None], [1.0, 2.0]),
        "deep": lambda: close({"x": [1, {"y": t(2.0)}]}, {"x": [1, {"y": t(3.0)}]}),
        "text": lambda: close("a", "a"),
        "tensor and number": lambda: close(t([1.0]), 1.0),
        "arrays": lambda: close(np.array([1.0, 2]), np.array([1.0, 3])),
        "array and tensor": lambda: close(np.array([1.0]), t([1.0])),
        "subclass": lambda: close(fw.nn.Parameter(t([1.0])), t([1.0])),
        "subclass refused": lambda: close(
            fw.nn.Parameter(t([1.0])), t([1.0]), allow_subclasses=False
        ),
        "one tolerance": lambda: close(t([1.0]), t([1.0]), rtol=1),
        "tolerances": lambda: close(t([1.0]), t([1.5]), rtol=0.1, atol=0.2),
        "message": lambda: close(t([1.0]), t([2.0]), msg="words"),
        "made message": lambda: close([t([1.0])], [t([2.0])], msg=lambda text: f"<{text}>"),
        "empty": lambda: close(fw.zeros(0), fw.zeros(0)),
        "half": lambda: close(t([1.0], dtype=fw.float16), t([1.01], dtype=fw.float16)),
        "bfloat16": lambda: close(t([1.0], dtype=fw.bfloat16), t([1.05], dtype=fw.bfloat16)),
        "bytes": lambda: close(t([1], dtype=fw.uint8), t([255], dtype=fw.uint8)),
        "with gradient": lambda: close(fw.ones(2, requires_grad=True), fw.zeros(2)),
        "old": lambda: fw.testing.assert_allclose(t([1.0, 2]), [1.0, 3.0]),
        "old nan": lambda: fw.testing.assert_allclose(t([1.0, NAN]), t([1.0, NAN])),
        "old message": lambda: fw.testing.assert_allclose(t([1.0]), t([2.0]), msg="x"),
    }  # fmt: skip


def outcome(call):
    try:
        call()
    except (AssertionError, TypeError, ValueError) as error:
        return type(error), str(error).replace("torch.", "kajo.")
    return None


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", cases(kajo))
def test_the_same_as_in_torch(name):
    torch = pytest.importorskip("torch")
    assert outcome(cases(kajo)[name]) == outcome(cases(torch)[name])


def test_the_place_and_the_sizes_of_differences_are_named():
    with pytest.raises(AssertionError) as error:
        kajo.testing.assert_close(
            {"x": [kajo.arange(6.0).reshape(2, 3)]},
            {"x": [kajo.tensor([[0.0, 1, 2], [3, 4, 6]])]},
        )
    assert str(error.value).splitlines() == [
        "Tensor-likes are not close!",
        "",
        "Mismatched elements: 1 / 6 (16.7%)",
        "Greatest absolute difference: 1.0 at index (1, 2) (up to 1e-05 allowed)",
        "Greatest relative difference: 0.1666666716337204 at index (1, 2) (up to 1.3e-06 allowed)",
        "",
        "The failure occurred for item ['x'][0]",
    ]


def test_nested_tensors():
    nested = kajo.nested.nested_tensor
    first = nested([kajo.ones(2), kajo.zeros(3)])
    kajo.testing.assert_close(first, first + 0)
    with pytest.raises(AssertionError, match="not close"):
        kajo.testing.assert_close(first, first + 1)
