"""Every distribution against PyTorch's: moments, densities, samples of one seed, divergences."""

import itertools
import warnings

import numpy as np
import pytest

import kajo
import kajo.distributions as kd

torch = pytest.importorskip("torch")
td = torch.distributions


@pytest.fixture(autouse=True)
def torch_checks_arguments():
    # Parts of PyTorch that other tests import turn its checks off.
    td.Distribution.set_default_validate_args(True)


MATRIX = [[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.0]]
FACTOR = [[1.4, 0.0, 0.0], [0.2, 1.1, 0.0], [0.1, -0.3, 0.9]]
PROBS = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]

# Name, arguments; lists become tensors.
CASES = [
    ("Bernoulli", {"probs": [0.2, 0.5, 0.9]}),
    ("Bernoulli", {"logits": [-1.0, 0.0, 3.0]}),
    ("Beta", {"concentration1": [0.5, 2.0, 3.0], "concentration0": [0.7, 1.0, 2.5]}),
    ("Beta", {"concentration1": 2.0, "concentration0": 3.0}),
    ("Binomial", {"total_count": 5, "probs": [0.2, 0.5, 0.9]}),
    ("Binomial", {"total_count": [3.0, 3.0], "logits": [-1.0, 2.0]}),
    ("Categorical", {"probs": PROBS}),
    ("Categorical", {"logits": [0.1, -2.0, 1.0]}),
    ("Cauchy", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}),
    ("Chi2", {"df": [1.0, 4.5]}),
    ("ContinuousBernoulli", {"probs": [0.2, 0.5, 0.4995, 0.9]}),
    ("ContinuousBernoulli", {"logits": [-1.0, 0.0, 2.0]}),
    ("Dirichlet", {"concentration": [[0.5, 0.8, 0.3], [3.0, 2.0, 4.0]]}),
    ("Exponential", {"rate": [0.5, 2.0]}),
    ("Exponential", {"rate": 1.5}),
    ("FisherSnedecor", {"df1": [3.0, 1.5], "df2": [5.0, 2.5]}),
    ("Gamma", {"concentration": [0.5, 2.0], "rate": [1.0, 3.0]}),
    ("GeneralizedPareto", {"loc": [0.0, 1.0], "scale": [1.0, 2.0], "concentration": [0.3, -0.4]}),
    ("GeneralizedPareto", {"loc": [0.0, 1.0], "scale": [1.0, 2.0], "concentration": [0.0, 0.7]}),
    ("Geometric", {"probs": [0.2, 0.9]}),
    ("Geometric", {"logits": [-1.0, 2.0]}),
    ("Gumbel", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}),
    ("Gumbel", {"loc": 0.5, "scale": 2.0}),
    ("HalfCauchy", {"scale": [1.0, 2.0]}),
    ("HalfNormal", {"scale": [1.0, 2.0]}),
    ("InverseGamma", {"concentration": [0.5, 1.5, 3.0], "rate": [1.0, 3.0, 2.0]}),
    ("Kumaraswamy", {"concentration1": [2.0, 1.5], "concentration0": [3.0, 1.2]}),
    ("LKJCholesky", {"dim": 3, "concentration": [0.5, 2.0]}),
    ("LKJCholesky", {"dim": 4, "concentration": 1.5}),
    ("Laplace", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}),
    ("LogNormal", {"loc": [0.0, 0.5], "scale": [1.0, 0.3]}),
    ("LogisticNormal", {"loc": [0.0, 0.5], "scale": [1.0, 0.3]}),
    (
        "LowRankMultivariateNormal",
        {
            "loc": [0.0, 1.0, 2.0],
            "cov_factor": [[1.0], [0.5], [-0.3]],
            "cov_diag": [1.0, 0.5, 2.0],
        },
    ),
    ("Multinomial", {"total_count": 4, "probs": PROBS}),
    ("MultivariateNormal", {"loc": [0.0, 1.0, 2.0], "covariance_matrix": MATRIX}),
    ("MultivariateNormal", {"loc": [[0.0, 1.0, 2.0]] * 2, "precision_matrix": MATRIX}),
    ("MultivariateNormal", {"loc": [0.0, 1.0, 2.0], "scale_tril": FACTOR}),
    ("NegativeBinomial", {"total_count": 3.0, "probs": [0.2, 0.7]}),
    ("NegativeBinomial", {"total_count": [1.5, 3.0], "logits": [-1.0, 0.5]}),
    ("Normal", {"loc": [0.0, 1.0], "scale": [1.0, 2.0]}),
    ("Normal", {"loc": 0.5, "scale": 2.0}),
    ("OneHotCategorical", {"probs": PROBS}),
    ("OneHotCategoricalStraightThrough", {"logits": PROBS}),
    ("Pareto", {"scale": [1.0, 2.0], "alpha": [2.5, 3.0]}),
    ("Poisson", {"rate": [0.5, 4.0, 20.0]}),
    ("RelaxedBernoulli", {"temperature": [0.7], "probs": [0.2, 0.6]}),
    ("RelaxedOneHotCategorical", {"temperature": [0.7], "probs": PROBS}),
    ("StudentT", {"df": [0.5, 1.5, 4.0], "loc": [0.0, 1.0, 2.0], "scale": [1.0, 2.0, 0.5]}),
    ("Uniform", {"low": [0.0, -1.0], "high": [1.0, 3.0]}),
    ("VonMises", {"loc": [0.0, 1.0], "concentration": [1.0, 4.0]}),
    ("Weibull", {"scale": [1.0, 2.0], "concentration": [1.5, 2.0]}),
    ("Wishart", {"df": 5.0, "covariance_matrix": MATRIX}),
    ("Wishart", {"df": [4.0, 6.0], "scale_tril": FACTOR}),
]
IDS = [f"{name}-{'-'.join(arguments)}" for name, arguments in CASES]


