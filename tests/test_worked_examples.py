"""The worked examples of the course text: small enough to check by hand, exact."""

import numpy as np
import pytest

import kajo
from kajo import nn, optim


def test_mean_of_squares():
    x = kajo.tensor([[0.1, 0.2], [0.3, 0.4]], requires_grad=True)
    squares = x**2
    f = squares.mean()
    assert repr(f) == "tensor(0.0750, grad_fn=<MeanBackward0>)"
    assert repr(squares.grad_fn).startswith("<PowBackward0")
    assert x.grad is None
    f.backward()
    assert repr(x.grad) == "tensor([[0.0500, 0.1000],\n        [0.1500, 0.2000]])"


def test_chain_of_seven_steps():
    x = kajo.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = kajo.tensor([0.5, 1.0, 1.5], requires_grad=True)
    z = kajo.tensor(0.5, requires_grad=True)
    a = x**3
    b = y**2
    c = a * b
    d = (c / b).sin().abs()
    e = (d / z).sqrt()
    f = e.mean()
    f.backward()
    assert f.item() == pytest.approx(1.362325, abs=5e-7)
    np.testing.assert_allclose(x.grad.numpy(), [0.4165, -0.4137, -1.9011], atol=5e-5)
    np.testing.assert_allclose(y.grad.numpy(), np.zeros(3), atol=1e-6)
    assert z.grad.item() == pytest.approx(-1.362325, abs=1e-6)


INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = np.array([[0.0], [1.0], [1.0], [0.0]])


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def network_parameters(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((2, 2), (2,), (1, 2), (1,))]


def gradients_by_delta_rule(w1, b1, w2, b2):
    """Errors of the last layer first, then what each layer hands to the one before."""
    hidden = sigmoid(INPUTS @ w1.T + b1)
    output = sigmoid(hidden @ w2.T + b2)
    delta2 = (output - TARGETS) / len(INPUTS)
    delta1 = (delta2 @ w2) * hidden * (1 - hidden)
    return delta1.T @ INPUTS, delta1.sum(0), delta2.T @ hidden, delta2.sum(0)


def gradients_along_paths(w1, b1, w2, b2):
    """For each parameter, the product of the local derivatives on its way to the loss."""
    gradients = [np.zeros_like(p) for p in (w1, b1, w2, b2)]
    for x, target in zip(INPUTS, TARGETS[:, 0], strict=True):
        hidden = sigmoid(w1 @ x + b1)
        p = sigmoid(w2[0] @ hidden + b2[0])
        loss_by_p = (-target / p + (1 - target) / (1 - p)) / len(INPUTS)
        p_by_sum = p * (1 - p)
        gradients[3][0] += loss_by_p * p_by_sum
        for unit in range(2):
            gradients[2][0, unit] += loss_by_p * p_by_sum * hidden[unit]
            hidden_by_sum = hidden[unit] * (1 - hidden[unit])
            path = loss_by_p * p_by_sum * w2[0, unit] * hidden_by_sum
            gradients[1][unit] += path
            for entry in range(2):
                gradients[0][unit, entry] += path * x[entry]
    return gradients


def gradients_by_backward(*parameters):
    w1, b1, w2, b2 = (kajo.tensor(p, requires_grad=True) for p in parameters)
    hidden = kajo.sigmoid(kajo.tensor(INPUTS) @ w1.T + b1)
    output = kajo.sigmoid(hidden @ w2.T + b2)
    nn.functional.binary_cross_entropy(output, kajo.tensor(TARGETS)).backward()
    return [p.grad.numpy() for p in (w1, b1, w2, b2)]


@pytest.mark.parametrize("seed", range(3))
def test_three_ways_to_the_gradients_of_a_2_2_1_network(seed):
    parameters = network_parameters(seed)
    by_delta_rule = gradients_by_delta_rule(*parameters)
    along_paths = gradients_along_paths(*parameters)
    by_backward = gradients_by_backward(*parameters)
    for delta, path, backward in zip(by_delta_rule, along_paths, by_backward, strict=True):
        np.testing.assert_allclose(delta, path, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(backward, path, rtol=1e-12, atol=1e-15)


def test_the_2_2_1_network_learns_xor():
    kajo.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1), nn.Sigmoid())
    x = kajo.tensor(INPUTS, dtype=kajo.float32)
    y = kajo.tensor(TARGETS, dtype=kajo.float32)
    criterion = nn.BCELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    assert model(x).round().flatten().tolist() == [0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize("seed", range(6))
def test_the_graph_follows_the_branch_taken(seed):
    kajo.manual_seed(seed)
    x = kajo.randn(3, requires_grad=True)
    y = x * 2
    z = y.mean()
    if z.item() > 0:
        f, expected = (y**2).sum(), 8 * x.detach()
    else:
        f, expected = y.exp().sum(), 2 * y.detach().exp()
    f.backward()
    np.testing.assert_allclose(x.grad.numpy(), expected.numpy(), rtol=1e-6)


def test_both_branches_occur():
    signs = set()
    for seed in range(6):
        kajo.manual_seed(seed)
        signs.add((kajo.randn(3) * 2).mean().item() > 0)
    assert signs == {True, False}
