"""Functions of layers at their corners: integers, empty batches, factors of one, scalars."""

import numpy as np
import pytest

import kajo
from kajo import nn
from kajo.nn import functional as F


def integers(*shape):
    return kajo.from_numpy(np.random.default_rng(0).integers(-9, 10, shape))


@pytest.mark.parametrize("arguments", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_integer_convolutions_are_exact(dims, groups, arguments):
    image, weight, bias = (
        integers(2, 4, *[6] * dims),
        integers(6, 4 // groups, *[3] * dims),
        integers(6),
    )
    convolution = getattr(F, f"conv{dims}d")
    got = convolution(image, weight, bias, groups=groups, **arguments)
    expected = convolution(
        image.double(), weight.double(), bias.double(), groups=groups, **arguments
    )
    assert got.dtype == kajo.int64
    assert (got == expected.long()).all()


@pytest.mark.parametrize("arguments", [{}, {"stride": 3, "padding": 1, "output_padding": 2}])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_integer_transposed_convolutions_are_exact(dims, groups, arguments):
    image, weight = integers(2, 4, *[4] * dims), integers(4, 3, *[2] * dims)
    convolution = getattr(F, f"conv_transpose{dims}d")
    got = convolution(image, weight, groups=groups, **arguments)
    expected = convolution(image.double(), weight.double(), groups=groups, **arguments)
    assert got.shape == expected.shape
    assert (got == expected.round().long()).all()


def test_integer_averages_are_cut_and_never_trap():
    assert F.avg_pool1d(kajo.tensor([[1, 2, -3, -4]]), 2).tolist() == [[1, -3]]
    image = kajo.tensor([[[-(2**63), 0]]])
    assert F.avg_pool2d(image, (1, 1), divisor_override=-1).tolist() == [[[-(2**63), 0]]]


def test_without_samples_statistics_stay():
    layer = nn.BatchNorm2d(3)
    out = layer(kajo.ones(0, 3, 2, 2, requires_grad=True))
    out.sum().backward()
    assert out.shape == (0, 3, 2, 2)
    assert layer.running_mean.tolist() == [0, 0, 0]
    assert layer.weight.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("shuffle", [F.pixel_shuffle, F.pixel_unshuffle])
def test_shuffles_never_share_memory_and_take_empty_batches(shuffle):
    image = kajo.zeros(2, 4, 3, 3)
    shuffle(image, 1).fill_(1)
    assert (image == 0).all()
    assert shuffle(kajo.zeros(0, 4, 2, 2), 2).shape[0] == 0


def test_unfold_of_an_empty_batch():
    assert F.unfold(kajo.ones(0, 3, 4, 4), 2).shape == (0, 12, 9)


def test_prelu_of_a_scalar_is_a_scalar():
    assert nn.PReLU()(kajo.tensor(-1.0)).shape == ()


def test_distance_of_complex_numbers():
    a, b = kajo.tensor([3 + 4j]), kajo.tensor([0j])
    assert F.l1_loss(a, b).item() == 5


def test_refusals():
    with pytest.raises(RuntimeError, match="lambda must be in range"):
        F.softshrink(kajo.ones(2), -0.5)
    with pytest.raises(RuntimeError, match="output_size"):
        F.adaptive_avg_pool2d(kajo.ones(1, 2, 4, 4), ())
    with pytest.raises(ValueError, match="batch_size"):
        F.cross_entropy(kajo.ones(4, 2), kajo.ones(5, dtype=kajo.int64))
    with pytest.raises(ValueError, match="RNN input dtype"):
        nn.LSTM(2, 2)(kajo.ones(3, 1, 2, dtype=kajo.float64))


def test_results_into_given_tensors():
    out = kajo.empty(0)
    assert F.linear(kajo.ones(1, 2), kajo.ones(3, 2), out=out) is out
    assert out.tolist() == [[2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    "values", [([-0.1], [1.0]), ([1.5], [1.0]), ([float("nan")], [1.0]), ([0.5], [2.0])]
)
def test_binary_cross_entropy_is_of_probabilities(values):
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        F.binary_cross_entropy(*map(kajo.tensor, values))


def test_no_stride_is_the_kernel_size():
    image = kajo.arange(16.0).view(1, 1, 4, 4)
    assert F.avg_pool2d(image, 2, None).tolist() == F.avg_pool2d(image, 2).tolist()
    assert F.max_pool2d(image, 2, stride=None).tolist() == F.max_pool2d(image, 2).tolist()
    with pytest.raises(TypeError, match="kernel_size"):
        F.avg_pool2d(image, None)


@pytest.mark.parametrize("given", ["weight", "bias", "both"])
def test_group_norm_has_the_type_of_its_input(given):
    image = kajo.ones(2, 4, 3, dtype=kajo.bfloat16)
    affine = {name: kajo.ones(4) for name in ("weight", "bias") if given in (name, "both")}
    assert F.group_norm(image, 2, **affine).dtype == kajo.bfloat16
