// Pooling windows over contiguous planes.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

// Three dimensions always; leading ones of size 1 where there are fewer.
struct PoolAttributes {
    int64_t input[3] = {1, 1, 1}, output[3] = {1, 1, 1};
    int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1};
    int64_t padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
    bool adaptive = false;           // windows share the input out evenly; no kernel, no padding
    bool count_include_pad = false;  // for averages
    int64_t divisor_override = 0;    // 0: none
};

// So many planes; `indices` (places in the plane) may be null.
struct PoolingKernels {
    void (*max[3])(const PoolAttributes& pool, int64_t planes, const void* in, void* out,
                   int64_t* indices);
    void (*average[3])(const PoolAttributes& pool, int64_t planes, const void* in, void* out);
    void (*spread[2])(const PoolAttributes& pool, int64_t planes, const void* grad, void* out);
};

// All tensors contiguous [planes.., spatial..] of Float32, Float64 (and Int64, but not to spread).
// out {values, or values and indices}, in {self}.
void max_pool(TensorRefs out, TensorRefs in, const void* pool);
// out {the mean of each window}, in {self}.
void average_pool(TensorRefs out, TensorRefs in, const void* pool);
// The adjoint: out {of the input's shape}, in {of the output's shape}.
void average_pool_spread(TensorRefs out, TensorRefs in, const void* pool);
// out {zeros but for the sums of what `in[0]` sends to the places in[1] of its plane}.
struct PlaceAttributes {
    int64_t from, to;  // elements of a plane
};
void place_in_planes(TensorRefs out, TensorRefs in, const void* places);

}  // namespace kajo::cpu
