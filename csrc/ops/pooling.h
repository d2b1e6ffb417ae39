// Pooling over windows of one to three dimensions, and channels folded into space.
#pragma once

#include <optional>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

// Inputs are [batch, channels, spatial..]; the batch may be left out. Lists of one number hold for
// all dimensions; an empty stride is the kernel's size.
using Pooled = std::tuple<Tensor, Tensor>;  // values, and their places in the input's planes

Pooled max_pool_nd(int dims, const Tensor& self, IntSpan kernel_size, IntSpan stride,
                   IntSpan padding, IntSpan dilation, bool ceil_mode, bool indices);
template <int dims>
Pooled max_pool_with_indices(const Tensor& self, IntSpan kernel_size, IntSpan stride,
                             IntSpan padding, IntSpan dilation, bool ceil_mode) {
    return max_pool_nd(dims, self, kernel_size, stride, padding, dilation, ceil_mode, true);
}
template <int dims>
Tensor max_pool(const Tensor& self, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                IntSpan dilation, bool ceil_mode) {
    return std::get<0>(
        max_pool_nd(dims, self, kernel_size, stride, padding, dilation, ceil_mode, false));
}

Tensor avg_pool_nd(int dims, const Tensor& self, IntSpan kernel_size, IntSpan stride,
                   IntSpan padding, bool ceil_mode, bool count_include_pad,
                   std::optional<int64_t> divisor_override);
template <int dims>
Tensor avg_pool(const Tensor& self, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor_override) {
    return avg_pool_nd(dims, self, kernel_size, stride, padding, ceil_mode, count_include_pad,
                       divisor_override);
}
inline Tensor avg_pool1d(const Tensor& self, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                         bool ceil_mode, bool count_include_pad) {
    return avg_pool_nd(1, self, kernel_size, stride, padding, ceil_mode, count_include_pad,
                       std::nullopt);
}

// Windows that share the input out evenly among `output_size` places.
Pooled adaptive_max_pool_nd(int dims, const Tensor& self, IntSpan output_size);
template <int dims>
Pooled adaptive_max_pool(const Tensor& self, IntSpan output_size) {
    return adaptive_max_pool_nd(dims, self, output_size);
}
Tensor adaptive_avg_pool_nd(int dims, const Tensor& self, IntSpan output_size);
template <int dims>
Tensor adaptive_avg_pool(const Tensor& self, IntSpan output_size) {
    return adaptive_avg_pool_nd(dims, self, output_size);
}

// [.., c * r * r, h, w] to [.., c, h * r, w * r] and back.
Tensor pixel_shuffle(const Tensor& self, int64_t upscale_factor);
Tensor pixel_unshuffle(const Tensor& self, int64_t downscale_factor);
// Exchanges the order of groups and of the channels in them.
Tensor channel_shuffle(const Tensor& self, int64_t groups);

}  // namespace kajo::ops