def made(library, name, arguments, tracked=False):
    module = td if library is torch else kd
    converted = {
        key: library.tensor(value, requires_grad=tracked) if isinstance(value, list) else value
        for key, value in arguments.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(module, name)(**converted), [
            v for v in converted.values() if hasattr(v, "shape")
        ]


def same(ours, theirs, tolerance=2e-5):
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance
    )


def both(function, ours, theirs):
    """The two results, or the exception's name where PyTorch refuses."""
    try:
        expected = function(theirs)
    except Exception as error:
        with pytest.raises(Exception) as caught:
            function(ours)
        assert type(caught.value).__name__ == type(error).__name__
        return
    same(function(ours), expected)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_shapes_moments_and_text(name, arguments):
    (ours, _), (theirs, _) = made(kajo, name, arguments), made(torch, name, arguments)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape)
    assert tuple(ours.event_shape) == tuple(theirs.event_shape)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    assert repr(ours) == repr(theirs).replace("torch.", "kajo.")
    for moment in ("mean", "mode", "variance", "stddev"):
        if (name, moment) == ("Kumaraswamy", "mode"):
            continue  # not a number in PyTorch
        both(lambda d, moment=moment: getattr(d, moment), ours, theirs)
    both(lambda d: d.entropy(), ours, theirs)
    both(lambda d: d.perplexity(), ours, theirs)
    both(lambda d: d.enumerate_support(), ours, theirs)
    both(lambda d: d.enumerate_support(expand=False), ours, theirs)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_samples_of_one_seed(name, arguments):
    (ours, _), (theirs, _) = made(kajo, name, arguments), made(torch, name, arguments)
    for shape in ((), (5,), (2, 3)):
        kajo.manual_seed(7)
        torch.manual_seed(7)
        same(ours.sample(shape), theirs.sample(shape), 1e-4)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_densities_and_distribution_functions(name, arguments):
    (ours, _), (theirs, _) = made(kajo, name, arguments), made(torch, name, arguments)
    torch.manual_seed(1)
    value = theirs.sample((6,))
    taken = kajo.from_numpy(value.numpy())
    same(ours.log_prob(taken), theirs.log_prob(value))
    quantile = torch.rand((6, *theirs.batch_shape)) * 0.9 + 0.05
    for function, given in (("cdf", value), ("icdf", quantile)):
        both(
            lambda d, function=function, given=given: getattr(d, function)(
                given if isinstance(d, td.Distribution) else kajo.from_numpy(given.numpy())
            ),
            ours,
            theirs,
        )


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_gradients_of_densities_and_samples(name, arguments):
    (ours, our_inputs) = made(kajo, name, arguments, tracked=True)
    (theirs, their_inputs) = made(torch, name, arguments, tracked=True)
    if not their_inputs:
        return
    torch.manual_seed(2)
    value = theirs.sample((4,)).detach()
    ours.log_prob(kajo.from_numpy(value.numpy())).sum().backward()
    theirs.log_prob(value).sum().backward()
    for mine, expected in zip(our_inputs, their_inputs):
        assert (mine.grad is None) == (expected.grad is None)
        if mine.grad is not None:
            triangle = "scale_tril" in arguments and mine.dim() >= 2
            same(*(g.tril() if triangle else g for g in (mine.grad, expected.grad)), 2e-4)
    if not theirs.has_rsample:
        return
    (ours, our_inputs) = made(kajo, name, arguments, tracked=True)
    (theirs, their_inputs) = made(torch, name, arguments, tracked=True)
    if name == "Wishart":
        return
    kajo.manual_seed(3)
    torch.manual_seed(3)
    (ours.rsample((3,)) ** 2).sum().backward()
    (theirs.rsample((3,)) ** 2).sum().backward()
    for mine, expected in zip(our_inputs, their_inputs):
        assert (mine.grad is None) == (expected.grad is None)
        if mine.grad is not None:
            same(mine.grad, expected.grad, 1e-3)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_expanding(name, arguments):
    (ours, _), (theirs, _) = made(kajo, name, arguments), made(torch, name, arguments)
    shape = (4, *theirs.batch_shape)
    ours, theirs = ours.expand(shape), theirs.expand(shape)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape) == shape
    kajo.manual_seed(7)
    torch.manual_seed(7)
    value = theirs.sample()
    drawn = ours.sample()
    if name != "Wishart":
        same(drawn, value, 1e-4)
    same(ours.log_prob(kajo.from_numpy(value.numpy())), theirs.log_prob(value), 1e-4)


