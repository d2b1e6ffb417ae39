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
};
struct ChannelKernels {
    ChannelFunctions f32, f64;
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

}  // namespace kajo::cpu
