"""`vmap`: batches from functions of samples, its refusals, randomness and nesting."""

import warnings

import pytest

import kajo
from kajo.func import functional_call, grad, jacrev, stack_module_state, vmap
from kajo.nn import functional as F


@pytest.fixture(autouse=True)
def no_loops():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def rows():
    return kajo.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def same(a, b):
    assert a.shape == b.shape and a.dtype == b.dtype
    assert kajo.allclose(a, b, atol=1e-5), (a, b)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x / x.sum(),
        lambda x: x.sort(descending=True)[0].cumsum(0),
        lambda x: x.unsqueeze(-1) @ x.unsqueeze(0),
        lambda x: kajo.einsum("i,j->ij", x, x).diagonal(),
        lambda x: x[None, ..., 1:].expand(2, 3, 1),
        lambda x: x[kajo.tensor([1, 0, 1])],
        lambda x: kajo.where(x > 2, x, -x),
        lambda x: kajo.cat([x, kajo.ones(1)]),
        lambda x: kajo.stack([x, x * 2], -1).reshape(-1),
        lambda x: x.view(-1).T,
        lambda x: x.max(0).values + x.argmax(),
        lambda x: F.softmax(x, 0) + F.layer_norm(x, (2,)),
        lambda x: F.mse_loss(x, kajo.zeros(2)),
        lambda x: kajo.linalg.inv(kajo.diag(x)),
        lambda x: kajo.fft.fft(x).abs(),
        lambda x: x.clone().add_(x).mul_(2),
        lambda x: x.new_zeros(2).index_add(0, kajo.tensor([0, 0]), x),
        lambda x: F.one_hot(x.argmax(), 2),
        lambda x: x.to(kajo.float64).sum() + x.mean(),
    ],
)
def test_is_the_function_of_each_sample(function):
    x = rows()
    expected = [function(row) for row in x]
    same(vmap(function)(x), kajo.stack(expected))
    same(vmap(function, in_dims=1)(x.T), kajo.stack(expected))
    if expected[0].dim():
        same(vmap(function, out_dims=-1)(x), kajo.stack(expected, -1))
    same(vmap(function, chunk_size=2)(x), kajo.stack(expected))
    same(vmap(vmap(function))(kajo.stack([x, x + 1]))[0], kajo.stack(expected))


def test_types_are_those_of_a_sample():
    whole, half = kajo.ones(3, 2), kajo.ones(3, dtype=kajo.float64)
    assert vmap(lambda a, b: a * b)(whole, half).dtype is kajo.float32
    assert vmap(lambda a, b: a * b)(half, half.float()).dtype is kajo.float64
    assert vmap(lambda a: 2.5 * a)(kajo.ones(3, dtype=kajo.float16)).dtype is kajo.float16


def test_containers():
    def function(x, pair):
        return {"sum": x + pair["a"], "same": pair["b"]}, (x,)

    result, (again,) = vmap(
        function, in_dims=(0, {"a": None, "b": 1}), out_dims=({"sum": 1, "same": 0}, 0)
    )(rows(), {"a": kajo.ones(2), "b": kajo.zeros(2, 3)})
    assert result["sum"].shape == (2, 3) and result["same"].shape == (3, 2)
    same(again, rows())


@pytest.mark.parametrize(
    ("in_dims", "args", "message"),
    [
        (0, (), "got no inputs"),
        ("0", (1,), "expected `in_dims` to be int or a"),
        ((0,), (1, 2), "in_dims is not compatible with the structure"),
        (0, (1.0,), "Got in_dim=0 for an input but the input is of type"),
        (2, ("x",), "expected in_dim to satisfy -2 <= in_dim < 2"),
        (None, ("x",), "to be int or"),
        ((None,), ("x",), "Expected at least one Tensor to vmap over"),
        ((0, 1), ("x", "x"), "Expected all tensors to have the same size in the mapped dimension"),
    ],
)
def test_wrong_in_dims(in_dims, args, message):
    args = tuple(rows() if a == "x" else a for a in args)
    with pytest.raises(ValueError, match=message):
        vmap(lambda *a: a[0], in_dims=in_dims)(*args)


def test_wrong_results():
    with pytest.raises(ValueError, match="must only return Tensors"):
        vmap(lambda x: 1.0)(rows())
    with pytest.raises(ValueError, match="out_dims is not compatible"):
        vmap(lambda x: (x, x), out_dims=(0, 0, 0))(rows())
    with pytest.raises(ValueError, match="can not return a BatchedTensor when out_dim is None"):
        vmap(lambda x: x, out_dims=None)(rows())
    with pytest.raises(RuntimeError, match="Only allowed values for randomness"):
        vmap(lambda x: x, randomness="some")
    with pytest.raises(ValueError, match="chunk_size"):
        vmap(lambda x: x, chunk_size=0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x.sum().item(), "calling .item\\(\\) on a Tensor"),
        (lambda x: float(x.sum()), "calling .item"),
        (lambda x: x if x.sum() > 0 else -x, "data-dependent control flow"),
        (lambda x: x.nonzero(), "dynamic shape"),
        (lambda x: x[x > 1], "dynamic shape"),
        (lambda x: kajo.zeros(2).add_(x), "more elements than `self`"),
        (lambda x: kajo.zeros(2).copy_(x), "more elements than `self`"),
        (lambda x: kajo.randn(2) + x, "random operation randn"),
        (lambda x: F.dropout(x), "random operation"),
    ],
)
def test_refusals(function, message):
    with pytest.raises(RuntimeError, match=message):
        vmap(function)(rows())


