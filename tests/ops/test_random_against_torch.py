"""The same seed gives the same numbers as PyTorch."""

import numpy
import pytest

import kajo

torch = pytest.importorskip("torch")

EXACT = {
    "rand": lambda m: m.rand(3, 50),
    "rand_double": lambda m: m.rand(100, dtype=m.float64),
    "rand_complex": lambda m: m.rand(7, dtype=m.complex64),
    "rand_like_transposed": lambda m: m.rand_like(m.zeros(5, 7).t()),
    "uniform_strided": lambda m: m.zeros(6, 8)[::2, ::3].uniform_(-2, 5),
    "uniform_transposed": lambda m: m.zeros(6, 8).t().uniform_(),
    "randint": lambda m: m.randint(10, (40,)),
    "randint_low": lambda m: m.randint(-7, 2**40, (40,)),
    "randint_float": lambda m: m.randint(3, 100, (40,), dtype=m.float32),
    "randint_like": lambda m: m.randint_like(m.zeros(9), 5),
    "randperm": lambda m: m.randperm(57),
    "randperm_int32": lambda m: m.randperm(11, dtype=m.int32),
    "random": lambda m: m.zeros(30).random_(),
    "random_int": lambda m: m.zeros(30, dtype=m.int32).random_(),
    "random_to": lambda m: m.zeros(30, dtype=m.uint8).random_(200),
    "random_from": lambda m: m.zeros(30, dtype=m.int64).random_(-5, None),
    "random_large_float": lambda m: m.zeros(30).random_(0, 2**40),
    "random_bool": lambda m: m.zeros(30, dtype=m.bool).random_(),
    "bernoulli": lambda m: m.bernoulli(m.linspace(0, 1, 50)),
    "bernoulli_transposed": lambda m: m.bernoulli(m.linspace(0, 1, 50).view(5, 10).t()),
    "bernoulli_p": lambda m: m.zeros(50).bernoulli_(0.3),
    "bernoulli_p_int": lambda m: m.zeros(50, dtype=m.int64).bernoulli_(0.3),
    "bernoulli_double": lambda m: m.zeros(50).bernoulli_(m.full((50,), 0.3, dtype=m.float64)),
    "multinomial": lambda m: m.multinomial(m.arange(1.0, 9), 5),
    "multinomial_rows": lambda m: m.multinomial(m.arange(1.0, 9).view(2, 4), 6, replacement=True),
    "multinomial_one": lambda m: m.multinomial(m.arange(1.0, 9).view(2, 4), 1),
    "geometric": lambda m: m.zeros(40).geometric_(0.2),
    "poisson": lambda m: m.poisson(m.linspace(0, 30, 60)),
    "binomial": lambda m: m.binomial(m.full((40,), 50.0), m.linspace(0, 1, 40)),
    "dropout": lambda m: m.dropout(m.ones(100), 0.3, True),
    "feature_dropout": lambda m: m.feature_dropout(m.ones(4, 5, 3), 0.3, True),
    "functional_dropout": lambda m: m.nn.functional.dropout(m.ones(8, 9).t(), 0.3),
    "channel_dropout": lambda m: m.nn.functional.dropout2d(m.ones(2, 5, 3, 3), 0.4),
    "generator": lambda m: m.rand(5, generator=m.Generator().manual_seed(7)),
}
CLOSE = {
    "rrelu": lambda m: m.rrelu(m.linspace(-2, 2, 30), training=True),
    "randn": lambda m: m.randn(1000),
    "randn_few": lambda m: m.randn(7),
    "randn_double": lambda m: m.randn(33, dtype=m.float64),
    "randn_complex": lambda m: m.randn(40, dtype=m.complex64),
    "randn_like_transposed": lambda m: m.randn_like(m.zeros(5, 7).t()),
    "normal": lambda m: m.normal(2.0, 3.0, (40,)),
    "normal_means": lambda m: m.normal(m.arange(20.0), 2.0),
    "normal_deviations": lambda m: m.normal(1.0, m.arange(20.0)),
    "normal_both": lambda m: m.normal(m.arange(20.0), m.arange(20.0)),
    "normal_complex": lambda m: m.zeros(20, dtype=m.complex128).normal_(1.0, 2.0),
    "exponential": lambda m: m.zeros(50).exponential_(0.7),
    "exponential_double": lambda m: m.zeros(50, dtype=m.float64).exponential_(),
    "cauchy": lambda m: m.zeros(50).cauchy_(),
    "log_normal": lambda m: m.zeros(50).log_normal_(),
    "gamma": lambda m: m._standard_gamma(m.linspace(0.1, 4, 50)),
    "dirichlet": lambda m: m._sample_dirichlet(m.linspace(0.1, 4, 12).view(3, 4)),
    "alpha_dropout": lambda m: m.alpha_dropout(m.ones(100), 0.3, True),
    "feature_alpha_dropout": lambda m: m.feature_alpha_dropout(m.ones(2, 5, 3), 0.3, True),
}


def _pair(case):
    results = []
    for module in (kajo, torch):
        module.manual_seed(123)
        results.append([case(module).numpy(), module.rand(3).numpy()])
    return results


