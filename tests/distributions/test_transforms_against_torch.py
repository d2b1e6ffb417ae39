"""Transforms, constraints and their registry against PyTorch's."""

import numpy as np
import pytest

import kajo
import kajo.distributions as kd

torch = pytest.importorskip("torch")
td = torch.distributions

LIBRARIES = {"kajo": (kajo, kd), "torch": (torch, td)}


def transforms(name):
    library, d = LIBRARIES[name]
    t, c = d.transforms, d.constraints
    scale = library.tensor([2.0, -1.0, 0.5])
    return {
        "abs": (t.AbsTransform(), (3,)),
        "affine": (t.AffineTransform(1.0, scale), (3,)),
        "affine numbers": (t.AffineTransform(1.0, -2.0), (2, 3)),
        "affine event": (t.AffineTransform(0.5, scale, event_dim=1), (2, 3)),
        "cat": (t.CatTransform([t.ExpTransform(), t.AffineTransform(1, 2)], 1, [1, 2]), (2, 3)),
        "compose": (t.ComposeTransform([t.AffineTransform(1, scale), t.ExpTransform()]), (2, 3)),
        "compose mixed": (
            t.ComposeTransform([t.ExpTransform(), t.StickBreakingTransform(), t.ExpTransform()]),
            (2, 3),
        ),
        "corr": (t.CorrCholeskyTransform(), (2, 6)),
        "cdf": (t.CumulativeDistributionTransform(d.Normal(0.0, 1.0)), (3,)),
        "exp": (t.ExpTransform(), (3,)),
        "exp inverse": (t.ExpTransform().inv.inv, (3,)),
        "independent": (t.IndependentTransform(t.ExpTransform(), 1), (2, 3)),
        "identity": (t.identity_transform, (3,)),
        "lower cholesky": (t.LowerCholeskyTransform(), (2, 3, 3)),
        "positive definite": (t.PositiveDefiniteTransform(), (2, 3, 3)),
        "reshape": (t.ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
        "sigmoid": (t.SigmoidTransform(), (3,)),
        "softmax": (t.SoftmaxTransform(), (2, 3)),
        "softplus": (t.SoftplusTransform(), (3,)),
        "stack": (t.StackTransform([t.ExpTransform(), t.TanhTransform()], 0), (2, 3)),
        "stick": (t.StickBreakingTransform(), (2, 3)),
        "tanh": (t.TanhTransform(), (3,)),
        "to positive": (d.biject_to(c.positive), (3,)),
        "to interval": (d.biject_to(c.interval(-1.0, 3.0)), (3,)),
        "to less": (d.transform_to(c.less_than(2.0)), (3,)),
        "to more": (d.transform_to(c.greater_than(2.0)), (3,)),
        "to simplex": (d.biject_to(c.simplex), (2, 3)),
        "onto simplex": (d.transform_to(c.simplex), (2, 3)),
        "to independent": (d.biject_to(c.independent(c.positive, 1)), (2, 3)),
        "onto lower": (d.transform_to(c.lower_cholesky), (3, 3)),
        "to corr": (d.transform_to(c.corr_cholesky), (6,)),
        "to stack": (d.biject_to(c.stack([c.real, c.positive], 0)), (2, 3)),
    }


def same(ours, theirs):
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-4, atol=1e-5)


def outcome(function):
    try:
        return function()
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("name", transforms("kajo"))
def test_transform(name):
    values = {}
    shape = transforms("torch")[name][1]
    data = np.random.default_rng(0).normal(size=shape).astype("float32")
    for key, (library, _) in LIBRARIES.items():
        transform = transforms(key)[name][0]
        x = library.tensor(data)
        y = transform(x)
        values[key] = {
            "call": y,
            "inverse": outcome(lambda t=transform, y=y: t.inv(y)),
            "jacobian": outcome(lambda t=transform, x=x, y=y: t.log_abs_det_jacobian(x, y)),
            "inverse jacobian": outcome(
                lambda t=transform, x=x, y=y: t.inv.log_abs_det_jacobian(y, x)
            ),
            "forward shape": outcome(lambda t=transform: tuple(t.forward_shape(shape))),
            "inverse shape": outcome(lambda t=transform, y=y: tuple(t.inverse_shape(y.shape))),
            "bijective": transform.bijective,
            "domain": outcome(lambda t=transform: t.domain.event_dim),
            "codomain": outcome(lambda t=transform: t.codomain.event_dim),
            "sign": outcome(lambda t=transform: t.sign),
            "text": outcome(lambda t=transform: repr(t)),
        }
    for key, expected in values["torch"].items():
        ours = values["kajo"][key]
        if isinstance(expected, torch.Tensor):
            same(ours, expected)
        else:
            assert ours == expected, key


