"""Memory by line, unused parameters, and errors that say where in the model they happened."""

import gc

import pytest

import kajo
from kajo import nn


def rows_of(text):
    gc.collect()
    return [row for row in kajo.debug.memory(top=None) if text in row.place]


def make_large():
    return kajo.zeros(600, 500)


def test_memory_by_line():
    kept = [make_large() for _ in range(3)]
    (row,) = [row for row in rows_of("in make_large") if __file__ in row.place]
    assert (row.count, row.bytes, row.largest) == (3, 3 * 600 * 500 * 4, "float32[600, 500]")
    view = kept[0][1:]
    del kept
    (row,) = rows_of("in make_large")
    assert row.count == 1
    del view
    assert not rows_of("in make_large")


def test_memory_of_layers_and_gradients_is_booked_to_the_program():
    layer = nn.Linear(200, 300)
    layer(kajo.ones(2, 200)).sum().backward()
    rows = rows_of("test_memory_of_layers_and_gradients")
    assert {row.backward for row in rows} == {False, True}
    report = kajo.debug.memory()
    assert report[0].bytes == max(row.bytes for row in report)
    assert "made by" in str(report)


def test_unused_parameters():
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2), "frozen": nn.Linear(2, 2)})
    model["frozen"].requires_grad_(False)
    hidden = model["a"](kajo.ones(1, 2))
    assert kajo.debug.unused_parameters(model, hidden.sum()) == ["b.weight", "b.bias"]
    assert kajo.debug.unused_parameters(model, {"x": hidden, "y": [model["b"].bias.sum()]}) == [
        "b.weight"
    ]
    assert kajo.debug.unused_parameters(model, (hidden @ model["b"].weight).sum()) == ["b.bias"]
    with pytest.raises(TypeError, match="unused_parameters"):
        kajo.debug.unused_parameters(model, 3.0)


class Feed(nn.Module):
    def __init__(self, inner, function=None):
        super().__init__()
        self.ff = inner
        self.function = function or (lambda x: x)

    def forward(self, x, scale=1):
        return self.ff(self.function(x)) * scale


class Encoder(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.layers = nn.ModuleList([Feed(nn.Linear(4, 4)) for _ in range(3)] + [last])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x, scale=1)
        return x


def message_of(module, *args, kind=RuntimeError):
    with pytest.raises(kind) as raised:
        module(*args)
    assert type(raised.value) is kind
    return str(raised.value)


def test_error_names_the_module_path():
    model = nn.Sequential()
    model.add_module("encoder", Encoder(Feed(nn.Linear(5, 4))))
    text = message_of(model, kajo.ones(2, 4))
    assert "mat1 and mat2 shapes cannot be multiplied (2x4 and 5x4)" in text
    assert "In module encoder.layers.3.ff, Linear(in_features=5" in text
    assert "float32[2, 4]" in text and "in_features=4" in text
    assert text.count("In module") == 1


def test_error_with_hooks_and_keyword_arguments():
    model = Encoder(Feed(nn.Identity(), lambda x: x + kajo.ones(3)))
    model.layers[3].register_forward_hook(lambda *_: None)
    text = message_of(model, kajo.ones(2, 4))
    assert "In module layers.3, Feed" in text and "float32[2, 4], scale=1" in text
    assert "unsqueeze" in text


HINTS = [
    (lambda: nn.Linear(12, 2), (2, 3, 4), "flatten(1)"),
    (lambda: nn.Linear(3, 2), (2, 3, 4), "movedim(1, -1)"),
    (lambda: nn.Conv2d(3, 4, 3), (2, 8, 8, 3), "movedim(-1, -3)"),
    (lambda: nn.Conv2d(3, 4, 3), (2, 5, 8, 8), "in_channels=5"),
    (lambda: nn.Conv2d(3, 4, 3), (2, 3, 2, 2), "padding"),
    (lambda: nn.Conv1d(3, 4, 3), (2,), "3 dimensions"),
    (lambda: nn.BatchNorm2d(3), (2, 5, 4, 4), "5 channels"),
    (lambda: nn.GroupNorm(3, 6), (2, 5, 4, 4), "5 channels"),
    (lambda: nn.LayerNorm(4), (2, 4, 3), "movedim(1, -1)"),
    (lambda: nn.Embedding(3, 2), (2,), "x.long()"),
    (lambda: nn.LSTM(3, 4), (2, 2, 5), "input_size=5"),
    (lambda: nn.GRU(3, 4), (2, 2, 5), "input_size=5"),
]


@pytest.mark.parametrize(("make", "shape", "hint"), HINTS)
def test_hints(make, shape, hint):
    assert hint in message_of(make(), kajo.ones(shape)).partition("Likely mend")[2]


def test_hints_of_types_indices_and_losses():
    assert "to(kajo.float32)" in message_of(nn.Linear(2, 2), kajo.ones(1, 2, dtype=kajo.float64))
    text = message_of(nn.Embedding(3, 2), kajo.tensor([7]), kind=IndexError)
    assert "num_embeddings=8" in text
    attention = nn.MultiheadAttention(4, 2)
    assert "embed_dim=5" in message_of(attention, *[kajo.ones(2, 2, 5)] * 3, kind=AssertionError)
    loss = nn.CrossEntropyLoss()
    assert "3 classes" in message_of(loss, kajo.ones(2, 3), kajo.tensor([0, 7]), kind=IndexError)
    text = message_of(nn.BCEWithLogitsLoss(), kajo.ones(2, 1), kajo.ones(2), kind=ValueError)
    assert "target.reshape((2, 1))" in text


def test_what_the_program_raises_is_left_alone():
    def refuse(x):
        raise ValueError("stop here")

    assert message_of(Feed(nn.Identity(), refuse), 1, kind=ValueError) == "stop here"

    class OwnError(RuntimeError):
        pass

    def refuse_otherwise(x):
        try:
            return x @ x
        except RuntimeError as error:
            raise OwnError("own") from error

    assert (
        message_of(Feed(nn.Identity(), refuse_otherwise), kajo.ones(2, 3), kind=OwnError) == "own"
    )


@pytest.mark.parametrize(
    "name",
    ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "kl_div",
     "hinge_embedding_loss"],
)  # fmt: skip
def test_broadcasting_losses_warn_with_both_shapes(name):
    function = getattr(nn.functional, name)
    with pytest.warns(UserWarning) as caught:
        function(kajo.ones(4, 1), kajo.ones(4), reduction="sum")
    texts = [str(w.message) for w in caught]
    assert any("[4]" in t and "[4, 1]" in t and "broadcast" in t for t in texts)
