// Normalisation layers: shifted and scaled by the statistics of a part of their input.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// weight, bias and the running statistics may be undefined.
Tensor layer_norm(const Tensor& input, IntSpan normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps);
// x / sqrt(mean(x^2) + eps) * weight; the weight may be undefined.
Tensor rms_norm(const Tensor& input, IntSpan normalized_shape, const Tensor& weight, double eps);
Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps);
Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps);

}  // namespace kajo::ops