def test_cache_gives_back_the_very_tensor():
    transform = kd.ExpTransform(cache_size=1)
    x = kajo.tensor([1.0])
    assert transform.inv(transform(x)) is x
    assert transform.with_cache(0)._cache_size == 0
    with pytest.raises(ValueError):
        kd.ExpTransform(cache_size=2)


def test_equality():
    for _, d in LIBRARIES.values():
        t = d.transforms
        assert t.ExpTransform() == t.ExpTransform()
        assert t.ExpTransform() != t.TanhTransform()
        assert t.AffineTransform(1, 2) == t.AffineTransform(1, 2)
        assert t.AffineTransform(1, 2) != t.AffineTransform(1, 3)
        assert t.ExpTransform().inv == t.ExpTransform().inv


CONSTRAINTS = [
    ("boolean", [0.0, 1.0, 0.5]),
    ("one_hot", [[0.0, 1.0], [1.0, 1.0]]),
    ("nonnegative_integer", [0.0, 1.5, -1.0, 3.0]),
    ("positive_integer", [0.0, 1.0, 2.5]),
    ("real", [0.0, float("nan"), float("inf")]),
    ("real_vector", [[0.0, float("nan")], [1.0, 2.0]]),
    ("positive", [0.0, 1.0, -1.0]),
    ("nonnegative", [0.0, 1.0, -1.0]),
    ("unit_interval", [0.0, 1.0, 2.0, -0.1]),
    ("simplex", [[0.5, 0.5], [0.7, 0.7], [-0.5, 1.5]]),
    ("lower_triangular", [[[1.0, 0.0], [1.0, 1.0]], [[1.0, 2.0], [0.0, 1.0]]]),
    ("lower_cholesky", [[[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]]]),
    ("corr_cholesky", [[[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [1.0, 1.0]]]),
    ("square", [[[1.0, 0.0], [1.0, 1.0]]]),
    ("symmetric", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 2.0], [0.0, 1.0]]]),
    ("positive_definite", [[[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]]),
    ("positive_semidefinite", [[[1.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]]),
]


@pytest.mark.parametrize(("name", "value"), CONSTRAINTS, ids=[name for name, _ in CONSTRAINTS])
def test_constraint(name, value):
    ours, theirs = getattr(kd.constraints, name), getattr(td.constraints, name)
    assert ours.check(kajo.tensor(value)).tolist() == theirs.check(torch.tensor(value)).tolist()
    assert repr(ours) == repr(theirs)
    assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)


def test_constraints_with_bounds():
    for library, d in LIBRARIES.values():
        c, x = d.constraints, library.tensor([0.0, 1.0, 2.0, 2.5])
        assert c.interval(0, 2).check(x).tolist() == [True, True, True, False]
        assert c.half_open_interval(0, 2).check(x).tolist() == [True, True, False, False]
        assert c.integer_interval(0, 5).check(x).tolist() == [True, True, True, False]
        assert c.less_than(1).check(x).tolist() == [True, False, False, False]
        assert c.greater_than_eq(lower_bound=2).check(x).tolist() == [False, False, True, True]
        assert repr(c.interval(0, 2)) == "Interval(lower_bound=0, upper_bound=2)"
        assert c.is_dependent(d.Uniform.support)
        assert not c.is_dependent(d.Uniform(0.0, 1.0).support)
        with pytest.raises(NotImplementedError):
            d.biject_to(c.boolean)
