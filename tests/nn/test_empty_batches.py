"""Layers and functions of nothing: no rows, no queries, no samples, windows beside the plane."""

import pytest

import kajo
from kajo.nn import functional as F


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64, kajo.bfloat16], ids=str)
def test_softmax_over_rows_of_nothing(function, dtype):
    for shape, dim in [((2, 0), 0), ((2, 3, 0), 1), ((0, 3, 4), 1), ((5, 0, 3), 2)]:
        scores = kajo.zeros(shape, dtype=dtype, requires_grad=True)
        function(scores, dim=dim).sum().backward()
        assert scores.grad.shape == shape


def test_cross_entropy_of_no_pixels():
    scores = kajo.zeros(2, 3, 0, requires_grad=True)
    loss = F.cross_entropy(scores, kajo.zeros(2, 0, dtype=kajo.int64), reduction="sum")
    loss.backward()
    assert loss.item() == 0
    assert scores.grad.shape == (2, 3, 0)


def test_attention_without_queries_has_gradients_of_zero():
    query = kajo.ones(1, 2, 0, 4, requires_grad=True)
    key, value = (kajo.ones(1, 2, 3, 4, requires_grad=True) for _ in range(2))
    F.scaled_dot_product_attention(query, key, value).sum().backward()
    assert query.grad.shape == query.shape
    assert key.grad.tolist() == value.grad.tolist() == kajo.zeros(1, 2, 3, 4).tolist()


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_recurrent_layers_of_no_sequences(layer, batch_first):
    steps = kajo.zeros(0, 5, 3) if batch_first else kajo.zeros(5, 0, 3)
    output, state = getattr(kajo.nn, layer)(3, 4, 2, batch_first=batch_first)(steps)
    assert output.shape == (*steps.shape[:2], 4)
    assert (state[0] if layer == "LSTM" else state).shape == (2, 0, 4)


def test_places_of_windows_beside_the_plane_lie_in_it():
    F.max_pool2d(kajo.ones(1, 1, 400, 400), 2, return_indices=True)
    image = kajo.arange(7.0).view(1, 1, 1, 7).requires_grad_()
    values, places = F.max_pool2d(
        image, 2, stride=[2, 1], padding=[1, 0], dilation=[2, 1], return_indices=True
    )
    assert 0 <= int(places.min()) <= int(places.max()) < 7
    values.sum().backward()
    assert image.grad.shape == image.shape
