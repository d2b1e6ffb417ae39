"""Convolutions."""


def _forward(n: int, sizes: str, example: str) -> str:
    return f"""
A convolution over {n} dimension{"s" if n > 1 else ""}: out[o] = bias[o] + sum over i of weight[o][i] * input[i], slid along.

Args:
    input: (batch, in_channels, {sizes}), or without the batch.
    weight: (out_channels, in_channels / groups, {"kernel, " * (n - 1)}kernel).
    bias: (out_channels), or None.
    stride: the step of the window, one number or one for each dimension.
    padding: how many zeros are put on both sides; "valid" for none, "same" for as many as keep the size.
    dilation: the distance of neighbours in the window.
    groups: into how many groups of channels input and weight fall, each with a convolution of its own.

The size of the result is (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 in each dimension.
As usual in networks the window is not mirrored.

Types: all but bool. Gradient: by input, weight and bias.

Raises:
    RuntimeError: for shapes that do not fit, or a window larger than the padded input.

{example}
"""


def _transposed(n: int, sizes: str, example: str) -> str:
    return f"""
A transposed convolution over {n} dimension{"s" if n > 1 else ""}: the gradient of a convolution by its input.

Args:
    input: (batch, in_channels, {sizes}), or without the batch.
    weight: (in_channels, out_channels / groups, {"kernel, " * (n - 1)}kernel).
    bias: (out_channels), or None.
    stride: the distance in the result of what neighbours in the input are spread to.
    padding: how much is cut off at both sides.
    output_padding: how much the result is longer at its end; less than stride or dilation.
    groups: into how many groups of channels input and weight fall.
    dilation: the distance of neighbours in the window.

The size of the result is (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 in
each dimension.

Types: all but bool. Gradient: by input, weight and bias.

{example}
"""


TEXTS: dict[str, str] = {
    "conv1d": _forward(
        1,
        "length",
        """\
>>> import kajo
>>> kajo.conv1d(kajo.tensor([[[1.0, 2.0, 3.0, 4.0]]]), kajo.tensor([[[1.0, -1.0]]]))
tensor([[[-1., -1., -1.]]])""",
    ),
    "conv2d": _forward(
        2,
        "height, width",
        """\
>>> import kajo
>>> kajo.conv2d(kajo.ones(1, 1, 3, 3), kajo.ones(1, 1, 2, 2), stride=1, padding="same")
tensor([[[[4., 4., 2.],
          [4., 4., 2.],
          [2., 2., 1.]]]])""",
    ),
    "conv3d": _forward(
        3,
        "depth, height, width",
        """\
>>> import kajo
>>> kajo.conv3d(kajo.ones(1, 2, 3, 3, 3), kajo.ones(4, 2, 2, 2, 2)).shape
kajo.Size([1, 4, 2, 2, 2])""",
    ),
    "conv_transpose1d": _transposed(
        1,
        "length",
        """\
>>> import kajo
>>> kajo.conv_transpose1d(kajo.tensor([[[1.0, 2.0]]]), kajo.tensor([[[1.0, 10.0]]]))
tensor([[[ 1., 12., 20.]]])""",
    ),
    "conv_transpose2d": _transposed(
        2,
        "height, width",
        """\
>>> import kajo
>>> kajo.conv_transpose2d(kajo.ones(1, 1, 2, 2), kajo.ones(1, 1, 2, 2))
tensor([[[[1., 2., 1.],
          [2., 4., 2.],
          [1., 2., 1.]]]])""",
    ),
    "conv_transpose3d": _transposed(
        3,
        "depth, height, width",
        """\
>>> import kajo
>>> kajo.conv_transpose3d(kajo.ones(1, 2, 2, 2, 2), kajo.ones(2, 4, 2, 2, 2), stride=2).shape
kajo.Size([1, 4, 4, 4, 4])""",
    ),
    "conv_tbc": """
A convolution over one dimension of sequences that come time first.

Args:
    self: (time, batch, in_channels).
    weight: (kernel, in_channels, out_channels).
    bias: (out_channels).
    pad: how many zeros are put on both sides.

Types: floating-point. Gradient: by all three.

>>> import kajo
>>> kajo.conv_tbc(kajo.ones(3, 1, 1), kajo.ones(2, 1, 1), kajo.zeros(1))
tensor([[[2.]],
<BLANKLINE>
        [[2.]]])
""",
    "convolution": """
The convolution of any number of dimensions, or its transpose, of which the others are special cases.

Args:
    input, weight, bias: as for :func:`conv2d`, or :func:`conv_transpose2d` if transposed.
    stride, padding, dilation: one number for each dimension.
    transposed: which of the two it is.
    output_padding: one number for each dimension; for the transposed only.
    groups: into how many groups of channels input and weight fall.

Types: all but bool. Gradient: by input, weight and bias.

>>> import kajo
>>> x, w = kajo.ones(1, 1, 4), kajo.ones(1, 1, 2)
>>> kajo.convolution(x, w, None, [1], [0], [1], False, [0], 1)
tensor([[[2., 2., 2.]]])
""",
}
