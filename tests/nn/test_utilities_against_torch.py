"""Orthogonal weights, grouped products, small tools of nn and optim: as PyTorch has them."""

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")


pytestmark = pytest.mark.filterwarnings("ignore")
RNG = np.random.default_rng(1)


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_orthogonal(shape, kind, trivial):
    layers = [m.nn.Linear(shape[1], shape[0]) for m in (torch, kajo)]
    with torch.no_grad():
        layers[0].weight.copy_(torch.tensor(layers[1].weight.detach().numpy()))
    for m, layer in zip((torch, kajo), layers, strict=True):
        m.nn.utils.parametrizations.orthogonal(
            layer, orthogonal_map=kind, use_trivialization=trivial
        )
    states = [layer.state_dict() for layer in layers]
    assert list(states[0]) == list(states[1])
    values = {n: RNG.standard_normal(tuple(v.shape)) * 0.3 for n, v in states[0].items()}
    for name in values:
        if name.endswith("base"):
            values[name] = states[0][name].numpy()
        elif name.endswith("original") and kind in ("householder", None):
            np.fill_diagonal(values[name], np.sign(RNG.standard_normal(min(shape))))
    x = RNG.standard_normal((2, shape[1]))
    outputs, gradients, assigned = [], [], []
    for m, layer in zip((torch, kajo), layers, strict=True):
        layer.load_state_dict({n: m.tensor(v, dtype=m.float32) for n, v in values.items()})
        out = layer(m.tensor(x, dtype=m.float32))
        out.square().sum().backward()
        outputs.append(out.detach().numpy())
        gradients.append(layer.parametrizations.weight.original.grad.numpy())
        try:
            layer.weight = m.tensor(numbered(shape), dtype=m.float32)
            assigned.append(layer.weight.shape)
        except NotImplementedError as error:
            assigned.append(str(error))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=1e-4)
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-4)
    assert assigned[0] == assigned[1]


def numbered(shape):
    return np.arange(shape[0] * shape[1]).reshape(shape) % 7 + np.eye(*shape)


@pytest.mark.parametrize("call", [{"orthogonal_map": "x"}, {"name": "bias"}, {"name": "w"}])
def test_orthogonal_errors(call):
    for m in (torch, kajo):
        with pytest.raises(ValueError):
            m.nn.utils.parametrizations.orthogonal(m.nn.Linear(3, 3), **call)


@pytest.mark.parametrize(
    ("a", "b", "ends"),
    [
        ((8, 16), (2, 16, 8), [3, 8]),
        ((2, 8, 16), (16, 8), [3, 8]),
        ((8, 16), (16, 8), [3, 16]),
        ((2, 8, 16), (2, 16, 8), None),
    ],
)
def test_grouped_products(a, b, ends):
    left, right = RNG.standard_normal(a), RNG.standard_normal(b)
    results = []
    for m in (torch, kajo):
        offs = None if ends is None else m.tensor(ends, dtype=m.int32)
        x, y = (m.tensor(v, dtype=m.float32) for v in (left, right))
        results.append(m.nn.functional.grouped_mm(x, y, offs=offs).numpy())
    np.testing.assert_allclose(results[1], results[0], atol=1e-5)


def test_scaled_product_with_scales_by_row_and_block():
    from kajo.nn.functional import ScalingType, scaled_mm

    a, b = kajo.randn(4, 64), kajo.randn(64, 6)
    rows, columns = kajo.rand(4, 1), kajo.rand(1, 6)
    kinds = (ScalingType.RowWise, ScalingType.RowWise)
    out = scaled_mm(a, b, rows, kinds[0], columns, kinds[1], output_dtype=kajo.float32)
    assert kajo.allclose(out, (a * rows) @ (b * columns), atol=1e-5)
    blocks_a, blocks_b = kajo.rand(4, 2), kajo.rand(6, 2)
    kind = ScalingType.BlockWise1x32
    out = scaled_mm(a, b, blocks_a, kind, blocks_b, kind, output_dtype=kajo.float32)
    wide_a = blocks_a.repeat_interleave(32, 1)
    wide_b = blocks_b.repeat_interleave(32, 1).T
    assert kajo.allclose(out, (a * wide_a) @ (b * wide_b), atol=1e-5)


def test_factory_arguments():
    for m in (torch, kajo):
        assert m.nn.factory_kwargs(None) == {}
        assert m.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": 1}}) == {
            "device": "cpu",
            "dtype": 1,
        }
        with pytest.raises(TypeError, match="unexpected"):
            m.nn.factory_kwargs({"x": 1})
        with pytest.raises(TypeError, match="twice"):
            m.nn.factory_kwargs({"device": 1, "factory_kwargs": {"device": 2}})


def test_channel_dropouts_of_other_dimensions():
    for m in (torch, kajo):
        with pytest.raises(RuntimeError, match="dropout1d"):
            m.nn.functional.dropout1d(m.ones(2, 2, 2, 2))
        m.manual_seed(0)
    shapes = [(2, 3), (3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5, 6)]
    for name in ("dropout2d", "dropout3d"):
        for shape in shapes:
            torch.manual_seed(3)
            kajo.manual_seed(3)
            expected = getattr(torch.nn.functional, name)(torch.ones(shape))
            assert getattr(kajo.nn.functional, name)(kajo.ones(shape)).tolist() == expected.tolist()


def test_swapping_parameters_and_state():
    finals = []
    for m in (torch, kajo):
        own = m.nn.Linear(2, 1, bias=False)
        with m.no_grad():
            own.weight.copy_(m.tensor([[1.0, 2.0]]))
        optimizer = m.optim.SGD(own.parameters(), lr=0.1, momentum=0.5)
        own(m.ones(1, 2)).sum().backward()
        optimizer.step()
        other = m.zeros(1, 2, requires_grad=True)
        state = {
            "state": {0: {"momentum_buffer": m.ones(1, 2)}},
            "param_groups": optimizer.state_dict()["param_groups"],
        }
        with m.optim.swap_in_optimizer_params_and_state(optimizer, {"weight": other}, state):
            other.sum().backward()
            optimizer.step()
        optimizer.step()
        finals.append(
            [own.weight.tolist(), other.tolist(), state["state"][0]["momentum_buffer"].tolist()]
        )
    assert finals[0] == finals[1]