@pytest.mark.parametrize(
    ("p", "q"), itertools.product(range(len(CASES)), repeat=2), ids=lambda i: IDS[i]
)
def test_divergences(p, q):
    pairs = {(a.__name__, b.__name__) for a, b in td.kl._KL_REGISTRY}
    names = CASES[p][0], CASES[q][0]
    if names not in pairs and names[0] != names[1]:
        return
    ours = [made(kajo, *CASES[i])[0] for i in (p, q)]
    theirs = [made(torch, *CASES[i])[0] for i in (p, q)]
    try:
        expected = td.kl_divergence(*theirs)
    except (RuntimeError, NotImplementedError, ValueError) as error:
        with pytest.raises(type(error)):
            kd.kl_divergence(*ours)
        return
    same(kd.kl_divergence(*ours), expected, 1e-4)


BAD = [
    ("Normal", {"loc": [0.0], "scale": [-1.0]}),
    ("Normal", {"loc": [float("nan")], "scale": [1.0]}),
    ("Bernoulli", {"probs": [1.5]}),
    ("Bernoulli", {}),
    ("Bernoulli", {"probs": [0.5], "logits": [0.0]}),
    ("Categorical", {"probs": 0.5}),
    ("Categorical", {"probs": [-1.0, 2.0]}),
    ("Uniform", {"low": [1.0], "high": [0.0]}),
    ("Gamma", {"concentration": [0.0], "rate": [1.0]}),
    ("MultivariateNormal", {"loc": [0.0, 0.0]}),
    ("MultivariateNormal", {"loc": [0.0, 0.0], "covariance_matrix": [[1.0, 2.0], [2.0, 1.0]]}),
    ("LKJCholesky", {"dim": 1}),
    ("Wishart", {"df": 1.0, "covariance_matrix": MATRIX}),
    ("Multinomial", {"total_count": [1.0, 2.0], "probs": [0.5, 0.5]}),
    ("Geometric", {"probs": [0.0]}),
    ("Dirichlet", {"concentration": [[1.0, -1.0]]}),
]


@pytest.mark.parametrize(
    ("name", "arguments"), BAD, ids=[f"{n}-{i}" for i, (n, _) in enumerate(BAD)]
)
def test_wrong_parameters(name, arguments):
    with pytest.raises(Exception) as expected:
        made(torch, name, arguments)
    with pytest.raises(Exception) as caught:
        made(kajo, name, arguments)
    assert type(caught.value).__name__ == type(expected.value).__name__


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("Bernoulli", {"probs": [0.5]}, [2.0]),
        ("Uniform", {"low": [0.0], "high": [1.0]}, [2.0]),
        ("Normal", {"loc": [0.0, 1.0], "scale": [1.0, 1.0]}, [1.0, 2.0, 3.0]),
        ("Dirichlet", {"concentration": [1.0, 2.0]}, [0.7, 0.7]),
        ("Categorical", {"probs": [0.5, 0.5]}, [5.0]),
        ("Poisson", {"rate": [1.0]}, [0.5]),
    ],
)
def test_values_outside_the_support(name, arguments, value):
    for library in (torch, kajo):
        distribution, _ = made(library, name, arguments)
        with pytest.raises(ValueError):
            distribution.log_prob(library.tensor(value))
