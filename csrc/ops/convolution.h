// Convolutions and transposed convolutions over one to three dimensions.
#pragma once

#include <string_view>

#include "core/tensor.h"

namespace kajo::ops {

// input [batch, in, spatial..] (the batch may be left out), weight [out, in / groups, kernel..],
// bias [out] or undefined. Lists of one number hold for all dimensions.
Tensor conv_nd(int dims, const Tensor& input, const Tensor& weight, const Tensor& bias,
               IntSpan stride, IntSpan padding, IntSpan dilation, int64_t groups);
template <int dims>
Tensor conv(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride,
            IntSpan padding, IntSpan dilation, int64_t groups) {
    return conv_nd(dims, input, weight, bias, stride, padding, dilation, groups);
}
// padding: "valid" (none) or "same" (the output is as large as the input).
Tensor conv_named_padding_nd(int dims, const Tensor& input, const Tensor& weight,
                             const Tensor& bias, IntSpan stride, std::string_view padding,
                             IntSpan dilation, int64_t groups);
template <int dims>
Tensor conv_named_padding(const Tensor& input, const Tensor& weight, const Tensor& bias,
                          IntSpan stride, std::string_view padding, IntSpan dilation,
                          int64_t groups) {
    return conv_named_padding_nd(dims, input, weight, bias, stride, padding, dilation, groups);
}
// weight [in, out / groups, kernel..]: the gradient of a convolution to its input.
Tensor conv_transpose_nd(int dims, const Tensor& input, const Tensor& weight, const Tensor& bias,
                         IntSpan stride, IntSpan padding, IntSpan output_padding, int64_t groups,
                         IntSpan dilation);
template <int dims>
Tensor conv_transpose(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride,
                      IntSpan padding, IntSpan output_padding, int64_t groups, IntSpan dilation) {
    return conv_transpose_nd(dims, input, weight, bias, stride, padding, output_padding, groups,
                             dilation);
}
// Any of them, by the shape of weight.
Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride,
                   IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                   int64_t groups);
// input [time, batch, in], weight [kernel, in, out], bias [out].
Tensor conv_tbc(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t pad);

}  // namespace kajo::ops
