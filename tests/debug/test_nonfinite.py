"""What makes a nan or an infinity is named; what is given by the program or only handed on is not."""

import pytest

import kajo
from kajo import nn
from kajo.debug import track_nonfinite

LARGE = 3.0e38


def place_one(value, fill=1.0, n=200_000, dtype=None):
    """One bad element far from the start, so that another thread may meet it."""
    x = kajo.full((n,), fill, dtype=dtype)
    x[n - 7] = value
    return x


MAKERS = {
    "log": (lambda x: x.log(), 0.0, "inf"),
    "log of negative": (lambda x: x.log(), -1.0, "nan"),
    "div": (lambda x: 1.0 / x, 0.0, "inf"),
    "zero by zero": (lambda x: x / x, 0.0, "nan"),
    "sqrt": (lambda x: x.sqrt(), -1.0, "nan"),
    "rsqrt": (lambda x: x.rsqrt(), 0.0, "inf"),
    "exp": (lambda x: x.exp(), 1000.0, "inf"),
    "pow": (lambda x: x**100, 1e30, "inf"),
    "mul": (lambda x: x * LARGE, 10.0, "inf"),
    "add": (lambda x: x + LARGE, LARGE, "inf"),
    "square": (lambda x: x.square(), LARGE, "inf"),
    "sum": (lambda x: x.sum() + 0, LARGE * 1.1, "inf"),
    "mul in place": (lambda x: x.clone().mul_(LARGE), 10.0, "inf"),
    "log in place": (lambda x: x.clone().log_(), 0.0, "inf"),
    "to half": (lambda x: x.half(), 1e6, "inf"),
    "asin": (lambda x: x.asin(), 2.0, "nan"),
    "acosh": (lambda x: x.acosh(), 0.5, "nan"),
    "lgamma": (lambda x: x.lgamma(), 0.0, "inf"),
    "mse": (lambda x: nn.functional.mse_loss(x, kajo.zeros_like(x)), LARGE, "inf"),
    "norm": (lambda x: x.norm(), LARGE, "inf"),
    "var": (lambda x: x.var(), LARGE, "inf"),
    "matmul": (lambda x: x.view(400, 500) @ kajo.full((500, 300), LARGE), LARGE, "inf"),
    "linear": (
        lambda x: nn.functional.linear(x.view(400, 500), kajo.full((30, 500), LARGE)),
        LARGE,
        "inf",
    ),
    "conv2d": (
        lambda x: nn.functional.conv2d(x.view(2, 10, 100, 100), kajo.full((64, 10, 3, 3), LARGE)),
        LARGE,
        "inf",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_makers_are_found(name):
    function, value, kind = MAKERS[name]
    x = place_one(value if value != LARGE * 1.1 else LARGE, fill=LARGE if name == "sum" else 1.0)
    with track_nonfinite(action="record") as tracker:
        function(x)
    assert tracker.first is not None
    assert tracker.first.kind == kind
    assert tracker.first.direction == "forward"
    assert __file__ in tracker.first.place


@pytest.mark.parametrize("dtype", [kajo.float64, kajo.float16, kajo.bfloat16, kajo.complex64])
def test_other_types(dtype):
    with track_nonfinite(action="record") as tracker:
        x = place_one(1.0, dtype=dtype)
        x * 2.0
        assert tracker.first is None
        kajo.full((5,), 1.0, dtype=dtype) / kajo.zeros(5, dtype=dtype)
    assert tracker.first.operation == "div"


def test_given_infinities_are_not_made():
    with track_nonfinite() as tracker:
        scores = kajo.randn(4, 64, 64)
        mask = kajo.ones(64, 64, dtype=kajo.bool).triu(1)
        masked = scores.masked_fill(mask, float("-inf"))
        (masked.softmax(-1) @ kajo.randn(4, 64, 8)).sum()
        bias = kajo.full((64, 64), float("-inf")).triu(1)
        (scores + bias).softmax(-1)
        kajo.where(mask, float("nan"), scores)
        kajo.tensor([float("nan")]) * 2
        kajo.empty(3).fill_(float("inf")).add_(1)
        q = kajo.randn(2, 4, 64, 16, requires_grad=True)
        nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True).sum().backward()
    assert tracker.first is None


def test_softmax_of_a_wholly_masked_row_is_found():
    with pytest.raises(FloatingPointError, match="softmax"), track_nonfinite():
        kajo.full((3, 3), float("-inf")).softmax(-1)


class Step(nn.Module):
    def __init__(self):
        super().__init__()
        self.ff = nn.Linear(4, 4)

    def forward(self, x):
        y = self.ff(x)
        return (y * 0).sqrt()


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), Step()])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def test_backward_names_the_forward_step():
    tracker = track_nonfinite(action="record")
    Model()(kajo.ones(2, 4)).sum().backward()
    tracker.stop()
    found = tracker.first
    assert (found.operation, found.direction, found.module) == (
        "SqrtBackward0",
        "backward",
        "layers.1",
    )
    assert found.place.endswith("in forward") and __file__ in found.place
    assert "layers.1, Step" in str(found) and "backward" in str(found)


def test_forward_names_the_module():
    model = Model()
    with kajo.no_grad():
        model.layers[0].weight.fill_(LARGE)
    with pytest.raises(FloatingPointError) as raised, track_nonfinite() as tracker:
        model(kajo.ones(2, 4))
    assert tracker.first.module == "layers.0"
    assert "layers.0, Linear(in_features=4" in str(raised.value)


def test_warning_and_the_end_of_tracking():
    call = nn.Module.__call__
    with pytest.warns(UserWarning, match="log"), track_nonfinite(action="warn"):
        kajo.zeros(2).log()
        kajo.zeros(2).log()
    assert nn.Module.__call__ is call
    kajo.zeros(2).log()


def test_misuse():
    with pytest.raises(ValueError, match="action"):
        track_nonfinite("stop")
    with track_nonfinite(), pytest.raises(RuntimeError, match="is on already"):
        track_nonfinite()
