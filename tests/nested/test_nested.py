"""Nested tensors: making them, taking them apart, and gradients through them."""

import copy
import io

import pytest

import kajo

LAYOUTS = [kajo.strided, kajo.jagged]


@pytest.fixture
def parts():
    return [kajo.arange(6.0).reshape(2, 3), kajo.arange(12.0).reshape(4, 3) + 10]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_components_come_back(parts, layout):
    x = kajo.nested.nested_tensor(parts, layout=layout)
    assert x.is_nested and x.layout is layout and x.dim() == 3 and x.numel() == 18
    assert all(kajo.equal(a, b) for a, b in zip(x.unbind(), parts))
    assert kajo.equal(x[1, 2], parts[1][2])


def test_ragged_sizes_agree_only_with_the_same_offsets(parts):
    x = kajo.nested.nested_tensor(parts, layout=kajo.jagged)
    y = kajo.nested.nested_tensor(parts, layout=kajo.jagged)
    assert x.shape[1] == (x * 2).shape[1] != y.shape[1]
    assert x.shape[1] > 1 and x.shape[1] != 2
    with pytest.raises(RuntimeError):
        x + y
    with pytest.raises(TypeError):
        x.shape[1] + 1


def test_printing(parts):
    x = kajo.nested.nested_tensor(parts, layout=kajo.jagged)
    text = f"NestedTensor(size=(2, {x.shape[1]}, 3), offsets=tensor([0, 2, 6]), contiguous=True)"
    assert repr(x) == text
    y = kajo.nested.nested_tensor([kajo.ones(1, 1, 1), kajo.ones(2, 1, 1)])
    assert repr(y) == (
        "nested_tensor([\n  tensor([[[1.]]]),\n  tensor([[[1.]],\n  \n          [[1.]]])\n])"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_reach_the_components(parts, layout):
    a, b = (p.clone().requires_grad_() for p in parts)
    x = kajo.nested.as_nested_tensor([a, b], layout=layout)
    (x * x).to_padded_tensor(0.0).sum().backward()
    assert kajo.equal(a.grad, 2 * a) and kajo.equal(b.grad, 2 * b)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_of_leaves_are_nested(parts, layout):
    x = kajo.nested.nested_tensor(parts, layout=layout, requires_grad=True)
    y = x.transpose(1, 2) * 3
    y.backward(kajo.ones_like(y))
    assert x.grad.is_nested and x.grad.layout is layout
    assert kajo.equal(x.grad[1], kajo.full((4, 3), 3.0))


def test_attention_is_that_of_each_sequence():
    sequences = [kajo.randn(n, 8) for n in (2, 5, 1)]
    x = kajo.nested.nested_tensor(sequences, layout=kajo.jagged)
    heads = x.unflatten(-1, (2, 4)).transpose(1, 2)
    found = kajo.nn.functional.scaled_dot_product_attention(heads, heads, heads, is_causal=True)
    joined = found.transpose(1, 2).view(3, -1, 8)
    for sequence, result in zip(sequences, joined.unbind()):
        one = sequence.unflatten(-1, (2, 4)).transpose(0, 1)
        expected = kajo.nn.functional.scaled_dot_product_attention(one, one, one, is_causal=True)
        assert kajo.allclose(result, expected.transpose(0, 1).flatten(1), atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_encoder_layers_take_sequences_of_any_length(layout):
    kajo.manual_seed(0)
    layer = kajo.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    sequences = [kajo.randn(n, 8) for n in (2, 5)]
    found = kajo.nn.TransformerEncoder(layer, 2)(
        kajo.nested.nested_tensor(sequences, layout=layout)
    )
    expected = kajo.nn.TransformerEncoder(layer, 2)(sequences[1].unsqueeze(0))[0]
    assert kajo.allclose(found[1], expected, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_copies_and_files(parts, layout):
    x = kajo.nested.nested_tensor(parts, layout=layout)
    file = io.BytesIO()
    kajo.save(x, file)
    file.seek(0)
    for y in (copy.deepcopy(x), kajo.load(file)):
        assert y.layout is layout
        assert all(kajo.equal(a, b) for a, b in zip(y.unbind(), parts))


def test_what_is_not_known_is_refused(parts):
    for layout in LAYOUTS:
        x = kajo.nested.nested_tensor(parts, layout=layout)
        with pytest.raises(NotImplementedError, match="cumsum"):
            x.cumsum(-1)


def test_offsets_out_of_bounds_are_refused():
    x = kajo.nested.nested_tensor_from_jagged(kajo.ones(6, 3), kajo.tensor([0, 2, 7]))
    with pytest.raises(RuntimeError):
        x.unbind()
    with pytest.raises(RuntimeError):
        kajo.nested.narrow(kajo.ones(2, 3), 1, kajo.tensor([0, 2]), 2, layout=kajo.jagged)
