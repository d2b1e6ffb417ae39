"""Convolutions against their definition, and their gradients against differences."""

from pathlib import Path

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo

CASES = [
    (1, (2, 4, 9), (6, 4, 3), {"padding": "same"}),
    (1, (4, 9), (6, 4, 4), {"padding": "same", "dilation": 2}),
    (2, (2, 4, 7, 8), (6, 2, 3, 2), {"groups": 2, "stride": 2, "padding": 1, "dilation": (2, 1)}),
    (2, (2, 4, 7, 8), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    (3, (1, 2, 5, 4, 6), (3, 2, 2, 3, 2), {"padding": (1, 0, 1)}),
]
TRANSPOSED = [
    (1, (2, 4, 5), (4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    (2, (2, 4, 5, 3), (4, 3, 3, 2), {"groups": 2, "stride": (2, 3), "output_padding": (1, 2)}),
    (2, (2, 4, 5, 3), (4, 3, 3, 2), {"dilation": 3, "output_padding": 2}),
    (3, (4, 3, 2, 3), (4, 2, 2, 2, 2), {"stride": 2}),
]


@pytest.mark.parametrize("dims,x,w,arguments", CASES)
def test_gradients(dims: int, x: tuple, w: tuple, arguments: dict) -> None:
    conv = getattr(kajo, f"conv{dims}d")
    check_gradients(lambda *t: conv(*t, **arguments), x, w, (w[0],))


# Sizes that patches of 2x2 results do not divide, every padding, channels that no tile divides.
MANY_CHANNELS = [
    ((3, 130, 13, 11), 129, (1, 1)),
    ((2, 135, 12, 18), 128, (2, 0)),
    ((1, 128, 31, 30), 131, (0, 2)),
    ((20, 128, 4, 4), 128, (1, 1)),
]


@pytest.mark.parametrize("x_shape,outputs,padding", MANY_CHANNELS)
def test_many_channels(x_shape: tuple, outputs: int, padding: tuple) -> None:
    """3x3 convolutions by way of patches agree with the plain ones that float64 takes."""
    random = np.random.default_rng(0)
    arrays = [
        random.standard_normal(shape)
        for shape in (x_shape, (outputs, x_shape[1], 3, 3), (outputs,))
    ]
    gradient = random.standard_normal(
        kajo.conv2d(*map(kajo.from_numpy, arrays), padding=padding).shape
    )
    results = []
    for dtype in (kajo.float32, kajo.float64):
        x, w, b = (kajo.from_numpy(a).to(dtype).requires_grad_(True) for a in arrays)
        y = kajo.conv2d(x, w, b, padding=padding)
        grad = kajo.from_numpy(gradient).to(dtype).view(y.shape)
        results.append([y, *kajo.autograd.grad(y, (x, w, b), grad)])
    for quick, plain in zip(*results, strict=True):
        largest = plain.abs().max().item()
        assert (quick.double() - plain).abs().max().item() < 2e-6 * largest


def test_many_channels_go_by_way_of_patches() -> None:
    """An infinite pixel meets its opposite there, as it does not in the plain sum."""
    x, w = kajo.zeros(1, 128, 16, 16), kajo.ones(128, 128, 3, 3)
    x[0, 0, 2, 2] = float("inf")
    assert kajo.conv2d(x, w, padding=1).isnan().any()
    assert not kajo.conv2d(x.double(), w.double(), padding=1).isnan().any()


# x, weight, arguments: long rows and short ones, an odd number of channels and of images, every stride.
HALVES = [
    ((3, 33, 20, 30), (34, 33, 3, 3), {"padding": 1}),
    ((2, 64, 6, 6), (64, 64, 3, 3), {"padding": 1}),
    ((4, 20, 31, 33), (24, 20, 5, 4), {"padding": (2, 0), "stride": 2}),
    ((2, 18, 40, 17), (15, 6, 3, 1), {"stride": 3, "groups": 3}),
    ((2, 48, 16, 16), (40, 48, 1, 1), {}),
    ((3, 8, 20, 19), (8, 1, 3, 3), {"groups": 8, "padding": 1}),
]


@pytest.mark.parametrize("x_shape,w_shape,arguments", HALVES)
def test_bfloat16_is_rounded_once(x_shape: tuple, w_shape: tuple, arguments: dict) -> None:
    """Results are those of float64 on the same operands but for the rounding of the result."""
    random = np.random.default_rng(0)
    operands = [
        kajo.from_numpy(random.standard_normal(s)).bfloat16()
        for s in (x_shape, w_shape, w_shape[:1])
    ]
    results = []
    for dtype in (kajo.bfloat16, kajo.float64):
        x, w, b = (operand.to(dtype).requires_grad_(True) for operand in operands)
        y = kajo.conv2d(x, w, b, **arguments)
        grad = kajo.from_numpy(np.random.default_rng(1).standard_normal(y.shape))
        results.append([y, *kajo.autograd.grad(y, (x, w, b), grad.bfloat16().to(dtype))])
    for half, exact in zip(*results, strict=True):
        error = (half.double() - exact).abs()
        assert (error <= exact.abs() * 2**-8 + 1e-5 * exact.abs().max()).all()


def test_bfloat16_is_multiplied_by_the_processor() -> None:
    """Its products take what is too small for a normal number for zero."""
    if "avx512_bf16" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("the processor has no products of bfloat16")
    tiny = kajo.full((2, 64, 16, 16), 2.0**-130, dtype=kajo.bfloat16, requires_grad=True)
    ones = kajo.ones(64, 64, 3, 3, dtype=kajo.bfloat16, requires_grad=True)
    y = kajo.conv2d(tiny, ones, padding=1)
    assert y.float().count_nonzero() == 0
    grads = kajo.autograd.grad(y, (tiny, ones), kajo.full_like(y, 2.0**-130))
    assert all(grad.float().count_nonzero() == 0 for grad in grads)
    plain = kajo.conv2d(tiny.float(), ones.float(), padding=1)
    assert plain.count_nonzero() == plain.numel()


# x, weight, arguments: narrow planes and wide ones, each unrolled kernel, strides, gaps, three dimensions.
DEPTHWISE = [
    ((3, 6, 7, 7), (6, 1, 3, 3), {"padding": 1}),
    ((2, 6, 7, 9), (6, 1, 7, 7), {"padding": 3}),
    ((2, 6, 30, 33), (12, 1, 5, 5), {"padding": 2, "stride": 2}),
    ((2, 6, 11, 40), (6, 1, 3, 3), {"padding": 4, "dilation": 2}),
    ((2, 6, 9, 20), (6, 1, 2, 5), {"padding": (1, 0), "stride": (3, 1)}),
    ((2, 6, 19, 17), (6, 1, 3, 3), {"padding": 1, "stride": 3}),
    ((2, 6, 4, 5, 18), (12, 1, 3, 3, 3), {"padding": 1}),
    ((2, 6, 4, 5, 18), (6, 1, 2, 3, 2), {"padding": (0, 1, 1), "dilation": (2, 1, 1)}),
]
EPSILON = {"float32": 2e-6, "float64": 1e-14, "bfloat16": 1e-2, "float16": 2e-3}


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("x_shape,w_shape,arguments", DEPTHWISE)
def test_depthwise_is_a_convolution_a_channel(
    dtype: str, x_shape: tuple, w_shape: tuple, arguments: dict
) -> None:
    """Rows of planes give what each channel's own convolution gives."""
    random = np.random.default_rng(0)
    conv = kajo.conv3d if len(x_shape) == 5 else kajo.conv2d
    groups, outputs = x_shape[1], w_shape[0]
    kind = getattr(kajo, dtype)
    x, w, b = (
        kajo.from_numpy(random.standard_normal(shape)).to(kind).requires_grad_(True)
        for shape in (x_shape, w_shape, (outputs,))
    )
    y = conv(x, w, b, groups=groups, **arguments)
    plain = [t.detach().double().requires_grad_(True) for t in (x, w, b)]
    parts = zip(*(t.chunk(groups, d) for t, d in zip(plain, (1, 0, 0), strict=True)), strict=True)
    expected = kajo.cat([conv(*part, **arguments) for part in parts], 1)
    grad = kajo.from_numpy(random.standard_normal(y.shape)).to(kind)
    found = [y, *kajo.autograd.grad(y, (x, w, b), grad)]
    for quick, exact in zip(
        found, [expected, *kajo.autograd.grad(expected, plain, grad.double())], strict=True
    ):
        assert (quick.double() - exact).abs().max() < EPSILON[dtype] * exact.abs().max()


def test_depthwise_takes_no_product() -> None:
    """A product adds the bias to the sum; from rows of planes it is what the sum begins with."""
    large = kajo.full((4,), 2.0**24)
    for dims, conv in ((2, kajo.conv2d), (3, kajo.conv3d)):
        x, w = kajo.ones(1, 4, *[3] * dims), kajo.ones(4, 1, *[3] * dims)
        assert (conv(x, w, large, groups=4) == 2.0**24).all()
        assert (conv(x, w[:1].expand(1, 4, *[3] * dims), large[:1]) > 2.0**24).all()


# x of one image, weight, arguments: many panels of channels and few, one band and several.
SINGLE_IMAGES = [
    ((64, 27, 27), (192, 64, 5, 5), {"padding": 2}),
    ((192, 13, 13), (384, 192, 3, 3), {"padding": 1, "dilation": 2}),
    ((48, 27, 27), (48, 48, 3, 3), {"padding": 1}),
    ((40, 14, 14), (300, 40, 3, 3), {"padding": 1, "stride": 2}),
    ((256, 14, 14), (256, 256, 3, 3), {"padding": 1, "stride": 2}),
]


@pytest.mark.parametrize("x_shape,w_shape,arguments", SINGLE_IMAGES)
def test_images_are_alike_alone_and_together(
    x_shape: tuple, w_shape: tuple, arguments: dict
) -> None:
    """A single image is shared out over threads otherwise than many, to the same bits."""
    kajo.manual_seed(0)
    x, w, b = kajo.randn(12, *x_shape), kajo.randn(*w_shape), kajo.randn(w_shape[0])
    together = kajo.conv2d(x, w, b, **arguments)
    assert (kajo.conv2d(x[5:6], w, b, **arguments) == together[5:6]).all()
    exact = kajo.conv2d(x[:2].double(), w.double(), b.double(), **arguments)
    assert (together[:2].double() - exact).abs().max() < 3e-6 * exact.abs().max()
    threads = kajo.get_num_threads()
    try:
        kajo.set_num_threads(1)
        assert (kajo.conv2d(x, w, b, **arguments) == together).all()
    finally:
        kajo.set_num_threads(threads)


@pytest.mark.parametrize("dims,x,w,arguments", TRANSPOSED)
def test_transposed_gradients(dims: int, x: tuple, w: tuple, arguments: dict) -> None:
    conv = getattr(kajo, f"conv_transpose{dims}d")
    outputs = w[1] * arguments.get("groups", 1)
    check_gradients(lambda *t: conv(*t, **arguments), x, w, (outputs,))


def test_definition() -> None:
    random = np.random.default_rng(0)
    x, w = random.standard_normal((1, 3, 6, 7)), random.standard_normal((2, 3, 3, 2))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3))
    expected = np.einsum("bcyxij,ocij->boyx", windows, w)
    got = kajo.conv2d(kajo.from_numpy(x), kajo.from_numpy(w))
    np.testing.assert_allclose(np.array(got.tolist()), expected)


def test_transposed_is_the_adjoint() -> None:
    random = np.random.default_rng(0)
    x, w = random.standard_normal((1, 3, 8)), kajo.from_numpy(random.standard_normal((2, 3, 4)))
    y = random.standard_normal((1, 2, 4))
    forward = kajo.conv1d(kajo.from_numpy(x), w, stride=2, padding=1)
    back = kajo.conv_transpose1d(kajo.from_numpy(y), w, stride=2, padding=1)
    left = (np.array(forward.tolist()) * y).sum()
    np.testing.assert_allclose(left, (np.array(back.tolist()) * x).sum())


def test_what_does_not_fit_is_refused() -> None:
    image, weight = kajo.ones(1, 3, 2, 2), kajo.ones(4, 3, 3, 3)
    with pytest.raises(RuntimeError, match="greater than actual input size"):
        kajo.conv2d(image, weight)
    with pytest.raises(RuntimeError, match="to have 3 channels, but got 2"):
        kajo.conv2d(kajo.ones(1, 2, 5, 5), weight)
    with pytest.raises(RuntimeError, match="non-positive stride"):
        kajo.conv2d(image, weight, stride=0)
    with pytest.raises(RuntimeError, match="not supported for strided"):
        kajo.conv2d(image, weight, padding="same", stride=2)


def test_whole_numbers_of_every_width():
    for dtype in (kajo.uint8, kajo.int8, kajo.int16, kajo.int32):
        x, w = kajo.ones(1, 2, 4, 4, dtype=dtype), kajo.ones(3, 2, 2, 2, dtype=dtype)
        found = kajo.nn.functional.conv2d(x, w)
        assert found.dtype == dtype and (found == 8).all()
