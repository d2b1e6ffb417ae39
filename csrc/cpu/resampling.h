// Resizing and padding: each place along a dimension of the result is made of a few places of the
// input.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

enum class Source : int8_t {
    Linear,
    Cubic,
    WideLinear,  // the kernel is as wide as the step between outputs
    WideCubic,
    Nearest,
    NearestExact,
    Reflect,
    Replicate,
    Circular,
};
constexpr bool is_weighted(Source s) { return s < Source::Nearest; }

// One dimension of `size` places becomes one of `out`.
struct Axis {
    Source source;
    bool align_corners;  // of what is interpolated
    int64_t size, out;
    double step;     // how far apart in the input two neighbours of the output are
    int64_t before;  // of borders: what is put before the first place, or cut off

    bool is_identity() const { return is_weighted(source) && size == out && step == 1; }
};

// Weighted sums along one dimension, or, transposed, what adds a result's gradient to the input's.
// Contiguous float32, float64 or, not transposed, bytes, which are computed in whole numbers.
struct Resampling {
    Axis axis;
    int64_t dim;
    bool transposed;
};
void resample(TensorRefs out, TensorRefs in, const void* resampling);

// Single elements, over the last dimensions at once; contiguous tensors of any type.
struct Picking {
    int32_t dims;
    Axis axes[3];
};
void pick_places(TensorRefs out, TensorRefs in, const void* picking);

// y[i] = weights[0] * rows[0][i] + weights[1] * rows[1][i] + ...; without rows, zeros.
template <class T>
using WeightedSum = void (*)(T* y, const T* const* rows, const T* weights, int64_t count,
                             int64_t n);
struct ResamplingKernels {
    WeightedSum<float> f32;
    WeightedSum<double> f64;
    // Weights in parts of 2**precision; the sum is rounded and kept within 0 to 255.
    void (*bytes)(uint8_t* y, const uint8_t* const* rows, const int32_t* weights, int64_t count,
                  int64_t n, int precision);
};
// Those of this machine's instruction set.
const ResamplingKernels& resampling_kernels();

}  // namespace kajo::cpu
