// Normalisation of channels: contiguous images (samples, channels, pixels), vectors over the
// channels in the type computed in: float32, or float64 for its own. A channel is one piece of
// work, so that its pixels stay in the cache between the statistics and what is done with them.
#pragma once

#include "core/tensor.h"

namespace kajo::cpu {

// A channel's pixels: `planes` runs of n elements, `stride` apart.
struct Planes {
    int64_t planes, n, stride;
};

// Channels side by side: a matrix of `rows` samples, `stride` apart, and up to kColumns channels.
struct Columns {
    int64_t rows, stride, width;
};
constexpr int64_t kColumns = 64;

struct ChannelFunctions {
    // The mean and the mean squared deviation from it.
    void (*moments)(const void* x, const Planes& where, double* mean, double* variance);
    // y = x * scale + shift
    void (*affine)(void* y, const void* x, const Planes& where, double scale, double shift);
    // The sums of grad and of grad * (x - mean).
    void (*gradient_sums)(const void* grad, const void* x, const Planes& where, double mean,
                          double* sum, double* along);
    // grad_x = grad * scale + x * along + shift
    void (*gradient)(void* grad_x, const void* grad, const void* x, const Planes& where,
                     double scale, double along, double shift);
    // The same for each of some columns.
    void (*column_moments)(const void* x, const Columns& where, double* mean, double* variance);
    void (*column_affine)(void* y, const void* x, const Columns& where, const double* scale,
                          const double* shift);
    void (*column_gradient_sums)(const void* grad, const void* x, const Columns& where,
                                 const double* mean, double* sum, double* along);
    void (*column_gradient)(void* grad_x, const void* grad, const void* x, const Columns& where,
                            const double* scale, const double* along, const double* shift);
};
struct ChannelKernels {
    ChannelFunctions f32, f64, bf16;
};
// Those of this machine's instruction set.
const ChannelKernels& channel_kernels();

struct BatchNormAttributes {
    bool training;
    double eps;
};
// Inputs: x, weight and bias (or undefined), and out of training mean and variance. Outputs: y,
// mean, variance, 1 / sqrt(variance + eps).
void batch_norm(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: grad, x, weight or undefined, mean, rstd. Outputs: grad_x, grad_weight, grad_bias.
void batch_norm_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// Groups of channels of contiguous images (samples, channels, pixels) in float32 or float64.
// Inputs: x, weight and bias (channels) or undefined. Outputs: y, mean and 1 / sqrt(variance + eps)
// (samples, groups).
struct GroupNormAttributes {
    int64_t groups;
    double eps;
};
void group_norm(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: grad, x, weight or undefined, mean, rstd. Outputs: grad_x, and the samples' shares in the
// gradients of weight and bias (samples, channels).
void group_norm_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
