// Matrix products and convolutions on raw pointers, chosen at load for the machine's instructions.
// Results depend on shapes, types and instruction set only, never on the number of threads.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace kajo::cpu {

enum class BiasAlong : uint8_t { Columns, Rows };  // bias[n] added to each row, or bias[m]

constexpr int kMaxBatchDims = 8;

// C = activation(alpha * A @ B + beta * C + bias) for every batch entry.
// Strides count elements; those of A and B are free (0 and negative included), C's columns are
// adjacent. All operands share one type. Half types accumulate in float32, integers wrap around.
struct MatmulArgs {
    DType type = DType::Float32;
    int64_t m = 0, n = 0, k = 0;
    const void* a = nullptr;
    int64_t a_row_stride = 0, a_column_stride = 1;
    const void* b = nullptr;
    int64_t b_row_stride = 0, b_column_stride = 1;
    void* c = nullptr;  // not read when beta is 0
    int64_t c_row_stride = 0;

    bool a_conjugate = false, b_conjugate = false;  // complex types

    // Real types use the real parts.
    std::complex<double> alpha = 1.0, beta = 0.0;

    const void* bias = nullptr;  // of the matrices' type; not shared out over the batch
    BiasAlong bias_along = BiasAlong::Columns;
    // Applied last, in place, to runs of float32 (float32 and half types) or float64 values.
    // Other types take none.
    void (*activation)(void* values, int64_t count) = nullptr;

    // A stride of 0 repeats an operand along that dimension; C's entries must not overlap.
    int batch_dims = 0;
    int64_t batch_sizes[kMaxBatchDims] = {};
    int64_t a_batch_strides[kMaxBatchDims] = {};
    int64_t b_batch_strides[kMaxBatchDims] = {};
    int64_t c_batch_strides[kMaxBatchDims] = {};
};

// Convolution over 1 to 3 spatial dimensions of contiguous [batch, channels, spatial...] images and
// contiguous [out_channels, in_channels / groups, kernel...] weights. `output` must be
// (input + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1 in each dimension, except that
// conv_backward_input accepts any larger `input` (transposed convolution's output padding).
struct ConvShape {
    int dims = 2;
    int64_t batch = 0, groups = 1, in_channels = 0, out_channels = 0;
    int64_t input[3] = {1, 1, 1};
    int64_t kernel[3] = {1, 1, 1};
    int64_t stride[3] = {1, 1, 1};
    int64_t padding[3] = {0, 0, 0};
    int64_t dilation[3] = {1, 1, 1};
    int64_t output[3] = {1, 1, 1};
};

// Convolutions take Float32, Float64, BFloat16 and Float16; half types are converted to float32 and
// back inside.
struct GemmKernels {
    void (*matmul[kCommonDTypes])(const MatmulArgs& args);  // null for Bool
    void (*conv_forward)(const ConvShape& shape, DType type, const void* x, const void* w,
                         const void* bias, void* y);
    void (*conv_backward_input)(const ConvShape& shape, DType type, const void* dy, const void* w,
                                const void* bias, void* dx);
    void (*conv_backward_weight)(const ConvShape& shape, DType type, const void* x, const void* dy,
                                 void* dw);
    void (*conv_backward_bias)(const ConvShape& shape, DType type, const void* dy, void* dbias);
};

// The kernels for this machine (see cpu_isa).
const GemmKernels& gemm_kernels();

inline void matmul(const MatmulArgs& args) {
    gemm_kernels().matmul[static_cast<size_t>(args.type)](args);
}

}  // namespace kajo::cpu
