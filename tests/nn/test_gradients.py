"""First and second derivatives of layers, in inputs and parameters, against differences."""

import numpy as np
import pytest

import kajo
from kajo import nn

STEP = 1e-5


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


class First(nn.Module):
    """The first result of a layer that has several."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, *inputs):
        return self.layer(*inputs)[0]


def classes(*shape, n=3):
    return kajo.from_numpy(np.random.default_rng(0).integers(0, n, shape))


class Against(nn.Module):
    """A loss with a fixed target."""

    def __init__(self, loss, target):
        super().__init__()
        self.loss, self.target = loss, target

    def forward(self, x):
        return self.loss(x, self.target)


# Name, what makes the layer, shapes of the inputs. Inputs are normal, so kinks are far enough.
LAYERS = [
    ("Linear", lambda: nn.Linear(3, 2), [(4, 3)]),
    ("Bilinear", lambda: nn.Bilinear(3, 2, 4), [(5, 3), (5, 2)]),
    ("Conv1d", lambda: nn.Conv1d(2, 3, 3, padding=1), [(2, 2, 5)]),
    ("Conv2d", lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), [(2, 2, 5, 5)]),
    ("Conv2d dilated", lambda: nn.Conv2d(2, 3, 2, dilation=2), [(1, 2, 5, 4)]),
    ("Conv2d circular", lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), [(1, 1, 4, 4)]),
    ("Conv3d", lambda: nn.Conv3d(1, 2, 2), [(1, 1, 3, 3, 3)]),
    ("ConvTranspose1d", lambda: nn.ConvTranspose1d(2, 3, 3, stride=2), [(1, 2, 4)]),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(2, 2, 3, stride=2, padding=1, output_padding=1), [(1, 2, 3, 3)]),
    ("ConvTranspose3d", lambda: nn.ConvTranspose3d(1, 2, 2), [(1, 1, 2, 2, 2)]),
    ("AvgPool2d", lambda: nn.AvgPool2d(2, padding=1), [(1, 2, 4, 4)]),
    ("MaxPool1d", lambda: nn.MaxPool1d(2), [(1, 2, 6)]),
    ("MaxPool2d", lambda: nn.MaxPool2d(2, stride=1), [(1, 2, 4, 4)]),
    ("LPPool2d", lambda: nn.LPPool2d(2, 2), [(1, 2, 4, 4)]),
    ("AdaptiveAvgPool2d", lambda: nn.AdaptiveAvgPool2d((3, 2)), [(1, 2, 5, 4)]),
    ("AdaptiveMaxPool2d", lambda: nn.AdaptiveMaxPool2d(2), [(1, 2, 5, 4)]),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(3), [(6, 3)]),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(2), [(3, 2, 2, 2)]),
    ("BatchNorm1d eval", lambda: nn.BatchNorm1d(3).eval(), [(4, 3)]),
    ("InstanceNorm2d", lambda: nn.InstanceNorm2d(2, affine=True), [(2, 2, 3, 3)]),
    ("LayerNorm", lambda: nn.LayerNorm((2, 3)), [(4, 2, 3)]),
    ("GroupNorm", lambda: nn.GroupNorm(2, 4), [(2, 4, 3)]),
    ("RMSNorm", lambda: nn.RMSNorm(4), [(3, 4)]),
    ("LocalResponseNorm", lambda: nn.LocalResponseNorm(2), [(1, 4, 3)]),
    ("RNN", lambda: First(nn.RNN(3, 2)), [(4, 2, 3)]),
    ("LSTM", lambda: First(nn.LSTM(3, 2, num_layers=2, bidirectional=True)), [(3, 2, 3)]),
    ("LSTM projected", lambda: First(nn.LSTM(3, 4, proj_size=2)), [(3, 2, 3)]),
    ("GRU", lambda: First(nn.GRU(3, 2, batch_first=True)), [(2, 4, 3)]),
    ("GRUCell", lambda: nn.GRUCell(3, 2), [(2, 3), (2, 2)]),
    ("MultiheadAttention", SelfAttention, [(2, 3, 4)]),
    ("TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation="gelu"), [(3, 1, 4)]),
    ("PReLU", lambda: nn.PReLU(3), [(2, 3, 2)]),
    ("GELU", nn.GELU, [(5,)]),
    ("SiLU", nn.SiLU, [(5,)]),
    ("Mish", nn.Mish, [(5,)]),
    ("Softplus", lambda: nn.Softplus(2.0), [(5,)]),
    ("ELU", nn.ELU, [(5,)]),
    ("SELU", nn.SELU, [(5,)]),
    ("CELU", lambda: nn.CELU(1.5), [(5,)]),
    ("GLU", nn.GLU, [(3, 4)]),
    ("Softmax", lambda: nn.Softmax(1), [(3, 4)]),
    ("LogSoftmax", lambda: nn.LogSoftmax(0), [(3, 4)]),
    ("Tanhshrink", nn.Tanhshrink, [(5,)]),
    ("Softsign", nn.Softsign, [(5,)]),
    ("LogSigmoid", nn.LogSigmoid, [(5,)]),
    ("ReflectionPad2d", lambda: nn.ReflectionPad2d(1), [(1, 1, 3, 3)]),
    ("ReplicationPad1d", lambda: nn.ReplicationPad1d(2), [(1, 2, 3)]),
    ("ZeroPad2d", lambda: nn.ZeroPad2d((1, 0, 2, -1)), [(1, 1, 3, 3)]),
    ("Unfold", lambda: nn.Unfold(2, padding=1), [(1, 2, 3, 3)]),
    ("Fold", lambda: nn.Fold((3, 3), 2), [(1, 8, 4)]),
    ("PixelShuffle", lambda: nn.PixelShuffle(2), [(1, 4, 2, 2)]),
    ("CosineSimilarity", lambda: nn.CosineSimilarity(1), [(3, 4), (3, 4)]),
    ("PairwiseDistance", nn.PairwiseDistance, [(3, 4), (3, 4)]),
    ("MSELoss", nn.MSELoss, [(3, 2), (3, 2)]),
    ("SmoothL1Loss", nn.SmoothL1Loss, [(3, 2), (3, 2)]),
    ("HuberLoss", lambda: nn.HuberLoss(delta=0.7), [(3, 2), (3, 2)]),
    ("PoissonNLLLoss", nn.PoissonNLLLoss, [(4,), (4,)]),
    ("TripletMarginLoss", lambda: nn.TripletMarginLoss(reduction="none"), [(3, 4), (3, 4), (3, 4)]),
    ("CrossEntropyLoss", lambda: Against(nn.CrossEntropyLoss(label_smoothing=0.1), classes(4)), [(4, 3)]),
    ("CrossEntropyLoss 2d", lambda: Against(nn.CrossEntropyLoss(), classes(2, 3)), [(2, 3, 3)]),
    ("MultiMarginLoss", lambda: Against(nn.MultiMarginLoss(p=2), classes(4)), [(4, 3)]),
    ("BCEWithLogitsLoss", lambda: Against(nn.BCEWithLogitsLoss(), kajo.from_numpy(np.full((4,), 0.3))), [(4,)]),
    ("KLDivLoss", lambda: Against(nn.KLDivLoss(reduction="batchmean"), kajo.from_numpy(np.full((2, 2), 0.5))), [(2, 2)]),
]  # fmt: skip


class Layer:
    """A layer as a function of one vector: inputs and parameters joined."""

    def __init__(self, make, shapes):
        kajo.manual_seed(0)
        self.module = make().double()
        self.random = np.random.default_rng(1)
        inputs = [kajo.from_numpy(self.random.standard_normal(shape)) for shape in shapes]
        self.count = len(inputs)
        self.names = [name for name, _ in self.module.named_parameters()]
        self.at = inputs + [p.detach().clone() for p in self.module.parameters()]

    def direction(self):
        return [kajo.from_numpy(self.random.standard_normal(tuple(t.shape))) for t in self.at]

    def moved(self, direction, step):
        return [t + step * d for t, d in zip(self.at, direction)]

    def value(self, tensors):
        parameters = dict(zip(self.names, tensors[self.count :]))
        inputs = tuple(tensors[: self.count])
        out = nn.utils.stateless.functional_call(self.module, parameters, inputs)
        if not hasattr(self, "weight"):
            self.weight = kajo.from_numpy(self.random.standard_normal(tuple(out.shape)))
        return (out * self.weight).sum()

    def gradient(self, tensors, create_graph=False):
        leaves = [t.detach().requires_grad_() for t in tensors]
        grads = kajo.autograd.grad(
            self.value(leaves), leaves, create_graph=create_graph, allow_unused=True
        )
        return leaves, [kajo.zeros_like(t) if g is None else g for g, t in zip(grads, leaves)]


def dot(a, b):
    return sum((x * y).sum() for x, y in zip(a, b))


def close(got, expected):
    np.testing.assert_allclose(float(got), float(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make, shapes", [row[1:] for row in LAYERS], ids=[r[0] for r in LAYERS])
def test_first_and_second_derivative(make, shapes):
    layer = Layer(make, shapes)
    u, v = layer.direction(), layer.direction()
    leaves, grads = layer.gradient(layer.at, create_graph=True)
    ahead, behind = layer.moved(u, STEP), layer.moved(u, -STEP)
    close(dot(grads, u), (layer.value(ahead) - layer.value(behind)) / (2 * STEP))
    along = dot(grads, v)
    if not along.requires_grad:
        return
    second = kajo.autograd.grad(along, leaves, allow_unused=True)
    got = sum((s * d).sum() for s, d in zip(second, u) if s is not None)
    expected = (dot(layer.gradient(ahead)[1], v) - dot(layer.gradient(behind)[1], v)) / (2 * STEP)
    close(got, expected)
