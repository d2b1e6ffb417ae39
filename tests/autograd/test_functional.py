"""Jacobians, Hessians and products with them, compared with PyTorch's."""

import pytest

import kajo


def cases(fw):
    """Calls by name, for one framework."""
    part = fw.autograd.functional
    fw.manual_seed(0)
    x, y, v, w = (fw.randn(*s, dtype=fw.float64) for s in ((3,), (2, 3), (3,), (2, 3)))
    u = fw.randn(2, dtype=fw.float64), fw.randn(3, dtype=fw.float64)

    def vector(x):
        return x.exp() * x.sum()

    def several(x, y):
        return (y @ x).sin(), (x * y).sum(0)

    def scalar(x):
        return (x**3).sum() * x[0]

    def scalar_of_two(x, y):
        return ((y @ x) ** 2).sum()

    def leaf():
        return x.clone().requires_grad_()

    return {
        "jacobian": lambda: part.jacobian(vector, x),
        "jacobian of several": lambda: part.jacobian(several, (x, y)),
        "jacobian vectorized": lambda: part.jacobian(several, (x, y), vectorize=True),
        "jacobian forward": lambda: part.jacobian(
            several, (x, y), vectorize=True, strategy="forward-mode"
        ),
        "jacobian forward only": lambda: part.jacobian(vector, x, strategy="forward-mode"),
        "jacobian graph": lambda: part.jacobian(vector, leaf(), create_graph=True),
        "jacobian strict": lambda: part.jacobian(lambda x, y: x * 2, (x, x), strict=True),
        "jacobian unused": lambda: part.jacobian(lambda x, y: x * 2, (x, x)),
        "jacobian strategy": lambda: part.jacobian(vector, x, strategy="sideways"),
        "jacobian strict vectorized": lambda: part.jacobian(vector, x, strict=True, vectorize=True),
        "jacobian of a number": lambda: part.jacobian(lambda x: 3, x),
        "hessian": lambda: part.hessian(scalar, x),
        "hessian of two": lambda: part.hessian(scalar_of_two, (x, y)),
        "hessian vectorized": lambda: part.hessian(scalar_of_two, (x, y), vectorize=True),
        "hessian of a vector": lambda: part.hessian(vector, x),
        "hessian graph": lambda: part.hessian(scalar, leaf(), create_graph=True),
        "hessian strict": lambda: part.hessian(lambda x: x.sum(), x, strict=True),
        "vjp": lambda: part.vjp(vector, x, v),
        "vjp of several": lambda: part.vjp(several, (x, y), u),
        "vjp of a scalar": lambda: part.vjp(scalar, x),
        "vjp without vector": lambda: part.vjp(vector, x),
        "vjp wrong size": lambda: part.vjp(vector, x, w),
        "vjp graph": lambda: part.vjp(vector, leaf(), v, create_graph=True),
        "jvp": lambda: part.jvp(vector, x, v),
        "jvp of several": lambda: part.jvp(several, (x, y), (v, w)),
        "jvp without vector": lambda: part.jvp(vector, x),
        "jvp wrong size": lambda: part.jvp(vector, x, w),
        "jvp constant": lambda: part.jvp(lambda x: fw.ones(3), x, v),
        "jvp strict": lambda: part.jvp(lambda x: fw.ones(3), x, v, strict=True),
        "vhp": lambda: part.vhp(scalar, x, v),
        "vhp of two": lambda: part.vhp(scalar_of_two, (x, y), (v, w)),
        "hvp": lambda: part.hvp(scalar, x, v),
        "hvp of two": lambda: part.hvp(scalar_of_two, (x, y), (v, w)),
        "hvp of a vector": lambda: part.hvp(vector, x, v),
        "hvp linear": lambda: part.hvp(lambda x: x.sum(), x, v),
        "hvp strict": lambda: part.hvp(lambda x: x.sum(), x, v, strict=True),
    }


def flat(value):
    if isinstance(value, (tuple, list)):
        return [flat(item) for item in value]
    numbers = [round(float(number), 8) + 0.0 for number in value.detach().flatten().tolist()]
    return tuple(value.shape), value.requires_grad, numbers


def outcome(call):
    try:
        return flat(call())
    except (RuntimeError, TypeError, AssertionError) as error:
        return type(error)


@pytest.mark.parametrize("name", cases(kajo))
def test_the_same_as_in_torch(name):
    torch = pytest.importorskip("torch")
    expected, found = outcome(cases(torch)[name]), outcome(cases(kajo)[name])
    if isinstance(expected, type):
        assert found is expected
    else:
        assert str(found) == str(expected)