@pytest.mark.parametrize("name", EXACT)
def test_equal(name):
    (ours, next_ours), (theirs, next_theirs) = _pair(EXACT[name])
    assert ours.dtype == theirs.dtype
    numpy.testing.assert_array_equal(ours, theirs)
    numpy.testing.assert_array_equal(next_ours, next_theirs)


@pytest.mark.parametrize("name", CLOSE)
def test_close(name):
    (ours, next_ours), (theirs, next_theirs) = _pair(CLOSE[name])
    assert ours.dtype == theirs.dtype
    numpy.testing.assert_allclose(ours, theirs, rtol=3e-6, atol=1e-6)
    numpy.testing.assert_array_equal(next_ours, next_theirs)


BAD = [
    lambda m: m.rand(2, dtype=m.int64),
    lambda m: m.randn(2, dtype=m.int32),
    lambda m: m.rand(-1),
    lambda m: m.randint(5, 2, (2,)),
    lambda m: m.randint(0, 300, (2,), dtype=m.uint8),
    lambda m: m.randperm(-1),
    lambda m: m.randperm(300, dtype=m.uint8),
    lambda m: m.normal(0.0, -1.0, (2,)),
    lambda m: m.normal(m.zeros(2), m.tensor([1.0, -1.0])),
    lambda m: m.normal(m.zeros(2), m.ones(3)),
    lambda m: m.bernoulli(m.tensor([2.0])),
    lambda m: m.bernoulli(m.tensor([1])),
    lambda m: m.tensor([1.0]).bernoulli_(2.0),
    lambda m: m.multinomial(m.tensor([-1.0, 1]), 1),
    lambda m: m.multinomial(m.tensor([0.0, 0]), 1),
    lambda m: m.multinomial(m.tensor([1.0, 0]), 3),
    lambda m: m.multinomial(m.ones(2, 2, 2), 1),
    lambda m: m.poisson(m.tensor([-1.0])),
    lambda m: m.binomial(m.tensor([1]), m.tensor([0.5])),
    lambda m: m.zeros(2).uniform_(3, 1),
    lambda m: m.zeros(2).random_(0),
    lambda m: m.zeros(2, dtype=m.bool).random_(0, 30),
    lambda m: m.zeros(2).exponential_(0),
    lambda m: m.zeros(2, dtype=m.int64).exponential_(),
    lambda m: m.zeros(2).cauchy_(0, -1),
    lambda m: m.zeros(2).log_normal_(0, 0),
    lambda m: m.zeros(2).geometric_(1.5),
    lambda m: m.dropout(m.ones(2), 1.5, True),
    lambda m: m.dropout(m.ones(2, dtype=m.int64), 0.5, True),
    lambda m: m.feature_dropout(m.ones(2), 0.5, True),
    lambda m: m.ones(1).expand(3).uniform_(),
    lambda m: m.ones(1, requires_grad=True).normal_(),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_arguments_raise_the_same_type(number):
    with pytest.raises(Exception) as theirs:
        BAD[number](torch)
    kajo.manual_seed(1)
    with pytest.raises(theirs.type):
        BAD[number](kajo)


def test_gradients_are_those_of_the_mask_or_zero():
    x = kajo.ones(50, requires_grad=True)
    y = kajo.dropout(x, 0.5, True)
    y.sum().backward()
    assert kajo.equal(x.grad, y.detach())
    for fill in ("normal_", "uniform_", "exponential_", "bernoulli_", "random_"):
        x.grad = None
        getattr(x * 2, fill)().sum().backward()
        assert x.grad.abs().sum() == 0


def test_gradients_of_gamma_and_dirichlet_samples_are_close():
    shapes = numpy.geomspace(0.02, 5000, 60)
    samples = torch._standard_gamma(torch.from_numpy(shapes))
    expected = torch._standard_gamma_grad(torch.from_numpy(shapes), samples)
    ours = kajo._standard_gamma_grad(kajo.from_numpy(shapes), kajo.from_numpy(samples.numpy()))
    numpy.testing.assert_allclose(ours.numpy(), expected.numpy(), rtol=2e-3)
    alpha = numpy.geomspace(0.1, 300, 60).reshape(20, 3)
    x = torch._sample_dirichlet(torch.from_numpy(alpha))
    total = numpy.broadcast_to(alpha.sum(1, keepdims=True), alpha.shape).copy()
    operands = (x.numpy(), alpha, total)
    expected = torch._dirichlet_grad(*(torch.from_numpy(a) for a in operands))
    ours = kajo._dirichlet_grad(*(kajo.from_numpy(a) for a in operands))
    numpy.testing.assert_allclose(ours.numpy(), expected.numpy(), rtol=1e-2, atol=1e-6)


def test_samples_move_with_their_parameters():
    shape = kajo.full((4,), 2.0, requires_grad=True)
    kajo._standard_gamma(shape).sum().backward()
    assert (shape.grad > 0).all()
    alpha = kajo.tensor([1.0, 2.0, 3.0], requires_grad=True)
    sample = kajo._sample_dirichlet(alpha)
    # The sum is always one.
    sample.sum().backward()
    assert alpha.grad.abs().max() < 1e-5
