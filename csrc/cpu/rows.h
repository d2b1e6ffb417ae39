// Kernels over contiguous rows of one floating type: softmax, its relatives, layer normalisation.
#pragma once

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

// Each row is n elements; `exp` is the tile kernel of the type.
struct RowFunctions {
    void (*softmax)(void* y, const void* x, int64_t n, TileFn exp);
    // In place: softmax of the first `seen` elements, 0 for the others and where all are -inf.
    void (*attention_weights)(void* row, int64_t seen, int64_t n, TileFn exp);
    void (*log_softmax)(void* y, const void* x, int64_t n, TileFn exp);
    // grad_x = y * (grad - sum(grad * y))
    void (*softmax_backward)(void* grad_x, const void* grad, const void* y, int64_t n);
    // grad_x = grad - exp(y) * sum(grad)
    void (*log_softmax_backward)(void* grad_x, const void* grad, const void* y, int64_t n,
                                 TileFn exp);
    double (*log_sum_exp)(const void* x, int64_t n, TileFn exp);
    // y = exp(x - shift) * scale
    void (*scaled_exp)(void* y, const void* x, int64_t n, double shift, double scale, TileFn exp);
    // y = (x - mean) * rstd * weight + bias of so many rows; weight and bias may be null.
    void (*layer_norm)(void* y, const void* x, const void* weight, const void* bias, int64_t rows,
                       int64_t n, double eps, double* mean, double* rstd);
    // The same with 0 for the mean, which is not written.
    void (*rms_norm)(void* y, const void* x, const void* weight, const void* bias, int64_t rows,
                     int64_t n, double eps, double* mean, double* rstd);
    // Adds to the sums for weight and bias, and writes grad_x, where these are not null.
    void (*layer_norm_backward)(void* grad_x, const void* grad, const void* x, const void* weight,
                                int64_t n, double mean, double rstd, void* grad_weight,
                                void* grad_bias);
    void (*rms_norm_backward)(void* grad_x, const void* grad, const void* x, const void* weight,
                              int64_t n, double mean, double rstd, void* grad_weight,
                              void* grad_bias);
    // y[i] = x[0] + ... + x[i], added in float64.
    void (*running_sum)(void* y, const void* x, int64_t n);
    // The same down 16 columns that lie side by side; strides from row to row, in elements.
    void (*running_sums)(void* y, const void* x, int64_t n, int64_t y_stride, int64_t x_stride);
};
struct RowKernels {
    RowFunctions f32, f64;
};
// Those of this machine's instruction set.
const RowKernels& row_kernels();

// outputs: y; inputs: contiguous tensors of y's shape.
struct RowAttributes {
    int64_t dim;
};
void softmax(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// The output has one element a row, in float32 or float64.
void log_sum_exp(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void log_softmax(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void softmax_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void log_softmax_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// Losses of class indices. Inputs: scores (N, C, inner), target (N, inner) int64, weight (C) or
// undefined; all contiguous. Outputs, (N, inner) in float32 or float64: the weighted losses, the
// weights that count (0 where ignored), and, of scores that are no log-probabilities, the logarithm
// of their summed exponentials.
struct ClassLossAttributes {
    bool normalized;  // the scores are log-probabilities
    int64_t ignore_index;
};
void class_loss(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: scores, target, log-sum-exp, scale (both (N, inner)): scale * (softmax - one_hot).
void cross_entropy_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: target, scale (both (N, inner)). Output (N, C, inner): -scale at the targets, else 0.
void nll_loss_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// Inputs: x (rows, n), weight (n) or undefined, bias (n) or undefined. Outputs: y, mean, rstd
// (rows). Not centered: the mean is taken to be 0, and is undefined (RMS norm).
struct LayerNormAttributes {
    double eps;
    bool centered;
};
void layer_norm(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: grad, x, weight or undefined, mean, rstd. Outputs: grad_x, grad_weight, grad_bias (n).
void layer_norm_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
