"""Pooling, and channels exchanged with places."""

TEXTS: dict[str, str] = {
    "avg_pool1d": """
The means of windows that slide over one dimension.

Args:
    self: (batch, channels, length), or without the batch.
    kernel_size: how long a window is.
    stride: the distance of windows; by default their size.
    padding: how many zeros are put on both sides, at most half a window.
    ceil_mode: count also a last window that reaches beyond the end.
    count_include_pad: whether zeros of the padding count.

Types: floating-point and int64. Gradient: by self.

>>> import kajo
>>> kajo.avg_pool1d(kajo.tensor([[[1.0, 3.0, 5.0, 7.0]]]), 2)
tensor([[[2., 6.]]])
""",
    "avg_pool2d": """
The means of windows that slide over two dimensions.

Args:
    self: (batch, channels, height, width), or without the batch.
    kernel_size, stride, padding, ceil_mode, count_include_pad: as for :func:`avg_pool1d`, one number or two.
    divisor_override: divide sums by this rather than by the size of the window.

Types: floating-point and int64. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.avg_pool2d(kajo.tensor([[[1.0, 2.0], [3.0, 6.0]]]), 2)
tensor([[[3.]]])
""",
    "avg_pool3d": """
The means of windows that slide over three dimensions.

Args:
    self: (batch, channels, depth, height, width), or without the batch.
    kernel_size, stride, padding, ceil_mode, count_include_pad: as for :func:`avg_pool1d`, one number or three.
    divisor_override: divide sums by this rather than by the size of the window.

Types: floating-point and int64. Gradient: by self.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.avg_pool3d(kajo.ones(1, 2, 2, 2), 2)
tensor([[[[1.]]]])
""",
    "adaptive_avg_pool1d": """
The means of so many windows of nearly equal size that cover one dimension.

Args:
    self: (batch, channels, length), or without the batch.
    output_size: how many windows.

Types: floating-point. Gradient: by self.

>>> import kajo
>>> kajo.adaptive_avg_pool1d(kajo.tensor([[[1.0, 2.0, 3.0, 5.0]]]), 2)
tensor([[[1.5000, 4.0000]]])
""",
    "adaptive_max_pool1d": """
The largest elements of so many windows of nearly equal size that cover one dimension, and their places.

Args:
    self: (batch, channels, length), or without the batch.
    output_size: how many windows.

Types: floating-point; places are int64. Gradient: of the values, by self.

>>> import kajo
>>> kajo.adaptive_max_pool1d(kajo.tensor([[[1.0, 2.0, 3.0, 5.0]]]), 2)
(tensor([[[2., 5.]]]), tensor([[[1, 3]]]))
""",
    "max_pool1d": """
The largest elements of windows that slide over one dimension.

Args:
    self: (batch, channels, length), or without the batch.
    kernel_size: how long a window is.
    stride: the distance of windows; by default their size.
    padding: how many places are put on both sides, at most half a window; they never win.
    dilation: the distance of neighbours in a window.
    ceil_mode: count also a last window that reaches beyond the end.

Types: all but bool and complex. Gradient: by self, to the first of the largest.

>>> import kajo
>>> kajo.max_pool1d(kajo.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
tensor([[3., 5.]])
""",
    "max_pool1d_with_indices": """
The largest elements of windows that slide over one dimension, and their places.

Args:
    self, kernel_size, stride, padding, dilation, ceil_mode: as for :func:`max_pool1d`.

>>> import kajo
>>> kajo.max_pool1d_with_indices(kajo.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
(tensor([[3., 5.]]), tensor([[1, 3]]))
""",
    "max_pool2d": """
The largest elements of windows that slide over two dimensions.

Args:
    self: (batch, channels, height, width), or without the batch.
    kernel_size, stride, padding, dilation, ceil_mode: as for :func:`max_pool1d`, one number or two.

Types: all but bool and complex. Gradient: by self, to the first of the largest.

>>> import kajo
>>> kajo.max_pool2d(kajo.tensor([[[1.0, 2.0], [3.0, 6.0]]]), 2)
tensor([[[6.]]])
""",
    "max_pool3d": """
The largest elements of windows that slide over three dimensions.

Args:
    self: (batch, channels, depth, height, width), or without the batch.
    kernel_size, stride, padding, dilation, ceil_mode: as for :func:`max_pool1d`, one number or three.

Types: all but bool and complex. Gradient: by self, to the first of the largest.

>>> import kajo
>>> kajo.max_pool3d(kajo.arange(8.0).view(1, 2, 2, 2), 2)
tensor([[[[7.]]]])
""",
    "pixel_shuffle": """
Channels turned into a finer grid: (..., c * r * r, h, w) becomes (..., c, h * r, w * r).

Args:
    upscale_factor: r.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.pixel_shuffle(kajo.arange(4.0).view(4, 1, 1), 2)
tensor([[[0., 1.],
         [2., 3.]]])
""",
    "pixel_unshuffle": """
A grid turned into channels: (..., c, h * r, w * r) becomes (..., c * r * r, h, w).

Args:
    downscale_factor: r.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.pixel_unshuffle(kajo.arange(4.0).view(1, 2, 2), 2).shape
kajo.Size([4, 1, 1])
""",
    "channel_shuffle native_channel_shuffle": """
Channels in another order: those of each group dealt out one after another.

Args:
    self: (batch, channels, ...).
    groups: how many groups; divides the number of channels.

Types: all. Gradient: by self.

>>> import kajo
>>> kajo.channel_shuffle(kajo.arange(4.0).view(1, 4, 1, 1), 2).flatten()
tensor([0., 2., 1., 3.])
""",
}
