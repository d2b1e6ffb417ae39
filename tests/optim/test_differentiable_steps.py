"""Gradients through steps of ``differentiable=True`` against finite differences of the same steps."""

import pytest

import kajo

# Not SGD, whose first momentum is taken without its history.
STEPS = {
    "Adam": [{}, {"amsgrad": True, "weight_decay": 0.1}],
    "AdamW": [{}],
    "RMSprop": [{}, {"centered": True}, {"centered": True, "momentum": 0.9}],
    "Adagrad": [{}],
    "NAdam": [{}],
    "Adadelta": [{}],
    "Adamax": [{}],
    "RAdam": [{}],
    "ASGD": [{}],
}


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in STEPS for options in STEPS[name]]
)
def test_gradients_flow_through_every_step(name, options, count):
    def trained(w):
        p = w.clone()
        optimizer = getattr(kajo.optim, name)([p], lr=0.1, differentiable=True, **options)
        for k in range(count):
            p.grad = w ** (3 - k % 3) * (1 + k)
            optimizer.step()
        return p

    w = kajo.tensor([1.0, 2.0, -0.5], dtype=kajo.float64, requires_grad=True)
    assert kajo.autograd.gradcheck(trained, (w,), rtol=1e-3, atol=1e-4)
