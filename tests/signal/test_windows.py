"""Window functions, symmetric and periodic, against PyTorch where it is installed."""

from __future__ import annotations

import inspect

import pytest

import kajo
from kajo.signal import windows

PARAMETERS = {
    "exponential": {"tau": 2.5},
    "gaussian": {"std": 1.5},
    "general_cosine": {"a": [0.46, 0.23, 0.31]},
    "general_hamming": {"alpha": 0.3},
    "kaiser": {"beta": 5.0},
}
NAMES = windows.__all__
PLAIN = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


@pytest.mark.parametrize("name", NAMES)
def test_shape(name):
    function, given = getattr(windows, name), PARAMETERS.get(name, {})
    assert function(0, **given).shape == (0,)
    if name != "general_hamming":
        assert function(1, **given).tolist() == [1.0]
    symmetric = function(9, dtype=kajo.float64, **given)
    assert symmetric.dtype == kajo.float64
    assert kajo.allclose(symmetric, symmetric.flip(0))
    # Periodic: the symmetric one of one more sample without its last.
    longer = function(9, sym=True, dtype=kajo.float64, **given)
    assert kajo.allclose(function(8, sym=False, dtype=kajo.float64, **given), longer[:-1])
    assert function(3, requires_grad=True, **given).requires_grad
    assert "sym" in inspect.signature(function).parameters


@pytest.mark.parametrize("name", NAMES)
def test_errors(name):
    function, given = getattr(windows, name), PARAMETERS.get(name, {})
    for arguments, options in [
        ((-1,), {}),
        ((3,), {"layout": kajo.sparse_coo}),
        ((3,), {"dtype": kajo.int64}),
        ((3,), {"dtype": kajo.float16}),
    ]:
        with pytest.raises(ValueError, match=name):
            function(*arguments, **options, **given)


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("exponential", {"tau": -1}, ValueError),
        ("exponential", {"center": 1}, ValueError),
        ("gaussian", {"std": 0}, ValueError),
        ("kaiser", {"beta": -1}, ValueError),
        ("general_cosine", {"a": None}, TypeError),
        ("general_cosine", {"a": []}, ValueError),
        ("general_cosine", {}, TypeError),
    ],
)
def test_parameters_out_of_range(name, given, error):
    with pytest.raises(error):
        getattr(windows, name)(3, **given)


@pytest.mark.parametrize("name", NAMES)
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    given = PARAMETERS.get(name, {})
    for count in (0, 1, 2, 5, 8):
        for sym in (True, False):
            expected = getattr(torch.signal.windows, name)(
                count, sym=sym, dtype=torch.float64, **given
            )
            result = getattr(windows, name)(count, sym=sym, dtype=kajo.float64, **given)
            assert result.tolist() == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_windows_against_torch(name):
    torch = pytest.importorskip("torch")
    for count in (0, 1, 2, 5, 8):
        for periodic in (True, False):
            for dtype in ("float64", "float16"):
                there = getattr(torch, name)(count, periodic, dtype=getattr(torch, dtype))
                here = getattr(kajo, name)(count, periodic, dtype=getattr(kajo, dtype))
                exact = dtype == "float64"
                tolerance = {"rel": 1e-9, "abs": 1e-12} if exact else {"rel": 1e-2, "abs": 1e-3}
                assert here.tolist() == pytest.approx(there.tolist(), **tolerance)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_errors(name):
    function = getattr(kajo, name)
    for arguments, options in [
        ((-1,), {}),
        ((3,), {"dtype": kajo.int64}),
        ((3,), {"layout": kajo.sparse_coo}),
    ]:
        with pytest.raises(RuntimeError, match=name):
            function(*arguments, **options)
    with pytest.raises(TypeError):
        function(2.5)
