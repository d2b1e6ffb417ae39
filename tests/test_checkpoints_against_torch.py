"""Training begun in one framework goes on in the other from its checkpoint file."""

import io

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.05},
    "Adadelta": {"lr": 1.0},
}
RNG = np.random.RandomState(0)
IMAGES = RNG.randn(16, 1, 6, 6).astype(np.float32)
LABELS = RNG.randint(0, 3, 16)


class Training:
    """A small network with everything that a checkpoint has to carry."""

    def __init__(self, framework, optimizer):
        nn = framework.nn
        self.framework = framework
        framework.manual_seed(2)
        self.model = nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(64, 3),
        )
        make = getattr(framework.optim, optimizer)
        self.optimizer = make(self.model.parameters(), **OPTIMIZERS[optimizer])
        self.schedule = framework.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5)
        self.parts = {
            "model": self.model, "optimizer": self.optimizer, "schedule": self.schedule,
        }  # fmt: skip

    def run(self, steps):
        F = self.framework.nn.functional
        images, labels = self.framework.tensor(IMAGES), self.framework.tensor(LABELS)
        losses = []
        for _ in range(steps):
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            losses.append(loss.item())
        return losses

    def save(self):
        file = io.BytesIO()
        state = {name: part.state_dict() for name, part in self.parts.items()}
        self.framework.save(state, file)
        file.seek(0)
        return file

    def load(self, file):
        state = self.framework.load(file, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(state[name])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("first", "second"), [(kajo, torch), (torch, kajo)])
def test_training_goes_on_in_the_other_framework(optimizer, first, second):
    begun, other = Training(first, optimizer), Training(second, optimizer)
    begun.run(3)
    other.load(begun.save())
    np.testing.assert_allclose(other.run(5), begun.run(5), rtol=2e-5, atol=1e-6)
    for mine, theirs in zip(
        begun.model.state_dict().values(), other.model.state_dict().values(), strict=True
    ):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize(("first", "second"), [(kajo, torch), (torch, kajo)])
def test_whole_tensors_keep_layout_and_sharing(first, second):
    base = first.arange(12.0).reshape(3, 4)
    file = io.BytesIO()
    first.save({"base": base, "part": base.t()[1:], "half": base.to(first.bfloat16)}, file)
    file.seek(0)
    found = second.load(file, weights_only=True)
    assert tuple(found["part"].stride()) == tuple(base.t()[1:].stride())
    found["base"][0, 1] = 77
    assert found["part"][0, 0].item() == 77
    assert found["half"].dtype == second.bfloat16
