// Pooling, resizing and the shuffling of pixels.
#include "ops/pooling.h"
#include "ops/resampling.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, "
     "int[1] dilation=1, bool ceil_mode=False) -> Tensor",
     bind<&ops::max_pool<1>>, kFunction},
    {"max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, "
     "int[2] dilation=1, bool ceil_mode=False) -> Tensor",
     bind<&ops::max_pool<2>>, kFunction},
    {"max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, "
     "int[3] dilation=1, bool ceil_mode=False) -> Tensor",
     bind<&ops::max_pool<3>>, kFunction},
    {"max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], "
     "int[1] padding=0, int[1] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
     bind<&ops::max_pool_with_indices<1>>, kFunction},
    {"max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], "
     "int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
     bind<&ops::max_pool_with_indices<2>>, kPrivate},
    {"max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], "
     "int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
     bind<&ops::max_pool_with_indices<3>>, kPrivate},
    {"avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, "
     "bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
     bind<&ops::avg_pool1d>, kFunction},
    {"avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, "
     "bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
     bind<&ops::avg_pool<2>>, kPrivate | kOut},
    {"avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, "
     "bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
     bind<&ops::avg_pool<3>>, kPrivate | kOut},
    {"adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)",
     bind<&ops::adaptive_max_pool<1>>, kFunction},
    {"adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)",
     bind<&ops::adaptive_max_pool<2>>, kPrivate},
    {"adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)",
     bind<&ops::adaptive_max_pool<3>>, kPrivate},
    {"adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor",
     bind<&ops::adaptive_avg_pool<1>>, kFunction},
    {"adaptive_avg_pool2d(Tensor self, int[2] output_size) -> Tensor",
     bind<&ops::adaptive_avg_pool<2>>, kPrivate},
    {"adaptive_avg_pool3d(Tensor self, int[3] output_size) -> Tensor",
     bind<&ops::adaptive_avg_pool<3>>, kPrivate},
    {"resample(Tensor self, int[] size, float[] steps, str mode, bool align_corners, "
     "bool antialias) -> Tensor",
     bind<&ops::resample>, kPrivate},
    {"grid_sample(Tensor self, Tensor grid, int mode, int padding, bool align_corners) -> Tensor",
     bind<&ops::grid_sample>, kPrivate},
    {"grid_sample_gradients(Tensor grad, Tensor image, Tensor grid, int mode, int padding, "
     "bool align_corners, bool of_image) -> (Tensor, Tensor)",
     bind<&ops::grid_sample_gradients>, kPrivate},
    {"pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", bind<&ops::pixel_shuffle>,
     kFunction},
    {"pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", bind<&ops::pixel_unshuffle>,
     kFunction},
    {"channel_shuffle(Tensor self, int groups) -> Tensor", bind<&ops::channel_shuffle>, kFunction},
};

}  // namespace

std::span<const OpEntry> pooling_operations() { return kOperations; }

}  // namespace kajo::python