def test_randomness():
    def distinct(function, randomness):
        result = vmap(function, randomness=randomness)(kajo.ones(4, 8) / 2)
        return len({tuple(row) for row in result.tolist()})

    for function in (
        lambda x: x + kajo.randn(8),
        kajo.rand_like,
        lambda x: F.dropout(x, 0.5),
        lambda x: F.dropout(kajo.ones(8), 0.5),
        lambda x: x.clone().normal_(),
    ):
        kajo.manual_seed(0)
        assert distinct(function, "different") == 4
        assert distinct(function, "same") == 1
    for function in (kajo.bernoulli, kajo.poisson, lambda x: x.multinomial(4)):
        assert distinct(function, "different") > 1
        with pytest.raises(RuntimeError, match="differ between samples"):
            distinct(function, "same")
    noise = vmap(vmap(lambda x: x + kajo.rand(()), randomness="different"), randomness="different")(
        kajo.zeros(2, 3)
    )
    assert len(set(noise.flatten().tolist())) == 6


def test_gradients_of_each_sample():
    net = kajo.nn.Sequential(
        kajo.nn.Conv2d(1, 3, 3), kajo.nn.GroupNorm(3, 3), kajo.nn.ReLU(), kajo.nn.MaxPool2d(2),
        kajo.nn.Flatten(), kajo.nn.Linear(27, 4),
    )  # fmt: skip

    def loss(parameters, image, label):
        scores = functional_call(net, parameters, (image.unsqueeze(0),))
        return F.cross_entropy(scores, label.unsqueeze(0))

    parameters = dict(net.named_parameters())
    images, labels = kajo.randn(4, 1, 8, 8), kajo.tensor([0, 1, 2, 3])
    found = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, images, labels)
    for i in range(4):
        expected = grad(loss)(parameters, images[i], labels[i])
        for name, gradient in expected.items():
            same(found[name][i], gradient)
            assert not found[name].requires_grad or gradient.requires_grad


def test_ensembles():
    models = [kajo.nn.Linear(2, 3) for _ in range(4)]
    parameters, buffers = stack_module_state(models)
    assert parameters["weight"].requires_grad and parameters["weight"].is_leaf
    result = vmap(lambda p, b, x: functional_call(models[0], (p, b), (x,)), (0, 0, None))(
        parameters, buffers, rows()
    )
    for i, model in enumerate(models):
        same(result[i], model(rows()))


def test_gradients_through():
    x = rows().requires_grad_()
    vmap(lambda row: (row * row).sum())(x).sum().backward()
    same(x.grad, 2 * rows())
    inner = vmap(lambda row: kajo.autograd.grad((row**2).sum(), row)[0])
    same(inner(rows().requires_grad_()), 2 * rows())


def test_batched_cotangents_and_jacobians():
    _, pull = kajo.func.vjp(kajo.sin, rows()[0])
    (found,) = vmap(pull)(kajo.eye(2))
    same(found, kajo.diag(rows()[0].cos()))
    same(vmap(jacrev(lambda x: x**2))(rows()), kajo.diag_embed(2 * rows()))
    same(jacrev(vmap(lambda x: x.sum()))(rows())[0], kajo.tensor([[1.0, 1], [0, 0], [0, 0]]))


def test_samples_one_by_one_with_a_warning():
    with pytest.warns(UserWarning, match="no batching rule for histc"):
        result = vmap(lambda x: kajo.histc(x, 2, 0, 6))(rows())
    assert result.tolist() == [[2.0, 0.0], [0.0, 2.0], [0.0, 2.0]]


def test_writing_to_parts():
    def function(x, i):
        out = kajo.zeros_like(x)
        out[0] = x[1]
        out[i] += 10
        return out

    result = vmap(function)(rows(), kajo.tensor([0, 1, 1]))
    assert result.tolist() == [[12.0, 0.0], [4.0, 10.0], [6.0, 10.0]]


class Square(kajo.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, scale):
        return x * x * scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        x, scale = ctx.saved_tensors
        return gradient * 2 * x * scale, (gradient * x * x).sum()


class Doubled(kajo.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def vmap(info, in_dims, x):
        assert info.batch_size == 3 and in_dims == (0,)
        return x + x, 0


def test_functions_with_gradients_of_their_own():
    scale = kajo.tensor(3.0)
    same(vmap(Square.apply, (0, None))(rows(), scale), 3 * rows() ** 2)
    by_sample = vmap(grad(lambda x: Square.apply(x, scale).sum()))(rows())
    same(by_sample, 6 * rows())
    twice = vmap(grad(lambda x: grad(lambda y: Square.apply(y, scale).sum())(x).sum()))(rows())
    same(twice, kajo.full((3, 2), 6.0))
    shared = scale.clone().requires_grad_()
    vmap(Square.apply, (0, None))(rows(), shared).sum().backward()
    same(shared.grad, (rows() ** 2).sum())
    same(vmap(Doubled.apply)(rows()), 2 * rows())

    class Silent(kajo.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

    with pytest.raises(RuntimeError, match="does not have vmap support"):
        vmap(Silent.apply)(rows())


def test_batch_statistics():
    norm = kajo.nn.BatchNorm1d(2)
    with pytest.raises(RuntimeError, match="running_mean"):
        vmap(norm)(kajo.randn(3, 4, 2))
    kajo.func.replace_all_batch_norm_modules_(norm)
    x = kajo.randn(3, 4, 2)
    same(vmap(norm)(x), kajo.stack([norm(part) for part in x]))


def test_what_a_sample_looks_like():
    def look(x):
        assert x.shape == (2,) and x.dim() == 1 and len(x) == 2 and x.device == kajo.device("cpu")
        assert "BatchedTensor(lvl=1" in repr(x)
        assert kajo.func.debug_unwrap(x).shape == (3, 2)
        return x

    vmap(look)(rows())
